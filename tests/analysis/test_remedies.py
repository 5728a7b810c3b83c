import numpy as np
import pandas as pd
import pytest

from tfrl.analysis import remedies
from tfrl.analysis.overfitting import Measure

SUCCESS = Measure("success", 0.0, 1.0)


def gaps(reference, score, seeds=None):
    reference, score = np.asarray(reference, float), np.asarray(score, float)
    seeds = np.arange(len(score)) if seeds is None else seeds
    return pd.DataFrame(
        {"tested": "E", "seed": seeds, "reference": reference, "score": score}
        | {"gap": reference - score, "learned": True}
    )


def compare(plain, remedy):
    return remedies.paired(plain, remedy, ["tested"], SUCCESS).to_dict("records")


def test_the_change_of_a_gap_by_hand():
    plain = gaps([1.0, 0.9, 1.0, 0.8, 0.9, 1.0], [0.2, 0.3, 0.1, 0.2, 0.2, 0.2])
    remedy = gaps([0.9, 0.9, 0.8, 0.9, 0.9, 0.9], [0.6, 0.5, 0.5, 0.6, 0.6, 0.6])
    (row,) = compare(plain, remedy)
    before, after = np.array([8, 6, 9, 6, 7, 8]) / 10, np.array([3, 4, 3, 3, 3, 3]) / 10
    assert (row["gap_plain"], row["gap_remedy"]) == pytest.approx((0.75, 0.3))
    assert row["narrowed"] == pytest.approx(np.median(before - after))
    assert row["n"] == 6 and row["verdict"] == "gap"
    # The 95% interval of six seeds is from the minimum to the maximum.
    assert (row["narrowed_low"], row["narrowed_high"]) == pytest.approx((0.2, 0.6))
    assert row["score"] == pytest.approx(0.4) and row["reference"] == pytest.approx(-0.05)


def test_only_seeds_with_both_runs_are_compared():
    (row,) = compare(gaps([1, 1, 1], [0, 0.5, 0.2]), gaps([1, 1], [1, 0.7], seeds=[0, 2]))
    assert row["n"] == 2 and row["narrowed"] == pytest.approx(0.75)
    assert compare(gaps([1], [0], seeds=[0]), gaps([1], [0], seeds=[1])) == []


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ([0.2, 0.21, 0.19, 0.2, 0.22, 0.18], "gap"),
        ([-0.2, -0.21, -0.19, -0.2, -0.22, -0.18], "reverse"),
        ([0.01, -0.01, 0.0, 0.0, 0.02, -0.02], "none"),
        ([0.3, -0.3, 0.2, -0.1, 0.1, -0.2], "undecided"),
        ([0.3] * 5, "no gap detected"),  # five seeds cannot show a gap
    ],
)
def test_verdicts(change, verdict):
    score = np.full(len(change), 0.5)
    (row,) = compare(gaps(score + 0.4, score), gaps(score + 0.4, score + change))
    assert row["verdict"] == verdict


def test_without_a_gap_the_verdict_is_no_gap():
    even = [0.5, 0.52, 0.48, 0.5, 0.51, 0.49]
    (row,) = compare(gaps(even, even), gaps(even, np.array(even) + 0.2))
    assert row["verdict"] == "no gap detected" and row["narrowed"] == pytest.approx(0.2)


def test_only_seeds_that_learned_in_both_runs_are_compared():
    plain, remedy = gaps([1.0] * 8, [0.2] * 8), gaps([1.0] * 8, [0.6] * 8)
    plain.loc[1, "learned"] = remedy.loc[6, "learned"] = False
    (row,) = compare(plain, remedy)
    assert row["n"] == 6 and row["narrowed"] == pytest.approx(0.4)
    (row,) = compare(plain, remedy.assign(learned=[True] * 2 + [False] * 6))
    assert row["n"] == 1
