"""Compares stored runs with the published ones, bit for bit."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tfrl.harness import published_results
from tfrl.harness.errors import DamagedError
from tfrl.harness.published_results import Outcome, Published
from tfrl.harness.store import fingerprints
from tfrl.harness.store.run_store import Entry, RunStore
from tfrl.harness.store.stored_results import common
from tfrl.harness.studies.study import Run

_MOST_COMPILED = 4  # groups in a sample: to compile one takes longer than most runs
_TOLD_OTHERWISE = ("code", "git", "lock_sha256")  # of a stack: by `Published.changes`, the versions


@dataclass(frozen=True)
class Checked:
    """A run as it is stored, beside the published one."""

    entry: Entry  # missing if it is damaged
    before: Outcome | None  # as published; None if it is not
    now: Outcome | None  # as stored; None if it is not, or damaged
    architectures: tuple[str, str] | None = None  # as published and as stored, if they differ

    @property
    def compared(self) -> bool:
        """Whether it is published and stored, and did not fail both times."""
        sides = [side.status for side in (self.before, self.now) if side]
        return len(sides) == 2 and "finished" in sides

    @property
    def amiss(self) -> bool:
        """Whether something is stored, but damaged or not what the study plans."""
        return self.now is None and self.entry.note is not None

    @property
    def differs(self) -> str:
        """In what they are not, and from which evaluation on; empty if in nothing."""
        if not (self.before and self.now) or self.before.fingerprint == self.now.fingerprint:
            return ""
        if self.before.status != self.now.status:
            return f"{self.now.status}, {self.before.status} when published"
        alike, apart = fingerprints.first_difference(self.before.marks, self.now.marks)
        if apart is None:
            return "in the final weights only"
        if alike is None:
            return "from the start"
        return f"since step {apart:,} (the same at {alike:,})"

    @property
    def excused(self) -> bool:
        """Whether it had to differ: it finished both times, on different architectures."""
        finished = all(side and side.status == "finished" for side in (self.before, self.now))
        return bool(self.differs and finished and self.architectures)


def verify(store: RunStore, expected: Published | None, runs: Iterable[Run]) -> list[Checked]:
    """Each of the runs, with all that is stored of it read.

    Raises `StoreError` if a newer tfrl stored one.
    """
    return [_check(store, run, expected) for run in runs]


def _check(store: RunStore, run: Run, expected: Published | None) -> Checked:
    entry = store.entry(run)
    before = expected.of(run) if expected else None
    if entry.status == "missing":
        return Checked(entry, before, None)
    try:
        now = published_results.outcome(store, entry)
    except DamagedError as error:
        return Checked(Entry(run, "missing", str(error), {}), before, None)
    apart = _architectures(expected.stack, entry.manifest) if expected else None
    return Checked(entry, before, now, apart)


def _architectures(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, str] | None:
    """Those of two stacks; None if they share one, or one is not known."""
    then, here = (
        {str(one.get("machine", "")) for one in processors(stack)} for stack in (before, now)
    )
    if then & here or "" in then | here:
        return None
    return " and ".join(sorted(then)), " and ".join(sorted(here))


def processors(stack: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The processors that made runs, of which there are several if the runs differ in that."""
    noted = stack.get("processor") or {}
    return noted if isinstance(noted, list) else [noted]


@dataclass(frozen=True)
class Tally:
    """How many stored runs were published with the same settings, and what became of them."""

    same: int = 0  # the same bits
    differ: int = 0
    unpublished: int = 0  # or published with other settings


def tally(expected: Published, entries: Iterable[Entry]) -> Tally:
    """Compare stored runs by their fingerprints alone. Runs that failed both times are left out."""
    counts: Counter[str] = Counter()
    for entry in entries:
        if entry.status == "missing":
            continue
        before = expected.of(entry.run) if expected.is_of(entry.run, entry.manifest) else None
        if before is None:
            counts["unpublished"] += 1
        elif "finished" in (before.status, entry.status):
            same = before.fingerprint == entry.manifest.get("fingerprint")
            counts["same" if same else "differ"] += 1
    return Tally(**counts)


def final_returns(checked: Iterable[Checked]) -> pd.DataFrame:
    """What the compared runs scored in the end, then and now.

    Returns:
      [environment, configuration, seed, published, stored], a row for each run that finished both
      times, of each environment and configuration of which a run differs.
    """
    rows = [
        (*_cell(item), item.entry.run.seed, item.before.marks[-1].score, item.now.marks[-1].score)
        for item in checked
        if item.before and item.now and item.before.marks and item.now.marks
    ]
    columns = ["environment", "configuration", "seed", "published", "stored"]
    differing = {_cell(item) for item in checked if item.differs}
    return pd.DataFrame([row for row in rows if row[:2] in differing], columns=columns)


def changes(expected: Published, checked: Iterable[Checked]) -> list[str]:
    """In what the stored runs were made otherwise than the published ones: a phrase for each."""
    entries = [item.entry for item in checked if item.before and item.now]
    settings = dict.fromkeys(
        change for entry in entries for change in expected.changes(entry.run, entry.manifest)
    )
    before = dict(_parts(expected.stack))
    now = dict(_parts(common([entry.manifest for entry in entries])))
    return [
        *settings,
        *(
            f"{key} was {_words(before[key])}, is {_words(now[key])}"
            for key in before
            if None not in (before[key], now.get(key)) and before[key] != now[key]
        ),
    ]


def sample(runs: Sequence[Run], count: int) -> list[Run]:
    """So many of the runs, always the same ones, as unlike each other as can be.

    Pipelines count most, then environments' ids, configurations, conditions and seeds. Runs of at
    most `_MOST_COMPILED` groups, so that a few seconds a run are all that more of them cost.
    """
    chosen: list[Run] = []
    times: Counter[object] = Counter()
    left = list(runs)
    while left and len(chosen) < count:
        run = min(left, key=lambda run: [times[aspect] for aspect in _aspects(run)])
        times.update(_aspects(run))
        chosen.append(run)
        groups = {run.group for run in chosen}
        full = len(groups) == _MOST_COMPILED
        left = [item for item in left if item != run and (item.group in groups or not full)]
    return chosen


def _aspects(run: Run) -> list[object]:
    """What tells a run from others, the most important first."""
    environment, configuration = run.environment, run.configuration
    return [
        ("pipeline", configuration.pipeline),
        ("id", environment.id),
        ("configuration", configuration.name),
        ("environment", environment.name),
        ("seed", run.seed),
    ]


def _cell(item: Checked) -> tuple[str, str]:
    run = item.entry.run
    return run.environment.name, run.configuration.name


def _parts(stack: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a stack consists of, each package's version by itself; None if it was not noted."""
    for key, value in stack.items():
        if key == "versions":
            yield from value.items()
        elif key not in _TOLD_OTHERWISE:
            yield key.replace("_", " "), value


def _words(value: Any, between: str = " and ") -> str:
    """A part of a stack in a sentence; where the runs differ, all that there are."""
    if isinstance(value, Mapping):
        return " ".join(_words(part, " ") for part in value.values() if part)
    return between.join(map(_words, value)) if isinstance(value, list) else str(value)
