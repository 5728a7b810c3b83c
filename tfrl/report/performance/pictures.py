"""Each figure with its text alternative and a caption: what to see, and how it was computed."""

from tfrl.analysis import returns
from tfrl.report import wording
from tfrl.report.blocks import Picture
from tfrl.report.drawings import curves, dots
from tfrl.report.performance import answers
from tfrl.report.performance.findings import Comparison, Findings
from tfrl.report.style import Looks


def final(found: Findings, looks: Looks) -> Picture:
    """Each seed's final return."""
    answer = answers.seeds(found.final, looks)
    return Picture(
        slug=f"{found.environment.name}-final",
        alt=f"A row of dots for each agent, a dot for each seed. {' '.join(answer.evidence)}",
        caption=(
            "Every dot is one seed, the tick is their median. A seed is the number that all of a "
            "run's random draws follow from: first weights, starting positions, exploration. What "
            "differs within a row is the seed alone. Mean return of "
            f"{found.study.evaluation.episodes} episodes after {found.study.steps:,} steps, the "
            "agent always taking the action that it rates highest (its greedy policy)."
        ),
        wide=dots.final(found.scores, looks, 4.6),
        narrow=dots.final(found.scores, looks, 3.6),
    )


def training(found: Findings, looks: Looks) -> Picture:
    """The moving average of the training return, by step."""
    lines = returns.on_step_grid(found.averages, curves.step_grid(found.study.steps))
    see = "Where a thin line leaves the others, it is the seed that decided."
    if found.threshold is not None:
        reached = int(found.history["reached"].sum())
        below = int(found.history["ended_below"].sum())
        runs = wording.plural(len(found.history), "finished run")
        see = f"{reached} of {runs} reached {found.threshold:g} (dotted)"
        see += f", and {below} of those ended below it again." if reached else "."
    how = (
        f"Thin: one seed, mean return of its last {returns.WINDOW} training episodes (of all so "
        "far, while they are fewer). Thick: median over seeds, where at least half have a value."
    )
    wide, narrow = (
        curves.learning(
            lines, "average", _counts(found), looks, found.study.steps, found.threshold, narrow
        )
        for narrow in (False, True)
    )
    name = f"{found.environment.name}-training"
    return Picture(name, _alt("Training return", found, looks, see), f"{see} {how}", wide, narrow)


def evaluation(found: Findings, looks: Looks) -> Picture:
    """The greedy policy's return at each evaluation, by step."""
    every, count = found.study.evaluation.every, found.study.evaluation.episodes
    counts = _counts(found)
    see = "What the policy does without exploring."
    if found.threshold is not None:
        below = int((found.scores["score"] < found.threshold).sum())
        scored = wording.plural(len(found.scores), "run")
        see = (
            f"{below} of {scored} scored below {found.threshold:g} (dotted) at the last evaluation."
        )
    how = (
        f"Thin: one seed, mean return of {count} episodes of the greedy policy, scheduled every "
        f"{every:,} steps and made after the first iteration that reaches the scheduled step, up "
        f"to one iteration (of a rollout, or of some episodes) later. Thick: median over seeds."
    )
    wide, narrow = (
        curves.learning(
            found.evaluations, "score", counts, looks, found.study.steps, found.threshold, narrow
        )
        for narrow in (False, True)
    )
    name = f"{found.environment.name}-evaluation"
    return Picture(name, _alt("Greedy return", found, looks, see), f"{see} {how}", wide, narrow)


def by_episode(found: Findings, pair: Comparison, looks: Looks) -> Picture:
    """The talk's figure."""
    two = {name: looks[name] for name in (pair.ppo, pair.apo)}
    averages = found.averages[found.averages["configuration"].isin(list(two))]
    end = curves.shown_episodes(averages)
    lengths = averages.groupby(returns.RUN, observed=True)["ordinal"].max()
    beyond = int((lengths > end).sum())
    cut = (
        f" {wording.plural(beyond, 'run')} went on beyond the right edge, the longest to "
        f"{lengths.max():,} episodes."
        if beyond
        else ""
    )
    caption = (
        f"Thin: one seed, mean return of its last {returns.WINDOW} episodes (of all so far, while "
        "they are fewer); its dot is where the run ended. The budget is in steps, so a run whose "
        "episodes are long has fewer of them: towards the right the weaker runs remain. "
        "Thick: median over all seeds, dashed from the first run's end on, and no further than "
        f"half of the seeds go.{cut}"
    )
    wide, narrow = (
        curves.by_episode(averages, two, found.threshold, narrow) for narrow in (False, True)
    )
    labels = wording.listed([look.label for look in two.values()])
    alt = f"Moving average of the return by episode, a line for each seed of {labels}."
    return Picture(f"{found.environment.name}-apo-ppo", alt, caption, wide, narrow)


def measures(found: Findings, pair: Comparison, looks: Looks) -> Picture:
    """Each run's values behind the claims."""
    two = {name: looks[name] for name in (pair.ppo, pair.apo)}
    labels = dict(zip(pair.claims["measure"], pair.claims["label"], strict=True))
    wide, narrow = (dots.measures(pair.values, labels, two, narrow) for narrow in (False, True))
    said = " ".join(
        f"{a.claim}: {a.outcome}. {' '.join(a.evidence)}" for a in answers.apo(pair, looks)
    )
    return Picture(
        slug=f"{found.environment.name}-apo-ppo-measures",
        alt=f"A dot for each run in each measure behind the claims. {said}",
        caption="The values behind the verdicts: every dot is one run, the tick is their median.",
        wide=wide,
        narrow=narrow,
    )


def _counts(found: Findings) -> dict[str, str]:
    """By configuration: "19 of 20 seeds"."""
    return {
        row.configuration: f"{row.finished} of {wording.plural(row.planned, 'seed')}"
        for row in found.final.itertuples()
    }


def _alt(what: str, found: Findings, looks: Looks, see: str) -> str:
    agents = wording.listed([look.label for look in looks.values()])
    return (
        f"{what} by environment step, a panel each for {agents}, a thin line for each seed. {see}"
    )
