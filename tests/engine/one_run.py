"""Trains a pipeline with one seed after another in this process and prints a digest of each run."""

import hashlib
import sys

from tfrl.runtime import tf_setup

tf_setup.configure()

from tfrl import pipelines, training  # noqa: E402

STEPS, EVERY, EPISODES = 2_000, 1_000, 4


def make_trainer(name, every=EVERY, **hyperparameters):
    """A short training of the pipeline of that name."""
    if name == "dqn":
        hyperparameters = {"replay_buffer_max_length": 1_000} | hyperparameters
    pipeline = pipelines.resolve(name)
    config = pipeline.Config(**hyperparameters)
    return training.Trainer(pipeline, config, "CartPole-v1", STEPS, every, EPISODES)


def digest(result):
    """Everything that a run found out, in one line."""
    content = hashlib.sha256()
    tables = (result.episodes, result.evaluations, result.losses)
    for column in (column for table in tables for column in table.values()):
        content.update("".join(column).encode() if column.dtype == object else column.tobytes())
    return f"{result.weights_sha256} {content.hexdigest()} {result.updates}"


if __name__ == "__main__":
    name, *seeds = sys.argv[1:]
    trainer = make_trainer(name)
    for seed in seeds:
        print(digest(trainer.run(int(seed))))
