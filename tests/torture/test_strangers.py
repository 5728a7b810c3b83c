"""Row 11: malicious study files and results."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tests.harness import fake
from tests.harness.conftest import ROOT
from tests.harness.test_run_store import publish
from tests.report.reading import Page
from tfrl import cli
from tfrl.harness.errors import DamagedError, StoreError
from tfrl.harness.store import manifest, tables

ESCAPES = "\x1b[2J\x1b]0;title\x07\u202etxt\x9b1m"  # clears the screen, reverses the text
SCRIPT = "<script>alert(1)</script>"
NAMES = [
    "../outside",
    "..",
    ".",
    ".hidden",
    "/etc/passwd",
    "a/b",
    "a\\\\b",
    "nul\\u0000byte",
    "line\\nbreak",
    "end\\n",
    "esc\\u001b[2J",
    "right\\u202eleft",
    "zero\\u200bwidth",
    "fullwidth\\uff0fslash",
    "\\u0430",  # a Cyrillic letter that looks like a Latin one
    "<script>",
    "$(reboot)",
    "-rf",
    "~root",
    "a b",
    "",
    "x" * 65,
    "x" * 100_000,
]
TEXTS = [  # a key of the study, and a malicious value
    ("title", f'"{SCRIPT}\\u001b[2J"'),
    ("title", '"two\\nlines"'),
    ("title", '"\\u202egnitirw"'),
    ("steps", "9" * 5_000),
    ("seeds", "[" * 100_000),
    ("seeds", f'"{"0," * 50_000}0"'),
    ("seeds", '"0-99999999999"'),
    ("line", f'"{SCRIPT}"'),
    ("line", '"../../etc/passwd"'),
    ("line", '"$\\\\frac$"'),
    ("pipeline", '"os.path:../x"'),
    ("pipeline", "\"__import__('os').system('true')\""),
]


def seen() -> set[Path]:
    """Returns all files in this folder and its parent."""
    return set(Path("..").rglob("*"))


def assert_plain(text: str) -> None:
    """Asserts that a text has no control characters."""
    assert all(letter.isprintable() or letter == "\n" for letter in text), ascii(text)


@pytest.mark.parametrize("kind", ["environments", "configurations"])
def test_no_name_leads_anywhere(project, capsys, figure, kind):
    key = {"environments": "line = ", "configurations": "[configurations.two]"}[kind]
    before = seen()
    for name in NAMES:
        quoted = f'"{name}" = ' if kind == "environments" else f'[configurations."{name}"]'
        project.write(fake.STUDY.replace(key, quoted))
        for verb in ("run", "report", "verify", "status"):
            assert project.tfrl(verb, "fake") == 2
            out, err = capsys.readouterr()
            assert out == ""
            assert err.startswith("tfrl: studies/fake.toml: ")
            assert err.count("\n") == 1
            assert_plain(err)
    assert seen() == before
    figure(11, f"{len(NAMES)} names of {kind} that lead elsewhere: refused in one sentence")


@pytest.mark.parametrize("name", ["a b", "\x1b[2J", "x" * 65, "-x", ".x", "$(x)"])
def test_no_file_of_a_study_is_called_otherwise(project, capsys, name):
    file = Path("studies") / f"{name}.toml"
    file.write_text(fake.STUDY)
    assert project.tfrl("status", str(file)) == 2
    err = capsys.readouterr().err
    assert "the name of the file must be letters" in err
    assert_plain(err)


def test_no_text_of_a_study_does_harm(project, capsys, figure):
    before = seen()
    for key, value in TEXTS:
        text = re.sub(rf"(?m)^{key} = .*$", lambda _, k=key, v=value: f"{k} = {v}", fake.STUDY)
        assert text != fake.STUDY
        project.write(text)
        assert project.tfrl("run", "fake") == 2
        err = capsys.readouterr().err
        assert err.startswith("tfrl: studies/fake.toml: ")
        assert err.count("\n") == 1
        assert len(err) < 500
        assert_plain(err)
    assert seen() == before
    figure(11, f"{len(TEXTS)} texts of studies that would do harm: refused in one sentence")


def forge(project, **changes: object) -> Path:
    """Stores a run whose manifest has changes and a valid checksum. Returns the manifest's path."""
    publish(project.store)
    run = project.store.study.runs()[0]
    file = project.store.directory(run) / "manifest.json"
    file.write_bytes(manifest.encode({**project.store.entry(run).manifest, **changes}))
    return file


FORGED = [
    {"timings": "long"},
    {"timings": {"total": "a while"}},
    {"status": "perfect"},
    {"status": "failed"},
    {"error": SCRIPT},
    {"configuration": []},
    {"environment": {"name": "line"}},
    {"versions": None},
    {"seed": "0"},
    {"seed": True},
    {"status": []},
    {"updates": 1.5},
    {"attempts": "three"},
    {"tables_sha256": ["a"]},
    {"fingerprint": None},
]
CONTENTS = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"7",
    b'"text"',
    b"\xff\xfe",
    b"[" * 200_000,
    b'{"a":' * 200_000,
    b'{"schema": 2}',
    b'{"schema": "two", "sha256": 1}',
    b'{"schema": ' + b"9" * 5_000 + b"}",
    b"\x80\x04\x95",
    b"!!python/object/apply:os.system ['true']",
]


