import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tfrl.analysis import generalization, levels, overfitting, thresholds
from tfrl.analysis.overfitting import Measure
from tfrl.analysis.returns import RUN
from tfrl.conditions import HELD_OUT

SUCCESS = Measure("success", 0.0, 1.0)
EPISODES = 100


def played(
    seed, step, split, variation, returns, policy="greedy", configuration="ppo", levels=None
):
    count = len(returns)
    return pd.DataFrame(
        {"environment": "e", "configuration": configuration, "seed": seed, "step": step}
        | {"split": split, "variation": variation, "policy": policy}
        | {"level": np.arange(count) if levels is None else levels, "episode": np.arange(count)}
        | {"return": np.asarray(returns, float), "length": 1}
    )


def evaluations(*parts):
    return pd.concat([played(*part) for part in parts], ignore_index=True)


def gap_frame(values, tested="held-out", reference=1.0, step=100, configuration="ppo"):
    """Gaps of one configuration, a seed each."""
    return pd.DataFrame(
        {"environment": "e", "configuration": configuration, "seed": np.arange(len(values))}
        | {"step": step, "policy": "greedy", "tested": tested, "reference": reference}
        | {"score": reference - np.asarray(values, float), "gap": np.asarray(values, float)}
        | {"learned": reference >= SUCCESS.margin}
    )


def verdict(values, reference=1.0, episodes=EPISODES):
    (row,) = overfitting.verdicts(
        gap_frame(values, reference=reference), SUCCESS, episodes
    ).to_dict("records")
    return row


def test_scores_by_hand():
    frame = evaluations(
        (0, 100, "training", "D", [195, 200, 194, 10]),
        (0, 100, "held-out", "D", [194.9, 10, 10, 195]),
    )
    found = overfitting.scores(frame, 195.0).set_index("split")
    assert found["success"].to_dict() == {"training": 0.5, "held-out": 0.25}
    assert found.loc["training", "return"] == 599 / 4
    assert (found["episodes"] == 4).all()
    assert overfitting.scores(frame, None)["success"].isna().all()


def test_gaps_by_hand():
    frame = evaluations(
        (0, 100, "training", "R", [1, 1, 1, 0]),
        (0, 100, "held-out", "R", [1, 0, 1, 0]),
        (0, 100, "shifted", "E", [0, 0, 0, 1]),
        (0, 100, "shifted", "grid", [0, 0, 0, 0]),  # a map, not a distribution
        (1, 100, "training", "R", [1, 1, 1, 1]),
        (1, 100, "held-out", "R", [1, 1, 1, 1]),
        (1, 100, "shifted", "E", [1, 1, 1, 1]),
        (1, 50, "held-out", "R", [0, 0, 0, 0]),  # of another step
    )
    found = overfitting.gaps(overfitting.scores(frame, 1.0), SUCCESS)
    rows = found.set_index(["seed", "tested"])[["reference", "score", "gap"]]
    assert rows.loc[(0, "held-out")].tolist() == [0.75, 0.5, 0.25]
    assert rows.loc[(0, "E")].tolist() == [0.5, 0.25, 0.25]
    assert rows.loc[(1, "held-out")].tolist() == [1, 1, 0]
    assert rows.loc[(1, "E")].tolist() == [1, 1, 0] and len(rows) == 4


def test_means_over_seeds_are_the_naive_ones():
    rng = np.random.default_rng(0)
    counts = {("a", 0): 1, ("a", 100): 5, ("b", 0): 2, ("b", 100): 20}
    parts = [
        gap_frame(rng.normal(size=count), step=step, configuration=name)
        for (name, step), count in counts.items()
    ]
    found = overfitting.over_seeds(pd.concat(parts), ["configuration", "step"], "gap")
    for (name, step), part in zip(counts, parts, strict=True):
        row = found[(found["configuration"] == name) & (found["step"] == step)].iloc[0]
        values = part["gap"].to_numpy()
        assert row["n"] == len(values) and row["mean"] == pytest.approx(values.mean())
        if len(values) > 1:
            theirs = stats.ttest_1samp(values, 0).confidence_interval(0.95)
            assert (row["low"], row["high"]) == pytest.approx((theirs.low, theirs.high))
        else:
            assert np.isnan(row["low"]) and row["note"] == "one seed, so no interval"


