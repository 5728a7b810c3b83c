"""What a page is made of, before it is HTML or Markdown: all text is yet to be escaped."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Cell:
    """A table cell: what it says, what stands small beside it, and how it is aligned."""

    text: str
    detail: str = ""
    number: bool = False
    colour: str = ""  # of the agent the row is about, if it is about one


@dataclass(frozen=True)
class Table:
    """A table to read, and the same with full precision to compute with."""

    slug: str  # tables/<slug>.csv
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    data: pd.DataFrame

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers."""
        return (
            tuple(cell.number for cell in self.rows[0]) if self.rows else (False,) * len(self.head)
        )


@dataclass(frozen=True)
class Picture:
    """A figure as SVG, laid out for a wide and for a narrow page."""

    slug: str  # figures/<slug>.svg
    alt: str
    caption: str
    wide: str
    narrow: str


@dataclass(frozen=True)
class Answer:
    """One verdict: what was claimed or asked, what came out, and the numbers behind it."""

    claim: str
    outcome: str
    evidence: str


@dataclass(frozen=True)
class Agent:
    """A configuration as the head of the page shows it."""

    label: str
    colour: str
    seeds: str


@dataclass(frozen=True)
class Chapter:
    """All that is said about one environment."""

    slug: str
    heading: str
    answers: tuple[Answer, ...]
    first: Picture
    curves: tuple[Picture, ...]
    performance: Table
    apo: tuple[Picture, ...]
    claims: Table | None
    values: pd.DataFrame | None  # of each run, behind the claims
