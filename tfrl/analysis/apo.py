"""The talk that APO comes from: it rises more slowly at first than PPO, and is steadier later.

All claims say that a number is lower for APO than for PPO. Of two, each run gives a value, and the
verdict says whether a run of APO mostly has the lower one (`tfrl.analysis.sign_test`). One is a
number of seeds, those that lost what they had learned, compared by `tfrl.analysis.shares`. The
three, and the first by other meanings of "at first", are one family.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import comparisons, evidence, forgetting, returns, shares, sign_test, stability
from tfrl.analysis.evidence import Verdict
from tfrl.analysis.returns import RUN
from tfrl.analysis.settings import Settings, differences, rest
from tfrl.analysis.sign_test import ALPHA, Differences

EARLY = 0.2  # share of the step budget that is "at first"
LATE = 0.5  # share of the step budget that is "later"
BEGINNINGS = (0.05, 0.1, 0.4)  # other shares of the budget that "at first" could mean


@dataclass(frozen=True)
class Claim:
    """A part of what the talk claims: APO's number is the lower one."""

    key: str
    measure: str  # the column of `measures`
    label: str  # what the number is


CLAIMS = (
    Claim("a", "early_return", f"Mean return of the greedy policy, first {EARLY:.0%} of steps"),
    Claim("b1", "lost", "Seeds that lost what they had learned"),
    Claim("b2", "late_spread", f"Spread of returns, last {LATE:.0%} of steps"),
)

FAMILY = len(CLAIMS) + len(BEGINNINGS)


def measures(
    judged: pd.DataFrame,
    averages: pd.DataFrame,
    runs: pd.DataFrame,
    steps: int,
    threshold: float | None,
    level: float | None,
) -> pd.DataFrame:
    """The numbers of each run that the claims are about.

    Args:
      judged: as `returns.judged` gives it.
      averages: as `returns.moving_average` gives them.
      runs: the planned runs with their `status`.
      steps: the step budget of a run.
      threshold: the environment's, or None if it has none.
      level: the return below which what was learned counts as lost, or None if it is not known.

    Returns:
      A row for each planned run, [environment, configuration, seed, status, early_return, lost,
      late_return, late_spread]: the mean return of the judged policy over the first `EARLY` of the
      budget (`returns.judged_area`); 1 if the judged policy had solved the task at an evaluation
      and was below `level` at the last, 0 if not, NaN if it never had; mean and standard deviation
      of the returns of the episodes that ended in the last `LATE` of the budget, while training. A
      run that has not finished has NaN throughout.
    """
    early = returns.judged_area(judged, steps, EARLY).rename(columns={"score": "early_return"})
    late = stability.late_returns(averages, steps, LATE).rename(
        columns={"mean": "late_return", "spread": "late_spread"}
    )
    limit, low = np.inf, -np.inf
    if threshold is not None and level is not None:
        limit, low = threshold, level
    history = forgetting.of_judged(judged, limit, low)
    lost = history.assign(lost=history["fell"].where(history["solved"]).astype(float))
    table = runs[[*RUN, "status"]].merge(early, "left", RUN)
    table = table.merge(lost[[*RUN, "lost"]], "left", RUN)
    return table.merge(late, "left", RUN)


def compare(values: pd.DataFrame, apo: str, ppo: str) -> pd.DataFrame:
    """The claims against the values of one environment.

    Args:
      values: as `measures` gives them.
      apo, ppo: names of the configurations.

    Returns:
      A row a claim: claim, measure, label, difference (APO - PPO, of means or of shares), low,
      high, note, verdict, lower (how often APO's is the lower one), lower_low, lower_high,
      seeds_needed, why (there is none), and of each side, with `apo_` or `ppo_` before it: mean,
      n (runs with a value), nonzero (runs whose value is not 0), planned, finished, failed,
      missing, and late_return (mean over its runs). Verdicts and the intervals that they are made
      of hold for all claims and beginnings together (Bonferroni).
    """
    names = {"apo": apo, "ppo": ppo}
    sides = {side: values[values["configuration"] == name] for side, name in names.items()}
    rows = []
    for claim in CLAIMS:
        scores = {
            side: mine[claim.measure].dropna().to_numpy(float) for side, mine in sides.items()
        }
        row: dict[str, object] = {
            "claim": claim.key,
            "measure": claim.measure,
            "label": claim.label,
        }
        judge = _fewer if claim.measure == "lost" else _lower
        row |= judge(scores["apo"], scores["ppo"], ALPHA / FAMILY)
        for side, mine in sides.items():
            counted = _side(mine, scores[side])
            row |= {f"{side}_{key}": value for key, value in counted.items()}
        rows.append(row)
    return pd.DataFrame(rows)


