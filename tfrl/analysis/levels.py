"""What the chance of which levels are trained on adds to the variance of a mean over runs.

All runs of a configuration are trained on the same levels, and ten levels are easier or harder than
others by chance: over seeds alone, a policy that cannot overfit is accused in a third of all
studies of ten levels and five seeds. So the episodes are taken as clusters that share a level, less
those that share it and the run too, whose share is in the spread over runs already (Cameron,
Gelbach and Miller 2011, https://doi.org/10.1198/jbes.2010.07136). It is next to 0 if no two runs
meet the same level.
"""

import pandas as pd

from tfrl.analysis.returns import RUN


def played(evaluations: pd.DataFrame, column: str, threshold: float | None) -> pd.DataFrame:
    """What each run scored on each level that it was trained on.

    Args:
      evaluations: as `Results` has them.
      column: "success" or "return".
      threshold: the return from which on an episode succeeds.

    Returns:
      [environment, configuration, seed, step, policy, level, total, count].
    """
    frame = evaluations[evaluations["split"] == "training"]
    values = frame["return"] >= threshold if column == "success" else frame["return"]
    groups = frame.assign(value=values.astype(float)).groupby(
        [*RUN, "step", "policy", "level"], observed=True
    )["value"]
    found = groups.agg(total="sum", count="size").reset_index()
    return found.astype({"policy": str})


def variance(terms: pd.DataFrame, played: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The variance that the choice of levels adds to a sum of weighted means over runs.

    Args:
      terms: [environment, configuration, seed, step, policy, weight, *by], a row for each run in
        each of the means, which differ in environment, configuration, step or weight.
      played: as `played` gives it.

    Returns:
      [*by, of_levels, levels], the variance and the number of levels met; NaN for the variance of
      one level, which says nothing of others.
    """
    rows = terms.merge(played, on=[*RUN, "step", "policy"])
    mean = list(dict.fromkeys([*by, "environment", "configuration", "step", "weight"]))
    groups = rows.groupby(mean, observed=True)
    total, size = (groups[of].transform("sum") for of in ("total", "count"))
    rows["residual"] = rows["weight"] * (rows["total"] - rows["count"] * total / size) / size
    parts = []
    for cluster in (["level"], ["level", "seed"]):
        sums = rows.groupby([*by, *cluster], observed=True)["residual"].sum()
        squares = (sums**2).groupby(level=by, observed=True)
        count = squares.size()
        parts.append(squares.sum() * count / (count - 1).where(count > 1))
    found = (parts[0] - parts[1]).clip(lower=0).rename("of_levels").to_frame()
    levels = rows.groupby(by, observed=True)["level"].nunique().rename("levels")
    return found.join(levels).reset_index()
