"""What is said of an ablation, from differences made by hand."""

from types import SimpleNamespace

import pandas as pd

from tfrl.report.performance import ablations

LOOKS = {name: SimpleNamespace(label=name.upper()) for name in ("ppo", "apo", "weak")}


def row(a, b, measure, difference, verdict):
    ends = {"low": difference - 1, "high": difference + 1, "difference_note": ""}
    sizes = {"n_a": 10, "n_b": 10}
    return {"a": a, "b": b, "measure": measure, "difference": difference, "verdict": verdict} | (
        ends | sizes
    )


def test_more_return_is_better_and_more_drawdown_is_worse():
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
        "Against PPO (n = 10): return over all of training better with APO by 30.0 (29.0 to 31.0), "
        "worse with WEAK by 20.0 (19.0 to 21.0); maximum drawdown better with APO by 40.0 (39.0 to "
        "41.0), worse with WEAK by 50.0 (49.0 to 51.0); inconclusive in final return."
    )
    assert against_apo == "Against APO (n = 10): inconclusive in final return."
