"""What rliable makes of some scores, as JSON; with .venv-rliable/bin/python.

`values.json` is what it printed. rliable draws from NumPy's global generator, whatever it is given,
so that this is what is seeded. Its intervals are asked for at the level at which percentiles of few
scores are wide enough for 95% (Hesterberg 2015), as ours are.
"""

import json
import sys

import numpy as np
from rliable import library, metrics
from scipy import stats

REPETITIONS = 10_000
FEW_REPETITIONS = 1_000  # of what is slow
TAUS = np.linspace(0, 1.5, 7)


def cases():
    """Scores, runs x environments, of two agents."""
    random = np.random.RandomState(0)
    smooth = np.cumsum(random.gamma(2, 0.1, (2, 20, 10)), axis=2) / np.arange(1, 11)
    capped = np.minimum(random.gamma(3, 0.4, (2, 10, 3)), 1.0)
    few = random.normal(0.5, 0.3, (2, 5, 2))
    published = np.array([[[1, 2], [2, 2], [1, 1], [2, 1]], [[0, 2], [2, 2], [1, 3], [2, 1]]])
    return {"smooth": smooth, "capped": capped, "few": few, "published": published}


def level(*matrices):
    """Hesterberg's expanded level for scores, runs x environments, of one or more agents."""
    number = sum(matrix.size for matrix in matrices)
    freedom = number - sum(matrix.shape[1] for matrix in matrices)
    return 1 - 2 * stats.norm.sf(stats.t.ppf(0.975, freedom) * (number / freedom) ** 0.5)


def interval(scores, statistic, repetitions=REPETITIONS):
    """The ends of rliable's interval of one number."""
    np.random.seed(1)  # noqa: NPY002
    matrices = scores if isinstance(scores, list) else [scores]
    _, ends = library.get_interval_estimates(
        {"x": scores},
        lambda *x: np.array([statistic(*x)]),
        reps=repetitions,
        confidence_interval_size=level(*matrices),
    )
    return ends["x"].ravel().tolist()


def values(a, b):
    """All that is compared; of each number the estimate and the ends of its interval."""
    np.random.seed(2)  # noqa: NPY002
    profile, band = library.create_performance_profile(
        {"x": a}, TAUS, reps=FEW_REPETITIONS, confidence_interval_size=level(a)
    )
    statistics = {
        "iqm": metrics.aggregate_iqm,
        "mean": metrics.aggregate_mean,
        "optimality_gap": metrics.aggregate_optimality_gap,
    }
    found = {name: [f(a), *interval(a, f)] for name, f in statistics.items()}
    found["improvement"] = [
        metrics.probability_of_improvement(a, b),
        *interval([a, b], metrics.probability_of_improvement, FEW_REPETITIONS),
    ]
    return found | {"profile": [profile["x"].tolist(), *band["x"].tolist()]}


if __name__ == "__main__":
    results = {}
    for name, pair in cases().items():
        a, b = np.round(pair, 6).astype(float)
        results[name] = {"a": a.tolist(), "b": b.tolist(), **values(a, b)}
    json.dump({"taus": TAUS.tolist(), "cases": results}, sys.stdout)
    sys.stdout.write("\n")
