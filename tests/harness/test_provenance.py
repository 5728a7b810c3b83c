import hashlib
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

import tfrl
from tfrl.harness.errors import StoreError
from tfrl.harness.provenance import git, run_context


def run_git(folder: Path, *arguments: str) -> str:
    identity = {
        f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    command = ["git", "-C", str(folder), *arguments]
    environment = {**os.environ, **identity}
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout.strip()


@pytest.fixture
def package(tmp_path) -> Path:
    """A package in a repository without commits."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("a = 1\n")
    run_git(tmp_path, "init", "-q")
    return package


def commit(package: Path) -> str:
    """Commits everything and returns the commit's hash."""
    run_git(package, "add", ":/")
    run_git(package, "commit", "-qm", "a")
    return run_git(package, "rev-parse", "HEAD")


def test_a_package_in_no_repository_of_its_own_has_no_revision(package):
    assert git.revision(package) is None
    shutil.rmtree(package.parent / ".git")
    assert git.revision(package) is None


def test_the_diff_makes_of_the_commit_what_is_here(package, tmp_path_factory):
    top = package.parent
    (top / "reports").mkdir()
    (top / "reports/page.html").write_text("old\n")
    (top / "binary").write_bytes(bytes(range(256)))
    head = commit(package)
    assert str(git.revision(package)) == head
    (top / "reports/page.html").write_text("new\n")
    (top / "notes.txt").write_text("a file that decides nothing, and that git does not know\n")
    assert str(git.revision(package)) == head

    (package / "__init__.py").write_text("a = 2\n")
    (package / "new module.py").write_text("b = 1\n")
    (top / "binary").write_bytes(bytes(range(255, -1, -1)))
    run_git(top, "add", "binary")
    sources = [package / "__init__.py", package / "new module.py", Path(__file__)]
    found = git.revision(package, sources)
    assert (str(found), found.commit) == (f"{head}+changes", head)

    elsewhere = tmp_path_factory.mktemp("clone")
    run_git(elsewhere, "clone", "-q", str(top), ".")
    sha256 = git.store_diff(found.diff, elsewhere)
    assert git.store_diff(found.diff, elsewhere) == sha256
    (patch,) = (elsewhere / ".diffs").iterdir()
    assert git.diff_path(sha256, elsewhere) == patch
    assert hashlib.sha256(patch.read_bytes()).hexdigest() == sha256
    run_git(elsewhere, "apply", str(patch))
    for name in ("package/__init__.py", "package/new module.py", "binary"):
        assert (elsewhere / name).read_bytes() == (top / name).read_bytes()
    assert not (elsewhere / "notes.txt").exists()
    assert (elsewhere / "reports/page.html").read_text() == "old\n"


def test_a_diff_that_cannot_be_stored_is_a_mistake(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"\.patch cannot be stored: Not a directory"):
        git.store_diff(b"diff", tmp_path / "file")


def test_the_code_hash_depends_on_names_and_contents(tmp_path):
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    first.write_text("a")
    second.write_text("b")
    before = run_context.code_sha256([first, second])
    assert run_context.code_sha256([first, second]) == before
    first.write_text("ab")
    second.write_text("")
    assert run_context.code_sha256([first, second]) != before
    assert run_context.code_sha256([first]) != run_context.code_sha256([second])


def test_the_code_hash_depends_on_no_place_and_no_order(tmp_path):
    def written(first: str, second: str) -> list[Path]:
        files = [tmp_path / first / "mine.py", tmp_path / second / "net.py"]
        for file, text in zip(files, ("a", "b"), strict=True):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        return sorted(files)

    assert run_context.code_sha256(written("1", "2")) == run_context.code_sha256(written("4", "3"))


def test_a_process_names_this_machine_and_what_it_is_held_to(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_max_isa=SSE4_2 --other --xla_cpu_max_isa=AVX2")
    found = run_context.of_process()
    assert found["processor"]["machine"] == os.uname().machine
    assert found["cores"] == os.cpu_count()
    assert os.uname().release in found["system"]
    assert found["instruction_set"] == "AVX2"
    assert found["variables"]["XLA_FLAGS"].startswith("--xla_cpu_max_isa=SSE4_2")


def test_versions_are_those_of_the_installed_packages():
    found = run_context.versions()
    assert found["tfrl"] == tfrl.__version__
    assert found["tensorflow"] == metadata.version("tensorflow")
    assert all(found.values())


MAC = """\
#!/bin/sh
case "$*" in
"-n machdep.cpu.brand_string") echo Apple M2 ;;
"-n hw.l1dcachesize") echo 65536 ;;
"-n hw.l2cachesize") echo 4194304 ;;
*) exit 1 ;;
esac
"""


@pytest.fixture
def no_linux(monkeypatch, tmp_path):
    """The folder of programs on a machine without /proc and /sys."""
    absent = tmp_path / "absent"
    monkeypatch.setattr(run_context._cpuinfo, "__defaults__", (absent,))
    monkeypatch.setattr(run_context._caches, "__defaults__", (absent,))
    monkeypatch.setattr(run_context.peak_memory, "__defaults__", (absent,))
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    monkeypatch.setattr("platform.processor", lambda: "arm")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_macos_tells_of_its_processor_by_sysctl(no_linux):
    sysctl = no_linux / "sysctl"
    sysctl.write_text(MAC)
    sysctl.chmod(0o755)
    assert run_context.processor() == {
        "machine": "arm64",
        "model": "Apple M2",
        "flags": [],
        "caches": {"L1": "64K", "L2": "4096K"},
    }


def test_a_system_that_tells_nothing_of_its_processor_has_its_name_alone(no_linux):
    expected = {"machine": "arm64", "model": "arm", "flags": [], "caches": {}}
    assert run_context.processor() == expected


@pytest.mark.parametrize(("system", "unit"), [("Darwin", 2**20), ("FreeBSD", 2**10)])
def test_peak_memory_is_known_where_there_is_no_proc(no_linux, monkeypatch, system, unit):
    monkeypatch.setattr("platform.system", lambda: system)
    usage = SimpleNamespace(ru_maxrss=300 * unit)
    monkeypatch.setattr(run_context.resource, "getrusage", lambda who: usage)
    assert run_context.peak_memory() == 300


PARENT = """\
import mmap, subprocess, sys
if len(sys.argv) > 1:
    ballast = bytearray(400 << 20)
    sys.exit(subprocess.run([sys.executable, __file__]).returncode)
from tfrl.harness.provenance import run_context
untouched = mmap.mmap(-1, 1 << 30)
before = run_context.of_process()["peak_memory_mib"]
bytearray(100 << 20)
print(before, run_context.of_process()["peak_memory_mib"])
"""


def test_peak_memory_is_that_of_the_process_and_not_of_its_parent(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    done = subprocess.run(
        [sys.executable, str(script), "with ballast"], check=True, capture_output=True, text=True
    )
    before, after = map(int, done.stdout.split())
    assert 10 < before < 200
    assert 95 <= after - before <= 105
