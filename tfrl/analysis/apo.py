"""The claims of the talk that introduced APO.

At first, APO rises more slowly than PPO; later, it is steadier. Each claim says that a number is
lower for APO than for PPO. For two claims each run gives a value, and the verdict tells whether a
run of APO usually has the lower one (`tfrl.analysis.sign_test`). The third is a number of seeds,
those that lost what they had learned, compared by `tfrl.analysis.shares`. The three claims, and the
first one for other meanings of "at first" and of "return", are one family.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import evidence, forgetting, returns, shares, sign_test, stability
from tfrl.analysis.evidence import Verdict
from tfrl.analysis.returns import RUN
from tfrl.analysis.sign_test import ALPHA, Differences

EARLY = 0.2  # share of the step budget that is "at first"
LATE = 0.5  # share of the step budget that is "later"
BEGINNINGS = (0.05, 0.1, 0.4)  # other shares of the budget that "at first" could mean


@dataclass(frozen=True)
class Claim:
    """A claim of the talk: the number is lower for APO."""

    key: str
    measure: str  # column of `measures`
    label: str  # of the number


CLAIMS = (
    Claim("a", "early_return", f"Mean return of the greedy policy, first {EARLY:.0%} of steps"),
    Claim("b1", "lost", "Seeds that lost what they had learned"),
    Claim("b2", "late_spread", f"Spread of returns, last {LATE:.0%} of steps"),
)

FAMILY = len(CLAIMS) + len(BEGINNINGS) + 1  # 1: the return in training
_UNKNOWN = dict.fromkeys(("lower", "lower_low", "lower_high", "seeds_needed"), np.nan)


def measures(
    judged: pd.DataFrame,
    averages: pd.DataFrame,
    runs: pd.DataFrame,
    steps: int,
    threshold: float | None,
    limit: float | None,
) -> pd.DataFrame:
    """Computes the numbers of each run that the claims are about.

    Args:
      judged: output of `returns.evaluation_curve`.
      averages: output of `returns.moving_average`.
      runs: [environment, configuration, seed, status] of all planned runs.
      steps: step budget of a run.
      threshold: return at which the task counts as solved; None if it has none.
      limit: output of `forgetting.failure_limit`; None if not known.

    Returns:
      [environment, configuration, seed, status, early_return, early_training_return, lost,
      late_return, late_spread], one row per planned run; NaN for runs that have not finished:
      - early_return: mean evaluation return over the first `EARLY` of the budget
        (`returns.area_scores`);
      - early_training_return: the same of the moving average of training episodes;
      - lost: 1 if an evaluation had solved the task and the last one is below the limit; 0 if not;
        NaN if no evaluation solved it;
      - late_return, late_spread: mean and standard deviation of the returns of training episodes
        that ended in the last `LATE` of the budget.
    """
    early = returns.area_scores(judged, steps, EARLY).rename(columns={"score": "early_return"})
    training = returns.area_scores(averages, steps, EARLY)
    training = training.rename(columns={"score": "early_training_return"})
    late = stability.late_returns(averages, steps, LATE).rename(
        columns={"mean": "late_return", "spread": "late_spread"}
    )
    high, low = np.inf, -np.inf
    if threshold is not None and limit is not None:
        high, low = threshold, limit
    history = forgetting.evaluation_failures(judged, high, low)
    lost = history.assign(lost=history["fell"].where(history["solved"]).astype(float))
    table = runs[[*RUN, "status"]]
    for numbers in (early, training, lost[[*RUN, "lost"]], late):
        table = table.merge(numbers, "left", RUN)
    return table


def compare(values: pd.DataFrame, apo: str, ppo: str) -> pd.DataFrame:
    """Decides the claims for one environment.

    Args:
      values: output of `measures`.
      apo, ppo: names of the configurations.

    Returns:
      One row per claim:
      - claim, measure, label;
      - difference (APO - PPO, of means or of shares), low, high, note (why there is no interval);
      - verdict;
      - lower (how often APO's value is the lower one), lower_low, lower_high, seeds_needed, why
        (there are none);
      - with the prefixes `apo_` and `ppo_`: mean, n (runs with a value), nonzero (runs with a value
        other than 0), planned, finished, failed, missing, late_return (mean over runs).
      Verdicts and the intervals behind them hold for all claims and beginnings together
      (Bonferroni).
    """
    names = {"apo": apo, "ppo": ppo}
    sides = {side: values[values["configuration"] == name] for side, name in names.items()}
    rows = []
    for claim in CLAIMS:
        scores = {
            side: runs[claim.measure].dropna().to_numpy(float) for side, runs in sides.items()
        }
        row: dict[str, object] = {
            "claim": claim.key,
            "measure": claim.measure,
            "label": claim.label,
        }
        decide = _fewer if claim.measure == "lost" else _lower
        row |= decide(scores["apo"], scores["ppo"], ALPHA / FAMILY)
        for side, runs in sides.items():
            counts = _counts(runs, scores[side])
            row |= {f"{side}_{key}": value for key, value in counts.items()}
        rows.append(row)
    return pd.DataFrame(rows)


def beginnings(
    judged: pd.DataFrame, values: pd.DataFrame, steps: int, apo: str, ppo: str
) -> pd.DataFrame:
    """Decides the first claim for other meanings of "at first", and for the return in training.

    Args:
      judged: output of `returns.evaluation_curve` for one environment.
      values: output of `measures` for it.
      steps: step budget of a run.
      apo, ppo: names of the configurations.

    Returns:
      One row per share in `BEGINNINGS`, and one of the return in training over the first `EARLY`,
      as in the talk's figure: returns ("evaluation" or "training"), share (of the budget), and from
      `compare`: difference, low, high, note, verdict, lower, lower_low, lower_high, seeds_needed,
      why.
    """
    meanings = [
        ("evaluation", share, returns.area_scores(judged, steps, share)) for share in BEGINNINGS
    ]
    training = values.rename(columns={"early_training_return": "score"}).dropna(subset=["score"])
    rows = []
    for kind, share, scores in [*meanings, ("training", EARLY, training)]:
        of_apo, of_ppo = (
            scores.loc[scores["configuration"] == name, "score"].to_numpy(float)
            for name in (apo, ppo)
        )
        rows.append({"returns": kind, "share": share} | _lower(of_apo, of_ppo, ALPHA / FAMILY))
    return pd.DataFrame(rows)


def combine(verdicts: Collection[Verdict]) -> Verdict:
    """Returns the verdict on a claim of several parts.

    "supported" if all parts are; "not supported" if a part is "not supported" and none is
    "supported"; otherwise "undecided".
    """
    if set(verdicts) == {"supported"}:
        return "supported"
    opposed = "not supported" in verdicts and "supported" not in verdicts
    return "not supported" if opposed else "undecided"


def _lower(apo: np.ndarray, ppo: np.ndarray, alpha: float) -> dict[str, object]:
    """Decides whether APO usually has the lower value, from [n] and [m] values."""
    means = evidence.welch(apo, ppo)
    row = {"difference": means.estimate, "low": means.low, "high": means.high, "note": means.note}
    differences = Differences.between(ppo, apo)
    if differences.trials < 2:
        why = "needs two seeds on each side"
        return row | {"verdict": "undecided", **_UNKNOWN, "why": why}
    low, high = differences.share_interval(1 - alpha)
    return row | {
        "verdict": _verdict(differences.p < alpha, differences.share > 0.5),
        **{"lower": differences.share, "lower_low": low, "lower_high": high},
        **{"seeds_needed": sign_test.seeds_needed(ppo, apo, alpha, "apo"), "why": ""},
    }


def _fewer(apo: np.ndarray, ppo: np.ndarray, alpha: float) -> dict[str, object]:
    """Decides whether fewer seeds of APO lost what they had learned, from [n] and [m] 0s and 1s."""
    row: dict[str, object] = {**_UNKNOWN, "why": "", "verdict": "undecided"}
    if note := evidence.empty_side(apo, ppo):
        return row | dict.fromkeys(("difference", "low", "high"), np.nan) | {"note": note}
    counts = (int(apo.sum()), len(apo), int(ppo.sum()), len(ppo))
    low, high = shares.difference_interval(*counts, 1 - alpha)
    difference = float(apo.mean() - ppo.mean())
    verdict = _verdict(shares.p_value(*counts) < alpha, difference < 0)
    return row | {
        **{"difference": difference, "low": low, "high": high, "note": ""},
        "verdict": verdict,
    }


def _verdict(sure: bool, lower: bool) -> Verdict:
    if not sure:
        return "undecided"
    return "supported" if lower else "not supported"


def _counts(runs: pd.DataFrame, scores: np.ndarray) -> dict[str, object]:
    """Returns the columns of one side of `compare`, from its runs and their [n] values."""
    status = runs["status"].value_counts()
    return {
        "mean": scores.mean() if len(scores) else np.nan,
        "n": len(scores),
        "nonzero": int(np.count_nonzero(scores)),
        "planned": len(runs),
        **{key: int(status.get(key, 0)) for key in ("finished", "failed", "missing")},
        "late_return": runs["late_return"].mean(),
    }
