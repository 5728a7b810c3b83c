"""Properties of the machine on macOS, as Linux has them under /proc and /sys."""

import platform
import subprocess


def read(name: str) -> str | None:
    """Returns a value by name, such as `hw.l1dcachesize`; None on Linux or if it is unknown."""
    if platform.system() == "Linux":
        return None
    try:
        result = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return result.stdout.strip() or None


def processor() -> str:
    """Returns the processor's name; empty if it is unknown."""
    return read("machdep.cpu.brand_string") or platform.processor()
