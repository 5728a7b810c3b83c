"""Names of other libraries are answered with ours."""

from pathlib import Path

import pytest

from tests.harness import fake
from tfrl.harness.engine import Engine
from tfrl.harness.studies import aliases

PAGE = Path(__file__).parents[2] / "docs" / "names.md"


@pytest.mark.parametrize(
    ("pipeline", "theirs", "sentence"),
    [
        ("ppo", "n_steps", "(did you mean collect_sequence_length?)"),
        ("ppo", "batch_size", "(did you mean minibatch_size?)"),
        ("ppo", "gamma", "(did you mean discount_factor?)"),
        ("dqn", "discount_factor", "(did you mean gamma?)"),
        ("dqn", "learning_starts", "(did you mean initial_collect_steps?)"),
        (
            "dqn",
            "target_update_interval",
            "mean target_update_period: updates, not environment steps?)",
        ),
        ("ppo", "num_minibatches", ": frames in a minibatch, not the number of minibatches?)"),
        ("reinforce", "vf_coef", "(did you mean value_estimation_loss_coef?)"),
    ],
)
def test_a_hyperparameter_of_another_library_is_answered_with_ours(
    project, capsys, pipeline, theirs, sentence
):
    study = fake.STUDY.replace("Line-v0", "CartPole-v1")
    project.write(study.replace('"fake"', f'"{pipeline}"') + f"{theirs} = 2\n")
    assert project.tfrl("run", "fake", "--plan", engine=Engine()) == 2
    assert sentence in capsys.readouterr().err


def test_a_key_of_the_study_too(project, capsys):
    project.write(fake.STUDY.replace("steps =", "total_timesteps ="))
    assert project.tfrl("run", "fake", "--plan") == 2
    assert "unknown key total_timesteps (did you mean steps?)" in capsys.readouterr().err


def test_every_name_of_ours_is_one():
    pipelines = ("dqn", "reinforce", "ppo", "apo", "apo_parallel")
    known = {name for one in pipelines for name in Engine().config(one).__dataclass_fields__}
    known |= {"steps", "every", "episodes"}
    assert {own for names in aliases.OURS.values() for own in names} <= known


def test_the_page_has_them_all():
    text = PAGE.read_text()
    for theirs, names in aliases.OURS.items():
        ours = ", ".join(f"`{name}`" for name in names)
        assert f"| `{theirs}` | {ours} | {aliases.NOTES.get(theirs, '')} |" in text


def test_hyperparameters_are_shown_with_defaults_and_meaning(project, capsys):
    assert project.tfrl("hyperparameters", "apo", engine=Engine()) == 0
    out = capsys.readouterr().out
    assert "lambda_value" in out and "lambda of generalized advantage estimation" in out
    assert "num_anchor_episodes" in out and "K, number of anchor episodes" in out
    assert project.tfrl("hyperparameters", "nonsense", engine=Engine()) == 2
    assert "unknown pipeline 'nonsense'" in capsys.readouterr().err
