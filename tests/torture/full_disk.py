"""A full disk: `python -m tests.torture.full_disk SMALL`.

SMALL is the mount point of a file system of 256 KiB that can be enlarged. The current folder, on
another file system, has a folder `studies`.
"""

import subprocess
import sys
from pathlib import Path

from tests.harness.conftest import Project
from tests.torture.common import assert_same, made, study
from tfrl.harness.store.run_store import RunStore

FULL = "No space left on device"


def main(small: Path) -> None:
    """Raises `AssertionError` if something is lost."""
    project, runs = Project(Path.cwd()), small / "runs"
    project.write(study("0-39"))
    store = RunStore(project.store.study, runs)
    assert tfrl(project, "run", "fake", "--runs", "whole") == ""

    said = tfrl(project, "run", "fake", "--runs", str(runs))
    assert said.startswith(f"tfrl: {runs}/fake/line/") and said.endswith(
        f"cannot be stored: {FULL}"
    )
    stored = whole_runs(store)
    assert 5 < len(stored) < 80
    ballast = fill(small)
    said = tfrl(project, "run", "fake", "--runs", str(runs))
    assert said.startswith("tfrl: ") and FULL in said and str(runs) in said
    assert whole_runs(store) == stored
    said = tfrl(project, "report", "fake", "--runs", "whole", "--reports", str(small / "reports"))
    assert said.startswith(f"tfrl: {small}/reports/own/fake/") and FULL in said

    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=16m", str(small)], check=True)
    before = made()
    assert tfrl(project, "run", "fake", "--runs", str(runs)) == ""
    assert (made() - before).keys() == made().keys() - stored.keys(), "none is made twice"
    assert stored.items() <= whole_runs(store).items()
    assert_same(project, str(runs), "whole")
    print(f"{len(stored)} of 80 runs stored on 256 KiB, the disk named, and all with more room")


def tfrl(project: Project, *arguments: str) -> str:
    """Returns the error message of a command; empty if it succeeds."""
    process = project.start(*arguments)
    _, err = process.communicate(timeout=300)
    assert (process.returncode == 2) == ("tfrl: " in err), err
    assert process.returncode in (0, 2), err
    return err.splitlines()[-1] if process.returncode else ""


def whole_runs(store: RunStore) -> dict[str, str]:
    """Returns the fingerprints of the stored runs. Raises if one is damaged."""
    entries = [entry for entry in store.entries() if entry.status != "missing"]
    for entry in entries:
        store.tables(entry)
    assert not list(store.folder.glob("*/*/.*"))
    return {str(entry.run): entry.manifest["fingerprint"] for entry in entries}


def fill(folder: Path) -> Path:
    """Writes a file that fills the file system."""
    file = folder / "ballast"
    with file.open("wb", buffering=0) as ballast:
        try:
            while ballast.write(bytes(4096)):
                pass
        except OSError:
            return file


if __name__ == "__main__":
    main(Path(sys.argv[1]))
