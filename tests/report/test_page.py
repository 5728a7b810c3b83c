import ast
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from tfrl.report import in_terminal, questions, render
from tfrl.report.document import build_document
from tfrl.report.page import docs_folder

from . import synthetic
from .reading import Page

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "tfrl" / "report"


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_page_is_self_contained(report):
    page = Page(report)
    loaded = [a[k] for _, a in page.tags for k in ("src", "srcset") if k in a]
    loaded += [a["href"] for tag, a in page.tags if tag == "link"]
    assert len(loaded) > 10 and all(address.startswith("data:") for address in loaded)
    assert "script" not in {tag for tag, _ in page.tags}
    source = report.read_text(encoding="utf-8")
    assert "url(" not in source and "@import" not in source


def check_links(index):
    tags = Page(index).tags
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    for address in (a["href"] for tag, a in tags if tag == "a"):
        if address.startswith("#"):
            assert address[1:] in ids
        else:
            assert (index.parent / address).is_file()
    markdown = (index.parent / "README.md").read_text(encoding="utf-8")
    for address in re.findall(r"(?<!\\)\]\(([^)]*)\)", markdown):
        assert address[0] == "#" or (index.parent / address).is_file()


def check_figures(index):
    images = [a for tag, a in Page(index).tags if tag == "img"]
    figures = sorted((index.parent / "figures").glob("*.svg"))
    assert len(images) == len(figures) > 1
    assert all(len(a["alt"]) > 25 and a["src"].startswith("data:") for a in images)
    for figure in figures:
        text = figure.read_text(encoding="utf-8")
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert "DejaVu" not in text and "<dc:date>" not in text


def test_every_link_resolves(report):
    check_links(report)


def test_every_figure_is_a_drawing_with_a_text_alternative(report):
    check_figures(report)


def test_every_table_is_linked(report):
    markdown = (report.parent / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\(tables/([^)]*)\)", markdown))
    written = {path.name for path in (report.parent / "tables").iterdir()}
    assert written - linked <= {"the_runs-failures.csv"}


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


def test_failed_and_missing_runs_are_counted(report):
    text = Page(report).text
    assert "This study is incomplete: 78/80 runs finished; 1 failed; 1 not there yet." in text
    final = pd.read_csv(report.parent / "tables/cartpole-who_ends_best.csv")
    store = pd.read_csv(report.parent / "tables/the_runs-ledger.csv")
    for table in (final.set_index("configuration"), store.set_index("configuration")):
        assert table["finished"].to_dict() == {"dqn": 19, "reinforce": 19, "ppo": 20, "apo": 20}
        assert table["failed"].to_dict() == {"dqn": 0, "reinforce": 1, "ppo": 0, "apo": 0}
        assert table["missing"].to_dict() == {"dqn": 1, "reinforce": 0, "ppo": 0, "apo": 0}
    assert "DQN 19 of 20" in text and "REINFORCE 19 of 20" in text


def test_an_error_message_is_escaped(report):
    source, page = report.read_text(encoding="utf-8"), Page(report)
    assert synthetic.ERROR in page.text
    assert "<script" not in source and "&lt;script&gt;" in source
    markdown = (report.parent / "README.md").read_text(encoding="utf-8")
    row = next(line for line in markdown.splitlines() if "FloatingPointError" in line)
    assert "&lt;script&gt;" in row and r"\|" in row and r"\`q\`" in row
    table = pd.read_csv(report.parent / "tables/the_runs-failures.csv")
    assert table["error"].tolist() == [synthetic.ERROR]


def test_text_of_the_user_is_escaped(tmp_path):
    from dataclasses import replace

    study = synthetic.study(("ppo", "ppo_*x*"), seeds=2, steps=1_000, every=500)
    study = replace(study, title="<b>T</b> [a](b) | `c` & d", note="# no _heading_ <i>")
    page = render(synthetic.results(study, (), ()), tmp_path)
    text, tags = Page(page).text, {tag for tag, _ in Page(page).tags}
    assert "<b>T</b> [a](b) | `c` & d" in text and "# no _heading_ <i>" in text
    assert "ppo_*x*" in text and not {"b", "i"} & tags - {"i"}
    assert "<b>" not in page.read_text()


