"""DQN, PPO, APO or REINFORCE on CartPole-v1 by tfrl's own pipelines.

    python -m bench.ours ppo [--gymnasium]

Prints `{"rate": ..., "compile_seconds": ...}`: updates per second for DQN, environment steps per
second for the others, over some seeds of one compiled pipeline, evaluations excluded; and the
seconds spent once on building and compiling it.
"""

import argparse
import json

from tfrl.runtime import tf_setup

tf_setup.configure()

from tfrl import pipelines, training  # noqa: E402

NETS_64 = {"fc_layer_params": (64, 64)}
PPO = NETS_64 | {"num_environments": 8, "collect_sequence_length": 32, "num_epochs": 20}
HYPERPARAMETERS = {
    "dqn": {"fc_layer_params": (100, 50), "batch_size": 64, "target_update_period": 100},
    "ppo": PPO,
    "apo": PPO,
    "reinforce": {"fc_layer_params": (100,), "collect_episodes_per_iteration": 2},
}
# As many steps a seed as the other implementation's measure takes from its start, for REINFORCE:
# the longer its episodes grow, the fewer updates a step brings.
STEPS = {"dqn": 25_000, "ppo": 100_000, "apo": 100_000, "reinforce": 5_000}
SEEDS = {"dqn": 2, "ppo": 3, "apo": 3, "reinforce": 20}


def main() -> None:
    """Prints the rate of the pipeline named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pipeline", choices=HYPERPARAMETERS)
    parser.add_argument(
        "--gymnasium", action="store_true", help="in Gymnasium's own environments, eight together"
    )
    arguments = parser.parse_args()
    name = arguments.pipeline
    environment, steps, hyperparameters = "CartPole-v1", STEPS[name], HYPERPARAMETERS[name]
    if arguments.gymnasium and name == "reinforce":
        parser.error("reinforce has no num_environments")
    if arguments.gymnasium:
        environment, steps = f"gymnasium:{environment}", steps // 4
        hyperparameters = hyperparameters | {"num_environments": 8}

    pipeline = pipelines.resolve(name)
    trainer = training.Trainer(
        pipeline,
        config=pipeline.Config(**hyperparameters),
        environment=environment,
        num_environment_steps=steps,
        evaluation_every=steps,
        evaluation_episodes=1,
    )
    compile_seconds = trainer.run(seed=0).timings["compile"]
    runs = [trainer.run(seed) for seed in range(1, 1 + SEEDS[name])]
    work = sum(run.updates for run in runs) if name == "dqn" else len(runs) * steps
    rate = work / sum(run.timings["train"] for run in runs)
    print(json.dumps({"rate": rate, "compile_seconds": compile_seconds}))


if __name__ == "__main__":
    main()
