"""Markdown as one HTML page that needs no other file."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import jinja2
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from tfrl.report.document import Document
from tfrl.report.style import DARK

INCH = 112  # pixels of the page for an inch of a figure: letters are of one size in all
SMALL = 5.0  # inches of a figure that stands beside the answers


def page(found: Document) -> str:
    """The whole page: its text, its figures as data, its style."""
    parser = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable("table")
    tokens = parser.parse(found.markdown)
    sections = list(_headings(tokens))
    answers = next((token for token in tokens if token.type == "bullet_list_open"), None)
    if answers and found.headlines:
        answers.attrSet("class", "answers")
    body = parser.renderer.render(tokens, parser.options, {"figures": found.figures})
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tfrl.report"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    template = environment.get_template("page.html")
    return template.render(
        title=found.title,
        looks=found.looks.values(),
        sections=sections,
        body=Markup(body),
        dark=DARK,
    )


def anchor(heading: str) -> str:
    """The id of a heading, as code hosts give it."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower().strip())
    return kept.replace(" ", "-")


def _headings(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """Gives headings their ids; the sections' are returned, for the navigation."""
    found: list[tuple[str, str]] = []
    seen: dict[str, int] = {}
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            text = "".join(child.content for child in tokens[place + 1].children or [])
            name = anchor(text)
            seen[name] = seen.get(name, -1) + 1
            name = f"{name}-{seen[name]}" if seen[name] else name
            token.attrSet("id", name)
            if token.tag == "h2":
                found.append((name, text))
    return found


class _Renderer(RendererHTML):
    """Markdown-it's renderer, but for figures and tables."""

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """A figure of the page: its data, for a wide and a narrow page."""
        token = tokens[idx]
        name = str(token.attrGet("src")).removeprefix("figures/").removesuffix(".svg")
        figure = env["figures"][name]
        alt = Markup.escape(self.renderInlineAsText(token.children or [], options, env))
        inches, narrow = _inches(figure.wide), _data_uri(figure.narrow)
        small = ' class="small"' if inches <= SMALL else ""
        size = f'style="max-width: {inches * INCH:.0f}px"'
        return (
            f'<picture{small}><source media="(max-width: 760px)" srcset="{narrow}">'
            f'<img src="{_data_uri(figure.wide)}" alt="{alt}" {size}></picture>'
        )

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """A link to another report leads to its page."""
        address = str(tokens[idx].attrGet("href"))
        tokens[idx].attrSet("href", re.sub(r"(^|/)README\.md$", r"\1index.html", address))
        return self.renderToken(tokens, idx, options, env)

    def table_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Tables scroll by themselves where the page is narrow."""
        return '<div class="table" tabindex="0" role="region" aria-label="Table"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """The end of it."""
        return "</table></div>\n"


def _inches(svg: str) -> float:
    """The width of a figure."""
    points = re.search(r'width="([0-9.]+)pt"', svg)
    return float(points[1]) / 72 if points else 10.0


def _data_uri(svg: str) -> str:
    """Percent-encoded where an address, or a list of them, asks for it: shorter than base64."""
    return "data:image/svg+xml," + quote(re.sub(r">\s+<", "><", svg), safe="!$'*+,/:;=?@")
