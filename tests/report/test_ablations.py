"""What is said of an ablation, from differences made by hand."""

from types import SimpleNamespace

import pandas as pd

from tfrl.report.performance import ablations

LOOKS = {name: SimpleNamespace(label=name.upper()) for name in ("ppo", "apo", "weak")}


def row(a, b, measure, difference, verdict):
    ends = {"low": difference - 1, "high": difference + 1, "difference_note": ""}
    sizes = {"n_a": 10, "n_b": 10, "p_holm": 0.01}
    return {"a": a, "b": b, "measure": measure, "difference": difference, "verdict": verdict} | (
        ends | sizes
    )


def test_what_is_more_and_what_is_less_is_said_of_each_measure():
    found = pd.DataFrame(
        [
            row("apo", "ppo", "final", 0.5, "inconclusive"),
            row("weak", "ppo", "final", 0.5, "inconclusive"),
            row("apo", "ppo", "area", 30, "a higher"),
            row("weak", "ppo", "area", -20, "b higher"),
            row("apo", "ppo", "drawdown", -40, "b higher"),
            row("weak", "ppo", "drawdown", 50, "a higher"),
            row("weak", "apo", "final", 0.5, "inconclusive"),
        ]
    )
    answer = ablations.answer(SimpleNamespace(looks=LOOKS), found)
    assert answer.outcome == "4 of 7 comparisons are conclusive"
    against_ppo, against_apo = (text.replace("\xa0", " ") for text in answer.evidence)
    assert against_ppo == (
        "Against PPO (n = 10): return over all of training higher with APO by 30.0 (29.0 to 31.0), "
        "lower with WEAK by 20.0 (19.0 to 21.0); maximum drawdown larger with WEAK by 50.0 (49.0 "
        "to 51.0), smaller with APO by 40.0 (39.0 to 41.0); inconclusive in final return."
    )
    assert against_apo == "Against APO (n = 10): inconclusive in final return."


def test_an_interval_that_covers_0_is_shown_as_it_is():
    wide = row("weak", "ppo", "drawdown", -10, "b higher") | {"low": -22.0, "high": 2.0}
    answer = ablations.answer(SimpleNamespace(looks=LOOKS), pd.DataFrame([wide]))
    said = answer.evidence[0].replace("\xa0", " ")
    assert "smaller with WEAK by 10 (−2 to 22; p = 0.010)" in said
