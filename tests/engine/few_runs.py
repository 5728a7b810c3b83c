"""Makes a short run of each pipeline and prints what computes it, and a digest of each."""

import numpy as np

from tests.engine.one_run import digest
from tfrl import pipelines

RUNS = {  # on large batches, where processors are likelier to differ
    "dqn": ("Acrobot-v1", {"batch_size": 1_024, "num_environments": 8}),
    "reinforce": ("CartPole-v1", {"use_value_network": True}),
    "ppo": (
        "Maze-v0",
        {"collect_sequence_length": 128, "minibatch_size": 1_024, "normalize_observations": True},
    ),
    "apo": ("MountainCar-v0", {"collect_sequence_length": 128}),
}
STEPS, EPISODES = 2_048, 2


def main():
    features = np._core._multiarray_umath.__cpu_features__
    print(*(name for name in ("AVX2", "AVX512F") if features[name]))
    for name, (environment, hyperparameters) in RUNS.items():
        pipeline = pipelines.resolve(name)
        config = pipeline.Config(**hyperparameters)
        trainer = pipelines.Trainer(pipeline, config, environment, STEPS, STEPS, EPISODES)
        print(name, digest(trainer.run(3)), flush=True)


if __name__ == "__main__":
    main()
