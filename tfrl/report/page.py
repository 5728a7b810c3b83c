"""The report of a study as files: a self-contained page, the same as Markdown, figures, tables."""

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import jinja2
import pandas as pd
from markupsafe import Markup

from tfrl.harness import publishing
from tfrl.harness.storage import Results
from tfrl.report import content, notices
from tfrl.report.blocks import Page
from tfrl.report.style import DARK


def render(results: Results, destination: Path, published: Path | None = None) -> Path:
    """Writes the report of a study into the folder `destination`, and returns its index.html.

    The same results give the same bytes. With the path of a `published.json`, the page says how the
    runs compare with the published ones, and links to the page beside that file.
    """
    page = content.page(results)
    if published:
        page = replace(page, compared=notices.compared(results, published, destination))
    return write(page, destination)


def write(page: Page, destination: Path) -> Path:
    """Writes a page as files: index.html, which needs no other, and the same as Markdown.

    Also writes figures/*.svg and tables/*.csv, and removes those that an earlier report left.

    Returns:
      The path of index.html.

    Raises:
      HarnessError: a file cannot be written.
    """
    _write(destination / "figures", page.figures)
    _write(destination / "tables", {name: _csv(frame) for name, frame in page.tables.items()})
    pages = {"README.md": _markdown().render(page=page), "index.html": _html().render(page=page)}
    for name, text in pages.items():
        publishing.write_text(destination / name, text)
    return destination / "index.html"


def _write(folder: Path, files: dict[str, str]) -> None:
    """Writes the files, and removes other figures and tables."""
    for name, text in files.items():
        publishing.write_text(folder / name, text)
    for path in folder.glob("*.*"):
        if path.suffix in (".svg", ".csv") and path.name not in files:
            path.unlink()


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, float_format="%.8g", lineterminator="\n")


def _html() -> jinja2.Template:
    environment = _templates(autoescape=True)
    environment.filters["data_uri"] = _data_uri
    environment.globals["dark"] = DARK
    return environment.get_template("index.html")


def _markdown() -> jinja2.Template:
    environment = _templates(autoescape=False)
    environment.filters["md"] = _escaped
    return environment.get_template("README.md")


def _templates(autoescape: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("tfrl.report"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=autoescape,
    )


def _data_uri(svg: str) -> Markup:
    """Percent-encoded where an address, or a list of them, asks for it: shorter than base64."""
    return Markup("data:image/svg+xml," + quote(re.sub(r">\s+<", "><", svg), safe="!$'*+,/:;=?@"))


def _escaped(text: str) -> str:
    """Plain text as Markdown on one line, in or out of a table."""
    return re.sub(r"([\\`*_\[\]<>|#~&$])", r"\\\1", " ".join(text.split()))
