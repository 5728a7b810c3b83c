"""The PPO of examples/ppo_from_scratch.py: what is left to be gained in Gymnasium's CartPole-v1.

    python -m bench.by_hand

It does the work of `bench.ours ppo --gymnasium` without TF-Agents and Keras, and without what a
study needs (levels, the log of episodes, checkpoints). Prints `{"rate": ...}`, environment steps
per second, compiling and the first rollouts excluded.
"""

import json
import time

from tfrl.runtime import tf_setup

tf_setup.configure()

import tensorflow as tf  # noqa: E402

from examples import ppo_from_scratch  # noqa: E402
from examples.ppo_from_scratch import B, T  # noqa: E402
from tfrl.training.host_loop import direct_call  # noqa: E402

WARM_UP, ROLLOUTS = 20, 100


def main() -> None:
    """Prints the rate."""
    ppo = ppo_from_scratch.Ppo(seed=0)
    observation = tf.TensorSpec([B, 4])
    rollout = [tf.TensorSpec([T + 1, B, 4]), tf.TensorSpec([T, B], tf.int64)]
    rollout += [tf.TensorSpec([T, B])] * 4 + [tf.TensorSpec([])]
    functions = compiled(ppo.act, observation), compiled(ppo.learn, *rollout)
    training = ppo_from_scratch.Training(*map(direct_call, functions), seed=0)
    for _ in range(WARM_UP):
        training.iterate(0.0)
    start = time.perf_counter()
    for _ in range(ROLLOUTS):
        training.iterate(0.0)
    print(json.dumps({"rate": ROLLOUTS * T * B / (time.perf_counter() - start)}))


def compiled(function, *signature: tf.TensorSpec) -> tf.types.experimental.ConcreteFunction:
    """The function, compiled by XLA for arguments of these specs."""
    traced = tf.function(function, jit_compile=True, autograph=False)
    return traced.get_concrete_function(*signature)


if __name__ == "__main__":
    main()