def test_seeds_that_are_all_equal_get_the_interval_of_one_episode_gone_the_other_way():
    for n in (2, 5, 20):
        equal = overfitting.over_seeds(gap_frame([0.25] * n), ["step"], "gap", 0.01).iloc[0]
        nudged = overfitting.over_seeds(gap_frame([0.26, *[0.25] * (n - 1)]), ["step"], "gap", 0.01)
        widths = [row["high"] - row["low"] for row in (equal, nudged.iloc[0])]
        assert widths[0] == pytest.approx(widths[1]) and equal["note"] == f"all {n} seeds equal"
        bare = overfitting.over_seeds(gap_frame([0.25] * n), ["step"], "gap").iloc[0]
        assert np.isnan(bare["low"]) and bare["note"] == f"all {n} seeds equal"


@pytest.mark.parametrize(
    ("values", "reference", "expected"),
    [
        ([0.30, 0.40, 0.35, 0.33, 0.41], 1.0, "gap"),
        ([-0.30, -0.40, -0.35, -0.33, -0.41], 0.5, "reverse"),
        ([0.01, -0.01, 0.02, 0.00, -0.02], 0.9, "none"),
        ([0.00, 0.30, -0.20, 0.10, 0.00], 0.9, "inconclusive"),  # too wide
        ([-0.50, 0.10, -0.20, -0.40, 0.20], 0.5, "inconclusive"),
        ([0.0] * 5, 1.0, "none"),  # success everywhere
        ([0.0] * 2, 1.0, "inconclusive"),  # two seeds bound nothing
        ([0.5] * 5, 1.0, "gap"),
        ([0.4], 1.0, "inconclusive"),
    ],
)
def test_verdicts(values, reference, expected):
    assert verdict(values, reference)["verdict"] == expected


def test_an_agent_that_learned_nothing_is_not_said_to_be_free_of_overfitting():
    row = verdict([0.0] * 5, reference=0.0)
    assert row["verdict"] == "inconclusive" and row["note"] == "too little was learned to lose"
    assert row["n"] == 0 and row["runs"] == 5
    assert verdict([0.0] * 5, reference=0.06)["verdict"] == "none"


def test_a_return_of_unknown_range_has_no_margin_but_a_gap_is_still_found():
    unknown = overfitting.mean_return("gymnasium:LunarLander-v3")
    found = [
        overfitting.verdicts(gap_frame(values, reference=200.0), unknown, 100)["verdict"].item()
        for values in ([0.1, -0.1, 0.0], [50, 51, 49])
    ]
    assert found == ["inconclusive", "gap"]


def test_what_more_training_adds_is_paired_by_seed():
    # Seeds differ far more than the two evaluations of each: only pairing sees the growth.
    base = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    growth = np.array([0.10, 0.11, 0.09, 0.12, 0.08])
    frame = pd.concat([gap_frame(base, step=50), gap_frame(base + growth, step=100)])
    (row,) = overfitting.widening(frame, 50, 100, SUCCESS, EPISODES).to_dict("records")
    theirs = stats.ttest_rel(base + growth, base).confidence_interval(0.95)
    assert row["mean"] == pytest.approx(0.1) and row["verdict"] == "gap" and row["n"] == 5
    assert (row["low"], row["high"]) == pytest.approx((theirs.low, theirs.high))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [([0, 50, 100], 50), ([0, 40, 80, 100], 40), ([0, 100], None), ([0, 60, 100], None)],
)
def test_the_middle_evaluation(steps, expected):
    assert overfitting.middle(steps, 100) == expected


