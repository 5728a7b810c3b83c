"""Question 4: how much do the seeds decide?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import reproducibility
from tfrl.analysis.superiority import MOST_SEEDS
from tfrl.report.blocks import Answer, Cell, Heading, Method, Note, Part, Picture, Section, Table
from tfrl.report.drawings import chance
from tfrl.report.performance import cells, pairs
from tfrl.report.performance.better import Better
from tfrl.report.performance.ground import Ground
from tfrl.report.records import agent
from tfrl.report.wording import listed, number, plural, sample

CLAIM = "How much do the seeds decide?"


@dataclass(frozen=True)
class Seeds:
    """What splits and draws of the seeds say."""

    splits: dict[str, reproducibility.AA]  # by configuration
    table: pd.DataFrame  # as `reproducibility.aa_table`
    wrong: pd.DataFrame  # as `reproducibility.wrong_winners`


def find(ground: Ground) -> Seeds:
    """The statistics, of the final score."""
    scores = ground.own(ground.final)
    values = {
        name: scores.loc[scores["configuration"] == name, "score"] for name in ground.headline
    }
    return Seeds(
        splits={
            name: reproducibility.aa(own.to_numpy(float), ground.name, name)
            for name, own in values.items()
        },
        table=reproducibility.aa_table(scores),
        wrong=_half(reproducibility.wrong_winners(scores)),
    )


def _half(wrong: pd.DataFrame) -> pd.DataFrame:
    """Draws of no more than half of a pair's seeds: all of them could not give another order."""
    if wrong.empty:
        return wrong
    few = wrong["k"] <= wrong[["n_a", "n_b"]].min(axis=1) / 2
    known = wrong.assign(
        wrong=wrong["wrong"].where(few),
        note=wrong["note"].where(few, "more than half of the seeds"),
    )
    return known[known["k"].isin(known.loc[few, "k"])]


def verdict(ground: Ground, found: Seeds, better: Better) -> Answer:
    """How far one agent differs from itself, in one sentence."""
    return Answer(CLAIM, "", (_luck(ground, found, better),))


def answer(ground: Ground, found: Seeds, better: Better) -> Answer:
    """That, and how often few seeds name the wrong winner."""
    return Answer("", "", (_luck(ground, found, better), *_wrong(ground, found)))


def _luck(ground: Ground, found: Seeds, better: Better) -> str:
    """How far apart two halves of the same agent's seeds can be, beside the agents' differences."""
    known = found.table[found.table["largest"].notna()] if len(found.table) else found.table
    if known.empty:
        return "Too few finished runs to say: four seeds of an agent are needed."
    row = known.loc[known["largest"].idxmax()]
    if row["largest"] == 0:
        return f"No two halves of any agent's seeds differ ({sample(int(row['n']))})."
    label = ground.looks[row["configuration"]].label
    splits = f"{plural(int(row['splits']), 'split')}, {sample(int(row['n']))}"
    text = (
        f"Two halves of {label}'s own seeds typically differ by {cells.figure(row['typical'])} in "
        f"mean final return ({splits})"
    )
    differences = better.final_pairs["difference"].abs().dropna()
    if differences.empty:
        return f"{text}, at most by {cells.figure(row['largest'])}."
    widest = better.final_pairs.loc[differences.idxmax()]
    apart = np.abs(found.splits[row["configuration"]].differences)
    share = cells.percent(float(np.mean(apart >= differences.max() * (1 - 1e-12))))
    return (
        f"{text}, and in {share} of the splits by no less than the two agents farthest apart "
        f"({cells.figure(differences.max())}, {pairs.label(widest, ground.looks)})."
    )


