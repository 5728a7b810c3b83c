"""What came out, in sentences. Each is made from the tables and carries n and its interval."""

import numpy as np
import pandas as pd

from tfrl.analysis import evidence
from tfrl.analysis.apo import together
from tfrl.report.blocks import Answer
from tfrl.report.performance.findings import Comparison, Findings, uses_stock_agent
from tfrl.report.style import Looks
from tfrl.report.units import PLAIN, VERDICTS, badge, estimates
from tfrl.report.wording import interval, listed, number, places, plural, sample, whole

INTERVAL = f"{evidence.CONFIDENCE:.0%} interval"
ANCHORS = {
    "num_anchor_episodes": "K",
    "anchor_weight": "beta",
    "anchor_batch_size": "batch",
}


def outcome(verdict: str) -> str:
    """A verdict as it is shown: "not supported" is easily taken for "there is no evidence"."""
    opposite = "not supported: the opposite was seen"
    return opposite if verdict == "not supported" else verdict


def seeds(summary: pd.DataFrame, looks: Looks) -> Answer:
    """How far the final return moves with nothing changed but the seed."""
    claim = "How much the seed alone changes"
    scored = summary[summary["n"] > 1]
    if scored.empty:
        return Answer(claim, "", ("Too few finished runs to say.",))
    parts = []
    for row in scored.itertuples():
        digits = places(row.mean_low, row.mean_high) if row.max > row.min else whole(row.min)
        low, high = number(row.min, digits), number(row.max, digits)
        span = f"{low} to {high}" if low != high else f"{low} each time"
        parts.append(f"{looks[row.configuration].label} {span} ({sample(row.n)})")
    return Answer(claim, "", (f"Final return of {listed(parts)}.",))


def mean(summary: pd.DataFrame, looks: Looks) -> Answer:
    """The mean final return of each configuration."""
    parts = []
    for row in summary[summary["n"] > 0].itertuples():
        digits = places(row.mean_low, row.mean_high)
        bounds = interval(row.mean_low, row.mean_high)
        bounds = f"{INTERVAL} {bounds}" if bounds else row.note
        label = looks[row.configuration].label
        parts.append(f"{label} {number(row.mean, digits)} ({bounds}; {sample(row.n)})")
    text = f"{listed(parts)}." if parts else "No run has finished."
    return Answer("Mean final return", "", (text,))


def solved(reached: pd.DataFrame, threshold: float, looks: Looks) -> Answer:
    """In how many runs the moving average reached the threshold, and where it ended.

    Args:
      reached: [configuration, reached, ended_below] of the finished runs.
    """
    parts = []
    for name, look in looks.items():
        mine = reached[reached["configuration"] == name]
        count, lost = int(mine["reached"].sum()), int(mine["ended_below"].sum())
        parts.append(f"{look.label} {count} of {len(mine)} ({lost} ended below it)")
    claim = f"Runs whose 100-episode average reached {threshold:g}"
    return Answer(claim, "", (f"{listed(parts)}.",))


def starts(found: Findings, looks: Looks) -> Answer:
    """Whether the policy does better from where it was trained to start."""
    rows = found.starts[found.starts["n"] > 0]
    names = [looks[name].label for name in rows["configuration"]]
    text = (
        "Training meets hardly any start twice, so nothing should show. Return from starts of "
        f"training minus return from others: {estimates(rows, names, PLAIN)}."
    )
    return Answer("Starts never trained on", badge(rows, VERDICTS), (text,))


def apo(pair: Comparison, looks: Looks) -> list[Answer]:
    """One answer for each claim of the talk."""
    labels = {"apo": looks[pair.apo].label, "ppo": looks[pair.ppo].label}
    early = pair.claims[pair.claims["claim"] == "a"].iloc[0]
    later = pair.claims[pair.claims["claim"] != "a"]
    parts = []
    for _, row in later.iterrows():
        own = f" ({row['verdict']})" if len(later) > 1 else ""
        parts.append(
            f"{row['label']}{own}{_among(row)}: {_evidence(row, labels)}{_beside(row, labels)}"
        )
    lost = _without_value(early, labels)
    return [
        Answer(
            f"{labels['apo']} rises more slowly than {labels['ppo']} at first",
            outcome(early["verdict"]),
            (f"{early['label']}: {_evidence(early, labels)}", *lost),
        ),
        Answer(
            f"{labels['apo']} is steadier than {labels['ppo']} later",
            outcome(together(list(later["verdict"]))),
            (*parts, *lost),
        ),
    ]