def test_the_matrix_and_its_summaries_by_hand():
    rates = {"DD": 1.0, "DR": 0.8, "DE": 0.4, "RD": 0.9, "RR": 0.7, "RE": 0.25, "EE": 0.5}
    parts = []
    for cell, rate in rates.items():
        trained, tested = cell
        split = "held-out" if trained == tested else "shifted"
        wins = (np.arange(20) < 20 * rate).astype(float)
        part = played(0, 100, split, tested, wins).assign(environment=trained)
        losses = played(0, 100, "training", trained, np.zeros(20)).assign(environment=trained)
        other = played(0, 100, split, tested, np.zeros(20), "stochastic").assign(
            environment=trained
        )
        parts += [part, losses, other, part.assign(step=50, **{"return": 0.0})]
    scored = overfitting.scores(pd.concat(parts), 1.0).drop_duplicates()
    cells = generalization.matrix(scored, 100)
    assert dict(zip(cells["trained"] + cells["tested"], cells["success"], strict=True)) == rates
    (row,) = generalization.summaries(cells).to_dict("records")
    assert row["default"] == 1.0 and row["interpolation"] == 0.7
    assert row["extrapolation"] == pytest.approx(stats.gmean([0.8, 0.4, 0.25]))


def test_a_summary_of_which_a_part_is_missing_is_missing():
    cells = pd.DataFrame(
        {"configuration": "ppo", "seed": [0, 0, 0, 1], "trained": list("DDDD")}
        | {"tested": ["D", "R", "E", "D"], "success": [1.0, 0.5, 0.0, 1.0]}
    )
    found = generalization.summaries(cells)
    assert found["default"].tolist() == [1, 1]
    assert found[["interpolation", "extrapolation"]].isna().all(axis=None)


def test_the_average_over_environments_is_of_seeds_that_all_have():
    def summary(*defaults):
        seeds = {"configuration": "ppo", "seed": np.arange(len(defaults)), "default": defaults}
        return pd.DataFrame(seeds | {"interpolation": 0.5, "extrapolation": 0.5})

    found = generalization.averaged([summary(1.0, 0.8, 0.6), summary(0.5, 0.2)])
    assert found["default"].tolist()[:2] == [0.75, 0.5] and np.isnan(found["default"].iloc[2])


def test_cells_are_those_of_the_levels():
    levels = HELD_OUT + np.arange(205, 405)  # two blocks of the grid, beginning anywhere
    wins = (levels % 100 < 40).astype(float)
    frame = pd.concat(
        [
            played(0, 100, "shifted", "grid", wins, levels=levels),
            played(1, 100, "shifted", "grid", np.ones(200), levels=levels),
            played(0, 50, "shifted", "grid", np.ones(200), levels=levels),
            played(0, 100, "shifted", "grid", np.ones(200), "stochastic", levels=levels),
            played(0, 100, "held-out", "D", np.ones(200)),
        ]
    )
    found = generalization.cells(frame, 1.0, 100, 100).set_index("cell")
    assert len(found) == 100 and (found["n"] == 2).all()
    assert (found.loc[:39, "success"] == 1).all() and (found.loc[40:, "success"] == 0.5).all()


ANSWERS = np.random.default_rng(7).integers(4, size=2**16)  # of four actions, which solves a level


def answer(levels):
    return ANSWERS[levels % len(ANSWERS)]


def memoriser(levels, known):
    """Looks up the levels it was trained on; elsewhere, always the first action."""
    return np.where(levels < known, answer(levels), 0)


def blind(levels, known):
    """Never looks at the level."""
    return np.zeros(len(levels), int)


