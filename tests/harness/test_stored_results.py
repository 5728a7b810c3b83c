import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.harness import fake
from tests.harness.conftest import ROOT
from tests.harness.test_run_store import publish
from tfrl.harness.provenance import run_context
from tfrl.harness.store import manifest, stored_results


@pytest.fixture
def results(project):
    """Seeds 0 and 2 of the first configuration finished, seed 1 damaged, seed 3 failed."""
    store = project.store
    for seed in range(3):
        publish(store, seed)
    (store.directory(store.study.runs()[1]) / "episodes.parquet").write_bytes(b"PAR1")
    run = store.study.runs()[3]
    identity = manifest.identity(store.study, run, {}, {}, "1" * 64, {})
    outcome = manifest.failed(FloatingPointError("the loss is NaN\nat step 480"))
    provenance = {"git": None, "lock_sha256": None, "versions": {"numpy": "2"}, "processor": {}}
    store.publish(run, manifest.complete(identity, provenance, outcome, 2.0), {})
    return stored_results.load(store.study)


def test_the_tables_are_tidy(results):
    keys = ["environment", "configuration", "seed"]
    assert list(results.episodes) == [*keys, "step", "episode", "return", "length"]
    assert list(results.evaluations) == [
        *keys,
        "step",
        "split",
        "variation",
        "policy",
        "level",
        "episode",
        "return",
        "length",
    ]
    for table in (results.episodes, results.evaluations, results.runs):
        assert list(table["configuration"].cat.categories) == ["one", "two"]
        assert list(table["environment"].cat.categories) == ["line"]
        assert table["seed"].dtype == np.int64
    expected = fake.Trainer(fake.Config(), 1000, 500, 2)
    for seed in (0, 2):
        result = expected.run(seed)
        rows = results.episodes[results.episodes["seed"] == seed]
        np.testing.assert_array_equal(rows["return"], result.episodes["return"])
        rows = results.evaluations[results.evaluations["seed"] == seed]
        np.testing.assert_array_equal(rows["return"], result.evaluations["return"])


def test_texts_are_categories_in_order(project, changed):
    project.write(changed('[environments]\nline = "Line-v0"\n', fake.VARIED))
    store = project.store
    for found in ([], ["R", "D", "E"]):  # without runs, and with a run trained on R
        table = stored_results.load(store.study).evaluations
        assert list(table["variation"].unique()) == found
        assert list(table["split"].cat.categories) == ["training", "held-out", "shifted"]
        assert list(table["policy"].cat.categories) == ["greedy", "stochastic"]
        assert list(table["variation"].cat.categories) == ["D", "R", "E"]
        publish(store, 8)


def test_every_planned_run_is_accounted_for(results):
    runs = results.runs
    assert len(runs) == 8
    assert list(runs["status"]) == ["finished", "missing", "finished", "failed"] + ["missing"] * 4
    assert runs["error"][0] is None
    assert runs["error"][1].startswith("runs/fake/line/one/seed-1/episodes.parquet is damaged:")
    assert runs["error"][3] == "FloatingPointError: the loss is NaN"
    assert set(results.episodes["seed"]) == {0, 2}
    assert list(runs["total_seconds"].isna()) == [False, True, False, False] + [True] * 4
    assert runs["updates"][0] == 500
    assert runs["updates"][3] is pd.NA


def test_what_runs_do_not_share_is_listed(results):
    assert results.manifest["code"] == ["0" * 64, "1" * 64]
    assert results.manifest["git"] is None
    assert results.manifest["versions"] == {"numpy": [None, "2"]}


def test_a_study_without_runs_has_empty_tables(project):
    results = stored_results.load(project.store.study)
    assert len(results.episodes) == len(results.evaluations) == 0
    assert list(results.episodes["configuration"].cat.categories) == ["one", "two"]
    assert set(results.runs["status"]) == {"missing"}
    assert results.manifest["versions"] == {}


def test_eighty_runs_load_in_a_moment(project, changed):
    project.write(changed('"0-3"', '"0-79"'))
    store = project.store
    for seed in range(80):
        publish(store, seed)
    start = time.perf_counter()
    results = stored_results.load(store.study)
    assert time.perf_counter() - start < 10  # 0.4 s on an idle machine
    assert len(results.episodes) == 80 * 50


def test_settings_are_those_of_the_stored_runs(results):
    assert results.hyperparameters == {"one": {"learning_rate": 0.1, "layers": [4, 4]}}
    assert results.defaults == results.hyperparameters


def notices(store, engine):
    return stored_results.load(store.study, engine=engine).notices


def test_runs_of_other_code_or_packages_are_noticed(project, monkeypatch):
    store, engine = project.store, fake.Engine()
    here = run_context.code_sha256(engine.sources("fake", "Line-v0"))
    for seed in range(2):
        publish(store, seed, here, run_context.versions())
    assert notices(store, engine) == ()
    source = Path("changed.py")
    source.write_text("a = 1")
    monkeypatch.setenv("FAKE_SOURCE", str(source))
    assert notices(store, engine) == (
        "2 stored runs have other code or packages than the current ones (the code changed); "
        "`tfrl run` would rerun them.",
    )
    monkeypatch.delenv("FAKE_SOURCE")
    monkeypatch.setattr(run_context, "_version", lambda package: "9")
    (notice,) = notices(store, engine)
    assert f"tensorflow was {metadata.version('tensorflow')}, is 9, tf-agents was" in notice


def test_a_pipeline_that_is_gone_is_noticed(project):
    store = project.store
    publish(store, 0, versions=run_context.versions())

    class Gone(fake.Engine):
        def sources(self, pipeline, environment_id):
            raise LookupError("there is no module")

    assert notices(store, Gone()) == (
        "Some code of fake on Line-v0 is missing, so its runs may be of other code.",
    )


def test_runs_of_one_name_with_different_defaults_are_noticed(project):
    store, engine = project.store, fake.Engine()
    here = run_context.code_sha256(engine.sources("fake", "Line-v0"))
    publish(store, 0, here, run_context.versions())
    publish(store, 1, here, run_context.versions(), learning_rate=0.3)
    assert notices(store, engine) == (
        "The runs of one differ in learning_rate: the default has changed.",
    )


def test_loading_does_not_import_tensorflow(project):
    script = (
        "import sys; from tfrl.harness.store import stored_results;"
        "from tfrl.harness.studies import study;"
        "stored_results.load(study.load(study.find('fake'))); sys.exit('tensorflow' in sys.modules)"
    )
    environment = {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment, cwd=Path.cwd())
