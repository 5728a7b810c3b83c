"""Source files that determine a run: of tfrl, and of a user's pipeline."""

import shutil
from pathlib import Path

import pytest

import tfrl
from tfrl.harness.engine import Engine
from tfrl.harness.provenance import run_context, sources

ALL = {"apo", "apo_parallel", "dqn", "ppo", "reinforce"}
FILES = {
    "mine.py": "import json, helpers.nets\nfrom tfrl.pipelines import ppo\nimport helpers.absent",
    "helpers/__init__.py": "",
    "helpers/nets.py": "from . import layers\nfrom ..elsewhere import nothing",
    "helpers/layers.py": "def lazily():\n    from helpers.constants import UNITS",
    "helpers/constants.py": "import mine",
    "helpers/unused.py": "",
    "tfrl/__init__.py": "",
    "broken.py": "import helpers\ndef (",
    "spaces/names.py": "import mine",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


MINE = {"mine.py", *(f"helpers/{name}.py" for name in ("__init__", "nets", "layers", "constants"))}


def inside(folder: Path, files: set[Path]) -> set[str]:
    """Returns the relative paths of those files that are in a folder."""
    return {file.relative_to(folder).as_posix() for file in files if file.is_relative_to(folder)}


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("mine", MINE),
        ("spaces.names", MINE | {"spaces/names.py"}),
        ("helpers.unused", {"helpers/__init__.py", "helpers/unused.py"}),
        ("broken", {"broken.py"}),
    ],
)
def test_what_a_module_imports_from_its_folder_is_followed(folder, module, expected):
    assert inside(folder, sources.files_of_module(module)) == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("from tfrl.pipelines import ppo", {"ppo"}),
        ("import tfrl.pipelines.apo", {"apo", "ppo"}),
        ("from tfrl.pipelines import Pipeline", set()),
        ("from tfrl.pipelines import resolve", ALL),
        ("from tfrl import pipelines", ALL),
    ],
)
def test_what_a_module_imports_from_tfrl_is_followed(folder, statement, expected):
    (folder / "mine.py").write_text(statement)
    names = inside(Path(tfrl.__file__).parent, sources.files_of_module("mine"))
    assert {Path(name).stem for name in names} & ALL == expected
    assert "pipelines/pipeline.py" in names
    assert not inside(folder / "tfrl", sources.files_of_module("mine"))


def test_a_name_that_a_package_of_tfrl_hands_on_leads_to_its_module(folder):
    (folder / "mine.py").write_text("from tfrl.training import Trainer")
    names = inside(Path(tfrl.__file__).parent / "training", sources.files_of_module("mine"))
    assert "trainer.py" in names
    assert "__init__.py" not in names


def test_a_module_that_is_installed_is_followed_inside_its_own_package():
    files = sources.files_of_module("jinja2.environment")  # it also imports markupsafe
    assert {file.parent.name for file in files} == {"jinja2"}
    assert {"__init__.py", "environment.py", "nodes.py"} <= {file.name for file in files}


def test_a_module_that_is_not_there_is_a_lookup_error():
    with pytest.raises(LookupError, match="there is no module 'nowhere'"):
        Engine().sources("nowhere.at_all:Pipeline", "CartPole-v1")
    with pytest.raises(LookupError, match="there is no module 'nowhere'"):
        Engine().sources("dqn", "gymnasium:nowhere.at_all:Mine-v0")


def test_the_module_of_an_environment_of_the_users_own_counts(folder):
    own = set(Engine().sources("dqn", "gymnasium:mine:Mine-v0"))
    added = own - set(Engine().sources("dqn", "gymnasium:Mine-v0"))
    assert inside(folder, added) == MINE


def test_a_pipeline_that_is_not_there_is_a_lookup_error():
    with pytest.raises(LookupError, match="there is no pipeline 'dqm'"):
        Engine().sources("dqm", "CartPole-v1")


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """A copy of tfrl that `sources` reads instead."""
    copy = tmp_path / "tfrl"
    shutil.copytree(Path(tfrl.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "_TFRL", copy)
    monkeypatch.setattr(tfrl, "__file__", str(copy / "__init__.py"))
    return copy


HOST = "gymnasium:CartPole-v1"


def hashes(environment: str) -> dict[str, str]:
    """Returns the code hash of each shipped pipeline."""
    return {
        name: run_context.code_sha256(Engine().sources(name, environment))
        for name in sources._shipped_pipelines()
    }


@pytest.mark.parametrize(
    ("file", "environment", "expected"),
    [
        ("pipelines/dqn.py", "CartPole-v1", {"dqn"}),
        ("pipelines/dqn.py", HOST, {"dqn"}),
        ("components/replay_buffer.py", "CartPole-v1", {"dqn"}),
        ("pipelines/ppo.py", "CartPole-v1", {"apo", "apo_parallel", "ppo"}),
        ("components/anchor_memory.py", "CartPole-v1", {"apo", "apo_parallel"}),
        ("components/losses.py", "CartPole-v1", ALL),
        ("training/__init__.py", "CartPole-v1", set()),
        ("pipelines/__init__.py", "CartPole-v1", set()),
        ("training/trainer.py", "CartPole-v1", ALL),
        ("training/trainer.py", HOST, ALL),
        ("pipelines/checks.py", "CartPole-v1", ALL),
        ("environments/__init__.py", "CartPole-v1", ALL),
        ("environments/graph_environment.py", "CartPole-v1", ALL),
        ("training/host_loop.py", "CartPole-v1", set()),
        ("training/host_loop.py", HOST, ALL),
        ("runtime/tf_setup.py", "CartPole-v1", ALL),
        ("__init__.py", "CartPole-v1", ALL),
        ("harness/execution/worker.py", HOST, set()),
        ("report/page.py", HOST, set()),
    ],
)
def test_a_change_concerns_the_runs_that_go_through_it(package, file, environment, expected):
    before = hashes(environment)
    assert before.keys() == ALL
    with (package / file).open("a") as source:
        source.write("\nfrom math import pi\n")
    after = hashes(environment)
    assert {name for name in ALL if before[name] != after[name]} == expected


def test_another_class_under_the_name_of_a_pipeline_is_other_code(package):
    before, file = hashes("CartPole-v1"), package / "pipelines/__init__.py"
    path = "tfrl.pipelines.ppo:PpoPipeline"
    assert path in file.read_text()
    file.write_text(file.read_text().replace(path, "tfrl.pipelines.dqn:DqnPipeline"))
    after = hashes("CartPole-v1")
    assert {name for name in ALL if before[name] != after[name]} == {"ppo"}


def test_the_words_in_the_code_concern_no_run(package):
    before = {environment: hashes(environment) for environment in ("CartPole-v1", HOST)}
    for file in package.rglob("*.py"):
        text = (
            file.read_text().replace('"""', '"""In other words: ', 1).replace("\n\n", "\n\n# !\n\n")
        )
        file.write_text(text)
    assert {environment: hashes(environment) for environment in before} == before
