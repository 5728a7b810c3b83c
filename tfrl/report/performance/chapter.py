"""The chapters of an ordinary study: one for each environment."""

from tfrl.harness.storage import Results
from tfrl.harness.study import Environment, Study
from tfrl.report.blocks import Chapter, Data, Heading, Paragraph, Section
from tfrl.report.performance import answers, pictures, tables
from tfrl.report.performance.findings import Findings, apo_and_ppo, findings
from tfrl.report.style import Looks, looks


def questions(study: Study) -> list[str]:
    """What is asked of each environment."""
    count, pair, look = len(study.configurations), apo_and_ppo(study), looks(study)
    asked = ["what does each reach" if count > 1 else "what does it reach"]
    asked.append("how far does the seed alone move it")
    if pair:
        asked.append(f"is {look[pair[0]].label} steadier than {look[pair[1]].label}")
    return asked


def chapters(results: Results) -> tuple[Chapter, ...]:
    """All chapters of the page."""
    return tuple(chapter(results, environment) for environment in results.study.environments)


def chapter(results: Results, environment: Environment) -> Chapter:
    """All that the report says about one environment."""
    found, look = findings(results, environment), looks(results.study)
    said = [answers.seeds(found.final, look)]
    if found.comparison is not None:
        said += answers.apo(found.comparison, look)
    else:
        said.append(answers.mean(found.final, look))
        if found.threshold is not None:
            said.append(answers.solved(found.history, found.threshold, look))
    return Chapter(
        slug=environment.name,
        heading=environment.id if len(results.study.environments) > 1 else "",
        answers=tuple(said),
        first=pictures.final(found, look),
        sections=(_curves(found, look), _performance(found, look), *_apo(found, look)),
    )


def _curves(found: Findings, look: Looks) -> Section:
    parts = (
        Heading("While training"),
        pictures.training(found, look),
        Heading("Greedy policy"),
        pictures.evaluation(found, look),
        answers.starts(found, look),
    )
    return Section(f"{found.environment.name}-curves", "Learning curves", parts)


def _performance(found: Findings, look: Looks) -> Section:
    name = found.environment.name
    slug = f"{name}-final-performance"
    table = tables.performance(slug, found.final, found.training, found.study, look)
    return Section(f"{name}-performance", "Final performance", (table,))


def _apo(found: Findings, look: Looks) -> tuple[Section, ...]:
    """The section on APO, if the study has both agents."""
    pair = found.comparison
    if pair is None:
        return ()
    slug = f"{found.environment.name}-apo-ppo"
    parts = (
        Paragraph(answers.scope(found, pair, look)),
        pictures.by_episode(found, pair, look),
        tables.claims(slug, pair, found.threshold, look),
        pictures.measures(found, pair, look),
        Data(f"{slug}-runs", "Each run's values:", pair.values),
    )
    heading = f"{look[pair.apo].label} against {look[pair.ppo].label}"
    return (Section(f"{found.environment.name}-apo", heading, parts),)
