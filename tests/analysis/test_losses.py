"""Losses over seeds, computed by hand."""

import pandas as pd

from tfrl.analysis.losses import over_seeds

KEYS = {"environment": "cartpole", "configuration": "ppo"}


def logged(seed, steps, values, name="loss"):
    rows = zip(steps, values, strict=True)
    return [{**KEYS, "seed": seed, "step": s, "name": name, "value": v} for s, v in rows]


def test_a_seed_counts_with_its_mean_over_a_fortieth_of_training():
    rows = [
        *logged(0, [10, 90, 150], [1.0, 3.0, 8.0]),  # 2 and 8
        *logged(1, [20, 160], [4.0, 6.0]),
        *logged(2, [30], [9.0]),
        *logged(2, [4_000], [5.0], name="entropy"),  # the end of training is in the last fortieth
    ]
    result = over_seeds(pd.DataFrame(rows), steps=4_000)
    assert result.drop(columns=list(KEYS)).to_numpy().tolist() == [
        ["entropy", 4_000, 5.0, 5.0, 5.0, 1],
        ["loss", 100, 4.0, 2.0, 9.0, 3],
        ["loss", 200, 7.0, 6.0, 8.0, 2],
    ]


def test_without_losses_there_are_no_curves():
    nothing = pd.DataFrame(columns=[*KEYS, "seed", "step", "name", "value"])
    assert over_seeds(nothing.astype({"step": int, "value": float}), 10).empty
