"""From stored results to what the page says, before it is HTML or Markdown."""

from tfrl.harness.storage import Results
from tfrl.report import notices, overfitting, performance, records, wording
from tfrl.report.blocks import Agent, Page
from tfrl.report.style import Looks, looks


def page(results: Results) -> Page:
    """All that the report of a study says."""
    study, look = results.study, looks(results.study)
    kind = overfitting if overfitting.asks_about_overfitting(study) else performance
    return Page(
        title=study.title,
        question=wording.question(study, _seeds(results), kind.questions(results)),
        terms=overfitting.terms(study) if kind is overfitting else "",
        note=study.note,
        notices=notices.notices(results),
        agents=_agents(results, look),
        chapters=kind.chapters(results),
        records=records.sections(results, look),
    )


def _seeds(results: Results) -> list[int]:
    """The distinct numbers of seeds that configurations have."""
    seeds = results.runs.groupby("configuration", observed=True)["seed"].nunique()
    return sorted(set(seeds))


def _agents(results: Results, look: Looks) -> tuple[Agent, ...]:
    """Each configuration, and how many of its runs have finished if not all runs have."""
    finished = results.runs["status"] == "finished"
    counts = finished.groupby(results.runs["configuration"], observed=True).agg(["sum", "size"])
    return tuple(
        Agent(
            look[name].label,
            look[name].colour,
            "" if finished.all() else f"{done} of {wording.plural(planned, 'run')}",
        )
        for name, done, planned in counts.itertuples()
    )
