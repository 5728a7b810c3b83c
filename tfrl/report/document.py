"""The report of a study as Markdown: asks each question and renders its template."""

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
from tfrl.report import environment_data, generalization_data, page_header, questions
from tfrl.report.environment_data import EnvironmentData, apo_ablations
from tfrl.report.filters import FILTERS, md
from tfrl.report.generalization_data import GeneralizationData, varies_training
from tfrl.report.page_header import Compared
from tfrl.report.style import Styles, styles
from tfrl.report.svg import SvgFigure

Data = EnvironmentData | GeneralizationData


@dataclass(frozen=True)
class Section:
    """A question and its answer, as Markdown."""

    title: str  # the question
    headline: str  # the answer in one sentence
    evidence: str  # the numbers of the answer
    opening: str  # the figure of the first screen, which is then left out of `text`
    leads: bool  # whether the answer belongs on the first screen
    text: str  # the whole section


@dataclass(frozen=True)
class Chapter:
    """The sections on one environment, on one id, or on all environments."""

    heading: str  # empty if it is the only chapter
    sections: tuple[Section, ...]
    first: tuple[Section, ...]  # sections whose answers are on the first screen


@dataclass
class Document:
    """The report of a study."""

    title: str
    styles: Styles  # of the configurations, for the legend of the HTML page
    notices: tuple[str, ...]  # caveats at the top
    markdown: str = ""
    headlines: tuple[Section, ...] = ()  # sections whose answers are on the first screen
    figures: dict[str, SvgFigure] = field(default_factory=dict)  # by file name
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    def add(self, kind: str, name: str, content: Any) -> None:
        """Adds a figure or a table. Raises `HarnessError` if its name is taken."""
        files = self.figures if kind == "figures" else self.tables
        if name in files:
            raise HarnessError(f"the report has two {kind} {name}: rename one of the environments")
        files[name] = content


def build_document(
    results: Results, compared: Compared | None = None, docs: str | None = None
) -> Document:
    """Returns the report of a study.

    Args:
      compared: the comparison with published runs.
      docs: relative URL of the folder of the documentation; None to name its pages without links.
    """
    study_styles = styles(results.study)
    page = Document(results.study.title, study_styles, page_header.notices(results))
    renderer = _Renderer(page, docs)
    chapters = _chapters(results, renderer)
    records = [
        section
        for question in questions.ABOUT_THE_RUNS
        if (section := renderer.ask(question, results, "", level=2))
    ]
    page.headlines = tuple(section for chapter in chapters for section in chapter.first)
    conditions = [environment.level_config for environment in results.study.environments]
    variations = {name for one in conditions for name in (one.variation, *one.test)}
    page.markdown = renderer.render(
        "page.md",
        results=results,
        study=results.study,
        compared=compared,
        notices=page.notices,
        shifted=varies_training(results.study) and {"D", "R", "E"} <= variations,
        counts=page_header.counts(results),
        opening=next((s.opening for c in chapters for s in c.sections if s.opening), ""),
        chapters=chapters,
        records=records,
    )
    return page


def _chapters(results: Results, renderer: "_Renderer") -> list[Chapter]:
    """Returns all chapters of a page, in order."""
    generalization = varies_training(results.study)
    if generalization:
        parts: Sequence[Data] = generalization_data.load_all(results, renderer.styles)
        asked: Sequence[ModuleType] = questions.OF_OVERFITTING
        leads: Sequence[ModuleType] = questions.FIRST_OF_OVERFITTING
    else:
        parts = [environment_data.load(results, e) for e in results.study.environments]
        asked, leads = questions.OF_AN_ENVIRONMENT, questions.FIRST
        leads = leads[:2] if len(parts) > 1 else leads
    several, ids = len(parts) > 1, [part.id for part in parts]
    chapters = []
    if several and not generalization:
        chapters = _all_environments(results, parts, renderer)
    for part in parts:
        opens = not any(section.opening for chapter in chapters for section in chapter.sections)
        sections = dict(_asked(asked, part, renderer, 3 if several else 2, opens))
        first = [
            sections[question]
            for question in leads
            if question in sections and sections[question].leads
        ]
        unique = part.id if ids.count(part.id) == 1 else part.name
        heading = unique if several else ""
        chapters.append(Chapter(heading, tuple(sections.values()), tuple(first)))
    return chapters


def _all_environments(
    results: Results, parts: Sequence[Data], renderer: "_Renderer"
) -> list[Chapter]:
    """Returns the chapter on all environments, which opens the page unless it is of ablations."""
    opens = not apo_ablations(results.settings)
    asked = (renderer.ask(question, parts, "", 2, opens) for question in questions.OF_ALL)
    sections = tuple(section for section in asked if section)
    return [Chapter("", sections, sections if opens else ())] if sections else []


