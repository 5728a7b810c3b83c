"""The chapters of an ordinary study: five questions about each environment."""

from tfrl.harness.storage import Results
from tfrl.harness.study import Study
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
from tfrl.report.performance.ground import Ground, ground


def questions(study: Study) -> list[str]:
    """What is asked of each environment."""
    who = "who is better" if len(study.configurations) > 1 else "how good is it"
    return [who, "how unstable is it", "how much do the seeds decide"]


def chapters(results: Results) -> tuple[Chapter, ...]:
    """All chapters of the page."""
    grounds = [ground(results, environment) for environment in results.study.environments]
    found = [better.find(one) for one in grounds]
    several = len(grounds) > 1
    opening = (together.chapter(grounds, found),) if several else ()
    chosen = zip(grounds, found, strict=True)
    return (*opening, *(chapter(one, scores, several) for one, scores in chosen))


def chapter(ground: Ground, one: Better, several: bool) -> Chapter:
    """All that the report says about one environment, which is one of several or the only one."""
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
        *_apo(ground),
        overfitting.section(ground.headlined, ground.environment, ground.headline),
    )
    verdicts = (
        better.verdict(ground, one),
        unstable.verdict(ground, three),
        seeds.verdict(ground, four, one),
    )
    return Chapter(
        slug=ground.name,
        heading=heading,
        answers=verdicts,
        first=better.first(ground, one),
        sections=sections,
    )


def _apo(ground: Ground) -> tuple[Section, ...]:
    """The sections on APO, if the study has APO and PPO."""
    pair, changes = claims.find(ground), ablations.find(ground)
    found = (claims_section.section(ground, pair),) if pair else ()
    return (*found, ablations.section(ground, changes)) if len(changes) else found
