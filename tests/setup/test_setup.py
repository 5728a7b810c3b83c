"""What `make setup` does and refuses to do. Stand-ins for Python and uv note every call."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INPUTS = ("setup.cfg", "pyproject.toml", "requirements")

# Says its version; makes an environment that holds itself and a uv; has a pip that succeeds.
PYTHON = """\
#!/bin/sh
case "$*" in
*version_info*) echo {version} ;;
*"import ensurepip, venv"*) exit {venv_missing} ;;
*"-m venv --clear .venv"*)
    echo venv >>calls
    rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python && cp uv .venv/bin/uv ;;
*"-m pip install"*) echo pip >>calls ;;
esac
"""
UV = """\
#!/bin/sh
echo "uv $2" >>calls
! [ -e broken ]
"""
ALL = ["venv", "pip", "uv sync", "uv install"]


@pytest.fixture
def clone(tmp_path):
    """A folder with what the set-up reads, and a Python 3.12 in bin/python3."""
    folder = tmp_path / "clone"
    (folder / "bin").mkdir(parents=True)
    for name in INPUTS:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    write_program(folder / "uv", UV)
    add_python(folder, "python3", "3.12")
    return folder


def write_program(path, text):
    path.write_text(text)
    path.chmod(0o755)


def add_python(clone, name, version, venv_missing=0):
    program = PYTHON.format(version=version, venv_missing=venv_missing)
    write_program(clone / "bin" / name, program)


def set_up(clone, **variables):
    """Runs the set-up. Returns its exit status, what it said, and the calls it made."""
    variables = {"PATH": f"{clone / 'bin'}{os.pathsep}/usr/bin:/bin", **variables}
    calls = clone / "calls"
    calls.unlink(missing_ok=True)
    done = subprocess.run(
        [clone / "requirements" / "setup.sh"], env=variables, capture_output=True, text=True
    )
    return done.returncode, done.stderr, calls.read_text().splitlines() if calls.exists() else []


def test_it_does_all_once_and_nothing_twice(clone):
    assert set_up(clone) == (0, "", ALL)
    assert set_up(clone) == (0, "", [])


def test_the_same_interpreter_named_changes_nothing(clone):
    set_up(clone)
    assert set_up(clone, PYTHON="python3") == (0, "", [])


def test_another_interpreter_gets_a_new_environment(clone):
    set_up(clone)
    add_python(clone, "python3.13", "3.13")
    assert set_up(clone, PYTHON="python3.13") == (0, "", ALL)
    assert set_up(clone) == (0, "", []), "which then stays"


@pytest.mark.parametrize("name", ["lock", "bootstrap"])
def test_a_new_lock_is_installed_into_the_environment_there_is(clone, name):
    set_up(clone)
    with (clone / "requirements" / f"{name}.txt").open("a") as lock:
        lock.write("# changed\n")
    assert set_up(clone) == (0, "", ALL[1:])
    assert set_up(clone) == (0, "", [])


def test_what_was_broken_off_starts_anew(clone):
    (clone / "broken").touch()
    status, _, calls = set_up(clone)
    assert (status, calls) == (1, ["venv", "pip", "uv sync"])
    (clone / "broken").unlink()
    assert set_up(clone) == (0, "", ALL)


def test_a_moved_clone_starts_anew(clone):
    set_up(clone)
    moved = clone.rename(clone.with_name("moved"))
    assert set_up(moved) == (0, "", ALL)


def test_a_python_that_has_gone_is_replaced(clone):
    set_up(clone)
    (clone / ".venv" / "bin" / "python").unlink()
    assert set_up(clone) == (0, "", ALL)


@pytest.mark.parametrize("version", ["2.7", "3.10", "3.14"])
def test_a_python_too_old_or_too_new_is_refused_in_a_sentence(clone, version):
    add_python(clone, "old", version)
    status, message, calls = set_up(clone, PYTHON="old")
    assert (status, calls) == (1, [])
    assert message.startswith(f"tfrl: needs Python 3.11, 3.12 or 3.13, and old is {version}.")
    assert message.count("\n") == 1


def test_a_python_that_does_not_exist_is_refused_in_a_sentence(clone):
    status, message, calls = set_up(clone, PYTHON="nowhere")
    assert (status, calls) == (1, [])
    assert "there is no nowhere that runs here" in message
    assert message.count("\n") == 1


TOOLS = ("cat", "chmod", "cksum", "cp", "dirname", "mkdir", "rm", "sh")  # what macOS has too


@pytest.mark.parametrize("flock", ["with flock", "as on macOS"])
def test_a_second_set_up_waits_for_the_first(clone, tmp_path, flock):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in (*TOOLS, *(["flock"] if flock == "with flock" else [])):
        (tools / name).symlink_to(shutil.which(name))
    (tools / "python3").symlink_to(sys.executable)
    path = f"{tools}{os.pathsep}{clone / 'bin'}"
    (clone / "bin" / "python3").rename(clone / "bin" / "python3.12")
    variables = {"PATH": path, "PYTHON": "python3.12"}
    with (clone / "setup.cfg").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = subprocess.Popen([clone / "requirements" / "setup.sh"], env=variables)
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(1)
        assert not (clone / "calls").exists()
    assert second.wait(60) == 0
    assert (clone / "calls").read_text().splitlines() == ALL


def test_another_interpreter_on_the_path_is_found(clone):
    add_python(clone, "python3", "3.10")
    add_python(clone, "python3.13", "3.13")
    assert set_up(clone) == (0, "", ALL)


def test_a_missing_venv_module_is_named_with_its_package(clone):
    add_python(clone, "python3", "3.12", venv_missing=1)
    status, message, calls = set_up(clone)
    assert (status, calls) == (1, [])
    assert "apt install python3.12-venv" in message
    assert message.count("\n") == 1


@pytest.mark.parametrize("name", ["lock", "bootstrap", "bench", "ray", "rliable"])
def test_locks_are_hashed_and_name_no_index(name):
    lock = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in lock
    for requirement in re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", lock, flags=re.MULTILINE)):
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", requirement, re.DOTALL)


def test_the_bootstrap_has_the_lock_s_versions():
    def versions(name):
        return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))

    lock = versions("requirements/lock.txt")
    bootstrap = versions("requirements/bootstrap.txt")
    assert bootstrap.pop("uv")
    assert bootstrap == {name: lock[name] for name in bootstrap}


def test_every_target_is_phony_and_described():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):(?! [A-Z]+ =)", makefile, re.MULTILINE)
    assert targets == re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    listed = subprocess.run(
        ["make"], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
    )
    assert [line.split()[0] for line in listed.stdout.splitlines()] == targets
