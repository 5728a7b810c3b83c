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


class Schedule:
    pass


@dataclass(frozen=True)
class Chosen:
    limit: float | None = None
    size: int | float = 1
    kind: Literal["plain", "clipped"] = "plain"
    auto: float | Literal["auto"] = "auto"
    pair: tuple[int, int] = (1, 2)
    schedule: Schedule | None = None
    count: Literal[1, 2] = 2


@pytest.mark.parametrize(
    ("key", "given", "taken"),
    [
        ("limit", 0.5, 0.5),
        ("limit", 2, 2.0),
        ("size", 2, 2),
        ("size", 0.5, 0.5),
        ("kind", "clipped", "clipped"),
        ("auto", 2, 2.0),
        ("auto", "auto", "auto"),
        ("count", 1, 1),
        ("pair", (3, 4), (3, 4)),
    ],
)
def test_a_value_of_either_type_or_out_of_a_choice_is_taken(key, given, taken):
    mine = Configuration("mine", "mine:Pipeline", {key: given})
    resolved = hyperparameters.resolve(mine, Chosen, "here")
    assert resolved == hyperparameters.defaults(Chosen, "here") | {key: taken}
    assert type(resolved[key]) is type(taken)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"limit": "none"}, "here.limit must be a number, got 'none'"),
        ({"limit": True}, "here.limit must be a number, got true"),
        ({"kind": "other"}, "here.kind must be 'plain' or 'clipped', got 'other'"),
        ({"limit": 10**400}, f"here.limit must be a number, got 1{'0' * 56}..."),
        ({"size": True}, "here.size must be an integer or a number, got true"),
        ({"auto": "none"}, "here.auto must be a number or 'auto', got 'none'"),
        (
            {"pair": (1, 2, 3)},
            "here.pair must have at most 2 items after validation, not 3, got [1, 2, 3]",
        ),
        (
            {"schedule": 1},
            f"here.schedule must not be set in a study, as its type is {Schedule | None}, got 1",
        ),
        ({"count": True}, "here.count must not be true or false, got true"),
        (
            {"lr": 1},
            "here: mine:Pipeline has no hyperparameter lr "
            "(expected limit, size, kind, auto, pair, schedule, count)",
        ),
        ({"kind": 1}, "here.kind must be 'plain' or 'clipped', got 1"),
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
        (WithoutDefault, "WithoutDefault.layers must have a default"),
        (OddDefault, "the default of OddDefault.layers must be a finite number"),
        (NotANumber, "the default of NotANumber.rate must be a finite number"),
        (UnknownType, "a type in UnknownType is unknown: name 'Unheard' is not defined"),
        (NoDataclass, "Config of the pipeline must be a dataclass, got NoDataclass"),
        (None, "Config of the pipeline must be a dataclass, got None"),
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
