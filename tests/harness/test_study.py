from pathlib import Path

import pytest

from tests.harness import fake
from tfrl import variations
from tfrl.harness.errors import StudyError
from tfrl.harness.studies import study
from tfrl.harness.studies.study import Configuration, Environment, Evaluation
from tfrl.variations import FIRST_TEST_LEVEL, LevelConfig


def test_a_study_file_is_what_it_says(project):
    note = 'note = """\nOf two\n  lines"""\n'
    top = fake.STUDY.replace('"0-3"', '"0-2, 7"').replace("steps = ", f"{note}steps = ", 1)
    project.write(f"{top}layers = [64, 32]\ndouble = true\n")
    loaded = study.load(project.file)
    assert (loaded.name, loaded.title, loaded.steps) == ("fake", "Fake", 1000)
    assert loaded.note == "Of two lines"
    assert loaded.seeds == (0, 1, 2, 7)
    assert loaded.evaluation == Evaluation(every=500, episodes=2)
    assert loaded.environments == (Environment("line", "Line-v0"),)
    assert loaded.configurations == (
        Configuration("one", "fake", {}),
        Configuration("two", "fake", {"learning_rate": 0.5, "layers": (64, 32), "double": True}),
    )
    assert [str(run) for run in loaded.runs()][:5] == [
        "line/one/seed-0",
        "line/one/seed-1",
        "line/one/seed-2",
        "line/one/seed-7",
        "line/two/seed-0",
    ]


STUDIES = Path(__file__).parents[2] / "studies"
ENVIRONMENTS = '[environments]\nline = "Line-v0"\n'


def test_an_environment_may_be_a_table_with_its_conditions(project, changed):
    project.write(changed(ENVIRONMENTS, fake.VARIED))
    loaded = study.load(project.file)
    assert loaded.environments == (
        Environment("D", "CartPole-v0", LevelConfig(test=("R", "E"))),
        Environment("R", "CartPole-v0", LevelConfig("R", 10, ("D", "E"))),
        Environment("plain", "CartPole-v0"),
    )
    short = changed(ENVIRONMENTS, '[environments]\nplain = "CartPole-v0"\n')
    project.write(short)
    assert study.load(project.file).environments == loaded.environments[2:]


