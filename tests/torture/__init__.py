"""Tests that no run is lost: each row is a failure that the harness must survive.

    row                                      test
     1  the driver is killed                 test_killed.py
     2  a worker is killed                   test_killed.py
     3  death inside every step of a write   test_dying.py
     4  a file is cut off, a bit flips       test_damaged.py
     5  two invocations at once              test_killed.py
     6  runs fail in five ways               test_failing.py
     7  a report on an incomplete study      test_failing.py
     8  a full disk                          test_full_disk.py
     9  other schemas, settings, code        test_damaged.py
    10  one fingerprint                      test_one_fingerprint.py
    11  files from strangers                 test_strangers.py
    12  the line of progress                 test_failing.py

`make test` runs them with few repetitions, `make torture` with many. Both print a figure for each
row.
"""

import os

LONG = "TORTURE" in os.environ


def size(short: int, long: int) -> int:
    """Returns a number of repetitions."""
    return long if LONG else short
