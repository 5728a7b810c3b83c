"""The page that `make bench` writes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import page
from bench.__main__ import BY_TWO, COMMANDS
from bench.page import Ratio

ROOT = Path(__file__).parents[2]
ONCE = {
    "floor": {"gflops": 97.3, "dqn": 35_123.0, "ppo": 91_500.0, "reinforce": 24_400_000.0},
    "tutorial dqn": {"rate": 151.2},
    "tutorial reinforce": {"rate": 356.0},
    "sb3 dqn": {"rate": 533.0},
    "sb3 dqn, 8": {"rate": 600.0},
    "sb3 ppo": {"rate": 2_590.0},
    "jax dqn": {"rate": 10_000.0},
    "jax dqn, 8 seeds": {"rate": 12_500.0},
    "jax ppo": {"rate": 50_000.0},
    "jax ppo, 8 seeds": {"rate": 45_000.0},
    "ours dqn": {"rate": 8_000.0, "compile_seconds": 25.0},
    "ours ppo": {"rate": 40_500.0, "compile_seconds": 5.0},
    "ours apo": {"rate": 30_000.0, "compile_seconds": 5.0},
    "ours reinforce": {"rate": 75_000.0, "compile_seconds": 5.0},
    "gymnasium dqn": {"rate": 4_200.0, "compile_seconds": 5.0},
    "gymnasium ppo": {"rate": 12_200.0, "compile_seconds": 5.0},
    "by hand ppo": {"rate": 20_000.0},
    "report": {
        "seconds": 33.2,
        "mebibytes": 1_100.0,
        "bootstrap_seconds": 0.094,
        **dict.fromkeys(page.PARTS, 0.2),
    },
}
MEASUREMENTS = {name: [measurement] for name, measurement in ONCE.items()}


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (151.2, "151"), (2_594.0, "2,590"), (24_449_000.0, "24,400,000"), (7.0, "7")],
)
def test_rates_have_three_digits(value, text):
    assert page.three_digits(value) == text


def test_compiling_counts_once_in_a_run():
    # 200,000 steps at 8,000 a second take 25 s, and compiling as long again.
    assert page.rate_with_compiling(ONCE["ours dqn"]) == pytest.approx(4_000)


@pytest.mark.parametrize(
    ("ratio", "row"),
    [
        (Ratio("DQN", "ours dqn", "sb3 dqn", 15), "| DQN | 15.0 | 15.0 | 15.0 | 15 | reached |"),
        (
            Ratio("APO", "ours apo", "ours ppo", 0.8),
            "| APO | 0.74 | 0.74 | 0.74 | 0.8 | **missed** |",
        ),
        (Ratio("hand", "by hand ppo", "sb3 ppo"), "| hand | 7.72 | 7.72 | 7.72 |  |  |"),
        (
            Ratio("two", "two workers", "ours ppo", 1.8),
            "| two | not measured: needs two cores | | | 1.8 | |",
        ),
    ],
)
def test_a_ratio_stands_beside_what_it_is_to_reach(ratio, row):
    assert page.ratio_row(ratio, MEASUREMENTS) == row


def test_what_is_compared_is_measured():
    compared = {name for one in page.RATIOS for name in (one.numerator, one.denominator)}
    assert compared <= {*COMMANDS, "two workers"} and BY_TWO in COMMANDS


def test_a_ratio_is_taken_within_each_round():
    # 40 / 5, 20 / 10 and 90 / 10; the ratio of the medians would be 4.
    rates = {"ours dqn": (40.0, 20.0, 90.0), "sb3 dqn": (5.0, 10.0, 10.0)}
    rounds = {name: [{"rate": rate} for rate in found] for name, found in rates.items()}
    row = page.ratio_row(Ratio("DQN", "ours dqn", "sb3 dqn", 8), rounds)
    assert row == "| DQN | 8.00 | 2.00 | 9.00 | 8 | reached |"


def test_every_row_is_on_the_page_with_its_command():
    rounds = MEASUREMENTS | {"sb3 ppo": [{"rate": rate} for rate in (2_500.0, 2_590.0, 3_000.0)]}
    rounds |= {name: found * 3 for name, found in rounds.items() if name != "sb3 ppo"}
    text = page.render(rounds, {"floor": "python -m bench.floor"})
    assert "the median of 3 rounds" in text
    assert "The rates of one measure lay up to 19% apart" in text
    assert "| Stable-Baselines3 | 533 | 2,590 |  |  |" in text
    assert "| tfrl, 8 environments of Gymnasium's | 4,200 | 12,200 |  |  |" in text
    assert "| by hand, 8 environments of Gymnasium's |  | 20,000 |  |  |" in text
    assert (
        "| DQN, Gymnasium: tfrl to Stable-Baselines3 | 7.00 | 7.00 | 7.00 | 5 | reached |" in text
    )
    assert "| PPO, Gymnasium: by hand to Stable-Baselines3 | 7.72 | 6.67 | 8.00 |  |  |" in text
    assert "| JAX, the whole loop jitted | 10,000 | 50,000 |  |  |" in text
    assert "| JAX, 8 seeds together | 12,500 | 45,000 |  |  |" in text
    assert "| DQN: tfrl to JAX | 0.80 | 0.80 | 0.80 |  |  |" in text
    assert "| PPO: tfrl to JAX, 8 seeds | 0.90 | 0.90 | 0.90 |  |  |" in text
    assert "| **tfrl** | 8,000 | 40,500 | 30,000 | 75,000 |" in text
    rows_with_verdict = text.count("reached |") + text.count("missed** |")
    assert (
        rows_with_verdict == len(page.RATIOS) - 6
    )  # JAX and by hand have no goal, the workers are not measured
    assert "| the report, seconds | 33 | 60 | kept |" in text
    assert "| its memory, MiB | 1,100 | 1,024 | **exceeded** |" in text
    assert "Of the report's time: reading 20%, statistics 20%, figures 20%" in text
    assert "- floor: `python -m bench.floor`" in text


def test_elsewhere_than_on_linux_a_sentence_says_so(monkeypatch, capsys):
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr(sys, "argv", ["bench"])
    assert bench.main() == 1
    assert capsys.readouterr().err == (
        "tfrl: the bench needs Linux, which can hold a process to a core\n"
    )


def test_its_environment_is_refused_on_another_system(tmp_path):
    uname = tmp_path / "uname"
    uname.write_text("#!/bin/sh\necho Darwin arm64\n")
    uname.chmod(0o755)
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    command = [ROOT / "bench" / "setup.sh"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.endswith("its lock is for Linux on x86-64, and this is Darwin arm64\n")


@pytest.mark.slow
def test_a_study_of_made_up_runs_is_stored_and_reported():
    command = [sys.executable, "-m", "bench.report", "--seeds", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert (found["runs"], found["files"]) == (16, 64)
    assert {limit.key for limit in page.LIMITS} | {*page.PARTS} <= found.keys()
    assert sum(found[part] for part in page.PARTS) == pytest.approx(1)
    assert all(found[key] > 0 for key in ("run_seconds", "again_seconds", "page_mebibytes"))
