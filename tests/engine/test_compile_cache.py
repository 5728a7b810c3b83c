"""The compile cache changes no bits, whatever became of its entries."""

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
    """The folder that XLA would be told of."""
    other, flag = os.environ["TF_XLA_FLAGS"].split()
    assert other == "--other=1"
    return Path(flag.removeprefix(compile_cache.FLAG))


def entries(root):
    return sorted(root.glob("*/entries/*"))


def compile_two():
    """As if XLA had compiled two functions in a process that is over."""
    compile_cache.use()
    for name in ("one.pb", "two.pb"):
        (view() / name).write_bytes(name.encode() * 1_000)
    assert compile_cache.keep() == 2
    compile_cache.release()


def test_what_one_process_compiled_the_next_one_finds(root):
    compile_two()
    assert len(entries(root)) == 2 and not list(root.glob("*/view-*"))
    compile_cache.use()
    assert {file.name: file.read_bytes() for file in view().iterdir()} == {
        name: name.encode() * 1_000 for name in ("one.pb", "two.pb")
    }
    assert compile_cache.keep() == 0


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied"])
def test_a_damaged_entry_is_deleted_and_the_others_are_used(root, damage):
    compile_two()
    file, other = entries(root)
    content = bytearray(file.read_bytes())
    content[500] ^= 1
    file.write_bytes({"truncated": content[:400], "flipped": content, "emptied": b""}[damage])
    compile_cache.use()
    assert [link.name for link in view().iterdir()] == [other.stem]
    assert entries(root) == [other]


def test_entries_deleted_meanwhile_stay_for_those_at_work(root):
    compile_two()
    compile_cache.use()
    for file in entries(root):
        file.unlink()
    assert len(list(view().glob("*.pb"))) == 2


def test_the_least_recently_used_are_removed(root, monkeypatch):
    compile_two()
    one, two = entries(root)
    os.utime(one, (2_000, 2_000))
    os.utime(two, (1_000, 1_000))
    monkeypatch.setattr(compile_cache, "_MOST_BYTES", 6_000)
    compile_cache.use()
    compile_cache.keep()
    assert entries(root) == [one]


def test_the_view_of_a_killed_process_is_removed_and_that_of_one_at_work_is_not(root):
    compile_two()
    folder = entries(root)[0].parents[1]
    killed, at_work = folder / "view-killed", folder / "view-at-work"
    killed.mkdir()
    at_work.mkdir()
    lock = os.open(at_work, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    compile_cache.use()
    os.close(lock)
    assert at_work.exists() and not killed.exists()


def test_another_processor_or_other_flags_have_other_entries(root, monkeypatch):
    before = compile_cache.key()
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_max_isa=AVX")
    other = compile_cache.key()
    monkeypatch.setattr(compile_cache, "_processor_by_system", lambda: ["flags: none"])
    assert len({before, other, compile_cache.key()}) == 3


def test_where_there_is_no_proc_the_processor_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("tfrl.runtime.sysctl.processor", lambda: "Apple M2")
    assert compile_cache._processor_by_system(tmp_path / "absent") == ["Apple M2"]


def test_off_means_off_and_a_folder_that_cannot_be_used_is_an_error(root, monkeypatch):
    monkeypatch.setenv(compile_cache.VARIABLE, "off")
    compile_cache.use()
    assert os.environ["TF_XLA_FLAGS"] == "--other=1"
    root.parent.joinpath("file").touch()
    monkeypatch.setenv(compile_cache.VARIABLE, str(root.parent / "file"))
    with pytest.raises(compile_cache.CacheError, match=r"TFRL_CACHE names .* cannot be used"):
        compile_cache.use()


@pytest.mark.slow
def test_bits_are_the_same_with_and_without(tmp_path):
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
    assert run(tmp_path) == (plain, 2)  # those two were compiled again
    assert run(tmp_path, "busy")[0] == plain
