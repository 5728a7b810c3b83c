"""A lesson in another language: the same cells, with their texts from a file of prose alone.

`<language>/<lesson>.md` holds the text of every cell that has one, each after a line
`<!-- cell N -->`. What stands in braces is computed, and is the same in every language.
"""

import re
from dataclasses import replace
from pathlib import Path

from tutorials.build.lesson import ROOT, Lesson

_MARK = re.compile(r"^<!-- cell (\d+) -->\n", re.MULTILINE)


def path(lesson: Lesson, language: str) -> Path:
    """Returns the file of a translation."""
    return ROOT / language / f"{lesson.name}.md"


def extract(lesson: Lesson) -> str:
    """Returns all texts of a lesson, to be translated."""
    return "\n".join(
        f"<!-- cell {number} -->\n{cell.source.strip()}\n"
        for number, cell in enumerate(lesson.cells, 1)
        if cell.kind != "code"
    )


def apply(lesson: Lesson, translated: str) -> Lesson:
    """Returns the lesson with these texts. Raises `ValueError` if they do not fit its cells."""
    _, *parts = _MARK.split(translated)
    texts = {
        int(number): text.strip() for number, text in zip(parts[::2], parts[1::2], strict=True)
    }
    wanted = {number for number, cell in enumerate(lesson.cells, 1) if cell.kind != "code"}
    if texts.keys() != wanted:
        differing = ", ".join(map(str, sorted(texts.keys() ^ wanted)))
        raise ValueError(
            f"{lesson.name}: these cells have a text in one language only: {differing}"
        )
    cells = [
        replace(cell, source=texts.get(number, cell.source))
        for number, cell in enumerate(lesson.cells, 1)
    ]
    return replace(lesson, cells=tuple(cells))
