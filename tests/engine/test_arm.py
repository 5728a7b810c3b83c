"""An ARM processor, which QEMU emulates, runs every pipeline, and repeats itself bit for bit."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lacking import lacking

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv-arm"
EMULATOR = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
EMULATED = [EMULATOR or "", "-L", FOLDER, FOLDER / "usr" / "bin" / "python3"]
RUNS = ["-m", "tests.arm.few_runs"]
LANDER = """\
from tfrl.environments import suite_gymnasium
try:
    suite_gymnasium.load("LunarLander-v3")
except LookupError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def arm():
    """Starts a Python program on the emulated processor."""
    if not EMULATOR:
        lacking("there is no qemu-aarch64 (Debian: apt install qemu-user)")
    done = subprocess.run([ROOT / "tests" / "arm" / "setup.sh"], capture_output=True, text=True)
    if done.returncode:
        lacking(f"Python for ARM cannot be installed: {done.stderr.strip()[-200:]}")
    return lambda *arguments: start(*EMULATED, *arguments)


def start(*command):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def printed(process):
    out, _ = process.communicate()
    assert process.returncode == 0
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.study
@pytest.mark.parametrize("names", [("dqn", "reinforce"), ("ppo", "apo")])
def test_runs_on_arm_repeat_themselves_and_begin_as_on_this_processor(arm, names):
    emulated = arm(*RUNS, *names)
    native = printed(start(sys.executable, *RUNS, *names))
    found = printed(emulated)
    assert {run["machine"] for run in found} == {"aarch64"} != {platform.machine()}
    assert len(found) == len(native) == 3 * len(names)
    for run, same in zip(found, native, strict=True):
        assert run["learned"] and run["updates"] > 0
        assert run["lengths"] == run["returns"], "CartPole gives 1 for each step"
        for key in ("name", "seed", "columns", "evaluations", "returns_at_start"):
            assert run[key] == same[key], key
        assert run["first_losses"] == pytest.approx(same["first_losses"], rel=1e-3, abs=1e-5)
    for first, other, again in zip(found[::3], found[1::3], found[2::3], strict=True):
        assert first == again
        assert first["digest"] != other["digest"]


@pytest.mark.study
def test_what_has_no_package_for_arm_is_refused_in_a_sentence(arm):
    out, _ = arm("-c", LANDER).communicate()
    assert out == "LunarLander-v3 requires Box2D, which has no package for Linux on ARM\n"
