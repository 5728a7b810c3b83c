"""Canonical form of source files: equal for the same code, different for different code."""

import hashlib
import os
import shutil
import subprocess
import sys

import pytest

from tests.harness.conftest import ROOT
from tfrl.harness.provenance import canonical_code

SAMPLE = '''\
"""A module."""

from __future__ import annotations

from math import (
    cos,
    sin,
)

__all__ = ["A", "f"]
__version__ = "1.0"
LIMIT = 0.5  # of x


class A:
    """A class."""

    x: float = 1.5
    """An attribute."""
    names: tuple[str, ...] = ("a",)

    async def nothing(self):
        """A coroutine."""


def f(x, *, width=7, **others):
    """A function."""
    text = f"{x:>{width}}" f" and {x!r:^{width}.2f}: {{}}" 'b"c' "é\\x00\U0001fae8"
    if x - LIMIT > 0 and not others:
        return [text, "", b"\\xff", 1j, ..., None, -0.0, 1e300]
    return {**others, text: cos(x) if x else sin(2 * x)}[x:, 1]
'''


def form(text: str) -> bytes:
    return canonical_code.canonical(text.encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A module.", "Another text."),
        ("A class.", "A class,\n    on\n    lines."),
        ("An attribute.", "What x is."),
        ("A coroutine.", "Does nothing."),
        ("A function.", "It's a function."),
        ('    """A function."""\n', ""),
        ("LIMIT = 0.5  # of x", "# The limit\nLIMIT = 0.5"),
        ("\n\n\nclass A", "\n\n\n\n\n# Now.\nclass A"),
        ("(\n    cos,\n    sin,\n)", "cos, sin"),
        ("    ", "\t"),
        ("    ", "  "),
        ("\n", "\r\n"),
        (
            "x - LIMIT > 0 and not others",
            "(\n        x - LIMIT > 0\n        and (not others)\n    )",
        ),
        ("width=7, **others", "width = 7,\n    **others,\n"),
        ("'b\"c'", '"b\\"c"'),
        ('__version__ = "1.0"', '__version__ = "2.0"'),
        ('["A", "f"]', '["f"]'),
    ],
)
def test_comments_docstrings_and_layout_are_not_code(old, new):
    changed = SAMPLE.replace(old, new)
    assert changed != SAMPLE
    assert form(changed) == form(SAMPLE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.5", "0.25"),
        ("1.5", "15"),
        ("x - LIMIT", "x + LIMIT"),
        ("> 0", ">= 0"),
        (" and not", " or not"),
        (" and {x", " or {x"),
        ("!r", "!s"),
        (".2f", ".3f"),
        ("{x:>", "{x:<"),
        ('("a",)', '("b",)'),
        ('("a",)', '("a")'),
        ('"", b', '"b", b'),
        ('"", b', "b"),
        ('b"\\xff"', '"\\xff"'),
        ("-0.0", "0.0"),
        ("-0.0", "-0"),
        ("None", "False"),
        ("*, ", ""),
        ("**others, text", "text"),
        ("[x:, 1]", "[x:1]"),
        ("cos,", "tan as cos,"),
        ("from __future__ import annotations", ""),
        ("async def", "def"),
        ("LIMIT = 0.5", "limit = 0.5"),
        ("\n    return {", "\n        return {"),
        ('names: tuple[str, ...] = ("a",)', ""),
    ],
)
def test_all_else_is_code(old, new):
    assert old in SAMPLE
    assert form(SAMPLE.replace(old, new, 1)) != form(SAMPLE)


def test_what_is_not_python_is_hashed_as_it_is():
    for content in (b"def (", b"a = '\xff'", b"a\0", b"# comment\nreturn ("):
        assert canonical_code.canonical(content) == content


def test_a_long_sum_has_a_form():
    total = " + ".join(["a"] * 900)
    assert form(total) != form(f"{total} + a")


def test_the_form_is_that_of_every_python():
    expected = "343edcc5d45b49a55bf303b4ccac09b115f261d372a72839b19f0c203a7f108f"
    assert hashlib.sha256(form(SAMPLE)).hexdigest() == expected


FORMS = """
import hashlib, sys
sys.path.insert(0, "tfrl/harness/provenance")
import canonical_code
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        print(hashlib.sha256(canonical_code.canonical(file.read())).hexdigest())
"""


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_other_pythons_that_are_here_agree(minor, tmp_path):
    python = shutil.which(f"python3.{minor}")
    environment = {**os.environ, "PYENV_VERSION": f"3.{minor}"}  # for a Python of pyenv
    command = [python or "", "-I", "-c", "import sys; sys.exit(sys.version_info[:2] != (3, %d))"]
    command[-1] %= minor
    if not python or subprocess.run(command, env=environment, capture_output=True).returncode:
        pytest.skip(f"there is no Python 3.{minor}")
    (tmp_path / "sample.py").write_text(SAMPLE, encoding="utf-8")
    names = [str(tmp_path / "sample.py"), *map(str, sorted((ROOT / "tfrl").rglob("*.py")))]
    there, here = (
        subprocess.run(
            [one, "-B", "-c", FORMS, *names],
            env=environment,
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        for one in (python, sys.executable)
    )
    assert len(here) == len(names)
    assert there == here
