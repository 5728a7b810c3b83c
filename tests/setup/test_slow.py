"""The program that runs the slow tests."""

import pytest

from tests import slow

TESTS = """\
import pytest

@pytest.mark.study
def test_long(): pass

@pytest.mark.slow
@pytest.mark.parametrize("x", ["a b", "c"])
def test_slow(x): assert x != "{failing}"

def test_quick(): assert False
"""


def test_tests_of_one_parameter_share_a_process_up_to_five_of_a_file():
    names = [f"a.py::test_{i}[{p}]" for p in ("x", "y") for i in range(3)]
    names += ["b.py::test_1", "b.py::test_2"]
    assert slow.together(names) == [names[:3], names[3:6], names[6:]]
    many = [f"a.py::test_{i}" for i in range(7)]
    assert slow.together(many) == [many[:5], many[5:]]


@pytest.mark.parametrize(("failing", "status"), [("none", 0), ("c", 1)])
def test_every_slow_test_runs_and_a_failure_is_told(tmp_path, monkeypatch, capsys, failing, status):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test_it.py").write_text(TESTS.format(failing=failing))
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  study\n  slow\n")
    monkeypatch.setattr("sys.argv", ["slow"])
    assert slow.main() == status
    out = capsys.readouterr().out
    assert f"3 tests in 2 processes, {status} processes failed" in out
    assert ("FAILED test_it.py::test_slow[c]" in out) == bool(status)