def beginnings(judged: pd.DataFrame, steps: int, apo: str, ppo: str) -> pd.DataFrame:
    """The first claim for other meanings of "at first": does its verdict depend on `EARLY`?

    Args:
      judged: as `returns.judged` gives it, of one environment.
      steps: the step budget of a run.
      apo, ppo: names of the configurations.

    Returns:
      A row for each of `BEGINNINGS`: share (of the budget), and the columns
      difference, low, high, note, verdict, lower, lower_low, lower_high, seeds_needed and why of
      `compare`.
    """
    rows = []
    for share in BEGINNINGS:
        scores = returns.judged_area(judged, steps, share)
        low, high = (
            scores.loc[scores["configuration"] == name, "score"].to_numpy() for name in (apo, ppo)
        )
        rows.append({"share": share} | _lower(low, high, ALPHA / FAMILY))
    return pd.DataFrame(rows)


def _lower(apo: np.ndarray, ppo: np.ndarray, alpha: float) -> dict[str, object]:
    """How often APO's value is the lower one, the verdict on that, and the seeds it needs."""
    means = evidence.welch(apo, ppo)
    row = {"difference": means.estimate, "low": means.low, "high": means.high, "note": means.note}
    found = Differences.between(ppo, apo)
    if found.trials < 2:
        nothing = dict.fromkeys(("lower", "lower_low", "lower_high", "seeds_needed"), np.nan)
        return row | {
            "verdict": "inconclusive",
            **nothing,
            "why": "needs two seeds on each side",
        }
    low, high = found.share_interval(1 - alpha)
    needed = sign_test.seeds_needed(ppo, apo, alpha, "apo")
    return row | {
        "verdict": _verdict(found.p < alpha, found.share > 0.5),
        **{"lower": found.share, "lower_low": low, "lower_high": high},
        **{"seeds_needed": needed, "why": ""},
    }


def _fewer(apo: np.ndarray, ppo: np.ndarray, alpha: float) -> dict[str, object]:
    """Whether fewer seeds of APO lost what they had learned, of [n] and [m] values of 0 and 1."""
    nothing = dict.fromkeys(("lower", "lower_low", "lower_high", "seeds_needed"), np.nan)
    row: dict[str, object] = {**nothing, "why": "", "verdict": "inconclusive"}
    if not (len(apo) and len(ppo)):
        where = "either side" if len(apo) == len(ppo) else "one side"
        gap = dict.fromkeys(("difference", "low", "high"), np.nan)
        return gap | row | {"note": f"no value on {where}"}
    counts = (int(apo.sum()), len(apo), int(ppo.sum()), len(ppo))
    low, high = shares.difference_interval(*counts, 1 - alpha)
    difference = float(apo.mean() - ppo.mean())
    sure = shares.p_value(*counts) < alpha
    return (
        {"difference": difference, "low": low, "high": high, "note": ""}
        | row
        | {"verdict": _verdict(sure, difference < 0)}
    )


def _verdict(sure: bool, lower: bool) -> Verdict:
    if not sure:
        return "inconclusive"
    return "supported" if lower else "not supported"


def together(verdicts: Collection[Verdict]) -> Verdict:
    """The verdict on a claim of several parts.

    "supported" if each part is; "not supported" if a part is not and none is supported;
    "inconclusive" otherwise.
    """
    if set(verdicts) == {"supported"}:
        return "supported"
    opposed = "not supported" in verdicts and "supported" not in verdicts
    return "not supported" if opposed else "inconclusive"


