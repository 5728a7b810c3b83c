"""Installing the package in an environment of one's own, by the command that the README gives."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # installs all packages once more
ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "lock.txt"
SOURCES = ("tfrl", "requirements", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")

# What a user may do first: nothing of this is to depend on the folder of the clone.
USE = """
import importlib.resources
import tfrl, tfrl.cli, tfrl.report
assert [*importlib.resources.files("tfrl.report").joinpath("templates").iterdir()]
from tfrl import pipelines
pipelines.resolve("ppo").Config()
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Environment variables of a new virtual environment that holds what the README installs."""
    uv = Path(sys.executable).parent / "uv"
    assert uv.is_file(), "make setup installs it"
    folder = tmp_path_factory.mktemp("install")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    clone = folder / "clone"
    clone.mkdir()
    for name in SOURCES:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, clone / name)

    path = os.pathsep.join([str(folder / "venv" / "bin"), str(uv.parent), os.environ["PATH"]])
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "TF_"))}
    variables |= {"VIRTUAL_ENV": str(folder / "venv"), "PATH": path}
    # Whatever the package index may have by now, the versions are those that were locked.
    variables |= dict.fromkeys(("UV_CONSTRAINT", "UV_BUILD_CONSTRAINT"), str(LOCK))
    page = (ROOT / "docs" / "installing.md").read_text()
    (command,) = re.findall(r"^uv pip install .*$", page, re.MULTILINE)
    done = subprocess.run(
        command, shell=True, cwd=clone, env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    shutil.rmtree(clone)
    yield variables
    shutil.rmtree(folder)  # gigabytes, which pytest would keep


def test_the_command_is_there(environment, tmp_path):
    done = subprocess.run(
        ["tfrl", "--version"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert re.fullmatch(r"tfrl \d+\.\d+\.\d+\n", done.stdout), done.stderr


def test_pipelines_and_report_can_be_used(environment, tmp_path):
    done = subprocess.run(
        ["python", "-c", USE], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_versions_are_those_of_the_lock(environment):
    done = subprocess.run(
        ["uv", "pip", "freeze"], env=environment, capture_output=True, text=True, check=True
    )
    installed = set(re.findall(r"^[\w.-]+==\S+$", done.stdout, re.MULTILINE))
    assert len(installed) > 50
    assert installed <= set(re.findall(r"^[\w.-]+==\S+", LOCK.read_text(), re.MULTILINE))