def test_runs_of_one_id_and_number_of_tests_are_a_group_whatever_their_names(project, changed):
    project.write(changed(ENVIRONMENTS, fake.VARIED))
    groups = {}
    for run in study.load(project.file).runs():
        groups.setdefault(run.group, []).append(str(run))
    assert {group: len(runs) for group, runs in groups.items()} == {
        ("CartPole-v0", 2, "one"): 8,
        ("CartPole-v0", 2, "two"): 8,
        ("CartPole-v0", 0, "one"): 4,
        ("CartPole-v0", 0, "two"): 4,
    }
    assert groups["CartPole-v0", 2, "two"][3:5] == ["D/two/seed-3", "R/two/seed-0"]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("{}", "environments.line.id is missing: it must be the id of an environment, such as "),
        ("{ID = 'CartPole-v0'}", "unknown key environments.line.ID (expected id, variation, lev"),
        ("{id = 3}", "environments.line.id must be the id of an environment, such as "),
        ("['CartPole-v0']", "environments.line must be the id of an environment, such as "),
        ("{id = 'CartPole-v0', level = 10}", "unknown key environments.line.level (did you mean "),
        ("{id = 'CartPole-v0', variation = 1}", "environments.line.variation must be the name of"),
        (
            "{id = 'CartPole-v0', variation = 'Q'}",
            "environments.line: CartPole-v0 has no variation 'Q': expected D",
        ),
        (
            "{id = 'CartPole-v0', test = 'R'}",
            'environments.line.test must be a list of variations, such as ["R", "E"], got \'R\'',
        ),
        ("{id = 'CartPole-v0', test = [1]}", "environments.line.test[0] must be a string, got 1"),
        (
            "{id = 'CartPole-v0', test = ['Q']}",
            "environments.line: CartPole-v0 has no variation 'Q': expected D, R",
        ),
        (
            "{id = 'CartPole-v0', test = ['D']}",
            "environments.line: test is ['D']: expected variations other than",
        ),
        (
            "{id = 'CartPole-v0', levels = 0}",
            "environments.line.levels must be a positive integer, got 0",
        ),
        (
            "{id = 'CartPole-v0', levels = true}",
            "environments.line.levels must be a positive integer, got true",
        ),
        (
            "{id = 'CartPole-v0', levels = 1.0}",
            "environments.line.levels must be a positive integer, got 1.0",
        ),
        (
            f"{{id = 'CartPole-v0', levels = {FIRST_TEST_LEVEL + 1}}}",
            f"environments.line: levels is {FIRST_TEST_LEVEL + 1}: expec",
        ),
    ],
)
def test_a_mistake_in_an_environment_is_one_sentence(project, changed, table, sentence):
    project.write(changed('"Line-v0"', table))
    with pytest.raises(StudyError) as caught:
        study.load(project.file)
    assert str(caught.value).startswith(f"studies/fake.toml: {sentence}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('title = "Fake"\n', "", "title is missing: it must be a one-line string"),
        ('"Fake"', "3", "title must be a one-line string, got 3"),
        ('"Fake"', '"Fake"\nnote = 3', "note must be a string, got 3"),
        ("seeds", "sedes", "unknown key sedes (did you mean seeds?)"),
        ('"0-3"', "[0, 1, 0]", "seeds must not repeat 0, got [0, 1, 0]"),
        ('"0-3"', '"0-3,2"', "seeds must not repeat 2, got '0-3,2'"),
        ('"0-3"', "[]", "seeds must be 1 to 10,000 integers from 0 on, such as "),
        ('"0-3"', '""', "seeds must be 1 to 10,000 integers"),
        ('"0-3"', '"3-0"', "seeds must be 1 to 10,000 integers"),
        ('"0-3"', f'"{"9" * 5_000}"', "seeds must be 1 to 10,000 integers"),
        ('"0-3"', '"2147483648"', "seeds[0] must be less than or equal to 2147483647, got 21474"),
        ('"0-3"', "[-1]", "seeds[0] must be greater than or equal to 0, got -1"),
        ('"0-3"', "[0, true]", "seeds[1] must be an integer, got true"),
        ('"0-3"', "[1.0]", "seeds[0] must be an integer, got 1.0"),
        ('"0-3"', "5", "seeds must be 1 to 10,000 integers"),
        ('"0-3"', '"0-999999999"', "seeds must be 1 to 10,000 integers"),
        ('"0-3"', f'"{"0," * 10_000}0"', "seeds must be 1 to 10,000 integers"),
        ("1_000", "-5", "steps must be a positive integer up to 1,000,000,000,000, got -5"),
        ("1_000", "0", "steps must be a positive integer"),
        ("1_000", "true", "steps must be a positive integer up to 1,000,000,000,000, got true"),
        ("1_000", "1e3", "steps must be a positive integer up to 1,000,000,000,000, got 1000.0"),
        ("1_000", '"many"', "steps must be a positive integer up to 1,000,000,000,000, got 'many'"),
        ("500", "0", "evaluation.every must be a positive integer, got 0"),
        ("500", "300", "evaluation.every must divide steps = 1000, got 300"),
        (
            "500",
            "500\nevery_early = 300",
            "evaluation.every_early must divide every = 500, got 300",
        ),
        ("500", "500\nevery_early = 0", "evaluation.every_early must be a positive integer, got 0"),
        (
            "500",
            '500\nkeep_policies = "some"',
            "evaluation.keep_policies must be 'all', 'final' or 'none', got 'some'",
        ),
        ("episodes = 2", "episodes = 0", "evaluation.episodes must be a positive integer, got 0"),
        ("episodes = 2", "", "evaluation.episodes is missing: it must be a positive integer"),
        (
            "episodes = 2",
            "episode = 2",
            "unknown key evaluation.episode (did you mean episodes?)",
        ),
        (
            "episodes = 2",
            "episodes = 2\nsplit = 1",
            "unknown key evaluation.split (expected every, episodes, every_early, keep_policies)",
        ),
        ("steps = ", "step = 1\nsteps = ", "unknown key step (did you mean steps?)"),
        (
            "[evaluation]\nevery = 500\nepisodes = 2\n",
            "evaluation = 500\n",
            "evaluation must be the table [evaluation], got 500",
        ),
        (
            'line = "Line-v0"',
            "",
            "environments must be a table with at least one environment, [environments], got an em",
        ),
        ('"Line-v0"', "0", "environments.line must be the id of an environment"),
        (
            "line =",
            '"../line" =',
            "a name in environments must be letters, digits, '.', '_' and '-', at most 64",
        ),
        ("line =", '".line" =', "a name in environments must be letters"),
        ("[configurations.one]", '[configurations."a/b"]', "a name in configurations must be let"),
        (
            'pipeline = "fake"\n\n',
            "\n",
            "configurations.one.pipeline is missing: it must be the name of a pipeline, such as",
        ),
        ('pipeline = "fake"\n\n', "pipeline = 1\n", "configurations.one.pipeline must be the name"),
        ('"fake"\n\n', '":Mine"\n', "configurations.one.pipeline must be the name of a pipeline"),
        ('"fake"\n\n', '"..a:B"\n', "configurations.one.pipeline must be the name of a pipeline"),
        ('"fake"\n\n', '"a:B:C"\n', "configurations.one.pipeline must be the name of a pipeline"),
        ("0.5", "nan", "configurations.two.learning_rate must be a finite number, true or false, "),
        ("0.5", "[0.5]", "configurations.two.learning_rate must be a finite number"),
        ("0.5", "[true]", "configurations.two.learning_rate must be a finite number"),
        ("0.5", "2020-01-01", "configurations.two.learning_rate must be a finite number"),
        ("0.5", "{a = 1}", "configurations.two.learning_rate must be a finite number"),
        ("1_000", "1_000 1", "invalid TOML: Expected newline or end of document"),
        ("steps", "seeds", "invalid TOML: Cannot overwrite a value (at line 3, column"),
    ],
)
def test_a_mistake_is_one_sentence_with_file_key_and_expectation(
    project, changed, old, new, sentence
):
    project.write(changed(old, new))
    with pytest.raises(StudyError) as caught:
        study.load(project.file)
    assert str(caught.value).startswith(f"studies/fake.toml: {sentence}")
    assert "\n" not in str(caught.value)


