"""The talk that APO comes from: it rises more slowly at first than PPO, and is steadier later.

Both claims say that a number is lower for APO than for PPO. Each run gives one value of it; the
difference of the means has Welch's 95% interval, and the verdict is what that interval says.
"""

import numpy as np
import pandas as pd

from tfrl.analysis import evidence, returns, stability
from tfrl.analysis.returns import RUN

EARLY = 0.2  # share of the step budget that is "at first"
LATE = 0.5  # share of the step budget that is "later"

# The measures in the order of the claims (a), (b1), (b2); see `measures`.
CLAIMS: dict[str, str] = {"a": "early_return", "b1": "deepest_fall", "b2": "late_spread"}


def measures(episodes: pd.DataFrame, steps: int, threshold: float | None) -> pd.DataFrame:
    """The three numbers of each run that the claims are about.

    Args:
      steps: the step budget of a run.
      threshold: the environment's, or None if it has none.

    Returns:
      [environment, configuration, seed, early_return, deepest_fall, late_spread]: the mean return
      of the episodes that ended within the first 20% of the budget; how far the 100-episode moving
      average fell below the threshold after it was first reached (NaN: never reached); the standard
      deviation of the episode return over the last half of the budget.
    """
    early = returns.early_scores(episodes, steps, EARLY).rename(columns={"score": "early_return"})
    late = stability.late_spread(episodes, steps, LATE).rename(columns={"spread": "late_spread"})
    limit = np.inf if threshold is None else threshold
    history = stability.threshold_history(returns.moving_average(episodes), limit)
    fall = history[[*RUN, "fall"]].rename(columns={"fall": "deepest_fall"})
    return fall.merge(early, how="outer").merge(late, how="outer")[[*RUN, *CLAIMS.values()]]


def compare(values: pd.DataFrame, apo: str, ppo: str) -> pd.DataFrame:
    """The claims against the values of one environment.

    Args:
      values: as `measures` gives them.
      apo, ppo: names of the configurations.

    Returns:
      A row a claim: claim, measure, apo, ppo (means), apo_n, ppo_n (runs with a value), apo_runs,
      ppo_runs (finished runs), difference (APO - PPO), low, high, verdict, note.
    """
    rows = []
    for claim, measure in CLAIMS.items():
        row: dict[str, object] = {"claim": claim, "measure": measure}
        sides = {}
        for side, name in (("apo", apo), ("ppo", ppo)):
            column = values.loc[values["configuration"] == name, measure]
            sides[side] = column.dropna().to_numpy(float)
            row |= {side: sides[side].mean() if len(sides[side]) else np.nan}
            row |= {f"{side}_n": len(sides[side]), f"{side}_runs": len(column)}
        difference = evidence.welch(sides["apo"], sides["ppo"])
        row |= {"difference": difference.estimate, "low": difference.low, "high": difference.high}
        row |= {"verdict": evidence.verdict(difference, "lower"), "note": difference.note}
        rows.append(row)
    return pd.DataFrame(rows)
