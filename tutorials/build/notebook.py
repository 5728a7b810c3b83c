"""A lesson as an executed notebook."""

import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from tutorials.build.lesson import Cell, Lesson, code

_SECONDS = 600  # time limit of a cell
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


class Failed(Exception):
    """A lesson could not be executed; the message says where."""


def execute(lesson: Lesson, folder: Path, seconds: int = _SECONDS) -> nbformat.NotebookNode:
    """Runs a lesson from its first cell to its last, in `folder`; raises `Failed`.

    The same code gives the same bytes: there are no times in the notebook, and cells are numbered.
    A cell also fails if it writes to stderr, or if its figure cannot be drawn.
    """
    notebook = without_outputs(lesson)
    client = NotebookClient(
        notebook,
        timeout=seconds,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise Failed(f"{lesson.path.name}: {_plain(str(error))}") from None
    except CellTimeoutError:
        raise Failed(f"{lesson.path.name}: a cell took longer than {seconds} s") from None
    except DeadKernelError:
        raise Failed(f"{lesson.path.name}: the process that ran its cells died") from None
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    )
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", ()):
            if problem := _problem(output):
                raise Failed(f"{lesson.path.name}, cell {number} {problem}")
    return notebook


def without_outputs(lesson: Lesson) -> nbformat.NotebookNode:
    """Returns a lesson as a notebook that was not executed."""
    cells = [_notebook_cell(f"cell-{i:02}", cell) for i, cell in enumerate(lesson.cells, 1)]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": _KERNEL})


def _problem(output: nbformat.NotebookNode) -> str | None:
    if output.get("name") == "stderr":
        return f"wrote to stderr: {output['text']}"
    if output.output_type == "error":
        return f"failed: {_plain(output['ename'])}: {_plain(output['evalue'])}"
    data = output.get("data", {})
    if data.get("text/plain", "").startswith("<Figure") and "image/png" not in data:
        return "has a figure that could not be drawn"
    return None


def _notebook_cell(name: str, cell: Cell) -> nbformat.NotebookNode:
    if cell.kind == "text":
        return nbformat.v4.new_markdown_cell(cell.source, id=name)
    # Notebooks fold away what only shows a text, and solutions.
    folded = cell.kind == "say" or "solution" in cell.tags
    metadata = {"jupyter": {"source_hidden": True}} if folded else {}
    tags = [*cell.tags, *(["say"] if cell.kind == "say" else [])]
    return nbformat.v4.new_code_cell(
        code(cell), id=name, metadata=metadata | ({"tags": tags} if tags else {})
    )


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
