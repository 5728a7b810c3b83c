"""Spread and tail of each row of a matrix, all rows at once, in which NaN does not count."""

import numpy as np

ALPHA = 0.05  # share of values in a tail


def quantile(values: np.ndarray, q: float) -> np.ndarray:
    """The quantile of what is not NaN in each row of [R, N]; NaN if nothing is."""
    ordered = np.sort(values, axis=1)  # NaN last
    at = np.maximum(np.count_nonzero(~np.isnan(values), axis=1) - 1, 0) * q
    below = np.floor(at).astype(np.intp)
    above = np.ceil(at).astype(np.intp)
    rows = np.arange(len(values))
    low, high = ordered[rows, below], ordered[rows, above]
    return low + (at - below) * (high - low)


def iqr(values: np.ndarray) -> np.ndarray:
    """The interquartile range of what is not NaN in each row of [R, N]."""
    return quantile(values, 0.75) - quantile(values, 0.25)


def lower_cvar(values: np.ndarray, alpha: float = ALPHA) -> np.ndarray:
    """Conditional value at risk: the mean of the ceil(alpha n) lowest of the n in each row.

    Args:
      values: [R, N]; NaN does not count.
    """
    ordered = np.sort(values, axis=1)  # NaN last
    n = np.count_nonzero(~np.isnan(values), axis=1)
    count = np.maximum(np.ceil(alpha * n - 1e-9).astype(np.intp), 1)
    tail = np.where(np.arange(values.shape[1]) < count[:, None], ordered, 0.0)
    return tail.sum(axis=1) / count
