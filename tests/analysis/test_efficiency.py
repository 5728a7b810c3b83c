import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tfrl.analysis import efficiency, returns
from tfrl.analysis.returns import RUN


def episodes(*curves, step=10):
    parts = [
        pd.DataFrame(
            {"environment": "e", "configuration": "a", "seed": seed}
            | {"step": step * np.arange(1, len(curve) + 1), "episode": np.arange(len(curve))}
            | {"return": np.asarray(curve, float)}
        )
        for seed, curve in enumerate(curves)
    ]
    return pd.concat(parts, ignore_index=True)


def runs(count, status="finished", **columns):
    frame = pd.DataFrame({"environment": "e", "configuration": "a", "seed": range(count)})
    return frame.assign(status=status, updates=100, train_seconds=2.0).assign(**columns)


def times(*curves, steps=100, planned=None, window=1):
    averages = returns.moving_average(episodes(*curves), window)
    planned = runs(len(curves)) if planned is None else planned
    return efficiency.times(averages, planned, 475.0, steps, window)


def steps(result, event):
    chosen = result[(result["event"] == event) & (result["unit"] == "steps")]
    return chosen["time"].tolist()


def test_first_and_for_good_by_hand():
    result = times([0, 480, 100, 480, 490], [0, 480, 480], [480, 0], [1, 2, 3])
    assert steps(result, "first")[:3] == [20, 20, 10] and np.isnan(steps(result, "first")[3])
    assert steps(result, "for good")[:2] == [40, 20]
    assert np.isnan(steps(result, "for good")[2:]).all()


def test_averages_count_from_a_full_window_on():
    result = times([480] * 5, window=3)
    assert steps(result, "first") == steps(result, "for good") == [30]


def test_times_agree_with_a_naive_loop():
    rng = np.random.default_rng(0)
    curves = [rng.uniform(400, 500, size=rng.integers(1, 12)).cumsum() ** 0.1 for _ in range(5)]
    curves += [rng.uniform(440, 500, size=rng.integers(1, 12)) for _ in range(60)]
    result = times(*curves)
    first, good = steps(result, "first"), steps(result, "for good")
    for i, curve in enumerate(curves):
        above = np.asarray(curve) >= 475
        expected = 10 * (1 + np.argmax(above)) if above.any() else np.nan
        np.testing.assert_equal(first[i], expected)
        held = [10 * (j + 1) for j in range(len(above)) if above[j:].all()]
        np.testing.assert_equal(good[i], min(held, default=np.nan))


def test_updates_and_seconds_are_in_proportion_to_steps():
    planned = runs(2, updates=[50, pd.NA], train_seconds=[4.0, 8.0])
    result = times([0, 480], [480, 480], planned=planned)
    first = result[result["event"] == "first"].set_index(["unit", "seed"])
    assert first.loc[("updates", 0), ["time", "end"]].tolist() == [10, 50]
    assert first.loc[("updates", 1), ["time", "end"]].isna().all()
    assert first["time"]["seconds"].tolist() == [0.8, 0.8]


def test_failed_runs_have_no_time_and_finished_ones_without_an_episode_are_censored():
    planned = runs(3, status=["finished", "failed", "finished"])
    result = times([480], planned=planned)
    chosen = result[(result["event"] == "first") & (result["unit"] == "steps")]
    assert chosen["seed"].tolist() == [0, 2] and chosen["end"].tolist() == [100, 100]
    assert chosen["time"].iloc[0] == 10 and np.isnan(chosen["time"].iloc[1])


def curve(*when, end=100.0):
    frame = pd.DataFrame({"environment": "e", "configuration": "a", "seed": range(len(when))})
    return efficiency.solved(frame.assign(event="first", unit="steps", time=when, end=end))


def test_the_share_solved_is_scipys_kaplan_meier_of_censored_times():
    when = np.array([10, 20, 20, 50, np.nan, np.nan, 70, np.nan])
    result = curve(*when)
    censored = stats.CensoredData.right_censored(
        np.where(np.isnan(when), 100, when), np.isnan(when)
    )
    theirs = stats.ecdf(censored).cdf
    np.testing.assert_allclose(result["share"], theirs.evaluate(result["time"]), rtol=1e-12)
    assert result["time"].tolist() == [0, 10, 20, 50, 70, 100]
    assert result["share"].iloc[-1] == 5 / 8 and (result["n"] == 8).all()


def test_the_band_agrees_with_published_intervals():
    result = curve(*[10.0] * 20)
    # Published Wilson intervals of 0 of 20 and 20 of 20 (Newcombe 1998, method 3).
    assert result[["low", "high"]].iloc[0].tolist() == pytest.approx([0, 0.1611], abs=1e-4)
    assert result[["low", "high"]].iloc[-1].tolist() == pytest.approx([0.8389, 1], abs=1e-4)


def test_the_median_and_its_interval_where_they_exist():
    (row,) = efficiency.medians(curve(*np.arange(1.0, 21.0))).to_dict("records")
    # Ten of twenty by time 10; the band contains one half from 6 of 20 to 15 of 20.
    assert (row["median"], row["low"], row["high"], row["solved"]) == (10, 6, 15, 1)
    assert row["note"] == ""


@pytest.mark.parametrize(
    ("when", "note"),
    [
        ([np.nan] * 4, "no seed solved it"),
        ([1, np.nan, np.nan, np.nan], "less than half of the seeds solved it"),
        ([1, 2, 3, np.nan], "no upper end in the budget"),
    ],
)
def test_notes_explain_a_missing_median_or_end(when, note):
    (row,) = efficiency.medians(curve(*when)).to_dict("records")
    assert row["note"] == note and np.isnan(row["high"])


def test_progress_against_steps_updates_and_seconds():
    averages = returns.moving_average(episodes([1, 2, 3, 4]), 1)
    result = efficiency.progress(averages, runs(1), 40, points=4)
    assert result["average"].tolist() == [1, 2, 3, 4]
    assert result["updates"].tolist() == [25, 50, 75, 100]
    assert result["seconds"].tolist() == [0.5, 1, 1.5, 2]


def test_without_runs_the_results_are_empty():
    none = returns.moving_average(episodes([1.0])).head(0)
    none = efficiency.times(none, runs(0), 475.0, 100)
    assert none.empty and efficiency.solved(none).empty
    assert efficiency.medians(efficiency.solved(none)).empty


def test_the_run_columns_come_first():
    assert list(times([480]).columns) == [*RUN, "event", "unit", "time", "end"]


def test_earlier_runs_score_higher_and_unsolved_ones_lowest():
    result = times([0, 480], [480, 0], [1, 2], [1, 2, 480, 480])
    scores = efficiency.first_solved(result, 100)
    assert scores["score"].tolist() == [-20, -10, -101, -30]
    late = times([0] * 11 + [480], steps=100)  # in the iteration that exceeded the budget
    assert efficiency.first_solved(late, 100)["score"].tolist() == [-100]
