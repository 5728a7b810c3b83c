"""The section on the claims about APO: figures and a table."""

import numpy as np

from tfrl.analysis import returns
from tfrl.analysis.apo import EARLY, LATE
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.returns import WINDOW
from tfrl.report.blocks import Cell, Data, Method, Note, Paragraph, Part, Picture, Section, Table
from tfrl.report.drawings import curves, dots
from tfrl.report.performance import cells, claims
from tfrl.report.performance.claims import Claims
from tfrl.report.performance.ground import Ground
from tfrl.report.style import Looks
from tfrl.report.wording import holding, interval, listed, number, places, plural


def section(ground: Ground, pair: Claims) -> Section:
    """What the talk claimed, the verdicts, and the runs behind them."""
    labels = {"apo": ground.looks[pair.apo].label, "ppo": ground.looks[pair.ppo].label}
    slug = f"{ground.name}-apo-ppo"
    parts: tuple[Part, ...] = (
        Paragraph(claims.scope(ground, pair)),
        *claims.answers(pair, ground.looks),
        _by_episode(ground, pair),
        _table(slug, pair, ground.looks),
        _measures(ground, pair),
        Data(f"{slug}-runs", "Each run's values:", pair.values),
        Data(f"{slug}-beginnings", 'Other meanings of "at first":', pair.beginnings),
        Method(_notes(ground.goal, labels)),
    )
    heading = f"{labels['apo']} against {labels['ppo']}"
    return Section(f"{ground.name}-apo", heading, parts)


def _by_episode(ground: Ground, pair: Claims) -> Picture:
    """The talk's figure."""
    two = {name: ground.looks[name] for name in (pair.ppo, pair.apo)}
    averages = ground.averages[ground.averages["configuration"].isin(list(two))]
    end = curves.shown_episodes(averages)
    lengths = averages.groupby(returns.RUN, observed=True)["ordinal"].max()
    beyond = int((lengths > end).sum())
    cut = (
        f" {plural(beyond, 'run')} went on beyond the right edge, the longest to "
        f"{lengths.max():,} episodes."
        if beyond
        else ""
    )
    caption = (
        f"Thin: one seed, mean return of its last {WINDOW} episodes (of all so far, while "
        "they are fewer); its dot is where the run ended. The budget is in steps, so a run whose "
        "episodes are long has fewer of them: towards the right the weaker runs remain. "
        "Thick: median over all seeds, dashed from the first run's end on, and no further than "
        f"half of the seeds go.{cut}"
    )
    wide, narrow = (
        curves.by_episode(averages, two, ground.threshold, narrow) for narrow in (False, True)
    )
    labels = listed([look.label for look in two.values()])
    alt = f"Moving average of the return by episode, a line for each seed of {labels}."
    return Picture(f"{ground.name}-apo-ppo", alt, caption, wide, narrow)


def _measures(ground: Ground, pair: Claims) -> Picture:
    """Each run's values behind the claims."""
    two = {name: ground.looks[name] for name in (pair.ppo, pair.apo)}
    labels = dict(zip(pair.claims["measure"], pair.claims["label"], strict=True))
    wide, narrow = (dots.measures(pair.values, labels, two, narrow) for narrow in (False, True))
    said = " ".join(
        f"{a.claim}: {a.outcome}. {' '.join(a.evidence)}"
        for a in claims.answers(pair, ground.looks)
    )
    return Picture(
        slug=f"{ground.name}-apo-ppo-measures",
        alt=f"A dot for each run in each measure behind the claims. {said}",
        caption="The values behind the verdicts: every dot is one run, the tick is their median.",
        wide=wide,
        narrow=narrow,
    )


def _table(slug: str, pair: Claims, looks: Looks) -> Table:
    """APO against PPO: a row per claim."""
    labels = {"apo": looks[pair.apo].label, "ppo": looks[pair.ppo].label}
    rows = []
    for _, row in pair.claims.iterrows():
        digits = places(row["low"], row["high"])
        bounds = interval(row["low"], row["high"]) or row["note"]
        runs = {side: f"{row[f'{side}_n']} of {row[f'{side}_planned']} runs" for side in labels}
        rows.append(
            (
                Cell(f"({row['claim']}) {row['label']}"),
                *(_value(row[f"{side}_mean"], digits, "no value", n) for side, n in runs.items()),
                _value(row["difference"], digits, row["note"], bounds),
                cells.percents(row["lower"], row["lower_low"], row["lower_high"], row["why"]),
                Cell(claims.outcome(row["verdict"])),
            )
        )
    lower = f"{labels['apo']}'s is lower"
    head = ("Measure", *labels.values(), " − ".join(labels.values()), lower, "Verdict")
    caption = (
        f"Means over runs, and under their difference its {CONFIDENCE:.0%} interval (Welch's t). "
        f"Each row claims that {labels['apo']}'s number is the lower one: in what share of all "
        "pairs of runs it is decides."
    )
    holds = holding(pair.claims[["apo_n", "ppo_n"]].to_numpy().ravel(), "difference")
    label = "The claims about APO"
    return Table(label, slug, caption, head, tuple(rows), pair.claims, holds=holds)


def _notes(goal: str, labels: dict[str, str]) -> tuple[Note, ...]:
    fall = "Gymnasium sets no threshold for this environment, so a fall is not defined."
    if goal:
        fall = (
            f"How far the {WINDOW}-episode moving average sank below {goal} (Gymnasium's "
            f"threshold) after first reaching it, {WINDOW} episodes or later; 0 if it never did. "
            "Runs that did not reach it have no value; one that reached it late had less time to "
            "fall."
        )
    return (
        Note(
            "Verdict",
            f"Supported: {labels['apo']}'s number is the lower one in more than half of all pairs "
            f"of runs, and the {CONFIDENCE:.0%} interval of that share says so too. Not supported: "
            "in less than half, so the opposite was seen. Inconclusive: the interval covers one "
            "half. Claim (b) is supported if all its parts are, not supported if at least one is "
            "not and none is supported, and inconclusive otherwise. Claims (a), (b1) and (b2) are "
            "not corrected for being three.",
        ),
        Note(
            "(a) Mean return at first",
            "The mean return of the greedy policy at its evaluations (the area under straight "
            f"lines between them) over the first {EARLY:.0%} of the budget, so that each step "
            "counts the same. Earlier versions took the return while exploring, which the talk's "
            "figure above shows. The share was fixed before any result was known. Over others the "
            "answer can be another, so three more are given, which were added later; none of the "
            "four is corrected for being one of four.",
        ),
        Note("(b1) Deepest fall", fall),
        Note(
            "(b2) Spread",
            "Standard deviation, within a run, of the returns of the episodes that ended in the "
            f"last {LATE:.0%} of the budget. An agent that learns nothing has little spread: read "
            "it beside the mean return.",
        ),
        Note(
            "How far to trust it",
            "The verdict holds for values of any shape (docs/verdicts.md). The interval of the "
            "difference of means does not: where most values are 0 and few are large, as falls "
            "are, it is only approximate. Both agents have the same seeds and are compared as if "
            "unpaired.",
        ),
    )


def _value(value: float, digits: int, otherwise: str, detail: str = "") -> Cell:
    """A number, or words where there is none."""
    if not np.isfinite(value):
        return Cell(otherwise, detail if detail != otherwise else "", number=True)
    return Cell(number(value, digits), detail, number=True)
