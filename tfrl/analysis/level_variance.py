"""The variance of a mean over runs that comes from the choice of training levels.

All runs of a configuration are trained on the same levels, and ten levels may be easier or harder
than average by chance. With the variance over seeds alone, a policy that cannot overfit appears to
overfit in a third of all studies with ten levels and five seeds. So the episodes are treated as
clusters that share a level, minus the clusters that share both level and run, which the variance
over runs already contains (Cameron, Gelbach and Miller 2011,
https://doi.org/10.1198/jbes.2010.07136). The result is almost 0 if no two runs share a level.
"""

from collections.abc import Collection

import pandas as pd

from tfrl.analysis.returns import RUN


def level_scores(evaluations: pd.DataFrame, column: str, threshold: float | None) -> pd.DataFrame:
    """Sums up each run's scores on each of its training levels.

    Args:
      evaluations: as in `Results`.
      column: "success" or "return".
      threshold: least return of a successful episode.

    Returns:
      [environment, configuration, seed, step, policy, level, total, count].
    """
    frame = evaluations[evaluations["split"] == "training"]
    values = frame["return"] >= threshold if column == "success" else frame["return"]
    groups = frame.assign(value=values.astype(float)).groupby(
        [*RUN, "step", "policy", "level"], observed=True
    )["value"]
    table = groups.agg(total="sum", count="size").reset_index()
    return table.astype({"policy": str})


def variance(terms: pd.DataFrame, level_scores: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Computes the variance that the choice of levels adds to a sum of weighted means over runs.

    Args:
      terms: [environment, configuration, seed, step, policy, weight, *by], one row per run and
        mean. Means differ in environment, configuration, step or weight.
      level_scores: output of `level_scores`.
      by: columns that identify a sum.

    Returns:
      [*by, of_levels, levels]: the variance and the number of levels; NaN with one level.
    """
    rows = terms.merge(level_scores, on=[*RUN, "step", "policy"])
    mean = list(dict.fromkeys([*by, "environment", "configuration", "step", "weight"]))
    groups = rows.groupby(mean, observed=True)
    total, size = (groups[column].transform("sum") for column in ("total", "count"))
    rows["residual"] = rows["weight"] * (rows["total"] - rows["count"] * total / size) / size
    parts = []
    for cluster in (["level"], ["level", "seed"]):
        sums = rows.groupby([*by, *cluster], observed=True)["residual"].sum()
        squares = (sums**2).groupby(level=by, observed=True)
        count = squares.size()
        parts.append(squares.sum() * count / (count - 1).where(count > 1))
    variance = (parts[0] - parts[1]).clip(lower=0).rename("of_levels").to_frame()
    levels = rows.groupby(by, observed=True)["level"].nunique().rename("levels")
    return variance.join(levels).reset_index()


def shared_variance(
    terms: Collection[tuple[pd.DataFrame, float]],
    level_scores: pd.DataFrame | None,
    by: list[str],
) -> pd.DataFrame | None:
    """Computes the variance of a sum of gaps that comes from the choice of training levels.

    Args:
      terms: rows of `overfitting.gaps`, each with the weight of its gaps in the sum.
      level_scores: output of `level_scores`, or None.
      by: columns that identify a sum.

    Returns:
      The output of `variance`; None without `level_scores`.
    """
    if level_scores is None:
        return None
    rows = pd.concat([rows.assign(weight=weight) for rows, weight in terms])
    return variance(rows, level_scores, by)
