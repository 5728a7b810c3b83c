"""A page's answers as plain text, for a terminal."""

import textwrap
from collections.abc import Iterator

from tfrl.report.blocks import Answer, Page
from tfrl.report.wording import KEPT

WIDTH = 100  # letters


def text(page: Page) -> str:
    """What was asked, what to know before reading on, and the answers of each section."""
    return "\n".join([page.title, *_wrapped(page.question), *_lines(page)])


def _lines(page: Page) -> Iterator[str]:
    for notice in page.notices:
        yield from _wrapped(f"! {notice}")
    for chapter in page.chapters:
        headings = " ".join(section.heading for section in chapter.sections)
        if chapter.heading:
            yield from ("", chapter.heading)
        for answer in chapter.answers:
            if answer.claim not in headings:  # else it is said there
                yield from _said(answer)
        for section in chapter.sections:
            answers = [part for part in section.parts if isinstance(part, Answer)]
            if answers:
                yield from ("", section.heading)
            for answer in answers:
                yield from _said(answer)


def _said(answer: Answer) -> list[str]:
    """Claim and outcome, whichever there are, and the evidence."""
    known = ": ".join(part for part in (answer.claim, answer.outcome) if part)
    opening = f"{known[:1].upper()}{known[1:]}" if known else ""
    opening += "." if known and not known.endswith("?") else ""
    return _wrapped(" ".join(filter(None, [opening, *answer.evidence])), "  ")


def _wrapped(line: str, indent: str = "") -> list[str]:
    lines = textwrap.wrap(line, WIDTH, initial_indent=indent, subsequent_indent=indent)
    return [one.replace(KEPT, " ") for one in lines]
