"""`tfrl verify`: comparison of stored runs with published ones."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.harness import fake
from tests.harness.test_run_store import publish
from tfrl import cli
from tfrl.harness import published_results, verification
from tfrl.harness.store import manifest, tables

PUBLISHED = Path("reports/fake/published.json")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A folder with all eight runs stored and published."""
    folder = tmp_path_factory.mktemp("original")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("studies").mkdir()
        Path("studies/fake.toml").write_text(fake.STUDY)
        for verb in ("run", "publish"):
            assert cli.main([verb, "fake"], fake.Engine()) == 0
    return folder


@pytest.fixture
def made(original, project):
    """A copy of `original`."""
    shutil.copytree(original, project.folder, dirs_exist_ok=True)
    return project


def change(project, position, name="evaluations", row=None, by=1.0, weights=None, **noted):
    """Replaces a stored run by a valid one with other bits, as from another machine.

    It changes the returns of a table, in one row or in all, or the weights. `noted` are changes to
    the manifest.
    """
    store = project.store
    run = store.study.runs()[position]
    entry = store.entry(run)
    results = store.tables(entry)
    if weights is None:
        table = results[name]
        returns = table["return"].to_numpy().copy()
        returns[slice(None) if row is None else row] += by
        place = table.column_names.index("return")
        results[name] = table.set_column(place, table.schema.field("return"), [returns])
    record = {**entry.manifest, **noted}
    record["weights_sha256"] = weights or record["weights_sha256"]
    record["fingerprint"] = tables.fingerprint(results, record["weights_sha256"])
    store.publish(run, record, results, {"step": np.array([0])})


def verify(project, capsys, *arguments):
    """Returns the exit status and the printed lines of `tfrl verify fake`."""
    capsys.readouterr()
    status = project.tfrl("verify", "fake", *arguments)
    return status, capsys.readouterr().out.splitlines()


def test_the_same_bits(made, capsys):
    status, lines = verify(made, capsys)
    assert (status, lines) == (0, ["fake: 8 of 8 runs bit-identical to the published ones"])


def test_what_is_published_is_what_the_runs_came_to(made):
    before = PUBLISHED.read_bytes()
    expected = published_results.read(PUBLISHED)
    assert {"/".join(map(str, key[:2])) + f"/seed-{key[2]}" for key in expected.outcomes} == {
        str(run) for run in made.store.study.runs()
    }
    for run in made.store.study.runs():
        assert expected.outcome(run).fingerprint == made.fingerprints()[str(run)]
        assert [mark.step for mark in expected.outcome(run).marks] == [0, 500, 1000]
    published_results.write(expected, PUBLISHED)
    assert PUBLISHED.read_bytes() == before  # including all bits of the scores
    assert [path.name for path in PUBLISHED.parent.glob(".*")] == []


# An evaluation has eight rows, so row 8 is of step 500. Its first rows are of the greedy policy.
@pytest.mark.parametrize(
    ("name", "row", "how"),
    [
        ("evaluations", 0, "from the start"),
        ("evaluations", 8, "since step 500 (the same at 0)"),
        ("evaluations", 23, "since step 1,000 (the same at 500)"),
        ("episodes", 3, "since step 500 (the same at 0)"),
    ],
)
def test_a_return_that_differs_in_its_last_bit_is_found_with_its_step(made, capsys, name, row, how):
    change(made, 2, name, row, by=2.0**-50)
    status, lines = verify(made, capsys)
    assert status == 1
    assert lines[0] == "fake: 7 of 8 runs bit-identical to the published ones"
    assert lines[1] == f"differs: line/one, seed 2: {how}"


def test_weights_that_differ_alone_are_said_to(made, capsys):
    change(made, 6, weights="0" * 64)
    status, lines = verify(made, capsys)
    assert status == 1
    assert lines[1] == "differs: line/two, seed 2: in the final weights only"
    row = next(line for line in lines if line.startswith("line "))
    assert row.split()[:4] == ["line", "two", "4", "+0"] and row.endswith("the same")


