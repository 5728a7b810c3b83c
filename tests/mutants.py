"""Breaks the statistics on purpose, one place at a time, and lists what no test notices.

    python -m tests.mutants [--count 200] [--seed 0] [--write]

A mutant is a module of `tfrl/analysis` with one operator, comparison or number changed. Its
own tests run first, then all of tests/analysis, in a copy of the project. A mutant that survives
shows a line that no test holds to, or a change that changes nothing. With --write, survivors are
listed in docs/mutants.md.
"""

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ANALYSIS = Path("tfrl/analysis")
COPIED = ("tfrl", "tests", "bench", "examples", "studies", "setup.cfg", "pyproject.toml")
PAGE = ROOT / "docs" / "mutants.md"
SECONDS = 240  # that tests of one mutant may take; an endless loop has been noticed

SWAPPED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.And: ast.Or, ast.Or: ast.And, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
TEXT = """\
# What the tests of the statistics do not notice

Written by `make mutants`: {count} places of `tfrl/analysis` changed one at a time (an operator, a
comparison, a number), sampled with seed {seed}. The tests noticed {killed}. Not noticed:

{survivors}
"""


@dataclass(frozen=True)
class Mutant:
    """One change to one module."""

    module: str
    line: int
    before: str
    after: str
    source: str

    def __str__(self):
        return f"`{self.module}.py:{self.line}`: `{self.before}` became `{self.after}`"


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module."""
    tree = ast.parse(path.read_text())
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in texts:
            continue
        for change in _changes(node):
            mutated = copy.deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(mutated)) if i == place)
            change(target)
            before, after = ast.unparse(node), ast.unparse(target)
            yield Mutant(path.stem, node.lineno, before, after, ast.unparse(mutated))


def _changes(node: ast.AST) -> Iterator:
    """What can be changed about a node."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        yield lambda n: n.ops.__setitem__(0, SWAPPED[type(n.ops[0])]())
    elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPPED:
        yield lambda n: setattr(n, "op", SWAPPED[type(n.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert | ast.USub):
        yield lambda n: setattr(n, "op", ast.UAdd())
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield lambda n: setattr(n, "value", n.value + (1 if isinstance(n.value, int) else 0.5))


def survives(mutant: Mutant, folder: Path) -> bool:
    """Whether all tests pass in a copy of the project."""
    path = folder / ANALYSIS / f"{mutant.module}.py"
    whole = path.read_text()
    path.write_text(mutant.source)
    own = folder / "tests" / "analysis" / f"test_{mutant.module}.py"
    asked = [[str(own)]] * own.is_file() + [["tests/analysis"]]
    try:
        return all(_pass(tests, folder) for tests in asked)
    finally:
        path.write_text(whole)


def _pass(tests: list[str], folder: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += ["-m", "not slow and not study", *tests]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _copy(folder: Path) -> Path:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(source, folder / name)
    return folder


def main() -> None:
    """Makes the mutants, tests them, and says which survive."""
    parser = argparse.ArgumentParser(description="Which faults in the statistics no test notices.")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="list survivors in docs/mutants.md")
    arguments = parser.parse_args()
    every = [one for path in sorted((ROOT / ANALYSIS).glob("*.py")) for one in mutants(path)]
    chosen = random.Random(arguments.seed).sample(every, min(arguments.count, len(every)))
    workers = os.cpu_count() or 1
    survivors: list[Mutant] = []
    with tempfile.TemporaryDirectory() as root:
        folders = [_copy(Path(root, str(number))) for number in range(workers)]

        def tested(share: int) -> None:
            for one in chosen[share::workers]:
                if survives(one, folders[share]):
                    survivors.append(one)
                    print(one, flush=True)

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(tested, range(workers)))
    killed = len(chosen) - len(survivors)
    print(f"{killed} of {len(chosen)} mutants were noticed, of {len(every)} that there are.")
    if arguments.write:
        lines = [f"- {one}" for one in sorted(survivors, key=lambda m: (m.module, m.line))]
        text = TEXT.format(
            count=len(chosen),
            seed=arguments.seed,
            killed=killed,
            survivors="\n".join(lines) or "nothing.",
        )
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
