import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from tfrl.harness.study import Environment
from tfrl.report import answers, render

from . import synthetic

ROOT = Path(__file__).parents[2]


class Page(HTMLParser):
    """Attributes and text of a page; fails on tags that do not nest."""

    void = frozenset({"meta", "link", "img", "source"})

    def __init__(self, path):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(path.read_text(encoding="utf-8"))
        assert not self.open
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)


@pytest.fixture(scope="module")
def results():
    return synthetic.results()


@pytest.fixture(scope="module")
def report(results, tmp_path_factory):
    return render(results, tmp_path_factory.mktemp("reports") / "cartpole")


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_page_needs_nothing_but_itself(report):
    page = Page(report)
    loaded = [a[k] for _, a in page.tags for k in ("src", "srcset") if k in a]
    loaded += [a["href"] for tag, a in page.tags if tag == "link"]
    assert len(loaded) > 10 and all(address.startswith("data:") for address in loaded)
    assert "script" not in {tag for tag, _ in page.tags}
    source = report.read_text(encoding="utf-8")
    assert "url(" not in source and "@import" not in source


def test_every_link_resolves(report):
    tags = Page(report).tags
    ids = {a["id"] for _, a in tags if "id" in a}
    for address in (a["href"] for tag, a in tags if tag == "a"):
        if address.startswith("#"):
            assert address[1:] in ids
        else:
            assert (report.parent / address).is_file()
    markdown = (report.parent / "README.md").read_text(encoding="utf-8")
    for address in re.findall(r"(?<!\\)\]\(([^)]*)\)", markdown):
        assert (report.parent / address).is_file()


def test_every_figure_is_a_drawing_with_a_text_alternative(report):
    images = [a for tag, a in Page(report).tags if tag == "img"]
    figures = sorted((report.parent / "figures").glob("*.svg"))
    assert len(images) == len(figures) == 5
    assert all(len(a["alt"]) > 40 for a in images)
    for figure in figures:
        text = figure.read_text(encoding="utf-8")
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert "DejaVu" not in text and "<dc:date>" not in text


def test_the_folder_is_small_enough_to_commit(report):
    assert sum(len(content) for content in files(report.parent).values()) < 3_000_000


