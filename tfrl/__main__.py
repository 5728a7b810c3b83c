"""`python -m tfrl`."""

import sys

from tfrl.cli import main

if __name__ == "__main__":
    sys.exit(main())