def test_where_runs_differ_the_processor_is_tested(made, capsys, monkeypatch):
    passed = "This processor computes the published bits in every operation of the self-test."
    change(made, 6, weights="0" * 64)
    assert verify(made, capsys)[1][-1] == passed
    other = {"architecture": "aarch64"}
    monkeypatch.setattr(fake.Engine, "arithmetic", lambda self: other)
    _, lines = verify(made, capsys)
    assert lines[-1].endswith("the published bits are of x86_64, this is aarch64.")


def say_published_on(machine):
    """Sets the architecture in the published file."""
    content = json.loads(PUBLISHED.read_bytes())
    content["stack"]["processor"] = {"machine": machine, "model": "Xeon"}
    PUBLISHED.write_text(json.dumps(content))


EXCUSE = (
    "Architectures compute different bits (x86_64 when published, aarch64 now): "
    "only returns are compared."
)
ARM = {"processor": {"machine": "aarch64", "model": "Neoverse"}}


@pytest.mark.parametrize(("by", "verdict", "status"), [(0, "equivalent", 0), (20, "change", 1)])
def test_on_another_architecture_only_returns_count(project, capsys, by, verdict, status):
    change_all(project, by, **ARM)
    say_published_on("x86_64")
    found, lines = verify(project, capsys)
    assert found == status
    assert lines[0] == "fake: 0 of 20 runs bit-identical to the published ones"
    assert not any(line.startswith("differs") for line in lines)
    assert [line.split()[-1] for line in lines if line.startswith("line ")] == [
        "equivalent",
        verdict,
    ]
    assert [line for line in lines if "Architectures" in line] == [EXCUSE]


def test_another_architecture_excuses_its_own_runs_alone(made, capsys):
    """A run on the published or an unknown architecture, or that failed, still differs."""
    say_published_on("x86_64")
    change(made, 0, **ARM)
    assert verify(made, capsys)[0] == 0
    change(made, 4, processor={"machine": "x86_64"})
    change(made, 5, processor={"model": "unknown"})
    run = made.store.study.runs()[1]
    record = {**made.store.entry(run).manifest, **manifest.failed(ValueError("no")), **ARM}
    made.store.publish(run, {**record, "timings": {"total": 1.0}}, {})
    status, lines = verify(made, capsys)
    assert status == 1
    assert [line for line in lines if line.startswith("differs")] == [
        "differs: line/one, seed 1: failed, finished when published",
        "differs: line/two, seeds 0-1: from the start",
    ]
    assert lines[-1] == EXCUSE


def test_sums_that_depend_on_the_cache_are_named_with_both_sizes(made, capsys):
    processor = {"model": "two", "caches": {"L1": "48K"}}
    long_sums = ["MatMul over 1,024 rows"]
    change(made, 6, weights="0" * 64, long_sums=long_sums, processor=processor)
    content = json.loads(PUBLISHED.read_bytes())
    content["stack"]["processor"] = {"model": "one", "caches": {"L1": "32K"}}
    PUBLISHED.write_text(json.dumps(content))
    assert (
        "two: the bits of MatMul over 1,024 rows depend on the size of the L1 data cache: "
        "32K when published, 48K here."
    ) in verify(made, capsys)[1]


def test_the_steps_of_many_runs_are_listed_together(made, capsys):
    for seed in (0, 1, 3):
        change(made, seed, row=8)
    change(made, 2, row=16)
    _, lines = verify(made, capsys)
    assert lines[:3] == [
        "fake: 4 of 8 runs bit-identical to the published ones",
        "differs: line/one, seeds 0-1, 3: since step 500 (the same at 0)",
        "differs: line/one, seed 2: since step 1,000 (the same at 500)",
    ]


def change_all(project, by, **noted):
    """Publishes ten runs of each configuration, then replaces them with `two` changed."""
    project.write(fake.STUDY.replace("Line-v0", "CartPole-v0").replace('"0-3"', '"0-9"'))
    for position in range(20):
        publish(project.store, position, learning_rate=0.1 if position < 10 else 0.5)
    published_results.write(published_results.collect(project.store), PUBLISHED)
    rng = np.random.default_rng(0)
    for seed in range(10):
        change(project, seed, by=rng.normal(0, 2), **noted)  # the margin is 5% of 195 - 22.34
        change(project, 10 + seed, by=rng.normal(by, 2), **noted)