def test_numbers_on_the_page_are_those_of_the_tables(report):
    text = Page(report).text.replace("\N{NO-BREAK SPACE}", " ")
    claims = pd.read_csv(report.parent / "tables/cartpole-does_the_talk_hold.csv")
    assert claims["claim"].tolist() == ["a", "b1", "b2"]
    early, lost, _ = claims.to_dict("records")
    lower, low, high = (early[key] for key in ("lower", "lower_low", "lower_high"))
    assert f"{early['apo_mean']:.0f} and {early['ppo_mean']:.0f}; APO's is lower in" in text
    assert f"{lower:.0%} ({low:.0%} to {high:.0%}; n = 20) of pairs" in text
    counts = [f"{lost[f'{s}_nonzero']} of {lost[f'{s}_n']}" for s in ("apo", "ppo")]
    assert f"Seeds that lost what they had learned: {counts[0]} and {counts[1]}." in text
    others = pd.read_csv(report.parent / "tables/cartpole-does_the_talk_hold-beginnings.csv")
    assert others["share"].tolist() == [0.05, 0.1, 0.4, 0.2]
    in_training = others[others["returns"] == "training"].iloc[0]
    percent = f"{in_training['lower']:.0%} ({in_training['lower_low']:.0%} to "
    assert f"20% of the budget, by the return in training {percent}" in text
    runs = pd.read_csv(report.parent / "tables/cartpole-does_the_talk_hold-runs.csv")
    assert runs.groupby("configuration")["early_return"].mean()["apo"] == pytest.approx(
        early["apo_mean"]
    )


def test_verdicts_on_the_page_are_those_of_the_table(report):
    text = Page(report).text
    failing = pd.read_csv(report.parent / "tables/cartpole-how_unstable-failing.csv")
    worst = failing.sort_values(["fell", "failed"]).iloc[-1]
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    names = {"dqn": "DQN", "reinforce": "REINFORCE", "ppo": "PPO", "apo": "APO"}
    assert f"{words[worst['fell']].capitalize()} of {names[worst['configuration']]}'s" in text
    table = pd.read_csv(report.parent / "tables/cartpole-who_ends_best-pairs.csv")
    assert len(table) == 6 and text.count("undecided") >= (table["verdict"] == "undecided").sum()


def test_the_first_screen_says_each_answer_in_a_short_sentence(report, results):
    page = build_document(results)
    assert [section.title for section in page.headlines] == [
        "Which agent ends best?",
        "Which agent learns fastest?",
        "How unstable is it?",
    ]
    for section in page.headlines:
        plain = re.sub(r"\]\([^)]*\)", "", section.headline)
        assert len(plain.split()) <= 20 and plain.endswith(".")
        assert len(re.findall(r"\d[\d,.]*", plain)) <= 1
    shown = in_terminal(page)
    assert "Which agent ends best?" in shown and "](" not in shown


def test_a_word_of_the_glossary_is_linked_where_it_is_first_used(report):
    markdown = (report.parent / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(#([^)]*)\)", markdown)
    assert len(links) == len(set(links)) >= 8


def test_pages_of_the_documentation_are_linked_from_reports_in_a_checkout(results, tmp_path):
    docs = docs_folder(ROOT / "reports" / "own" / "cartpole")
    assert docs == "../../../docs" and (ROOT / "docs" / "verdicts.md").is_file()
    assert docs_folder(tmp_path) is None
    assert f"[docs/verdicts.md]({docs}/verdicts.md)" in build_document(results, docs=docs).markdown


def test_there_is_a_fingerprint_for_every_finished_run(report, results):
    prints = pd.read_csv(report.parent / "tables/the_runs-fingerprints.csv")
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


def sentences(path):
    """Returns strings and f-strings with more than seven words, without docstrings and errors."""
    tree = ast.parse(path.read_text())
    apart = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            apart |= {id(child) for child in ast.walk(node)}
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            apart.add(id(body[0].value))
    texts = []
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        texts.append(
            " ".join(
                part.value
                for part in parts
                if isinstance(part, ast.Constant)
                and isinstance(part.value, str)
                and id(part) not in apart
            )
        )
    return [text for text in texts if len(re.findall(r"[a-zA-Z]{2,}", text)) > 7]


@pytest.mark.parametrize(
    "path", sorted(REPORT.rglob("*.py")), ids=lambda p: str(p.relative_to(REPORT))
)
def test_sentences_are_in_templates(path):
    apart = ("filters.py", "svg.py", "html.py")  # words for numbers, fonts, tags
    if path.name not in apart and path.parent.name != "drawings":
        assert sentences(path) == []


def test_every_question_is_asked_somewhere_and_has_its_files():
    folders = {path.parent.name for path in (REPORT / "questions").glob("*/facts.py")}
    asked = [
        *questions.OF_OVERFITTING,
        *questions.OF_AN_ENVIRONMENT,
        *questions.OF_ALL,
        *questions.ABOUT_THE_RUNS,
    ]
    assert {questions.name(question) for question in asked} == folders
    for folder in folders:
        assert (REPORT / "questions" / folder / "text.md").is_file()