def scope(found: Findings, pair: Comparison, looks: Looks) -> str:
    """What is compared with what, under which settings, and so what the verdict is about."""
    configurations = {c.name: c for c in found.study.configurations}
    several = [
        f"{count} configurations of {label}"
        for name, label in ((pair.apo, "APO"), (pair.ppo, "PPO"))
        if (count := _count(found, configurations[name].pipeline)) > 1
    ]
    which = (
        f" Of the study's {listed(several)}, {pair.apo} and {pair.ppo} are compared, the first "
        "of their kind."
        if several
        else ""
    )
    stock = (
        f" {looks[pair.ppo].label} is TF-Agents' stock agent here, without the corrections that "
        "APO builds on: part of the difference may be theirs."
        if uses_stock_agent(configurations[pair.ppo])
        else ""
    )
    return (
        "T. Kakinoue's talk of 2025 introduced Anchored Policy Optimization with two claims: it "
        "rises more slowly than PPO at first, and it is steadier later. The talk gives no values "
        "for the number of best episodes K, the weight beta and the batch of recorded steps; "
        f"{_anchors(pair)}, so the verdict is about these settings on {found.environment.id}, not "
        f"about the method.{which}{stock}"
    )


def _anchors(pair: Comparison) -> str:
    """Whose values K, beta and the batch have."""
    known = [key for key in ANCHORS if key in pair.hyperparameters]
    values = ", ".join(f"{ANCHORS[key]} = {pair.hyperparameters[key]:g}" for key in known)
    shown = f" ({values})" if values else ""
    if all(pair.hyperparameters[key] == pair.defaults.get(key) for key in known):
        return f"ours{shown} were fixed before any reported seed was run and were not tuned"
    return f"this study sets its own{shown}"


def _count(found: Findings, pipeline: str) -> int:
    return sum(c.pipeline == pipeline for c in found.study.configurations)


def _evidence(row: pd.Series, labels: dict[str, str]) -> str:
    """Both means of a claim, their difference with its interval, and both n."""
    n = sample(row["apo_n"], row["ppo_n"])
    if _nobody_fell(row):
        return f"no run of either agent fell ({n})."
    if not np.isfinite(row["difference"]):
        return f"{row['note']} ({n})."
    digits = places(row["low"], row["high"])
    means = ", ".join(f"{labels[s]} {number(row[f'{s}_mean'], digits)}" for s in labels)
    bounds = interval(row["low"], row["high"])
    bounds = f"{INTERVAL} {bounds}" if bounds else row["note"]
    return f"{means}, difference {number(row['difference'], digits)} ({bounds}; {n})."


def _nobody_fell(row: pd.Series) -> bool:
    """Whether the measure is the fall, and all runs that could have fallen did not."""
    could = row["apo_n"] and row["ppo_n"]
    return bool(row["claim"] == "b1" and could and not row["apo_nonzero"] + row["ppo_nonzero"])


def _among(row: pd.Series) -> str:
    """Of which runs a measure is, if only some can have it."""
    if row["claim"] != "b1":
        return ""
    apo, ppo = (f"{row[f'{side}_n']} of {row[f'{side}_planned']}" for side in ("apo", "ppo"))
    return f", among the {apo} and {ppo} runs that reached it"


def _beside(row: pd.Series, labels: dict[str, str]) -> str:
    """What to read a measure with: how many runs fell; what return a spread is around."""
    if _nobody_fell(row):
        return ""
    if row["claim"] == "b1":
        known = [side for side in labels if row[f"{side}_n"]]
        parts = [
            f"{labels[s]} fell in {row[f'{s}_nonzero']} of {plural(row[f'{s}_n'], 'run')}"
            for s in known
        ]
        return f" {listed(parts)}." if known else ""
    known = [side for side in labels if np.isfinite(row[f"{side}_late_return"])]
    parts = [f"{labels[s]} {number(row[f'{s}_late_return'])}" for s in known]
    return f" Mean return there: {', '.join(parts)}." if known else ""


def _without_value(row: pd.Series, labels: dict[str, str]) -> list[str]:
    """Which runs cannot have a value, because they did not finish."""
    sentences = []
    for side, label in labels.items():
        failed, missing = row[f"{side}_failed"], row[f"{side}_missing"]
        parts = (
            [f"{failed} failed and {'has' if failed == 1 else 'have'} no value"] if failed else []
        )
        parts += [f"{missing} {'is' if missing == 1 else 'are'} not there yet"] if missing else []
        if parts:
            sentences.append(f"Of {label}'s {row[f'{side}_planned']} runs {listed(parts)}.")
    return sentences
