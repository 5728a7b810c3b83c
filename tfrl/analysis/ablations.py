"""Ablations: configurations that differ in a few hyperparameters, and the effects of those.

Which configurations belong together is found from their settings: implementation details (after
Engstrom et al. 2020, "Implementation Matters in Deep Policy Gradients",
https://arxiv.org/abs/2005.12729), regularisation, and the parts of APO.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tfrl.analysis import comparisons
from tfrl.analysis.comparisons import Pairs

Values = Mapping[str, Any]
Settings = Mapping[str, tuple[str, Values]]  # by configuration: pipeline, hyperparameters

DETAILS = ("stock_agent", "anneal_learning_rate")  # hyperparameters that are not of the algorithm


@dataclass(frozen=True)
class Pair:
    """Two configurations of one pipeline that differ in a few hyperparameters."""

    plain: str
    changed: str
    change: str  # hyperparameters of `changed`: "stock_agent = true"


def differences(plain: Values, changed: Values) -> str:
    """Returns the hyperparameters that differ: "stock_agent = true, learning_rate = 0.01"."""
    return _listed((key, value) for key, value in changed.items() if value != plain.get(key))


def implementation_pairs(settings: Settings) -> tuple[Pair, ...]:
    """Pairs each configuration with the first one that differs from it in `DETAILS` only."""
    first: dict[str, str] = {}
    pairs = []
    for name, (pipeline, values) in settings.items():
        plain = first.setdefault(_without(pipeline, values, DETAILS.__contains__), name)
        if plain != name:
            change = differences(settings[plain][1], values)
            pairs.append(Pair(plain, name, change or "nothing"))
    return tuple(pairs)


def implementation_effects(
    scores: pd.DataFrame, settings: Settings, margins: Mapping[str, float], measures: int = 1
) -> pd.DataFrame:
    """Compares the pairs of `implementation_pairs`.

    Args:
      scores: [environment, configuration, seed, score], one finite score per run.
      margins: by environment, the least difference of scores that matters.
      measures: number of kinds of scores by which the pairs are compared.

    Returns:
      The rows of `comparisons.compare`, where a is the changed configuration, and `what`, its
      changed hyperparameters. All pairs and measures are one family.
    """
    changes = {(pair.changed, pair.plain): pair.change for pair in implementation_pairs(settings)}
    table = comparisons.compare(scores, margins, list(changes), measures)
    if table.empty:
        return table
    return table.assign(what=[changes[pair] for pair in zip(table["a"], table["b"], strict=True)])


def regularised_pairs(settings: Settings) -> tuple[Pair, ...]:
    """Pairs each configuration that has an entropy bonus or L2 with the same one without it."""

    def regularises(key: str) -> bool:
        return key == "entropy_regularization" or key.endswith("l2_reg")

    plain: dict[str, str] = {}
    changes: dict[str, tuple[str, str]] = {}
    for name, (pipeline, values) in settings.items():
        base = _without(pipeline, values, regularises)
        change = _listed((key, v) for key, v in values.items() if regularises(key) and v)
        if change:
            changes[name] = (base, change)
        else:
            plain.setdefault(base, name)
    return tuple(
        Pair(plain[base], name, change) for name, (base, change) in changes.items() if base in plain
    )


def plain_apo_and_ppo(settings: Settings) -> tuple[str, str] | None:
    """Returns the names of plain APO and plain PPO, or None if a pipeline is missing.

    These are the first configurations of each pipeline. For PPO, a configuration with the agent
    that APO extends takes precedence over one with TF-Agents' stock agent.
    """
    first: dict[str, str] = {}
    for name, (pipeline, values) in settings.items():
        if not values.get("stock_agent", False):
            first.setdefault(pipeline, name)
    for name, (pipeline, _) in settings.items():
        first.setdefault(pipeline, name)
    return (first["apo"], first["ppo"]) if {"apo", "ppo"} <= first.keys() else None


def apo_changes(settings: Settings) -> dict[str, str]:
    """Returns the `differences` of each configuration of APO or PPO from the plain one.

    APO with parallel learners is compared with plain APO. Empty without plain APO and PPO.
    """
    references = dict(zip(("apo", "ppo"), plain_apo_and_ppo(settings) or (), strict=False))
    if references:
        references["apo_parallel"] = references["apo"]
    return {
        name: differences(settings[references[pipeline]][1], values)
        for name, (pipeline, values) in settings.items()
        if pipeline in references
    }


def sharing_pairs(settings: Settings) -> Pairs:
    """Pairs parallel learners that share their anchors with the same learners that do not."""

    def base(name: str) -> str:
        return _without(*settings[name], lambda key: key == "share_anchors")

    parallel = [name for name, (pipeline, _) in settings.items() if pipeline == "apo_parallel"]
    shared = [name for name in parallel if settings[name][1].get("share_anchors", True)]
    apart = {base(name): name for name in parallel if name not in shared}
    return [(name, apart[base(name)]) for name in shared if base(name) in apart]


def apo_effects(
    measures: Mapping[str, pd.DataFrame], settings: Settings, margins: Mapping[str, float]
) -> pd.DataFrame:
    """Compares each configuration of APO and PPO with plain APO and with plain PPO.

    Parallel learners take a share of the steps each, so they are compared with each other only:
    those that share their anchors with the same ones that do not.

    Args:
      measures: by name, [environment, configuration, seed, score], one finite score per run.
      margins: by environment, the least difference of returns that matters.

    Returns:
      The rows of `comparisons.compare`, where a is the changed configuration, with `measure` and
      `changed` (the hyperparameters that differ). All rows of one environment are a family. Empty
      without plain APO and PPO.
    """
    references = plain_apo_and_ppo(settings)
    if references is None:
        return pd.DataFrame()
    changes = apo_changes(settings)
    apo, ppo = references
    single = [name for name in changes if settings[name][0] != "apo_parallel"]
    pairs = [(name, apo) for name in single if name not in references]
    pairs += [(name, ppo) for name in single if name != ppo]
    for name, apart in sharing_pairs(settings):
        pairs.append((name, apart))
        changes[name] = differences(settings[apart][1], settings[name][1])
    table = pd.concat(
        [
            comparisons.compare(scores, margins, pairs, len(measures)).assign(measure=measure)
            for measure, scores in measures.items()
        ],
        ignore_index=True,
    )
    if table.empty:
        return table
    return table.assign(changed=table["a"].astype(str).map(changes))


def _without(pipeline: str, values: Values, left_out: Callable[[str], bool]) -> str:
    """Returns all settings except the hyperparameters left out, as a string to compare."""
    return repr((pipeline, sorted((k, repr(v)) for k, v in values.items() if not left_out(k))))


def _listed(values: Iterable[tuple[str, Any]]) -> str:
    """Formats hyperparameters as in a study file: "stock_agent = true, learning_rate = 0.01"."""
    return ", ".join(f"{key} = {_formatted(value)}" for key, value in values)


def _formatted(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
