"""Row 3: a process dies at each step of writing a run or a page."""

import io
import os
import shutil
import signal
import warnings
from collections.abc import Callable

import pytest

from tests.harness.test_run_store import CODE, publish
from tests.torture import size
from tfrl.harness.store import atomic_files

pytestmark = pytest.mark.slow  # dies once in each step of a write

CALLS = ("mkdir", "open", "fsync", "rename", "replace", "unlink", "rmdir")
EARLIER = "1" * 64


class Mortal:
    """Kills its process before a step: a system call, or the write of `num_bytes`."""

    def __init__(self, last: int, num_bytes: int) -> None:
        self.left, self.num_bytes = last, num_bytes

    def step(self) -> None:
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

    def call(self, function: Callable) -> Callable:
        def called(*arguments, **keywords):
            self.step()
            return function(*arguments, **keywords)

        return called

    def open(self, function: Callable) -> Callable:
        def opened(*arguments, **keywords):
            file = function(*arguments, **keywords)
            if file.writable():
                file.write = self.write(file)
            return file

        return opened

    def write(self, file) -> Callable:
        write = file.write

        def written(content) -> int:
            for begin in range(0, len(content), self.num_bytes):
                self.step()
                write(content[begin : begin + self.num_bytes])
                file.flush()
            return len(content)

        return written


def dies(last: int, num_bytes: int, action: Callable[[], object]) -> bool:
    """Returns True if `action`, in a new process, reaches step `last` and dies there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the process has threads when it forks
        child = os.fork()
    if not child:
        mortal = Mortal(last, num_bytes)
        for name in CALLS:
            setattr(os, name, mortal.call(getattr(os, name)))
        io.open = mortal.open(io.open)
        try:
            action()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), "it ended otherwise"
    return status != 0


@pytest.mark.parametrize("before", ["nothing", "another run"])
def test_death_inside_any_step_of_storing_a_run(project, figure, before):
    store, run = project.store, project.store.study.runs()[0]
    publish(store)  # imports the modules once for all processes
    deaths, found = 0, []
    while True:
        shutil.rmtree(store.folder, ignore_errors=True)
        if before == "another run":
            publish(store, code=EARLIER)
        died = dies(deaths + 1, size(700, 16), lambda: publish(store))
        with store.locked():  # as the next `tfrl run` does
            entry = store.entry(run)
        assert entry.note is None, "what is visible is whole"
        if entry.status == "finished":
            store.tables(entry)  # raises if anything is damaged
        assert not list(store.folder.glob("*/*/.*")), "nothing is left lying about"
        found.append(entry.manifest.get("code", "nothing"))
        if before == "another run" and found[-1] == CODE:
            assert store.replaced_entry(run).manifest["code"] == EARLIER, "what it replaced is kept"
        if not died:
            break
        deaths += 1
    assert set(found) == {CODE, "nothing" if before == "nothing" else EARLIER}
    assert found == sorted(found, key=[found[0], CODE].index), "the one before, then the new one"
    assert deaths > 20
    figure(3, f"{deaths} deaths while a run is stored, {before} before: one of the two, whole")


def test_death_inside_any_step_of_writing_a_page(tmp_path, figure):
    page, deaths = tmp_path / "page.html", 0
    old, new = "old " * 100, "new " * 200
    while True:
        page.write_text(old)
        died = dies(deaths + 1, size(100, 1), lambda: atomic_files.write_text(page, new))
        assert page.read_text() in (old, new)
        if not died:
            break
        deaths += 1
    assert page.read_text() == new
    assert list(tmp_path.iterdir()) == [page]
    figure(3, f"{deaths} deaths while a page is written: it is the old one or the new one")
