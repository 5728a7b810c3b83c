"""DQN and REINFORCE on CartPole-v1 as TF-Agents' tutorials train them.

    python -m bench.tutorial dqn

A Python loop around `PyDriver`, `PyTFEagerPolicy`, `TFUniformReplayBuffer` (the tutorials' Reverb
has no wheel for these versions) and `common.function(agent.train)`, with the tutorials'
hyperparameters. Prints `{"rate": ...}`: updates per second for DQN, environment steps per second
for REINFORCE, tracing and the first steps excluded.
"""

import argparse
import json
import time

import tfrl  # noqa: F401 - before TensorFlow: it chooses the Keras that TF-Agents needs
from tfrl.runtime import tf_setup

tf_setup.silence()

import tensorflow as tf  # noqa: E402
from tf_agents.agents.dqn import dqn_agent  # noqa: E402
from tf_agents.agents.reinforce import reinforce_agent  # noqa: E402
from tf_agents.drivers import py_driver  # noqa: E402
from tf_agents.environments import suite_gym, tf_py_environment  # noqa: E402
from tf_agents.networks import actor_distribution_network, q_network  # noqa: E402
from tf_agents.policies import py_tf_eager_policy  # noqa: E402
from tf_agents.replay_buffers import tf_uniform_replay_buffer  # noqa: E402
from tf_agents.trajectories import trajectory  # noqa: E402
from tf_agents.utils import common, nest_utils  # noqa: E402

ENVIRONMENT = "CartPole-v1"
DQN_WARM_UP, DQN_UPDATES = 200, 2_000
REINFORCE_WARM_UP, REINFORCE_STEPS = 3, 5_000  # iterations, environment steps


def time_dqn() -> float:
    """One step and one update of batch 64 an iteration. Returns updates per second."""
    environment = suite_gym.load(ENVIRONMENT)
    specs = tf_py_environment.TFPyEnvironment(environment)
    agent = dqn_agent.DqnAgent(
        specs.time_step_spec(),
        specs.action_spec(),
        q_network=q_network.QNetwork(
            specs.observation_spec(), specs.action_spec(), fc_layer_params=(100, 50)
        ),
        optimizer=tf.keras.optimizers.Adam(1e-3),
        td_errors_loss_fn=common.element_wise_squared_loss,
        train_step_counter=tf.Variable(0, dtype=tf.int64),
    )
    agent.initialize()
    agent.train = common.function(agent.train)
    replay_buffer = uniform_replay_buffer(agent, capacity=100_000)

    driver = collect_driver(environment, agent, replay_buffer, max_steps=1)
    time_step = environment.reset()
    for _ in range(100):
        time_step, _ = driver.run(time_step)
    batches = iter(
        replay_buffer.as_dataset(num_parallel_calls=3, sample_batch_size=64, num_steps=2).prefetch(
            3
        )
    )
    for update in range(DQN_WARM_UP + DQN_UPDATES):
        if update == DQN_WARM_UP:
            start = time.perf_counter()
        time_step, _ = driver.run(time_step)
        experience, _ = next(batches)
        agent.train(experience)
    return DQN_UPDATES / (time.perf_counter() - start)


def time_reinforce() -> float:
    """Two episodes and one update an iteration. Returns environment steps per second."""
    environment = suite_gym.load(ENVIRONMENT)
    specs = tf_py_environment.TFPyEnvironment(environment)
    agent = reinforce_agent.ReinforceAgent(
        specs.time_step_spec(),
        specs.action_spec(),
        actor_network=actor_distribution_network.ActorDistributionNetwork(
            specs.observation_spec(), specs.action_spec(), fc_layer_params=(100,)
        ),
        optimizer=tf.keras.optimizers.Adam(1e-3),
        normalize_returns=True,
        train_step_counter=tf.Variable(0, dtype=tf.int64),
    )
    agent.initialize()
    agent.train = common.function(agent.train)
    replay_buffer = uniform_replay_buffer(agent, capacity=2_000)
    driver = collect_driver(environment, agent, replay_buffer, max_episodes=2)

    def iterate() -> int:
        driver.run(environment.reset())
        experience = replay_buffer.gather_all()
        agent.train(experience)
        replay_buffer.clear()
        return int(tf.reduce_sum(tf.cast(~experience.is_boundary(), tf.int32)))

    for _ in range(REINFORCE_WARM_UP):
        iterate()
    steps, start = 0, time.perf_counter()
    while steps < REINFORCE_STEPS:
        steps += iterate()
    return steps / (time.perf_counter() - start)


def uniform_replay_buffer(agent, capacity):
    """The replay buffer of `agent`'s experience from one environment."""
    return tf_uniform_replay_buffer.TFUniformReplayBuffer(
        agent.collect_data_spec, batch_size=1, max_length=capacity
    )


def collect_driver(environment, agent, replay_buffer, **length):
    """The driver that fills `replay_buffer` by the agent's collect policy."""

    def add(experience: trajectory.Trajectory) -> None:
        replay_buffer.add_batch(nest_utils.batch_nested_array(experience))

    policy = py_tf_eager_policy.PyTFEagerPolicy(agent.collect_policy, use_tf_function=True)
    return py_driver.PyDriver(environment, policy, [add], **length)


def main() -> None:
    """Prints the rate of the algorithm named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("algorithm", choices=("dqn", "reinforce"))
    algorithm = parser.parse_args().algorithm
    print(json.dumps({"rate": time_dqn() if algorithm == "dqn" else time_reinforce()}))


if __name__ == "__main__":
    main()
