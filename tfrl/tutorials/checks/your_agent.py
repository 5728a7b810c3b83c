"""Checks of lesson 10."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfrl.tutorials.exercise import Wrong, attempt, exercise, near, number, numbers

if TYPE_CHECKING:
    from tfrl.harness.studies.study_file import StudyFile

_OPTIMIST = "optimist:OptimistPipeline"


@exercise
def optimistic(answer: Callable[[list[float]], Any]) -> None:
    """Normalized advantages without the negative ones."""
    values = np.ravel(numbers(attempt(answer, [1.0, 2.0, 3.0, 6.0])))
    normalized = np.array([-2.0, -1.0, 0.0, 3.0]) / np.sqrt(3.5)
    if len(values) != 4:
        raise Wrong("Return as many numbers as you get: a negative one becomes 0.")
    if near(values, [1, 2, 3, 6]):
        raise Wrong("These are not normalized: subtract the mean, and divide by the deviation.")
    if near(values, np.array([1, 2, 3, 6]) / np.sqrt(3.5)):
        raise Wrong("Subtract the mean before you divide.")
    if near(values, [0, 0, 0, 3]):
        raise Wrong("Divide by the standard deviation, `np.std`.")
    if near(values, np.abs(normalized)):
        raise Wrong("That turns bad news into good news. What is negative becomes 0.")
    if near(values, np.minimum(normalized, 0)):
        raise Wrong("That keeps the bad news, and takes the good news away.")
    if (values < 0).any():
        raise Wrong("A negative number is left. Normalize first, then set what is negative to 0.")
    if not near(values, np.maximum(normalized, 0)):
        raise Wrong("For 1, 2, 3, 6 the mean is 3, and the answer is 0, 0, 0, 1.60.")
    values = np.ravel(numbers(attempt(answer, [-3.0, -1.0, 1.0, 3.0])))
    if (values < 0).any():
        raise Wrong("A negative number is left. Normalize first, then set what is negative to 0.")
    if not near(values, np.array([0, 0, 1, 3]) / np.sqrt(5)):
        raise Wrong("Normalize the advantages as they come, and only then set numbers to 0.")


@exercise
def study(answer: str) -> None:
    """A study of two configurations on new seeds."""
    if not isinstance(answer, str):
        raise Wrong("The study is a text, between three quotation marks.")
    if "..." in answer:
        raise Wrong("Replace each `...`: the seeds, and the table of the second configuration.")
    file = _parse(answer)
    if file.steps != 20_000:
        raise Wrong("Leave the steps as they are, or you compare with another budget.")
    if set(file.seeds) & set(range(10)):
        raise Wrong("Seeds 0 to 9 were used above. Choose others.")
    if len(file.seeds) != 10:
        raise Wrong(f'There should be ten seeds, such as "10-19"; yours are {len(file.seeds)}.')
    if [one.id for one in file.environments.values()] != ["CartPole-v1"]:
        raise Wrong("Leave the environment as it is, or you compare in another task.")
    if file.configurations.keys() != {"optimist", "few"}:
        names = ", ".join(file.configurations)
        raise Wrong(f"The configurations should be optimist and few; yours are {names}.")
    first, few = (file.configurations[name] for name in ("optimist", "few"))
    if {first.pipeline, few.pipeline} != {_OPTIMIST}:
        raise Wrong(f'Both are the optimist: pipeline = "{_OPTIMIST}".')
    hyperparameters = dict(few.model_extra or {})
    if "num_epochs" not in hyperparameters:
        raise Wrong("`few` needs a line for it: the number of epochs is called `num_epochs`.")
    if hyperparameters.pop("num_epochs") != 5:
        raise Wrong("The second configuration should have five epochs.")
    if hyperparameters or dict(first.model_extra or {}) not in ({}, {"num_epochs": 20}):
        raise Wrong("Only the number of epochs of the second configuration should differ.")


def _parse(text: str) -> "StudyFile":
    from tfrl.harness.errors import StudyError
    from tfrl.harness.studies import study_file

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.toml"
        path.write_text(text)
        try:
            return study_file.parse(path)
        except StudyError as error:
            raise Wrong(f"tfrl says: {str(error).removeprefix(f'{path}: ')}.") from None


@exercise
def honest_score(answer: Callable[[dict[str, list[float]], dict[str, list[float]]], Any]) -> None:
    """The score of a tuned agent on seeds that did not choose it."""
    tuning = {"a": [1.0, 9.0], "b": [6.0, 6.0], "c": [4.0, 4.0], "d": [5.5, 5.5]}
    other = {"a": [8.0, 8.0], "b": [6.5, 1.5], "c": [2.0, 2.0], "d": [9.0, 9.0]}
    value = attempt(answer, tuning, other)
    if value == "b":
        raise Wrong("That is the right configuration. Return its score.")
    if np.ndim(numbers(value)):
        raise Wrong("Return the mean of the other seeds, one number.")
    value = number(value)
    wrong = {
        9.0: "That is the best score on the other seeds. They must not choose.",
        6.0: "That is the score on the seeds that chose it, and too high on average.",
        8.0: "Compare the means of the configurations, not their best seeds.",
        5.0: "Leave the tuning seeds out of the score: they have been used to choose.",
        2.0: "That is the configuration with the lowest mean. More is better.",
    }
    if value in wrong:
        raise Wrong(wrong[value])
    if value != 4.0:
        raise Wrong("Choose by the mean of the tuning seeds. Return the mean of the other seeds.")
    if not near(attempt(answer, {"x": [1.0], "y": [0.0]}, {"x": [-3.0], "y": [5.0]}), -3.0):
        raise Wrong("Report what you find, also if another configuration does better there.")
