"""Two configurations of any stored studies, as the results of a study of their own."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from tfrl.harness.engine import Engine
from tfrl.harness.errors import StudyError
from tfrl.harness.store import stored_results
from tfrl.harness.store.stored_results import Results
from tfrl.harness.studies import study as studies
from tfrl.harness.studies.study import Environment, Study

EXPECTED = "expected STUDY/CONFIGURATION, such as cartpole/ppo"


def load(
    first: str, second: str, root: Path = Path("runs"), engine: Engine | None = None
) -> Results:
    """The stored runs of two configurations, each named as `STUDY/CONFIGURATION`.

    They are compared on the environments that both studies train on under the same conditions, on
    what both were tested on there, and up to the last step at which both were evaluated. Raises
    `StudyError`, in one sentence, if there is nothing to compare.
    """
    one, other = _find(first), _find(second)
    same = one.path.resolve() == other.path.resolve()
    if same and one.configurations == other.configurations:
        raise StudyError(f"{first} and {second} are the same configuration: expected two")
    if one.name == other.name and not same:
        raise StudyError(
            f"{one.path} and {other.path} have one name, and so one folder of runs: rename one"
        )
    shared = _shared(one, other)
    found = [
        stored_results.load(replace(side, environments=environments), root, engine)
        for side, environments in zip((one, other), zip(*shared, strict=True), strict=True)
    ]
    for side, reference in zip(found, (first, second), strict=True):
        if not (side.runs["status"] == "finished").any():
            raise StudyError(
                f"no finished run of {reference} is stored in {root / side.study.name}: "
                f"`tfrl run {side.study.name}` makes them"
            )
    return _joined(*found)


def _find(reference: str) -> Study:
    """The study of a reference, with that one configuration only."""
    name, _, wanted = reference.rpartition("/")
    if not name or not wanted:
        raise StudyError(f"{reference!r} names no configuration: {EXPECTED}")
    study = studies.load(studies.find(name))
    chosen = tuple(c for c in study.configurations if c.name == wanted)
    if not chosen:
        known = ", ".join(c.name for c in study.configurations)
        raise StudyError(f"{study.name} has no configuration {wanted!r}: expected one of {known}")
    return replace(study, configurations=chosen)


def _shared(one: Study, other: Study) -> list[tuple[Environment, Environment]]:
    """The environments that both train on under the same conditions."""

    def trained(environment: Environment) -> tuple[object, ...]:
        return environment.id, environment.level_config.variation, environment.level_config.levels

    left, shared = list(other.environments), []
    for environment in one.environments:
        alike = [e for e in left if trained(e) == trained(environment)]
        if alike:
            left.remove(alike[0])
            shared.append((environment, alike[0]))
    if not shared:
        raise StudyError(f"{one.name} and {other.name} have no environment in common")
    return shared


def _joined(one: Results, other: Results) -> Results:
    """Both as one, under the first's names of the environments."""
    sides, names = (one, other), _names(one.study, other.study)
    steps = _steps(one.study, other.study)
    study = _study(one.study, other.study, names, steps)

    def both(part: str) -> pd.DataFrame:
        """A table of both, environment by environment."""
        found = []
        for side, name in zip(sides, names, strict=True):
            frame = _cut(getattr(side, part), side.study, steps)
            where = frame["environment"].cat.rename_categories([e.name for e in study.environments])
            which = pd.Categorical([name] * len(frame), names)
            found.append(_tested(frame.assign(environment=where, configuration=which), study))
        return pd.concat(found).sort_values("environment", kind="stable", ignore_index=True)

    return Results(
        study=study,
        episodes=both("episodes"),
        evaluations=both("evaluations"),
        losses=both("losses"),
        runs=both("runs"),
        manifest=_common(one.manifest, other.manifest),
        hyperparameters=_by_name(names, [side.hyperparameters for side in sides]),
        defaults=_by_name(names, [side.defaults for side in sides]),
        notices=tuple(
            dict.fromkeys(
                (*_differences(one.study, other.study, steps), *one.notices, *other.notices)
            )
        ),
        provenances=(*one.provenances, *other.provenances),
    )


