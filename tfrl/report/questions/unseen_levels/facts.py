"""Gaps between the levels that were trained on and unseen levels."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl import variations
from tfrl.analysis import overfitting
from tfrl.analysis.overfitting import HELD_OUT
from tfrl.analysis.sign_test import ALPHA
from tfrl.report.estimates import IntervalEstimate
from tfrl.report.gaps import Gap, GapTest, gap_from_row, gap_test
from tfrl.report.generalization_data import GeneralizationData


@dataclass(frozen=True)
class Facts:
    """Gaps to unseen levels in all environments of one id."""

    data: GeneralizationData
    outcome: str  # of `GapTest`, or "control" (no environment has finite levels)
    fewest: int | None  # levels of the environment that trains on fewest
    test: GapTest  # of the gaps there
    gaps: tuple[Gap, ...]  # of finite numbers of levels
    up_to: int | None  # the most levels on which a gap is sure for some agent
    control: tuple[Gap, ...]  # of unbounded levels, where no gap is expected
    control_shows: int  # gaps among the control
    seeds_of_control: int  # that learned, at most
    other_policy: tuple[tuple[str, IntervalEstimate], ...]  # gaps of the policy that is not judged
    lines: pd.DataFrame  # [configuration, tested, levels, seed, score, mean, low, high]
    counts: tuple[float, ...]
    tables: dict[str, pd.DataFrame]

    @property
    def leads(self) -> bool:
        """True if the answer belongs on the first screen."""
        return self.outcome != "control" or self.control_shows > 0


def find(data: GeneralizationData) -> Facts | None:
    """Returns the facts; None if nothing was evaluated."""
    unseen = data.gaps[data.gaps["tested"] == HELD_OUT]
    if unseen.empty:
        return None
    last = data.final(unseen)
    verdicts = data.verdicts[data.verdicts["tested"] == HELD_OUT]
    gaps = [gap_from_row(row, data) for row in data.judged_policy(verdicts).to_dict("records")]
    levels = {e.name: e.level_config.num_levels for e in data.finite}
    finite = tuple(gap for gap in gaps if gap.environment in levels)
    control = tuple(gap for gap in gaps if gap.environment not in levels and gap.seeds)
    sure = [levels[gap.environment] for gap in finite if gap.verdict == "gap"]
    fewest = data.finite[0].name if levels else ""
    first = tuple(gap for gap in finite if gap.environment == fewest)
    # With finite levels, a share of the error is for the chance of which levels are trained on.
    error = (1 - overfitting.FOR_LEVELS if levels else 1) * ALPHA
    by_seed = last[last["environment"] == fewest]
    test = gap_test(first, by_seed, data.num_tests(last), error, data)
    return Facts(
        data=data,
        outcome=test.outcome if levels else "control",
        fewest=levels.get(fewest),
        test=test,
        gaps=finite,
        up_to=max(sure, default=None),
        control=control,
        control_shows=sum(gap.verdict == "gap" for gap in control),
        seeds_of_control=max((gap.seeds for gap in control), default=0),
        other_policy=_other_policy(verdicts, fewest, data),
        lines=_lines(data) if data.several_levels else pd.DataFrame(),
        counts=tuple(sorted({e.level_config.levels or np.inf for e in data.environments})),
        tables={"gaps": verdicts, "by-seed": last, "agents": test.agents},
    )


def _other_policy(
    verdicts: pd.DataFrame, environment: str, data: GeneralizationData
) -> tuple[tuple[str, IntervalEstimate], ...]:
    """Returns the gaps of the other policy in one environment."""
    rows = verdicts[(verdicts["policy"] != data.policy) & (verdicts["n"] > 0)]
    rows = rows[rows["environment"] == environment]
    return tuple(
        (str(name), IntervalEstimate(gap, unit=data.points))
        for name, gap in zip(rows["configuration"], rows["gap"], strict=True)
    )


def _lines(data: GeneralizationData) -> pd.DataFrame:
    """Returns each seed's scores by the number of training levels, in the unit of the figure."""
    counts = {e.name: e.level_config.levels or np.inf for e in data.environments}
    end = data.final(data.scores)
    end = end[end["variation"] != variations.GRID]
    scale = data.unit.scale
    end = end.assign(
        tested=end["split"].where(end["split"] != "shifted", end["variation"]),
        levels=end["environment"].astype(str).map(counts).astype(float),
        score=scale * end[data.noun],
    )
    by = ["configuration", "tested", "levels"]
    means = overfitting.over_seeds(end, by, "score").drop(columns=["n", "note"])
    means[["low", "high"]] = means[["low", "high"]].clip(*(scale * end for end in data.limits))
    return end[[*by, "seed", "score"]].merge(means, on=by)
