"""Makes short runs of the pipelines named and prints what each came to, a line of JSON a run."""

import json
import platform
import sys

import numpy as np

from tests.engine.one_run import digest
from tfrl import pipelines, training

SEEDS = (0, 1, 0)  # the last is to repeat the first, with another run in between
STEPS, EPISODES = 256, 1


def main(names):
    for name in names:
        pipeline = pipelines.resolve(name)
        settings = (pipeline.Config(), "CartPole-v1", STEPS, STEPS, EPISODES)
        trainer = training.Trainer(pipeline, *settings, keep_policies="all")
        for seed in SEEDS:
            print(json.dumps({"name": name, "seed": seed, **facts(trainer.run(seed))}), flush=True)


def facts(result):
    """What of a run is the same on every architecture, and what is not."""
    weights = [values for key, values in result.policies.items() if key != "step"]
    at_start = result.evaluations["step"] == 0
    return {
        "machine": platform.machine(),
        "digest": digest(result),
        "updates": result.updates,
        "columns": {key: str(values.dtype) for key, values in result.evaluations.items()},
        "evaluations": len(at_start),
        "returns_at_start": result.evaluations["return"][at_start].tolist(),
        "lengths": result.episodes["length"].tolist(),
        "returns": result.episodes["return"].tolist(),
        "first_losses": first(result.losses),
        "learned": all(np.isfinite(w).all() and (w[0] != w[-1]).any() for w in weights),
    }


def first(losses):
    """The first value of each loss."""
    names = losses["name"].tolist()
    return {name: float(losses["value"][names.index(name)]) for name in dict.fromkeys(names)}


if __name__ == "__main__":
    main(sys.argv[1:])
