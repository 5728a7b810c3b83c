"""Notices on runs with different provenance."""

from tests.harness.test_run_store import CODE
from tfrl.harness.store.notices import describe_differences, provenance_summary

NEVERTHELESS = "Bit-identical results are still expected, as on any x86-64 processor with AVX2."
PERHAPS = "Some differences between the runs may come from that."


def manifest(**changes) -> dict:
    """Returns the keys of a manifest that notices use, with changes."""
    versions = {"python": "3.11.7", "numpy": "2.3.5", "box2d": "2.3.10", "pandas": "3.1.1"}
    return {
        "environment": {"id": changes.pop("environment", "CartPole-v1")},
        "configuration": {"pipeline": changes.pop("pipeline", "ppo")},
        "code": CODE,
        "versions": {**versions, **changes.pop("versions", {})},
        "lock_sha256": "1" * 64,
        "processor": {"machine": "x86_64", "model": "EPYC", "flags": ["avx2", "fma"]},
        "threads": 1,
        "instruction_set": "AVX2",
        **changes,
    }


def told(*manifests: dict) -> str:
    return describe_differences([provenance_summary(item) for item in manifests])


def test_nothing_is_said_of_runs_made_alike():
    assert describe_differences([]) == ""
    assert told(manifest(), manifest()) == ""


def test_other_processors_are_a_fact_and_no_alarm():
    xeon = {"machine": "x86_64", "model": "Xeon", "flags": ["avx2", "fma", "avx512f"]}
    assert told(manifest(), manifest(processor=xeon), manifest()) == (
        "Not all runs have the same code and machine: processor EPYC for 2 and Xeon for 1; "
        "the processor's instructions avx2 fma for 2 and avx2 fma avx512f for 1. " + NEVERTHELESS
    )
    python = told(manifest(versions={"python": "3.13.1"}), manifest(lock_sha256="2" * 64))
    assert python == (
        "Not all runs have the same code and machine: python 3.13.1 for 1 and 3.11.7 for 1; "
        f"lock 11111111 for 1 and 22222222 for 1. {NEVERTHELESS}"
    )


def test_what_may_change_results_is_said_to():
    old = {"machine": "x86_64", "model": "EPYC", "flags": ["sse4_2"]}
    for other, sentence in [
        (manifest(processor=old), "avx2 fma for 1 and sse4_2 for 1"),
        (manifest(processor={"machine": "aarch64", "model": None}), "processor EPYC for 1 and aar"),
        (manifest(versions={"numpy": "2.4.0"}), "numpy 2.3.5 for 1 and 2.4.0 for 1"),
        (manifest(code="2" * 64), "code of ppo on CartPole-v1 00000000 for 1 and 22222222 for 1"),
        (manifest(threads=2), "threads 1 for 1 and 2 for 1"),
        (manifest(instruction_set="AVX512"), "instruction set AVX2 for 1 and AVX512 for 1"),
    ]:
        found = told(manifest(), other)
        assert sentence in found and found.endswith(PERHAPS)


def test_what_is_unknown_or_of_no_concern_differs_from_nothing():
    other = manifest(versions={"pandas": "4", "box2d": None})
    del other["threads"], other["instruction_set"]
    assert told(manifest(), other) == ""
    mine = manifest(pipeline="mine:Mine", code="3" * 64)
    assert told(manifest(), mine) == ""
    lander = "gymnasium:LunarLander-v3"
    newer = manifest(environment=lander, versions={"box2d": "3"})
    assert "box2d 2.3.10 for 1 and 3 for 1" in told(manifest(environment=lander), newer)
