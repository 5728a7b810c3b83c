"""The talk that APO comes from: what it claims, and what these runs say of it, in sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis import apo
from tfrl.analysis.evidence import Verdict
from tfrl.report.blocks import Answer
from tfrl.report.performance import cells, pairs
from tfrl.report.performance.ground import Ground
from tfrl.report.style import Looks
from tfrl.report.wording import listed, number, places, plural, sample

ANCHORS = {
    "num_anchor_episodes": "K",
    "anchor_weight": "beta",
    "anchor_batch_size": "batch",
}


@dataclass(frozen=True)
class Claims:
    """APO against PPO: the names of the two configurations, each run's values, and the claims."""

    apo: str
    ppo: str
    values: pd.DataFrame  # as `analysis.apo.measures`
    claims: pd.DataFrame  # as `analysis.apo.compare`, without b1 if there is no threshold
    beginnings: pd.DataFrame  # as `analysis.apo.beginnings`


def find(ground: Ground) -> Claims | None:
    """The statistics, if the study has both agents."""
    pair = apo.plain(ground.settings)
    if pair is None:
        return None
    runs = ground.runs[ground.runs["configuration"].isin(pair)]
    values = apo.measures(ground.judged, ground.averages, runs, ground.steps, ground.threshold)
    claims = apo.compare(values, *pair)
    if ground.threshold is None:
        claims = claims[claims["claim"] != "b1"]
    beginnings = apo.beginnings(ground.judged, ground.steps, *pair)
    return Claims(*pair, values, claims, beginnings)


def outcome(verdict: str) -> str:
    """A verdict as it is shown: "not supported" is easily taken for "there is no evidence"."""
    opposite = "not supported: the opposite was seen"
    return opposite if verdict == "not supported" else verdict


def answers(pair: Claims, looks: Looks) -> list[Answer]:
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
            _at_first(early["verdict"], pair.beginnings),
            (
                f"{early['label']}: {_evidence(early, labels)}",
                *_other_beginnings(pair.beginnings),
                *lost,
            ),
        ),
        Answer(
            f"{labels['apo']} is steadier than {labels['ppo']} later",
            outcome(apo.together(list(later["verdict"]))),
            (*parts, *lost),
        ),
    ]


def _at_first(verdict: Verdict, beginnings: pd.DataFrame) -> str:
    """The verdict, and whether it would be another if "at first" meant something else."""
    found = set(beginnings["verdict"])
    if {"supported", "not supported"} <= found:
        return 'it depends on how long "at first" is'
    alone = "" if found <= {verdict} else f" over the first {apo.EARLY:.0%}"
    return f"{outcome(verdict)}{alone}"


def _other_beginnings(beginnings: pd.DataFrame) -> list[str]:
    """The shares for meanings of "at first" other than the one that the verdict is about."""
    others = beginnings[(beginnings["share"] != apo.EARLY) & beginnings["lower"].notna()]
    parts = [f"{_lower(row)} over the first {row['share']:.0%}" for _, row in others.iterrows()]
    return [f"It is the lower one in {listed(parts)}."] if parts else []


def scope(ground: Ground, pair: Claims) -> str:
    """What is compared with what, under which settings, and so what the verdict is about."""
    looks = ground.looks
    several = [
        f"{count} configurations of {label}"
        for pipeline, label in (("apo", "APO"), ("ppo", "PPO"))
        if (count := sum(own == pipeline for own, _ in ground.settings.values())) > 1
    ]
    which = (
        f" The study has {listed(several)}; the plain ones are compared here, {pair.apo} and "
        f"{pair.ppo}."
        if several
        else ""
    )
    stock = (
        f" {looks[pair.ppo].label} is TF-Agents' stock agent here, without the corrections that "
        "APO builds on: part of the difference may be theirs."
        if ground.settings[pair.ppo][1].get("stock_agent", False)
        else ""
    )
    return (
        "T. Kakinoue's talk of 2025 introduced Anchored Policy Optimization: PPO with one more "
        "term in its loss, beta times how far the policy has moved from what it did in its K best "
        "episodes so far, the anchors. It made two claims: APO rises more slowly than PPO at "
        "first, and is steadier later. The talk gives no values "
        "for the number of best episodes K, the weight beta and the batch of recorded steps; "
        f"{_anchors(ground.settings[pair.apo][1], ground.defaults.get(pair.apo, {}))}, so the "
        f"verdict is about these settings on {ground.environment.id}, not about the "
        f"method.{which}{stock}"
    )


def _anchors(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Whose values K, beta and the batch have."""
    known = [key for key in ANCHORS if key in values]
    listing = ", ".join(f"{ANCHORS[key]} = {values[key]:g}" for key in known)
    shown = f" ({listing})" if listing else ""
    if all(values[key] == defaults.get(key) for key in known):
        return f"ours{shown} were fixed before any reported seed was run and were not tuned"
    return f"this study sets its own{shown}"


def _evidence(row: pd.Series, labels: dict[str, str]) -> str:
    """Both means of a claim, how often APO's number is the lower one, and both n."""
    n = sample(row["apo_n"], row["ppo_n"])
    if _nobody_fell(row):
        return f"no run of either agent fell ({n})."
    if not np.isfinite(row["difference"]):
        return f"{row['note']} ({n})."
    digits = places(row["low"], row["high"])
    means = ", ".join(f"{labels[s]} {number(row[f'{s}_mean'], digits)}" for s in labels)
    if not np.isfinite(row["lower"]):
        return f"{means} ({row['why']}; {n})."
    if row["verdict"] == "inconclusive":
        needed = pairs.lacking(row["seeds_needed"], row["why"], min(row["apo_n"], row["ppo_n"]))
        n = f"{n}; {needed}"
    return f"{means}; {labels['apo']}'s is the lower one in {_lower(row)} of pairs of runs ({n})."


def _lower(row: pd.Series) -> str:
    return cells.share_said(row["lower"], row["lower_low"], row["lower_high"])


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
            f"{labels[s]} fell below it in {row[f'{s}_nonzero']} of {plural(row[f'{s}_n'], 'run')}"
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
