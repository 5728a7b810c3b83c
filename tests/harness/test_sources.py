"""Which files a pipeline of one's own is found to consist of."""

import pytest

from tfrl.harness import sources
from tfrl.harness.engine import Engine

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
    found = sources.of_module(module)
    assert {file.relative_to(folder).as_posix() for file in found} == expected


def test_a_module_that_is_installed_is_followed_inside_its_own_package():
    found = sources.of_module("jinja2.environment")  # which imports markupsafe, too
    assert {file.parent.name for file in found} == {"jinja2"}
    assert {"__init__.py", "environment.py", "nodes.py"} <= {file.name for file in found}


def test_a_module_that_is_not_there_is_a_lookup_error():
    with pytest.raises(LookupError, match="there is no module 'nowhere'"):
        Engine().sources("nowhere.at_all:Pipeline", "CartPole-v1")
    with pytest.raises(LookupError, match="there is no module 'nowhere'"):
        Engine().sources("dqn", "gymnasium:nowhere.at_all:Mine-v0")


def test_the_module_of_an_environment_of_the_users_own_counts(folder):
    own = set(Engine().sources("dqn", "gymnasium:mine:Mine-v0"))
    added = own - set(Engine().sources("dqn", "gymnasium:Mine-v0"))
    assert {file.relative_to(folder).as_posix() for file in added} == MINE
