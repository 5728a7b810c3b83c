"""Makes a short run of each pipeline and prints what computes it, and a digest of each."""

import numpy as np

from tests.engine.one_run import digest
from tfrl import pipelines

RUNS = {
    "dqn": ("CartPole-v1", {}),
    "reinforce": ("CartPole-v1", {}),
    "ppo": ("MountainCar-v0", {"normalize_observations": True}),
    "apo": ("CartPole-v1", {}),
    "ppo stock": ("Acrobot-v1", {"stock_agent": True}),
    "dqn outside": ("gymnasium:CartPole-v1", {}),
    "dqn large": ("CartPole-v1", {"batch_size": 1_024, "num_environments": 16}),
    "ppo large": ("Maze-v0", {"minibatch_size": 512, "collect_sequence_length": 64}),
}
STEPS, EPISODES = 512, 2


def main():
    features = np._core._multiarray_umath.__cpu_features__
    print(*(name for name in ("AVX2", "AVX512F") if features[name]))
    for label, (environment, hyperparameters) in RUNS.items():
        pipeline = pipelines.resolve(label.split()[0])
        config = pipeline.Config(**hyperparameters)
        trainer = pipelines.Trainer(pipeline, config, environment, STEPS, STEPS, EPISODES)
        print(label, digest(trainer.run(3)), flush=True)


if __name__ == "__main__":
    main()
