"""Published outcomes of the shipped studies, and the samples of `tfrl verify --sample`."""

import pandas as pd
import pytest

from tests.harness.conftest import ROOT
from tfrl.harness import published_results, verification
from tfrl.harness.studies import study as studies


@pytest.mark.parametrize("name", ["cartpole", "generalization", "levels", "apo"])
def test_a_sample_is_of_few_groups_and_every_kind(name):
    runs = studies.load(ROOT / "studies" / f"{name}.toml").runs()
    pipelines = {run.configuration.pipeline for run in runs}
    ids = {run.environment.id for run in runs}
    for count in (1, 2, 4, 9, 30):
        chosen = verification.sample(runs, count)
        assert chosen == verification.sample(runs, count)
        assert len({str(run) for run in chosen}) == count
        groups = {run.group for run in chosen}
        assert len(groups) <= 4
        assert len({run.configuration.pipeline for run in chosen}) == min(count, len(pipelines))
        assert len({run.environment.id for run in chosen}) == min(count, len(ids))
    assert len(verification.sample(runs[:3], 30)) == 3


COMMITTED = sorted((ROOT / "reports").glob("*/published.json"))


@pytest.mark.parametrize("file", COMMITTED, ids=lambda file: file.parent.name)
def test_the_committed_reports_are_about_the_published_runs(file):
    expected = published_results.read(file)
    table = pd.read_csv(file.parent / "tables" / "the_runs-fingerprints.csv")
    rows = table[["environment", "configuration", "seed", "fingerprint"]].itertuples(index=False)
    assert {tuple(row[:3]): row[3] for row in rows} == {
        key: outcome.fingerprint for key, outcome in expected.outcomes.items()
    }
