"""Several environments at once: the chapter that opens the page of such a study."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import aggregates, thresholds
from tfrl.analysis.evidence import CONFIDENCE, Estimate, seeds_until_apart
from tfrl.analysis.returns import GROUP
from tfrl.report.blocks import Answer, Cell, Chapter, Method, Note, Part, Picture, Section, Table
from tfrl.report.drawings import curves, dots, forest
from tfrl.report.performance import ablations, better, cells, pairs
from tfrl.report.performance.better import Better
from tfrl.report.performance.ground import Ground
from tfrl.report.records import agent
from tfrl.report.style import Looks
from tfrl.report.wording import MINUS, holding, listed, plural, sample

CLAIM = "Who is better over all environments?"
TAUS = np.linspace(-0.1, 1.3, 57)


@dataclass(frozen=True)
class Together:
    """What the scores of all environments say together."""

    looks: Looks
    known: tuple[str, ...]  # ids of the environments that have anchors
    unknown: tuple[str, ...]  # and of those that have none
    scores: pd.DataFrame  # final ones, normalised
    across: pd.DataFrame  # as `aggregates.across`
    profile: pd.DataFrame  # as `aggregates.performance_profile`
    improvement: dict[tuple[str, str], Estimate]


def find(grounds: Sequence[Ground]) -> Together:
    """The statistics."""
    anchors = {ground.name: thresholds.anchors(ground.environment.id) for ground in grounds}
    known = {name: pair for name, pair in anchors.items() if pair is not None}
    final = pd.concat([ground.own(ground.final) for ground in grounds], ignore_index=True)
    scores = aggregates.normalise(final, known)
    names = list(grounds[0].headline)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return Together(
        looks=grounds[0].headline,
        known=tuple(g.environment.id for g in grounds if g.name in known),
        unknown=tuple(g.environment.id for g in grounds if g.name not in known),
        scores=scores,
        across=aggregates.across(scores),
        profile=aggregates.performance_profile(scores, TAUS),
        improvement={pair: aggregates.improvement_across(final, *pair) for pair in pairs},
    )


def chapter(
    grounds: Sequence[Ground], scores: Sequence[Better], changes: Sequence[pd.DataFrame]
) -> Chapter:
    """Opens the page of a study of several environments; of APO's ablations, with those.

    Args:
      scores: as `better.find`, of each environment.
      changes: as `ablations.find`.
    """
    found, each = find(grounds), list(zip(grounds, scores, strict=True))
    ablated = [(one, own) for one, own in zip(grounds, changes, strict=True) if len(own)]
    first = [ablations.verdict(*one) for one in ablated] or [_one(*pair) for pair in each]
    return Chapter(
        slug="overview",
        heading="",
        answers=(*first, answer(found)) if ablated else (answer(found), *first),
        first=ablations.first([one for one, _ in ablated]) if ablated else _first(found, each),
        sections=(section(found),) if len(found.across) else (),
    )


def _one(ground: Ground, scores: Better) -> Answer:
    """Who is better in one of the environments."""
    said = better.verdict(ground, scores)
    return Answer(ground.environment.id, said.outcome, said.evidence)


def answer(found: Together) -> Answer:
    """The IQM over runs and environments, and whether the best is sure."""
    if found.across.empty:
        return Answer(CLAIM, "", ("No finished run has a score with known anchors.",))
    ordered = found.across.sort_values("iqm", ascending=False)
    parts = [
        f"{found.looks[row['configuration']].label} {_iqm(found, row)}"
        for _, row in ordered.iterrows()
    ]
    # One that has runs on some of the environments only may have the easy ones.
    whole = ordered[ordered["environments"] == len(found.known)]
    sure = len(whole) > 1 and (whole["iqm_high"].iloc[1:] < whole["iqm_low"].iloc[0]).all()
    outcome = found.looks[whole["configuration"].iloc[0]].label if sure else "inconclusive"
    lacking = "" if sure or len(whole) < 2 else _lacking(found, whole)
    text = (
        f"Interquartile mean over {plural(len(found.known), 'environment')}, 0 a random policy and "
        f"1 the target: {listed(parts)}{lacking}."
    )
    return Answer(CLAIM, outcome if len(ordered) > 1 else "", (text,))


def _lacking(found: Together, ordered: pd.DataFrame) -> str:
    """How many more seeds would part the best from one that its interval overlaps with."""
    best, others = ordered.iloc[0], ordered.iloc[1:]
    overlapping = others[others["iqm_high"] >= best["iqm_low"]]
    if overlapping.empty:
        return ""
    has = int(found.scores.groupby(GROUP, observed=True).size().min())
    needed = min(
        seeds_until_apart(_estimate(best), _estimate(row), has) for _, row in overlapping.iterrows()
    )
    return f"; {pairs.parting(needed, has)}"


def _estimate(row: pd.Series) -> Estimate:
    return Estimate(row["iqm"], row["iqm_low"], row["iqm_high"])


def _iqm(found: Together, row: pd.Series) -> str:
    """As `0.92 (0.80 to 0.99; 20 runs)`."""
    bounds = cells.span(row["iqm_low"], row["iqm_high"]) or row["note"]
    value = cells.figure(row["iqm"], row["iqm_low"], row["iqm_high"])
    some = "" if row["environments"] == len(found.known) else f" on {row['environments']} of them"
    return f"{value} ({bounds}; {plural(int(row['n']), 'run')}{some})"


def _first(found: Together, each: Sequence[tuple[Ground, Better]]) -> Picture:
    """Every seed's final return, a panel for each environment."""
    panels = [
        (
            f"final return, {ground.environment.id}",
            ground.own(ground.final),
            scores.final,
        )
        for ground, scores in each
    ]
    caption = (
        "Every dot is one seed: the mean return of its last evaluation. What differs within a row "
        f"is chance alone. {better.shaded(pd.concat([scores.final for _, scores in each]))}"
    )
    alt = f"A panel for each of {len(each)} environments, a row of dots for each agent. {caption}"
    wide, narrow = (dots.scores(panels, found.looks, 1, width) for width in (4.9, 3.7))
    return Picture("all-final", alt, caption, wide, narrow)


