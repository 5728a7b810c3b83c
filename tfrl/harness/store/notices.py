"""What a reader of stored runs has to be told of them, in plain sentences."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tfrl.harness.engine import Engine
from tfrl.harness.errors import printable
from tfrl.harness.provenance import run_context
from tfrl.harness.store.manifest import Manifest, differences
from tfrl.harness.store.run_store import RunStore, StoredRun

_FLAGS = "the processor's instructions"
_HARMLESS = {"python", "lock", "processor", _FLAGS}  # of what `maker` tells


def collect(store: RunStore, entries: Sequence[StoredRun], engine: Engine) -> tuple[str, ...]:
    """What is stored but does not count, and all of `of_counted_runs`."""
    return (*_not_counted(entries), *of_counted_runs(store, entries, engine))


def of_counted_runs(
    store: RunStore, entries: Sequence[StoredRun], engine: Engine
) -> tuple[str, ...]:
    """What counts but would come out otherwise today."""
    return (*_outdated(store, entries, engine), *_mixed(store, entries))


def provenance_summary(manifest: Manifest) -> dict[str, str]:
    """What made a run, as far as it is known: the value of each thing that may differ."""
    environment, pipeline = manifest["environment"]["id"], manifest["configuration"]["pipeline"]
    processor, packages = manifest["processor"], run_context.numerics(environment)
    known = {
        f"code of {pipeline} on {environment}": manifest["code"][:8],
        **{package: manifest["versions"].get(package) for package in ("python", *packages)},
        "lock": manifest["lock_sha256"] and manifest["lock_sha256"][:8],
        "threads": manifest.get("threads"),
        "instruction set": manifest.get("instruction_set"),
        "processor": processor.get("model") or processor.get("machine"),
        _FLAGS: " ".join(map(str, processor.get("flags", ()))),
    }
    return {name: printable(str(value)) for name, value in known.items() if value}


def describe_differences(makers: Sequence[Mapping[str, str]]) -> str:
    """In what the makers of finished runs differ, and how many there are of each; or nothing.

    `makers` are as `maker` gives them. What is not known of some differs from nothing.
    """
    names = dict.fromkeys(name for item in makers for name in item)
    counts = {name: Counter(item[name] for item in makers if name in item) for name in names}
    found = {name: count for name, count in counts.items() if len(count) > 1}
    if not found:
        return ""
    told = [
        f"{name} {' and '.join(f'{value} for {n:,}' for value, n in count.most_common())}"
        for name, count in found.items()
    ]
    capable = all("avx2" in item.get(_FLAGS, "").split() for item in makers)
    return f"The runs were not all made alike: {'; '.join(told)}. " + (
        "The same bits are still expected, as on any x86-64 processor with AVX2."
        if capable and found.keys() <= _HARMLESS
        else "Part of what differs between them may come from that."
    )


def _not_counted(entries: Sequence[StoredRun]) -> list[str]:
    """Runs that are damaged, or were stored under other settings than the study's."""
    notes = Counter(entry.note for entry in entries if entry.status == "missing" and entry.note)
    return [
        f"{_runs(count)} {'counts' if count == 1 else 'count'} as missing: {note.rstrip('.')}."
        for note, count in notes.items()
    ]


def _outdated(store: RunStore, entries: Sequence[StoredRun], engine: Engine) -> list[str]:
    """Runs made by other code or packages than those that are here now."""
    versions = run_context.versions()
    codes: dict[tuple[str, str], str | None] = {}  # by pipeline and id of the environment
    reasons: Counter[str] = Counter()
    for entry in entries:
        if not entry.manifest:
            continue
        made_of = entry.run.configuration.pipeline, entry.run.environment.id
        if made_of not in codes:
            codes[made_of] = _code(engine, *made_of)
        code = codes[made_of] or entry.manifest["code"]
        today = store.planned(entry.run, entry.manifest, code, versions)
        if changes := differences(entry.manifest, today):
            reasons[", ".join(changes)] += 1
    unknown = [
        f"The code of {pipeline} on {environment_id} is not all here, so its runs may be those of "
        "another."
        for (pipeline, environment_id), code in codes.items()
        if code is None
    ]
    return unknown + [
        f"{_runs(count)} {'was' if count == 1 else 'were'} made by other code or packages than "
        f"today's ({reason}); `tfrl run` would make {'it' if count == 1 else 'them'} again."
        for reason, count in reasons.items()
    ]


def _mixed(store: RunStore, entries: Sequence[StoredRun]) -> list[str]:
    """Configurations whose runs had different hyperparameters, as when a default has changed."""
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
                f"The runs of {configuration.name} differ in {', '.join(differing)}, the default "
                "of which has changed."
            )
    return sentences


def _code(engine: Engine, pipeline: str, environment_id: str) -> str | None:
    """The hash of the code of such a run as it is now; None if it is not here."""
    try:
        return run_context.code_sha256(engine.sources(pipeline, environment_id))
    except (LookupError, OSError):
        return None


def _runs(count: int) -> str:
    return "1 stored run" if count == 1 else f"{count} stored runs"
