"""Aggregates over environments compared with rliable 1.2 (run with pandas 2, separately).

`rliable/values.json` holds what `rliable/oracle.py` printed there.
"""

import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.lacking import lacking
from tfrl.analysis import aggregates

FOLDER = Path(__file__).parent / "rliable"
PYTHON = Path(__file__).parents[2] / ".venv-rliable" / "bin" / "python"
KNOWN = json.loads((FOLDER / "values.json").read_text())
ESTIMATE = 1e-12
NUMBERS = ["iqm", "mean", "optimality_gap"]


def scores(case, *names):
    """Returns the runs x environments matrices of a case as a table of scores."""
    return pd.concat(
        pd.DataFrame({"environment": str(task), "configuration": name, "score": column})
        for name in names
        for task, column in enumerate(np.array(KNOWN["cases"][case][name]).T)
    )


def assert_same_interval(ours, theirs, error):
    """Compares ends with a tolerance for random draws, in widths of the interval."""
    width = theirs[1] - theirs[0]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=error * width + 1e-12)


@pytest.mark.parametrize("case", KNOWN["cases"])
def test_aggregates(case):
    (row,) = aggregates.across(scores(case, "a")).to_dict("records")
    for name in NUMBERS:
        estimate, low, high = KNOWN["cases"][case][name]
        assert row[name] == pytest.approx(estimate, abs=ESTIMATE)
        if row["note"]:
            assert row["n"] < 10 and np.isnan(row[f"{name}_low"])  # four runs: no interval here
        else:
            # Four standard errors of the 2.5% quantiles of two times 10,000 normal draws, and twice
            # that where one run in ten lies far out.
            error = 0.1 if case == "few" else 0.05
            assert_same_interval([row[f"{name}_low"], row[f"{name}_high"]], [low, high], error)


@pytest.mark.parametrize("case", KNOWN["cases"])
def test_probability_of_improvement(case):
    result = aggregates.improvement_across(scores(case, "a", "b"), "a", "b")
    estimate, *ends = KNOWN["cases"][case]["improvement"]
    assert result.estimate == pytest.approx(estimate, abs=ESTIMATE)
    if not result.note:
        assert_same_interval([result.low, result.high], ends, 0.12)  # rliable draws 1,000 samples


@pytest.mark.parametrize("case", KNOWN["cases"])
def test_performance_profiles(case):
    result = aggregates.performance_profile(scores(case, "a"), np.array(KNOWN["taus"]))
    share, low, high = np.array(KNOWN["cases"][case]["profile"])
    np.testing.assert_allclose(result["share"], share, rtol=0, atol=ESTIMATE)
    if not result["low"].isna().all():
        # 2,000 and 1,000 draws; shares are multiples of one run.
        step = 1 / len(scores(case, "a"))
        atol = 0.12 * (high - low) + step
        assert (np.abs(result["low"] - low) <= atol + 1e-12).all()
        assert (np.abs(result["high"] - high) <= atol + 1e-12).all()


@pytest.mark.slow
def test_the_stored_values_are_those_of_rliable():
    done = subprocess.run([FOLDER / "setup.sh"], capture_output=True, text=True)
    if done.returncode:
        lacking(f"rliable cannot be installed: {done.stderr.strip()[-200:]}")
    output = subprocess.run(
        [PYTHON, FOLDER / "oracle.py"], capture_output=True, text=True, check=True
    ).stdout
    _assert_close(json.loads(output), KNOWN)


def _assert_close(result, expected):
    """Compares nested numbers up to rounding."""
    if isinstance(expected, dict):
        assert result.keys() == expected.keys()
        for key in expected:
            _assert_close(result[key], expected[key])
    else:
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)