def section(found: Together) -> Section:
    """Profile, probabilities of improvement, aggregates."""
    parts: tuple[Part, ...] = (
        _profile(found),
        *_improvement(found),
        _table(found),
        Method(_notes(found)),
    )
    return Section("all-environments", "All environments", parts)


def _profile(found: Together) -> Picture:
    """Which share of runs scores above tau."""
    wide, narrow = (curves.profile(found.profile, found.looks, narrow) for narrow in (False, True))
    caption = (
        "Performance profile: the share of runs that score above tau, for every tau. Where a "
        f"line is above another, more of that agent's runs got so far; bands: {CONFIDENCE:.0%}, "
        "too narrow where nearly all runs, or nearly none, are above."
    )
    agents = listed([look.label for look in found.looks.values()])
    return Picture(
        "all-profile", f"A falling line for each of {agents}. {caption}", caption, wide, narrow
    )


def _improvement(found: Together) -> list[Picture]:
    """How likely a run of one is above one of another."""
    if not found.improvement:
        return []
    rows = [
        forest.Row(
            f"{found.looks[a].label} {MINUS} {found.looks[b].label}",
            one.estimate, one.low, one.high, one.note,
            (found.looks[a].colour, found.looks[b].colour),
        )
        for (a, b), one in found.improvement.items()
    ]  # fmt: skip
    panel = forest.Panel("Probability of improvement", "P(first is better)", rows, 0.5, (0.0, 1.0))
    wide, narrow = (forest.forest([panel], narrow) for narrow in (False, True))
    caption = "Mean over the environments; an interval that reaches over one half is inconclusive."
    alt, holds = f"A row for each pair. {caption}", _holds(found, "improvement over environments")
    return [Picture("all-improvement", alt, caption, wide, narrow, holds)]


def _table(found: Together) -> Table:
    """A row per configuration."""
    names = {"iqm": "IQM", "mean": "Mean", "optimality_gap": "Optimality gap"}
    rows = tuple(
        (
            agent(found.looks[row["configuration"]]),
            Cell(
                f"{row['n']}", sample(int(row["environments"])).replace("n", "environments"), True
            ),
            *(cells.of(row, key) for key in names),
        )
        for _, row in found.across.iterrows()
    )
    head = ("Agent", "Runs", *names.values())
    caption = f"Normalised final returns; below, {CONFIDENCE:.0%} intervals."
    holds = _holds(found, "IQM over environments", "mean over environments", "optimality gap")
    slug, data = "all-aggregates", found.across
    return Table("Over all environments", slug, caption, head, rows, data, holds=holds)


def _holds(found: Together, *kinds: str) -> str:
    """How often intervals of so many seeds on each environment hold."""
    return holding(found.scores.groupby(GROUP, observed=True).size(), *kinds)


def _notes(found: Together) -> tuple[Note, ...]:
    left = f" Left out, for lack of anchors: {listed(found.unknown)}." if found.unknown else ""
    return (
        Note(
            "Outcome",
            f"An agent is named if no other's interval of the IQM reaches its own. {pairs.PARTING}",
        ),
        Note(
            "Normalised",
            "0 is the mean return of a random policy, 1 the target at which the task counts as "
            f"solved: fixed for each environment, whatever is compared here.{left}",
        ),
        Note(
            "IQM, optimality gap, profile",
            "Agarwal et al. (2021, arXiv:2108.13264). IQM: mean of the middle half of all runs. "
            "Optimality gap: how far runs fall short of the target, those beyond it counting as "
            "on it. Intervals: bootstrap that resamples seeds within each environment, expanded "
            "for few seeds (Hesterberg 2015).",
        ),
    )