def _wrong(ground: Ground, found: Seeds) -> list[str]:
    """How often few seeds name the wrong winner, for the pair where that is most likely."""
    if found.wrong.empty:
        return []
    known = found.wrong.dropna(subset=["wrong"])
    known = known[known["n_a"].gt(1) & known["n_b"].gt(1)]
    if known.empty:
        return []
    least = known["k"].min()
    start = known[known["k"] == least]
    row = start.loc[start["wrong"].idxmax()]
    same = known[(known["a"] == row["a"]) & (known["b"] == row["b"]) & (known["k"] > least)]
    later = same[same["k"] == same["k"].max()]
    then = "".join(
        f", {plural(int(one.k), 'seed')} in {cells.percent(one.wrong)}"
        for one in later.itertuples()
    )
    names = listed([ground.looks[row[side]].label for side in ("a", "b")])
    return [
        f"Of {names}, {plural(int(least), 'seed')} each would name the wrong winner in "
        f"{cells.percent(row['wrong'])} of draws{then} "
        f"({sample(int(row['n_a']), int(row['n_b']))})."
    ]


def _needed(ground: Ground, better: Better) -> list[str]:
    """For how many pairs this study has enough seeds."""
    rows = better.final_pairs
    if rows.empty:
        return []
    has = rows[["n_a", "n_b"]].min(axis=1)
    unsure = rows[rows["verdict"] == "inconclusive"]
    lacking = rows["seeds_needed"] > has
    short = rows[lacking & np.isfinite(rows["seeds_needed"])]
    text = f"Of {plural(len(rows), 'pair')}, {len(unsure)} {_are(len(unsure))} inconclusive"
    if len(short):
        most = short.loc[short["seeds_needed"].idxmin()]
        text += (
            f": the nearest to an answer, {pairs.label(most, ground.looks)}, needs "
            f"{number(most['seeds_needed'])} seeds of each; this study has "
            f"{min(most['n_a'], most['n_b'])}"
        )
    return [f"{text}."]


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def section(ground: Ground, found: Seeds, better: Better) -> Section:
    """The answer, the figures, the table, and how it was computed."""
    parts: list[Part] = [answer(ground, found, better)]
    if any(len(split.differences) for split in found.splits.values()):
        parts.append(_splits(ground, found))
    if len(found.wrong):
        parts.append(_pairs(ground, found, better))
    parts += [Heading("Each agent against itself"), _table(ground, found)]
    if len(found.wrong):
        parts += [Heading("The wrong winner"), _winners(ground, found, better)]
    parts.append(Method(_notes()))
    return Section(f"{ground.name}-seeds", f"4. {CLAIM}", tuple(parts), "4. Seeds")


def _splits(ground: Ground, found: Seeds) -> Picture:
    """Each agent against itself."""
    rows = found.table.set_index("configuration")
    remarks = {}
    for name, split in found.splits.items():
        rejected = rows["rejected"].get(name, np.nan)
        share = f"p < .05 in {cells.percent(rejected)}" if np.isfinite(rejected) else split.note
        remarks[name] = share
    differences = {  # which half goes first is of no meaning
        name: np.concatenate([split.differences, -split.differences])
        for name, split in found.splits.items()
    }
    label = "final return, one half − the other"
    wide, narrow = (
        chance.splits(differences, remarks, ground.looks, label, narrow) for narrow in (False, True)
    )
    caption = (
        "A/A test: each agent against itself. Its seeds are split into two halves in every way; "
        "how far apart the halves' means lie. Nothing differs but the seeds, so whatever is seen "
        "here is what chance alone would have had somebody publish."
    )
    alt = f"A hill of differences for each agent. {caption}"
    return Picture(f"{ground.name}-aa", alt, caption, wide, narrow)


def _pairs(ground: Ground, found: Seeds, better: Better) -> Picture:
    """The wrong winner by k, and seeds needed beside those there are."""
    rows = pairs.shown(better.final_pairs, better.best)
    drawn = [_pair(ground, found, row) for _, row in rows.iterrows()]
    wide, narrow = (chance.pairs(drawn, MOST_SEEDS, narrow) for narrow in (False, True))
    caption = (
        "Wrong winners: k seeds drawn of each agent, how often the order of their means is not "
        "that of all seeds; dotted, a coin's toss. Seeds needed: of each agent, for a verdict in "
        "80% of studies with seeds like these; the tick is what this study has. "
        f"{' '.join(_needed(ground, better))}"
    )
    alt = f"A row for each pair of agents. {caption}"
    return Picture(f"{ground.name}-winners", alt, caption, wide, narrow)


