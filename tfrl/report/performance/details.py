"""Question 5: does implementation decide?"""

import pandas as pd

from tfrl.analysis import implementation
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.report.blocks import Answer, Method, Note, Part, Picture, Section, Table
from tfrl.report.drawings import forest
from tfrl.report.performance import cells, pairs
from tfrl.report.performance.ground import Ground
from tfrl.report.wording import MINUS, listed, plural

CLAIM = "Does implementation decide?"


def find(ground: Ground) -> pd.DataFrame:
    """As `implementation.effects`, by `measure`: its name in a sentence.

    Of measures of which two configurations that differ in implementation only have scores.
    """
    measures = {"final return": ground.final, "return over all of training": ground.area}
    effects = [
        implementation.effects(scores, ground.settings).assign(measure=measure)
        for measure, scores in measures.items()
    ]
    known = [one for one in effects if "kind" in one and (one["kind"] == "implementation").any()]
    return pd.concat(known, ignore_index=True) if known else pd.DataFrame()


def answer(ground: Ground, effects: pd.DataFrame) -> Answer:
    """What the details change, beside what the algorithms change."""
    if not implementation.pairs(ground.settings):
        text = (
            "Not asked here: no two configurations of this study are one and the same algorithm "
            "but for how it is implemented."
        )
        return Answer("", "", (text,))
    if effects.empty:
        text = "Of no two configurations that differ in implementation only has a run finished."
        return Answer("", "not known", (text,))
    details = effects[effects["kind"] == "implementation"]
    decided = details["verdict"] != "inconclusive"
    outcome = "yes" if decided.all() else "inconclusive"
    if decided.any() and not decided.all():
        outcome = f"yes in {decided.sum()} of {len(details)}"
    said = [_moved(ground, name, own) for name, own in effects.groupby("measure", sort=False)]
    return Answer("", outcome, tuple(said))


def _moved(ground: Ground, measure: str, effects: pd.DataFrame) -> str:
    """By how much details move a measure, and by how much algorithms do."""
    details = effects[effects["kind"] == "implementation"]
    parts = [_effect(ground, row) for _, row in details.iterrows()]
    said = f"A detail of the implementation alone moves the {measure}: of {listed(parts)}"
    others = effects.loc[effects["kind"] == "algorithm", "difference"].abs().dropna()
    if others.empty:
        return f"{said}."
    ends = f"{cells.figure(others.min())} to {cells.figure(others.max())}"
    return f"{said}; between algorithms it moves by {ends} ({plural(len(others), 'pair')})."


def _effect(ground: Ground, row: pd.Series) -> str:
    """As `PPO with stock_agent = true by 12 (3 to 20; n = 20 and 20)`."""
    change = pairs.lead(row, str(row["a"]))
    if row["verdict"] == "inconclusive":
        change = f"{change[:-1]}; {pairs.more(row)})"
    return f"{ground.looks[row['b']].label} with {row['what']} by {change}"


def section(ground: Ground, effects: pd.DataFrame) -> Section:
    """The answer, the figure, the table, and how it was computed."""
    parts: list[Part] = [answer(ground, effects)]
    if len(effects):
        parts.append(_picture(ground, effects))
        parts += [
            _table(ground, measure, own) for measure, own in effects.groupby("measure", sort=False)
        ]
        parts.append(Method(_notes()))
    return Section(f"{ground.name}-details", f"5. {CLAIM}", tuple(parts), "5. Implementation")


def _table(ground: Ground, measure: str, effects: pd.DataFrame) -> Table:
    caption = (
        f"Differences in {measure}, first minus second; below, {CONFIDENCE:.0%} intervals. First "
        "the pairs that differ in implementation only, then algorithms."
    )
    slug = f"{ground.name}-implementation-{measure.split()[0]}"
    return pairs.table(measure.capitalize(), slug, caption, effects, ground.looks)


def _picture(ground: Ground, effects: pd.DataFrame) -> Picture:
    """Effects of details beside effects of algorithms, a panel for each measure."""
    panels = [
        forest.Panel(measure.capitalize(), "Hedges' g", _rows(ground, own), 0)
        for measure, own in effects.groupby("measure", sort=False)
    ]
    wide, narrow = (forest.forest(panels, narrow) for narrow in (False, True))
    details = effects[effects["kind"] == "implementation"].drop_duplicates(["a", "b"])
    named = [
        f"{ground.looks[row['a']].label} {MINUS} {ground.looks[row['b']].label}: {row['what']}"
        for _, row in details.iterrows()
    ]
    caption = (
        f"Effect sizes. On top what differs in implementation only ({'; '.join(named)}), below "
        "algorithms."
    )
    alt = f"A row for each pair of configurations with the size of its effect. {caption}"
    return Picture(f"{ground.name}-implementation", alt, caption, wide, narrow)


def _rows(ground: Ground, effects: pd.DataFrame) -> list[forest.Row]:
    kinds = [effects[effects["kind"] == kind] for kind in ("implementation", "algorithm")]
    return pairs.estimates(pd.concat(kinds).head(pairs.SHOWN), ground.looks, "g")


def _notes() -> tuple[Note, ...]:
    return (
        Note(
            "Implementation only",
            "Two configurations of one pipeline whose hyperparameters are the same but for one "
            "that papers seldom mention: TF-Agents' stock PPO agent against the corrected one, a "
            "constant learning rate against one annealed to 0. Such details have been found to "
            "decide as much as the algorithm (Henderson et al. 2018, arXiv:1709.06560; Engstrom "
            "et al. 2020, arXiv:2005.12729).",
        ),
        Note(
            "Effects",
            "As in question 1: how often a seed of one beats one of the other, p corrected for all "
            "pairs of the table, Welch's interval, Hedges' g.",
        ),
    )
