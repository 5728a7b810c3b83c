"""`tfrl new`."""

import sys
from pathlib import Path

import pytest

from tfrl.harness.engine import Engine
from tfrl.harness.studies import hyperparameters


@pytest.mark.parametrize("origin", ["dqn", "reinforce", "ppo", "apo", "apo_parallel"])
def test_a_copy_of_a_pipeline_is_a_pipeline(project, capsys, monkeypatch, origin):
    name = f"my_{origin}"
    monkeypatch.setattr(sys, "path", [*sys.path, str(project.folder)])
    assert project.tfrl("new", f"{name}.py", "--from", origin) == 0
    reference = capsys.readouterr().out.split('"')[1]
    assert reference.startswith(f"{name}:My") and reference.endswith("Pipeline")
    mine, theirs = (Engine().config(one) for one in (reference, origin))
    assert mine.__module__ == name
    assert hyperparameters.defaults(mine, "mine") == hyperparameters.defaults(theirs, "theirs")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["there.py"], "there.py already exists: choose another name"),
        (["a-b.py"], "a-b.py cannot be imported: expected a name such as mine.py"),
        (["mine"], "mine cannot be imported: expected a name such as mine.py"),
        (["mine.py", "--from", "sac"], "unknown pipeline 'sac': expected one of dqn, reinforce, "),
        (["no/folder/mine.py"], "cannot write no/folder/mine.py: No such file or directory"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(project, capsys, arguments, sentence):
    Path("there.py").write_text("mine")
    assert project.tfrl("new", *arguments) == 2
    assert capsys.readouterr().err.startswith(f"tfrl: {sentence}")
    assert Path("there.py").read_text() == "mine"
    assert not Path("mine.py").exists()
