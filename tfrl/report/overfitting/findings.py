"""The numbers behind the overfitting part of a page: those of all environments of one id."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from tfrl import conditions
from tfrl.analysis import (
    evidence,
    generalization,
    levels,
    overfitting,
    remedies,
    returns,
    selection,
    thresholds,
)
from tfrl.analysis.overfitting import HELD_OUT, Measure
from tfrl.analysis.resampling import generator
from tfrl.conditions import DEFAULT, Conditions
from tfrl.harness.storage import Results
from tfrl.harness.study import Environment, Study

ON_R = "on R"  # the remedy that is no configuration: training on R instead of D
CHOSEN_ON = (1, 2, 3, 5)  # seeds


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
    verdicts: pd.DataFrame  # as `overfitting.verdicts`: to unseen levels, and of what is lost on
    # a variation by not having been trained on it, where other runs were
    plain: pd.DataFrame  # the same of the plain differences to other variations
    in_return: pd.DataFrame  # both of the return, at the last evaluation
    since: tuple[int, ...]  # evaluations from which growth is counted: the first, and the middle
    growth: pd.DataFrame  # [since] and as `overfitting.widening`, of that policy
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
    def kind(self) -> str:
        """What its intervals of gaps are, among `coverage.HOLDS`."""
        return "gap" if self.finite else "mean gap"

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
    """Whether it is trained on other conditions than usual; tests on more are but one section."""
    usual = Conditions()
    return any(replace(e.conditions, test=usual.test) != usual for e in study.environments)


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
    end = scores[scores["step"] == study.steps]
    policy = overfitting.policy(environment_id)
    gaps, plain = _gaps(environments, scores, measure)
    played = levels.played(evaluations[_finite(evaluations, environments)], measure.column, limit)
    mine = gaps[gaps["policy"] == policy]
    since = _since(scores["step"].unique(), study.steps)
    growth = [
        overfitting.widening(mine, step, study.steps, measure, episodes, played).assign(since=step)
        for step in since or (study.steps,)
    ]
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
        verdicts=overfitting.verdicts(gaps, measure, episodes, played),
        plain=overfitting.verdicts(plain, measure, episodes),
        in_return=_in_return(environments, end, episodes),
        since=since,
        growth=pd.concat(growth).head(None if since else 0),
        matrix=matrix,
        summaries=_summaries(environments, matrix),
        cells=generalization.cells(evaluations, limit, study.steps, size),
        remedies=_remedies(
            results, environments, mine[mine["step"] == study.steps], measure, played
        ),
        optimism=_optimism(study, environments, matrix, measure),
        final=evidence.summarise(
            returns.final_scores(evaluations, study.steps, policy), runs, "final return"
        ),
    )


def _gaps(
    environments: tuple[Environment, ...], scores: pd.DataFrame, measure: Measure
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Those that are judged, and the plain differences to other variations."""
    floors = overfitting.floors(environments[0].id, measure)
    found = overfitting.gaps(scores, measure, floors)
    unseen = found["tested"] == HELD_OUT
    counts = {e.name: float(e.conditions.num_levels) for e in environments}
    lost = generalization.lost(scores, measure, floors, counts)
    return pd.concat([found[unseen], lost], ignore_index=True), found[~unseen]


def _in_return(
    environments: tuple[Environment, ...], scores: pd.DataFrame, episodes: int
) -> pd.DataFrame:
    """Gaps of the return, for the CSV, with no regard to the chance of which levels there were."""
    measure = overfitting.mean_return(environments[0].id)
    parts = zip(("judged", "plain"), _gaps(environments, scores, measure), strict=True)
    return pd.concat(
        [overfitting.verdicts(part, measure, episodes).assign(kind=kind) for kind, part in parts]
    )


def _finite(frame: pd.DataFrame, environments: tuple[Environment, ...]) -> pd.Series:
    """Which rows are of environments that train on a finite number of levels."""
    return frame["environment"].isin([e.name for e in environments if e.conditions.levels])


def _since(steps: Collection[int], budget: int) -> tuple[int, ...]:
    """The first evaluation after training has begun, and the last in its first half."""
    middle = overfitting.middle(steps, budget)
    return () if middle is None else tuple(sorted({min(s for s in steps if s > 0), middle}))


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
    results: Results,
    environments: tuple[Environment, ...],
    gaps: pd.DataFrame,
    measure: Measure,
    played: pd.DataFrame,
) -> pd.DataFrame:
    """What each remedy that the study has did to the gap it is meant for.

    For training on R instead of D that is what is lost on E by not having been trained on it. For
    regularisation it is the gap to unseen levels where their number is finite, and if it nowhere
    is, what is lost on other variations.
    """
    episodes = results.study.evaluation.episodes
    plain, remedy = _sides(environments, gaps)
    by = ["configuration", "tested"]
    on_r = remedies.paired(plain, remedy, by, measure, episodes)
    found = [on_r.assign(remedy=ON_R, where="E", added="training on R instead of D")]
    finite, unseen = _finite(gaps, environments), gaps["tested"] == HELD_OUT
    aim = gaps[finite & unseen] if finite.any() else gaps[~unseen]
    for pair in remedies.regularised(results.settings):
        plain, remedy = (aim[aim["configuration"] == name] for name in (pair.plain, pair.remedy))
        one = remedies.paired(plain, remedy, ["environment", "tested"], measure, episodes, played)
        one = one.assign(where=one["environment"].astype(str))
        found.append(one.assign(remedy=pair.remedy, configuration=pair.plain, added=pair.added))
    table = pd.concat(found, ignore_index=True).drop(columns="environment", errors="ignore")
    first = ["remedy", "configuration", "added", "where"]
    return table[[*first, *(column for column in table if column not in first)]]


def _sides(
    environments: tuple[Environment, ...], gaps: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is lost on E by runs that were trained on D, and by those that were trained on R."""
    found = []
    for variation in (DEFAULT, "R"):
        environment = unbounded(environments, variation)
        mine = gaps["environment"] == (environment.name if environment else "")
        found.append(gaps[mine & (gaps["tested"] == "E")])
    return found[0], found[1]


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
                key = generator(environment.name, "optimism", str(k))
                found = selection.optimism(wide.to_numpy(float), k, key)
                rows.append(
                    {"environment": environment.name, "optimism": found.optimism} | vars(found)
                )
    columns = ["environment", "optimism", *selection.Optimism.__dataclass_fields__]
    return pd.DataFrame(rows, columns=columns)