def _asked(
    asked: Sequence[ModuleType], data: Data, renderer: "_Renderer", level: int, opens: bool
) -> Iterator[tuple[ModuleType, Section]]:
    """Yields the questions that the data can answer; the first with a figure opens the page."""
    for question in asked:
        subject = data
        if isinstance(data, EnvironmentData) and question in questions.OF_OVERFITTING:
            subject = generalization_data.load(data.main_results, data.main, (data.environment,))
        section = renderer.ask(question, subject, data.name, level, opens)
        if section:
            opens = opens and not section.opening
            yield question, section


class _Renderer:
    """Asks questions and renders their templates, for one page."""

    def __init__(self, page: Document, docs: str | None):
        self.styles = page.styles
        self._page = page
        self._docs = docs
        self._linked: set[str] = set()  # terms that the page has linked to its glossary
        self._parts: dict[str, str] = {}  # of the section that is being rendered
        self._methods: dict[str, str] = {}  # of each question, as rendered first
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
        labels = {
            "label": lambda name: md(self.styles[str(name)].label),
            "labels": lambda names: [md(self.styles[str(name)].label) for name in names],
        }
        self._environment.filters |= FILTERS | labels | {"keep": self._keep}
        self._environment.globals |= labels | {"term": self._term, "doc": self._doc}

    def render(self, template: str, **values: Any) -> str:
        """Returns a rendered template."""
        return self._environment.get_template(template).render(values)

    def ask(
        self, question: ModuleType, subject: Any, name: str, level: int, opens: bool = False
    ) -> Section | None:
        """Returns the section that answers a question; None if the subject has no answer.

        Args:
          question: a package of `questions`.
          subject: the argument of its `find`.
          name: of the subject, for the names of figures and tables; empty for the study.
          level: of the heading.
          opens: whether the section's figure moves to the first screen.
        """
        facts = question.facts.find(subject)
        if facts is None:
            return None
        self._question, self._opens = questions.name(question), opens
        prefix = _joined(re.sub(r"[^A-Za-z0-9_.-]+", "-", name), self._question)
        figures = question.figures.draw(facts) if hasattr(question, "figures") else {}
        for key, figure in figures.items():
            self._page.add("figures", _joined(prefix, key), figure)
        for key, table in facts.tables.items():
            if len(table.columns):
                self._page.add("tables", _joined(prefix, key), table)

        def image(key: str, alt: str) -> Markup:
            file = f"figures/{_joined(prefix, key)}.svg"
            return Markup(f"![{md(alt)}]({file})" if key in figures else "")

        def csv(key: str = "", text: str = "CSV") -> Markup:
            return Markup(f"[{text}](tables/{_joined(prefix, key)}.csv)")

        self._parts = dict.fromkeys(("title", "headline", "evidence", "opening"), "")
        text = self.render(
            f"{self._question}/text.md",
            **{key: getattr(facts, key) for key in facts.__dataclass_fields__},
            facts=facts,
            mark="#" * level,
            figure=image,
            csv=csv,
        )
        return Section(**self._parts, leads=getattr(facts, "leads", True), text=text)

    def _keep(self, text: str, part: str) -> str:
        """Stores a part of a section, and returns what the section shows in its place.

        The opening figure is left out if it opens the page. A method is printed once.
        """
        if part == "opening":
            if not self._opens:
                return text
            self._parts[part] = text.strip()
            return Markup("")
        if part == "method":
            plain = re.sub(r"\[([^]]*)\]\(#[^)]*\)", r"\1", text)
            first = self._methods.get(self._question)
            self._methods.setdefault(self._question, plain)
            return Markup("*Computed as for the same question above.*") if plain == first else text
        self._parts[part] = text
        return text

    def _term(self, text: str, anchor: str = "") -> Markup:
        """Returns a word, linked to the glossary where the page uses it first."""
        anchor = anchor or text
        if anchor in self._linked:
            return md(text)
        self._linked.add(anchor)
        return Markup(f"[{md(text)}](#{anchor.lower().replace(' ', '-')})")

    def _doc(self, file: str) -> Markup:
        """Returns the name of a page of the documentation, with a link if its place is known."""
        name = f"docs/{file}"
        return Markup(f"[{name}]({self._docs}/{file})" if self._docs else name)


def _joined(*parts: str) -> str:
    """Returns the name of a file, from the parts that are not empty."""
    return "-".join(part for part in parts if part)
