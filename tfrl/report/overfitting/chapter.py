"""The chapters of a study of overfitting: one that opens the page, and one for each environment id.

A study of one id has a single chapter, which opens the page.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from tfrl import conditions
from tfrl.harness.storage import Results
from tfrl.harness.study import Environment, Study
from tfrl.report.blocks import Answer, Chapter, Paragraph, Part, Picture, Section
from tfrl.report.overfitting import (
    answers,
    choosing,
    final,
    gaps,
    levels,
    places,
    published,
    remedies,
    starts,
    training,
)
from tfrl.report.overfitting.findings import Family, families, family
from tfrl.report.style import Looks, looks


def questions(results: Results) -> list[str]:
    """What is asked of all environments together."""
    asked = [environment.conditions for environment in results.study.environments]
    missed = ["levels"] if any(one.levels is not None for one in asked) else []
    tested = {variation for one in asked for variation in one.test} - {conditions.GRID}
    missed += ["physics" if tested & {"R", "E"} else "variations"] if tested else []
    return [
        f"what is lost on {' and '.join(missed or ['levels'])} never trained on",
        "does more training widen the gap",
        "what narrows it",
    ]


def terms(study: Study) -> str:
    """What the words on the page mean, for those who are new to it."""
    ids = {environment.id for environment in study.environments}
    asked = [environment.conditions for environment in study.environments]
    named = {v for one in asked for v in (one.variation, *one.test)}
    what = (
        "one maze, with its start and goal"
        if ids == {"Maze-v0"}
        else "where it starts, and its physics"
    )
    parts = [f"A level is what an episode is played in: {what}."]
    if {"R", "E"} & named:
        parts.append(
            "In D the physics is as usual, in R it varies about that, in E it is drawn from "
            "further out."
        )
    if "perfect" in named:
        parts.append('In "perfect" mazes there is one way only between any two places.')
    parts.append(
        "Points are of success: from 90% to 80% is 10 points. Verdicts on several comparisons at "
        "once are corrected for how many they are, intervals are not, so more of these exclude 0."
    )
    return " ".join(parts)


def chapters(results: Results) -> tuple[Chapter, ...]:
    """All chapters of the page."""
    found, look = families(results), looks(results.study)
    summarised = [family for family in found if len(family.summaries)]
    alone = len(found) == 1
    opening = Chapter(
        slug="overview",
        heading="",
        answers=_answers(found, look),
        first=_first(found, look),
        sections=(
            *_published(summarised, look),
            *(_sections(found[0], look, opens=True) if alone else ()),
        ),
    )
    return (opening, *(() if alone else (_chapter(family, look) for family in found)))


def section(results: Results, environment: Environment, look: Looks) -> Section:
    """What an ordinary study says of overfitting, in one environment.

    Args:
      results: of the configurations to speak of.
    """
    parts: list[Part] = [starts.answer(results, environment, look)]
    if environment.conditions.test:
        found, slug = family(results, environment.id), environment.name
        parts += answers.physics(found, look)
        parts += [
            Paragraph(terms(results.study)),
            gaps.picture(found, slug, look),
            gaps.table(found, f"{slug}-gaps", look),
        ]
    return Section(
        f"{environment.name}-overfitting", "Does it overfit?", tuple(parts), "Overfitting"
    )


def _published(summarised: Sequence[Family], look: Looks) -> tuple[Section, ...]:
    """The summaries beside the published ones, if there are any."""
    if not summarised:
        return ()
    table = published.table(summarised, "summaries", look)
    return (Section("summaries", "Published results", (table,)),)


def _chapter(family: Family, look: Looks) -> Chapter:
    """One of several."""
    said = (
        *answers.unseen([family], look),
        *answers.physics(family, look),
    )
    return Chapter(_slug(family), family.id, said, None, _sections(family, look))


def _answers(found: Sequence[Family], look: Looks) -> tuple[Answer, ...]:
    """The first screen: what was asked."""
    return (
        *answers.unseen(found, look),
        *(said for family in found for said in answers.physics(family, look, len(found) > 1)),
        training.answer(found, look),
        *remedies.answer(found, look),
    )


def _first(found: Sequence[Family], look: Looks) -> Picture:
    """The figure of the first screen."""
    if len(found) > 1 and len(found[0].variations) > 1 and not found[0].several_levels:
        matrix = gaps.picture(found[0], "first", look)  # no mean over environments: they differ
        return replace(matrix, wide=matrix.narrow, caption=f"{found[0].id}. {matrix.caption}")
    if len(found) == 1 and len(found[0].summaries):
        return published.picture(found[0], look)
    counted = next((family for family in found if family.several_levels), None)
    if counted:
        return levels.picture(counted, "first", look, 4.8)
    return training.picture(found[0], "first", look)


def _sections(family: Family, look: Looks, opens: bool = False) -> tuple[Section, ...]:
    """All that is said of a family; if it opens the page, its first figure has been shown."""
    slug = _slug(family)
    where: list[Part] = []
    if len(family.variations) > 1 and not family.several_levels:
        where.append(gaps.picture(family, slug, look))
    if family.several_levels and not opens:
        where.append(levels.picture(family, slug, look, 10.0))
    where += [gaps.table(family, f"{slug}-gaps", look), *answers.control([family])]
    if len(family.summaries) and not opens:
        where.append(published.table([family], f"{slug}-summaries", look, beside=False))
    found: list[tuple[str, str, Sequence[Part]]] = [("gaps", "Trained and tested", where)]
    over: list[Part] = [] if opens else [training.answer([family], look)]
    over.append(training.picture(family, slug, look))
    found.append(("growth", "Over training", [*over, training.data(family, f"{slug}-growth")]))
    if place := places.picture(family, slug, look):
        found.append(("places", "Where it works", [places.answer(family, look), place]))
    if len(family.remedies):
        table = remedies.table(family, f"{slug}-remedies", look)
        said = () if opens else remedies.answer([family], look)
        found.append(("remedies", "Remedies", [*said, table]))
    if len(family.optimism):
        table = choosing.table(family, f"{slug}-optimism")
        found.append(("choosing", "Choosing the best", [choosing.answer(family), table]))
    found.append(("final", "Final returns", [final.table(family, f"{slug}-final", look)]))
    return tuple(Section(f"{slug}-{key}", title, tuple(parts)) for key, title, parts in found)


def _slug(family: Family) -> str:
    return re.sub(r"[^a-z0-9]+", "-", family.id.lower()).strip("-")
