import re

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure

from tfrl.report import labels, style, units, wording

from . import synthetic
from .reading import contrast


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(498.25, 1, "498.2"), (-12.4, 0, "−12"), (-0.3, 0, "0"), (200_000, 0, "200,000")],
)
def test_numbers(value, places, text):
    assert wording.number(value, places) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (441.31, 509.78, "441 to 510"),
        (495.612, 499.307, "495.6 to 499.3"),
        (-0.0123, 0.0457, "−0.012 to 0.046"),
        (np.nan, np.nan, ""),
        (500.0, 500.0, "no spread among most seeds"),
    ],
)
def test_an_interval_has_the_digits_it_warrants(low, high, text):
    assert wording.interval(low, high).replace("\N{NO-BREAK SPACE}", " ") == text


def test_how_often_intervals_hold_is_said_where_that_is_not_in_95_percent():
    def said(counts, *kinds):
        return wording.holding(counts, *kinds).replace("\N{NO-BREAK SPACE}", " ")

    assert said([19, 20], "mean") == (
        "Near n = 20 the interval of the mean contains the true value in 86% of simulated "
        "repetitions where most scores are at a cap and in 84% where a tenth of the seeds "
        "collapse, not in 95%."
    )
    assert said([5, 20, 0], "mean", "median") == (
        "At n = 5 these contain the true value in 93% to 97% of simulated repetitions, but where "
        "most scores are at a cap: mean 83%, median 100%; where a tenth of the seeds collapse: "
        "mean 47%."
    )
    assert said([20], "growth") == said([1], "mean") == said([], "mean") == ""
    assert wording.holding_shares([0]) == ""
    assert "contains it in 92% to 98% of repetitions" in wording.holding_shares([10, 20])


def test_agents_are_seen_on_a_light_and_on_a_dark_page():
    light, dark = style.PAGE
    for colour in (*(own for _, own in style.AGENTS.values()), *style.FURTHER):
        assert contrast(colour, light) > 2
        assert contrast(style.DARK.get(colour, colour), dark) > 3
    assert contrast(style.DARK[labels.INK], dark) > 7 < contrast(labels.INK, light)
    assert contrast(style.DARK[labels.FAINT], dark) > 4.5 < contrast(labels.FAINT, light)


def test_a_line_of_steps_is_where_it_was():
    figure = Figure(figsize=(4, 3))
    axes = figure.add_axes((0, 0, 1, 1))
    x, y = np.random.default_rng(0).uniform(0, 1, (2, 300))
    axes.plot(x, y, color="#123456")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    with rc_context({"path.simplify": False}):
        drawn = re.search(r'd="M([^"]*)"[^>]*stroke: #123456', style.to_svg(figure))[1]
    steps = [re.findall(r"-?[0-9]*\.?[0-9]+", part) for part in drawn.split("l")]
    places = np.array(steps, float).cumsum(axis=0)[:300]  # Matplotlib adds the last one again
    np.testing.assert_allclose(places, np.stack([288 * x, 216 * (1 - y)], axis=1), atol=0.02)


def test_lists():
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"


def test_known_agents_have_their_colours_and_others_are_told_apart():
    looks = style.looks(synthetic.study(("dqn", "ppo", "ppo-stock", "apo", "mine")))
    assert looks["ppo"] == style.Look("PPO", "#E69F00")
    assert looks["apo"] == style.Look("APO", "#0072B2")
    assert looks["ppo-stock"].label == "ppo-stock"
    assert len({look.colour for look in looks.values()}) == 5
    assert len({"solid", looks["ppo-stock"].dash, looks["mine"].dash}) == 3


def test_a_badge_says_all_counts_adjusted_for_being_many():
    words = {"gap": "gap", "reverse": "better", "none": "none", "inconclusive": "inconclusive"}

    def badge(*found):
        return units.badge(pd.DataFrame(found, columns=["verdict", "p"]), words)

    assert badge(("gap", 0.001), ("reverse", 0.001), ("none", 0.9)) == (
        "gap in 1, better in 1, none in 1, of 3"
    )
    # Alone it excludes 0, among ten it does not.
    assert badge(("gap", 0.03)) == "gap"
    assert badge(("gap", 0.03), *[("none", 0.9)] * 9) == "none in 9, inconclusive in 1, of 10"
    assert badge(*[("none", float("nan"))] * 2) == "none in both" and badge() == "not known"
