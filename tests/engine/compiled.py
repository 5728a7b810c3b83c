"""Trains a small agent; prints a digest of the run, and how many entries were compiled here."""

import sys

from tests.engine.one_run import digest, make_trainer
from tfrl.runtime import compile_cache


def main():
    if "busy" in sys.argv:  # what this process builds is numbered from elsewhere
        make_trainer("reinforce", every=2_000).run(1)
        compile_cache.save()
    trainer = make_trainer("reinforce")
    result = digest(trainer.run(1))
    print(f"{result} {compile_cache.save()}")


if __name__ == "__main__":
    main()
