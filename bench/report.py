"""What the report of a large study takes: 1,000 runs of 2,000 episodes, on one core.

    python -m bench.report

Stores made-up runs, which is not counted, and makes their report as `tfrl report` does. Prints
`{"seconds": ..., "mebibytes": ..., "reading": ..., "statistics": ..., "figures": ..., "page": ...,
"starting": ..., "bootstrap_seconds": ...}`: the whole time and the largest memory; how much of the
time each part takes, as shares; and the seconds of 50,000 bootstrap repetitions of the
interquartile mean of 20 x 10 scores.
"""

import collections
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from tfrl import cli
from tfrl.analysis import evidence, resampling
from tfrl.conditions import DEFAULT, HELD_OUT, POLICIES, SPLITS
from tfrl.harness import manifest, provenance, tables
from tfrl.harness import study as studies
from tfrl.harness.ledger import Ledger

NAME = "large"
EPISODES, LENGTH = 2_000, 100  # of a run; mean environment steps of an episode
STUDY = f"""\
title = "Large"
seeds = "0-124"
steps = {EPISODES * LENGTH}

[evaluation]
every = {EPISODES * LENGTH // 10}
episodes = 100

[environments]
cartpole = "CartPole-v1"
acrobot = "Acrobot-v1"

[configurations]
dqn = {{ pipeline = "dqn" }}
reinforce = {{ pipeline = "reinforce" }}
ppo = {{ pipeline = "ppo" }}
apo = {{ pipeline = "apo" }}
"""
PARTS = {  # the part that code of a package belongs to
    "tfrl/harness/": "reading",
    "tfrl/analysis/": "statistics",
    "tfrl/report/drawings/": "figures",
    "tfrl/report/": "page",
}
SECONDS_BETWEEN_SAMPLES = 0.005


def store(folder: Path) -> None:
    """Stores the study and its made-up runs, returns that rise at another pace for each seed."""
    path = folder / "studies" / f"{NAME}.toml"
    path.parent.mkdir()
    path.write_text(STUDY)
    study = studies.load(path)
    ledger = Ledger(study, folder / "runs")
    made_by = {"git": None, "lock_sha256": None, **provenance.machine()}
    for index, run in enumerate(study.runs()):
        columns = made_up(study, np.random.default_rng(index))
        results = {
            name: tables.from_columns(columns[name], schema)
            for name, schema in tables.SCHEMAS.items()
        }
        outcome = {
            "status": "finished",
            "error": None,
            "timings": {"compile": 0.0, "train": 1.0, "evaluate": 1.0},
            "updates": EPISODES,
            "weights_sha256": "",
            "fingerprint": tables.fingerprint(results, ""),
        }
        identity = manifest.identity(study, run, {}, {}, "", provenance.versions())
        ledger.publish(run, manifest.complete(identity, made_by, outcome, 2.0), results)


def made_up(study: studies.Study, generator: np.random.Generator) -> dict[str, dict]:
    """The columns of one run's tables."""
    pace = generator.uniform(2, 6)

    def returns(share):
        return 500 * np.clip(pace * share * generator.lognormal(0, 0.2, share.shape), 0.02, 1)

    episode = np.arange(EPISODES)
    scheduled = np.arange(0, study.steps + 1, study.evaluation.every)
    parts = np.array([(split, policy) for split in SPLITS[:2] for policy in POLICIES])
    step, part, number = (
        x.ravel() for x in np.indices((len(scheduled), len(parts), study.evaluation.episodes))
    )
    split, policy = parts[part].T
    return {
        "episodes": {
            "step": (episode + 1) * LENGTH,
            "episode": episode,
            "return": returns(episode / EPISODES),
            "length": np.full(EPISODES, LENGTH),
        },
        "evaluations": {
            "step": scheduled[step],
            "split": split,
            "variation": np.full(len(step), DEFAULT),
            "policy": policy,
            "level": np.where(split == "held-out", HELD_OUT, 0) + number,
            "episode": number,
            "return": returns(scheduled[step] / study.steps),
            "length": np.full(len(step), LENGTH),
        },
    }


def report(folder: Path) -> dict[str, float]:
    """Makes the report of the runs in `folder` in this process, and measures that."""
    spent, done = collections.Counter[str](), threading.Event()
    main = threading.main_thread().ident

    def watch():
        before = time.perf_counter()
        while not done.wait(SECONDS_BETWEEN_SAMPLES):
            now = time.perf_counter()
            spent[part_of(sys._current_frames().get(main))] += now - before
            before = now

    watcher = threading.Thread(target=watch, daemon=True)
    start = time.perf_counter()
    watcher.start()
    os.chdir(folder)
    with contextlib.redirect_stdout(io.StringIO()):
        status = cli.main(["report", NAME])
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    if status:
        raise SystemExit(status)
    process = Path("/proc/self/status").read_text()
    mebibytes = int(re.search(r"VmHWM:\s+(\d+) kB", process)[1]) / 1024
    parts = (*PARTS.values(), "starting")
    shares = {part: spent[part] / sum(spent.values()) for part in parts}
    return {"seconds": seconds, "mebibytes": mebibytes, **shares}


def part_of(frame) -> str:
    """The part that the innermost code of tfrl's own in a stack belongs to."""
    while frame:
        for package, part in PARTS.items():
            if package in frame.f_code.co_filename:
                return part
        frame = frame.f_back
    return "starting"


def bootstrap_seconds() -> float:
    """The best of some times of that bootstrap."""
    strata = np.random.default_rng(0).random((10, 20))
    seconds = []
    for repetition in range(5):
        start = time.perf_counter()
        draws = resampling.bootstrap(
            strata, evidence.iqm, np.random.default_rng(repetition), repetitions=50_000
        )
        resampling.percentiles(draws, [*map(len, strata)], evidence.CONFIDENCE)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    """Prints what was measured."""
    if len(sys.argv) > 1:
        found = report(Path(sys.argv[1]))
        print(json.dumps(found | {"bootstrap_seconds": bootstrap_seconds()}))
        return
    with tempfile.TemporaryDirectory() as folder:
        store(Path(folder))
        subprocess.run([sys.executable, "-m", "bench.report", folder], check=True)


if __name__ == "__main__":
    main()
