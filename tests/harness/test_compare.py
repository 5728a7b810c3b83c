"""`tfrl compare`: two configurations of any stored studies."""

from pathlib import Path

import pytest

from tests.harness import fake
from tests.harness.test_run_store import publish
from tfrl.harness.store import joined_results
from tfrl.harness.store.run_store import RunStore
from tfrl.harness.studies import study as studies

TWO = 4  # position of the first run of the second configuration


@pytest.fixture
def stored(project):
    """Three runs of each configuration."""
    for seed in range(3):
        publish(project.store, seed)
        publish(project.store, TWO + seed, learning_rate=0.5)
    return project


def test_two_configurations_of_one_study_in_the_terminal_and_as_a_page(stored, capsys):
    assert stored.tfrl("compare", "fake/one", "fake/two") == 0
    out, _ = capsys.readouterr()
    assert out.startswith("fake/one against fake/two\n")
    assert "Which agent ends best?\n" in out
    assert "Three seeds of each agent are too few for any verdict." in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 100
    page = Path("reports/own/compare/fake-one-against-fake-two/index.html")
    assert out.endswith(f"\n{page}\n") and page.is_file()
    markdown = page.with_name("README.md").read_text()
    assert "one" in markdown and "3 of 4" in markdown  # the fourth run of each is missing


def test_two_sides_that_were_made_unlike_are_not_compared_in_silence(project, capsys):
    for seed in range(3):
        publish(project.store, seed, versions={"numpy": "2.0"})
        publish(project.store, TWO + seed, versions={"numpy": "2.1"}, learning_rate=0.5)
    assert project.tfrl("compare", "fake/one", "fake/two") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Not all runs have the same code and machine: numpy 2.0 for 3 and 2.1 for 3." in told


def test_one_configuration_by_two_paths_is_one(stored, capsys):
    assert stored.tfrl("compare", "fake/one", f"{stored.file.absolute()}/one") == 2
    assert "are the same configuration: expected two" in capsys.readouterr().err


def test_two_studies_of_one_name_would_share_their_runs(stored, capsys):
    other = Path("elsewhere/fake.toml")
    other.parent.mkdir()
    other.write_text(stored.file.read_text())
    assert stored.tfrl("compare", "fake/one", f"{other}/two") == 2
    told = capsys.readouterr().err
    assert "elsewhere/fake.toml have the same name and folder of runs: rename one" in told


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ("fake", "fake/two", "'fake' is not a configuration: expected STUDY/CONFIGURATION"),
        ("none/one", "fake/two", "there is no study 'none'"),
        ("fake/three", "fake/two", "fake has no configuration 'three': expected one of one, two"),
        ("fake/one", "fake/one", "fake/one and fake/one are the same configuration"),
        ("fake/one", "fake/two", "no finished run of fake/one is stored in runs/fake: start "),
        ("fake/one", "varied/one", "fake and varied have no environment in common"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence_and_status_2(
    project, capsys, first, second, sentence
):
    head, tail = fake.STUDY.split("[environments]")
    tail = tail[tail.index("[configurations.one]") :]
    Path("studies/varied.toml").write_text(head + fake.VARIED + tail)
    assert project.tfrl("compare", first, second) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"tfrl: {sentence}")


def test_other_budgets_and_names_that_clash(stored):
    longer = fake.STUDY.replace("steps = 1_000", "steps = 2_000").replace('"0-3"', '"0-1"')
    path = Path("studies/longer.toml")
    path.write_text(longer.replace("\nline = ", "\nsame = "))
    store = RunStore(studies.load(path))
    for seed in range(2):
        publish(store, seed)
    found = joined_results.load("longer/one", "fake/one", engine=fake.Engine())
    names = ["one of longer", "one of fake"]
    assert [c.name for c in found.study.configurations] == names
    assert list(found.runs["configuration"].cat.categories) == names
    assert found.study.steps == 1_000 and found.evaluations["step"].max() == 1_000
    runs = found.runs.groupby("configuration", observed=True)
    assert runs["updates"].max().tolist() == [500, 500]  # half of the 1,000 of longer
    assert runs.size().tolist() == [2, 4]
    assert set(found.episodes["environment"]) == {"same"}
    assert "The budgets differ (2,000 of longer and 1,000 of fake steps)" in found.notices[0]
    assert set(found.hyperparameters) == set(names)


def test_what_only_one_side_was_tested_on_is_left_out(project):
    """Both studies have the same training levels and different tests."""
    head, tail = fake.STUDY.split("[environments]")
    tail = tail[tail.index("[configurations.one]") :]
    other = fake.VARIED.replace('test = ["R", "E"]', 'test = ["E"]').replace(".plain]", ".bare]")
    other += 'test = ["R"]\n'
    for name, environments in (("varied", fake.VARIED), ("other", other)):
        Path(f"studies/{name}.toml").write_text(head + environments + tail)
        assert project.tfrl("run", name, "--seeds", "0-1") == 0
    found = joined_results.load("varied/one", "other/two", engine=fake.Engine())
    assert [e.name for e in found.study.environments] == ["D", "R", "plain"]
    tested = {e.name: e.level_config.test for e in found.study.environments}
    assert tested == {"D": ("E",), "R": ("D", "E"), "plain": ()}
    for environment in found.study.environments:
        played = found.of(environment, found.evaluations)
        assert set(played["environment"]) == {environment.name}
        assert played.groupby("configuration", observed=True)["seed"].nunique().tolist() == [2, 2]
        shifted = played[played["split"] == "shifted"]
        assert set(shifted["variation"]) == set(environment.level_config.test)
