"""Notices: sentences that a reader of stored runs needs to know."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tfrl.harness.engine import Engine
from tfrl.harness.errors import printable
from tfrl.harness.provenance import run_context
from tfrl.harness.store.manifest import Manifest, differences
from tfrl.harness.store.run_store import RunStore, StoredRun

_FLAGS = "the processor's instructions"
# Keys of a provenance summary that do not change results on x86-64 with AVX2.
_HARMLESS = {"python", "lock", "processor", _FLAGS}


def collect(store: RunStore, entries: Sequence[StoredRun], engine: Engine) -> tuple[str, ...]:
    """Returns notices on stored runs that do not count, and those of `of_counted_runs`."""
    return (*_not_counted(entries), *of_counted_runs(store, entries, engine))


def of_counted_runs(
    store: RunStore, entries: Sequence[StoredRun], engine: Engine
) -> tuple[str, ...]:
    """Returns notices on runs that count, but that `tfrl run` would rerun or that differ."""
    return (*_outdated(store, entries, engine), *_mixed(store, entries))


def current_code(engine: Engine, pipeline: str, environment_id: str) -> str | None:
    """Returns the hash of the current code of such a run; None if some of it is missing."""
    try:
        return run_context.code_sha256(engine.sources(pipeline, environment_id))
    except (LookupError, OSError):
        return None


def provenance_summary(manifest: Manifest) -> dict[str, str]:
    """Returns the known properties of the code and machine of a run that may change results."""
    environment, pipeline = manifest["environment"]["id"], manifest["configuration"]["pipeline"]
    processor, packages = manifest["processor"], run_context.numerics(environment)
    summary = {
        f"code of {pipeline} on {environment}": manifest["code"][:8],
        **{package: manifest["versions"].get(package) for package in ("python", *packages)},
        "lock": manifest["lock_sha256"] and manifest["lock_sha256"][:8],
        "threads": manifest.get("threads"),
        "instruction set": manifest.get("instruction_set"),
        "processor": processor.get("model") or processor.get("machine"),
        _FLAGS: " ".join(map(str, processor.get("flags", ()))),
    }
    return {name: printable(str(value)) for name, value in summary.items() if value}


def describe_differences(summaries: Sequence[Mapping[str, str]]) -> str:
    """Describes how the provenance of finished runs differs, with counts; empty if it does not.

    A property that is unknown for a run counts as equal.

    Args:
      summaries: the `provenance_summary` of each finished run.
    """
    names = dict.fromkeys(name for summary in summaries for name in summary)
    counts = {
        name: Counter(summary[name] for summary in summaries if name in summary) for name in names
    }
    differing = {name: count for name, count in counts.items() if len(count) > 1}
    if not differing:
        return ""
    parts = [
        f"{name} {' and '.join(f'{value} for {n:,}' for value, n in count.most_common())}"
        for name, count in differing.items()
    ]
    have_avx2 = all("avx2" in summary.get(_FLAGS, "").split() for summary in summaries)
    return f"Not all runs have the same code and machine: {'; '.join(parts)}. " + (
        "Bit-identical results are still expected, as on any x86-64 processor with AVX2."
        if have_avx2 and differing.keys() <= _HARMLESS
        else "Some differences between the runs may come from that."
    )


def _not_counted(entries: Sequence[StoredRun]) -> list[str]:
    """Returns notices on runs that are damaged, or stored with other settings than the study's."""
    notes = Counter(entry.note for entry in entries if entry.status == "missing" and entry.note)
    return [
        f"{_runs(count)} {'counts' if count == 1 else 'count'} as missing: {note.rstrip('.')}."
        for note, count in notes.items()
    ]


def _outdated(store: RunStore, entries: Sequence[StoredRun], engine: Engine) -> list[str]:
    """Returns notices on runs of other code or packages than the current ones."""
    versions = run_context.versions()
    codes: dict[tuple[str, str], str | None] = {}  # by pipeline and environment id
    reasons: Counter[str] = Counter()
    for entry in entries:
        if not entry.manifest:
            continue
        key = entry.run.configuration.pipeline, entry.run.environment.id
        if key not in codes:
            codes[key] = current_code(engine, *key)
        code = codes[key] or entry.manifest["code"]
        planned = store.planned(entry.run, entry.manifest, code, versions)
        if changes := differences(entry.manifest, planned):
            reasons[", ".join(changes)] += 1
    missing = [
        f"Some code of {pipeline} on {environment_id} is missing, so its runs may be of other code."
        for (pipeline, environment_id), code in codes.items()
        if code is None
    ]
    return missing + [
        f"{_runs(count)} {'has' if count == 1 else 'have'} other code or packages than the current "
        f"ones ({reason}); `tfrl run` would rerun {'it' if count == 1 else 'them'}."
        for reason, count in reasons.items()
    ]


def _mixed(store: RunStore, entries: Sequence[StoredRun]) -> list[str]:
    """Returns notices on configurations whose runs have different hyperparameters."""
    sentences = []
    for configuration in store.study.configurations:
        settings = [
            entry.manifest["configuration"]["hyperparameters"]
            for entry in entries
            if entry.manifest and entry.run.configuration == configuration
        ]
        keys = dict.fromkeys(key for item in settings for key in item)
        if differing := [key for key in keys if len({str(item.get(key)) for item in settings}) > 1]:
            sentences.append(
                f"The runs of {configuration.name} differ in {', '.join(differing)}: the default "
                "has changed."
            )
    return sentences


def _runs(count: int) -> str:
    return "1 stored run" if count == 1 else f"{count} stored runs"
