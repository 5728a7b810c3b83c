"""What a page is made of, before it is HTML or Markdown: all text is yet to be escaped."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import pandas as pd

from tfrl.harness.errors import HarnessError

Content = TypeVar("Content")


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    kind: ClassVar = "paragraph"
    text: str


@dataclass(frozen=True)
class Heading:
    """A title within a section."""

    kind: ClassVar = "heading"
    text: str


@dataclass(frozen=True)
class Cell:
    """A table cell: what it says, what stands small beside it, and how it is aligned."""

    text: str
    detail: str = ""
    number: bool = False
    colour: str = ""  # of the agent the row is about, if it is about one


@dataclass(frozen=True)
class Note:
    """What a word in a table or figure means, or how a number was computed."""

    term: str
    text: str


@dataclass(frozen=True)
class Table:
    """A table to read, and the same with eight digits to compute with."""

    kind: ClassVar = "table"
    label: str  # what it is, for those who do not see it
    slug: str  # tables/<slug>.csv
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    data: pd.DataFrame
    notes: tuple[Note, ...] = ()
    style: str = "full"  # classes of style.css
    holds: str = ""  # how often its intervals hold, where that is not in 95%

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers."""
        return (
            tuple(cell.number for cell in self.rows[0]) if self.rows else (False,) * len(self.head)
        )


@dataclass(frozen=True)
class Picture:
    """A figure as SVG, laid out for a wide and for a narrow page."""

    kind: ClassVar = "picture"
    slug: str  # figures/<slug>.svg
    alt: str
    caption: str
    wide: str
    narrow: str
    holds: str = ""  # as of a table


@dataclass(frozen=True)
class Answer:
    """One verdict: what was claimed or asked, what came out, and the numbers behind it."""

    kind: ClassVar = "answer"
    claim: str
    outcome: str
    evidence: tuple[str, ...]  # sentences, each to stand by itself


@dataclass(frozen=True)
class Agent:
    """A configuration as the head of the page shows it."""

    label: str
    colour: str
    seeds: str  # how many have finished; empty if all runs of the study have


@dataclass(frozen=True)
class Data:
    """Numbers behind a figure that no table shows."""

    kind: ClassVar = "data"
    slug: str  # tables/<slug>.csv
    text: str
    data: pd.DataFrame


@dataclass(frozen=True)
class Method:
    """How the numbers of a section were computed, and the sources: folded away until asked for."""

    kind: ClassVar = "method"
    notes: tuple[Note, ...]


Part = Paragraph | Heading | Answer | Picture | Table | Data | Method


@dataclass(frozen=True)
class Section:
    """A part of a chapter that the page's navigation leads to."""

    slug: str
    heading: str
    parts: tuple[Part, ...]
    short: str = ""  # what the navigation calls it, if not by its heading


@dataclass(frozen=True)
class Chapter:
    """What is said about one environment, or about all of them: the answers, then the rest."""

    slug: str
    heading: str  # empty if it is the only one, or the page's opening
    answers: tuple[Answer, ...]
    first: Picture | None  # beside the answers
    sections: tuple[Section, ...]

    @property
    def parts(self) -> Iterator[Part]:
        """All that is in it, in the order of the page."""
        if self.first:
            yield self.first
        for section in self.sections:
            yield from section.parts


@dataclass(frozen=True)
class Compared:
    """How the runs of a page compare with the published ones: a sentence with a link."""

    before: str
    link: str  # the words that lead to the published page
    after: str
    folder: str  # the address of the published page's folder, from that of this page


@dataclass(frozen=True)
class Page:
    """The report of a study."""

    title: str
    question: str
    terms: str  # what its words mean; empty if there is nothing to explain
    note: str  # what the study says of itself; empty if nothing
    notices: tuple[str, ...]  # what to know before reading on; empty if all is as it should be
    agents: tuple[Agent, ...]
    chapters: tuple[Chapter, ...]
    records: tuple[Section, ...]  # of what was run, and how
    compared: Compared | None = None  # None on a published page, or if nothing is published

    @property
    def figures(self) -> dict[str, str]:
        """What to write into figures/, by file name."""
        return _named((f"{p.slug}.svg", p.wide) for p in self._parts() if isinstance(p, Picture))

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """What to write into tables/, by file name."""
        return _named(
            (f"{p.slug}.csv", p.data) for p in self._parts() if isinstance(p, Table | Data)
        )

    def _parts(self) -> Iterator[Part]:
        for chapter in self.chapters:
            yield from chapter.parts
        for section in self.records:
            yield from section.parts


def _named(files: Iterable[tuple[str, Content]]) -> dict[str, Content]:
    """Files by name. Raises `HarnessError` if two have one name, as names of environments allow."""
    by_name: dict[str, Content] = {}
    for name, content in files:
        if name in by_name:
            raise HarnessError(f"the report has two files {name}: rename one of the environments")
        by_name[name] = content
    return by_name