def verdicts_on(policy, rng, levels, repetitions, seeds=5):
    """Verdicts on a policy that was trained on the first levels, each on runs of its own."""
    ranges = {"training": (0, levels), "held-out": (HELD_OUT, 2 * HELD_OUT)}
    runs = repetitions * seeds
    parts = []
    for split, bounds in ranges.items():
        drawn = rng.integers(*bounds, size=runs * EPISODES)
        wins = policy(drawn, levels) == answer(drawn)
        part = played(0, 100, split, "D", wins, levels=drawn)
        run = np.repeat(np.arange(runs), EPISODES)
        parts.append(part.assign(configuration=run // seeds, seed=run % seeds))
    gaps = overfitting.gaps(overfitting.scores(pd.concat(parts), 1.0), SUCCESS)
    return overfitting.verdicts(gaps, SUCCESS, EPISODES)


def test_a_planted_memoriser_is_found():
    found = verdicts_on(memoriser, np.random.default_rng(0), levels=10, repetitions=50)
    assert (found["verdict"] == "gap").all()
    assert (found["low"] > 0.5).all() and (found["reference"] == 1).all()


def test_a_policy_blind_to_the_level_is_rarely_found_guilty():
    # As many training levels as can hold every action in its share, so that there is no gap.
    found = verdicts_on(blind, np.random.default_rng(1), levels=2**15, repetitions=400)
    assert ((found["low"] <= 0) & (found["high"] >= 0)).mean() >= 0.9
    assert (found["n"] == 5).all() and len(found) == 400


def of_easy_and_hard_levels(rng, repetitions, seeds, known, skills):
    """Evaluations, each at one of the steps, of agents that solve an easy level more often.

    Every repetition trains on other levels, each as easy as chance has it.

    Args:
      known: how many levels are trained on; None for all.
      skills: of each step, by which the ease of a level is multiplied.
    """
    shape = (repetitions, seeds, EPISODES)
    talent = np.clip(rng.normal(1, 0.15, shape[:2])[..., None], 0, 1.5)
    of_level = rng.beta(1.5, 3, (repetitions, known or 1))
    configuration, seed, _ = (axis.ravel() for axis in np.indices(shape))
    parts = []
    for step, skill in enumerate(skills):
        number = np.arange(seeds * EPISODES).reshape(seeds, EPISODES)
        number = number + rng.integers(1_000, size=shape[:2])[..., None]
        ease = {"held-out": rng.beta(1.5, 3, shape), "training": rng.beta(1.5, 3, shape)}
        if known:
            number = number % known
            ease["training"] = of_level[np.arange(repetitions)[:, None, None], number]
        for split, easy in ease.items():
            wins = rng.random(shape) < np.clip(easy * talent * skill, 0, 1)
            part = {"environment": "e", "configuration": configuration, "seed": seed, "step": step}
            part |= {"split": split, "variation": "D", "policy": "greedy", "level": number.ravel()}
            parts.append(pd.DataFrame(part | {"return": wins.ravel().astype(float)}))
    return pd.concat(parts)


def covers(found):
    return ((found["low"] <= 0) & (found["high"] >= 0)).mean()


@pytest.mark.parametrize("known", [5, 10, 100, None])
@pytest.mark.parametrize("seeds", [5, 20])
def test_that_few_levels_are_easy_or_hard_by_chance_is_no_overfitting(known, seeds):
    frame = of_easy_and_hard_levels(np.random.default_rng(3), 200, seeds, known, [1.0])
    gaps = overfitting.gaps(overfitting.scores(frame, 1.0), SUCCESS)
    played = levels.played(frame, "success", 1.0)
    found = overfitting.verdicts(gaps, SUCCESS, EPISODES, played)
    assert len(found) == 200 and covers(found) >= 0.9
    if known == 10:
        assert covers(overfitting.verdicts(gaps, SUCCESS, EPISODES)) < 0.75


def test_that_skill_grows_on_few_levels_is_no_growth_of_overfitting():
    # Five times as skilled at the end, and more so on easy levels: of ten, they are more or fewer.
    frame = of_easy_and_hard_levels(np.random.default_rng(4), 200, 20, 10, [0.2, 1.0])
    gaps = overfitting.gaps(overfitting.scores(frame, 1.0), SUCCESS)
    played = levels.played(frame, "success", 1.0)
    assert covers(overfitting.widening(gaps, 0, 1, SUCCESS, EPISODES, played)) >= 0.9
    assert covers(overfitting.widening(gaps, 0, 1, SUCCESS, EPISODES)) < 0.85


def test_what_levels_add_is_the_naive_sum_over_clusters():
    frame = of_easy_and_hard_levels(np.random.default_rng(5), 1, 3, 4, [1.0])
    frame = frame[frame["split"] == "training"]
    played = levels.played(frame, "success", 1.0)
    runs = frame[[*RUN, "step", "policy"]].drop_duplicates().assign(weight=1.0)
    (row,) = levels.variance(runs, played, ["configuration"]).to_dict("records")
    mean, size = frame["return"].mean(), len(frame)
    expected = 0.0
    for keys, sign in ((["level"], 1), (["level", "seed"], -1)):
        sums = [((part["return"] - mean) / size).sum() for _, part in frame.groupby(keys)]
        expected += sign * np.square(sums).sum() * len(sums) / (len(sums) - 1)
    assert row["of_levels"] == pytest.approx(max(expected, 0)) and row["levels"] == 4


def test_only_seeds_that_learned_are_judged():
    good, idle = gap_frame([0.3, 0.31, 0.32]), gap_frame([0.0, 0.0], reference=0.01)
    frame = pd.concat([good, idle.assign(seed=idle["seed"] + 3)])
    (row,) = overfitting.verdicts(frame, SUCCESS, EPISODES).to_dict("records")
    assert (row["runs"], row["n"], row["verdict"]) == (5, 3, "gap")
    assert row["gap"] == pytest.approx(0.31) and row["reference"] == 1.0


def test_what_a_constant_action_does_is_not_taken_for_learning():
    frame = evaluations(
        (0, 100, "held-out", "E", np.arange(100) < 83),
        (0, 100, "shifted", "D", np.zeros(100)),
        (1, 100, "held-out", "E", np.arange(100) < 85),
        (1, 100, "shifted", "D", np.zeros(100)),
    )
    floors = overfitting.floors("MountainCar-v0", SUCCESS)  # 79% on E, and 5 points more
    found = overfitting.gaps(overfitting.scores(frame, 1.0), SUCCESS, floors)
    assert found["learned"].tolist() == [False, True] and floors["D"] == 0


def test_what_is_lost_by_not_training_there_by_hand():
    parts = []
    rates = {("D", "D"): 0.9, ("D", "E"): 0.4, ("E", "E"): 0.6, ("E", "D"): 0.8}
    for seed in (0, 1):
        for (trained, tested), rate in rates.items():
            split = "held-out" if trained == tested else "shifted"
            wins = np.arange(20) < round(20 * (rate - (0.1 * seed if tested == "E" else 0)))
            parts.append(played(seed, 100, split, tested, wins).assign(environment=trained))
    scores = overfitting.scores(pd.concat(parts), 1.0)
    floors = overfitting.floors("CartPole-v0", SUCCESS)
    found = generalization.lost(scores, SUCCESS, floors, {"D": 1.0, "E": 1.0})
    rows = found.set_index(["environment", "seed"])["gap"]
    assert rows["D", 0] == pytest.approx(0.2) and rows["E", 1] == pytest.approx(0.1)
    assert found["learned"].all() and len(found) == 4
    # None with as many levels was trained there: it cannot be told apart.
    assert generalization.lost(scores, SUCCESS, floors, {"D": 1.0, "E": 2.0}).empty


@pytest.mark.parametrize(("rate", "spread"), [(0.98, 0.0), (0.5, 0.0), (0.7, 0.15), (1.0, 0.0)])
def test_intervals_of_no_gap_cover_zero_and_of_a_planted_one_exclude_it(rate, spread):
    # A run succeeds at a rate of its own; five seeds of 100 episodes a split.
    rng = np.random.default_rng(2)
    repetitions, seeds = 2_000, 5
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
        return overfitting.verdicts(frame, SUCCESS, EPISODES)

    none = judge(held_out)
    assert ((none["low"] <= 0) & (none["high"] >= 0)).mean() >= 0.93
    assert (judge(planted)["verdict"] == "gap").mean() >= 0.95


def test_what_is_known_of_the_environments():
    assert thresholds.success("gymnasium:CartPole-v0") == 195
    assert thresholds.success("LunarLander-v3") is None
    for name, limit in thresholds.SUCCESS.items():
        low, high = thresholds.return_range(name)
        assert low < limit <= high
    assert overfitting.success("Maze-v0") == SUCCESS
    assert overfitting.mean_return("MountainCar-v0").margin == 10
    assert RUN == ["environment", "configuration", "seed"]
