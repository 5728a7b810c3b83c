"""What is said of an ablation, from differences made by hand."""

from types import SimpleNamespace

import pandas as pd

from tfrl.report.performance import ablations

GROUND = SimpleNamespace(
    looks={name: SimpleNamespace(label=name.upper()) for name in ("ppo", "apo", "weak", "k1")},
    environment=SimpleNamespace(id="CartPole-v1"),
)


def row(a, b, measure, difference, verdict):
    ends = {"low": difference - 1, "high": difference + 1, "difference_note": ""}
    sizes = {
        "n_a": 10,
        "n_b": 10,
        "p_holm": 0.01,
        "seeds_needed": 10 + abs(difference),
        "seeds_least": 8,
    }
    return {"a": a, "b": b, "measure": measure, "difference": difference, "verdict": verdict} | (
        ends | sizes | {"seeds_note": "", "seeds_least": 8}
    )


FOUND = pd.DataFrame(
    [
        row("weak", "apo", "final", 5, "inconclusive"),
        row("k1", "apo", "final", 3, "inconclusive"),
        row("weak", "apo", "area", -20, "b higher"),
        row("k1", "apo", "area", -30, "b higher"),
        row("apo", "ppo", "final", 5, "inconclusive"),
        row("apo", "ppo", "area", 30, "a higher"),
        row("weak", "ppo", "area", -20, "b higher"),
        row("apo", "ppo", "drawdown", -40, "b higher"),
        row("weak", "ppo", "drawdown", 50, "a higher"),
    ]
)


def test_the_answer_is_two_sentences_and_numbers_the_largest_differences():
    answer = ablations.answer(GROUND, FOUND)
    assert answer.outcome == "6 of 9 comparisons are conclusive"
    assert [text.replace("\xa0", " ") for text in answer.evidence] == [
        "Against plain APO (n = 10): return over all of training lower with K1 by 30.0 (29.0 to "
        "31.0), and by less with WEAK; final return inconclusive (K1, the nearest: 3 more seeds "
        "needed).",
        "Against plain PPO (n = 10): return over all of training higher with APO by 30.0 (29.0 to "
        "31.0), lower with WEAK by 20.0 (19.0 to 21.0); final return inconclusive (APO, the "
        "nearest: 5 more seeds needed).",
    ]
    verdict = ablations.verdict(GROUND, FOUND)
    assert verdict.claim == "CartPole-v1: what helps?"
    assert verdict.outcome == "none better, 2 worse" and verdict.evidence == answer.evidence[:1]


def test_below_the_figures_all_is_said_of_each_measure():
    said = ablations.details(GROUND, "ppo", FOUND[FOUND["b"] == "ppo"]).replace("\xa0", " ")
    assert said == (
        "Against PPO (n = 10): return over all of training higher with APO by 30.0 (29.0 to 31.0), "
        "lower with WEAK by 20.0 (19.0 to 21.0); maximum drawdown larger with WEAK by 50.0 (49.0 "
        "to 51.0), smaller with APO by 40.0 (39.0 to 41.0); inconclusive in final return."
    )


def test_an_interval_that_covers_0_is_shown_as_it_is():
    wide = row("weak", "ppo", "drawdown", -10, "b higher") | {"low": -22.0, "high": 2.0}
    said = ablations.details(GROUND, "ppo", pd.DataFrame([wide])).replace("\xa0", " ")
    assert "smaller with WEAK by 10 (−2 to 22; p = 0.010)" in said


def test_a_study_that_can_decide_nothing_says_so_first():
    answer = ablations.answer(GROUND, FOUND.assign(seeds_least=11))
    assert answer.evidence[0] == (
        "10 seeds of each can give no verdict among 4 comparisons, however far apart they are: "
        "that takes 11."
    )
    assert len(answer.evidence) == 3
