import os
import subprocess
from pathlib import Path

import tfrl
from tfrl.harness import provenance


def git(folder: Path, *arguments: str) -> str:
    identity = {
        f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    command = ["git", "-C", str(folder), *arguments]
    environment = {**os.environ, **identity}
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout.strip()


def test_the_revision_is_that_of_the_package_and_says_if_files_differ(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    assert provenance.git_revision(package) is None
    git(tmp_path, "init", "-q")
    assert provenance.git_revision(package) is None  # someone else's repository, so far
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "a")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert provenance.git_revision(package) == head
    (package / "__init__.py").write_text("changed = True")
    assert provenance.git_revision(package) == f"{head}+changes"


def test_the_code_hash_depends_on_names_and_contents(tmp_path):
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    first.write_text("a")
    second.write_text("b")
    before = provenance.code_sha256([first, second])
    assert provenance.code_sha256([first, second]) == before
    first.write_text("ab")
    second.write_text("")
    assert provenance.code_sha256([first, second]) != before
    assert provenance.code_sha256([first]) != provenance.code_sha256([second])


def test_what_is_collected_names_this_machine_and_these_packages():
    collected = provenance.collect()
    assert set(collected) == {"git", "lock_sha256", "versions", "processor"}
    assert collected["versions"]["tfrl"] == tfrl.__version__
    assert all(collected["versions"].values())
    assert collected["processor"]["machine"]
