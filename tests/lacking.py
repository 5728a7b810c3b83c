"""What to do where a machine lacks what a test needs."""

import os
from typing import NoReturn

import pytest


def lacking(what: str) -> NoReturn:
    """Skip the test; fail it in CI, which installs all that tests need."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(what)
