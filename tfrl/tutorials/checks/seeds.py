"""Checks of lesson 6."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tfrl.tutorials.exercise import Wrong, attempt, exercise, near, number, numbers


@exercise
def p_value(answer: Callable[[int, int], Any]) -> None:
    """The two-sided p-value of a sign test."""
    p = number(attempt(answer, 8, 10))
    if near(p, 0.0546875):
        raise Wrong("That counts one side only. Chance could favour the other side too: double it.")
    if near(p, 0.087890625) or near(p, 0.0439453125):
        raise Wrong("Count all results that are at least as uneven, not only exactly 8 of 10.")
    if near(p, 0.021484375):
        raise Wrong("A result of exactly `wins` counts too, and so does one of n: check the range.")
    if p > 2:
        raise Wrong("That is a number of ways. Divide by 2**n, the number of all ways.")
    if p > 1 or near(p, 1.0):
        raise Wrong("Add up the results with `wins` or more, not those with `wins` or fewer.")
    if not near(p, 0.109375):
        raise Wrong("For 8 of 10 it is 2 * (45 + 10 + 1) / 1024 = 0.109.")
    if not near(number(attempt(answer, 2, 10)), 0.109375):
        raise Wrong("2 of 10 is as uneven as 8 of 10, so its p-value is the same.")
    if not near(number(attempt(answer, 5, 10)), 1.0):
        raise Wrong("For 5 of 10 twice the tail is above 1. A p-value is 1 at most.")
    if not near(number(attempt(answer, 6, 6)), 0.03125):
        raise Wrong("For 6 of 6 it is 2 * 0.5**6 = 0.03125.")


@exercise
def bootstrap_interval(answer: Callable[[np.ndarray, np.ndarray], Any]) -> None:
    """The percentile bootstrap interval of a mean."""
    rng = np.random.default_rng(1)
    scores = 2.0 ** np.arange(7)
    picks = rng.integers(7, size=(400, 7))
    interval = numbers(attempt(answer, scores.copy(), picks.copy()))
    if interval.shape != (2,):
        raise Wrong(f"Return two numbers, (low, high); yours has the shape {interval.shape}.")
    low, high = interval
    means = scores[picks].mean(axis=1)
    if near(low, np.quantile(scores, 0.025)):
        raise Wrong("That is the middle of the scores. Take the mean of each draw first.")
    if near(low, np.quantile(scores[picks], 0.025)):
        raise Wrong("Take the mean of each row of scores[picks], and the quantiles of these means.")
    if near(low, np.quantile(scores[picks].mean(axis=0), 0.025)):
        raise Wrong("A row is a draw: take the mean of each row, with axis=1.")
    if near(low, np.quantile(np.median(scores[picks], axis=1), 0.025)):
        raise Wrong("That is an interval of the median. Take the mean of each draw.")
    if near(low, np.quantile(picks.mean(axis=1), 0.025)):
        raise Wrong("picks holds positions. The scores at these positions are scores[picks].")
    if near(low, means.min()) and near(high, means.max()):
        raise Wrong("The interval holds 95% of the means, not all of them.")
    if near(low, np.quantile(means, 0.05)) or near(high, np.quantile(means, 0.95)):
        raise Wrong("That leaves out a twentieth on each side. Together it should be a twentieth.")
    if near(low, np.quantile(means, 0.975)):
        raise Wrong("The lower end comes first.")
    if near(low + high, 2 * means.mean()) or near(low + high, 2 * scores.mean()):
        raise Wrong("No formula with a standard deviation: take quantiles of the means.")
    if not (near(low, np.quantile(means, 0.025)) and near(high, np.quantile(means, 0.975))):
        raise Wrong("Take the quantiles 0.025 and 0.975 of the means of the draws.")


@exercise
def standard_error(answer: Callable[[np.ndarray], Any]) -> None:
    """The standard error of the mean return of an agent."""
    returns = np.array(
        [[10.0, 14.0, 12.0, 16.0], [20.0, 22.0, 21.0, 25.0], [40.0, 44.0, 41.0, 43.0]]
    )
    scores = returns.mean(axis=1)
    value = number(attempt(answer, returns.copy()))
    if near(value, scores.std(ddof=1)):
        raise Wrong("That is the deviation of the seeds. Divide by the root of how many there are.")
    if near(value, scores.std() / np.sqrt(3)):
        raise Wrong("From few seeds, use ddof=1: the deviation is measured from their own mean.")
    if any(near(value, returns.std(ddof=ddof) / np.sqrt(12)) for ddof in (0, 1)):
        raise Wrong(
            "That counts each episode. Episodes of one seed share a network: average first."
        )
    if near(value, scores.std(ddof=1) / np.sqrt(12)):
        raise Wrong("Divide by the root of the number of seeds, not of episodes.")
    if any(near(value, (returns.std(axis=1, ddof=ddof) / 2).mean()) for ddof in (0, 1)):
        raise Wrong("That is the error over the episodes of a seed. How much do the seeds differ?")
    if near(value, scores.std(ddof=1) / 3):
        raise Wrong("Divide by the root of the number of seeds.")
    columns = returns.mean(axis=0)
    if near(value, columns.std(ddof=1) / 2):
        raise Wrong("A row is a seed: take the mean over the episodes with axis=1.")
    if not near(value, scores.std(ddof=1) / np.sqrt(3)):
        raise Wrong("Take the mean of each seed, then their deviation over the root of how many.")
