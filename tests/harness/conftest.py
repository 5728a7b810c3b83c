"""A project folder with a study, and `tfrl` with an engine without TensorFlow."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.harness import fake
from tfrl import cli
from tfrl.harness.engine import Engine
from tfrl.harness.store.run_store import RunStore
from tfrl.harness.studies import study

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Project:
    """The current folder, with `studies/fake.toml` in it."""

    folder: Path
    started: list[subprocess.Popen] = field(default_factory=list)  # all that `start` returned

    @property
    def file(self) -> Path:
        return Path("studies/fake.toml")

    @property
    def store(self) -> RunStore:
        return RunStore(study.load(self.file))

    def write(self, text: str) -> None:
        self.file.write_text(text)

    def tfrl(self, *arguments: str, engine: Engine | None = None) -> int:
        """Runs a command in this process, by default with the fake engine. Returns its status."""
        return cli.main(arguments, engine or fake.Engine())

    def start(self, *arguments: str, python: str | Path = sys.executable) -> subprocess.Popen:
        """Starts a command in a new process and process group."""
        script = "import sys; from tests.harness import fake; sys.exit(fake.main())"
        process = subprocess.Popen(
            [python, "-c", script, *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A shell that runs the tests in the background makes them ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.started.append(process)
        return process

    def statuses(self) -> dict[str, str]:
        return {str(entry.run): entry.status for entry in self.store.entries()}

    def fingerprints(self) -> dict[str, str]:
        return {
            str(entry.run): entry.manifest["fingerprint"]
            for entry in self.store.entries()
            if entry.status == "finished"
        }

    def stored(self) -> dict[str, bytes]:
        """Returns the contents of all files under the current folder, also of hidden ones."""
        files = [path for path in Path().rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files}

    def visible(self) -> list[str]:
        """Returns the names of stored runs, and of hidden files that should not be left."""
        return sorted(path.name for path in Path("runs/fake").glob("[!.]*/*/*"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.chdir(tmp_path)
    Path("studies").mkdir()
    place = Project(tmp_path)
    place.write(fake.STUDY)
    yield place
    for process in place.started:
        if process.poll() is None:  # the test failed before the process ended
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture
def changed() -> Callable[[str, str], str]:
    """Returns the text of the fake study with one string replaced."""

    def change(old: str, new: str) -> str:
        assert old in fake.STUDY
        return fake.STUDY.replace(old, new, 1)

    return change
