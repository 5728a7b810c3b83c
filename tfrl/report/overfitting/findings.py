"""The numbers behind the overfitting part of a page: those of all environments of one id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from tfrl import conditions
from tfrl.analysis import (
    evidence,
    generalization,
    overfitting,
    remedies,
    returns,
    selection,
    thresholds,
)
from tfrl.analysis.overfitting import HELD_OUT, Measure
from tfrl.conditions import DEFAULT, Conditions
from tfrl.harness.storage import Results
from tfrl.harness.study import Environment, Study

ON_R = "on R"  # the remedy that is no configuration: training on R instead of D
EVERYWHERE = "all"  # environments of the family, as the place of a remedy
CHOSEN_ON = (1, 2, 3, 5)  # seeds
SIDES = ["reference", "score", "gap"]


@dataclass(frozen=True)
class Family:
    """What the runs of all environments of one id say; each frame holds those only."""

    id: str
    study: Study
    environments: tuple[Environment, ...]
    labels: Mapping[str, str]  # by name of the environment: "R", "10 levels"
    policy: str  # that is judged, "greedy" or "stochastic"
    measure: Measure  # success, or the return where it is not known what success is
    scores: pd.DataFrame  # as `overfitting.scores`
    gaps: pd.DataFrame  # as `overfitting.gaps`
    verdicts: pd.DataFrame  # as `overfitting.verdicts`
    in_return: pd.DataFrame  # the same of the return, at the last evaluation
    middle: int | None  # the evaluation half-way through training
    growth: pd.DataFrame  # as `overfitting.widening`, of that policy; empty without a middle
    matrix: pd.DataFrame  # as `generalization.matrix`
    summaries: pd.DataFrame  # as `generalization.summaries`; empty if there is none
    cells: pd.DataFrame  # as `generalization.cells`
    remedies: pd.DataFrame  # [remedy, configuration, where] and as `remedies.paired`
    optimism: pd.DataFrame  # a row for each environment and number of seeds that choose
    final: pd.DataFrame  # final returns, as `evidence.summarise`

    @property
    def finite(self) -> tuple[Environment, ...]:
        """The environments that train on a finite number of levels."""
        return tuple(e for e in self.environments if e.conditions.levels is not None)

    @property
    def several_levels(self) -> bool:
        """Whether its environments differ in the number of levels."""
        return len({environment.conditions.levels for environment in self.environments}) > 1

    @property
    def variations(self) -> tuple[str, ...]:
        """All that is trained on or tested on, in the environment's order, without the grid."""
        met = {v for e in self.environments for v in (e.conditions.variation, *e.conditions.test)}
        return tuple(v for v in conditions.variations(self.id) if v in met - {conditions.GRID})

    def last(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of the policy that is judged at the last evaluation."""
        return frame[(frame["step"] == self.study.steps) & (frame["policy"] == self.policy)]


def asks_about_overfitting(study: Study) -> bool:
    """Whether an environment restricts the levels, varies the physics or is tested on more."""
    return any(environment.conditions != Conditions() for environment in study.environments)


def families(results: Results) -> tuple[Family, ...]:
    """The environments of the study by id, in its order."""
    ids = dict.fromkeys(environment.id for environment in results.study.environments)
    return tuple(family(results, environment_id) for environment_id in ids)


def family(results: Results, environment_id: str) -> Family:
    """All statistics of the environments of one id."""
    study = results.study
    environments = tuple(e for e in study.environments if e.id == environment_id)
    names = [environment.name for environment in environments]
    evaluations, runs = (
        frame[frame["environment"].isin(names)] for frame in (results.evaluations, results.runs)
    )
    limit, episodes = thresholds.success(environment_id), study.evaluation.episodes
    measure = overfitting.success(environment_id) or overfitting.mean_return(environment_id)
    scores = overfitting.scores(evaluations, limit)
    gaps = overfitting.gaps(scores, measure)
    in_return = overfitting.mean_return(environment_id)
    end = scores[scores["step"] == study.steps]
    middle = overfitting.middle(scores["step"].unique(), study.steps)
    policy = overfitting.policy(environment_id)
    judged = gaps[gaps["policy"] == policy]
    matrix = generalization.matrix(scores, study.steps, policy)
    lattice = conditions.grid(environment_id)
    size = len(lattice.x.values) * len(lattice.y.values) if lattice else 1
    return Family(
        id=environment_id,
        study=study,
        environments=environments,
        labels=labels(environments),
        policy=policy,
        measure=measure,
        scores=scores,
        gaps=gaps,
        verdicts=overfitting.verdicts(gaps, measure, episodes),
        in_return=overfitting.verdicts(overfitting.gaps(end, in_return), in_return, episodes),
        middle=middle,
        growth=_growth(judged, middle, study, measure),
        matrix=matrix,
        summaries=_summaries(environments, matrix),
        cells=generalization.cells(evaluations, limit, study.steps, size),
        remedies=_remedies(results, environments, judged[judged["step"] == study.steps], measure),
        optimism=_optimism(study, environments, matrix, measure),
        final=evidence.summarise(
            returns.final_scores(evaluations, study.steps, policy), runs, "final return"
        ),
    )


def _growth(gaps: pd.DataFrame, middle: int | None, study: Study, measure: Measure) -> pd.DataFrame:
    """By how much each gap grew in the second half of training, if there is an evaluation there."""
    first = study.steps if middle is None else middle
    rows = gaps if middle is not None else gaps.head(0)
    return overfitting.widening(rows, first, study.steps, measure, study.evaluation.episodes)


def labels(environments: tuple[Environment, ...]) -> dict[str, str]:
    """What each environment is called beside others of its id: by what they differ in."""
    several = {
        part: len({getattr(e.conditions, part) for e in environments}) > 1
        for part in ("variation", "levels")
    }
    found = {}
    for environment in environments:
        trained = environment.conditions
        parts = [trained.variation] if several["variation"] else []
        if several["levels"]:
            parts.append(f"{trained.levels:,} levels" if trained.levels else "unbounded levels")
        found[environment.name] = ", ".join(parts) or environment.name
    unique = len(set(found.values())) == len(found)
    return found if unique else {environment.name: environment.name for environment in environments}


def unbounded(environments: tuple[Environment, ...], variation: str) -> Environment | None:
    """The first environment that trains on all levels of a variation."""
    wanted = (variation, None)
    fits = (e for e in environments if (e.conditions.variation, e.conditions.levels) == wanted)
    return next(fits, None)


def _summaries(environments: tuple[Environment, ...], matrix: pd.DataFrame) -> pd.DataFrame:
    """Default, Interpolation and Extrapolation, if there is an environment for D and one for R."""
    found = [unbounded(environments, variation) for variation in "DR"]
    names = [environment.name for environment in found if environment]
    cells = matrix[matrix["environment"].isin(names)]
    whole = len(names) == 2 and cells["success"].notna().all()
    return generalization.summaries(cells if whole else cells.head(0))


def _remedies(
    results: Results, environments: tuple[Environment, ...], gaps: pd.DataFrame, measure: Measure
) -> pd.DataFrame:
    """What each remedy that the study has did to the gap it is meant for.

    That is the gap to E for training on R instead of D. For regularisation it is the gap to unseen
    levels where their number is finite, and if it nowhere is, to other variations.
    """
    study, episodes = results.study, results.study.evaluation.episodes
    on_r = compared(*sides(environments, gaps), measure, episodes)
    found = [on_r.assign(where="E", added="training on R instead of D")]
    settings = {
        c.name: (c.pipeline, results.hyperparameters.get(c.name, c.hyperparameters))
        for c in study.configurations
    }
    finite = gaps["environment"].isin([e.name for e in environments if e.conditions.levels])
    unseen = gaps["tested"] == HELD_OUT
    aim = gaps[finite & unseen] if finite.any() else gaps[~unseen]
    for pair in remedies.regularised(settings):
        plain, remedy = (aim[aim["configuration"] == name] for name in (pair.plain, pair.remedy))
        by = ["environment", "tested"]
        one = remedies.paired(plain, remedy, by, measure, episodes)
        pools = (pooled(_by_environment(plain)), pooled(_by_environment(remedy)))
        every = remedies.paired(*pools, ["tested"], measure, episodes).assign(where=EVERYWHERE)
        both = pd.concat([every, one.assign(where=one["environment"].astype(str))])
        found.append(both.assign(remedy=pair.remedy, configuration=pair.plain, added=pair.added))
    table = pd.concat(found, ignore_index=True).drop(columns="environment", errors="ignore")
    first = ["remedy", "configuration", "added", "where"]
    return table[[*first, *(column for column in table if column not in first)]]


def sides(
    environments: tuple[Environment, ...], gaps: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The gaps to E of runs that were trained on D, and of those that were trained on R."""
    found = []
    for variation in (DEFAULT, "R"):
        environment = unbounded(environments, variation)
        mine = gaps["environment"] == (environment.name if environment else "")
        found.append(gaps[mine & (gaps["tested"] == "E")].drop(columns="environment"))
    return found[0], found[1]


def compared(
    plain: pd.DataFrame, remedy: pd.DataFrame, measure: Measure, episodes: int
) -> pd.DataFrame:
    """Training on R instead of D, for each configuration."""
    found = remedies.paired(plain, remedy, ["configuration", "tested"], measure, episodes)
    return found.assign(remedy=ON_R)


def pooled(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Gaps of each run as the mean over environments, of seeds that all of them have."""
    if not parts:
        return pd.DataFrame(columns=["configuration", "seed", "tested", *SIDES])
    keys = ["configuration", "seed", "tested"]
    groups = pd.concat(parts).groupby(keys, observed=True)[SIDES]
    return groups.mean()[groups.size() == len(parts)].reset_index()


def _by_environment(gaps: pd.DataFrame) -> list[pd.DataFrame]:
    return [part for _, part in gaps.groupby("environment", observed=True)]


def _optimism(
    study: Study, environments: tuple[Environment, ...], matrix: pd.DataFrame, measure: Measure
) -> pd.DataFrame:
    """The optimism of choosing the best configuration, by its final score on held-out levels."""
    rows = []
    own = matrix[matrix["trained"] == matrix["tested"]]
    for environment in environments:
        mine = own[own["environment"] == environment.name]
        wide = mine.pivot(index="seed", columns="configuration", values=measure.column)
        wide = wide.dropna(axis=1, how="all").dropna()
        for k in CHOSEN_ON:
            if k < len(wide) and wide.shape[1] > 1:
                key = evidence.generator(environment.name, "optimism", str(k))
                found = selection.optimism(wide.to_numpy(float), k, key)
                rows.append(
                    {"environment": environment.name, "optimism": found.optimism} | vars(found)
                )
    columns = ["environment", "optimism", *selection.Optimism.__dataclass_fields__]
    return pd.DataFrame(rows, columns=columns)
