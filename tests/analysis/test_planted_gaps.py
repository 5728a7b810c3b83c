"""Verdicts on policies that are known to overfit or not to overfit."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.analysis.evaluated import EPISODES, SUCCESS, of_easy_and_hard_levels, played
from tfrl.analysis import level_variance, overfitting
from tfrl.analysis.returns import RUN
from tfrl.variations import FIRST_TEST_LEVEL

ANSWERS = np.random.default_rng(7).integers(
    4, size=2**16
)  # the action that solves each level, of four


def answer(levels):
    return ANSWERS[levels % len(ANSWERS)]


def memoriser(levels, known):
    """Solves the levels it was trained on; elsewhere it always takes the first action."""
    return np.where(levels < known, answer(levels), 0)


def blind(levels, known):
    """Ignores the level."""
    return np.zeros(len(levels), int)


def verdicts_on(policy, rng, levels, repetitions, seeds=6):
    """Returns verdicts on a policy that was trained on the first levels, each with its own runs."""
    ranges = {"training": (0, levels), "held-out": (FIRST_TEST_LEVEL, 2 * FIRST_TEST_LEVEL)}
    runs = repetitions * seeds
    parts = []
    for split, bounds in ranges.items():
        drawn = rng.integers(*bounds, size=runs * EPISODES)
        wins = policy(drawn, levels) == answer(drawn)
        part = played(0, 100, split, "D", wins, levels=drawn)
        run = np.repeat(np.arange(runs), EPISODES)
        parts.append(part.assign(configuration=run // seeds, seed=run % seeds))
    gaps = overfitting.gaps(overfitting.scores(pd.concat(parts), 1.0), SUCCESS)
    return overfitting.verdicts(gaps, SUCCESS)


def test_a_planted_memoriser_is_detected():
    result = verdicts_on(memoriser, np.random.default_rng(0), levels=10, repetitions=50)
    assert (result["verdict"] == "gap").all()
    assert (result["low"] > 0.5).all() and (result["reference"] == 1).all()


def test_a_policy_that_ignores_the_level_rarely_has_a_gap():
    # Training levels enough for every action to have its share, so the true gap is 0.
    result = verdicts_on(blind, np.random.default_rng(1), levels=2**15, repetitions=400)
    assert ((result["low"] <= 0) & (result["high"] >= 0)).mean() >= 0.9
    assert (result["n"] == 6).all() and len(result) == 400


def covers(result):
    return ((result["low"] <= 0) & (result["high"] >= 0)).mean()


@pytest.mark.parametrize("known", [5, 10, 100, None])
@pytest.mark.parametrize("seeds", [6, 20])
def test_easy_or_hard_training_levels_are_not_overfitting(known, seeds):
    frame = of_easy_and_hard_levels(np.random.default_rng(3), 200, seeds, known, [1.0])
    gaps = overfitting.gaps(overfitting.scores(frame, 1.0), SUCCESS)
    level_scores = level_variance.level_scores(frame, "success", 1.0)
    result = overfitting.verdicts(gaps, SUCCESS, 1, level_scores)
    assert len(result) == 200 and covers(result) >= 0.9
    if known == 10:
        assert covers(overfitting.verdicts(gaps, SUCCESS)) < 0.75 + 0.15 * (seeds == 6)


def test_growing_skill_on_few_levels_is_not_growing_overfitting():
    # Skill grows fivefold, with more effect on easy levels, whose number among ten is random.
    frame = of_easy_and_hard_levels(np.random.default_rng(4), 200, 20, 10, [0.2, 1.0])
    gaps = overfitting.gaps(overfitting.scores(frame, 1.0), SUCCESS)
    level_scores = level_variance.level_scores(frame, "success", 1.0)
    assert covers(overfitting.widening(gaps, 0, 1, SUCCESS, 1, level_scores)) >= 0.9
    assert covers(overfitting.widening(gaps, 0, 1, SUCCESS)) < 0.85


def test_level_variance_agrees_with_a_naive_sum_over_clusters():
    frame = of_easy_and_hard_levels(np.random.default_rng(5), 1, 3, 4, [1.0])
    frame = frame[frame["split"] == "training"]
    level_scores = level_variance.level_scores(frame, "success", 1.0)
    runs = frame[[*RUN, "step", "policy"]].drop_duplicates().assign(weight=1.0)
    (row,) = level_variance.variance(runs, level_scores, ["configuration"]).to_dict("records")
    mean, size = frame["return"].mean(), len(frame)
    expected = 0.0
    for keys, sign in ((["level"], 1), (["level", "seed"], -1)):
        sums = [((part["return"] - mean) / size).sum() for _, part in frame.groupby(keys)]
        expected += sign * np.square(sums).sum() * len(sums) / (len(sums) - 1)
    assert row["of_levels"] == pytest.approx(max(expected, 0)) and row["levels"] == 4


@pytest.mark.parametrize(("rate", "spread"), [(0.98, 0.0), (0.5, 0.0), (0.7, 0.15), (1.0, 0.0)])
def test_intervals_cover_zero_without_a_gap_and_exclude_it_with_a_planted_one(rate, spread):
    # Each run has its own success rate; six seeds, 100 episodes per split.
    rng = np.random.default_rng(2)
    repetitions, seeds = 1_000, 6
    rates = np.clip(rng.normal(rate, spread, (repetitions, seeds)), 0, 1)
    training, held_out = (rng.binomial(EPISODES, rates) / EPISODES for _ in range(2))
    planted = rng.binomial(EPISODES, np.clip(rates - 0.3, 0, 1)) / EPISODES

    def judge(tested):
        frame = pd.DataFrame(
            {"environment": "e", "configuration": "ppo", "policy": "greedy", "tested": "held-out"}
            | {"step": np.repeat(np.arange(repetitions), seeds)}
            | {"seed": np.tile(np.arange(seeds), repetitions)}
            | {"reference": training.ravel(), "score": tested.ravel()}
            | {"learned": True}
        )
        frame = frame.assign(gap=frame["reference"] - frame["score"])
        return overfitting.verdicts(frame, SUCCESS)

    none = judge(held_out)
    assert ((none["low"] <= 0) & (none["high"] >= 0)).mean() >= 0.93
    assert (judge(planted)["verdict"] == "gap").mean() >= 0.95


@pytest.mark.parametrize("family", [1, 20])
def test_level_variance_widens_verdicts_by_students_t(family):
    """A share of the error is reserved for the choice of levels; computed by hand."""
    frame = of_easy_and_hard_levels(np.random.default_rng(6), 1, 12, 10, [1.0])
    gaps = overfitting.gaps(overfitting.scores(frame, 1.0), SUCCESS)
    level_scores = level_variance.level_scores(frame, "success", 1.0)
    runs = gaps[[*RUN, "step", "policy"]].assign(weight=1.0)
    variance = level_variance.variance(runs, level_scores, ["configuration"])["of_levels"].item()
    assert variance > 0
    shared = pd.DataFrame({"configuration": [0], "of_levels": variance, "levels": 10})
    plain, wide = (
        overfitting.typical(gaps, ["configuration"], "gap", count, chance).iloc[0]
        for count, chance in ((family / 0.8, None), (family, shared))
    )
    slack = stats.t.ppf(1 - 0.2 * 0.05 / family / 2, 9) * np.sqrt(variance)
    assert wide["high"] == pytest.approx(plain["high"] + slack)
    assert wide["low"] == pytest.approx(plain["low"] - slack)
    result = overfitting.verdicts(gaps, SUCCESS, family, level_scores).iloc[0]
    expected = [max(wide["low"], -1), min(wide["high"], 1)]
    assert result[["low", "high"]].tolist() == pytest.approx(expected)


def test_level_variance_does_not_affect_gaps_to_a_variation():
    frame = of_easy_and_hard_levels(np.random.default_rng(8), 1, 12, 10, [1.0])
    gaps = overfitting.gaps(overfitting.scores(frame, 1.0), SUCCESS)
    both = pd.concat([gaps, gaps.assign(tested="E")])
    level_scores = level_variance.level_scores(frame, "success", 1.0)
    with_levels, without = (
        overfitting.verdicts(both, SUCCESS, 1, chance).set_index("tested")[["low", "high"]]
        for chance in (level_scores, None)
    )
    assert with_levels.loc["E"].tolist() == without.loc["E"].tolist()
    assert with_levels.loc["held-out", "low"] < without.loc["held-out", "low"]
