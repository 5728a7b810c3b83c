"""What macOS tells of the machine, as Linux does under /proc and /sys."""

import platform
import subprocess


def read(name: str) -> str | None:
    """The value under a name such as `hw.l1dcachesize`; None on Linux, and where there is none."""
    if platform.system() == "Linux":
        return None
    try:
        done = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip() or None


def processor() -> str:
    """The processor's name; empty if it is not known."""
    return read("machdep.cpu.brand_string") or platform.processor()
