import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from tfrl.report import render

from . import synthetic
from .reading import Page

ROOT = Path(__file__).parents[2]


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
    assert len(images) == len(figures) == 9
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
    lower = f"APO's is the lower one in {early['lower']:.0%}"
    assert f"Mean return of the greedy policy, first 20% of steps: {means}; {lower}" in text
    others = pd.read_csv(report.parent / "tables/cartpole-apo-ppo-beginnings.csv")
    assert others["share"].tolist() == [0.05, 0.1, 0.2, 0.4]
    assert others["difference"][2] == pytest.approx(early["difference"])
    pattern = r"It is the lower one in (\d+)% \((\d+)% to (\d+)%\) over the first 5%,"
    numbers = [int(number) for number in re.search(pattern, text).groups()]
    expected = 100 * others.loc[0, ["lower", "lower_low", "lower_high"]]
    assert numbers == pytest.approx(expected.tolist(), abs=0.5)
    runs = pd.read_csv(report.parent / "tables/cartpole-apo-ppo-runs.csv")
    assert runs.groupby("configuration")["early_return"].mean()["apo"] == pytest.approx(
        early["apo_mean"]
    )


def test_parts_of_a_claim_and_what_to_read_them_with(report):
    text = Page(report).text
    claims = pd.read_csv(report.parent / "tables/cartpole-apo-ppo.csv").set_index("claim")
    fall, spread = claims.loc["b1"], claims.loc["b2"]
    assert f"among the {fall['apo_n']} of 20 and {fall['ppo_n']} of 20 runs that reached it" in text
    assert f"PPO fell below it in {fall['ppo_nonzero']} of {fall['ppo_n']} runs" in text
    returns = f"APO {spread['apo_late_return']:.0f}, PPO {spread['ppo_late_return']:.0f}"
    assert f"Mean return there: {returns}." in text


def test_there_is_a_fingerprint_for_every_finished_run(report, results):
    prints = pd.read_csv(report.parent / "tables/fingerprints.csv")
    assert len(prints) == 80
    assert (prints["fingerprint"].notna() == (prints["status"] == "finished")).all()


def test_figures_of_an_earlier_report_are_removed_and_nothing_else(results, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "published.json").write_text("kept")
    (tmp_path / "figures/old.svg").write_text("<svg/>")
    (tmp_path / "figures/mine.txt").write_text("kept")
    render(results, tmp_path)
    assert not (tmp_path / "figures/old.svg").exists()
    assert (tmp_path / "figures/mine.txt").exists()
    assert (tmp_path / "published.json").read_text() == "kept"
