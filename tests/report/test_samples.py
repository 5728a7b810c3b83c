"""What the second question says of medians that are known, overlap, or lie beyond the budget."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tfrl.report.performance import samples

NAMES = ("dqn", "ppo", "apo")
GROUND = SimpleNamespace(
    threshold=475,
    goal="475",
    lacking=lambda name: "",
    steps=1_000,
    looks={name: SimpleNamespace(label=name.upper()) for name in NAMES},
)


def answer(*medians):
    """The answer if these are the agents' medians with their intervals, of ten seeds each."""
    rows = [
        {"configuration": name, "median": median, "low": low, "high": high}
        for name, (median, low, high) in zip(NAMES, medians, strict=False)
    ]
    fixed = {"event": "first", "unit": "steps", "n": 10, "solved": 1.0, "note": "in part"}
    frame = pd.DataFrame(rows, dtype=object).infer_objects().assign(**fixed)
    return samples.answer(GROUND, SimpleNamespace(medians=frame))


def test_intervals_apart_name_the_agent_and_ask_for_no_more_seeds():
    found = answer((100, 80, 140), (300, 250, 400))
    assert found.outcome == "DQN"
    assert "seeds)." in found.evidence[0] and "more seeds" not in found.evidence[0]


def test_overlapping_intervals_say_how_many_more_seeds_would_part_them():
    # They reach 40 each towards each other and lie 50 apart: 10 x (80 / 50)^2 = 25.6.
    found = answer((150, 110, 200), (100, 80, 140))
    assert found.outcome == "PPO or DQN"
    assert found.evidence[0].endswith(
        "; about 16 more seeds each would part the intervals of PPO and DQN."
    )


def test_many_more_seeds_are_said_to_two_digits():
    # They reach 40 each and lie 6 apart: 10 x (80 / 6)^2 = 1,778, and ten there are.
    found = answer((106, 66, 150), (100, 60, 140))
    assert "; about 1,800 more seeds each would part" in found.evidence[0]


def test_of_several_the_pair_is_named_that_needs_fewest():
    found = answer((100, 80, 140), (110, 90, 150), (150, 110, 200))
    assert found.outcome == "inconclusive"
    assert "about 16 more seeds each would part the intervals of DQN and APO." in found.evidence[0]


def test_equal_medians_are_not_parted_by_any_number_of_seeds():
    text = answer((100, 80, 140), (100, 90, 120)).evidence[0]
    assert "more than 10,000 seeds each would be needed to part the intervals of" in text


@pytest.mark.parametrize(
    "other",
    [(np.nan, 120, np.nan), (130, 110, np.nan)],
    ids=["less than half solved it", "no upper end"],
)
def test_what_lies_beyond_the_budget_is_not_guessed(other):
    least = (100, 80, np.nan) if np.isfinite(other[0]) else (100, 80, 140)
    text = answer(least, other).evidence[0]
    assert "the seeds needed to part them are not known, as intervals end beyond" in text
