"""A page before it is written: its questions asked, their answers as Markdown."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from tfrl.harness.errors import HarnessError
from tfrl.harness.store.stored_results import Results
from tfrl.report import notices, questions
from tfrl.report.domain import Domain, asks_about_overfitting, domain, domains
from tfrl.report.filters import FILTERS, md
from tfrl.report.notices import Compared
from tfrl.report.style import Drawing, Looks, looks
from tfrl.report.task import Task, ablated, task


@dataclass(frozen=True)
class Section:
    """A question and its answer, as Markdown."""

    title: str  # the question
    headline: str  # the answer in a sentence
    evidence: str  # a line of numbers
    opening: str  # the figure of the first screen, which `text` is then without
    leads: bool  # whether its answer is worth a place on the first screen
    text: str  # all that the page says


@dataclass
class Document:
    """The report of a study."""

    title: str
    looks: Looks  # of the configurations, for the legend of the HTML page
    notices: tuple[str, ...]  # what to know before reading on
    markdown: str = ""
    headlines: tuple[Section, ...] = ()  # of the first screen
    figures: dict[str, Drawing] = field(default_factory=dict)  # by name of the file
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    def add(self, kind: str, name: str, content: Any) -> None:
        """Keeps a figure or a table. Raises `HarnessError` if there is another of that name."""
        files = self.figures if kind == "figures" else self.tables
        if name in files:
            raise HarnessError(f"the report has two {kind} {name}: rename one of the environments")
        files[name] = content


def document(results: Results, compared: Compared | None = None) -> Document:
    """All that the report of a study says."""
    look = looks(results.study)
    page = Document(results.study.title, look, notices.notices(results))
    writer = _Writer(page, look)
    chapters = _chapters(results, look, writer)
    records = [
        section
        for question in questions.ABOUT_THE_RUNS
        if (section := writer.ask(question, results, "", level=2))
    ]
    page.headlines = tuple(section for chapter in chapters for section in chapter.first)
    page.markdown = writer.render(
        "page.md",
        results=results,
        study=results.study,
        compared=compared,
        notices=page.notices,
        shifted=asks_about_overfitting(results.study) and {"D", "R", "E"} <= _met(results),
        counts=notices.counts(results),
        opening=next((s.opening for c in chapters for s in c.sections if s.opening), ""),
        chapters=chapters,
        records=records,
    )
    return page


def _met(results: Results) -> set[str]:
    """All variations that the study trains or tests on."""
    level_config = [environment.level_config for environment in results.study.environments]
    return {name for one in level_config for name in (one.variation, *one.test)}


@dataclass(frozen=True)
class Chapter:
    """What is said of one environment, of one id, or of all."""

    heading: str  # empty if it is the only one
    sections: tuple[Section, ...]
    first: tuple[Section, ...]  # those whose answers the first screen gives


def _chapters(results: Results, look: Looks, writer: "_Writer") -> list[Chapter]:
    """All chapters of a page, and which of their answers come first."""
    overfitting = asks_about_overfitting(results.study)
    if overfitting:
        subjects: Sequence[Domain | Task] = domains(results, look)
        asked: Sequence[ModuleType] = questions.OF_OVERFITTING
        leads: Sequence[ModuleType] = questions.FIRST_OF_OVERFITTING
    else:
        subjects = [task(results, environment) for environment in results.study.environments]
        asked, leads = questions.OF_A_TASK, questions.FIRST
        leads = leads[:2] if len(subjects) > 1 else leads
    several, ids = len(subjects) > 1, [subject.id for subject in subjects]
    found = _together(results, subjects, writer) if several and not overfitting else []
    for subject in subjects:
        opens = not any(section.opening for chapter in found for section in chapter.sections)
        sections = dict(_asked(asked, subject, writer, 3 if several else 2, opens))
        first = [sections[one] for one in leads if one in sections and sections[one].leads]
        named = subject.id if ids.count(subject.id) == 1 else subject.name
        heading = named if several else ""
        found.append(Chapter(heading, tuple(sections.values()), tuple(first)))
    return found


def _together(
    results: Results, subjects: Sequence[Domain | Task], writer: "_Writer"
) -> list[Chapter]:
    """The chapter on all environments together, which opens the page but of ablations."""
    opens = not ablated(results.settings)
    asked = (writer.ask(one, subjects, "", 2, opens) for one in questions.OF_ALL)
    sections = tuple(section for section in asked if section)
    return [Chapter("", sections, sections if opens else ())] if sections else []


def _asked(
    asked: Sequence[ModuleType], subject: Domain | Task, writer: "_Writer", level: int, opens: bool
) -> Iterator[tuple[ModuleType, Section]]:
    """The questions that the subject has an answer to; the first with a figure opens the page."""
    for question in asked:
        about = subject
        if isinstance(subject, Task) and question in questions.OF_OVERFITTING:
            about = domain(subject.headlined, subject.headline, (subject.environment,))
        section = writer.ask(question, about, subject.name, level, opens)
        if section:
            opens = opens and not section.opening
            yield question, section


class _Writer:
    """Asks questions and renders their templates, for one page."""

    def __init__(self, page: Document, look: Looks):
        self._page = page
        self._explained: set[str] = set()  # terms that the page has linked to its glossary
        self._kept: dict[str, str] = {}  # parts of the question that is being answered
        self._methods: dict[str, str] = {}  # how the questions answered so far are computed
        self._question = ""
        self._opens = False
        self._environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader(
                [
                    jinja2.PackageLoader("tfrl.report", "templates"),
                    jinja2.PackageLoader("tfrl.report", "questions"),
                ]
            ),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=True,
        )
        self._environment.filters |= FILTERS | {
            "labels": lambda names: [md(look[str(name)].label) for name in names],
            "keep": self._keep,
        }
        self._environment.globals |= {
            "label": lambda name: md(look[str(name)].label),
            "labels": lambda names: [md(look[str(name)].label) for name in names],
            "term": self._term,
        }

    def render(self, template: str, **values: Any) -> str:
        """A template with these values."""
        return self._environment.get_template(template).render(values)

    def ask(
        self, question: ModuleType, subject: Any, name: str, level: int, opens: bool = False
    ) -> Section | None:
        """The answer to a question; None if it is not asked of the subject.

        Args:
          question: a package of `questions`.
          name: of the subject, for the names of figures and tables; empty for the study.
          level: of the heading.
          opens: whether its first figure is to be that of the first screen.
        """
        facts = question.facts.find(subject)
        if facts is None:
            return None
        before = _joined(re.sub(r"[^A-Za-z0-9_.-]+", "-", name), questions.name(question))
        drawn = question.figures.draw(facts) if hasattr(question, "figures") else {}
        for key, figure in drawn.items():
            self._page.add("figures", _joined(before, key), figure)
        for key, table in facts.tables.items():
            if not len(table.columns):
                continue
            self._page.add("tables", _joined(before, key), table)
        values = {
            **{key: getattr(facts, key) for key in facts.__dataclass_fields__},
            "facts": facts,
            "mark": "#" * level,
            "figure": lambda key, alt: self._figure(before, key, drawn, alt),
            "csv": lambda key="", text="CSV": Markup(
                f"[{text}](tables/{_joined(before, key)}.csv)"
            ),
        }
        self._kept, self._opens = dict.fromkeys(("title", "headline", "evidence"), ""), opens
        self._question = questions.name(question)
        text = self.render(f"{questions.name(question)}/text.md", **values)
        opening = self._kept.pop("opening", "").strip() if opens else ""
        leads = getattr(facts, "leads", True)
        return Section(**self._kept, opening=opening, leads=leads, text=text)

    def _keep(self, text: str, part: str) -> str:
        """Notes a part of a template, which its section has unless the page has it already.

        The figure that opens the page is not in its section, and a method is told once.
        """
        if part == "opening" and not self._opens:
            return text
        if part == "method":
            plain = re.sub(r"\[([^]]*)\]\(#[^)]*\)", r"\1", text)
            known = self._methods.get(self._question)
            self._methods.setdefault(self._question, plain)
            return Markup("*Computed as for the same question above.*") if plain == known else text
        self._kept[part] = text
        return Markup("") if part == "opening" else text

    def _figure(self, before: str, key: str, drawn: dict[str, Drawing], alt: str) -> Markup:
        """An image, if the question drew it."""
        if key not in drawn:
            return Markup("")
        return Markup(f"![{md(alt)}](figures/{_joined(before, key)}.svg)")

    def _term(self, text: str, anchor: str = "") -> Markup:
        """A word with a link to the glossary where the page uses it for the first time."""
        anchor = anchor or text
        if anchor in self._explained:
            return md(text)
        self._explained.add(anchor)
        return Markup(f"[{md(text)}](#{anchor.lower().replace(' ', '-')})")


def _joined(*parts: str) -> str:
    """The name of a file, of those parts that are not empty."""
    return "-".join(part for part in parts if part)
