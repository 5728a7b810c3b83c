"""What a comparison with published runs came to, as the terminal shows it."""

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from tfrl.harness.published_results import Published
    from tfrl.harness.studies.study import Study
    from tfrl.harness.verification import VerifiedRun

_HEADERS = (
    "environment", "configuration", "runs", "change", "interval", "margin", "beyond it", "verdict"
)  # fmt: skip
_TESTS = """\
Typical change of a seed's final return, those here minus those published; the intervals hold
together with 95%. Beyond it: seeds that changed by more than the margin. Equivalent: the typical
change is within the margin. A real change: more seeds up than down, or down than up, by a sign test
at 5% for all rows together. Inconclusive: neither. docs/verdicts.md says how sure that is."""


def counted(checked: "Sequence[VerifiedRun]") -> str:
    """How many runs are the same bits, and how many could not be compared."""
    if not any(item.published for item in checked):
        whole = sum(item.stored is not None for item in checked)
        stored = whole + sum(item.is_invalid for item in checked)
        return f"{whole} of {stored} stored runs whole; nothing is published to compare with"
    compared = [item for item in checked if item.is_compared]
    same = sum(not item.difference for item in compared)
    besides = {
        "failed as when published": [
            i for i in checked if i.published and i.stored and not i.is_compared
        ],
        "published but not stored": [
            i for i in checked if i.published and not (i.stored or i.is_invalid)
        ],
        "damaged or not as planned": [i for i in checked if i.is_invalid],
        "stored but not published": [i for i in checked if i.stored and not i.published],
    }
    rest = [f"{len(items)} {what}" for what, items in besides.items() if items]
    counts = f"{same} of {len(compared)} runs bit-identical to the published ones"
    return "; ".join([counts, *rest])


def details(
    study: "Study", expected: "Published", checked: "Sequence[VerifiedRun]"
) -> Iterator[str]:
    """Lines on what differs, since when, how much that matters, and what it may come from."""
    from tfrl.harness import verification

    planned = sum(expected.outcome(run) is not None for run in study.runs())
    if planned < len(expected.outcomes):
        yield f"{len(expected.outcomes) - planned} published runs are not in the study any more."
    if changes := verification.changes(expected, checked):
        yield f"Since publication: {'; '.join(changes)}."
    differing: dict[tuple[str, str], list[int]] = {}
    for item in checked:
        if item.difference and not item.cannot_match:
            run = item.entry.run
            where = f"{run.environment.name}/{run.configuration.name}"
            differing.setdefault((where, item.difference), []).append(run.seed)
    for (where, how), seeds in differing.items():
        yield f"differs: {where}, {_listed(seeds)}: {how}"
    if any(item.difference for item in checked):
        yield from _by_cache(expected, checked)
        yield from _judged(study, checked)


def excuse(checked: "Sequence[VerifiedRun]") -> Iterator[str]:
    """A sentence on the runs that had to differ, if there are any."""
    pairs = sorted(
        {item.architectures for item in checked if item.cannot_match and item.architectures}
    )
    if pairs:
        made = "; ".join(f"on {then} when published, on {now} now" for then, now in pairs)
        yield f"Bits cannot be the same, since runs were made {made}: only returns can be compared."


def changed(study: "Study", checked: "Sequence[VerifiedRun]") -> bool:
    """Whether final returns really changed where bits had to differ."""
    from tfrl.analysis import equivalence
    from tfrl.harness import verification

    if not any(item.cannot_match for item in checked):
        return False
    table = equivalence.judge(verification.final_returns(checked), _margins(study))
    return bool((table["verdict"] == equivalence.CHANGE).any())


def _margins(study: "Study") -> dict[str, float]:
    from tfrl.analysis import benchmarks

    return {item.name: benchmarks.margin(item.id) for item in study.environments}


def _by_cache(expected: "Published", checked: "Sequence[VerifiedRun]") -> Iterator[str]:
    """A line on each configuration whose bits depend on the cache, with its size on both sides."""
    told = {}
    for item in checked:
        manifest = item.entry.manifest
        if item.difference and not item.cannot_match and (sums := manifest.get("long_sums")):
            sizes = [_first_cache(expected.stack), _first_cache(manifest)]
            told[item.entry.run.configuration.name] = (sums, sizes)
    for name, (sums, (then, now)) in told.items():
        yield (
            f"{name}: the bits of {', '.join(sums)} depend on the size of the L1 data cache: "
            f"{then} when published, {now} here."
        )


def _first_cache(stack: Mapping[str, Any]) -> str:
    """The size of the L1 data cache of the processor that made runs; of all of them if several."""
    from tfrl.harness import verification

    several = verification.processors(stack)
    sizes = {(processor.get("caches") or {}).get("L1", "unknown") for processor in several}
    return " or ".join(sorted(sizes))


def _judged(study: "Study", checked: "Sequence[VerifiedRun]") -> Iterator[str]:
    """A table of what became of the final returns where runs differ."""
    from tabulate import tabulate

    from tfrl.analysis import equivalence
    from tfrl.harness import verification

    scores, margins = verification.final_returns(checked), _margins(study)
    rows = [
        (
            *(row[key] for key in ("environment", "configuration", "n")),
            f"{row['change']:+.4g}",
            "" if isnan(row["low"]) else f"{row['low']:+.4g} to {row['high']:+.4g}",
            "not known" if isnan(row["margin"]) else f"{row['margin']:.4g}",
            f"{row['down']} down, {row['up']} up",
            ", ".join(filter(None, (row["verdict"], row["note"]))),
        )
        for _, row in equivalence.judge(scores, margins).iterrows()
    ]
    if rows:
        yield tabulate(rows, _HEADERS, tablefmt="simple", disable_numparse=True)
    if len(rows) > 1:
        yield from _together(equivalence.together(scores, margins))
    if rows:
        yield _TESTS


def _together(row: "pd.Series") -> Iterator[str]:
    """What became of all runs, in one line; none if nothing can be said."""
    if row["n"] > 1 and not isnan(row["low"]):
        yield (
            f"All {row['n']} runs, in shares of the way from a random policy to solved: "
            f"typically {row['change']:+.1%} (95% interval {row['low']:+.1%} to "
            f"{row['high']:+.1%}), margin {row['margin']:.0%}: {row['verdict']}."
        )


def _listed(seeds: Sequence[int]) -> str:
    """As `seed 3` or `seeds 0-4, 7`."""
    spans: list[list[int]] = []
    for seed in sorted(seeds):
        if spans and seed == spans[-1][-1] + 1:
            spans[-1][1:] = [seed]
        else:
            spans.append([seed])
    text = ", ".join("-".join(map(str, span)) for span in spans)
    return f"seed{'s' if len(seeds) > 1 else ''} {text}"
