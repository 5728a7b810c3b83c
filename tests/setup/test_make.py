"""What `make reproduce` makes of the exit statuses of `tfrl run` and `tfrl report`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TFRL = """\
#!/bin/sh
echo "$*" >>calls
case $1 in
run) exit {run} ;;
report) [ {report} = 0 ] && echo reports/$2/index.html; exit {report} ;;
esac
"""
PAGE = "The report: reports/mine/index.html\n"


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
    ("run", "report", "calls", "out", "failure"),
    [
        (0, 0, ["run mine", "report mine"], PAGE, None),
        (1, 0, ["run mine", "report mine"], PAGE, "Error 1"),  # some runs failed
        (2, 0, ["run mine"], "", "Error 2"),  # a mistake
        (130, 0, ["run mine"], "", "Error 130"),  # Ctrl-C
        (0, 2, ["run mine", "report mine"], "", "Error 2"),
        (1, 2, ["run mine", "report mine"], "", "Error 2"),
    ],
)
def test_a_report_is_written_unless_there_is_nothing_to_report(
    clone, run, report, calls, out, failure
):
    write_program(clone / ".venv" / "bin" / "tfrl", TFRL.format(run=run, report=report))
    done = subprocess.run(
        ["make", "reproduce", "STUDY=mine"],
        cwd=clone,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        capture_output=True,
        text=True,
    )
    assert (clone / "calls").read_text().splitlines() == calls
    assert done.stdout == out
    assert (done.returncode == 0) == (failure is None)
    assert done.stderr == "" if failure is None else done.stderr.rstrip().endswith(failure)
