"""Counts, lines and tables with which `tfrl verify` shows a comparison with published runs."""

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
_LEGEND = """\
change: median over seeds of the final return, stored minus published; interval: 95%, for all rows
jointly; beyond it: seeds that changed by more than the margin. equivalent: the median change is
within the margin. a real change: more seeds went up than down, or down than up, by a sign test at
5% for all rows together. undecided: neither. See docs/verdicts.md."""


def counts(runs: "Sequence[VerifiedRun]") -> str:
    """Returns the number of bit-identical runs, and of runs that could not be compared."""
    if not any(run.published for run in runs):
        intact = sum(run.stored is not None for run in runs)
        total = intact + sum(run.is_invalid for run in runs)
        return f"{intact} of {total} stored runs intact; no published results to compare with"
    compared = [run for run in runs if run.is_compared]
    identical = sum(not run.difference for run in compared)
    others = {
        "failed, as when published": sum(
            bool(run.published and run.stored) and not run.is_compared for run in runs
        ),
        "published but not stored": sum(
            bool(run.published) and not (run.stored or run.is_invalid) for run in runs
        ),
        "damaged or not as planned": sum(run.is_invalid for run in runs),
        "stored but not published": sum(bool(run.stored) and not run.published for run in runs),
    }
    text = f"{identical} of {len(compared)} runs bit-identical to the published ones"
    return "; ".join([text, *(f"{count} {label}" for label, count in others.items() if count)])


def details(study: "Study", published: "Published", runs: "Sequence[VerifiedRun]") -> Iterator[str]:
    """Yields lines on each difference: its runs, its first step, possible causes and its size."""
    from tfrl.harness import verification

    planned = sum(published.outcome(run) is not None for run in study.runs())
    if removed := len(published.outcomes) - planned:
        yield f"{removed} published runs are no longer in the study."
    if changes := verification.changes(published, runs):
        yield f"Since publication: {'; '.join(changes)}."
    seeds_by_difference: dict[tuple[str, str], list[int]] = {}
    for item in runs:
        if item.difference and not item.cannot_match:
            run = item.entry.run
            cell = f"{run.environment.name}/{run.configuration.name}"
            seeds_by_difference.setdefault((cell, item.difference), []).append(run.seed)
    for (cell, difference), seeds in seeds_by_difference.items():
        yield f"differs: {cell}, {_format_seeds(seeds)}: {difference}"
    if any(run.difference for run in runs):
        yield from _cache_sizes(published, runs)
        yield from _final_returns(study, runs)


def architectures(runs: "Sequence[VerifiedRun]") -> Iterator[str]:
    """Yields a sentence on the runs of another architecture, if there are any."""
    pairs = sorted({run.architectures for run in runs if run.cannot_match and run.architectures})
    if pairs:
        changes = "; ".join(f"{before} when published, {now} now" for before, now in pairs)
        yield f"Architectures compute different bits ({changes}): only returns are compared."


def returns_changed(study: "Study", runs: "Sequence[VerifiedRun]") -> bool:
    """Returns whether final returns changed significantly between architectures."""
    from tfrl.analysis import equivalence
    from tfrl.harness import verification

    if not any(run.cannot_match for run in runs):
        return False
    table = equivalence.judge(verification.final_returns(runs), _margins(study))
    return bool((table["verdict"] == equivalence.CHANGE).any())


def _margins(study: "Study") -> dict[str, float]:
    from tfrl.analysis import benchmarks

    return {item.name: benchmarks.margin(item.id) for item in study.environments}


def _cache_sizes(published: "Published", runs: "Sequence[VerifiedRun]") -> Iterator[str]:
    """Yields a line for each differing configuration whose results depend on the L1 cache."""
    lines = {}
    for item in runs:
        manifest = item.entry.manifest
        if item.difference and not item.cannot_match and (sums := manifest.get("long_sums")):
            name = item.entry.run.configuration.name
            lines[name] = (
                f"{name}: the bits of {', '.join(sums)} depend on the size of the L1 data cache: "
                f"{_l1_cache(published.stack)} when published, {_l1_cache(manifest)} here."
            )
    yield from lines.values()


def _l1_cache(stack: Mapping[str, Any]) -> str:
    """Returns the sizes of the L1 data caches of the processors that computed the runs."""
    from tfrl.harness import verification

    sizes = {
        (processor.get("caches") or {}).get("L1", "unknown")
        for processor in verification.processors(stack)
    }
    return " or ".join(sorted(sizes))


def _final_returns(study: "Study", runs: "Sequence[VerifiedRun]") -> Iterator[str]:
    """Yields a table of the changes of final returns, a line on all runs, and a legend."""
    from tabulate import tabulate

    from tfrl.analysis import equivalence
    from tfrl.harness import verification

    scores, margins = verification.final_returns(runs), _margins(study)
    rows = [
        (
            *(row[key] for key in ("environment", "configuration", "n")),
            f"{row['change']:+.4g}",
            "" if isnan(row["low"]) else f"{row['low']:+.4g} to {row['high']:+.4g}",
            "unknown" if isnan(row["margin"]) else f"{row['margin']:.4g}",
            f"{row['down']} down, {row['up']} up",
            ", ".join(filter(None, (row["verdict"], row["note"]))),
        )
        for _, row in equivalence.judge(scores, margins).iterrows()
    ]
    if rows:
        yield tabulate(rows, _HEADERS, tablefmt="simple", disable_numparse=True)
    if len(rows) > 1:
        yield from _all_runs(equivalence.judge_all(scores, margins))
    if rows:
        yield _LEGEND


def _all_runs(row: "pd.Series") -> Iterator[str]:
    """Yields a line on the changes of all runs together, unless there is no interval."""
    if row["n"] > 1 and not isnan(row["low"]):
        yield (
            f"All {row['n']} runs, as a share of the way from a random policy to solved: "
            f"median change {row['change']:+.1%} (95% interval {row['low']:+.1%} to "
            f"{row['high']:+.1%}), margin {row['margin']:.0%}: {row['verdict']}."
        )


def _format_seeds(seeds: Sequence[int]) -> str:
    """Formats seeds as "seed 3" or "seeds 0-4, 7"."""
    spans: list[list[int]] = []
    for seed in sorted(seeds):
        if spans and seed == spans[-1][-1] + 1:
            spans[-1][1:] = [seed]
        else:
            spans.append([seed])
    text = ", ".join("-".join(map(str, span)) for span in spans)
    return f"seed{'s' if len(seeds) > 1 else ''} {text}"
