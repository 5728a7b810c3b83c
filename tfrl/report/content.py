"""From stored results to what the page says, before it is HTML or Markdown."""

from tfrl.harness.storage import Results
from tfrl.report import notices, performance, records, wording
from tfrl.report.blocks import Agent, Page
from tfrl.report.performance.findings import apo_and_ppo
from tfrl.report.style import Looks, looks


def page(results: Results) -> Page:
    """All that the report of a study says."""
    study, look = results.study, looks(results.study)
    pair = apo_and_ppo(study)
    return Page(
        title=study.title,
        question=wording.question(
            study, None if pair is None else [look[name].label for name in pair]
        ),
        notices=notices.notices(results),
        agents=_agents(results, look),
        chapters=tuple(
            performance.chapter(results, environment) for environment in study.environments
        ),
        records=records.sections(results, look),
    )


def _agents(results: Results, look: Looks) -> tuple[Agent, ...]:
    """Each configuration with how many of its runs have finished."""
    finished = results.runs["status"] == "finished"
    counts = finished.groupby(results.runs["configuration"], observed=True).agg(["sum", "size"])
    return tuple(
        Agent(look[name].label, look[name].colour, f"{done} of {wording.plural(planned, 'run')}")
        for name, done, planned in counts.itertuples()
    )
