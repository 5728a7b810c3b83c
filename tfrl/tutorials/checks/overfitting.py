"""Checks of lesson 8."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tfrl.tutorials.exercise import Wrong, attempt, exercise, near, number, numbers

_Success = dict[str, dict[str, float]]


@exercise
def gap_of_each_seed(answer: Callable[[np.ndarray, np.ndarray, float], Any]) -> None:
    """The generalization gap of each seed, in success."""
    seen = np.array([[5.0, 9.0, 7.0, 8.0], [6.0, 7.0, 9.0, 2.0], [1.0, 2.0, 8.0, 3.0]])
    unseen = np.array([[7.0, 1.0, 2.0, 3.0], [2.0, 1.0, 3.0, 4.0], [9.0, 7.0, 6.0, 1.0]])
    gap = numbers(attempt(answer, seen.copy(), unseen.copy(), 7.0))
    if gap.ndim == 0:
        raise Wrong("Return an array with the gap of each seed, not one number for all of them.")
    if gap.shape == (4,):
        raise Wrong("A row is a seed: take the mean over its episodes, with axis=1.")
    if gap.shape != (3,):
        raise Wrong(f"Expected an array of the shape (3,), got {gap.shape}.")
    expected = np.array([0.5, 0.5, -0.25])
    if near(gap, -expected):
        raise Wrong("The sign is turned round: the gap is seen minus unseen.")
    if near(gap, np.abs(expected)):
        raise Wrong("Keep the sign: an agent can be better on unseen levels.")
    if near(gap, (seen > 7).mean(1) - (unseen > 7).mean(1)):
        raise Wrong("A return that is equal to the threshold is a success too.")
    if near(gap, seen.mean(axis=1) - unseen.mean(axis=1)):
        raise Wrong("That is the gap in return. Compare each return with the threshold first.")
    if near(gap, 4 * expected):
        raise Wrong("That counts episodes. Take the share of them, such as the mean.")
    if near(gap, (seen.mean(1) >= 7).astype(float) - (unseen.mean(1) >= 7)):
        raise Wrong("Each episode is a success or not. Compare before you take the mean.")
    if not near(gap, expected):
        raise Wrong("If 3 of 4 episodes succeed where trained and 1 of 4 elsewhere, it is 0.5.")
    if not near(attempt(answer, seen.copy(), unseen[:, :2].copy(), 7.0), [0.25, 0.5, -0.75]):
        raise Wrong("Both sides may have different numbers of episodes.")


@exercise
def drop_of(answer: Callable[[_Success, str, str], Any]) -> None:
    """What is lost by not having trained on what is tested."""
    success = {"D": {"D": 0.9, "E": 0.3}, "E": {"D": 0.75, "E": 0.5}}
    drop = number(attempt(answer, success, "D", "E"))
    if near(drop, 0.6):
        raise Wrong("That is the plain difference. Stay in the column of what is tested.")
    if near(drop, -0.2):
        raise Wrong("The sign is turned round: a loss is above zero.")
    if near(drop, 0.15):
        raise Wrong("That is the drop of the other direction: trained on E, tested on D.")
    if near(drop, 0.4):
        raise Wrong("That asks how much harder E is. Both agents have to be tested on E.")
    if near(drop, 0.25):
        raise Wrong("That stays with the agent trained on E. Test two agents on E.")
    if near(drop, 0.45):
        raise Wrong("The first key is what was trained on, the second what is tested on.")
    if not near(drop, 0.2):
        raise Wrong("Trained on E it scores 0.5 on E, and trained on D 0.3: the drop is 0.2.")
    if not near(number(attempt(answer, success, "E", "D")), 0.15):
        raise Wrong("Use the arguments `trained` and `tested`, not the names D and E.")
    if not near(number(attempt(answer, success, "E", "E")), 0.0):
        raise Wrong("Where an agent is tested on what it was trained on, the drop is 0.")
    better = {"D": {"D": 0.9, "E": 0.8}, "E": {"D": 0.75, "E": 0.5}}
    if not near(number(attempt(answer, better, "D", "E")), -0.3):
        raise Wrong("A drop can be below zero: nothing was lost then.")


@exercise
def typical_change(answer: Callable[[np.ndarray, np.ndarray], Any]) -> None:
    """The median change of the gap, seed by seed."""
    without = np.array([0.8, 0.7, 0.2, 0.9, 0.1])
    with_remedy = np.array([0.7, 0.65, 0.3, 0.2, 0.05])
    change = numbers(attempt(answer, without.copy(), with_remedy.copy()))
    if change.ndim:
        raise Wrong("Return one number: the median over the seeds.")
    if near(change, np.median(with_remedy) - np.median(without)):
        raise Wrong("That is the change of the medians. Take the change of each seed first.")
    if near(change, (with_remedy - without).mean()):
        raise Wrong("That is the mean. One seed with a large change moves it; take the median.")
    if near(change, 0.05):
        raise Wrong("The sign is turned round: a narrower gap is a change below zero.")
    if near(change, 0.1):
        raise Wrong("Keep the sign of each change.")
    if near(change, np.median(np.sort(with_remedy) - np.sort(without))):
        raise Wrong("Do not sort: position i is the same seed in both arrays.")
    if near(change, np.median((with_remedy - without) / without)):
        raise Wrong("The change is a difference in points, not a part of the gap.")
    if not near(change, -0.05):
        raise Wrong("Subtract seed by seed, with the remedy minus without it, and take the median.")