def test_same_results_same_bytes_in_another_process_and_no_tensorflow(report, tmp_path):
    program = (
        "import sys; from pathlib import Path; from tests.report import synthetic;"
        "from tfrl.report import render;"
        "render(synthetic.results(), Path(sys.argv[1]));"
        "print('tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
    assert files(report.parent) == {
        path: content for path, content in files(tmp_path).items() if path.parts[0] != "home"
    }


def test_rendering_touches_no_global_generator_and_no_style(results, tmp_path):
    import matplotlib

    style, before = matplotlib.rcParams.copy(), np.random.get_state()  # noqa: NPY002
    render(results, tmp_path)
    after = np.random.get_state()  # noqa: NPY002
    assert before[2] == after[2] and (before[1] == after[1]).all()
    changed = {key for key, value in style.items() if matplotlib.rcParams[key] != value}
    assert changed <= {"backend"}  # which Matplotlib itself settles on first use


def test_what_is_not_there_is_said_and_counted(report):
    text = Page(report).text
    assert "This study is incomplete: 78/80 runs finished; 1 failed and 1 not there yet." in text
    final = pd.read_csv(report.parent / "tables/cartpole-final-performance.csv")
    final = final[final["score"] == "evaluation"].set_index("configuration")
    ledger = pd.read_csv(report.parent / "tables/ledger.csv").set_index("configuration")
    for table in (final, ledger):
        assert table["finished"].to_dict() == {"dqn": 19, "reinforce": 19, "ppo": 20, "apo": 20}
        assert table["failed"].to_dict() == {"dqn": 0, "reinforce": 1, "ppo": 0, "apo": 0}
        assert table["missing"].to_dict() == {"dqn": 1, "reinforce": 0, "ppo": 0, "apo": 0}
    assert text.count("19 of 20 runs") == 2 and "REINFORCE 19 of 20 1" in text


def test_an_error_is_shown_and_not_run(report):
    source, page = report.read_text(encoding="utf-8"), Page(report)
    assert synthetic.ERROR in page.text
    assert "<script" not in source and "&lt;script&gt;" in source
    markdown = (report.parent / "README.md").read_text(encoding="utf-8")
    row = next(line for line in markdown.splitlines() if "FloatingPointError" in line)
    assert r"\<script\>" in row and r"\|" in row and r"\`q\`" in row
    assert pd.read_csv(report.parent / "tables/failures.csv")["error"].tolist() == [synthetic.ERROR]


def test_numbers_on_the_page_are_those_of_the_tables(report):
    text = Page(report).text
    claims = pd.read_csv(report.parent / "tables/cartpole-apo-ppo.csv")
    assert claims["claim"].tolist() == ["a", "b1", "b2"]
    early = claims.iloc[0]
    means = f"APO {early['apo_mean']:.0f}, PPO {early['ppo_mean']:.0f}"
    difference = f"difference −{-early['difference']:.0f}"
    assert f"Mean return, first 20% of steps: {means}, {difference}" in text
    runs = pd.read_csv(report.parent / "tables/cartpole-apo-ppo-runs.csv")
    assert runs.groupby("configuration")["early_return"].mean()["apo"] == pytest.approx(
        early["apo_mean"]
    )


def test_there_is_a_fingerprint_for_every_finished_run(report, results):
    prints = pd.read_csv(report.parent / "tables/fingerprints.csv")
    assert len(prints) == 80
    assert (prints["fingerprint"].notna() == (prints["status"] == "finished")).all()


def no_nan(index):
    text = Page(index).text
    assert not re.search(r"\b(nan|NaN|inf|None|NaT)\b", text)
    assert not re.search(r"\b(nan|NaN|inf|None)\b", (index.parent / "README.md").read_text())
    return text


def test_a_study_of_which_nothing_is_there(tmp_path):
    text = no_nan(render(synthetic.empty(synthetic.study(seeds=2)), tmp_path))
    assert "0/8 runs finished; 8 not there yet" in text and "no score" in text


def test_one_seed(tmp_path):
    planned = synthetic.study(seeds=1, steps=20_000)
    text = no_nan(render(synthetic.results(planned, failed=()), tmp_path))
    assert "no interval: one seed" in text and "incomplete" not in text
    assert "an interval needs two values on each side" in text


def test_three_seeds_too_short_for_a_moving_average(tmp_path):
    planned = synthetic.study(seeds=3, steps=1_000, every=500)
    found = synthetic.results(planned, failed=(), missing=())
    varied = found.evaluations["return"] - found.evaluations["seed"]
    found = replace(found, evaluations=found.evaluations.assign(**{"return": varied}))
    text = no_nan(render(found, tmp_path))
    assert "no interval: fewer than 5 seeds" in text


def test_constant_scores(results, tmp_path):
    flat = results.evaluations.assign(**{"return": 500.0})
    text = no_nan(render(replace(results, evaluations=flat), tmp_path))
    assert "all 20 seeds equal" in text and "DQN 500 each time (n = 19)" in text


def test_a_score_that_is_not_a_number_is_never_dropped(results, tmp_path):
    evaluations = results.evaluations.copy()
    mine = (evaluations["configuration"] == "apo") & (evaluations["seed"] == 4)
    evaluations.loc[mine, "return"] = np.nan
    with pytest.raises(ValueError, match="not a finite number"):
        render(replace(results, evaluations=evaluations), tmp_path)


def test_a_study_of_which_every_run_failed_shows_the_errors(tmp_path):
    planned = synthetic.study(("ppo", "apo"), seeds=2, steps=1_000, every=500)
    failed = [("ppo", 0), ("ppo", 1), ("apo", 0), ("apo", 1)]
    text = no_nan(render(synthetic.results(planned, failed=failed, missing=()), tmp_path))
    assert "0/4 runs finished; 4 failed" in text and text.count(synthetic.ERROR) == 4
    assert "Of APO's 2 runs 2 failed and have no value." in text


def test_failed_runs_of_one_side_are_counted_among_the_claims(tmp_path):
    planned = synthetic.study(("ppo", "apo"), seeds=6, steps=20_000)
    found = synthetic.results(planned, failed=[("ppo", 1)], missing=[("apo", 0), ("apo", 2)])
    text = no_nan(render(found, tmp_path))
    assert "Of PPO's 6 runs 1 failed and has no value." in text
    assert "Of APO's 6 runs 2 are not there yet." in text
    assert "4 of 6 runs" in text and "5 of 6 runs" in text
    ledger = pd.read_csv(tmp_path / "tables/ledger.csv")
    assert "All 12 9 1 2" in text and f"{ledger['total_seconds'].sum():.1f}" in text


def test_parts_of_a_claim_and_what_to_read_them_with(report):
    text = Page(report).text
    claims = pd.read_csv(report.parent / "tables/cartpole-apo-ppo.csv").set_index("claim")
    fall, spread = claims.loc["b1"], claims.loc["b2"]
    assert f"among the {fall['apo_n']} of 20 and {fall['ppo_n']} of 20 runs that reached it" in text
    assert f"PPO fell in {fall['ppo_nonzero']} of {fall['ppo_n']} runs" in text
    returns = f"APO {spread['apo_late_return']:.0f}, PPO {spread['ppo_late_return']:.0f}"
    assert f"Mean return there: {returns}." in text


def test_settings_that_differ_from_the_defaults_stand_apart(tmp_path):
    planned = synthetic.study(("ppo", "apo", "ppo-fast"), seeds=2, steps=1_000, every=500)
    fast = replace(planned.configurations[2], hyperparameters={"learning_rate": 0.01})
    planned = replace(planned, configurations=(*planned.configurations[:2], fast))
    text = no_nan(render(synthetic.results(planned, failed=(), missing=()), tmp_path))
    assert "ppo-fast ppo learning_rate = 0.01 fc_layer_params = [64, 64]" in text
    settings = pd.read_csv(tmp_path / "tables/settings.csv")
    differing = settings[settings["value"] != settings["default"]]
    assert differing["configuration"].tolist() == ["ppo-fast"]


def test_the_scope_names_the_settings_and_the_pair(tmp_path):
    planned = synthetic.study(("ppo", "apo", "ppo-too"), seeds=2, steps=1_000, every=500)
    stock, apo, plain = planned.configurations
    stock = replace(stock, hyperparameters={"stock_agent": True})
    apo = replace(apo, hyperparameters={"anchor_weight": 0.5})
    three = replace(planned, configurations=(stock, apo, plain))
    text = no_nan(render(synthetic.results(three, failed=(), missing=()), tmp_path))
    assert "APO against ppo-too" in text and "Of the study's 2 configurations of PPO" in text
    assert "this study sets its own (K = 4, beta = 0.5, batch = 64)" in text
    two = replace(planned, configurations=(stock, planned.configurations[1]))
    text = no_nan(render(synthetic.results(two, failed=(), missing=()), tmp_path))
    assert "ours (K = 4, beta = 1, batch = 64) were fixed before any reported seed" in text
    assert "PPO is TF-Agents' stock agent here" in text


def test_runs_made_differently_are_told_at_the_top(tmp_path):
    found = synthetic.empty(synthetic.study(("ppo", "apo"), seeds=2))
    codes = ["a", "b", "c", "c"]  # two of PPO's; a pipeline of one's own may have another
    manifest = {
        **found.manifest,
        "versions": {"numpy": ["2.0", "2.1"], "python": "3.11.2"},
        "processor": [{"model": "one"}, {"model": "two"}],
    }
    runs = found.runs.assign(code=codes)
    found = replace(found, runs=runs, manifest=manifest, notices=("Made by other code.",))
    text = no_nan(render(found, tmp_path))
    made = "2 versions of the code, several versions of numpy and 2 processors"
    assert f"The runs of this study were made by {made}:" in text and "Made by other code." in text


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [("not supported", "not supported: the opposite was seen"), ("supported", "supported")],
)
def test_a_verdict_is_not_taken_for_a_lack_of_evidence(verdict, shown):
    assert answers.outcome(verdict) == shown