def plain(settings: Settings) -> tuple[str, str] | None:
    """The configurations of APO and of PPO that all others are compared with, if there are both.

    The first of each pipeline; one of PPO that has the agent that APO builds on goes before one
    with TF-Agents' stock agent.
    """
    first: dict[str, str] = {}
    for name, (pipeline, values) in settings.items():
        if not values.get("stock_agent", False):
            first.setdefault(pipeline, name)
    for name, (pipeline, _) in settings.items():
        first.setdefault(pipeline, name)
    return (first["apo"], first["ppo"]) if {"apo", "ppo"} <= first.keys() else None


def changed(settings: Settings) -> dict[str, str]:
    """What each configuration of APO or PPO sets otherwise than the plain one.

    APO by several learners is held against plain APO.
    """
    references = dict(zip(("apo", "ppo"), plain(settings) or (), strict=False))
    if references:
        references["apo_parallel"] = references["apo"]
    return {
        name: differences(settings[references[pipeline]][1], values)
        for name, (pipeline, values) in settings.items()
        if pipeline in references
    }


def sharing(settings: Settings) -> list[tuple[str, str]]:
    """Learners that share their anchors, each with the same ones apart."""

    def rest_of(name: str) -> str:
        return rest(*settings[name], lambda key: key == "share_anchors")

    parallel = [name for name, (pipeline, _) in settings.items() if pipeline == "apo_parallel"]
    shared = [name for name in parallel if settings[name][1].get("share_anchors", True)]
    apart = {rest_of(name): name for name in parallel if name not in shared}
    return [(name, apart[rest_of(name)]) for name in shared if rest_of(name) in apart]


def ablations(
    measures: Mapping[str, pd.DataFrame], settings: Settings, margins: Mapping[str, float]
) -> pd.DataFrame:
    """Every configuration of APO and PPO against plain APO and against plain PPO.

    Learners in parallel, each of which takes but a share of the steps, are held against each other
    only: those that share their anchors against the same ones apart.

    Args:
      measures: by what is measured, [environment, configuration, seed, score], one finite score a
        run that has one.
      margins: by environment, the least difference of returns that matters.

    Returns:
      The rows of `comparisons.compare`, where `a` is the configuration and `b` what it is held
      against, with `measure` and `changed`; all rows of one environment are a family.
      Empty if the study has not both pipelines.
    """
    references = plain(settings)
    if references is None:
        return pd.DataFrame()
    what = changed(settings)
    apo, ppo = references
    alone = [name for name in what if settings[name][0] != "apo_parallel"]
    asked = [(name, apo) for name in alone if name not in references]
    asked += [(name, ppo) for name in alone if name != ppo]
    asked += sharing(settings)
    tables = [
        comparisons.compare(scores, margins, asked, len(measures)).assign(measure=measure)
        for measure, scores in measures.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    if table.empty:
        return table
    return table.assign(changed=_changes(table, what, settings))


def _changes(table: pd.DataFrame, what: Mapping[str, str], settings: Settings) -> list[str]:
    """What each `a` sets otherwise than the plain one, or than the same learners apart."""
    return [
        what[a] if settings[b][0] != "apo_parallel" else differences(settings[b][1], settings[a][1])
        for a, b in zip(table["a"].astype(str), table["b"].astype(str), strict=True)
    ]


def _side(runs: pd.DataFrame, scores: np.ndarray) -> dict[str, object]:
    """One side of a comparison: its runs, and the scores of those that have one."""
    status = runs["status"].value_counts()
    return {
        "mean": scores.mean() if len(scores) else np.nan,
        "n": len(scores),
        "nonzero": int(np.count_nonzero(scores)),
        "planned": len(runs),
        **{key: int(status.get(key, 0)) for key in ("finished", "failed", "missing")},
        "late_return": runs["late_return"].mean(),
    }
