"""Executes lessons and writes them as notebooks and pages.

python -m tutorials.build [NN ...] [--language LANGUAGE] [--extract | --copy] [--into FOLDER]
"""

import argparse
import re
import sys
import time
from pathlib import Path

import nbformat

from tutorials.build import lesson as lessons
from tutorials.build import notebook, page, translation
from tutorials.build.lesson import ROOT, Lesson


def main() -> int:
    """Builds the lessons that are named, or all; returns the exit status."""
    arguments = _arguments()
    sources = [lessons.read(path) for path in lessons.paths()]
    chosen = [
        one for one in sources if arguments.number in ([], None) or one.name[:2] in arguments.number
    ]
    if not chosen:
        return _complain([f"there is no lesson {', '.join(arguments.number)}"])
    if arguments.extract:
        print("\n".join(translation.extract(one) for one in chosen))
        return 0
    terms = lessons.glossary()
    if broken := [problem for one in chosen for problem in lessons.problems(one, terms)]:
        return _complain(broken)
    into = Path(arguments.into or ROOT) / ("" if arguments.language == "en" else arguments.language)
    if arguments.copy:
        print("\n".join(str(_copy(one, arguments.language, into)) for one in chosen))
        return 0
    (into / "pages").mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(chosen, 1):
        start = time.monotonic()
        print(f"{one.name} ({number} of {len(chosen)}) ...", end=" ", flush=True)
        try:
            _execute(one, arguments.language, into)
        except (notebook.Failed, ValueError) as error:
            print()
            return _complain([str(error)])
        print(f"{time.monotonic() - start:.0f} s")
    write_pages(sources, arguments.language, into)
    _write_index(into, arguments.language)
    return 0


def _execute(lesson: Lesson, language: str, into: Path) -> None:
    executed = notebook.execute(_translated(lesson, language), ROOT)
    nbformat.write(executed, into / f"{lesson.name}.ipynb")


def _copy(lesson: Lesson, language: str, into: Path) -> Path:
    """Writes a notebook for a learner to work in, unless it is there, and returns its path.

    Git ignores it, and it has no outputs: they would answer what the text asks.
    """
    path = into / f"my_{lesson.name}.ipynb"
    if not path.exists():
        nbformat.write(notebook.without_outputs(_translated(lesson, language)), path)
    return path


def _translated(lesson: Lesson, language: str) -> Lesson:
    if language == "en":
        return lesson
    return translation.apply(lesson, translation.path(lesson, language).read_text())


def write_pages(all_lessons: list[Lesson], language: str, into: Path) -> None:
    """Writes the page of every notebook that is in the folder, with links to its neighbours."""
    executed = [one for one in all_lessons if (into / f"{one.name}.ipynb").exists()]
    for position, lesson in enumerate(executed):
        links = {"All lessons": "index.html"}
        if position > 0:
            links[f"← {executed[position - 1].title}"] = f"{executed[position - 1].name}.html"
        if position + 1 < len(executed):
            links[f"{executed[position + 1].title} →"] = f"{executed[position + 1].name}.html"
        content = nbformat.read(into / f"{lesson.name}.ipynb", as_version=4)
        text = page.page(content, lesson.title, language, links)
        (into / "pages" / f"{lesson.name}.html").write_text(text)


def _write_index(into: Path, language: str) -> None:
    readme = ROOT / ("README.md" if language == "en" else f"{language}/README.md")
    if readme.exists():
        text = re.sub(r"\]\(pages/", "](", readme.read_text())
        title = text.partition("\n")[0].lstrip("# ")
        (into / "pages" / "index.html").write_text(page.text_page(text, title, language))


def _complain(sentences: list[str]) -> int:
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tutorials.build", description=__doc__)
    parser.add_argument("number", nargs="*", help="of a lesson, such as 03; all if none is given")
    parser.add_argument(
        "--language", default="en", help="the texts are those in tutorials/LANGUAGE"
    )
    parser.add_argument("--extract", action="store_true", help="print the texts, to be translated")
    parser.add_argument(
        "--copy", action="store_true", help="write a copy to work in, and print its path"
    )
    parser.add_argument("--into", help="another folder than tutorials/")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
