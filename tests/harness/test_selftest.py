"""`tfrl selftest`, and what `tfrl verify` says with it."""

import json

from tests.harness import fake
from tfrl.runtime import arithmetic


def computing(monkeypatch, **changes):
    """Has the engine compute other bits, or on another machine."""
    found = json.loads(arithmetic.PUBLISHED.read_bytes())
    digests = {**found["digests"], **changes.pop("digests", {})}
    computed = {**found, **changes, "digests": digests}
    monkeypatch.setattr(fake.Engine, "arithmetic", lambda self: computed)


def test_it_says_that_this_processor_computes_the_published_bits(project, capsys):
    assert project.tfrl("selftest") == 0
    assert capsys.readouterr().out == (
        "This processor computes the published bits in every operation of the self-test.\n"
    )


def test_it_names_the_operations_that_differ(project, capsys, monkeypatch):
    names = ["tanh", "exp", "log", "sin", "cos"]
    computing(monkeypatch, digests=dict.fromkeys(names, "0" * 12))
    assert project.tfrl("selftest") == 0
    assert (
        "does not compute the published bits in tanh, exp, log and 2 more: "
        in capsys.readouterr().out
    )


def test_another_architecture_has_nothing_to_compare_with(project, capsys, monkeypatch):
    computing(monkeypatch, architecture="aarch64")
    assert project.tfrl("selftest") == 0
    assert capsys.readouterr().out == (
        "Bits cannot be compared: the published bits are of x86_64, this is aarch64.\n"
    )


def test_what_it_prints_as_json_is_what_is_published(project, capsys):
    assert project.tfrl("selftest", "--json") == 0
    assert capsys.readouterr().out == arithmetic.PUBLISHED.read_text()
