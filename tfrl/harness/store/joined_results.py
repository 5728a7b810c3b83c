"""Two configurations of any stored studies, joined as the results of one study."""

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
    """Loads the stored runs of two configurations, each named as `STUDY/CONFIGURATION`.

    The results have the environments and levels that both studies train on, the variations that
    both are tested on, and steps up to the last one at which both are evaluated. Raises
    `StudyError` if nothing can be compared.
    """
    one, other = _find(first), _find(second)
    same = one.path.resolve() == other.path.resolve()
    if same and one.configurations == other.configurations:
        raise StudyError(f"{first} and {second} are the same configuration: expected two")
    if one.name == other.name and not same:
        raise StudyError(
            f"{one.path} and {other.path} have the same name and folder of runs: rename one"
        )
    shared = _shared(one, other)
    sides = [
        stored_results.load(replace(study, environments=environments), root, engine)
        for study, environments in zip((one, other), zip(*shared, strict=True), strict=True)
    ]
    for side, reference in zip(sides, (first, second), strict=True):
        if not (side.runs["status"] == "finished").any():
            raise StudyError(
                f"no finished run of {reference} is stored in {root / side.study.name}: "
                f"start them with `tfrl run {side.study.name}`"
            )
    return _join(*sides)


def _find(reference: str) -> Study:
    """Returns the study of a reference, with only that configuration."""
    name, _, wanted = reference.rpartition("/")
    if not name or not wanted:
        raise StudyError(f"{reference!r} is not a configuration: {EXPECTED}")
    study = studies.load(studies.find(name))
    configurations = tuple(c for c in study.configurations if c.name == wanted)
    if not configurations:
        names = ", ".join(c.name for c in study.configurations)
        raise StudyError(f"{study.name} has no configuration {wanted!r}: expected one of {names}")
    return replace(study, configurations=configurations)


def _shared(one: Study, other: Study) -> list[tuple[Environment, Environment]]:
    """Returns pairs of environments with the same id and training levels."""

    def trained(environment: Environment) -> tuple[object, ...]:
        return environment.id, environment.level_config.variation, environment.level_config.levels

    unpaired, shared = list(other.environments), []
    for environment in one.environments:
        equal = [e for e in unpaired if trained(e) == trained(environment)]
        if equal:
            unpaired.remove(equal[0])
            shared.append((environment, equal[0]))
    if not shared:
        raise StudyError(f"{one.name} and {other.name} have no environment in common")
    return shared


def _join(one: Results, other: Results) -> Results:
    """Joins both results. Environments have the names of the first."""
    sides, names = (one, other), _names(one.study, other.study)
    steps = _steps(one.study, other.study)
    study = _study(one.study, other.study, names, steps)

    def both(table: str) -> pd.DataFrame:
        """Returns the rows of a table of both, sorted by environment."""
        frames = []
        for side, name in zip(sides, names, strict=True):
            frame = _until(steps, getattr(side, table), side.study)
            environments = frame["environment"].cat.rename_categories(
                [environment.name for environment in study.environments]
            )
            configurations = pd.Categorical([name] * len(frame), names)
            frame = frame.assign(environment=environments, configuration=configurations)
            frames.append(_tested(frame, study))
        return pd.concat(frames).sort_values("environment", kind="stable", ignore_index=True)

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
    """Returns the names of the two configurations, with their studies if the names are equal."""
    first, second = one.configurations[0].name, other.configurations[0].name
    if first != second:
        return first, second
    return f"{first} of {one.name}", f"{second} of {other.name}"


def _steps(one: Study, other: Study) -> int:
    """Returns the last step at which both are evaluated."""
    evaluated = [set(range(0, s.steps + 1, s.evaluation.every)) for s in (one, other)]
    steps = max(evaluated[0] & evaluated[1])
    if not steps:
        raise StudyError(f"{one.name} and {other.name} are never evaluated at the same step")
    return steps


def _until(steps: int, frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Returns the rows up to a step, or a table of runs with updates and seconds in proportion."""
    if "step" in frame:
        # The last episodes may end after the budget, within the iteration that reaches it.
        return frame if steps == study.steps else frame[frame["step"] <= steps]
    share = steps / study.steps
    updates = (frame["updates"].astype("Float64") * share).round().astype("Int64")
    return frame.assign(updates=updates, train_seconds=frame["train_seconds"] * share)


def _tested(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Returns the rows of the variations of the study, with these as categories."""
    if "variation" not in frame:
        return frame
    pairs = [
        (environment.name, name)
        for environment in study.environments
        for name in (environment.level_config.variation, *environment.level_config.test)
    ]
    names = list(dict.fromkeys(name for _, name in pairs))
    keys = pd.MultiIndex.from_frame(frame[["environment", "variation"]].astype(str))
    frame = frame[keys.isin(pairs)]
    return frame.assign(variation=frame["variation"].cat.set_categories(names))


def _study(one: Study, other: Study, names: tuple[str, str], steps: int) -> Study:
    """Returns a study with both configurations."""
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
    """Returns the first environment with the test variations that both have."""
    test = tuple(name for name in one.level_config.test if name in other.level_config.test)
    return replace(one, level_config=replace(one.level_config, test=test))


def _common(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values of both manifests; a list of distinct values where they differ."""
    packages = dict.fromkeys([*one["versions"], *other["versions"]])
    versions = {
        name: _both_values(one["versions"].get(name), other["versions"].get(name))
        for name in packages
    }
    rest = {key: _both_values(one[key], other[key]) for key in one if key != "versions"}
    return {"versions": versions, **rest}


def _both_values(*sides: Any) -> Any:
    """Returns the common value, or the list of distinct ones."""
    distinct: list[Any] = []
    for side in sides:
        for value in side if isinstance(side, list) else [side]:
            if value not in distinct:
                distinct.append(value)
    return distinct if len(distinct) > 1 else distinct[0]


def _by_name(names: tuple[str, str], settings: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the settings of each side's only configuration, under its name."""
    return {
        name: values for name, side in zip(names, settings, strict=True) for values in side.values()
    }


def _differences(one: Study, other: Study, steps: int) -> tuple[str, ...]:
    """Returns notices on differences between the budgets and evaluations of both studies."""
    notices = []
    if one.steps != other.steps:
        budgets = " and ".join(f"{side.steps:,} of {side.name}" for side in (one, other))
        notices.append(
            f"The budgets differ ({budgets} steps): both are compared after {steps:,} steps, where "
            "schedules over the longer budget have not ended yet."
        )
    episodes = [side.evaluation.episodes for side in (one, other)]
    if episodes[0] != episodes[1]:
        notices.append(f"Their evaluations have {episodes[0]} and {episodes[1]} episodes.")
    return tuple(notices)
