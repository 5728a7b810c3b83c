"""The source of a lesson, read and checked."""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jupytext

ROOT = Path(__file__).parents[1]
SAY = "say"

# Words for numbers that a text does not need to count with. Smaller ones are ordinary English.
_COUNTS = (
    "ten|eleven|twelve|thirteen|fifteen|sixteen|twenty|thirty|forty|fifty|hundred|thousand|million"
)
_NUMBER = re.compile(rf"(?<![\w-])\d[\d.,]*%?(?![\w-])|\b(?:{_COUNTS})s?\b", re.IGNORECASE)
# What may hold digits: code, formulas, links, years in parentheses, and names of other lessons.
_NOT_RESULTS = re.compile(
    r"^ *\d+\. |`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)"
    r"|\((?:[^()]*\W)?(?:19|20)\d\d\w?\)|\blessons? \d+(?: (?:to|and) \d+)?",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
_TERM = re.compile(r"(?<![*\w])\*([^*\s][^*]*)\*(?!\*)")


@dataclass(frozen=True)
class Cell:
    """A cell of a lesson."""

    kind: str  # "text", "code", or "say": text whose numbers are computed
    source: str  # of a "say" cell the text itself, with its replacement fields
    tags: tuple[str, ...] = ()  # "exercise", "solution"


@dataclass(frozen=True)
class Lesson:
    """A lesson, its cells in order."""

    path: Path
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """Such as 03_reinforce."""
        return self.path.stem

    @property
    def title(self) -> str:
        """The heading of the first cell."""
        return self.cells[0].source.partition("\n")[0].lstrip("# ").strip()


def paths() -> list[Path]:
    """Returns the sources of all lessons, in order."""
    return sorted(ROOT.glob("[0-9][0-9]_*.py"))


def read(path: Path) -> Lesson:
    """Reads a lesson. Raises `ValueError` if it does not begin with a heading."""
    notebook = jupytext.read(path, fmt="py:percent")
    lesson = Lesson(path, tuple(_cell(cell) for cell in notebook.cells))
    if not lesson.cells or not lesson.cells[0].source.startswith("# "):
        raise ValueError(f"{path.name}: expected a heading in the first cell")
    return lesson


def glossary() -> dict[str, str]:
    """Returns each term with what it means, from glossary.toml."""
    return tomllib.loads((ROOT / "glossary.toml").read_text())


def problems(lesson: Lesson, terms: dict[str, str]) -> Iterator[str]:
    """Yields a sentence for each rule that a lesson breaks.

    A number in a text must be computed, a text holds neither code blocks nor pictures, and a term
    that a text explains (in *italics*) is in the glossary.
    """
    for number, cell in enumerate(lesson.cells, 1):
        where = f"{lesson.path.name}, cell {number}"
        if cell.kind == "code":
            continue
        prose = literal(cell)
        if "```" in prose or "![" in prose:
            yield f"{where}: code and figures belong in a code cell"
        for match in _NUMBER.finditer(_NOT_RESULTS.sub(" ", prose)):
            yield f"{where}: {match[0]!r} is typed; compute it, and show it with say(f'...')"
        for term in _TERM.findall(_NOT_RESULTS.sub(" ", prose)):
            if term.lower() not in terms:
                yield f"{where}: glossary.toml has no {term!r}"


def literal(cell: Cell) -> str:
    """Returns the text of a cell without its replacement fields."""
    if cell.kind != "say":
        return cell.source
    parts = _fstring(cell.source).values
    return "".join(part.value for part in parts if isinstance(part, ast.Constant))


def code(cell: Cell) -> str:
    """Returns what is executed for a cell of code or of computed text."""
    return f'{SAY}(\n    f"""\n{cell.source}\n"""\n)' if cell.kind == "say" else cell.source


def _cell(cell: dict) -> Cell:
    tags = tuple(cell["metadata"].get("tags", ()))
    if cell["cell_type"] == "markdown":
        return Cell("text", cell["source"], tags)
    if text := _said(cell["source"]):
        return Cell("say", text, tags)
    return Cell("code", cell["source"], tags)


def _said(source: str) -> str:
    """The text of a cell that is nothing but say(f'''...'''); else nothing."""
    match = re.fullmatch(rf'{SAY}\(\s*f"""\n(.*?)\n?\s*"""\s*\)', source.strip(), re.DOTALL)
    return match[1] if match else ""


def _fstring(text: str) -> ast.JoinedStr:
    body = ast.parse(f'f"""\n{text}\n"""', mode="eval").body
    return body if isinstance(body, ast.JoinedStr) else ast.JoinedStr([body])
