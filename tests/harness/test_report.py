"""From a study file to its page: `tfrl run`, then `tfrl report`."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.harness import fake
from tests.harness.conftest import ROOT
from tests.report.reading import Page

SMALL = """\
title = "Every agent, shortly"
seeds = "0-1"
steps = 2_000

[evaluation]
every = 1_000
episodes = 4

[environments]
cartpole = "CartPole-v1"
""" + "".join(
    f'\n[configurations.{name}]\npipeline = "{name}"\n'
    for name in ("dqn", "reinforce", "ppo", "apo")
)


def ledger(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "tables" / "ledger.csv", index_col="configuration")


def test_failed_damaged_and_missing_runs_are_all_accounted_for(project, capsys):
    project.write(fake.STUDY + 'failure = "raise"\n')
    assert project.tfrl("run", "fake", "--seeds", "0-2") == 1
    damaged = project.ledger.directory(project.ledger.study.runs()[2]) / "episodes.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    capsys.readouterr()
    assert project.tfrl("report", "fake") == 0
    out, err = capsys.readouterr()
    assert out == "reports/own/fake/index.html\n"
    assert err.startswith(f"1 stored run counts as missing: {damaged} is damaged")

    counts = ledger(Path("reports/own/fake"))[["planned", "finished", "failed", "missing"]]
    assert counts.loc["one"].tolist() == [4, 2, 0, 2]
    assert counts.loc["two"].tolist() == [4, 2, 1, 1]
    page = Page(Path("reports/own/fake/index.html"))
    assert page.fetched == []
    assert "RuntimeError: the <first> line" in page.text
    assert f"{damaged} is damaged" in page.text


def test_a_study_of_which_every_run_failed_has_a_report(project, capsys):
    first, _ = fake.STUDY.replace('"0-3"', '"1"').split("[configurations.two]")
    project.write(first + 'failure = "nan"\n')
    assert project.tfrl("run", "fake") == 1
    assert project.tfrl("report", "fake") == 0
    counts = ledger(Path("reports/own/fake")).loc["one"]
    assert counts[["planned", "finished", "failed", "missing"]].tolist() == [1, 0, 1, 0]
    page = Page(Path("reports/own/fake/index.html"))
    assert "FloatingPointError: the loss is NaN after 480 steps" in page.text


@pytest.mark.study
def test_every_agent_goes_all_the_way(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)

    def tfrl(*arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "tfrl", *arguments]
        environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )

    assert "8 planned = 8 finished + 0 failed + 0 missing" in tfrl("run", "small.toml").stdout
    done = tfrl("report", "small.toml")
    assert (done.stdout, done.stderr) == ("reports/own/small/index.html\n", "")
    folder = tmp_path / "reports" / "own" / "small"
    assert set(ledger(folder)["finished"]) == {2}
    assert Page(folder / "index.html").fetched == []
    prints = pd.read_csv(folder / "tables" / "fingerprints.csv")["fingerprint"]
    assert len(prints) == 8
    assert prints.is_unique
