"""An executed notebook as one HTML page that needs no other file."""

import html
import re
from pathlib import Path
from typing import Any

import jinja2
import latex2mathml.converter
import nbformat
from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

_TEMPLATE = Path(__file__).with_name("page.html")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def page(notebook: nbformat.NotebookNode, title: str, language: str, links: dict[str, str]) -> str:
    """Returns the page of a notebook; `links` are the pages before and after it, by label."""
    return _render(title, language, links, [_cell(cell) for cell in notebook.cells])


def text_page(markdown: str, title: str, language: str) -> str:
    """Returns the page of a Markdown text, as of the index."""
    return _render(title, language, {}, [{"kind": "text", "body": _markdown(markdown)}])


def _render(title: str, language: str, links: dict[str, str], cells: list[dict]) -> str:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_TEMPLATE.read_text())
    light, dark = (
        HtmlFormatter(style=style).get_style_defs(".code") for style in ("friendly", "github-dark")
    )
    return template.render(
        title=title,
        language=language,
        links=links,
        cells=cells,
        light=Markup(light),
        dark=Markup(dark),
    )


def _cell(cell: nbformat.NotebookNode) -> dict[str, Any]:
    if cell.cell_type == "markdown":
        return {"kind": "text", "body": _markdown(cell.source)}
    tags = cell.metadata.get("tags", [])
    kind = next((tag for tag in ("say", "exercise", "solution") if tag in tags), "code")
    source = highlight(cell.source, PythonLexer(), HtmlFormatter(cssclass="code"))
    return {
        "kind": kind,
        "body": Markup(source),
        "outputs": [Markup(_output(output, cell.source)) for output in cell.outputs],
    }


def _output(output: nbformat.NotebookNode, source: str) -> str:
    """The richest form of an output that a page can show, of a cell with this source."""
    if output.output_type == "stream":
        return f"<pre>{html.escape(_ANSI.sub('', output.text))}</pre>"
    data = output.data
    if "text/markdown" in data:
        return f'<div class="said">{_markdown(data["text/markdown"])}</div>'
    if "image/png" in data:
        picture = data["image/png"].replace("\n", "")
        image = f'<img src="data:image/png;base64,{picture}" alt="{_alternative(source)}">'
        return f'<div class="figure">{image}</div>'
    if "text/html" in data:
        return f'<div class="table">{data["text/html"]}</div>'
    return f"<pre>{html.escape(data['text/plain'])}</pre>"


def _alternative(source: str) -> str:
    """The text for readers who do not see a figure: the titles that the cell gives it."""
    titles = re.findall(r'title=f?"([^"]+)"', source)
    return html.escape("Figure: " + "; ".join(titles) if titles else "Figure of the cell above")


def _markdown(text: str) -> Markup:
    parser = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, renderer=_formula)
    rendered = parser.render(text).replace("<table>", '<div class="table"><table>')
    rendered = rendered.replace("</table>", "</table></div>")
    return Markup(re.sub(r'href="([^":#]+)"', lambda match: f'href="{_link(match[1])}"', rendered))


def _link(address: str) -> str:
    """A link of a notebook as one of its page, which is a folder deeper: pages lead to pages."""
    if re.fullmatch(r"\d\d_\w+\.ipynb", address):
        return address.replace(".ipynb", ".html")
    if address.startswith("../reports/"):
        address = address.replace("README.md", "index.html")
    return f"../{address}" if address.startswith("../") else address


def _formula(latex: str, options: dict[str, Any]) -> str:
    display = "block" if options.get("display_mode") else "inline"
    return latex2mathml.converter.convert(latex, display=display)
