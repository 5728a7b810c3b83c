"""Writes docs/api.md from the docstrings: python -m bench.api."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "api.md"
PARTS = {
    "Load what was trained": ["tfrl/harness/store/loading.py"],
    "Write a pipeline": [
        "tfrl/pipelines/pipeline.py",
        "tfrl/components/collection.py",
        "tfrl/components/policies.py",
        "tfrl/components/replay_buffer.py",
        "tfrl/components/losses.py",
        "tfrl/components/logs.py",
        "tfrl/components/networks.py",
        "tfrl/components/optimizers.py",
        "tfrl/components/randomness.py",
    ],
    "Train": ["tfrl/training/trainer.py"],
    "Compare": [
        "tfrl/analysis/sign_test.py",
        "tfrl/analysis/comparisons.py",
        "tfrl/analysis/shares.py",
        "tfrl/analysis/evidence.py",
        "tfrl/analysis/returns.py",
        "tfrl/analysis/efficiency.py",
        "tfrl/analysis/stability.py",
        "tfrl/analysis/overfitting.py",
    ],
}
HEAD = """\
# The API

Written by `python -m bench.api` from the docstrings. `[B, T]` are shapes: batch and time.

"""


def text() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, files in PARTS.items():
        parts.append(f"## {title}\n\n")
        for file in files:
            parts += _module(ROOT / file, file)
    return "".join(parts).rstrip() + "\n"


def _module(path: Path, file: str) -> Iterator[str]:
    """A module's first sentence, and its public classes and functions."""
    tree = ast.parse(path.read_text())
    name = file.removesuffix(".py").replace("/", ".")
    first = (ast.get_docstring(tree) or "").split("\n\n")[0]
    yield f"### {name}\n\n{' '.join(first.split())}\n\n"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _public(node.name):
            yield _entry(node.name, node)
        elif isinstance(node, ast.ClassDef) and _public(node.name):
            yield _entry(node.name, node)
            for child in node.body:
                if isinstance(child, ast.FunctionDef) and _public(child.name):
                    yield _entry(f"{node.name}.{child.name}", child)


def _public(name: str) -> bool:
    return not name.startswith("_")


def _entry(name: str, node: ast.FunctionDef | ast.ClassDef) -> str:
    """The signature, and the docstring as it is written."""
    if isinstance(node, ast.ClassDef):
        signature = f"class {name}({', '.join(map(ast.unparse, node.bases))})"
    else:
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        signature = f"{name}({ast.unparse(node.args)}){returns}"
    said = inspect.cleandoc(ast.get_docstring(node) or "")
    return f"```python\n{signature}\n```\n\n{_indented(said)}\n\n"


def _indented(said: str) -> str:
    """The summary as text, and what follows as it is written."""
    summary, _, rest = said.partition("\n\n")
    return f"{summary}\n\n```text\n{rest}\n```" if rest else summary


if __name__ == "__main__":
    PAGE.write_text(text())
    print(f"Written to {PAGE.relative_to(ROOT)}")
