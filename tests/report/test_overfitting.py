"""Pages of studies of overfitting."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tfrl.harness.studies.study import Environment
from tfrl.report import render
from tfrl.report.drawings import heatmaps
from tfrl.report.generalization_data import varies_training
from tfrl.variations import LevelConfig

from . import synthetic, synthetic_overfitting
from .reading import Page, contrast, no_nan
from .test_page import check_figures, check_links, files


@pytest.fixture(scope="module")
def physics(tmp_path_factory):
    """Three environments, each trained on D, R and E, and a run that failed."""
    return render(synthetic_overfitting.of_generalization(), tmp_path_factory.mktemp("physics"))


@pytest.fixture(scope="module")
def mazes(tmp_path_factory):
    """Mazes by the number of levels, with two remedies."""
    return render(synthetic_overfitting.of_levels(), tmp_path_factory.mktemp("mazes"))


def small(episodes=20, **options):
    return synthetic_overfitting.generalization(("cartpole",), episodes=episodes, **options)


def table(index, name):
    return pd.read_csv(index.parent / f"tables/{name}.csv")


def drawn(index, name):
    return (index.parent / f"figures/{name}.svg").read_text()


def test_one_chapter_per_environment_id(physics):
    text, tags = no_nan(physics), Page(physics).tags
    ids = {a["id"] for _, a in tags if "id" in a}
    assert {"cartpole-v0", "mountaincar-v0", "acrobot-v1"} <= ids
    assert "359/360 runs finished; 1 failed" in text
    assert text.count("Does it survive other physics?") == 3
    figures = sorted(path.stem for path in (physics.parent / "figures").iterdir())
    names = ("Acrobot-v1", "CartPole-v0", "MountainCar-v0")
    parts = ("other_physics-matrix", "published_results-seeds", "more_training-curves")
    each = [f"{name}-{part}" for name in names for part in parts]
    assert figures == sorted([*each, "CartPole-v0-where_it_works-map"])


@pytest.mark.parametrize("which", ["physics", "mazes"])
def test_every_link_resolves_and_every_figure_has_a_text_alternative(which, request):
    index = request.getfixturevalue(which)
    check_links(index)
    check_figures(index)
    assert sum(len(content) for content in files(index.parent).values()) < 5_000_000


def test_same_results_same_bytes(mazes, tmp_path):
    render(synthetic_overfitting.of_levels(), tmp_path)
    assert files(mazes.parent) == files(tmp_path)


def test_summaries_are_shown_with_the_published_means(physics):
    text = no_nan(physics)
    assert "PPO (Packer et al. 2018) 78% 71% 48%" in text
    assert "A2C (Packer et al. 2018) 78% 77% 64%" in text
    assert "They are context, not a target" in text and "15,000 episodes" in text
    found = table(physics, "CartPole-v0-published_results").set_index(["configuration", "summary"])
    mean = found.loc[("ppo", "extrapolation"), "mean"]
    # By hand from the runs: of each seed the geometric mean, then the mean.
    runs = synthetic_overfitting.of_generalization()
    assert mean == pytest.approx(by_hand(runs, "ppo"), rel=1e-6)


def by_hand(results, configuration):
    """Extrapolation of one agent on CartPole, with loops."""
    frame = results.evaluations
    frame = frame[(frame["step"] == 50_000) & (frame["policy"] == "greedy")]
    frame = frame[(frame["configuration"] == configuration) & (frame["split"] == "shifted")]
    keys = ["environment", "seed", "variation"]
    parts = {key: part["return"] for key, part in frame.groupby(keys, observed=True)}
    found = []
    for seed in range(10):
        product = 1.0
        for trained, tested in ("DR", "DE", "RE"):
            product *= (parts[f"cartpole-{trained}", seed, tested] >= 195).mean()
        found.append(product ** (1 / 3))
    return np.mean(found)


def test_a_planted_drop_is_found_and_the_control_shows_no_gap(physics):
    text = no_nan(physics).replace("\N{NO-BREAK SPACE}", " ")
    assert "CartPole-v0: Trained on D, DQN, REINFORCE, PPO and APO do worse on E." in text
    assert "No gap is sure, and none is expected" in text
    losses = table(physics, "CartPole-v0-other_physics")
    row = losses[(losses["environment"] == "cartpole-D") & (losses["configuration"] == "ppo")]
    row = row.set_index("tested").loc["E"]
    assert row["verdict"] == "gap" and row["n"] == 10
    gap, low, high = (f"{100 * row[end]:.1f}" for end in ("gap", "low", "high"))
    assert f"PPO {gap} ({low} to {high}; n = 10)" in text


def test_each_gap_has_its_seeds(physics):
    by_seed = table(physics, "CartPole-v0-other_physics-by-seed")
    losses = table(physics, "CartPole-v0-other_physics")
    keys = ["environment", "configuration", "tested"]
    medians = by_seed[by_seed["learned"]].groupby(keys)["gap"].median()
    found = losses.set_index(keys)["gap"]
    np.testing.assert_allclose(found, medians.reindex(found.index))


def test_an_agent_that_learned_nothing_does_not_generalise(physics):
    text = no_nan(physics)
    assert "MountainCar-v0: Too little was learned for a drop to show." in text
    assert "0 of 10 too little learned" in text
    curves = "more_training-curves"
    assert drawn(physics, f"MountainCar-v0-{curves}").count("too little learned") == 12
    assert "too little learned" not in drawn(physics, f"CartPole-v0-{curves}")
    # There, going straight up is enough for more than half of R: that is no learning.
    markdown = (physics.parent / "README.md").read_text()
    assert "The best constant action scores 61.3% on R, 79.2% on E" in markdown
    losses = table(physics, "MountainCar-v0-other_physics")
    assert set(losses["verdict"]) == {"undecided"}


def test_the_failed_run_is_not_among_the_seeds(physics):
    gaps = table(physics, "CartPole-v0-unseen_levels-gaps")
    rows = gaps[(gaps["environment"] == "cartpole-R") & (gaps["configuration"] == "dqn")]
    assert set(rows["n"]) == {9}
    assert "9 of 10 runs" in no_nan(physics)


def test_memorised_mazes_and_what_helped(mazes):
    text = no_nan(mazes)
    assert "Trained on 10 levels, all four configurations memorise them." in text
    assert "Two agents in four configurations" in text
    assert "A gap is sure on up to" in text
    assert "so a drop there cannot be judged" in text
    found = table(mazes, "Maze-v0-remedies").set_index(["remedy", "where"])
    assert found.loc[("ppo_entropy", "maze-10"), "verdict"] == "gap"  # it narrowed
    assert found.loc[("ppo_l2", "maze-10"), "verdict"] in ("none", "undecided")
    assert "entropy_regularization = 0.01" in text and "ppo_entropy trained on 10 levels" in text
    growth = table(mazes, "Maze-v0-more_training")
    growth = growth.set_index(["environment", "configuration", "tested"])
    assert growth.loc[("maze-10", "apo", "held-out"), "verdict"] == "gap"
    agents = table(mazes, "Maze-v0-unseen_levels-agents")
    assert len(agents) == 6 and set(agents["environment"]) == {"maze-10"}


def test_only_with_few_levels_intervals_allow_for_the_chance_of_levels(physics, mazes):
    few = ("ten may be easier than others", "allows for the chance of which levels are trained on")
    assert all(words in no_nan(mazes) and words not in no_nan(physics) for words in few)


def test_the_length_is_half_the_pole_as_in_gymnasium(physics):
    text = no_nan(physics)
    ranges = "D (as usual) 0.5, R 0.25 to 0.75, E 0.05 to 0.25 or 0.75 to 1, drawn uniformly"
    assert f"Length (half the pole's): {ranges}" in text
    assert "half the pole's length, m" in drawn(physics, "CartPole-v0-where_it_works-map")
    assert "Length : D (as usual) 1, " in text or "Length: D (as usual) 1, " in text  # Acrobot's


def test_one_seed_has_words_instead_of_intervals(tmp_path):
    text = no_nan(render(synthetic_overfitting.results(small(seeds=1)), tmp_path))
    assert "One seed is too few for any verdict." in text
    assert "How much does choosing the best agent overstate its score?" not in text


def test_success_everywhere_is_no_gap(tmp_path):
    found = synthetic_overfitting.results(small(episodes=100))
    found = replace(found, evaluations=found.evaluations.assign(**{"return": 200.0}))
    text = no_nan(render(found, tmp_path))
    assert "Trained on D, no agent does worse on E by as much as matters." in text
    assert "100%" in text


def test_a_missing_group_is_marked(tmp_path):
    planned = small(seeds=3)
    lacking = [("cartpole-R", "dqn", seed) for seed in range(3)]
    index = render(synthetic_overfitting.results(planned, missing=lacking), tmp_path)
    no_nan(index)
    assert drawn(index, "CartPole-v0-other_physics-matrix").count("no run") == 3
    assert "no runs" in drawn(index, "CartPole-v0-more_training-curves")


@pytest.mark.parametrize("status", ["missing", "failed"])
def test_a_study_without_a_finished_run(tmp_path, status):
    planned = small(seeds=2)
    runs = [(r.environment.name, r.configuration.name, r.seed) for r in planned.runs()]
    text = no_nan(render(synthetic_overfitting.results(planned, **{status: runs}), tmp_path))
    assert "0/24 runs finished" in text and "no run" in text


def test_an_environment_without_a_definition_of_success(tmp_path):
    planned = synthetic_overfitting.levels(seeds=3, episodes=10, counts=(10, None))
    environments = tuple(
        Environment(e.name, "gymnasium:Mine-v0", LevelConfig("D", e.level_config.levels))
        for e in planned.environments
    )
    found = synthetic_overfitting.results(planned)
    evaluations = found.evaluations[found.evaluations["split"] != "shifted"]
    found = replace(
        found, study=replace(planned, environments=environments), evaluations=evaluations
    )
    text = no_nan(render(found, tmp_path))
    assert "Return on levels trained on minus unseen ones" in text


def test_an_ordinary_study_reports_the_gap_to_unseen_start_states(report):
    text = no_nan(report)
    assert "No gap is sure, and none is expected: training hardly repeats a level." in text


def test_numbers_can_be_read_on_every_colour():
    colours = heatmaps.colormaps[heatmaps.COLOURS]
    for share in np.linspace(0, 1, 50):
        ink = heatmaps._readable(colours, share)
        assert contrast(ink, colours(share)) >= 4.5  # WCAG 2 level AA


def more_tests():
    environment = Environment("cartpole", "CartPole-v1", LevelConfig(test=("R", "E")))
    planned = synthetic.study(("ppo", "apo"), seeds=6, steps=60_000)
    return replace(planned, environments=(environment,))


def test_an_ordinary_study_that_is_tested_on_more_has_one_section_on_it(tmp_path):
    text = no_nan(render(synthetic.results(more_tests(), failed=(), missing=()), tmp_path))
    assert "How much do the seeds decide?" in text and "Does it survive other physics?" in text
    assert "No run was trained on E, so a drop there cannot be judged." in text
    losses = pd.read_csv(tmp_path / "tables/cartpole-other_physics.csv")
    assert {"R", "E"} == set(losses["tested"])
    assert (tmp_path / "figures/cartpole-other_physics-matrix.svg").is_file()


def test_only_studies_that_vary_training_are_about_overfitting():
    assert not varies_training(synthetic.study())
    assert not varies_training(more_tests())
    assert varies_training(small()) and varies_training(synthetic_overfitting.levels())
