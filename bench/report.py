"""What a large study takes beside training: its store, its report and a look at it, on one core.

    python -m bench.report [--seeds 125]

Makes runs of 2,000 episodes up, eight for each seed, and prints `{"runs": ..., "run_seconds": ...,
"again_seconds": ..., "status_seconds": ..., "store_mebibytes": ..., "files": ..., "seconds": ...,
"mebibytes": ..., "page_mebibytes": ..., "reading": ..., "statistics": ..., "figures": ..., "page":
..., "starting": ..., "bootstrap_seconds": ...}`: how many runs; the seconds of `tfrl run` for them,
of `tfrl run` when all are stored, and of `tfrl status`; the size of the store; the seconds, the
largest memory and the page of `tfrl report`, and how much of its time each part takes, as shares;
and the seconds of 50,000 bootstrap repetitions of the interquartile mean of 20 x 10 scores.
"""

import argparse
import collections
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from bench import made_up
from bench.made_up import NAME, STUDY
from tfrl import cli
from tfrl.analysis import evidence, resampling
from tfrl.harness.provenance import run_context

ROOT = Path(__file__).parents[1]
PARTS = {  # the part that code of a package belongs to
    "tfrl/harness/": "reading",
    "tfrl/analysis/": "statistics",
    "tfrl/report/drawings/": "figures",
    "tfrl/report/": "page",
}
SECONDS_BETWEEN_SAMPLES = 0.005


def stored(seeds: int, folder: Path) -> dict[str, float]:
    """Makes the runs of a study in `folder`, looks at them, and measures that."""
    file = folder / "studies" / f"{NAME}.toml"
    file.parent.mkdir()
    file.write_text(STUDY.format(last=seeds - 1))
    made, again, status = (
        seconds_of(command, folder) for command in (["run", NAME], ["run", NAME], ["status", NAME])
    )
    files = [path for path in (folder / "runs" / NAME).glob("*/*/*/*") if path.is_file()]
    return {
        "runs": sum(path.name == "manifest.json" for path in files),
        "run_seconds": made,
        "again_seconds": again,
        "status_seconds": status,
        "store_mebibytes": sum(path.stat().st_size for path in files) / 2**20,
        "files": len(files),
    }


def seconds_of(command: list[str], folder: Path) -> float:
    """What a `tfrl` command takes, with the time that Python needs to start."""
    start = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    whole = [sys.executable, "-m", "bench.made_up", *command]
    subprocess.run(whole, cwd=folder, env=environment, capture_output=True, check=True)
    return time.perf_counter() - start


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
        status = cli.main(["report", NAME], made_up.Engine())
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    if status:
        raise SystemExit(status)
    parts = (*PARTS.values(), "starting")
    shares = {part: spent[part] / sum(spent.values()) for part in parts}
    page = Path("reports", "own", NAME, "index.html").stat().st_size / 2**20
    return {
        "seconds": seconds,
        "mebibytes": run_context.peak_memory(),
        "page_mebibytes": page,
        **shares,
    }


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=125, help="of the study (default: 125)")
    parser.add_argument("--of", type=Path, help=argparse.SUPPRESS)  # report these runs, and no more
    arguments = parser.parse_args()
    if arguments.of:
        print(json.dumps(report(arguments.of) | {"bootstrap_seconds": bootstrap_seconds()}))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = stored(arguments.seeds, Path(folder))
        command = [sys.executable, "-m", "bench.report", "--of", folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        print(json.dumps(found | json.loads(done.stdout)))


if __name__ == "__main__":
    main()
