import numpy as np
import pandas as pd
import pytest

from tfrl.report import style, units, wording

from . import synthetic


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
        (500.0, 500.0, "no spread in at least 95% of resamples"),
    ],
)
def test_an_interval_has_the_digits_it_warrants(low, high, text):
    assert wording.interval(low, high).replace("\N{NO-BREAK SPACE}", " ") == text


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
    assert badge(*[("none", float("nan"))] * 2) == "none in all 2" and badge() == "not known"
