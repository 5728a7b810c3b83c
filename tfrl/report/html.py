"""Converts Markdown to one HTML page that needs no other file."""

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
from tfrl.report.svg import DARK

INCH = 112  # pixels of the page per inch of a figure, so that all figures have one letter size
SMALL = 5.0  # inches: the widest figure that fits next to the answers


def page(document: Document) -> str:
    """Returns the page with its text, its figures as data URIs, and its style sheet."""
    parser = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable("table")
    tokens = parser.parse(document.markdown)
    sections = list(_headings(tokens))
    answers = next((token for token in tokens if token.type == "bullet_list_open"), None)
    if answers and document.headlines:
        answers.attrSet("class", "answers")
    body = parser.renderer.render(tokens, parser.options, {"figures": document.figures})
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tfrl.report"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    template = environment.get_template("page.html")
    return template.render(
        title=document.title,
        styles=document.styles.values(),
        sections=sections,
        body=Markup(body),
        dark=DARK,
    )


def anchor(heading: str) -> str:
    """Returns the id of a heading, as GitHub generates it."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower().strip())
    return kept.replace(" ", "-")


def _headings(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """Sets the ids of all headings, and returns id and text of the sections for navigation."""
    sections: list[tuple[str, str]] = []
    seen: dict[str, int] = {}
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            text = "".join(child.content for child in tokens[index + 1].children or [])
            name = anchor(text)
            seen[name] = seen.get(name, -1) + 1
            name = f"{name}-{seen[name]}" if seen[name] else name
            token.attrSet("id", name)
            if token.tag == "h2":
                sections.append((name, text))
    return sections


class _Renderer(RendererHTML):
    """Markdown-it's renderer with rules for figures, links and tables."""

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Renders a figure as data URIs for a wide and a narrow page."""
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
        """Renders a link; one to the Markdown of a report leads to its HTML page."""
        address = str(tokens[idx].attrGet("href"))
        tokens[idx].attrSet("href", re.sub(r"(^|/)README\.md$", r"\1index.html", address))
        return self.renderToken(tokens, idx, options, env)

    def table_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Opens a table that scrolls horizontally on a narrow page."""
        return '<div class="table" tabindex="0" role="region" aria-label="Table"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Closes the table."""
        return "</table></div>\n"


def _inches(svg: str) -> float:
    """Returns the width of a figure."""
    points = re.search(r'width="([0-9.]+)pt"', svg)
    return float(points[1]) / 72 if points else 10.0


def _data_uri(svg: str) -> str:
    """Returns a percent-encoded data URI, which is shorter than base64."""
    return "data:image/svg+xml," + quote(re.sub(r">\s+<", "><", svg), safe="!$'*+,/:;=?@")
