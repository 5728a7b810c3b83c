import itertools

import numpy as np
import pytest
from scipy import stats

from tfrl.analysis import resampling, selection


def rng():
    return np.random.default_rng(0)


def test_optimism_by_hand():
    # Seeds in rows, configurations a and b in columns; one of three seeds chooses.
    scores = np.array([[10.0, 0.0], [0.0, 6.0], [4.0, 4.0]])
    # On the first: a with 10, fresh (0 + 4) / 2. On the second: b with 6, fresh (0 + 4) / 2.
    # On the third both are best with 4: fresh a (10 + 0) / 2, b (0 + 6) / 2, mean 4.
    result = selection.optimism(scores, 1, rng())
    assert (result.chosen, result.rest) == pytest.approx(((10 + 6 + 4) / 3, (2 + 2 + 4) / 3))
    assert result.optimism == pytest.approx(4.0) and result.splits == 3
    assert (result.seeds, result.configurations, result.chosen_on) == (3, 2, 1)


def naive(scores, k):
    """Loops over all splits."""
    n = len(scores)
    result = []
    for picked in itertools.combinations(range(n), k):
        rest = [seed for seed in range(n) if seed not in picked]
        on = scores[list(picked)].mean(axis=0)
        best = int(np.argmax(on))
        result.append(on[best] - scores[rest, best].mean())
    return np.mean(result)


@pytest.mark.parametrize(("n", "m", "k"), [(5, 4, 1), (5, 4, 2), (5, 4, 3), (7, 3, 5)])
def test_optimism_and_its_jackknife_agree_with_naive_loops(n, m, k):
    scores = rng().normal(size=(n, m))
    result = selection.optimism(scores, k, rng())
    assert result.optimism == pytest.approx(naive(scores, k))
    without = np.array([naive(np.delete(scores, i, axis=0), k) for i in range(n)])
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    assert result.high - result.low == pytest.approx(2 * stats.t.ppf(0.975, n - 1) * error)
    assert (result.low + result.high) / 2 == pytest.approx(result.optimism)


def test_one_configuration_or_equal_scores_give_no_optimism():
    assert selection.optimism(rng().normal(size=(6, 1)), 2, rng()).optimism == pytest.approx(0)
    result = selection.optimism(np.full((5, 4), 0.5), 2, rng())
    assert result.optimism == 0 and np.isnan(result.low) and result.note == "no spread"
    ahead = selection.optimism(np.array([[1.0, 0], [0.9, 0.1], [0.8, 0]]), 1, rng())
    assert ahead.optimism == pytest.approx(0) and ahead.note == "always the same one"


def test_one_seed_left_out_gives_no_interval_and_none_is_an_error():
    result = selection.optimism(rng().normal(size=(4, 3)), 3, rng())
    assert np.isfinite(result.optimism) and np.isnan(result.low)
    assert result.note == "one seed left out, so no interval"
    with pytest.raises(ValueError, match=r"k must be >= 1 and < 5 .* got 5"):
        selection.optimism(np.zeros((5, 2)), 5, rng())


def test_many_seeds_are_split_at_random_with_the_generator():
    scores = rng().normal(size=(30, 4))
    first, second = (selection.optimism(scores, 5, rng()) for _ in range(2))
    assert first == second and first.splits == resampling.DRAWN_SPLITS
    few = selection.optimism(scores, 1, rng())
    assert few.splits == 30 and few.optimism == pytest.approx(naive(scores, 1))


def test_the_luck_of_the_best_of_four_normals():
    # The expected largest of four standard normals is 1.029; on k seeds it is that over sqrt(k).
    draws = rng().normal(size=(400, 6, 4))
    for k in (1, 2, 3):
        mean = np.mean([selection.optimism(scores, k, rng()).optimism for scores in draws])
        assert mean == pytest.approx(1.029 / np.sqrt(k), rel=0.07)


def test_optimism_is_zero_if_one_configuration_is_far_ahead():
    scores = rng().normal(size=(400, 5, 4)) + np.array([10.0, 0, 0, 0])
    mean = np.mean([selection.optimism(one, 2, rng()).optimism for one in scores])
    assert abs(mean) < 0.1