def test_no_manifest_is_more_than_damaged(project, capsys, figure):
    file = forge(project)
    for changes in FORGED:
        forge(project, **changes)
        assert project.tfrl("verify", "fake") == 1, changes
        out, err = capsys.readouterr()
        assert f"{file} is damaged: " in out
        assert_plain(out + err)
    for content in CONTENTS:
        file.write_bytes(content)
        assert project.tfrl("verify", "fake") == 1, content
        out, err = capsys.readouterr()
        assert f"{file} is damaged: " in out
        assert_plain(out + err)
    figure(11, f"{len(FORGED) + len(CONTENTS)} forged manifests: each named as damaged")


def test_no_table_is_more_than_damaged(project, figure):
    publish(project.store)
    entry = project.store.entries()[0]
    file = project.store.directory(entry.run) / "evaluations.parquet"
    del entry.manifest["tables_sha256"]
    whole = project.store.tables(entry)["evaluations"]

    def replaced(column: str, values: list) -> pa.Table:
        field = whole.schema.field(column)
        position = whole.schema.get_field_index(column)
        return whole.set_column(position, field, pa.array(values, field.type))

    num = len(whole)
    labels = [f"variation {i}" for i in range(1_001)]
    many = [replaced("variation", (labels[i:] * num)[:num]) for i in range(0, 1_001, num)]
    forged = [
        replaced("return", [float("nan")] * num),
        replaced("return", [None] * num),
        replaced("step", [None] * num),
        replaced("split", [None] * num),
        pa.concat_tables(many),
        whole.rename_columns([f"{name}\x1b" for name in whole.column_names]),
        whole.drop_columns(["level"]),
        whole.drop_columns(whole.column_names),
    ]
    for table in forged:
        tables.write(table, file)
        with pytest.raises(DamagedError, match=re.escape(f"{file} is damaged: ")):
            project.store.tables(entry)
    figure(11, f"{len(forged)} forged tables: each named as damaged")


def test_what_a_result_says_is_shown_and_not_obeyed(project, capsys, figure):
    error = {"type": f"Error{ESCAPES}", "message": f"{SCRIPT}{ESCAPES}", "traceback": ESCAPES}
    failed = {"weights_sha256": None, "fingerprint": None, "updates": None, "status": "failed"}
    processor = {"machine": SCRIPT, "model": f"[a](javascript:b) {ESCAPES}", "flags": [SCRIPT]}
    versions = {SCRIPT: ESCAPES, "numpy": SCRIPT}
    publish(project.store, 1)
    forge(project, error=error, **failed, processor=processor, versions=versions, git=SCRIPT)
    for arguments in (
        ("status", "fake"),
        ("list",),
        ("show", "fake/line/one/seed-0"),
        ("verify", "fake"),
        ("report", "fake"),
        ("run", "fake", "--plan"),
        ("run", "fake"),
    ):
        if arguments == ("run", "fake"):
            page = Page(Path("reports/own/fake/index.html"))
            html = Path("reports/own/fake/index.html").read_text()
            markdown = Path("reports/own/fake/README.md").read_text()
        project.tfrl(*arguments)
        out, err = capsys.readouterr()
        assert_plain(out + err)
    assert SCRIPT not in html
    assert SCRIPT in page.text
    assert SCRIPT not in markdown
    assert "[a](javascript:b)" not in markdown
    for text in (html, markdown):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    figure(11, "texts of results: escaped in HTML, Markdown and the terminal")


def test_no_link_leads_out_of_the_folder_of_the_runs(project, figure):
    publish(project.store)
    outside, store = Path("outside"), project.store
    victim = outside / "one" / ".seed-0.1234" / "kept"
    victim.parent.mkdir(parents=True)
    victim.write_text("kept")
    links = [
        Path("runs/fake"),
        Path("runs/fake/line"),
        Path("runs/fake/line/one"),
        Path("runs/fake/line/one/seed-0"),
        Path("runs/fake/.study"),
        Path("runs/fake/.lock"),
    ]
    for link in links:
        moved = Path("moved")
        if link.exists():
            link.rename(moved)
        target = outside / "file" if link.name.startswith(".") else outside
        link.symlink_to(target.absolute())
        before = set(outside.rglob("*"))
        with pytest.raises(StoreError, match=f"{link} is a link, and runs are"), store.locked():
            pass
        assert set(outside.rglob("*")) == before
        link.unlink()
        if moved.exists():
            moved.rename(link)
    assert victim.read_text() == "kept"
    figure(11, f"{len(links)} links out of the folder of the runs: refused")


KIN = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml"}


def uses(file: Path) -> Iterator[str]:
    """Yields the modules that a file imports and the functions that it calls by name."""
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Import(names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module):
                yield (module or "").partition(".")[0]
            case ast.Call(ast.Name(name)):
                yield f"{name}()"


def test_nothing_is_read_that_could_run(figure):
    files = [*(ROOT / "tfrl").rglob("*.py")]
    used = {name for file in files for name in uses(file)}
    assert {"json", "tomllib", "pyarrow", "print()"} <= used
    assert not used & {*KIN, "eval()", "exec()", "compile()", "__import__()"}
    for file in files:
        for call in re.findall(r"np\.load\(.*", file.read_text()):
            assert "allow_pickle=False" in call
    figure(11, "no pickle, no eval")


def test_results_are_read_without_the_code_that_made_them(project, figure):
    Path("own.py").write_text('from pathlib import Path\nPath("ran").touch()\n')
    project.write(fake.STUDY.replace('"fake"', '"own:Pipeline"'))
    publish(project.store)
    for arguments in (["list"], ["status", "fake"], ["verify", "fake"], ["report", "fake"]):
        assert cli.main(arguments) == 0
    assert not Path("ran").exists()
    figure(11, "no code of a study's own is run to read its results")
