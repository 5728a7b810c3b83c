"""Pairs of distributions with different shapes. Neither side wins more often.

Each makes `[repetitions, n]` and `[repetitions, m]` scores. Where a shift makes the two even, it is
found from a large sample, once.
"""

import functools

import numpy as np


def normal(rng, size, spread=1.0):
    """Normal scores."""
    return rng.normal(0, spread, size)


def lognormal(rng, size):
    """Lognormal scores."""
    return np.exp(rng.normal(size=size))


def collapsing(share):
    """Near 480, but for a share of seeds that lose 400."""
    return lambda rng, size: np.where(rng.random(size) < share, 80.0, rng.normal(480, 10, size))


def capped(rng, size):
    """Three fifths of the seeds at a ceiling of 500."""
    return np.where(rng.random(size) < 0.6, 500.0, rng.uniform(100, 500, size))


def half_capped(rng, size):
    """Normal scores, cut off at a ceiling in their middle."""
    return np.minimum(rng.normal(500, 100, size), 500.0)


def two_humps(rng, size):
    """Half of the seeds near 3, half near -3."""
    return rng.choice([-3.0, 3.0], size) + rng.normal(0, 0.3, size)


def two_points(rng, size):
    """Half of the seeds at 490, half at 470."""
    return rng.choice([470.0, 490.0], size)


def constant(rng, size):
    """The same score from every seed."""
    return np.full(size, 480.0)


def student(rng, size):
    """Student's t with 3 degrees of freedom."""
    return rng.standard_t(3, size)


@functools.cache
def even(draw, spread):
    """Normal scores of that spread, shifted so that those of `draw` beat them half of the time."""
    rng = np.random.default_rng(9)
    theirs, mine = draw(rng, 200_000), spread * rng.normal(size=200_000)
    low, high = -2_000.0, 2_000.0
    for _ in range(60):
        shift = (low + high) / 2
        wins = np.mean(theirs > mine + shift) + np.mean(theirs == mine + shift) / 2
        low, high = (shift, high) if wins > 0.5 else (low, shift)
    return lambda rng, size: rng.normal(shift, spread, size)


_COLLAPSING = {share: collapsing(share) for share in (0.05, 0.2)}

NULLS = {
    "normal, equal": (normal, normal),
    "normal, spread 1 and 5": (normal, functools.partial(normal, spread=5.0)),
    "lognormal and normal": (lognormal, even(lognormal, 1.0)),
    "5% of seeds collapse; normal": (_COLLAPSING[0.05], even(_COLLAPSING[0.05], 10.0)),
    "20% of seeds collapse; normal": (_COLLAPSING[0.2], even(_COLLAPSING[0.2], 10.0)),
    "ceiling, equal": (capped, capped),
    "ceiling in half of the seeds; normal": (half_capped, even(half_capped, 60.0)),
    "two humps; narrow normal": (two_humps, functools.partial(normal, spread=0.5)),
    "always the same; two values": (constant, two_points),
    "Student's t with 3 degrees; normal": (student, normal),
}
SIZES = ((3, 3), (5, 5), (10, 10), (20, 20), (5, 20), (20, 5))


def typical(draws):
    """The median difference of two distributions, from a large sample."""
    rng = np.random.default_rng(5)
    a, b = (draw(rng, 1_000_000) for draw in draws)
    return float(np.median(a - b))


def losing(share):
    """No gap but for a share of seeds that lose everything."""
    return lambda rng, size: np.where(rng.random(size) < share, 1.0, rng.normal(0, 0.01, size))


# Gaps, one a seed. They are shifted so that their median is what is asked about.
GAPS = {
    "normal, spread 2 points": lambda rng, size: rng.normal(0, 0.02, size),
    "normal, spread 20 points": lambda rng, size: rng.normal(0, 0.2, size),
    "a tenth of the seeds lose all": losing(0.1),
    "two fifths of the seeds lose all": losing(0.4),
    "skewed": lambda rng, size: 0.1 * np.exp(rng.normal(size=size)),
    "two humps": lambda rng, size: 0.1 * two_humps(rng, size),
    "heavy tails": lambda rng, size: 0.05 * student(rng, size),
}


def uniform(low, high):
    """Times that are uniform between two ends."""
    return lambda rng, size: rng.uniform(low, high, size)


def early_or_never(share):
    """A share of seeds solves it at once, the others never."""
    return lambda rng, size: np.where(rng.random(size) < share, 0.1, 2.0)


# Times until solved, as shares of the budget; later than 1 is never. Either is first as often.
TIMES = {
    "equal": (uniform(0, 1.5), uniform(0, 1.5)),
    "one varies more": (uniform(0, 1), uniform(0.45, 0.55)),
    "one at once or never; the other always halfway": (early_or_never(0.5), uniform(0.45, 0.55)),
}
