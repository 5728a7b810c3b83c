"""Trains a pipeline with one seed after another in this process and prints a digest of each run."""

import hashlib
import sys

from tfrl import runtime

STEPS, EVERY, EPISODES = 2_000, 1_000, 4
SMALL = {"dqn": {"replay_buffer_max_length": 1_000}}


def train(pipeline, seeds):
    """The `RunResult` of each seed, all trained by one `Trainer`."""
    from tfrl import pipelines

    found = pipelines.resolve(pipeline)
    config = found.Config(**SMALL.get(pipeline, {}))
    trainer = pipelines.Trainer(found, config, "CartPole-v1", STEPS, EVERY, EPISODES)
    return [trainer.run(seed) for seed in seeds]


def digest(result):
    """Everything that a run found out, in one line."""
    columns = [*result.episodes.values(), *result.evaluations.values()]
    content = b"".join(
        column.tobytes() if column.dtype != object else "".join(column).encode()
        for column in columns
    )
    return f"{result.weights_sha256} {hashlib.sha256(content).hexdigest()} {result.updates}"


if __name__ == "__main__":
    runtime.configure()
    pipeline, *seeds = sys.argv[1:]
    for result in train(pipeline, map(int, seeds)):
        print(digest(result))
