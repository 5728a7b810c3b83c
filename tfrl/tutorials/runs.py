"""Runs over seeds, as DataFrames."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from tfrl.pipelines import Pipeline

_PUBLISHED = Path(__file__).parents[2] / "reports"


def train(
    pipeline: "str | type[Pipeline]",
    environment: str = "CartPole-v1",
    *,
    seeds: Iterable[int],
    steps: int,
    every: int | None = None,
    episodes: int = 10,
    **hyperparameters: Any,
) -> pd.DataFrame:
    """Trains an agent once for each seed and returns how its greedy policy did along the way.

    Args:
      pipeline: a name such as "dqn", or a class of your own.
      environment: the id of an environment.
      seeds: a run each. The same seed gives the same bits.
      steps: length of training, in environment steps.
      every: environment steps between evaluations; a tenth of `steps` if not given.
      episodes: episodes of one evaluation.
      **hyperparameters: of the pipeline's config; the others have their defaults.

    Returns:
      A row for each evaluation: seed, step, return (the mean over the episodes).
    """
    from tfrl import pipelines
    from tfrl.training import Trainer

    kind = pipelines.resolve(pipeline) if isinstance(pipeline, str) else pipeline
    config = kind.Config(**hyperparameters)
    trainer = Trainer(kind, config, environment, steps, every or steps // 10, episodes)
    frames = []
    for seed in seeds:
        rows = pd.DataFrame(trainer.run(seed).evaluations)
        rows = rows[(rows["policy"] == "greedy") & (rows["split"] == "training")]
        mean = rows.groupby("step", as_index=False)["return"].mean()
        frames.append(mean.assign(seed=seed)[["seed", "step", "return"]])
    return pd.concat(frames, ignore_index=True)


def load_evaluations(study: str) -> pd.DataFrame:
    """Returns the evaluations of a published study, which come with the clone.

    Args:
      study: such as "cartpole".

    Returns:
      A row for each evaluation of each run that finished: environment, configuration, seed, step,
      return (the mean over held-out levels, of the policy that is judged).

    Raises:
      FileNotFoundError: the study is not published, or this is not a clone of the project.
    """
    from tfrl.harness import published_results

    path = _PUBLISHED / study / "published.json"
    published = published_results.read(path)
    if published is None:
        raise FileNotFoundError(
            f"{path} does not exist: open the lessons in a clone of the project"
        )
    rows = [
        (*key, mark.step, mark.score)
        for key, outcome in published.outcomes.items()
        for mark in outcome.marks
    ]
    return pd.DataFrame(
        rows, columns=["environment", "configuration", "seed", "step", "return"]
    ).sort_values(["environment", "configuration", "seed", "step"], ignore_index=True)
