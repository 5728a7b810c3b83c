"""What is lost on unseen levels and under other physics, in sentences."""

from collections.abc import Sequence

import pandas as pd
from scipy import stats

from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.overfitting import HELD_OUT
from tfrl.harness.study import Environment
from tfrl.report.blocks import Answer
from tfrl.report.overfitting import findings
from tfrl.report.overfitting.findings import Family
from tfrl.report.style import Looks
from tfrl.report.units import VERDICTS, badge, estimates, unit
from tfrl.report.wording import listed, plural

TOGETHER = "harder or not generalised: cannot be told apart"


def unseen(families: Sequence[Family], looks: Looks) -> list[Answer]:
    """What is lost on levels that are not among a finite number trained on."""
    sentences: list[str] = []
    found: list[pd.DataFrame] = []
    for family in (family for family in families if family.finite):
        rows = able(family)
        rows = rows[rows["tested"] == HELD_OUT]
        fewest = min(family.finite, key=lambda e: e.conditions.num_levels)
        mine = rows[rows["environment"] == fewest.name]
        sentences.append(
            f"Trained on {plural(fewest.conditions.num_levels, 'level')} of {family.id}, "
            f"{unit(family.measure).noun} on unseen ones is lower by: "
            f"{estimates(mine, _names(mine, looks), unit(family.measure))}."
        )
        if len(family.finite) > 1:
            sentences.append(_enough(family, rows, looks))
        found.append(rows[rows["environment"].isin([e.name for e in family.finite])])
    claim = "Levels never trained on"
    return [Answer(claim, badge(pd.concat(found), VERDICTS), tuple(sentences))] if found else []


def able(family: Family) -> pd.DataFrame:
    """The final verdicts on agents that learned something to lose."""
    rows = family.last(family.verdicts)
    return rows[rows["n"] > 0]


def _enough(family: Family, rows: pd.DataFrame, looks: Looks) -> str:
    """Up to how many levels there is a gap."""
    counts = {e.name: e.conditions.num_levels for e in family.finite}
    by_count: dict[int, list[str]] = {}
    for name, look in looks.items():
        mine = rows[(rows["configuration"] == name) & (rows["verdict"] == "gap")]
        most = max((counts[where] for where in mine["environment"] if where in counts), default=0)
        by_count.setdefault(most, []).append(look.label)
    parts = []
    for most, names in sorted(by_count.items()):
        who = "" if len(by_count) == 1 else f" for {listed(names)}"
        more = min((count for count in counts.values() if count > most), default=0)
        up_to = f"gap detected up to N = {most:,}" if most else "no gap detected"
        parts.append(f"{up_to}{', at none of the larger N' if most and more else ''}{who}")
    return f"By the number N of levels trained on, each taken alone: {'; '.join(parts)}."


def physics(family: Family, looks: Looks, brief: bool = False) -> list[Answer]:
    """What is lost under variations that were not trained on, by what was.

    If `brief`, of those trained on the usual physics only, under the variation furthest from it.
    """
    found = [findings.unbounded(family.environments, each) for each in family.variations]
    trained = [environment for environment in found if environment] or [family.environments[-1]]
    answers = [_lost(family, one, looks, brief) for one in (trained[:1] if brief else trained)]
    return [answer for answer in answers if answer]


def _lost(family: Family, trained: Environment, looks: Looks, brief: bool) -> Answer | None:
    """By the runs of one environment; None if they were tested on nothing else."""
    tests = [test for test in family.variations if test != trained.conditions.variation]
    if not tests:
        return None
    if not set(family.verdicts["tested"]) & set(tests):
        return _never_trained_on(family, trained, tests, looks)
    asked = tests[-1:] if brief else tests
    rows = family.last(family.verdicts)
    rows = rows[(rows["environment"] == trained.name) & rows["tested"].isin(asked)]
    shown = rows[rows["n"] > 0]
    where, sentences = family.labels[trained.name], []
    for test in asked:
        one = shown[shown["tested"] == test]
        if len(one):
            lower = estimates(one, _names(one, looks), unit(family.measure))
            sentences.append(f"Lost on {test} by training on {where} instead of {test}: {lower}.")
    ran, judged = (set(part["configuration"]) for part in (rows, shown))
    if idle := [look.label for name, look in looks.items() if name in ran - judged]:
        sentences.append(f"Too little was learned to tell: {listed(idle)}.")
    if absent := [look.label for name, look in looks.items() if name not in ran]:
        sentences.append(f"No runs to compare: {listed(absent)}.")
    outcome = "too little learned" if len(rows) else "no runs"
    if len(shown):
        outcome = badge(shown, VERDICTS)
    elsewhere = tests[-1] if brief else "other variations"
    claim = f"{family.id}: lost on {elsewhere} by training on {where}"
    return Answer(claim, outcome, tuple(sentences))


def _never_trained_on(
    family: Family, trained: Environment, tests: Sequence[str], looks: Looks
) -> Answer:
    """Where no run was trained on what is tested on, there is only the plain difference."""
    numbers, sentences = unit(family.measure), []
    mine = family.last(family.plain)
    mine = mine[(mine["environment"] == trained.name) & (mine["n"] > 0)]
    for test in tests:
        one = mine[mine["tested"] == test]
        sentences.append(
            f"Trained on {family.labels[trained.name]}, {numbers.noun} on {_quoted(test)} is lower "
            f"by: {estimates(one, _names(one, looks), numbers)}. {TOGETHER.capitalize()}, since "
            "none was trained there."
        )
    return Answer(f"{family.id}: variations never trained on", "not judged", tuple(sentences))


def _quoted(variation: str) -> str:
    return variation if len(variation) == 1 else f'"{variation}"'


def control(families: Sequence[Family]) -> list[Answer]:
    """Unbounded levels: there is nothing to memorise, so that a gap would be a fault of ours."""
    found = []
    for family in families:
        rows = able(family)
        finite = [environment.name for environment in family.finite]
        found.append(rows[(rows["tested"] == HELD_OUT) & ~rows["environment"].isin(finite)])
    rows = pd.concat(found)
    total = int(rows["low"].notna().sum())
    if not total:
        return []
    shown = int(rows["verdict"].isin(["gap", "reverse"]).sum())
    usual = int(stats.binom.ppf(0.95, total, 1 - CONFIDENCE))
    text = (
        "Where training draws from all levels there are, those it met and those held out are of "
        f"one distribution: {shown} of {total} intervals of their difference exclude 0; in 95% of "
        f"repetitions it is at most {usual} by chance. (Agents are tested on the same levels, so "
        "their intervals are not quite independent.)"
    )
    outcome = "nothing shows, as it should" if shown <= usual else "more shows than should"
    return [Answer("Control", outcome, (text,))]


def _names(rows: pd.DataFrame, looks: Looks) -> list[str]:
    return [looks[name].label for name in rows["configuration"]]
