"""Pages of studies of overfitting."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tfrl.conditions import Conditions
from tfrl.harness.study import Environment
from tfrl.report import render, units, wording
from tfrl.report.drawings import heatmaps
from tfrl.report.overfitting import asks_about_overfitting, gaps

from . import synthetic, synthetic_overfitting
from .reading import Page, contrast, no_nan
from .test_page import files


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


def test_a_chapter_for_each_id_and_none_for_each_name(physics):
    text, tags = no_nan(physics), Page(physics).tags
    ids = {a["id"] for _, a in tags if "id" in a}
    assert {"overview", "cartpole-v0", "mountaincar-v0", "acrobot-v1"} <= ids
    assert "Learning curves" not in text and "179/180 runs finished; 1 failed" in text
    assert "what is lost on physics never trained on, does more training widen the gap" in text
    figures = sorted(path.stem for path in (physics.parent / "figures").iterdir())
    names = ("acrobot-v1", "cartpole-v0", "mountaincar-v0")
    each = [f"{name}-{part}" for name in names for part in ("matrix", "training")]
    assert figures == sorted([*each, "cartpole-v0-map", "first-matrix"])


@pytest.mark.parametrize("which", ["physics", "mazes"])
def test_every_link_resolves_and_every_figure_has_a_text_alternative(which, request):
    index = request.getfixturevalue(which)
    tags = Page(index).tags
    ids = {a["id"] for _, a in tags if "id" in a}
    for address in (a["href"] for tag, a in tags if tag == "a"):
        assert address[1:] in ids if address[0] == "#" else (index.parent / address).is_file()
    images = [a for tag, a in tags if tag == "img"]
    assert len(images) == len(list((index.parent / "figures").iterdir()))
    assert all(len(a["alt"]) > 60 and a["src"].startswith("data:") for a in images)
    assert sum(len(content) for content in files(index.parent).values()) < 5_000_000


def test_same_results_same_bytes(mazes, tmp_path):
    render(synthetic_overfitting.of_levels(), tmp_path)
    assert files(mazes.parent) == files(tmp_path)


def test_summaries_stand_beside_the_published_means(physics):
    text = no_nan(physics)
    assert "PPO Packer et al. (2018) 78.2% 70.6% 48.4%" in text
    assert "A2C Packer et al. (2018) 78.1% 76.6% 63.7%" in text
    assert "They are context, not a target" in text and "15,000 episodes" in text
    found = table(physics, "summaries").set_index(["configuration", "summary"])
    mean = found.loc[("ppo", "extrapolation"), "mean"]
    assert f"{100 * mean:.1f}%" in text
    # By hand from the runs: of each seed and environment the geometric mean, then the mean.
    runs = synthetic_overfitting.of_generalization()
    assert mean == pytest.approx(by_hand(runs, "ppo"), rel=1e-6)


def by_hand(results, configuration):
    """Extrapolation of one agent, with loops."""
    frame = results.evaluations
    frame = frame[(frame["step"] == 50_000) & (frame["policy"] == "greedy")]
    frame = frame[(frame["configuration"] == configuration) & (frame["split"] == "shifted")]
    keys = ["environment", "seed", "variation"]
    parts = {key: part["return"] for key, part in frame.groupby(keys, observed=True)}
    found = []
    for seed in range(5):
        for name, limit in {"cartpole": 195, "mountaincar": -110, "acrobot": -79}.items():
            product = 1.0
            for trained, tested in ("DR", "DE", "RE"):
                product *= (parts[f"{name}-{trained}", seed, tested] >= limit).mean()
            found.append(product ** (1 / 3))
    return np.mean(found)


def test_a_planted_fall_is_a_gap_and_the_control_shows_nothing(physics):
    text = no_nan(physics)
    assert "CartPole-v0: lost on E by training on D gap in all 4" in text
    assert "Control nothing shows, as it should" in text
    gaps = table(physics, "cartpole-v0-gaps")
    end = gaps[(gaps["policy"] == "greedy") & (gaps["measure"] == "success")]
    end = end[end["kind"] == "judged"]
    row = end[(end["environment"] == "cartpole-D") & (end["configuration"] == "ppo")]
    row = row.set_index("tested").loc["E"]
    assert row["verdict"] == "gap" and row["n"] == 5
    assert (
        f"gap {100 * row['gap']:.1f} {100 * row['low']:.1f} to {100 * row['high']:.1f}; plain"
        in (text.replace("\N{NO-BREAK SPACE}", " "))
    )


def test_what_is_lost_is_asked_of_each_variation_that_was_trained_on(physics):
    text = no_nan(physics)
    for variation, others in {"D": "RE", "R": "DE", "E": "DR"}.items():
        claim = f"CartPole-v0: lost on other variations by training on {variation}"
        said = text[text.rindex(claim) :][:400]
        for other in others:
            assert f"Lost on {other} by training on {variation} instead of {other}: DQN" in said


def test_who_has_no_run_is_not_said_to_have_learned_too_little(tmp_path):
    planned = small(configurations=("dqn", "ppo"))
    missing = [(run.environment.name, "ppo", run.seed) for run in planned.runs()]
    index = render(synthetic_overfitting.results(planned, missing=missing), tmp_path)
    text = no_nan(index)
    assert "No runs to compare: PPO." in text and "Too little was learned" not in text
    assert drawn(index, "cartpole-v0-training").count("no runs") == 3


def test_what_was_never_learned_is_not_said_to_generalise(physics):
    text = no_nan(physics)
    assert "Too little was learned to tell: DQN, REINFORCE, PPO and APO." in text
    assert "0 of 5 seeds learned" in text
    assert drawn(physics, "mountaincar-v0-training").count("too little learned") == 12
    assert "too little learned" not in drawn(physics, "cartpole-v0-training")
    # There, going straight up is enough for more than half of R: that is no learning.
    assert "best constant action, which takes no learning, succeeds in 0% on D, 61% on R" in text
    gaps = table(physics, "mountaincar-v0-gaps")
    assert set(gaps.loc[gaps["measure"] == "success", "verdict"]) == {"inconclusive"}
    assert "too little learned" in text


def test_the_failed_run_is_not_among_the_seeds(physics):
    gaps = table(physics, "cartpole-v0-gaps")
    rows = gaps[(gaps["environment"] == "cartpole-R") & (gaps["configuration"] == "dqn")]
    assert set(rows["n"]) == {4}
    assert "4 of 5 runs" in no_nan(physics)


def test_memorised_mazes_and_what_helped(mazes):
    text = no_nan(mazes)
    assert "Levels never trained on gap in" in text and "Four configurations of two agents" in text
    assert "gap detected up to N = " in text and "cannot be told apart" in text
    assert "Trained on 10 levels of Maze-v0, success on unseen ones is lower by:" in text
    assert "regret is 1 minus the return" in text
    found = table(mazes, "maze-v0-remedies").set_index(["remedy", "where"])
    assert found.loc[("ppo_entropy", "maze-10"), "verdict"] == "narrowed"
    assert found.loc[("ppo_l2", "maze-10"), "verdict"] in ("not narrowed", "inconclusive")
    assert "ppo_entropy: PPO with entropy_regularization = 0.01" in text
    assert "changed the gap by ppo_entropy \N{MINUS SIGN}" in text
    growth = table(mazes, "maze-v0-growth")
    growth = growth.set_index(["environment", "configuration", "tested", "since"])
    assert growth.loc[("maze-10", "apo", "held-out", 40_000), "verdict"] == "wider"
    assert growth.index.unique("since").tolist() == [40_000, 80_000]


def test_only_where_levels_are_few_intervals_are_said_to_count_which_they_are(physics, mazes):
    few = ("ten may be easier than others", "with the chance of which levels are trained on")
    assert all(words in no_nan(mazes) and words not in no_nan(physics) for words in few)
    assert "the interval of the mean gap contains" in no_nan(physics)


def test_a_length_is_said_to_be_half_of_the_pole_s_as_gymnasium_has_it(physics):
    half = "half the pole's length"
    assert f"{half} (D 0.5, R 0.25 to 0.75, E 0.05 to 0.25 or 0.75 to 1)" in no_nan(physics)
    assert f"{half}, m" in drawn(physics, "cartpole-v0-map")
    acrobot = no_nan(physics).rpartition("Drawn anew for each episode")[2]
    assert ": length (D 1, " in acrobot


def test_the_markdown_says_the_same(physics):
    markdown = (physics.parent / "README.md").read_text()
    for heading in ("## CartPole-v0", "### Trained and tested", "### Where it works"):
        assert f"\n{heading}\n" in markdown
    assert "(figures/cartpole-v0-matrix.svg)" in markdown and "78.2%" in markdown


def test_one_seed_has_words_instead_of_intervals(tmp_path):
    text = no_nan(render(synthetic_overfitting.results(small(seeds=1)), tmp_path))
    assert "one seed, so no interval" in text and "inconclusive in all" in text
    assert "Choosing the best" not in text


def test_success_everywhere_is_no_gap(tmp_path):
    found = synthetic_overfitting.results(small(episodes=100))
    found = replace(found, evaluations=found.evaluations.assign(**{"return": 200.0}))
    text = no_nan(render(found, tmp_path))
    assert "no overfitting detected in any of 8" in text and "no spread" in text
    assert "100%" in text


def test_a_group_that_is_missing_is_said_to_be(tmp_path):
    planned = small(seeds=3)
    lacking = [("cartpole-R", "dqn", seed) for seed in range(3)]
    text = no_nan(render(synthetic_overfitting.results(planned, missing=lacking), tmp_path))
    assert "DQN trained on R no run no run" in text
    assert "R on D no run, R on R no run, R on E no run" in str(Page(tmp_path / "index.html").tags)


@pytest.mark.parametrize("status", ["missing", "failed"])
def test_a_study_of_which_no_run_has_finished(tmp_path, status):
    planned = small(seeds=2)
    runs = [(r.environment.name, r.configuration.name, r.seed) for r in planned.runs()]
    text = no_nan(render(synthetic_overfitting.results(planned, **{status: runs}), tmp_path))
    assert "0/24 runs finished" in text and "no run" in text


def test_an_environment_of_which_success_is_not_known(tmp_path):
    planned = synthetic_overfitting.levels(seeds=3, episodes=10, counts=(10, None))
    environments = tuple(
        Environment(e.name, "gymnasium:Mine-v0", Conditions("D", e.conditions.levels))
        for e in planned.environments
    )
    found = synthetic_overfitting.results(planned)
    evaluations = found.evaluations[found.evaluations["split"] != "shifted"]
    found = replace(
        found, study=replace(planned, environments=environments), evaluations=evaluations
    )
    text = no_nan(render(found, tmp_path))
    assert "It is not known what success is here, so returns are shown." in text
    assert "return on unseen ones is lower by" in text


def test_an_ordinary_study_is_told_whether_starts_matter(report):
    text = no_nan(report)
    assert "Starts never trained on" in text
    assert "Return from starts of training minus return from others: DQN" in text


def test_numbers_can_be_read_on_every_colour():
    colours = heatmaps.colormaps[heatmaps.COLOURS]
    for share in np.linspace(0, 1, 50):
        ink = heatmaps._readable(colours, share)
        assert contrast(ink, colours(share)) >= 4.5  # WCAG 2 level AA


def more_tests():
    environment = Environment("cartpole", "CartPole-v1", Conditions(test=("R", "E")))
    planned = synthetic.study(("ppo", "apo"), seeds=6, steps=60_000)
    return replace(planned, environments=(environment,))


def test_an_ordinary_study_that_is_tested_on_more_has_one_section_on_it(tmp_path):
    text = no_nan(render(synthetic.results(more_tests(), failed=(), missing=()), tmp_path))
    assert "4. How much do the seeds decide?" in text and "Does it overfit?" in text
    assert "success on E is lower by: PPO" in text and "not judged" in text
    gaps = pd.read_csv(tmp_path / "tables/cartpole-gaps.csv")
    assert {"R", "E"} <= set(gaps["tested"])
    assert (tmp_path / "figures/cartpole-matrix.svg").is_file()


def test_only_studies_that_vary_training_get_these_chapters():
    assert not asks_about_overfitting(synthetic.study())
    assert not asks_about_overfitting(more_tests())
    assert asks_about_overfitting(small()) and asks_about_overfitting(
        synthetic_overfitting.levels()
    )


@pytest.mark.parametrize(("judged", "said"), [(5, ""), (3, "n = 3"), (1, "")])
def test_a_loss_says_how_many_seeds_it_is_judged_of_where_they_are_fewer(judged, said):
    key = ("dqn", "cartpole-D", "E")
    index = pd.MultiIndex.from_tuples([key])
    row = {"gap": 0.2, "low": 0.1, "high": 0.3, "note": "", "verdict": "gap", "n": judged}
    found, plain = pd.DataFrame([row], index), pd.DataFrame([row | {"n": 5}], index)
    shown = gaps._shifted(found, plain, key, units.PERCENT, pd.Series({"n": 5}))
    detail = shown.detail.replace(wording.KEPT, " ")
    assert detail == "; ".join(filter(None, ["10 to 30", "plain 20", said]))
