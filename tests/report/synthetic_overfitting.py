"""Synthetic results of studies of overfitting: success falls on levels not trained on."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from tfrl import variations
from tfrl.harness.studies.study import Configuration, Environment, Evaluation, Study
from tfrl.variations import FIRST_TEST_LEVEL, LevelConfig

from . import synthetic

IDS = {"cartpole": "CartPole-v0", "mountaincar": "MountainCar-v0", "acrobot": "Acrobot-v1"}
WON_LOST = {  # the least and most return of an episode that succeeds, and of one that does not
    "CartPole-v0": ((195, 200), (20, 190)),
    "MountainCar-v0": ((-110, -85), (-200, -120)),
    "Acrobot-v1": ((-79, -65), (-500, -90)),
    "Maze-v0": ((1, 1), (0, 0)),
}
ABILITY = {"dqn": 0.75, "reinforce": 0.85, "ppo": 0.97, "apo": 0.99}  # in CartPole, at the end
HARDER = {"CartPole-v0": 1.0, "MountainCar-v0": 0.0, "Acrobot-v1": 0.6, "Maze-v0": 1.0}
KEPT = {
    "DD": 1,
    "DR": 0.8,
    "DE": 0.4,
    "RD": 1,
    "RR": 0.95,
    "RE": 0.65,
    "ED": 0.7,
    "ER": 0.85,
    "EE": 0.8,
}


def generalization(families=tuple(IDS), seeds=10, episodes=100, configurations=tuple(ABILITY)):
    """After studies/generalization.toml."""
    environments = [
        Environment(f"{name}-{own}", IDS[name], LevelConfig(own, None, tested(name, own)))
        for name in families
        for own in "DRE"
    ]
    chosen = tuple(Configuration(name, name.split("_")[0], {}) for name in configurations)
    return study("Generalization to other physics", environments, chosen, seeds, 50_000, episodes)


def tested(name, variation):
    grid = (variations.GRID,) if name == "cartpole" else ()
    return (*(other for other in "DRE" if other != variation), *grid)


def levels(seeds=10, episodes=100, counts=(10, 100, 1_000, 10_000, None)):
    """After studies/levels.toml."""
    environments = [
        Environment(
            f"maze-{count or 'unbounded'}", "Maze-v0", LevelConfig("D", count, ("perfect",))
        )
        for count in counts
    ]
    bonus = {"entropy_regularization": 0.01}
    decay = {"policy_l2_reg": 1e-4, "value_function_l2_reg": 1e-4}
    chosen = (
        Configuration("ppo", "ppo", {}),
        Configuration("apo", "apo", {}),
        Configuration("ppo_entropy", "ppo", bonus),
        Configuration("ppo_l2", "ppo", decay),
    )
    return study("Generalization to unseen mazes", environments, chosen, seeds, 200_000, episodes)


def study(title, environments, configurations, seeds, steps, episodes):
    name = title.split()[-1]
    return Study(
        name=name,
        path=Path(f"studies/{name}.toml"),
        title=title,
        seeds=tuple(range(seeds)),
        steps=steps,
        evaluation=Evaluation(steps // 5, episodes),
        environments=tuple(environments),
        configurations=configurations,
    )


def success_rate(run, split, variation, share, talent):
    """Returns the success rate of one run after a share of its training; `talent` is the seed's."""
    environment, configuration = run.environment, run.configuration
    trained, known = environment.level_config.variation, environment.level_config.levels
    kept = KEPT.get(trained + variation, 0.75 if variation != trained else 1.0)
    ability = HARDER[environment.id] * ABILITY.get(configuration.pipeline, 0.9) * talent
    rate = ability * kept * share**0.4
    if known is not None and split != "training":
        memorised = 0.4 if "entropy_regularization" in configuration.hyperparameters else 0.75
        rate = rate * (1 - memorised * share * (10 / known) ** 0.4)
    return np.clip(rate, 0, 1)


def one_run(study, run, rng):
    """The evaluations of one run."""
    talent = np.clip(1 - rng.gamma(1, 0.03), 0, 1)
    at = np.arange(0, study.steps + 1, study.evaluation.every)
    count = study.evaluation.episodes
    own = run.environment.level_config
    parts = [("training", own.variation), ("held-out", own.variation)]
    parts += [("shifted", variation) for variation in own.test]
    evaluations = []
    for split, variation in parts:
        for policy in ("greedy", "stochastic"):
            share = (at / study.steps)[:, None]
            rate = success_rate(run, split, variation, share, talent)
            if variation == variations.GRID:
                rate = share * over_grid(run, np.arange(count) % 100) * talent
            wins = rng.random((len(at), count)) < rate * (1 if policy == "greedy" else 0.93)
            won, lost = (
                np.round(rng.uniform(low, high, wins.shape))
                for low, high in WON_LOST[run.environment.id]
            )
            returns = np.where(wins, won, lost)
            level = 0 if split == "training" else FIRST_TEST_LEVEL - FIRST_TEST_LEVEL % 100
            part = synthetic.played(at, split, variation, policy, returns, level)
            if split == "training" and own.levels:
                part["level"] %= own.levels
            evaluations.append(part)
    return pd.concat(evaluations, ignore_index=True)


def over_grid(run, cell):
    """Returns the success rate in each cell of CartPole's grid: highest around the default."""
    force, length = cell % 10, cell // 10
    distance = np.hypot(force - 4, length - 4) / 8
    reach = {"D": 0.45, "R": 0.7, "E": 0.95}[run.environment.level_config.variation]
    return 1 / (1 + np.exp((distance - reach) / 0.08))


def results(planned, failed=(), missing=(), seed=1):
    """Returns results without the runs (environment, configuration, seed) that are named."""
    evaluations, rows = [], []
    for index, run in enumerate(planned.runs()):
        rng = np.random.default_rng([seed, index])
        key = (run.environment.name, run.configuration.name, run.seed)
        status = "failed" if key in failed else "missing" if key in missing else "finished"
        rows.append(synthetic.ledger_row(run, status, rng))
        if status == "finished":
            evaluations.append(synthetic.label(one_run(planned, run, rng), run))
    nothing = synthetic.empty(planned)
    return replace(
        nothing,
        runs=synthetic.categorical(pd.DataFrame(rows), planned),
        evaluations=synthetic.categorical(
            synthetic.stacked([nothing.evaluations, *evaluations]), planned
        ),
    )


@cache
def of_generalization():
    return results(generalization(), failed=[("cartpole-R", "dqn", 3)])


@cache
def of_levels():
    return results(levels())
