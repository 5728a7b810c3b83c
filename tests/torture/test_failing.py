"""Rows 6, 7 and 12: failing runs, an incomplete study, and the line of progress."""

import csv
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness import fake
from tests.harness.conftest import ROOT
from tests.report.reading import Page
from tests.torture.common import study, wait_until

pytestmark = pytest.mark.slow  # waits for failures

HEAD = fake.STUDY[: fake.STUDY.index("[configurations")].replace("0-3", "0-2")
FAILING = {  # by configuration: its hyperparameters, and the error of its run
    "raises": ('failure = "raise"', "RuntimeError: the <first> line"),
    "memory": ('failure = "memory"', "MemoryError: no 8 GiB left"),
    "time": ('failure = "hang"', "TimeLimitExceeded: the run took longer than 12 s"),
    "crashes": ('failure = "kill"', "WorkerDied: the worker process was killed by SIGKILL"),
    "nan": ('failure = "nan"', "FloatingPointError: the loss is NaN after 480 steps"),
}
COUNTS = "15 planned = 5 finished + 5 failed + 5 missing"


def test_runs_that_fail_in_five_ways_are_counted_everywhere(project, capsys, figure):
    tables = [
        f'[configurations.{name}]\npipeline = "fake"\n{told}\n'
        for name, (told, _) in FAILING.items()
    ]
    project.write(HEAD + "\n".join(tables))
    assert project.tfrl("run", "fake", "--seeds", "0-1", "--time-limit", "0.2") == 1
    out, err = capsys.readouterr()
    assert COUNTS in out
    for name, (_, sentence) in FAILING.items():
        assert f"failed: line/{name}/seed-1: {sentence}" in err
        assert f"line/{name}/seed-1: {sentence}" in out
        assert re.search(rf"line +{name} +3 +1 +1 +1 ", out)

    assert project.tfrl("status", "fake") == 0
    assert COUNTS in capsys.readouterr().out
    assert project.tfrl("report", "fake") == 0
    folder = Path("reports/own/fake")
    with (folder / "tables" / "the_runs-ledger.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        counts = [int(row[key]) for key in ("planned", "finished", "failed", "missing")]
        assert counts == [3, 1, 1, 1]
    assert [row["configuration"] for row in rows] == list(FAILING)
    with (folder / "tables" / "the_runs-failures.csv").open() as file:
        failures = {row["configuration"]: row["error"] for row in csv.DictReader(file)}
    page = Page(folder / "index.html").text
    markdown = (folder / "README.md").read_text()
    for name, (_, sentence) in FAILING.items():
        assert failures[name].startswith(sentence)
        assert sentence in page
    assert "5/15 runs finished; 5 failed; 5 not there yet" in page
    assert "5/15 runs finished; 5 failed; 5 not there yet" in markdown
    figure(6, f"exit status 1, and {COUNTS} in the terminal, the CSV and the report")


def test_a_run_that_ran_out_of_time_is_made_again(project, capsys):
    project.write(study("0", gate="gate"))
    assert project.tfrl("run", "fake", "--time-limit", "0.02") == 1
    Path("gate").touch()
    assert project.tfrl("run", "fake") == 0
    assert "2 stored runs to rerun: TimeLimitExceeded: the run took longer than 1 s" in (
        capsys.readouterr().err
    )


def test_a_report_on_an_incomplete_study_says_so_in_each_row(project, figure):
    project.write(fake.STUDY + 'failure = "raise"\n')
    assert project.tfrl("run", "fake", "--seeds", "0-2") == 1
    assert project.tfrl("report", "fake") == 0
    lines = Path("reports/own/fake/README.md").read_text().splitlines()
    notice = "> **This study is incomplete: 5/8 runs finished; 1 failed; 2 not there yet.**"
    assert lines.index(notice) < 6
    page = Path("reports/own/fake/index.html").read_text()
    assert "This study is incomplete: 5/8 runs finished" in page[: page.index("<h2")]
    results = lines[: lines.index("## How it was made")]
    for name, share in (("one", "3 of 4"), ("two", "2 of 4")):
        rows = [line for line in results if line.startswith(f"| {name} |")]
        assert rows and any(share in row for row in rows)


class Terminal:
    """The output of a program on a terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self.shown = descriptor, ""
        os.set_blocking(descriptor, False)

    def shows(self, pattern: str) -> bool:
        try:
            while read := os.read(self._descriptor, 65536):
                self.shown += read.decode()
        except OSError:  # no more output now, or at all
            pass
        return re.search(pattern, self.shown) is not None


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen, Terminal]]:
    """Starts a command on a terminal."""
    ours, theirs = pty.openpty()
    script = "import sys; from tests.harness import fake; sys.exit(fake.main())"
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        yield process, Terminal(ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_the_line_of_progress_while_runs_are_made(project, capsys, figure):
    """Runs of the first configuration wait for a gate file, the others do not."""
    head, tail = fake.STUDY.split("[configurations.two]")
    project.write(
        f'{head}gate = "gate"\n[configurations.two]{tail}failure = "nan"\nseconds = 0.2\n'
    )
    with started("run", "fake", "--jobs", "2") as (process, terminal):
        error = "failed: line/two/seed-1: FloatingPointError: the loss is NaN"
        wait_until(lambda: terminal.shows(error), "the error is shown when it occurs")
        line = r"3 of 8 done, 1 failed, 2 running, .+ left: line/one/seed-[01]"
        wait_until(lambda: terminal.shows(line), "the line of progress")
        assert process.poll() is None, "it is still at work"

        assert project.tfrl("report", "fake") == 0
        counts = "This study is incomplete: 3/8 runs finished; 1 failed; 4 not there yet"
        assert counts in Path("reports/own/fake/README.md").read_text()
        assert project.tfrl("status", "fake") == 0
        assert "8 planned = 3 finished + 1 failed + 4 missing" in capsys.readouterr().out

        Path("gate").touch()
        wait_until(lambda: terminal.shows("7 of 8 done") or process.poll() is not None, "its end")
        process.wait(60)
        shown = terminal.shown
    assert process.returncode == 1
    statuses = [line for line in re.split(r"[\r\n]", shown) if " done, " in line]
    assert all(line.startswith("\x1b[K") for line in statuses), "each takes the place of the last"
    figure(12, f"{len(statuses)} times rewritten; an error shown when it occurred; reported midway")
