"""What the pages for readers say of files and losses is so."""

import re
from pathlib import Path

import pytest
from tf_agents.agents.reinforce.reinforce_agent import ReinforceAgentLossInfo

from bench import api
from tfrl.pipelines.apo import ApoLossInfo

ROOT = Path(__file__).parents[2]
PAGES = [
    *(
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "runs/README.md", "tutorials/README.md")
    ),
    *sorted((ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    files = [link for link in links if "://" not in link]
    assert [link for link in files if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("page", "losses"),
    [
        ("dqn", ("loss", "td_error", "gradient_norm", "epsilon")),
        ("reinforce", ("loss", *ReinforceAgentLossInfo._fields, "gradient_norm")),
        ("ppo", ("loss", *ApoLossInfo._fields[:-1], "gradient_norm", "entropy", "kl_divergence")),
        ("apo", ApoLossInfo._fields[-1:]),
    ],
)
def test_all_that_is_logged_is_explained(page, losses):
    text = (ROOT / "docs" / f"{page}.md").read_text()
    assert [name for name in losses if f"`{name}`" not in text] == []


def test_the_api_page_is_that_of_the_docstrings():
    assert api.PAGE.read_text() == api.text()  # else: python -m bench.api
