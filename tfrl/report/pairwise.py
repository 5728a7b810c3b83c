"""Pairwise comparisons of configurations, and the ranking that follows from them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from tfrl.report.estimates import PERCENT, PLAIN, IntervalEstimate, Unit, from_row

SHOWN = 15  # pairs in a table or figure; the CSV has all

Outcome = Literal["a", "b", "equivalent", "undecided"]
Leading = Literal["none", "alone", "too few", "one", "some", "equivalent", "undecided"]


@dataclass(frozen=True)
class Pair:
    """The comparison of configurations a and b: a row of `comparisons.compare`."""

    a: str
    b: str
    n: tuple[int, int]  # seeds of a and of b
    share: IntervalEstimate  # of pairs of seeds in which a beats b; a tie counts one half
    tied: float  # share of pairs of seeds
    typical: IntervalEstimate  # median difference, a - b
    mean: IntervalEstimate  # difference of the means; no verdict uses it
    p: float  # corrected
    outcome: Outcome
    size: str  # "by as much as matters", "by less than matters", or "" if not sure
    needed: float  # seeds of each for a verdict; infinite if too many, NaN if not known
    least: int  # seeds of each that any verdict takes

    @property
    def winner(self) -> str:
        """The configuration whose seeds win more often, sure or not."""
        return self.a if self.share.value >= 0.5 else self.b

    @property
    def loser(self) -> str:
        """The other configuration."""
        return self.b if self.winner == self.a else self.a

    @property
    def sure(self) -> bool:
        """True if one configuration wins more often for sure."""
        return self.outcome in ("a", "b")

    @property
    def won(self) -> IntervalEstimate:
        """The share of pairs of seeds in which the winner beats the loser."""
        if self.winner == self.a:
            return self.share
        low, high = 1 - self.share.high, 1 - self.share.low
        return replace(self.share, value=1 - self.share.value, low=low, high=high)

    @property
    def lead(self) -> IntervalEstimate:
        """The typical difference, winner minus loser."""
        return self.typical if self.winner == self.a else self.typical.negated

    @property
    def seeds(self) -> int:
        """Seeds of the side that has fewer."""
        return min(self.n)

    @property
    def more(self) -> int | None:
        """The further seeds of each that would decide; None if not known or too many."""
        return None if not np.isfinite(self.needed) else max(int(self.needed) - self.seeds, 0)


def pairs(table: pd.DataFrame, unit: Unit = PLAIN) -> tuple[Pair, ...]:
    """Returns the rows of `comparisons.compare`; `unit` is that of differences."""
    return tuple(_pair(row, unit) for row in table.to_dict("records"))


def _pair(row: dict[str, Any], unit: Unit) -> Pair:
    outcomes: dict[str, Outcome] = {"a higher": "a", "b higher": "b", "equivalent": "equivalent"}
    outcome = outcomes.get(row["verdict"], "undecided")
    share = row["improvement"], row["improvement_low"], row["improvement_high"]
    even = 0.5 if outcome in ("a", "b") else np.nan
    return Pair(
        a=str(row["a"]),
        b=str(row["b"]),
        n=(int(row["n_a"]), int(row["n_b"])),
        share=IntervalEstimate(*share, row["p_note"], PERCENT, excluded=even),
        tied=row["tied"],
        typical=from_row(row, "typical", unit, "typical_"),
        mean=IntervalEstimate(
            row["difference"], row["low"], row["high"], row["difference_note"], unit
        ),
        p=row["p_corrected"],
        outcome=outcome,
        size=row["size"],
        needed=row["seeds_needed"],
        least=int(row["seeds_least"]),
    )


def shown(pairs: Sequence[Pair], best: str | None) -> tuple[Pair, ...]:
    """Returns at most `SHOWN` pairs; if there are more, those with the best configuration."""
    if len(pairs) > SHOWN and best is not None:
        pairs = [pair for pair in pairs if best in (pair.a, pair.b)]
    return tuple(pairs[:SHOWN])


@dataclass(frozen=True)
class Ranking:
    """The ranking of some configurations, from all their pairs.

    Outcomes: "none" (no scores), "alone" (one configuration), "too few" (seeds for any verdict),
    "one" (one configuration beats each other one for sure), "some" (some are beaten for sure),
    "equivalent" (all pairs are), "undecided".
    """

    outcome: Leading
    best: str | None  # the configuration whose seeds win most often
    top: tuple[str, ...]  # beaten by none for sure
    beaten: tuple[str, ...]  # beaten by one for sure
    sure: tuple[Pair, ...]
    equivalent: tuple[str, ...]  # a group in which every pair is equivalent
    nearest: Pair | None  # the undecided pair of the best that needs the fewest seeds
    seeds: int  # of the smaller side, in the pair where that is largest
    least: int  # seeds of each that a verdict takes


def ranking(pairs: Sequence[Pair], names: Iterable[str]) -> Ranking:
    """Returns the ranking.

    Args:
      pairs: all pairs of the configurations.
      names: of the configurations with scores.
    """
    configurations = tuple(names)
    wins = {
        name: [
            pair.share.value if pair.a == name else 1 - pair.share.value
            for pair in pairs
            if name in (pair.a, pair.b)
        ]
        for name in configurations
    }
    best = max(configurations, key=lambda name: np.mean(wins[name] or [0.5]), default=None)
    sure = tuple(pair for pair in pairs if pair.sure)
    beaten = tuple(name for name in configurations if any(pair.loser == name for pair in sure))
    top = tuple(name for name in configurations if name not in beaten)
    tested = [pair for pair in pairs if pair.seeds > 1]
    seeds = max((pair.seeds for pair in tested), default=1)
    least = min((pair.least for pair in pairs), default=2)
    outcome: Leading
    if len(configurations) < 2:
        outcome = "alone" if configurations else "none"
    elif seeds < least:
        outcome = "too few"
    elif not sure:
        equal = all(pair.outcome == "equivalent" for pair in pairs)
        outcome = "equivalent" if equal else "undecided"
    else:
        beats_all = sum(pair.winner == best for pair in sure) == len(configurations) - 1
        outcome = "one" if beats_all else "some"
    open_pairs = [
        p for p in pairs if p.outcome == "undecided" and best in (p.a, p.b) and p.more is not None
    ]
    nearest = min(open_pairs, key=lambda pair: pair.needed, default=None)
    return Ranking(outcome, best, top, beaten, sure, _equivalent(pairs), nearest, seeds, least)


def _equivalent(pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Returns a group in which every pair is equivalent, greedily from the most equivalents."""
    partners: dict[str, set[str]] = {}
    for pair in pairs:
        if pair.outcome == "equivalent":
            partners.setdefault(pair.a, set()).add(pair.b)
            partners.setdefault(pair.b, set()).add(pair.a)
    group: list[str] = []
    for name in sorted(partners, key=lambda name: -len(partners[name])):
        if partners[name].issuperset(group):
            group.append(name)
    return tuple(group)