def test_it_is_said_whether_final_returns_changed(project, capsys):
    change_all(project, by=20)
    status, lines = verify(project, capsys)
    assert status == 1
    one, two = [line for line in lines if line.startswith("line ")]
    assert re.split(" {2,}", one)[-3:] == ["8.633", "0 down, 0 up", "equivalent"]
    assert re.split(" {2,}", two)[-3:] == ["8.633", "0 down, 10 up", "a real change"]
    change_of_two = float(two.split()[3])
    scores = verification.final_returns(
        verification.verify(
            project.store, published_results.read(PUBLISHED), project.store.study.runs()
        )
    )
    own = scores[scores["configuration"] == "two"]
    assert change_of_two == pytest.approx((own["stored"] - own["published"]).median(), rel=1e-3)
    assert any(line.startswith("All 20 runs, as a share of the way") for line in lines)


def test_runs_with_the_same_bits_belong_to_what_is_judged(made, capsys):
    change(made, 0, by=4.0)
    checked = verification.verify(
        made.store, published_results.read(PUBLISHED), made.store.study.runs()
    )
    scores = verification.final_returns(checked)
    assert scores["configuration"].tolist() == ["one"] * 4  # without `two`, where no run differs
    assert (scores["stored"] - scores["published"]).tolist() == pytest.approx([4, 0, 0, 0])


def test_a_damaged_run_is_named_and_is_no_difference(made, capsys):
    run = made.store.study.runs()[1]
    file = made.store.directory(run) / "evaluations.parquet"
    file.write_bytes(file.read_bytes()[:-9])
    status, lines = verify(made, capsys)
    assert status == 1
    assert lines[0] == (
        "fake: 7 of 7 runs bit-identical to the published ones; 1 damaged or not as planned"
    )
    assert lines[1].startswith(f"1 stored run counts as missing: {file} is damaged: ")
    assert len(lines) == 2


def test_what_is_only_on_one_side_is_counted(made, capsys):
    made.write(fake.STUDY.replace('"0-3"', '"1-4"'))
    assert made.tfrl("run", "fake") == 0
    for run in made.store.study.runs()[:2]:
        shutil.rmtree(made.store.directory(run))
    status, lines = verify(made, capsys)
    assert (status, lines) == (
        0,
        [
            "fake: 4 of 4 runs bit-identical to the published ones; 2 published but not stored; "
            "2 stored but not published",
            "2 published runs are no longer in the study.",
        ],
    )


def test_a_run_that_fails_otherwise_than_when_published_differs(project, capsys):
    project.write(fake.STUDY + 'failure = "nan"\n')
    assert project.tfrl("run", "fake") == 1
    assert project.tfrl("publish", "fake") == 0
    status, lines = verify(project, capsys)
    assert (status, lines) == (
        0,
        ["fake: 7 of 7 runs bit-identical to the published ones; 1 failed, as when published"],
    )
    run = project.store.study.runs()[0]
    record = {**project.store.entry(run).manifest, **manifest.failed(ValueError("no"))}
    project.store.publish(run, {**record, "timings": {"total": 1.0}}, {})
    status, lines = verify(project, capsys)
    assert status == 1
    assert lines[:2] == [
        "fake: 6 of 7 runs bit-identical to the published ones; 1 failed, as when published",
        "differs: line/one, seed 0: failed, finished when published",
    ]


def test_with_what_the_published_runs_were_made_is_compared(made, capsys):
    content = json.loads(PUBLISHED.read_text())
    content["stack"]["versions"]["python"] = "3.9.1"
    content["stack"]["processor"] = {"model": "Pentium", "flags": ["mmx", "sse"]}
    content["settings"][1][2]["code"] = "0" * 64
    content["settings"][1][2]["configuration"]["hyperparameters"]["learning_rate"] = 0.25
    PUBLISHED.write_text(json.dumps(content))
    status, lines = verify(made, capsys)
    assert (status, lines[0]) == (0, "fake: 8 of 8 runs bit-identical to the published ones")
    assert len(lines) == 2
    start = "Since publication: configurations.two.learning_rate was 0.25, is 0.5; the code changed"
    assert lines[1].startswith(f"{start}; python was 3.9.1, is 3.")
    assert "processor was Pentium mmx sse, is " in lines[1]


