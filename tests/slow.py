"""Runs the tests marked study or slow, a few to a process: its memory is free when it ends.

    python -m tests.slow [options of pytest]

The longest come first, so that no processor is idle at the end.
"""

import itertools
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

PYTEST = [sys.executable, "-m", "pytest", "-q"]
MOST = 5  # tests in a process
PROCESSES = 2


def main() -> int:
    """Runs them all, and returns the exit status."""
    options = sys.argv[1:]
    jobs = [[test] for test in collected("study", options)]
    jobs += together(collected("slow and not study", options))
    with ThreadPoolExecutor(PROCESSES) as pool:
        failures = sum(pool.map(run, jobs))
    print(f"{sum(map(len, jobs))} tests in {len(jobs)} processes, {failures} processes failed")
    return min(failures, 1)


def collected(marks: str, options: list[str]) -> list[str]:
    """The tests with these marks. Ends this program if one cannot be imported."""
    command = [*PYTEST, "--collect-only", "-m", marks, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 5):  # 5: there is none
        raise SystemExit(done.stdout + done.stderr)
    return [line for line in done.stdout.splitlines() if "::" in line]


def together(tests: list[str]) -> list[list[str]]:
    """Those of one file and parameter in one process, since they share what was compiled."""
    jobs: list[list[str]] = []
    for (file, _), group in itertools.groupby(tests, _file_and_parameter):
        alike = list(group)
        last = jobs[-1] if jobs else []
        if last and last[0].startswith(f"{file}::") and len(last) + len(alike) <= MOST:
            last += alike
        else:
            jobs += [alike[i : i + MOST] for i in range(0, len(alike), MOST)]
    return jobs


def run(tests: list[str]) -> bool:
    """Runs tests in a process and prints what it says. Returns whether it failed."""
    start = time.monotonic()
    command = [*PYTEST, "-n", "0", "-rfs", *tests]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    seconds = time.monotonic() - start
    said = done.stdout if done.returncode else done.stdout.strip().rpartition("\n")[2]
    print(f"{tests[0]}{f' and {len(tests) - 1} more' if tests[1:] else ''}, {seconds:.0f} s")
    print(said.rstrip(), done.stderr.rstrip() if done.returncode else "", flush=True)
    return done.returncode != 0


def _file_and_parameter(test: str) -> tuple[str, str]:
    file, _, name = test.partition("::")
    parameter = re.search(r"\[(.*)\]$", name)
    return file, parameter[1] if parameter else ""


if __name__ == "__main__":
    raise SystemExit(main())
