"""What a pipeline's own `Config` may be."""

from dataclasses import dataclass, field
from typing import Literal

import pytest

from tfrl.harness.errors import StudyError
from tfrl.harness.studies import hyperparameters
from tfrl.harness.studies.study import Configuration

MINE = Configuration("mine", "mine:Pipeline", {"layers": (8,)})


def test_defaults_that_are_made_count_as_defaults():
    @dataclass(frozen=True)
    class Config:
        layers: tuple[int, ...] = field(default_factory=lambda: (4, 4))
        limit: float | None = None
        derived: int = field(init=False, default=3)

    assert hyperparameters.defaults(Config, "here") == {"layers": (4, 4), "limit": None}
    resolved = hyperparameters.resolve(MINE, Config, "here")
    assert resolved == {"layers": (8,), "limit": None}


@dataclass(frozen=True)
class Chosen:
    limit: float | None = None
    size: int | float = 1
    kind: Literal["plain", "clipped"] = "plain"


@pytest.mark.parametrize(
    ("key", "given", "taken"),
    [
        ("limit", 0.5, 0.5),
        ("limit", 2, 2.0),
        ("size", 2, 2),
        ("size", 0.5, 0.5),
        ("kind", "clipped", "clipped"),
    ],
)
def test_a_value_of_either_type_or_out_of_a_choice_is_taken(key, given, taken):
    mine = Configuration("mine", "mine:Pipeline", {key: given})
    resolved = hyperparameters.resolve(mine, Chosen, "here")
    assert resolved == {"limit": None, "size": 1, "kind": "plain"} | {key: taken}
    assert type(resolved[key]) is type(taken)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"limit": "none"}, "here.limit is 'none': expected a number"),
        ({"limit": True}, "here.limit is true: expected a number"),
        ({"kind": "other"}, "here.kind is 'other': expected one of 'plain', 'clipped'"),
        ({"kind": 1}, "here.kind is 1: expected one of 'plain', 'clipped'"),
    ],
)
def test_a_value_of_neither_type_or_no_choice_is_refused(given, sentence):
    with pytest.raises(StudyError) as caught:
        hyperparameters.resolve(Configuration("mine", "mine:Pipeline", given), Chosen, "here")
    assert str(caught.value) == sentence


@dataclass
class WithoutDefault:
    layers: tuple[int, ...]


@dataclass
class OddDefault:
    layers: object = object


@dataclass
class NotANumber:
    rate: float = float("nan")


@dataclass
class UnknownType:
    layers: "Unheard" = (4,)  # noqa: F821


class NoDataclass:
    layers = (4,)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (WithoutDefault, "WithoutDefault.layers has no default, which it needs"),
        (OddDefault, "OddDefault.layers is <class 'object'> by default: expected a finite number"),
        (NotANumber, "NotANumber.rate is nan by default: expected a finite number"),
        (UnknownType, "a type in UnknownType is unknown: name 'Unheard' is not defined"),
        (NoDataclass, "the pipeline's Config is NoDataclass: expected a dataclass"),
        (None, "the pipeline's Config is None: expected a dataclass"),
    ],
)
def test_a_config_that_cannot_be_used_is_named(config, sentence):
    with pytest.raises(StudyError) as caught:
        hyperparameters.resolve(MINE, config, "here")
    assert str(caught.value).startswith(f"here: {sentence}")


@dataclass(frozen=True)
class Large:
    batch_size: int = 1
    fc_layer_params: tuple[int, ...] = (4,)

    @property
    def frames_in_memory(self):
        return self.batch_size


@pytest.mark.parametrize(
    ("given", "bytes_needed"),
    [
        ({"batch_size": 10**12}, "28,000,000,000,096"),
        ({"fc_layer_params": (10**6, 10**7)}, "120,000,132,000,028"),
    ],
)
def test_what_no_memory_holds_is_refused_with_its_bytes(given, bytes_needed):
    mine = Configuration("mine", "mine:Pipeline", given)
    with pytest.raises(StudyError, match=f"here: its .* take at least {bytes_needed}"):
        hyperparameters.resolve(mine, Large, "here")
