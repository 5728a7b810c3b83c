"""Comparison of stored runs with the published ones, bit for bit."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tfrl.harness import published_results
from tfrl.harness.errors import DamagedError
from tfrl.harness.published_results import Outcome, Published
from tfrl.harness.store import fingerprints
from tfrl.harness.store.run_store import RunStore, StoredRun
from tfrl.harness.store.stored_results import common
from tfrl.harness.studies.study import Run

_MAX_GROUPS = 4  # in a sample: compiling a group takes longer than most runs
# Keys of a stack that are reported elsewhere: by `Published.changes` and by the versions.
_REPORTED_ELSEWHERE = ("code", "git", "lock_sha256")


@dataclass(frozen=True)
class VerifiedRun:
    """A planned run with its published and its stored outcome."""

    entry: StoredRun  # its status is "missing" if the run is damaged
    published: Outcome | None  # None if it was not published
    stored: Outcome | None  # None if it is not stored, or damaged
    architectures: tuple[str, str] | None = None  # published and stored, if they differ

    @property
    def is_compared(self) -> bool:
        """True if it is published and stored, and finished at least once."""
        statuses = [side.status for side in (self.published, self.stored) if side]
        return len(statuses) == 2 and "finished" in statuses

    @property
    def is_invalid(self) -> bool:
        """True if something is stored that is damaged or not as planned."""
        return self.stored is None and self.entry.note is not None

    @property
    def difference(self) -> str:
        """A description of the difference and its first step; empty if the outcomes are equal."""
        if not (self.published and self.stored):
            return ""
        if self.published.fingerprint == self.stored.fingerprint:
            return ""
        if self.published.status != self.stored.status:
            return f"{self.stored.status}, {self.published.status} when published"
        last_equal, first_different = fingerprints.first_difference(
            self.published.marks, self.stored.marks
        )
        if first_different is None:
            return "in the final weights only"
        if last_equal is None:
            return "from the start"
        return f"since step {first_different:,} (the same at {last_equal:,})"

    @property
    def cannot_match(self) -> bool:
        """True if the outcomes differ because the two runs finished on different architectures."""
        finished = all(side and side.status == "finished" for side in (self.published, self.stored))
        return bool(self.difference and finished and self.architectures)


def verify(store: RunStore, expected: Published | None, runs: Iterable[Run]) -> list[VerifiedRun]:
    """Reads all files of the runs and pairs each run with its published outcome.

    Raises `StoreError` if a newer tfrl stored one.
    """
    return [_verify(store, run, expected) for run in runs]


def _verify(store: RunStore, run: Run, expected: Published | None) -> VerifiedRun:
    entry = store.entry(run)
    published = expected.outcome(run) if expected else None
    if entry.status == "missing":
        return VerifiedRun(entry, published, None)
    try:
        stored = published_results.outcome(store, entry)
    except DamagedError as error:
        return VerifiedRun(StoredRun(run, "missing", str(error), {}), published, None)
    architectures = _architectures(expected.stack, entry.manifest) if expected else None
    return VerifiedRun(entry, published, stored, architectures)


def _architectures(
    published: Mapping[str, Any], stored: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Returns the architectures of two stacks; None if they share one, or one is unknown."""
    before, now = (
        {str(processor.get("machine", "")) for processor in processors(stack)}
        for stack in (published, stored)
    )
    if before & now or "" in before | now:
        return None
    return " and ".join(sorted(before)), " and ".join(sorted(now))


def processors(stack: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns the distinct processors that the runs of a stack were trained on."""
    processor = stack.get("processor") or {}
    return processor if isinstance(processor, list) else [processor]


@dataclass(frozen=True)
class Tally:
    """Numbers of stored runs by how they compare with the published ones."""

    same: int = 0  # bit-identical
    differ: int = 0
    unpublished: int = 0  # not published, or with different settings


def tally(expected: Published, entries: Iterable[StoredRun]) -> Tally:
    """Compares stored runs by their fingerprints only. Skips runs that failed both times."""
    counts: Counter[str] = Counter()
    for entry in entries:
        if entry.status == "missing":
            continue
        same_settings = expected.has_settings_of(entry.run, entry.manifest)
        published = expected.outcome(entry.run) if same_settings else None
        if published is None:
            counts["unpublished"] += 1
        elif "finished" in (published.status, entry.status):
            same = published.fingerprint == entry.manifest.get("fingerprint")
            counts["same" if same else "differ"] += 1
    return Tally(**counts)


def final_returns(verified: Sequence[VerifiedRun]) -> pd.DataFrame:
    """Returns the mean returns of the last evaluation, published and stored.

    Returns:
      [environment, configuration, seed, published, stored], a row for each run that finished both
      times, of each environment and configuration with a run that differs.
    """
    rows = [
        (*_cell(item), item.entry.run.seed, before.marks[-1].score, now.marks[-1].score)
        for item in verified
        if (before := item.published) and (now := item.stored) and before.marks and now.marks
    ]
    columns = ["environment", "configuration", "seed", "published", "stored"]
    differing = {_cell(item) for item in verified if item.difference}
    return pd.DataFrame([row for row in rows if row[:2] in differing], columns=columns)


def changes(expected: Published, verified: Iterable[VerifiedRun]) -> list[str]:
    """Lists the differences in settings, code, packages and machine from the published runs."""
    entries = [item.entry for item in verified if item.published and item.stored]
    settings = dict.fromkeys(
        change for entry in entries for change in expected.changes(entry.run, entry.manifest)
    )
    before = dict(_flatten(expected.stack))
    now = dict(_flatten(common([entry.manifest for entry in entries])))
    return [
        *settings,
        *(
            f"{key} was {_format(before[key])}, is {_format(now[key])}"
            for key in before
            if None not in (before[key], now.get(key)) and before[key] != now[key]
        ),
    ]


def sample(runs: Sequence[Run], count: int) -> list[Run]:
    """Returns up to `count` runs that differ as much as possible. It is deterministic.

    Different pipelines come first, then environment ids, configurations, environments and seeds.
    The runs belong to at most `_MAX_GROUPS` groups, so a larger sample compiles nothing more.
    """
    chosen: list[Run] = []
    times: Counter[object] = Counter()
    candidates = list(runs)
    while candidates and len(chosen) < count:
        run = min(candidates, key=lambda run: [times[aspect] for aspect in _aspects(run)])
        times.update(_aspects(run))
        chosen.append(run)
        groups = {run.group for run in chosen}
        full = len(groups) == _MAX_GROUPS
        candidates = [r for r in candidates if r != run and (r.group in groups or not full)]
    return chosen


def _aspects(run: Run) -> list[object]:
    """Returns the properties that `sample` varies, the most important first."""
    environment, configuration = run.environment, run.configuration
    return [
        ("pipeline", configuration.pipeline),
        ("id", environment.id),
        ("configuration", configuration.name),
        ("environment", environment.name),
        ("seed", run.seed),
    ]


def _cell(item: VerifiedRun) -> tuple[str, str]:
    return item.entry.run.environment.name, item.entry.run.configuration.name


def _flatten(stack: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yields the entries of a stack, with one for the version of each package."""
    for key, value in stack.items():
        if key == "versions":
            yield from value.items()
        elif key not in _REPORTED_ELSEWHERE:
            yield key.replace("_", " "), value


def _format(value: Any, separator: str = " and ") -> str:
    """Formats a value of a stack; a list holds the distinct values of several runs."""
    if isinstance(value, Mapping):
        return " ".join(_format(part, " ") for part in value.values() if part)
    return separator.join(map(_format, value)) if isinstance(value, list) else str(value)
