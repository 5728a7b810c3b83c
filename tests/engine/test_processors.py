"""Another type of processor, which QEMU emulates, gives the same bits."""

import shutil
import subprocess
import sys

import pytest

from tests.lacking import lacking

COMMAND = [sys.executable, "-m", "tests.engine.few_runs"]
EMULATOR = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")


@pytest.mark.study
def test_an_emulated_haswell_gives_the_same_bits():
    if not EMULATOR:
        lacking("there is no qemu-x86_64 (Debian: apt install qemu-user)")
    emulated = subprocess.Popen(
        [EMULATOR, "-cpu", "Haswell", *COMMAND],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    native = subprocess.run(COMMAND, capture_output=True, text=True, check=True).stdout
    found, _ = emulated.communicate()
    assert emulated.returncode == 0
    processor, *digests = found.splitlines()
    assert processor == "AVX2"  # and no AVX-512, so this was another processor
    assert len(digests) == 6
    assert digests == native.splitlines()[1:]
