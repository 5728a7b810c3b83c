"""The compile cache: sharing, damaged entries, and unchanged results."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfrl.runtime import compile_cache

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(compile_cache, "_view", None)
    monkeypatch.setenv("TF_XLA_FLAGS", "--other=1")
    monkeypatch.setenv(compile_cache.VARIABLE, str(tmp_path))
    yield tmp_path / "tfrl"
    compile_cache.release()


def view():
    """Returns the folder in `TF_XLA_FLAGS`."""
    other, flag = os.environ["TF_XLA_FLAGS"].split()
    assert other == "--other=1"
    return Path(flag.removeprefix(compile_cache.FLAG))


def entries(root):
    return sorted(root.glob("*/entries/*"))


def compile_two():
    """Stores two entries, as from a finished process."""
    compile_cache.enable()
    for name in ("first.pb", "second.pb"):
        (view() / name).write_bytes(name.encode() * 1_000)
    assert compile_cache.save() == 2
    compile_cache.release()


def test_the_next_process_uses_the_entries(root):
    compile_two()
    assert len(entries(root)) == 2 and not list(root.glob("*/view-*"))
    compile_cache.enable()
    assert {file.name: file.read_bytes() for file in view().iterdir()} == {
        name: name.encode() * 1_000 for name in ("first.pb", "second.pb")
    }
    assert compile_cache.save() == 0


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied"])
def test_a_damaged_entry_is_deleted_and_others_are_used(root, damage):
    compile_two()
    file, other = entries(root)
    content = bytearray(file.read_bytes())
    content[500] ^= 1
    file.write_bytes({"truncated": content[:400], "flipped": content, "emptied": b""}[damage])
    compile_cache.enable()
    assert [link.name for link in view().iterdir()] == [other.stem]
    assert entries(root) == [other]


def test_deleted_entries_stay_in_existing_views(root):
    compile_two()
    compile_cache.enable()
    for file in entries(root):
        file.unlink()
    assert len(list(view().glob("*.pb"))) == 2


def test_the_least_recently_used_are_removed(root, monkeypatch):
    compile_two()
    newer, older = entries(root)
    os.utime(newer, (2_000, 2_000))
    os.utime(older, (1_000, 1_000))
    monkeypatch.setattr(compile_cache, "_MAX_BYTES", 8_000)
    compile_cache.enable()
    compile_cache.save()
    assert entries(root) == [newer]


def test_only_views_of_ended_processes_are_removed(root):
    compile_two()
    folder = entries(root)[0].parents[1]
    killed, running = folder / "view-killed", folder / "view-running"
    killed.mkdir()
    running.mkdir()
    lock = os.open(running, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    compile_cache.enable()
    os.close(lock)
    assert running.exists() and not killed.exists()


def test_the_key_depends_on_processor_and_flags(root, monkeypatch):
    before = compile_cache.key()
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_max_isa=AVX")
    other = compile_cache.key()
    monkeypatch.setattr(compile_cache, "_processor_features", lambda: ["flags: none"])
    assert len({before, other, compile_cache.key()}) == 3


def test_without_proc_the_key_has_the_name_of_the_processor(monkeypatch, tmp_path):
    monkeypatch.setattr("tfrl.runtime.sysctl.processor", lambda: "Apple M2")
    assert compile_cache._processor_features(tmp_path / "absent") == ["Apple M2"]


def test_off_disables_the_cache_and_an_unusable_folder_is_an_error(root, monkeypatch):
    monkeypatch.setenv(compile_cache.VARIABLE, "off")
    compile_cache.enable()
    assert os.environ["TF_XLA_FLAGS"] == "--other=1"
    root.parent.joinpath("file").touch()
    monkeypatch.setenv(compile_cache.VARIABLE, str(root.parent / "file"))
    with pytest.raises(compile_cache.CacheError, match=r"TFRL_CACHE is .* cannot be used"):
        compile_cache.enable()


@pytest.mark.slow
def test_results_are_the_same_with_and_without_the_cache(tmp_path):
    def run(cache, *arguments):
        done = subprocess.run(
            [sys.executable, "-m", "tests.engine.compiled", *arguments],
            env={**os.environ, compile_cache.VARIABLE: str(cache)},
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        digest, _, new = done.stdout.strip().rpartition(" ")
        return digest, int(new)

    plain, none = run("off")
    cold, compiled = run(tmp_path)
    assert (cold, none) == (plain, 0) and compiled > 2
    assert run(tmp_path) == (plain, 0)
    largest = sorted(entries(tmp_path / "tfrl"), key=lambda file: file.stat().st_size)[-2:]
    truncated, flipped = (file.read_bytes() for file in largest)
    largest[0].write_bytes(truncated[: len(truncated) // 2])
    largest[1].write_bytes(flipped[:-9] + bytes(byte ^ 1 for byte in flipped[-9:]))
    assert run(tmp_path) == (plain, 2)  # the two damaged entries were recompiled
    assert run(tmp_path, "busy")[0] == plain