def test_what_stands_above_the_configurations_holds_for_each_of_them(project):
    shared = "[configurations]\nlearning_rate = 0.25\nlayers = [8]\n\n[configurations.one]"
    project.write(fake.STUDY.replace("[configurations.one]", shared))
    one, two = study.load(project.file).configurations
    assert one.hyperparameters == {"learning_rate": 0.25, "layers": (8,)}
    assert two.hyperparameters == {"learning_rate": 0.5, "layers": (8,)}  # its own goes first
    both = fake.STUDY.replace('pipeline = "fake"\n', "")
    project.write(
        both.replace("[configurations.one]", f'[configurations]\npipeline = "a:B"\n{shared[17:]}')
    )
    assert [item.pipeline for item in study.load(project.file).configurations] == ["a:B", "a:B"]
    project.write(fake.STUDY.replace("[configurations.one]", shared.replace("0.25", "nan")))
    with pytest.raises(StudyError, match=r"configurations\.one\.learning_rate must be a finite"):
        study.load(project.file)


def test_an_empty_table_of_configurations_is_a_mistake(project):
    text = fake.STUDY[: fake.STUDY.index("[configurations.one]")]
    project.write(f"{text}[configurations]\n")
    with pytest.raises(StudyError, match=r"fake\.toml: configurations must be tables, at least"):
        study.load(project.file)


def test_files_that_are_no_studies_are_named(project):
    Path("binary.toml").write_bytes(b"\xff\x00")
    Path("bad name.toml").write_text(fake.STUDY)
    for name, sentence in [
        ("absent.toml", "absent.toml: cannot be read: No such file or directory"),
        ("binary.toml", "binary.toml: must be TOML in UTF-8, but it is not UTF-8"),
        ("bad name.toml", "bad name.toml: the name of the file must be letters"),
    ]:
        with pytest.raises(StudyError) as caught:
            study.load(Path(name))
        assert str(caught.value).startswith(sentence)


def test_a_study_is_found_by_path_or_name(project):
    assert study.find("fake") == Path("studies/fake.toml")
    assert study.find("elsewhere/mine.toml") == Path("elsewhere/mine.toml")
    with pytest.raises(StudyError, match=r"no study 'fak': .* in studies/ \(fake\)"):
        study.find("fak")


