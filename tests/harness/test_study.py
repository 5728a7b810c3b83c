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
        ("{}", ".id is missing: expected the id of an environment, such as "),
        ("{ID = 'CartPole-v0'}", ".id is missing"),
        ("{id = 3}", ".id is 3: expected the id of an environment"),
        ("['CartPole-v0']", " is ['CartPole-v0']: expected the id of an environment, such as "),
        ("{id = 'CartPole-v0', level = 10}", ".level is not known: did you mean levels?"),
        ("{id = 'CartPole-v0', variation = 1}", ".variation is 1: expected the name of a var"),
        ("{id = 'CartPole-v0', variation = 'Q'}", ": CartPole-v0 has no variation 'Q': expected D"),
        ("{id = 'CartPole-v0', test = 'R'}", ".test is 'R': expected a list of variations, such"),
        ("{id = 'CartPole-v0', test = [1]}", ".test is [1]: expected a list of variations"),
        ("{id = 'CartPole-v0', test = ['Q']}", ": CartPole-v0 has no variation 'Q': expected D, R"),
        ("{id = 'CartPole-v0', test = ['D']}", ": test is ['D']: expected variations other than"),
        ("{id = 'CartPole-v0', levels = 0}", ".levels is 0: expected a whole number of levels"),
        ("{id = 'CartPole-v0', levels = true}", ".levels is true: expected a whole number of"),
        ("{id = 'CartPole-v0', levels = 1.0}", ".levels is 1.0: expected a whole number of levels"),
        (
            f"{{id = 'CartPole-v0', levels = {FIRST_TEST_LEVEL + 1}}}",
            f": levels is {FIRST_TEST_LEVEL + 1}: expec",
        ),
    ],
)
def test_a_mistake_in_an_environment_is_one_sentence(project, changed, table, sentence):
    project.write(changed('"Line-v0"', table))
    with pytest.raises(StudyError) as caught:
        study.load(project.file)
    assert str(caught.value).startswith(f"studies/fake.toml: environments.line{sentence}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('title = "Fake"\n', "", "title is missing: expected a string on one line"),
        ('"Fake"', "3", "title is 3: expected a string"),
        ('"Fake"', '"Fake"\nnote = 3', "note is 3: expected a text"),
        ("seeds", "sedes", "seeds is missing (did you mean sedes?): expected whole numbers"),
        ('"0-3"', "[0, 1, 0]", "seeds names 0 more than once"),
        ('"0-3"', '"0-3,2"', "seeds names 2 more than once"),
        ('"0-3"', "[]", "seeds is empty: expected whole numbers from 0 on"),
        ('"0-3"', '""', "seeds has '': expected"),
        ('"0-3"', '"3-0"', "seeds has '3-0': expected"),
        ('"0-3"', "[-1]", "seeds has -1: expected"),
        ('"0-3"', "[true]", "seeds has true: expected"),
        ('"0-3"', "[1.0]", "seeds has 1.0: expected"),
        ('"0-3"', "5", "seeds is 5: expected"),
        ('"0-3"', '"0-999999999"', "seeds names more than 10000 seeds"),
        (
            "1_000",
            "-5",
            "steps is -5: expected a whole number of environment steps, 1 to 1,000,000,000,000",
        ),
        ("1_000", "0", "steps is 0: expected"),
        ("1_000", "true", "steps is true: expected"),
        ("1_000", "1e3", "steps is 1000.0: expected"),
        ("500", "0", "evaluation.every is 0: expected"),
        (
            "500",
            "300",
            "evaluation.every is 300: expected a whole number of environment steps that ",
        ),
        ("episodes = 2", "episodes = 0", "evaluation.episodes is 0: expected"),
        ("episodes = 2", "episode = 2", "evaluation.episodes is missing (did you mean episode"),
        (
            "episodes = 2",
            "episodes = 2\nsplit = 1",
            "evaluation.split is not known: expected every",
        ),
        ("steps = ", "step = 1\nsteps = ", "step is not known: did you mean steps?"),
        ('line = "Line-v0"', "", "environments is empty: expected at least one entry"),
        ('"Line-v0"', "0", "environments.line is 0: expected the id of an environment"),
        ("line =", '"../line" =', "environments.'../line' is not a valid name: expected letters"),
        ("line =", '".line" =', "environments.'.line' is not a valid name"),
        ("[configurations.one]", '[configurations."a/b"]', "configurations.'a/b' is not a valid"),
        (
            'pipeline = "fake"\n\n',
            "\n",
            "configurations.one.pipeline is missing: expected the name",
        ),
        ('pipeline = "fake"\n\n', "pipeline = 1\n", "configurations.one.pipeline is 1: expected"),
        (
            '"fake"\n\n',
            '":Mine"\n',
            "configurations.one.pipeline is ':Mine': expected the name of a",
        ),
        ('"fake"\n\n', '"..a:B"\n', "configurations.one.pipeline is '..a:B': expected the name"),
        ('"fake"\n\n', '"a:B:C"\n', "configurations.one.pipeline is 'a:B:C': expected the name"),
        ("0.5", "nan", "configurations.two.learning_rate is nan: expected a finite number"),
        ("0.5", "[0.5]", "configurations.two.learning_rate is [0.5]: expected a finite number"),
        ("0.5", "{a = 1}", "configurations.two.learning_rate is a table: expected"),
        ("1_000", "1_000 1", "expected TOML, but: Expected newline or end of document"),
        ("steps", "seeds", "expected TOML, but: Cannot overwrite a value (at line 3, column"),
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
    with pytest.raises(
        StudyError, match=r"configurations\.learning_rate is nan: expected a finite"
    ):
        study.load(project.file)


def test_an_empty_table_of_configurations_is_a_mistake(project):
    text = fake.STUDY[: fake.STUDY.index("[configurations.one]")]
    project.write(f"{text}[configurations]\n")
    with pytest.raises(StudyError, match=r"fake\.toml: configurations has no table: expected"):
        study.load(project.file)


def test_files_that_are_no_studies_are_named(project):
    Path("binary.toml").write_bytes(b"\xff\x00")
    Path("bad name.toml").write_text(fake.STUDY)
    for name, sentence in [
        ("absent.toml", "absent.toml: cannot be read: No such file or directory"),
        ("binary.toml", "binary.toml: expected TOML, which is UTF-8 text, but it is not"),
        ("bad name.toml", "bad name.toml: a study's file is named with letters"),
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
    with pytest.raises(StudyError, match="which is UTF-8 text, but it is UTF-16"):
        study.load(path)


def test_more_steps_than_anybody_makes_are_refused(tmp_path):
    path = tmp_path / "long.toml"
    path.write_text(fake.STUDY.replace("1_000", "100_000_000_000_000_000_000"))
    with pytest.raises(
        StudyError, match=r"steps is 10+: expected a whole number of environment st"
    ):
        study.load(path)
