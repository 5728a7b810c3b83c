"""Runs every measure in turn, several times over, and writes `bench/README.md`."""

import argparse
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

from bench.page import Measurement, render

DESTINATION = Path("bench/README.md")
TUTORIAL = ".venv/bin/python -m bench.tutorial"
SB3 = ".venv-bench/bin/python bench/sb3.py"
JAX = ".venv-bench/bin/python bench/jax_peer.py"
OURS = ".venv/bin/python -m bench.ours"
COMMANDS = {  # what is compared, one after the other: the machine is not equally fast for long
    "floor": ".venv/bin/python -m bench.floor",
    "report": ".venv/bin/python -m bench.report",
    "tutorial reinforce": f"{TUTORIAL} reinforce",
    "ours reinforce": f"{OURS} reinforce",
    "tutorial dqn": f"{TUTORIAL} dqn",
    "ours dqn": f"{OURS} dqn",
    "jax dqn": f"{JAX} dqn",
    "jax dqn, 8 seeds": f"{JAX} dqn --seeds 8",
    "sb3 dqn": f"{SB3} dqn",
    "sb3 dqn, 8": f"{SB3} dqn --environments 8",
    "gymnasium dqn": f"{OURS} dqn --gymnasium",
    "by hand ppo": ".venv/bin/python -m bench.by_hand",
    "gymnasium ppo": f"{OURS} ppo --gymnasium",
    "sb3 ppo": f"{SB3} ppo",
    "jax ppo, 8 seeds": f"{JAX} ppo --seeds 8",
    "jax ppo": f"{JAX} ppo",
    "ours ppo": f"{OURS} ppo",
    "ours apo": f"{OURS} apo",
}
BY_TWO = "ours ppo"  # what two workers do at once, against one


def main() -> int:
    """Measures, writes the page, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3, help="of each measure (default: 3)")
    repetitions = parser.parse_args().repetitions
    if not hasattr(os, "sched_getaffinity"):
        print("tfrl: the bench needs Linux, which can hold a process to a core", file=sys.stderr)
        return 1
    cores = sorted(os.sched_getaffinity(0))

    names = [*COMMANDS, "two workers"] if len(cores) > 1 else [*COMMANDS]
    measurements: dict[str, list[Measurement]] = {name: [] for name in names}
    rounds = list(itertools.product(range(repetitions), names))
    for done, (_, name) in enumerate(rounds):
        print(f"[{done + 1}/{len(rounds)}] {name}", file=sys.stderr)
        try:
            measurements[name].append(
                measure_two(cores) if name == "two workers" else measure(name, cores)
            )
        except subprocess.CalledProcessError as error:
            print(f"tfrl: {' '.join(error.cmd)} failed:\n{error.stderr}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130

    commands = {name: f"taskset -c {cores[0]} {command}" for name, command in COMMANDS.items()}
    DESTINATION.write_text(render(measurements, commands), encoding="utf-8")
    print(f"Written to {DESTINATION}")
    return 0


def start(name: str, core: int) -> subprocess.Popen:
    """Starts a measure on one core."""
    command = ["taskset", "-c", str(core), *COMMANDS[name].split()]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen) -> Measurement:
    """What a measure printed. Raises CalledProcessError if it failed."""
    out, err = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args, out, err)
    return json.loads(out.splitlines()[-1])


def measure(name: str, cores: list[int]) -> Measurement:
    """One measure, alone, on the first core."""
    return finish(start(name, cores[0]))


def measure_two(cores: list[int]) -> Measurement:
    """Two processes of one thread that train at once, each on its core; their rates together."""
    both = [start(BY_TWO, core) for core in cores[:2]]
    try:
        return {"rate": sum(finish(process)["rate"] for process in both)}
    finally:
        for process in both:
            process.kill()


if __name__ == "__main__":
    sys.exit(main())