FOUR = ["dqn", "reinforce", "ppo", "apo"]
REMEDIES = ["ppo_entropy", "ppo_l2"]
DETAILS = ["ppo_stock", "ppo_constant"]
ABLATIONS = [
    *("theta_to_best", "cross_entropy", "random", "k1", "k16"),
    *("weak", "strong", "weak_annealed", "annealed", "strong_annealed", "shared", "apart"),
]


@pytest.mark.parametrize(
    ("name", "configurations", "groups"),
    [
        ("quick", FOUR, 4),
        ("cartpole", ["dqn", "reinforce", "ppo", *DETAILS, "apo"], 6),
        ("apo", ["ppo", "apo", *ABLATIONS], 2 * 14),
        ("generalization", FOUR, 3 * 4),
        ("generalization-full", FOUR, 3 * 4),
        ("levels", ["ppo", "apo", *REMEDIES], 4),
        ("levels-full", [*FOUR, *REMEDIES], 6),
    ],
)
def test_the_shipped_studies_are_valid_and_compile_no_more_than_they_need(
    name, configurations, groups
):
    found = study.load(STUDIES / f"{name}.toml")
    assert [item.name for item in found.configurations] == configurations
    assert len({run.group for run in found.runs()}) == groups


def test_each_ablation_of_apo_differs_from_it_in_what_it_is_named_for():
    configurations = {item.name: item for item in study.load(STUDIES / "apo.toml").configurations}
    plain = configurations["apo"].hyperparameters
    assert configurations["ppo"].hyperparameters == plain
    changed = {
        name: set(configurations[name].hyperparameters.items()) - set(plain.items())
        for name in ABLATIONS
    }
    learners = {("num_learners", 2), ("num_environments", 2 * plain["num_environments"])}
    assert changed == {
        "theta_to_best": {("anchor_loss_type", "theta_to_best")},
        "cross_entropy": {("anchor_loss_type", "cross_entropy")},
        "random": {("anchor_selection", "random")},
        "k1": {("num_anchor_episodes", 1)},
        "k16": {("num_anchor_episodes", 16)},
        "weak": {("anchor_weight", 0.1)},
        "strong": {("anchor_weight", 10.0)},
        "weak_annealed": {("anchor_weight", 0.1), ("anneal_anchor_weight", True)},
        "annealed": {("anneal_anchor_weight", True)},
        "strong_annealed": {("anchor_weight", 10.0), ("anneal_anchor_weight", True)},
        "shared": learners,
        "apart": learners | {("share_anchors", False)},
    }


def test_each_physics_is_tested_on_all_others():
    for name in ("generalization", "generalization-full"):
        for environment in study.load(STUDIES / f"{name}.toml").environments:
            tested = {environment.level_config.variation, *environment.level_config.test}
            assert tested == set(variations.names(environment.id))
            assert environment.name.endswith(f"-{environment.level_config.variation}")


def test_a_full_study_is_its_study_in_another_size():
    for name in ("generalization", "levels"):
        small, full = (study.load(STUDIES / f"{each}.toml") for each in (name, f"{name}-full"))
        assert small.environments == full.environments
        assert set(full.seeds) <= set(small.seeds)
        assert all(item in full.configurations for item in small.configurations)
        assert full.steps >= 15_000 * (200 if name == "generalization" else 100)
        assert full.evaluation.episodes == 1000


def test_a_byte_order_mark_is_let_pass(tmp_path):
    path = tmp_path / "marked.toml"
    path.write_text(fake.STUDY, encoding="utf-8-sig")
    assert study.load(path).title == "Fake"


def test_utf_16_is_named(tmp_path):
    path = tmp_path / "wide.toml"
    path.write_text(fake.STUDY, encoding="utf-16")
    with pytest.raises(StudyError, match="must be TOML in UTF-8, but it is UTF-16"):
        study.load(path)


def test_more_steps_than_anybody_makes_are_refused(tmp_path):
    path = tmp_path / "long.toml"
    path.write_text(fake.STUDY.replace("1_000", "100_000_000_000_000_000_000"))
    with pytest.raises(
        StudyError, match=r"steps must be a positive integer up to 1,000,000,000,000, got 10+$"
    ):
        study.load(path)
