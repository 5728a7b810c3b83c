"""The tables of results: to read, and with eight significant digits as CSV."""

import numpy as np
import pandas as pd

from tfrl.analysis.apo import EARLY, LATE
from tfrl.analysis.evidence import BOOTSTRAP_MINIMUM, CONFIDENCE, REPETITIONS
from tfrl.analysis.returns import WINDOW
from tfrl.harness.study import Study
from tfrl.report.blocks import Cell, Note, Table
from tfrl.report.performance.answers import outcome
from tfrl.report.performance.findings import Comparison
from tfrl.report.records import agent
from tfrl.report.style import Looks
from tfrl.report.wording import interval, listed, number, places, whole


def performance(
    slug: str, final: pd.DataFrame, training: pd.DataFrame, study: Study, looks: Looks
) -> Table:
    """Final performance, a row per configuration.

    Args:
      final, training: as `evidence.summarise` gives them for the two scores, same rows.
    """
    head = ("Agent", "Finished", "Failed", "Median", "IQM", "Mean", "Lowest", "Highest")
    rows = []
    for (_, row), (_, last) in zip(final.iterrows(), training.iterrows(), strict=True):
        digits = _places(row)
        rows.append(
            (
                agent(looks[row["configuration"]]),
                Cell(f"{row['finished']} of {row['planned']}", number=True),
                Cell(f"{row['failed']}", number=True),
                *(_estimate(row, statistic) for statistic in ("median", "iqm", "mean")),
                *(_value(row[extreme], digits, row["note"]) for extreme in ("min", "max")),
                _estimate(last, "mean"),
            )
        )
    data = pd.concat([final.assign(score="evaluation"), training.assign(score="training")])
    return Table(
        "Final performance",
        slug,
        f"Final return over the seeds; small, each estimate's {CONFIDENCE:.0%} interval.",
        (*head, f"Last {WINDOW} training episodes"),
        tuple(rows),
        data,
        _performance_notes(final, study),
    )


def _performance_notes(final: pd.DataFrame, study: Study) -> tuple[Note, ...]:
    counts = sorted({int(n) for n in final["n"] if n > 1})
    chances = listed([f"{(n - 1) / (n + 1):.0%} with {n} seeds" for n in counts] or ["none here"])
    return (
        Note(
            "Final return",
            f"Of a seed: the mean return of {study.evaluation.episodes} episodes of the greedy "
            f"policy at the last evaluation, scheduled at {study.steps:,} steps. The greedy policy "
            "always takes the action that the agent rates highest; it does not explore.",
        ),
        Note(
            "Median, IQM",
            "The interquartile mean (IQM) is the mean of the seeds in the middle: the lowest and "
            "the highest quarter are left out, and with them any seed that collapsed, so read it "
            f"beside the lowest. Intervals: percentile bootstrap, {REPETITIONS:,} resamples; "
            f"somewhat too narrow on few seeds, so none is given below {BOOTSTRAP_MINIMUM}.",
        ),
        Note(
            "Mean",
            "Interval: Student's t. Near a cap on the return it is too narrow, and may reach past "
            "the cap: where a tenth of the seeds collapse, it misses the mean of all possible "
            "seeds in 18% of cases at n = 20, not in 5%. Read it with the seeds.",
        ),
        Note(
            "One more seed",
            "Before any seed is run, the probability that one more will fall between the lowest "
            f"and the highest of the n others is at least (n − 1)/(n + 1): {chances}.",
        ),
        Note("Failed", "Runs that failed are counted here and have no return."),
        Note(
            f"Last {WINDOW} training episodes",
            "Mean over seeds of what the agent got while it still explored.",
        ),
    )


def claims(slug: str, pair: Comparison, threshold: float | None, looks: Looks) -> Table:
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
                Cell(outcome(row["verdict"])),
            )
        )
    head = ("Measure", *labels.values(), " − ".join(labels.values()), "Verdict")
    caption = (
        f"Means over runs, and under the difference its {CONFIDENCE:.0%} interval (Welch's t, not "
        f"corrected for being one of several). Each row claims that {labels['apo']}'s number is "
        "the lower one."
    )
    notes = _claims_notes(threshold, labels)
    return Table("The claims about APO", slug, caption, head, tuple(rows), pair.claims, notes)


def _claims_notes(threshold: float | None, labels: dict[str, str]) -> tuple[Note, ...]:
    fall = "Gymnasium sets no threshold for this environment, so a fall is not defined."
    if threshold is not None:
        fall = (
            f"How far the {WINDOW}-episode moving average sank below {threshold:g} (Gymnasium's "
            f"threshold) after first reaching it, {WINDOW} episodes or later; 0 if it never did. "
            "Runs that did not reach it have no value; one that reached it late had less time to "
            "fall."
        )
    return (
        Note(
            "Verdict",
            "Supported: the interval lies wholly below 0. Not supported: wholly above, so the "
            "opposite was seen. Inconclusive: it covers 0, or there is none. Claim (b) is "
            "supported if all its parts are, not supported if at least one is not and none is "
            "supported, and inconclusive otherwise.",
        ),
        Note(
            "(a) Mean return at first",
            f"The mean of a run's learning curve ({WINDOW}-episode moving average by environment "
            f"step, as drawn above) on an even grid of steps over the first {EARLY:.0%} of the "
            "budget, so that each step counts the same. It begins where the run's first episode "
            f"ends; before {WINDOW} have, the average is of all so far.",
        ),
        Note("(b1) Deepest fall", fall),
        Note(
            "(b2) Spread",
            "Standard deviation, within a run, of the returns of the episodes that ended in the "
            f"last {LATE:.0%} of the budget. An agent that learns nothing has little spread: read "
            "it beside the mean return.",
        ),
        Note(
            "How far to trust the intervals",
            "For values of which most are 0 and few are large, as falls are, the interval is only "
            "approximate and can see a difference where there is none: read it with the number of "
            f"runs that fell. {labels['apo']} and {labels['ppo']} share their seeds, and with "
            "equal networks their initial weights and first episodes, but are compared as if "
            "unpaired: if that makes their values correlate positively, the intervals are a little "
            "too wide.",
        ),
    )


def _estimate(row: pd.Series, statistic: str) -> Cell:
    """An estimate above its interval, or above why there is none."""
    low, high = row[f"{statistic}_low"], row[f"{statistic}_high"]
    digits = places(low, high) if low < high else _places(row)
    return _value(row[statistic], digits, row["note"], interval(low, high) or row["note"])


def _places(row: pd.Series) -> int:
    """Decimals for a row's numbers: what its mean's interval warrants."""
    if row["min"] == row["max"]:
        return whole(row["min"])
    return places(row["mean_low"], row["mean_high"])


def _value(value: float, digits: int, otherwise: str, detail: str = "") -> Cell:
    """A number, or words where there is none."""
    if not np.isfinite(value):
        return Cell(otherwise, detail if detail != otherwise else "", number=True)
    return Cell(number(value, digits), detail, number=True)
