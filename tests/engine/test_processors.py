"""Another type of processor, which QEMU emulates, gives the same bits."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.engine.few_runs import RUNS
from tests.lacking import lacking
from tfrl.runtime import arithmetic, compile_cache, tf_setup

COMMAND = [sys.executable, "-m", "tests.engine.few_runs"]
EMULATOR = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")


EMULATED = [EMULATOR or "", "-cpu", "Haswell", sys.executable, "-m"]

# NumPy tells the processors apart only if it may use all features. No cache, so that each compiles
# for itself: code that the machine's own processor has compiled can end the emulated process.
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name not in tf_setup.ENVIRONMENT
} | {compile_cache.VARIABLE: "off"}


@pytest.mark.study
def test_an_emulated_haswell_gives_the_same_bits():
    if not EMULATOR:
        lacking("there is no qemu-x86_64 (Debian: apt install qemu-user)")
    emulated = subprocess.Popen(
        [*EMULATED, "tests.engine.few_runs"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    native = subprocess.run(
        COMMAND, env=ENVIRONMENT, capture_output=True, text=True, check=True
    ).stdout
    output, errors = emulated.communicate()
    assert emulated.returncode == 0, errors
    processor, *digests = output.splitlines()
    assert processor == "AVX2"  # and no AVX-512, so this was another processor
    assert len(digests) == len(RUNS)
    assert digests == native.splitlines()[1:]


@pytest.mark.slow
def test_an_emulated_haswell_passes_the_self_test_of_arithmetic():
    if not EMULATOR:
        lacking("there is no qemu-x86_64 (Debian: apt install qemu-user)")
    command = [*EMULATED, "tfrl.runtime.arithmetic"]
    environment = tf_setup.environment() | {compile_cache.VARIABLE: "off"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert arithmetic.differing(json.loads(done.stdout)) == []