def _pair(ground: Ground, found: Seeds, row: pd.Series) -> chance.Pair:
    mine = found.wrong[(found.wrong["a"] == row["a"]) & (found.wrong["b"] == row["b"])]
    return chance.Pair(
        label=pairs.label(row, ground.looks),
        colours=(ground.looks[row["a"]].colour, ground.looks[row["b"]].colour),
        wrong=mine.set_index("k")["wrong"],
        needed=row["seeds_needed"],
        note=row["seeds_note"],
        n=min(row["n_a"], row["n_b"]),
    )


def _table(ground: Ground, found: Seeds) -> Table:
    """Each agent against itself, a row per configuration."""
    rows = []
    for _, row in found.table.iterrows():
        note = row["note"]
        rows.append(
            (
                agent(ground.looks[row["configuration"]], ground.lacking(row["configuration"])),
                Cell(f"{row['n']}", number=True),
                Cell(f"{int(row['splits']):,}", number=True),
                cells.plain(row["typical"], note),
                cells.plain(row["largest"], note),
                cells.percents(row["rejected"], np.nan, np.nan, note),
            )
        )
    head = ("Agent", "Seeds", "Splits", "Typical difference", "Largest", "p < .05")
    caption = "Differences between the mean final returns of two halves of one agent's seeds."
    slug = f"{ground.name}-aa"
    return Table("Each agent against itself", slug, caption, head, tuple(rows), found.table)


def _winners(ground: Ground, found: Seeds, better: Better) -> Table:
    """How often k seeds name the wrong winner, and seeds needed: a row per pair."""
    ks = [int(k) for k in sorted(found.wrong["k"].unique())]
    rows = []
    for _, pair in pairs.shown(better.final_pairs, better.best).iterrows():
        mine = found.wrong[(found.wrong["a"] == pair["a"]) & (found.wrong["b"] == pair["b"])]
        shares = (
            cells.percents(row["wrong"], np.nan, np.nan, row["note"])
            for _, row in mine.set_index("k").loc[ks].iterrows()
        )
        name = Cell(pairs.label(pair, ground.looks), sample(pair["n_a"], pair["n_b"]))
        rows.append((name, *shares, pairs.needed(pair)))
    head = ("Pair", *(plural(k, "seed") for k in ks), "Seeds needed")
    slug = f"{ground.name}-wrong-winner"
    caption = (
        "Share of draws of so many seeds of each agent that order the two otherwise than all "
        "seeds do; and the seeds needed to tell them apart."
    )
    return Table("How often k seeds mislead", slug, caption, head, tuple(rows), found.wrong)


def _notes() -> tuple[Note, ...]:
    return (
        Note(
            "A/A test",
            "All ways to split one agent's seeds into two halves, 126 for ten seeds and 92,378 for "
            "twenty; a sample of them where there are more than 200,000. Henderson et al. "
            "(2018, arXiv:1709.06560) show one such split, in which TRPO "
            "differs from itself; here is the whole distribution. p is Welch's. Means of half the "
            "seeds differ by about 1.4 times (√2) as much as means of all would, to be borne in "
            "mind beside the agents' differences.",
        ),
        Note(
            "Wrong winner",
            "k seeds of each agent are drawn without replacement and their means compared; the "
            "right order is that of the means of all seeds, itself only an estimate, which a "
            "single seed that collapsed may have set: so more than half of the draws can be wrong. "
            "Ties count one half. No more than half of the seeds are drawn.",
        ),
        Note(
            "Seeds needed",
            "Of each agent, for 80% power of a two-sided test if the true difference and spreads "
            "are those seen (Colas et al. 2018, arXiv:1806.08295), at .05 divided by the pairs of "
            "question 1, since the verdicts are corrected for all of them.",
        ),
    )
