"""Has Eigen believe that this processor has other data caches than it has."""

import contextlib
import ctypes
import struct
from pathlib import Path

import tensorflow as tf

KIB = 1024
SIZES = {  # of the data caches L1, L2 and L3, in bytes
    "32 KiB": (32 * KIB, 1024 * KIB, 32 * KIB * KIB),  # AMD Zen 1 to 4, Intel until 2019
    "48 KiB": (48 * KIB, 2048 * KIB, 480 * KIB * KIB),  # Intel since Ice Lake, AMD Zen 5
    "64 KiB": (64 * KIB, 512 * KIB, 8 * KIB * KIB),
}
_QUERY = "_ZN5Eigen8internal15queryCacheSizesERiS1_S1_"


@contextlib.contextmanager
def each_size():
    """Gives a function that sets the sizes; afterwards they are as they were."""
    addresses = _addresses()
    before = [tuple(_at(address)) for address in addresses]

    def pretend(sizes):
        for address in addresses:
            _at(address)[:] = sizes

    try:
        yield pretend
    finally:
        for address, sizes in zip(addresses, before, strict=True):
            _at(address)[:] = sizes


def _at(address):
    return (ctypes.c_long * 3).from_address(address)


def _addresses():
    """Where this process keeps the sizes: in what libtensorflow leaves uninitialised."""
    ones = tf.ones((1024, 64))
    product = tf.function(lambda x: tf.matmul(x, x, transpose_a=True), jit_compile=True)
    product(ones)  # which is when Eigen looks them up
    library = Path(tf.__file__).parent / "libtensorflow_framework.so.2"
    sizes = [ctypes.c_int() for _ in range(3)]
    ctypes.CDLL(str(library))[_QUERY](*map(ctypes.byref, sizes))
    pattern = struct.pack("<qqq", *(size.value for size in sizes))
    addresses = []
    for start, end in _writable_spans():
        data = ctypes.string_at(start, end - start)
        at = data.find(pattern)
        while at >= 0:
            addresses.append(start + at)
            at = data.find(pattern, at + 8)
    assert addresses, "Eigen's cache sizes are not where they are expected"
    return addresses


def _writable_spans():
    """Of memory that belongs to libtensorflow, the nameless span behind it too."""
    owner = ""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, permissions, _, _, _, *name = line.split(maxsplit=5)
        owner = name[0] if name else owner
        if permissions.startswith("rw") and "libtensorflow" in owner:
            start, end = (int(x, 16) for x in span.split("-"))
            yield start, end
        owner = owner if "libtensorflow" in owner else ""