def test_without_a_publication_only_damage_is_looked_for(project, capsys):
    assert project.tfrl("run", "fake", "--seeds", "0-1") == 0
    sentence = "4 of 4 stored runs intact; no published results to compare with"
    assert verify(project, capsys) == (0, [f"fake: {sentence}"])
    (project.store.directory(project.store.study.runs()[0]) / "manifest.json").write_text("{")
    status, lines = verify(project, capsys)
    assert status == 1
    assert lines[0] == "fake: 3 of 4 stored runs intact; no published results to compare with"
    assert "line/one/seed-0/manifest.json is damaged" in lines[1]


def test_several_studies_are_summed_up(made, capsys):
    Path("studies/other.toml").write_text(fake.STUDY)
    assert made.tfrl("run", "other", "--seeds", "0") == 0
    capsys.readouterr()
    assert made.tfrl("verify", "fake", "other") == 0
    assert capsys.readouterr().out.splitlines() == [
        "fake: 8 of 8 runs bit-identical to the published ones",
        "other: 2 of 2 stored runs intact; no published results to compare with",
        "2 studies: 8 of 8 runs bit-identical to the published ones; 2 stored but not published",
    ]


def refused(project, capsys, *arguments):
    """Returns the error message of a command that fails."""
    capsys.readouterr()
    assert project.tfrl(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()[-1]


def test_mistakes_are_one_sentence(project, capsys):
    sentence = "tfrl: no run of fake in runs/fake: run `tfrl run fake` first"
    assert refused(project, capsys, "verify", "fake") == sentence
    sentence = (
        "tfrl: --sample needs published results, but reports/fake/published.json does not exist"
    )
    assert refused(project, capsys, "verify", "fake", "--sample") == sentence
    assert project.tfrl("run", "fake", "--seeds", "0-2") == 0
    sentence = "tfrl: cannot publish fake: 2 of 8 runs are missing or out of date; "
    assert refused(project, capsys, "publish", "fake").startswith(sentence)
    assert not PUBLISHED.exists()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"schema": 2', '"schema": 7', "was written by another version of tfrl (schema 7, "),
        ('"schema": 2', '"schema"', "is damaged: "),
        ('"finished"', "3, 4", "is damaged: "),
        ('"hyperparameters"', '"hyper"', "is damaged: "),
        ('"stack"', '"stick"', "is damaged: "),
        ('["line", "two", {', '["line", "six", {', "is damaged: it has no settings of line/two"),
    ],
)
def test_what_is_no_publication_is_refused(made, capsys, old, new, sentence):
    text = PUBLISHED.read_text()
    assert old in text
    PUBLISHED.write_text(text.replace(old, new))
    said = refused(made, capsys, "verify", "fake")
    assert said.startswith(f"tfrl: {PUBLISHED} {sentence}")


def test_a_sample_is_made_elsewhere(made, capsys):
    before = {path: path.stat().st_mtime_ns for path in Path("runs").rglob("*")}
    change(made, 0)  # a sample ignores the stored runs
    before |= {path: path.stat().st_mtime_ns for path in Path("runs").rglob("*")}
    capsys.readouterr()
    assert made.tfrl("verify", "fake", "--sample", "3") == 0
    out, err = capsys.readouterr()
    assert out == "fake: 3 of 3 runs bit-identical to the published ones\n"
    assert err.startswith("fake: rerunning line/one/seed-0, line/two/seed-1, line/one/seed-2\n")
    assert {path: path.stat().st_mtime_ns for path in Path("runs").rglob("*")} == before


def test_a_sample_that_differs_is_seen(made, capsys):
    content = json.loads(PUBLISHED.read_text())
    first = content["runs"][0]
    first[4] = "0" * 64
    first[-1][-1] = "0" * 16
    PUBLISHED.write_text(json.dumps(content))
    status, lines = verify(made, capsys, "--sample")
    assert status == 1
    assert lines[:2] == [
        "fake: 3 of 4 runs bit-identical to the published ones",
        "differs: line/one, seed 0: since step 1,000 (the same at 500)",
    ]
