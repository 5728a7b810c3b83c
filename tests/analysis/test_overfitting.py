"""Gaps and verdicts, by hand and compared with naive references."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.analysis.evaluated import SUCCESS, played
from tfrl.analysis import benchmarks, overfitting
from tfrl.analysis.returns import RUN
from tfrl.analysis.sign_test import Differences


def evaluations(*parts):
    return pd.concat([played(*part) for part in parts], ignore_index=True)


def gap_frame(values, tested="held-out", reference=1.0, step=100, configuration="ppo"):
    """Returns gaps of one configuration, one per seed."""
    return pd.DataFrame(
        {"environment": "e", "configuration": configuration, "seed": np.arange(len(values))}
        | {"step": step, "policy": "greedy", "tested": tested, "reference": reference}
        | {"score": reference - np.asarray(values, float), "gap": np.asarray(values, float)}
        | {"learned": reference >= SUCCESS.margin}
    )


def verdict(values, reference=1.0, family=1):
    frame = gap_frame(values, reference=reference)
    (row,) = overfitting.verdicts(frame, SUCCESS, family).to_dict("records")
    return row


def test_scores_by_hand():
    frame = evaluations(
        (0, 100, "training", "D", [195, 200, 194, 10]),
        (0, 100, "held-out", "D", [194.9, 10, 10, 195]),
    )
    result = overfitting.scores(frame, 195.0).set_index("split")
    assert result["success"].to_dict() == {"training": 0.5, "held-out": 0.25}
    assert result.loc["training", "return"] == 599 / 4
    assert (result["episodes"] == 4).all()
    assert overfitting.scores(frame, None)["success"].isna().all()


def test_gaps_by_hand():
    frame = evaluations(
        (0, 100, "training", "R", [1, 1, 1, 0]),
        (0, 100, "held-out", "R", [1, 0, 1, 0]),
        (0, 100, "shifted", "E", [0, 0, 0, 1]),
        (0, 100, "shifted", "grid", [0, 0, 0, 0]),  # the physics map is left out
        (1, 100, "training", "R", [1, 1, 1, 1]),
        (1, 100, "held-out", "R", [1, 1, 1, 1]),
        (1, 100, "shifted", "E", [1, 1, 1, 1]),
        (1, 50, "held-out", "R", [0, 0, 0, 0]),  # at another step
    )
    result = overfitting.gaps(overfitting.scores(frame, 1.0), SUCCESS)
    rows = result.set_index(["seed", "tested"])[["reference", "score", "gap"]]
    assert rows.loc[(0, "held-out")].tolist() == [0.75, 0.5, 0.25]
    assert rows.loc[(0, "E")].tolist() == [0.5, 0.25, 0.25]
    assert rows.loc[(1, "held-out")].tolist() == [1, 1, 0]
    assert rows.loc[(1, "E")].tolist() == [1, 1, 0] and len(rows) == 4


def test_means_over_seeds_agree_with_a_naive_loop():
    rng = np.random.default_rng(0)
    counts = {("a", 0): 1, ("a", 100): 5, ("b", 0): 2, ("b", 100): 20}
    parts = [
        gap_frame(rng.normal(size=count), step=step, configuration=name)
        for (name, step), count in counts.items()
    ]
    result = overfitting.over_seeds(pd.concat(parts), ["configuration", "step"], "gap")
    for (name, step), part in zip(counts, parts, strict=True):
        row = result[(result["configuration"] == name) & (result["step"] == step)].iloc[0]
        values = part["gap"].to_numpy()
        assert row["n"] == len(values) and row["mean"] == pytest.approx(values.mean())
        if len(values) > 1:
            theirs = stats.ttest_1samp(values, 0).confidence_interval(0.95)
            assert (row["low"], row["high"]) == pytest.approx((theirs.low, theirs.high))
        else:
            assert np.isnan(row["low"]) and row["note"] == "one seed, so no interval"


def test_the_interval_of_the_typical_value_agrees_with_the_binomial_distribution():
    values = np.random.default_rng(1).normal(size=20)
    for family, outer in ((1, 6), (20, 3), (10_000, 1)):
        frame = gap_frame(values)
        (row,) = overfitting.typical(frame, ["step"], "gap", family).to_dict("records")
        ordered = np.sort(values)
        assert (row["low"], row["high"]) == (ordered[outer - 1], ordered[-outer])
        # The next narrower interval has too little coverage.
        held = [1 - 2 * stats.binom.cdf(cut - 1, 20, 0.5) for cut in (outer, outer + 1)]
        assert held[0] >= 1 - 0.05 / family > held[1]
        assert row["typical"] == np.median(values)
    few = overfitting.typical(gap_frame(values[:5]), ["step"], "gap").iloc[0]
    assert np.isnan(few["low"]) and few["note"] == "too few seeds"


@pytest.mark.parametrize(
    ("values", "reference", "expected"),
    [
        ([0.30, 0.40, 0.35, 0.33, 0.41, 0.36], 1.0, "gap"),
        ([-0.30, -0.40, -0.35, -0.33, -0.41, -0.36], 0.5, "reverse"),
        ([0.01, -0.01, 0.02, 0.00, -0.02, 0.00], 0.9, "none"),
        ([0.00, 0.30, -0.20, 0.10, 0.00, 0.00], 0.9, "undecided"),  # too wide
        ([0.0] * 6, 1.0, "none"),  # success everywhere
        ([0.0] * 5, 1.0, "undecided"),  # five seeds have no interval
        ([0.5] * 6, 1.0, "gap"),
        ([0.4], 1.0, "undecided"),
        ([-0.30] * 6, 0.5, "reverse"),  # far below 0
    ],
)
def test_verdicts(values, reference, expected):
    assert verdict(values, reference)["verdict"] == expected


def test_a_family_of_questions_takes_more_seeds():
    assert verdict([0.5] * 6, family=2)["verdict"] == "undecided"
    assert verdict([0.5] * 6, family=2)["note"] == "too few seeds"
    assert verdict([0.5] * 7, family=2)["verdict"] == "gap"


def test_an_agent_that_learned_nothing_is_undecided():
    row = verdict([0.0] * 6, reference=0.0)
    assert row["verdict"] == "undecided" and row["note"] == "too little was learned to lose"
    assert row["n"] == 0 and row["runs"] == 6
    assert verdict([0.0] * 6, reference=0.06)["verdict"] == "none"


def test_without_a_margin_a_gap_can_still_be_detected():
    unknown = overfitting.mean_return("gymnasium:LunarLander-v3")
    result = [
        overfitting.verdicts(gap_frame(values, reference=200.0), unknown)["verdict"].item()
        for values in ([0.1, -0.1, 0.0] * 2, [50, 51, 49] * 2)
    ]
    assert result == ["undecided", "gap"]


def test_widening_is_paired_by_seed():
    # Seeds differ far more than the two evaluations of one seed, so only pairing shows the growth.
    base = np.array([0.1, 0.3, 0.5, 0.7, 0.9, 0.2])
    growth = np.array([0.10, 0.11, 0.09, 0.12, 0.08, 0.10])
    frame = pd.concat([gap_frame(base, step=50), gap_frame(base + growth, step=100)])
    (row,) = overfitting.widening(frame, 50, 100, SUCCESS).to_dict("records")
    assert row["typical"] == pytest.approx(0.1) and row["verdict"] == "gap" and row["n"] == 6
    assert (row["low"], row["high"]) == pytest.approx((0.08, 0.12))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [([0, 50, 100], 50), ([0, 40, 80, 100], 40), ([0, 100], None), ([0, 60, 100], None)],
)
def test_the_middle_evaluation(steps, expected):
    assert overfitting.middle(steps, 100) == expected


def test_only_seeds_that_learned_are_judged():
    good = gap_frame([0.3, 0.31, 0.32, 0.3, 0.32, 0.31])
    idle = gap_frame([0.0, 0.0], reference=0.01)
    frame = pd.concat([good, idle.assign(seed=idle["seed"] + 6)])
    (row,) = overfitting.verdicts(frame, SUCCESS).to_dict("records")
    assert (row["runs"], row["n"], row["verdict"]) == (8, 6, "gap")
    assert row["gap"] == pytest.approx(0.31) and row["reference"] == 1.0


def test_scores_of_a_constant_action_do_not_count_as_learned():
    frame = evaluations(
        (0, 100, "held-out", "E", np.arange(100) < 83),
        (0, 100, "shifted", "D", np.zeros(100)),
        (1, 100, "held-out", "E", np.arange(100) < 85),
        (1, 100, "shifted", "D", np.zeros(100)),
    )
    floors = overfitting.floors("MountainCar-v0", SUCCESS)  # 79% on E; the margin adds 5 points
    result = overfitting.gaps(overfitting.scores(frame, 1.0), SUCCESS, floors)
    assert result["learned"].tolist() == [False, True] and floors["D"] == 0


def test_measures_of_the_environments():
    assert benchmarks.get("gymnasium:CartPole-v0").success == 195
    assert benchmarks.get("LunarLander-v3").success is None
    for known in benchmarks.BENCHMARKS.values():
        if known.success is not None:
            assert known.returns[0] < known.success <= known.returns[1]
    assert overfitting.success("Maze-v0") == SUCCESS
    assert overfitting.mean_return("MountainCar-v0").margin == 10
    assert RUN == ["environment", "configuration", "seed"]


@pytest.mark.parametrize("seen", [np.ones(4), np.array([1.0, 0.0, 1.0, 1.0])])
def test_one_training_level_gives_no_interval(seen):
    """Ten seeds trained on one level all lose 1 on held-out levels."""
    gaps = gap_frame(np.ones(10))
    level_scores = pd.DataFrame(
        {"environment": "e", "configuration": "ppo", "seed": np.arange(10), "step": 100}
        | {"policy": "greedy", "level": 7, "total": float(seen.sum()), "count": len(seen)}
    )
    (row,) = overfitting.verdicts(gaps, SUCCESS, 1, level_scores).to_dict("records")
    assert (row["verdict"], row["note"]) == ("undecided", "one level")


def test_level_variance_widens_an_interval_by_students_t():
    """A fifth of 5% is reserved for five levels with a variance of 0.0004."""
    values = gap_frame(np.linspace(0.1, 0.5, 20))
    by = ["environment", "configuration", "step", "policy", "tested"]
    shared = values[by].drop_duplicates().assign(of_levels=0.0004, levels=5)
    (alone,), (wide,) = (
        overfitting.typical(values, by, "gap", 2, one).to_dict("records") for one in (None, shared)
    )
    slack = 0.02 * stats.t.ppf(1 - 0.2 * 0.05 / 2 / 2, 4)
    # Seeds have four fifths of the error, which moves each end to the next seed.
    seeds = Differences.within(values["gap"].to_numpy()).interval(1 - 0.8 * 0.05 / 2)
    assert (wide["low"], wide["high"]) == pytest.approx((seeds[0] - slack, seeds[1] + slack))
    assert wide["low"] < alone["low"] and wide["high"] > alone["high"]
