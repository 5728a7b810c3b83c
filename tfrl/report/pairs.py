"""Comparisons of two configurations as text tells them, and who leads among several."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from tfrl.report.measured import PERCENT, PLAIN, Measured, Unit

SHOWN = 15  # pairs in a table or figure; the others are in the CSV only


Outcome = Literal["a", "b", "equivalent", "undecided"]
Leading = Literal["none", "alone", "too few", "one", "some", "equivalent", "undecided"]


@dataclass(frozen=True)
class Pair:
    """One row of `comparisons.compare`."""

    a: str  # names of the configurations
    b: str
    n: tuple[int, int]  # seeds of either
    share: Measured  # how often a seed of a beats one of b, ties counted one half
    tied: float  # share of all pairs of seeds
    typical: Measured  # the median difference, a - b
    mean: Measured  # the difference of the means, which decides nothing
    p: float  # corrected
    outcome: Outcome
    size: str  # "by as much as matters", "by less than matters", or "" where that is not sure
    needed: float  # seeds of each for this verdict; infinite if too many, NaN if not known
    least: int  # seeds of each below which no verdict is possible

    @property
    def winner(self) -> str:
        """The one whose seeds win more often, sure or not."""
        return self.a if self.share.value >= 0.5 else self.b

    @property
    def loser(self) -> str:
        """The other one."""
        return self.b if self.winner == self.a else self.a

    @property
    def sure(self) -> bool:
        """Whether one wins more often for sure."""
        return self.outcome in ("a", "b")

    @property
    def won(self) -> Measured:
        """How often a seed of the winner beats one of the loser."""
        if self.winner == self.a:
            return self.share
        low, high = 1 - self.share.high, 1 - self.share.low
        return replace(self.share, value=1 - self.share.value, low=low, high=high)

    @property
    def lead(self) -> Measured:
        """The typical difference, winner minus loser."""
        return self.typical if self.winner == self.a else self.typical.turned

    @property
    def seeds(self) -> int:
        """Seeds of the side that has fewer."""
        return min(self.n)

    @property
    def more(self) -> int | None:
        """How many more seeds of each would decide; None if that is not known or too many."""
        return None if not np.isfinite(self.needed) else max(int(self.needed) - self.seeds, 0)


def pairs(table: pd.DataFrame, unit: Unit = PLAIN) -> tuple[Pair, ...]:
    """The rows of `comparisons.compare`; `unit` is that of differences."""
    return tuple(_pair(row, unit) for row in table.to_dict("records"))


def _pair(row: dict[str, Any], unit: Unit) -> Pair:
    outcomes: dict[str, Outcome] = {"a higher": "a", "b higher": "b", "equivalent": "equivalent"}
    share = row["improvement"], row["improvement_low"], row["improvement_high"]
    typical = row["typical"], row["typical_low"], row["typical_high"], row["typical_note"]
    mean = row["difference"], row["low"], row["high"], row["difference_note"]
    outcome = outcomes.get(row["verdict"], "undecided")
    even = 0.5 if outcome in ("a", "b") else np.nan
    return Pair(
        a=str(row["a"]),
        b=str(row["b"]),
        n=(int(row["n_a"]), int(row["n_b"])),
        share=Measured(*share, row["p_note"], PERCENT, excluded=even),
        tied=row["tied"],
        typical=Measured(*typical, unit),
        mean=Measured(*mean, unit),
        p=row["p_corrected"],
        outcome=outcome,
        size=row["size"],
        needed=row["seeds_needed"],
        least=int(row["seeds_least"]),
    )


def shown(found: Sequence[Pair], best: str | None) -> tuple[Pair, ...]:
    """All pairs if they are few; else those with the best."""
    if len(found) > SHOWN and best is not None:
        found = [pair for pair in found if best in (pair.a, pair.b)]
    return tuple(found[:SHOWN])


@dataclass(frozen=True)
class Ranking:
    """What all pairs of some configurations say together.

    Outcomes: "none" (no scores), "alone" (one configuration), "too few" (so few seeds can never
    decide), "one" (the seeds of one beat those of each other one), "some" (some are beaten for
    sure), "equivalent" (all pairs are), "undecided".
    """

    outcome: Leading
    best: str | None  # whose seeds win most often
    top: tuple[str, ...]  # beaten by none for sure
    beaten: tuple[str, ...]  # beaten by one for sure
    sure: tuple[Pair, ...]
    equivalent: tuple[str, ...]  # some of which each two are, with the most equivalents first
    nearest: Pair | None  # the undecided pair with the best that takes fewest more seeds
    seeds: int  # on the smaller side of the pair where that has most
    least: int  # seeds of each that a verdict takes


def ranking(found: Sequence[Pair], names: Iterable[str]) -> Ranking:
    """Who leads.

    Args:
      found: pairs of the configurations.
      names: of the configurations that have scores.
    """
    known = tuple(names)
    wins = {
        name: [_win(pair, name) for pair in found if name in (pair.a, pair.b)] for name in known
    }
    best = max(known, key=lambda name: np.mean(wins[name] or [0.5]), default=None)
    sure = tuple(pair for pair in found if pair.sure)
    beaten = tuple(name for name in known if any(pair.loser == name for pair in sure))
    top = tuple(name for name in known if name not in beaten)
    tested = [pair for pair in found if pair.seeds > 1]
    seeds = max((pair.seeds for pair in tested), default=1)
    least = min((pair.least for pair in found), default=2)
    outcome: Leading
    if len(known) < 2:
        outcome = "alone" if known else "none"
    elif seeds < least:
        outcome = "too few"
    elif not sure:
        alike = all(pair.outcome == "equivalent" for pair in found)
        outcome = "equivalent" if alike else "undecided"
    else:
        beats_all = sum(pair.winner == best for pair in sure) == len(known) - 1
        outcome = "one" if beats_all else "some"
    open_pairs = [
        p for p in found if p.outcome == "undecided" and best in (p.a, p.b) and p.more is not None
    ]
    nearest = min(open_pairs, key=lambda pair: pair.needed, default=None)
    return Ranking(outcome, best, top, beaten, sure, _equivalent(found), nearest, seeds, least)


def _equivalent(found: Sequence[Pair]) -> tuple[str, ...]:
    """Configurations of which each two are equivalent, taken in turn from the most equivalents."""
    alike: dict[str, set[str]] = {}
    for pair in found:
        if pair.outcome == "equivalent":
            alike.setdefault(pair.a, set()).add(pair.b)
            alike.setdefault(pair.b, set()).add(pair.a)
    group: list[str] = []
    for name in sorted(alike, key=lambda name: -len(alike[name])):
        if alike[name].issuperset(group):
            group.append(name)
    return tuple(group)


def _win(pair: Pair, name: str) -> float:
    return pair.share.value if pair.a == name else 1 - pair.share.value
