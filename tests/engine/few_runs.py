"""Makes two short runs and prints what computes them, and a digest of each.

Under the emulator compiling alone takes minutes, so there is one run that learns off-policy and one
that learns on-policy, with all that APO adds. The self-test covers the operations of the others.
"""

import numpy as np

from tests.engine.one_run import digest
from tfrl import pipelines, training

# Environment, environment steps and hyperparameters. Batches are large, where processors are
# likelier to differ.
RUNS = {
    "dqn": ("Acrobot-v1", 400, {"batch_size": 1_024, "num_environments": 8}),
    "apo": (
        "Maze-v0",
        2_048,
        {"collect_sequence_length": 128, "minibatch_size": 1_024, "normalize_observations": True},
    ),
}
EPISODES = 2


def main():
    features = np._core._multiarray_umath.__cpu_features__
    print(*(name for name in ("AVX2", "AVX512F") if features[name]))
    for name, (environment, steps, hyperparameters) in RUNS.items():
        pipeline = pipelines.resolve(name)
        config = pipeline.Config(**hyperparameters)
        trainer = training.Trainer(pipeline, config, environment, steps, steps, EPISODES)
        print(name, digest(trainer.run(3)), flush=True)


if __name__ == "__main__":
    main()
