"""What `make reproduce` makes of the exit statuses of `tfrl run`, `report` and `verify`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TFRL = """\
#!/bin/sh
[ $1 = selftest ] || echo "$*" >>calls
case $1 in
selftest) [ ! -s calls ] && echo computes ;;
run) exit {run} ;;
report) [ {report} = 0 ] && echo reports/own/$2/index.html; exit {report} ;;
verify) echo compared; exit {verify} ;;
publish) [ {report} = 0 ] && echo reports/$2/index.html; exit {report} ;;
esac
"""
ALL = "computes\nThe report: reports/own/mine/index.html\ncompared\n"


@pytest.fixture
def clone(tmp_path):
    """A Makefile with nothing to set up."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    write_program(tmp_path / "requirements" / "setup.sh", "#!/bin/sh\n")
    return tmp_path


def write_program(path, text):
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("run", "report", "verify", "calls", "out", "failure"),
    [
        (0, 0, 0, ["run", "report", "verify"], ALL, None),
        (1, 0, 0, ["run", "report", "verify"], ALL, "Error 1"),  # some runs failed
        (0, 0, 1, ["run", "report", "verify"], ALL, None),  # a run differs, which is said
        (1, 0, 1, ["run", "report", "verify"], ALL, "Error 1"),
        (2, 0, 0, ["run"], "computes\n", "Error 2"),  # a mistake
        (130, 0, 0, ["run"], "computes\n", "Error 130"),  # Ctrl-C
        (0, 2, 0, ["run", "report"], "computes\n", "Error 2"),
        (1, 2, 0, ["run", "report"], "computes\n", "Error 2"),
        (1, 0, 2, ["run", "report", "verify"], ALL, "Error 2"),
    ],
)
def test_a_report_is_written_and_compared_unless_there_is_none(
    clone, run, report, verify, calls, out, failure
):
    program = TFRL.format(run=run, report=report, verify=verify)
    done = make(clone, program, "reproduce", "STUDY=mine")
    assert (clone / "calls").read_text().splitlines() == [f"{call} mine" for call in calls]
    assert done.stdout == out
    assert (done.returncode == 0) == (failure is None)
    assert done.stderr == "" if failure is None else done.stderr.rstrip().endswith(failure)


PIPELINES = ["cartpole", "generalization", "levels"]
FULL = ["generalization-full", "levels-full"]


@pytest.mark.parametrize(
    ("target", "studies"), [("reproduce", PIPELINES), ("reproduce-full", FULL)]
)
def test_all_shipped_studies_are_run_and_compared_together_at_the_end(clone, target, studies):
    done = make(clone, TFRL.format(run=0, report=0, verify=0), target)
    expected = [f"{verb} {study}" for study in studies for verb in ("run", "report")]
    expected.append(f"verify {' '.join(studies)}")
    assert (clone / "calls").read_text().splitlines() == expected
    pages = [f"The report: reports/own/{study}/index.html\n" for study in studies]
    assert done.stdout == "".join(["computes\n", *pages, "compared\n"])
    assert (done.returncode, done.stderr) == (0, "")
    assert all((ROOT / "studies" / f"{study}.toml").is_file() for study in studies)


@pytest.mark.parametrize(
    ("status", "reported", "failure"),
    [(1, PIPELINES, "Error 1"), (2, ["cartpole"], "Error 2"), (130, ["cartpole"], "Error 130")],
)
def test_a_failed_run_does_not_keep_other_studies_from_theirs(clone, status, reported, failure):
    """But a mistake does, and so does Ctrl-C."""
    program = TFRL.format(
        run=f"$([ $2 = generalization ] && echo {status} || echo 0)", report=0, verify=0
    )
    done = make(clone, program, "reproduce")
    calls = (clone / "calls").read_text().splitlines()
    assert [call.split()[1] for call in calls if call.startswith("report")] == reported
    assert done.returncode != 0
    assert done.stderr.rstrip().endswith(failure)


def test_reports_alone_can_be_written_anew(clone):
    done = make(clone, TFRL.format(run=0, report=0, verify=0), "report", "STUDY=a b")
    assert (clone / "calls").read_text().splitlines() == ["report a", "report b"]
    assert done.stdout == "".join(f"The report: reports/own/{study}/index.html\n" for study in "ab")


def test_each_study_is_published_unless_one_cannot_be(clone):
    done = make(clone, TFRL.format(run=0, report=0, verify=0), "publish", "STUDY=a b")
    assert (clone / "calls").read_text().splitlines() == ["publish a", "publish b"]
    assert done.stdout == "".join(f"Published: reports/{study}/index.html\n" for study in "ab")
    assert done.returncode == 0
    (clone / "calls").unlink()
    done = make(clone, TFRL.format(run=0, report=2, verify=0), "publish", "STUDY=a b")
    assert (clone / "calls").read_text().splitlines() == ["publish a"]
    assert done.returncode != 0


def make(clone, tfrl, *arguments):
    """What `make` does where `tfrl` is this program."""
    write_program(clone / ".venv" / "bin" / "tfrl", tfrl)
    return subprocess.run(
        ["make", *arguments],
        cwd=clone,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        capture_output=True,
        text=True,
    )
