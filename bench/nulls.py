"""Pairs of distributions of different shapes with a probability of improvement of 1/2.

A distribution draws scores of shape `size`. If it needs a shift to make the sides equal, that is
computed once from a large sample.
"""

import functools

import numpy as np


def normal(rng, size, spread=1.0):
    """Draws normal scores."""
    return rng.normal(0, spread, size)


def lognormal(rng, size):
    """Draws lognormal scores."""
    return np.exp(rng.normal(size=size))


def collapsing(share):
    """Returns a distribution near 480 in which a share of the seeds loses 400."""
    return lambda rng, size: np.where(rng.random(size) < share, 80.0, rng.normal(480, 10, size))


def capped(rng, size):
    """Draws scores of which three fifths are at a ceiling of 500."""
    return np.where(rng.random(size) < 0.6, 500.0, rng.uniform(100, 500, size))


def half_capped(rng, size):
    """Draws normal scores with a ceiling at their median."""
    return np.minimum(rng.normal(500, 100, size), 500.0)


def two_humps(rng, size):
    """Draws scores of which half are near 3 and half near -3."""
    return rng.choice([-3.0, 3.0], size) + rng.normal(0, 0.3, size)


def two_points(rng, size):
    """Draws scores of which half are 490 and half 470."""
    return rng.choice([470.0, 490.0], size)


def constant(rng, size):
    """Draws constant scores."""
    return np.full(size, 480.0)


def student(rng, size):
    """Draws scores from Student's t with 3 degrees of freedom."""
    return rng.standard_t(3, size)


@functools.cache
def even(draw, spread):
    """Returns a normal distribution of that spread that `draw` beats half of the time."""
    rng = np.random.default_rng(9)
    a, b = draw(rng, 200_000), spread * rng.normal(size=200_000)
    low, high = -2_000.0, 2_000.0
    for _ in range(60):
        shift = (low + high) / 2
        wins = np.mean(a > b + shift) + np.mean(a == b + shift) / 2
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
    """Returns the median difference of two distributions, from a large sample."""
    rng = np.random.default_rng(5)
    a, b = (draw(rng, 1_000_000) for draw in draws)
    return float(np.median(a - b))


def losing(share):
    """Returns gaps near 0, except for a share of seeds that lose everything."""
    return lambda rng, size: np.where(rng.random(size) < share, 1.0, rng.normal(0, 0.01, size))


# Gaps, one per seed. Their users shift them to the median that they test.
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
    """Returns a uniform distribution of times."""
    return lambda rng, size: rng.uniform(low, high, size)


def early_or_never(share):
    """Returns times of which a share is early and the others never."""
    return lambda rng, size: np.where(rng.random(size) < share, 0.1, 2.0)


# Times until solved, as shares of the budget; above 1 is never. Both sides are first equally often.
TIMES = {
    "equal": (uniform(0, 1.5), uniform(0, 1.5)),
    "one varies more": (uniform(0, 1), uniform(0.45, 0.55)),
    "one at once or never; the other always halfway": (early_or_never(0.5), uniform(0.45, 0.55)),
}
