import io
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import tfrl
from tests.harness import fake
from tests.harness.conftest import ROOT
from tests.harness.test_run_store import publish
from tfrl import cli, report
from tfrl.harness.execution.progress import Progress, Status, duration
from tfrl.harness.store import stored_results

COMMANDS = (
    "run",
    "status",
    "retry",
    "report",
    "verify",
    "publish",
    "compare",
    "show",
    "list",
    "runs",
    "selftest",
    "hyperparameters",
    "new",
    "check",
)


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_every_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main([*command, "--help"])
    assert re.search(rf"examples?:\n  tfrl {' '.join(command)}", capsys.readouterr().out)


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from tfrl import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'pandas', 'numpy', 'pyarrow', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )

    subprocess.run([sys.executable, "-c", script], check=True, env={"PYTHONPATH": str(ROOT)})


def test_the_module_is_the_command():
    command = [sys.executable, "-m", "tfrl", "--version"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == f"tfrl {tfrl.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "fak"], "there is no study 'fak'"),
        (["run", "fake", "--seeds", "9"], "--seeds has 9, which is not among the seeds of studies"),
        (
            ["run", "fake", "--seeds", "x"],
            "--seeds must be 1 to 10,000 integers from 0 on, such ",
        ),
        (["report", "fake"], "no usable run of fake in runs/fake: run `tfrl run "),
        (["status", "fak"], "there is no study 'fak'"),
        (["retry", "fak"], "there is no study 'fak'"),
        (["run", "fak", "--plan"], "there is no study 'fak'"),
        (["report", "none.toml"], "none.toml: cannot be read: No such file or directory"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(project, capsys, arguments, sentence):
    assert project.tfrl(*arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"tfrl: {sentence}")


def test_no_worker_at_all_is_a_mistake(project, capsys):
    with pytest.raises(SystemExit, match="2"):
        project.tfrl("run", "fake", "--jobs", "0")
    assert "--jobs: expected a positive integer, got '0'" in capsys.readouterr().err


def test_the_list_counts_what_is_stored_and_names_what_is_wrong(project, capsys):
    publish(project.store)
    assert project.tfrl("list") == 0
    assert re.search(r"fake +Fake +8 +1 +0 +7\n", capsys.readouterr().out)
    Path("studies/wrong.toml").write_text("title = 1")
    assert project.tfrl("list") == 2
    out, err = capsys.readouterr()
    assert "fake" in out
    assert err.startswith("tfrl: studies/wrong.toml: title must be a one-line string, got 1")


def test_a_list_of_nothing_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["list"]) == 2
    assert capsys.readouterr().err.startswith("tfrl: no studies found")


def test_the_report_gets_the_results_and_what_does_not_count_is_told(project, capsys, monkeypatch):
    seen = {}

    def render(results: stored_results.Results, destination: Path, published: Path) -> Path:
        seen.update(results=results, destination=destination)
        return destination / "index.html"

    monkeypatch.setattr(report, "render", render)
    for seed in range(2):
        publish(project.store, seed)
    damaged = project.store.directory(project.store.study.runs()[1]) / "manifest.json"
    damaged.write_text("{}")
    assert project.tfrl("report", "fake", "--reports", "pages") == 0
    out, err = capsys.readouterr()
    assert out.endswith("pages/own/fake/index.html\n")
    assert seen["destination"] == Path("pages/own/fake")
    assert list(seen["results"].runs["status"]).count("finished") == 1
    damage, outdated = err.splitlines()
    assert damage.startswith(f"1 stored run counts as missing: {damaged} is damaged")
    assert outdated.startswith("1 stored run has other code or packages than the current ones (ten")
    assert seen["results"].notices == (damage, outdated)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


STATUS = Status(
    total=8,
    finished=3,
    failed=1,
    running=[("line/one/seed-3", 0.456), ("line/two/seed-0", None)],
    seconds_left=75,
)
LINE = (
    "3 of 8 done, 1 failed, 2 running, 1 min 15 s left: "
    "line/one/seed-3 46%, line/two/seed-0 compiles"
)


def test_a_reader_that_goes_away_interrupts_without_a_traceback(project):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "tfrl", "list"]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, env=environment)
    os.close(write)
    assert (done.returncode, done.stderr) == (130, b"")


@pytest.mark.parametrize("width", [60, 200])
def test_progress_is_one_line_that_is_rewritten(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    terminal = Terminal()
    progress = Progress(terminal)
    progress.show(STATUS)
    progress.show(STATUS)  # too soon for a second time
    assert terminal.getvalue() == f"\r\x1b[K{LINE[: width - 1]}"
    progress.print("failed: line/one/seed-2: no")
    assert terminal.getvalue().endswith("\r\x1b[Kfailed: line/one/seed-2: no\n")


def test_progress_into_a_file_has_no_control_characters():
    file = io.StringIO()
    progress = Progress(file)
    progress.show(STATUS)
    progress.print("failed: line/one/seed-2: no")
    progress.clear()
    assert file.getvalue() == "failed: line/one/seed-2: no\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (130, "2 min 10 s"), (7260, "2 h 1 min")],
)
def test_durations_are_said_as_people_say_them(seconds, text):
    assert duration(seconds) == text


def in_shell(command, tmp_path, **variables):
    """What a shell says of a command with `tfrl list` in it, in a folder with one study."""
    (tmp_path / "studies").mkdir()
    study = fake.STUDY.replace('"Fake"', '"Für Ωmega"')
    (tmp_path / "studies" / "fake.toml").write_text(study, encoding="utf-8")
    tfrl_list = f"{sys.executable} -m tfrl list"
    return subprocess.run(
        ["sh", "-c", command.format(tfrl_list)],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )


def test_letters_that_a_terminal_lacks_are_replaced(tmp_path):
    done = in_shell("{}", tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"F?r ?mega" in done.stdout


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_closed_stream_does_no_harm(tmp_path, closed):
    done = in_shell(f"{{}} {closed}", tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_device_is_one_sentence(tmp_path):
    done = in_shell("{} >/dev/full", tmp_path)
    assert done.returncode == 2
    assert done.stderr == b"tfrl: cannot write the output: No space left on device\n"


def test_it_works_outside_of_the_main_thread(project):
    with ThreadPoolExecutor() as pool:
        assert pool.submit(project.tfrl, "run", "fake", "--seeds", "0", "--jobs", "1").result() == 0
