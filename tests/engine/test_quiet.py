"""Imports say nothing."""

import subprocess
import sys

IMPORTS = "import tfrl, tensorflow, tf_agents.agents, gymnasium"


def test_tensorflow_and_gym_are_quiet_after_tfrl():
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_error_of_tensorflow_is_not_swallowed():
    broken = "import sys, tfrl; sys.modules['tensorflow.python'] = None; import tensorflow"
    done = subprocess.run([sys.executable, "-c", broken], capture_output=True, text=True)
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr
