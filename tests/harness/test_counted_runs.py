"""Conditions under which a stored run counts, and the notes on those that do not."""

from dataclasses import replace

import pytest

from tests.harness import fake
from tests.harness.test_run_store import publish
from tfrl.harness.store import manifest, stored_results
from tfrl.harness.store.run_store import RunStore
from tfrl.harness.studies.study import Run, Study
from tfrl.variations import LevelConfig


@pytest.fixture
def store(project) -> RunStore:
    return project.store


@pytest.fixture
def run(store) -> Run:
    return store.study.runs()[0]


def test_a_run_in_the_place_of_another_does_not_count(store):
    publish(store)
    first, second = store.study.runs()[:2]
    store.directory(first).rename(store.directory(second))
    assert store.entry(second).status == "missing"
    assert store.entry(second).note == "seed was 0, is 1"


def with_hyperparameters(study: Study, **hyperparameters) -> Study:
    first, *others = study.configurations
    changed = replace(first, hyperparameters=hyperparameters)
    return replace(study, configurations=(changed, *others))


def with_conditions(study: Study, level_config: LevelConfig) -> Study:
    return replace(study, environments=(replace(study.environments[0], level_config=level_config),))


def test_a_run_counts_only_for_the_study_it_was_made_for(store, run):
    publish(store)
    study = store.study
    same = with_hyperparameters(study, learning_rate=0.1, layers=(4, 4))  # the defaults
    assert RunStore(same).entry(same.runs()[0]).status == "finished"
    for other, note in [
        (replace(study, steps=2000), "steps was 1000, is 2000"),
        (
            with_hyperparameters(study, learning_rate=0.2, layers=(8,)),
            "configurations.one.learning_rate was 0.1, is 0.2, "
            "configurations.one.layers was [4, 4], is [8]",
        ),
        (
            replace(study, environments=(replace(study.environments[0], id="Other-v0"),)),
            "environments.line was Line-v0, is Other-v0",
        ),
        (
            with_conditions(study, LevelConfig("R", 10, ("D", "E"))),
            "environments.line.variation was D, is R, environments.line.levels was unbounded, "
            "is 10, environments.line.test was [], is ['D', 'E']",
        ),
    ]:
        entry = RunStore(other).entry(other.runs()[0])
        assert (entry.status, entry.note, entry.manifest) == ("missing", note, {})


def test_a_run_is_found_again_under_its_conditions(project, changed):
    project.write(changed('[environments]\nline = "Line-v0"\n', fake.VARIED))
    store = project.store
    for position in (0, 8):  # the first runs of D and R
        publish(store, position)
    counted = [str(entry.run) for entry in store.entries() if entry.status == "finished"]
    assert counted == ["D/one/seed-0", "R/one/seed-0"]
    assert {entry.note for entry in store.entries()} == {None}


def make_old(store: RunStore, run: Run) -> None:
    """Rewrites the manifest of a stored run in schema 1, which had no level config."""
    stored = store.entry(run).manifest
    environment = {key: stored["environment"][key] for key in ("name", "id")}
    old = {**stored, "schema": 1, "environment": environment}
    (store.directory(run) / "manifest.json").write_bytes(manifest.encode(old))


def test_a_run_of_an_older_schema_does_not_count_and_the_reason_is_given(project, store, capsys):
    for seed in range(2):
        publish(store, seed)
        make_old(store, store.study.runs()[seed])
    note = f"stored by an older tfrl, which evaluated otherwise (schema 1, now {manifest.SCHEMA})"
    for entry in store.entries()[:2]:
        assert (entry.status, entry.note, entry.manifest) == ("missing", note, {})
    assert f"2 stored runs count as missing: {note}." in stored_results.load(store.study).notices
    assert project.tfrl("run", "fake") == 0
    assert f"2 stored runs to rerun: {note}\n" in capsys.readouterr().err
    assert {entry.status for entry in store.entries()} == {"finished"}
