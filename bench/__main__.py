"""Runs every measure in turn, several times over, and writes `bench/README.md`."""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from bench.page import render

DESTINATION = Path("bench/README.md")
TUTORIAL = ".venv/bin/python -m bench.tutorial"
SB3 = ".venv-bench/bin/python bench/sb3.py"
OURS = ".venv/bin/python -m bench.ours"
COMMANDS = {
    "floor": ".venv/bin/python -m bench.floor",
    "tutorial dqn": f"{TUTORIAL} dqn",
    "tutorial reinforce": f"{TUTORIAL} reinforce",
    "sb3 dqn": f"{SB3} dqn",
    "sb3 dqn, 8": f"{SB3} dqn --environments 8",
    "sb3 ppo": f"{SB3} ppo",
    "ours dqn": f"{OURS} dqn",
    "ours ppo": f"{OURS} ppo",
    "ours apo": f"{OURS} apo",
    "ours reinforce": f"{OURS} reinforce",
    "gymnasium dqn": f"{OURS} dqn --gymnasium",
    "gymnasium ppo": f"{OURS} ppo --gymnasium",
    "report": ".venv/bin/python -m bench.report",
}
BY_TWO = "ours ppo"  # what two workers do at once, against one

Measurement = dict[str, float]


def main() -> int:
    """Measures, writes the page, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3, help="of each measure (default: 3)")
    repetitions = parser.parse_args().repetitions
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

    medians = {name: median(found) for name, found in measurements.items()}
    spread = max(relative_spread(found) for found in measurements.values())
    commands = {name: f"taskset -c {cores[0]} {command}" for name, command in COMMANDS.items()}
    DESTINATION.write_text(render(medians, commands, repetitions, spread), encoding="utf-8")
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


def median(measurements: list[Measurement]) -> Measurement:
    """The median of each number."""
    return {key: statistics.median(m[key] for m in measurements) for key in measurements[0]}


def relative_spread(measurements: list[Measurement]) -> float:
    """How far the extremes of the measure's first number lie apart, as a share of its median."""
    key = next(iter(measurements[0]))
    values = [m[key] for m in measurements]
    return (max(values) - min(values)) / statistics.median(values)


if __name__ == "__main__":
    sys.exit(main())
