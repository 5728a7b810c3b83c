"""`tfrl run --executor ray` on a cluster of two nodes or three, all of them on this machine.

Ray is in an environment of its own, `.venv-ray`, on top of the one that the tests run in.
"""

import importlib.util
import os
import re
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness import fake
from tests.harness.conftest import ROOT
from tests.harness.test_engine import STUDY
from tests.harness.test_run import configure, made, wait_for_runs
from tests.lacking import lacking
from tests.torture.common import wait_until
from tfrl.harness.store import tables
from tfrl.runtime import tf_setup

FOLDER = Path(__file__).parent / "ray"
REQUIREMENTS = ROOT / "requirements"
PYTHON = ROOT / ".venv-ray" / "bin" / "python"


@dataclass(frozen=True)
class Nodes:
    """A cluster that can gain and lose a node."""

    process: subprocess.Popen
    address: str
    folder: Path  # for temporary files of whatever runs there

    def do(self, command: str) -> None:
        print(command, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "done\n"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    done = subprocess.run([FOLDER / "setup.sh"], capture_output=True, text=True)
    if done.returncode:
        lacking(f"Ray cannot be installed: {done.stderr.strip()[-200:]}")
    folder = tmp_path_factory.mktemp("nodes")
    with subprocess.Popen(
        [PYTHON, FOLDER / "nodes.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        address = process.stdout.readline().strip()
        assert address
        yield Nodes(process, address, folder)
        process.stdin.close()


@pytest.fixture
def third(nodes):
    """Adds a node with these settings in its environment; it is gone after the test."""
    present = []

    def add(*settings: str) -> None:
        nodes.do(" ".join(["add", *settings]))
        present.append(True)

    def kill() -> None:
        nodes.do("kill")
        present.pop()

    add.kill = kill
    yield add
    if present:
        kill()


def run_there(project, nodes, *options):
    """What came of `tfrl run fake` on the cluster; see `end_of`."""
    return end_of(start_there(project, nodes, *options))


def start_there(project, nodes, *options):
    cluster = ("--executor", "ray", "--address", nodes.address)
    return project.start("run", "fake", *cluster, *options, python=PYTHON)


def end_of(process):
    """Exit status, standard output, and the lines of the other without those of progress."""
    out, err = process.communicate(timeout=300)
    said = [line for line in err.splitlines() if " done, " not in line]
    return process.returncode, out, said


def assert_stored_as_here(project):
    """All tables are the very bytes that this machine's own processes store."""
    assert project.tfrl("run", "fake", "--runs", "here") == 0
    tables = sorted(Path("here").glob("fake/*/*/seed-*/*.parquet"))
    assert len(tables) == 3 * len(project.store.study.runs())
    for table in tables:
        assert table.read_bytes() == ("runs" / table.relative_to("here")).read_bytes()


@pytest.mark.slow
def test_runs_are_made_once_wherever_there_is_room_and_stored_as_here(project, nodes):
    project.write(configure(f'file = "{project.folder}/made"\nseconds = 0.5\n'))
    before = set(nodes.folder.iterdir())
    status, out, said = run_there(project, nodes)
    assert (status, said) == (0, ["fake: 8 of 8 runs to train"])
    assert "8 planned = 8 finished + 0 failed + 0 missing in runs/fake" in out
    assert made(project) == dict.fromkeys("0123", 1)
    assert project.visible() == sorted([f"seed-{seed}" for seed in range(4)] * 2)
    assert set(nodes.folder.iterdir()) == before, "nothing is left there"
    assert_stored_as_here(project)

    status, _, said = run_there(project, nodes)
    assert (status, said) == (0, ["fake: 0 of 8 runs to train"])


@pytest.mark.slow
def test_a_node_killed_in_mid_study_loses_nothing(project, nodes, third):
    third()
    project.write(configure(f'gate = "{project.folder}/gate"\nfile = "{project.folder}/made"\n'))
    process = start_there(project, nodes, "--jobs", "3")
    wait_until(lambda: made(project).total() == 3, "each of the nodes is at work")
    third.kill()
    Path("gate").touch()
    status, out, said = end_of(process)
    assert status == 0, said
    assert "8 planned = 8 finished + 0 failed + 0 missing in runs/fake" in out
    _, again = said
    assert again.startswith("retrying: line/two/seed-")
    assert again.endswith("lost: its node or Ray failed (attempt 1 of 3)")
    attempts = [len(entry.manifest["attempts"]) for entry in project.store.entries()]
    assert sorted(attempts) == [0] * 7 + [1]
    assert sorted(made(project).values()) == [1, 1, 1, 2]
    assert_stored_as_here(project)


@pytest.mark.slow
def test_runs_that_fail_or_kill_their_process_end_as_they_do_here(project, nodes):
    def failing(name):
        return f'[configurations.{name}]\npipeline = "fake"\nfailure = "{name}"\n'

    head = fake.STUDY[: fake.STUDY.index("[configurations.one]")].replace("0-3", "0-1")
    project.write(head + "".join(map(failing, ["raise", "kill", "threads"])))
    status, out, said = run_there(project, nodes)
    assert status == 1
    assert "6 planned = 3 finished + 3 failed + 0 missing" in out
    assert "failed: line/raise/seed-1: RuntimeError: the <first> line (" in out
    assert "OMP_NUM_THREADS=1, OPENBLAS_NUM_THREADS=1, MKL_NUM_THREADS=1 (" in out
    killed = "the worker process was killed by SIGKILL (possibly out of memory)"
    assert f"failed: line/kill/seed-1: WorkerDied: {killed}\n" in out
    assert f"retrying: line/kill/seed-1: {killed} (attempt 2 of 3)" in said
    died = project.store.entries()[3].manifest
    assert len(died["attempts"]) == 3
    assert died["processor"]["model"]


@pytest.mark.slow
def test_ctrl_c_ends_cleanly_and_the_rest_follows(project, nodes):
    project.write(configure(f'gate = "{project.folder}/gate"\n'))
    before = set(nodes.folder.iterdir())
    process = start_there(project, nodes)
    wait_for_runs(4)
    os.killpg(process.pid, signal.SIGINT)
    status, _, said = end_of(process)
    assert status == 130
    assert said == ["fake: 8 of 8 runs to train", "interrupted: run the same command to resume"]
    assert Counter(project.statuses().values()) == {"finished": 4, "missing": 4}
    assert set(nodes.folder.iterdir()) == before, "nothing is left there"

    Path("gate").touch()
    assert run_there(project, nodes)[0] == 0
    assert_stored_as_here(project)


@pytest.mark.slow
def test_what_a_machine_s_environment_says_otherwise_is_overridden_there_too(project, nodes, third):
    third("OPENBLAS_CORETYPE=SkylakeX")
    project.write(configure("seconds = 1.0\n"))
    assert run_there(project, nodes)[0] == 0
    manifests = [entry.manifest for entry in project.store.entries()]
    told = {manifest["variables"].get("OPENBLAS_CORETYPE") for manifest in manifests}
    assert told == {tf_setup.ENVIRONMENT["OPENBLAS_CORETYPE"]}
    assert all(manifest["processor"]["machine"] for manifest in manifests)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        (
            "FAKE_SOURCE={folder}/source.py",
            "different version of the code of fake on Line-v0. Install the ",
        ),
        (
            "PYTHONPATH={folder}/old:{root}",
            "cannot reproduce this machine's runs: numpy is ",
        ),
        (
            "PYTHONPATH={folder}/empty",
            "cannot start a worker: ModuleNotFoundError: No module named ",
        ),
    ],
    ids=["code", "version", "nothing"],
)
@pytest.mark.slow
def test_a_machine_that_would_make_other_runs_is_refused(project, nodes, third, setting, sentence):
    for file, text in {
        "source.py": "a = 1",
        "old/numpy-99.1.dist-info/METADATA": "Name: numpy\nVersion: 99.1\n",
        "empty/tfrl/__init__.py": "",
    }.items():
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(text)
    third(setting.format(folder=project.folder, root=ROOT))
    project.write(configure("seconds = 1.0\n"))
    status, _, (_, told) = run_there(project, nodes)
    assert status == 2, told
    assert told.startswith("tfrl: ")
    assert sentence in told


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense"])
@pytest.mark.slow
def test_no_cluster_there_is_a_mistake(project, nodes, address):
    nowhere = Nodes(nodes.process, address, nodes.folder)
    status, out, (_, sentence) = run_there(project, nowhere)
    assert (status, out) == (2, "")
    assert sentence.startswith(f"tfrl: cannot connect to a Ray cluster at {address} (")
    assert "`ray start --head`" in sentence


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed here")
def test_without_ray_it_is_said_how_to_install_it(project, capsys):
    assert project.tfrl("run", "fake", "--executor", "ray") == 2
    _, sentence = capsys.readouterr().err.splitlines()
    assert sentence.startswith("tfrl: --executor ray requires Ray, which is not installed: ")
    assert "requirements/ray.txt" in sentence


def test_what_ray_needs_is_locked_beside_all_else():
    """So that to install it changes nothing that is there."""
    ours, with_ray = (
        dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.MULTILINE))
        for lock in (REQUIREMENTS / "lock.txt", REQUIREMENTS / "ray.txt")
    )
    assert "ray" in with_ray and "ray" not in ours
    shared = ours.keys() & with_ray.keys()
    assert "protobuf" in shared
    assert {name: ours[name] for name in shared} == {name: with_ray[name] for name in shared}


@pytest.mark.study
def test_the_bits_are_those_of_this_machine_s_own_processes(project, nodes):
    """With the pipelines that the harness is made for, and their TensorFlow."""
    text = STUDY.replace("own:Pipeline", "ppo").replace(
        "[configurations.mine]", "[configurations.a]"
    )
    project.write(f'{text}\n[configurations.b]\npipeline = "dqn"\n')
    command = [PYTHON, "-m", "tfrl", "run", "fake"]
    cluster = ["--executor", "ray", "--address", nodes.address]
    found = {}
    for name, options in {"here": [], "there": cluster}.items():
        variables = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([*command, *options, "--runs", name], env=variables, check=True)
        found[name] = {
            table.relative_to(name): table.read_bytes() for table in Path(name).rglob("*.parquet")
        }
    assert len(found["here"]) == 4 * len(tables.SCHEMAS)
    assert found["here"] == found["there"]


def test_an_address_is_of_no_use_to_processes_of_this_machine(project, capsys):
    assert project.tfrl("run", "fake", "--address", "127.0.0.1:6379") == 2
    assert capsys.readouterr().err.endswith("tfrl: --address requires --executor ray\n")
