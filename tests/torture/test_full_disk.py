"""Row 8: a full disk, which is a small file system in memory."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.conftest import ROOT

pytestmark = pytest.mark.slow  # fills a disk at many points of a study

# Mounted in a private namespace, which ends with the process.
MOUNTED = 'mount -t tmpfs -o size=256k tmpfs "$1" && exec "$0" -m tests.torture.full_disk "$1"'
PRIVATELY = ("unshare", "--mount", "--map-root-user", "sh", "-c")


def test_a_full_disk_is_named_and_with_more_room_it_goes_on(project, figure):
    allowed = [*PRIVATELY, "mount -t tmpfs tmpfs /mnt"]
    if not shutil.which("unshare") or subprocess.run(allowed, capture_output=True).returncode:
        figure(8, "skipped: it may not mount a file system")
        pytest.skip("it may not mount a file system")
    Path("small").mkdir()
    done = subprocess.run(
        [*PRIVATELY, MOUNTED, sys.executable, "small"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    figure(8, done.stdout.strip())
