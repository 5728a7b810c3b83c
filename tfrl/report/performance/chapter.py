"""The chapters of an ordinary study: five questions about each environment."""

import pandas as pd

from tfrl.harness.storage import Results
from tfrl.report import overfitting
from tfrl.report.blocks import Answer, Chapter, Section
from tfrl.report.performance import (
    ablations,
    better,
    claims,
    claims_section,
    details,
    samples,
    seeds,
    together,
    unstable,
)
from tfrl.report.performance.better import Better
from tfrl.report.performance.ground import Ground, ablated, ground


def questions(results: Results) -> list[str]:
    """What is asked of each environment."""
    who = "who is better" if len(results.study.configurations) > 1 else "how good is it"
    first = [ablations.ASKED, who] if ablated(results.settings) else [who]
    return [*first, "how unstable is it", "how much do the seeds decide"]


def chapters(results: Results) -> tuple[Chapter, ...]:
    """All chapters of the page."""
    grounds = [ground(results, environment) for environment in results.study.environments]
    found = [better.find(one) for one in grounds]
    changes = [ablations.find(one) for one in grounds]
    several = len(grounds) > 1
    opening = (together.chapter(grounds, found, changes),) if several else ()
    each = zip(grounds, found, changes, strict=True)
    return (*opening, *(chapter(*one, several) for one in each))


def chapter(ground: Ground, one: Better, changes: pd.DataFrame, several: bool) -> Chapter:
    """All that the report says about one environment, which is one of several or the only one.

    Args:
      changes: as `ablations.find`.
    """
    heading = ground.environment.id if several else ""
    if not (ground.runs["status"] == "finished").any():
        nothing = Answer(better.CLAIM, "", ("No run has finished, so there is no score.",))
        return Chapter(ground.name, heading, (nothing,), None, ())
    three, four = unstable.find(ground), seeds.find(ground)
    sections = (
        better.section(ground, one),
        samples.section(ground, samples.find(ground)),
        unstable.section(ground, three),
        seeds.section(ground, four, one),
        details.section(ground, details.find(ground)),
        *_apo(ground, changes),
        overfitting.section(ground.headlined, ground.environment, ground.headline),
    )
    last = seeds.verdict(ground, four, one)
    if len(changes) and not several:  # of several, it opens the page
        last = ablations.verdict(ground, changes)
    verdicts = (better.verdict(ground, one), unstable.verdict(ground, three), last)
    return Chapter(
        slug=ground.name,
        heading=heading,
        answers=verdicts,
        first=better.first(ground, one),
        sections=sections,
    )


def _apo(ground: Ground, changes: pd.DataFrame) -> tuple[Section, ...]:
    """The sections on APO, if the study has APO and PPO."""
    pair = claims.find(ground)
    found = (claims_section.section(ground, pair),) if pair else ()
    return (*found, ablations.section(ground, changes)) if len(changes) else found
