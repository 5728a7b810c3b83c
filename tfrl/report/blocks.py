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
class Note:
    """What a word in a table or figure means, or how a number was computed."""

    term: str
    text: str


@dataclass(frozen=True)
class Table:
    """A table to read, and the same with eight digits to compute with."""

    slug: str  # tables/<slug>.csv
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    data: pd.DataFrame
    notes: tuple[Note, ...] = ()

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
    evidence: tuple[str, ...]  # sentences, each to stand by itself


@dataclass(frozen=True)
class Agent:
    """A configuration as the head of the page shows it."""

    label: str
    colour: str
    seeds: str


@dataclass(frozen=True)
class ApoPart:
    """What is said about APO against PPO in one environment."""

    heading: str
    scope: str  # what is compared, and so what the verdict is about
    figure: Picture
    claims: Table
    measures: Picture
    values: pd.DataFrame  # of each run, behind the claims


@dataclass(frozen=True)
class Chapter:
    """All that is said about one environment."""

    slug: str
    heading: str
    answers: tuple[Answer, ...]
    first: Picture
    training: Picture
    evaluation: Picture
    performance: Table
    apo: ApoPart | None  # if the study has both

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """In the order of the page."""
        apo = (self.apo.figure, self.apo.measures) if self.apo else ()
        return (self.first, self.training, self.evaluation, *apo)


@dataclass(frozen=True)
class Page:
    """The report of a study."""

    title: str
    question: str
    notices: tuple[str, ...]  # what to know before reading on; empty if all is as it should be
    agents: tuple[Agent, ...]
    chapters: tuple[Chapter, ...]
    ledger: Table
    failures: Table
    settings: Table
    manifest: Table
    fingerprints: pd.DataFrame

    @property
    def figures(self) -> dict[str, str]:
        """What to write into figures/, by file name."""
        return {f"{p.slug}.svg": p.wide for chapter in self.chapters for p in chapter.pictures}

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """What to write into tables/, by file name."""
        tables = [self.ledger, self.failures, self.settings, self.manifest]
        files = {"fingerprints.csv": self.fingerprints}
        for chapter in self.chapters:
            tables.append(chapter.performance)
            if chapter.apo:
                tables.append(chapter.apo.claims)
                files[f"{chapter.slug}-apo-ppo-runs.csv"] = chapter.apo.values
        return files | {f"{table.slug}.csv": table.data for table in tables}
