"""From a study file to its page: `tfrl run`, then `tfrl report`."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.harness import fake
from tests.harness.conftest import ROOT
from tests.harness.test_verify import change
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


def store(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "tables" / "the_runs-ledger.csv", index_col="configuration")


def test_failed_damaged_and_missing_runs_are_all_accounted_for(project, capsys):
    project.write(fake.STUDY + 'failure = "raise"\n')
    assert project.tfrl("run", "fake", "--seeds", "0-2") == 1
    damaged = project.store.directory(project.store.study.runs()[2]) / "episodes.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    capsys.readouterr()
    assert project.tfrl("report", "fake") == 0
    out, err = capsys.readouterr()
    assert out == "reports/own/fake/index.html\n"
    assert err.startswith(f"1 stored run counts as missing: {damaged} is damaged")

    counts = store(Path("reports/own/fake"))[["planned", "finished", "failed", "missing"]]
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
    counts = store(Path("reports/own/fake")).loc["one"]
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
    assert set(store(folder)["finished"]) == {2}
    assert Page(folder / "index.html").fetched == []
    prints = pd.read_csv(folder / "tables" / "the_runs-fingerprints.csv")["fingerprint"]
    assert len(prints) == 8
    assert prints.is_unique


def compared(name: str = "README.md") -> str:
    """The line of the user's page that compares it with the published one; empty if none."""
    lines = (Path("reports/own/fake") / name).read_text().splitlines()
    return next((line for line in lines if "the published ones" in line), "")


@pytest.mark.slow
def test_what_a_user_makes_leaves_what_was_published_alone(project, capsys):
    shutil.copy(ROOT / ".gitignore", ".gitignore")
    assert project.tfrl("run", "fake", "--seeds", "0-2") == 0
    assert project.tfrl("report", "fake") == 0
    assert compared() == ""  # nothing is published
    assert project.tfrl("run", "fake") == 0
    assert project.tfrl("publish", "fake") == 0
    assert capsys.readouterr().out.endswith("reports/fake/index.html\n")
    before = {path: data for path, data in project.stored().items() if path.startswith("reports/f")}
    assert {"reports/fake/index.html", "reports/fake/published.json"} < before.keys()
    assert "the published ones" not in Path("reports/fake/README.md").read_text()
    git("init", "-q")
    git("add", "reports", "studies", ".gitignore")

    change(project, 1)
    change(project, 6)
    assert project.tfrl("verify", "fake") == 1
    assert project.tfrl("report", "fake") == 0
    assert project.tfrl("compare", "fake/one", "fake/two") == 0
    assert before.items() <= project.stored().items()
    assert git("diff", "--name-only") == git("ls-files", "--others", "--exclude-standard") == ""
    link = "[the published ones](../../fake/README.md)"
    assert compared() == f"6 of 8 runs are the same bits as {link}; 2 differ."
    page = Page(Path("reports/own/fake/index.html"))
    assert "6 of 8 runs are the same bits as the published ones ; 2 differ." in page.text
    links = [attributes.get("href", "") for tag, attributes in page.tags if tag == "a"]
    assert "../../fake/index.html" in links

    assert project.tfrl("publish", "fake") == 0
    changed = git("diff", "--name-only").split()
    assert {"reports/fake/published.json", "reports/fake/index.html"} <= set(changed)
    assert project.tfrl("report", "fake") == 0
    assert compared() == f"All 8 runs are the same bits as {link}."


def test_only_runs_of_the_published_settings_are_compared(project, changed):
    assert project.tfrl("run", "fake") == 0
    assert project.tfrl("publish", "fake") == 0
    project.write(changed("learning_rate = 0.5", "learning_rate = 0.25"))
    assert project.tfrl("run", "fake") == 0
    assert project.tfrl("report", "fake") == 0
    assert compared().startswith("All 4 runs are the same bits as ")
    assert compared().endswith("; 4 more have no published run with the same settings.")
    project.write(changed("steps = 1_000", "steps = 2_000"))
    assert project.tfrl("run", "fake") == 0
    assert project.tfrl("report", "fake") == 0
    assert compared() == ""


def git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
