"""Numbers and comparisons as text."""

import numpy as np
import pandas as pd
import pytest

from tfrl.analysis import comparisons
from tfrl.report.estimates import PERCENT, IntervalEstimate, interval, number, value, with_interval
from tfrl.report.filters import all_of
from tfrl.report.pairwise import pairs, ranking

NO_BREAK = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("given", "digits", "expected"),
    [
        (66.5, 0, "67"),
        (67.5, 0, "68"),
        (-66.5, 0, "\N{MINUS SIGN}67"),
        (0.125, 2, "0.13"),
        (-0.2, 0, "0"),
        (1234567.0, 0, "1,234,567"),
        (np.nan, 0, ""),
    ],
)
def test_halves_are_rounded_away_from_zero(given, digits, expected):
    assert number(given, digits) == expected


def test_an_interval_that_excludes_a_line_does_not_round_to_it():
    share = IntervalEstimate(0.81, 0.5004, 0.97, unit=PERCENT, excluded=0.5)
    assert interval(share) == f"50.04%{NO_BREAK}to{NO_BREAK}97.00%"
    assert interval(IntervalEstimate(0.81, 0.504, 0.97, unit=PERCENT, excluded=0.5)).startswith(
        "50.4%"
    )
    assert (
        with_interval(IntervalEstimate(0.8, 0.5004, 0.97, unit=PERCENT))
        == f"80% (50%{NO_BREAK}to{NO_BREAK}97%)"
    )
    assert value(IntervalEstimate(np.nan, note="no run")) == "no run"


def test_counts_agree_with_their_noun():
    assert all_of(1, "gap") == "The gap is" and all_of(2, "gap") == "Both gaps are"
    assert all_of(1_200, "gap") == "All 1,200 gaps are"


def compared(**agents):
    frames = [
        pd.DataFrame({"configuration": name, "seed": range(len(scores)), "score": scores})
        for name, scores in agents.items()
    ]
    scores = pd.concat(frames).assign(environment="e")
    return pairs(comparisons.compare(scores, {"e": 20.0}))


def test_ties_are_counted():
    (pair,) = compared(a=[500.0] * 8, b=[500.0] * 6 + [100.0] * 2)
    assert pair.tied == 0.75 and pair.won.value == 0.5 + 0.25 / 2


def test_equivalent_agents_are_named_and_are_not_the_nearest_pair():
    rng = np.random.default_rng(0)
    fallen = np.r_[np.full(7, 200.0), 500 - rng.random(13)]
    found = compared(a=500 - rng.random(20), b=500 - rng.random(20), c=fallen)
    ranks = ranking(found, "abc")
    assert set(ranks.equivalent) == {"a", "b"} and ranks.outcome == "undecided"
    assert ranks.nearest is None or "c" in (ranks.nearest.a, ranks.nearest.b)


def test_several_measures_are_one_family():
    scores = pd.DataFrame(
        [
            ("e", name, seed, float(seed + 100 * (name == "b")))
            for name in "ab"
            for seed in range(6)
        ],
        columns=["environment", "configuration", "seed", "score"],
    )
    one, two = (comparisons.compare(scores, {"e": 5.0}, measures=k) for k in (1, 2))
    assert two["p_corrected"].item() == 2 * one["p_corrected"].item()
    assert one["verdict"].item() == "b higher" and two["verdict"].item() == "undecided"
