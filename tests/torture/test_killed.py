"""Rows 1, 2 and 5: processes killed at random moments, and two invocations at once."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.harness import fake
from tests.torture import size
from tests.torture.common import assert_same, made, study, wait_until
from tfrl import cli
from tfrl.harness.provenance import run_context

pytestmark = pytest.mark.slow  # kills and starts processes by the dozen


def end_of(process: subprocess.Popen) -> str:
    """Returns the standard error of a process that succeeds."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    return err


def kill(process: subprocess.Popen) -> None:
    """Kills a process, but not its workers."""
    process.kill()
    process.wait()
    for stream in (process.stdout, process.stderr):
        stream.close()


def stored(project, code: str) -> dict[str, str]:
    """Returns the fingerprints of the stored runs of this code."""
    entries = project.store.entries()
    assert "failed" not in {entry.status for entry in entries}
    return {
        str(entry.run): entry.manifest["fingerprint"]
        for entry in entries
        if entry.manifest and entry.manifest["code"] == code
    }


def is_over(process: subprocess.Popen, moments: random.Random) -> bool:
    """Waits for a random moment. Returns True if the process has ended by then."""
    if moments.random() < 0.8:
        begun = made().total() + moments.randint(1, 8)
        wait_until(lambda: made().total() >= begun or process.poll() is not None, "it is at work")
    time.sleep(moments.uniform(0.0, 0.5))
    return process.poll() is not None


def test_the_driver_killed_at_any_moment_loses_nothing(project, figure, monkeypatch):
    """Kills the driver until all runs are stored, then again with other code."""
    kills, moments = 0, random.Random(1)
    source = Path("source.py")
    monkeypatch.setenv("FAKE_SOURCE", str(source.absolute()))
    runs = 2 * size(4, 12)
    project.write(study(f"0-{runs // 2 - 1}", seconds=0.2))
    versions = 0
    while kills < size(4, 50) or versions < 2:
        source.write_text(f"{versions}")
        code = run_context.code_sha256([source])
        done = False
        while not done:
            before, made_before = stored(project, code), made()
            process = project.start("run", "fake", "--jobs", "2")
            done = is_over(process, moments)
            if done:
                end_of(process)
            else:
                kill(process)
                kills += 1
            assert before.items() <= stored(project, code).items(), "what is stored stays"
            assert not before.keys() & (made() - made_before).keys(), "and is not made twice"
            if versions:
                assert set(project.statuses().values()) == {"finished"}, "so does what is replaced"
        assert project.tfrl("run", "fake", "--runs", f"whole-{versions}") == 0
        assert_same(project, "runs", f"whole-{versions}")
        versions += 1
    figure(
        1, f"{kills} kills in {versions} studies of {runs} runs: none lost, none twice, same bytes"
    )


def workers_at_work() -> list[int]:
    """Returns the process ids of the live workers that have a trainer."""
    noted = [Path(f"made-{name}.trainers") for name in ("one", "two")]
    lines = [line for file in noted if file.exists() for line in file.read_text().splitlines()]
    return [pid for line in lines if lives(pid := int(line.split()[1]))]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_killed_at_any_moment_takes_nothing_with_it(project, figure):
    kills, moments = size(4, 20), random.Random(2)
    signals = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)
    project.write(study(f"0-{kills}", seconds=0.6))
    assert project.tfrl("run", "fake", "--runs", "whole") == 0
    for file in Path().glob("made-*"):
        file.unlink()

    process = project.start("run", "fake", "--jobs", "2")
    sent: list[str] = []
    while len(sent) < kills:
        wait_until(workers_at_work, "a worker is at work")
        time.sleep(moments.uniform(0.0, 0.8))
        assert process.poll() is None, process.communicate()
        if at_work := workers_at_work():
            victim, number = moments.choice(at_work), moments.choice(signals)
            os.kill(victim, number)
            wait_until(lambda pid=victim: pid not in workers_at_work(), "it is gone")
            sent.append(number.name)
    out, err = process.communicate(timeout=300)

    entries = project.store.entries()
    attempts = {str(entry.run): entry.manifest["attempts"] for entry in entries}
    told = [line for line in err.splitlines() if "the worker process was killed by" in line]
    recorded = Counter(re.findall(r"SIG[A-Z]+", str(attempts)))
    assert recorded <= Counter(sent)
    assert recorded.total() == len(told) >= 0.7 * kills, "the others were between two runs"
    for entry in entries:
        assert (entry.status == "failed") == (len(attempts[str(entry.run)]) == 3)
        assert made()[str(entry.run)] <= 3
    failed = [entry for entry in entries if entry.status == "failed"]
    assert process.returncode == bool(failed)
    assert f"{len(entries)} planned = {len(entries) - len(failed)} finished + " in out
    assert project.tfrl("run", "fake") == 0
    assert_same(project, "runs", "whole")
    figure(
        2,
        f"{kills} kills, {recorded.total()} in a run and recorded there with their signal "
        f"({', '.join(f'{count} {name}' for name, count in sorted(recorded.items()))}), at most 3 "
        f"attempts at each; {len(failed)} of {len(entries)} runs failed, the others finished",
    )


class Stillborn(fake.Engine):
    """An engine whose first processes die before they are ready."""

    def __init__(self, deaths: int) -> None:
        self._deaths = deaths

    def configure(self) -> None:
        with Path("births").open("a") as file:
            file.write("x")
        if Path("births").stat().st_size <= self._deaths:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("deaths", "status"), [(2, 0), (3, 2)])
def test_a_worker_that_cannot_start_is_replaced_twice(project, capsys, deaths, status):
    assert cli.main(["run", "fake", "--jobs", "1"], Stillborn(deaths)) == status
    if status:
        (sentence,) = (line for line in capsys.readouterr().err.splitlines() if "tfrl: " in line)
        assert "no worker process could start: the worker process was killed by SIGKILL" in sentence
    else:
        assert set(project.statuses().values()) == {"finished"}


def test_of_two_invocations_at_once_one_works(project, figure):
    times = size(2, 20)
    project.write(study("0-1", gate="gate"))
    for _ in range(times):
        both = [project.start("run", "fake") for _ in range(2)]
        wait_until(lambda both=both: any(p.poll() is not None for p in both), "one is refused")
        refused, working = sorted(both, key=lambda process: process.poll() is None)
        out, err = refused.communicate()
        assert (refused.returncode, out) == (2, "")
        assert re.fullmatch(r"tfrl: another `tfrl run` is using runs/fake: .+\n", err)
        Path("gate").touch()
        end_of(working)
        assert made() == dict.fromkeys(project.statuses(), 1)
        for file in [Path("gate"), *Path().glob("made-*")]:
            file.unlink()
        shutil.rmtree("runs")
    figure(5, f"{times} times two at once: one worked, one was refused, each run made once")


def test_a_dead_holder_of_the_lock_is_not_in_the_way(project, figure):
    times = size(2, 10)
    project.write(study("0", gate="gate"))
    for _ in range(times):
        holder = project.start("run", "fake")
        wait_until(made, "its workers are at work")
        kill(holder)
        with project.store.locked():
            pass
        for file in Path().glob("made-*"):
            file.unlink()
    figure(5, f"{times} times its holder killed: the lock was free at once")
