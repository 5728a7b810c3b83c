"""Writes the report of a study: a self-contained HTML page, Markdown, figures and tables."""

import os
import re
import textwrap
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from tfrl.harness.store import atomic_files
from tfrl.harness.store.stored_results import Results
from tfrl.report import html, page_header
from tfrl.report.document import Document, build_document


def render(results: Results, destination: Path, published: Path | None = None) -> Path:
    """Writes the report of a study into the folder `destination`, and returns its index.html.

    The same results give the same bytes. Given the path of a `published.json`, the page compares
    its runs with the published ones, and links to the page next to that file.
    """
    compared = page_header.compared(results, published, destination) if published else None
    return write(build_document(results, compared, docs_folder(destination)), destination)


def docs_folder(destination: Path) -> str | None:
    """Returns the relative URL of the folder docs; None unless both are in one checkout of tfrl."""
    checkout, folder = Path(__file__).parents[2], destination.resolve()
    if checkout not in folder.parents or not (checkout / "docs").is_dir():
        return None
    return quote(Path(os.path.relpath(checkout / "docs", folder)).as_posix())


def write(page: Document, destination: Path) -> Path:
    """Writes a page: index.html, which needs no other file, and README.md, which says the same.

    Also writes figures/*.svg and tables/*.csv, and removes those of an earlier report.

    Returns:
      The path of index.html.

    Raises:
      HarnessError: a file cannot be written.
    """
    figures = {f"{name}.svg": figure.wide for name, figure in page.figures.items()}
    tables = {f"{name}.csv": _csv(table) for name, table in page.tables.items()}
    _write(destination / "figures", figures)
    _write(destination / "tables", tables)
    atomic_files.write_text(destination / "README.md", tidy(page.markdown))
    atomic_files.write_text(destination / "index.html", html.page(page))
    return destination / "index.html"


def in_terminal(page: Document, width: int = 100) -> str:
    """Returns the title, the notices and the answers of the first screen as plain text."""
    lines = [page.title]
    for notice in page.notices:
        lines += textwrap.wrap(f"! {notice}", width)
    for section in page.headlines:
        lines += ["", section.title]
        for text in (section.headline, section.evidence):
            plain = unescape(re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text))
            plain = re.sub(r"\\([^A-Za-z0-9 ])", r"\1", plain)
            lines += textwrap.wrap(plain, width, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


def tidy(markdown: str) -> str:
    """Removes the empty lines that templates leave."""
    return re.sub(r"\n{3,}", "\n\n", markdown).strip() + "\n"


def _write(folder: Path, files: dict[str, str]) -> None:
    """Writes the files, and removes all other figures and tables."""
    for name, text in files.items():
        atomic_files.write_text(folder / name, text)
    for path in folder.glob("*.*"):
        if path.suffix in (".svg", ".csv") and path.name not in files:
            path.unlink()


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, float_format="%.8g", lineterminator="\n")
