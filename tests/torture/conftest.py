"""A summary with the figures of each row after the tests."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.conftest import changed, project

__all__ = ["changed", "project"]

ROWS = (
    "the driver is killed",
    "a worker is killed",
    "death inside every step of a write",
    "a file is cut off, a bit flips",
    "two invocations at once",
    "runs fail in five ways",
    "a report on an incomplete study",
    "a full disk",
    "other schemas, settings, code",
    "one fingerprint",
    "files from strangers",
    "the line of progress",
)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[int, str], None]:
    """Records the figure of a row, from 1 to 12."""

    def note(row: int, text: str) -> None:
        request.node.user_properties.append(("figure", (row, text)))

    return note


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for group in terminalreporter.stats.values() for report in group]
    found = dict.fromkeys(
        value
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "figure"
    )
    if found:
        terminalreporter.section("nothing lost")
    for number, name in enumerate(ROWS, 1):
        for row, text in sorted(found):
            if row == number:
                terminalreporter.write_line(f"{number:2}  {name}: {text}")
