"""From stored results to what the page says, before it is HTML or Markdown."""

from tfrl.harness.storage import Results
from tfrl.harness.study import Environment
from tfrl.report import pictures, tables, wording
from tfrl.report.blocks import Agent, ApoPart, Chapter, Page
from tfrl.report.findings import Findings, apo_and_ppo, findings
from tfrl.report.style import Looks, looks


def page(results: Results) -> Page:
    """All that the report of a study says."""
    study, runs, look = results.study, results.runs, looks(results.study)
    environments = {environment.name: environment.id for environment in study.environments}
    return Page(
        title=study.title,
        question=wording.question(study, apo_and_ppo(study) is not None),
        incomplete=wording.incomplete(runs),
        agents=_agents(results, look),
        chapters=tuple(chapter(results, environment) for environment in study.environments),
        ledger=tables.ledger(runs, look, environments),
        failures=tables.failures(runs, look, environments),
        manifest=tables.manifest(results.manifest),
        fingerprints=tables.fingerprints(runs),
    )


def chapter(results: Results, environment: Environment) -> Chapter:
    """All that the report says about one environment."""
    found, look = findings(results, environment), looks(results.study)
    answers = [wording.seeds_answer(found.final, look)]
    if found.comparison is not None:
        answers += wording.apo_answers(found.comparison.claims)
    else:
        answers.append(wording.mean_answer(found.final, look))
        if found.threshold is not None:
            answers.append(wording.solved_answer(found.history, found.threshold, look))
    slug = f"{environment.name}-final-performance"
    return Chapter(
        slug=environment.name,
        heading=environment.id,
        answers=tuple(answers),
        first=pictures.final(found, look),
        training=pictures.training(found, look),
        evaluation=pictures.evaluation(found, look),
        performance=tables.performance(slug, found.final, found.training, look),
        apo=_apo(found, look),
    )


def _apo(found: Findings, look: Looks) -> ApoPart | None:
    pair = found.comparison
    if pair is None:
        return None
    slug = f"{found.environment.name}-apo-ppo"
    return ApoPart(
        figure=pictures.by_episode(found, pair, look),
        claims=tables.claims(slug, pair.claims, found.threshold),
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