def test_two_environments_unknown_pipelines_and_no_apo(tmp_path):
    planned = synthetic.study(("dqn", "dqn-slow", "mine"), seeds=5, steps=20_000, environments=2)
    planned = replace(
        planned,
        environments=(planned.environments[0], Environment("cartpole-1", "gymnasium:Mine-v0")),
    )
    index = render(synthetic.results(planned, failed=(), missing=()), tmp_path)
    text = no_nan(index)
    assert "APO" not in text and "gymnasium:Mine-v0: Learning curves" in text
    assert "Mean final return" in text and "Runs whose 100-episode average reached 475" in text
    assert (index.parent / "figures/cartpole-1-training.svg").is_file()


def test_without_a_threshold_the_fall_is_left_out(tmp_path):
    planned = replace(
        synthetic.study(("ppo", "apo"), seeds=5, steps=20_000),
        environments=(Environment("cartpole", "Mine-v0"),),
    )
    index = render(synthetic.results(planned, failed=(), missing=()), tmp_path)
    assert "no threshold for this environment" in no_nan(index)
    assert pd.read_csv(tmp_path / "tables/cartpole-apo-ppo.csv")["claim"].tolist() == ["a", "b2"]


def test_figures_of_an_earlier_report_are_removed(results, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/old.svg").write_text("<svg/>")
    (tmp_path / "figures/mine.txt").write_text("kept")
    render(results, tmp_path)
    assert not (tmp_path / "figures/old.svg").exists()
    assert (tmp_path / "figures/mine.txt").exists()