def _names(one: Study, other: Study) -> tuple[str, str]:
    """How the two configurations are called: with their study if they are called the same."""
    first, second = one.configurations[0].name, other.configurations[0].name
    if first != second:
        return first, second
    return f"{first} of {one.name}", f"{second} of {other.name}"


def _steps(one: Study, other: Study) -> int:
    """The last step at which both were evaluated."""
    evaluated = [set(range(0, s.steps + 1, s.evaluation.every)) for s in (one, other)]
    steps = max(evaluated[0] & evaluated[1])
    if not steps:
        raise StudyError(f"{one.name} and {other.name} were never evaluated at the same step")
    return steps


def _cut(frame: pd.DataFrame, study: Study, steps: int) -> pd.DataFrame:
    """What happened up to a step; of a run's updates and seconds, the share that they are."""
    if "step" in frame:
        # An episode may end within the iteration that reached the budget, which was cut nowhere.
        return frame if steps == study.steps else frame[frame["step"] <= steps]
    share = steps / study.steps
    updates = (frame["updates"].astype("Float64") * share).round().astype("Int64")
    return frame.assign(updates=updates, train_seconds=frame["train_seconds"] * share)


def _tested(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Without what is not tested in the study, and with its variations as categories."""
    if "variation" not in frame:
        return frame
    played = [
        (environment.name, name)
        for environment in study.environments
        for name in (environment.level_config.variation, *environment.level_config.test)
    ]
    names = list(dict.fromkeys(name for _, name in played))
    kept = pd.MultiIndex.from_frame(frame[["environment", "variation"]].astype(str)).isin(played)
    frame = frame[kept]
    return frame.assign(variation=frame["variation"].cat.set_categories(names))


def _study(one: Study, other: Study, names: tuple[str, str], steps: int) -> Study:
    """The study that both would be."""
    sides = [f"{s.name}-{s.configurations[0].name}" for s in (one, other)]
    labels = [f"{s.name}/{s.configurations[0].name}" for s in (one, other)]
    return replace(
        one,
        name="-against-".join(sides),
        title=" against ".join(labels),
        note="",
        seeds=tuple(sorted({*one.seeds, *other.seeds})),
        steps=steps,
        environments=tuple(
            _with_tests(*pair) for pair in zip(one.environments, other.environments, strict=True)
        ),
        evaluation=replace(
            one.evaluation, episodes=min(s.evaluation.episodes for s in (one, other))
        ),
        configurations=tuple(
            replace(s.configurations[0], name=name)
            for s, name in zip((one, other), names, strict=True)
        ),
    )


def _with_tests(one: Environment, other: Environment) -> Environment:
    """The first, with the tests that both have."""
    test = tuple(name for name in one.level_config.test if name in other.level_config.test)
    return replace(one, level_config=replace(one.level_config, test=test))


def _common(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What both manifests say; where they differ, the distinct values."""
    packages = dict.fromkeys([*one["versions"], *other["versions"]])
    versions = {
        name: _both_values(one["versions"].get(name), other["versions"].get(name))
        for name in packages
    }
    rest = {key: _both_values(one[key], other[key]) for key in one if key != "versions"}
    return {"versions": versions, **rest}


def _both_values(*sides: Any) -> Any:
    """The value that all are, or the distinct ones."""
    distinct: list[Any] = []
    for side in sides:
        for value in side if isinstance(side, list) else [side]:
            if value not in distinct:
                distinct.append(value)
    return distinct if len(distinct) > 1 else distinct[0]


def _by_name(names: tuple[str, str], found: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The settings of each side's one configuration, under its name."""
    return {
        name: values for name, side in zip(names, found, strict=True) for values in side.values()
    }


def _differences(one: Study, other: Study, steps: int) -> tuple[str, ...]:
    """What was not the same for both sides."""
    said = []
    if one.steps != other.steps:
        budgets = " and ".join(f"{side.steps:,} of {side.name}" for side in (one, other))
        said.append(
            f"The budgets differ ({budgets} steps): both are compared after {steps:,} steps, where "
            "what is annealed over the longer budget has not come to its end."
        )
    episodes = [side.evaluation.episodes for side in (one, other)]
    if episodes[0] != episodes[1]:
        said.append(f"Their evaluations are of {episodes[0]} and {episodes[1]} episodes.")
    return tuple(said)
