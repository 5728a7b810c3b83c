"""From stored results to what the page says, before it is HTML or Markdown."""

from tfrl.harness.storage import Results
from tfrl.harness.study import Environment
from tfrl.report import answers, notices, pictures, records, tables, wording
from tfrl.report.blocks import Agent, ApoPart, Chapter, Page
from tfrl.report.findings import Findings, apo_and_ppo, findings
from tfrl.report.style import Looks, looks


def page(results: Results) -> Page:
    """All that the report of a study says."""
    study, runs, look = results.study, results.runs, looks(results.study)
    environments = {environment.name: environment.id for environment in study.environments}
    pair = apo_and_ppo(study)
    return Page(
        title=study.title,
        question=wording.question(
            study, None if pair is None else [look[name].label for name in pair]
        ),
        notices=notices.notices(results),
        agents=_agents(results, look),
        chapters=tuple(chapter(results, environment) for environment in study.environments),
        ledger=records.ledger(runs, look, environments),
        failures=records.failures(runs, look, environments),
        settings=records.settings(study, results.hyperparameters, results.defaults, look),
        manifest=records.manifest(results.manifest),
        fingerprints=records.fingerprints(runs),
    )


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
    slug = f"{environment.name}-final-performance"
    return Chapter(
        slug=environment.name,
        heading=environment.id,
        answers=tuple(said),
        first=pictures.final(found, look),
        training=pictures.training(found, look),
        evaluation=pictures.evaluation(found, look),
        performance=tables.performance(slug, found.final, found.training, found.study, look),
        apo=_apo(found, look),
    )


def _apo(found: Findings, look: Looks) -> ApoPart | None:
    pair = found.comparison
    if pair is None:
        return None
    slug = f"{found.environment.name}-apo-ppo"
    return ApoPart(
        heading=f"{look[pair.apo].label} against {look[pair.ppo].label}",
        scope=answers.scope(found, pair, look),
        figure=pictures.by_episode(found, pair, look),
        claims=tables.claims(slug, pair, found.threshold, look),
        measures=pictures.measures(found, pair, look),
        values=pair.values,
    )


def _agents(results: Results, look: Looks) -> tuple[Agent, ...]:
    """Each configuration with how many of its runs have finished."""
    finished = results.runs["status"] == "finished"
    counts = finished.groupby(results.runs["configuration"], observed=True).agg(["sum", "size"])
    return tuple(
        Agent(look[name].label, look[name].colour, f"{done} of {wording.plural(planned, 'run')}")
        for name, done, planned in counts.itertuples()
    )
