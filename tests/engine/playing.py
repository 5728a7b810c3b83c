"""Episodes of an environment in the graph, played without an agent."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfrl import conditions
from tfrl.conditions import HELD_OUT
from tfrl.environments import GraphEnvironment


def returns(
    environment: GraphEnvironment,
    environment_id: str,
    variation: str,
    choose: Callable[[tf.Tensor], tf.Tensor],
) -> np.ndarray:
    """Returns `[B]` of held-out levels of a variation, one episode each.

    Args:
      choose: the actions `[B]` at a step of the environment.
    """
    levels = HELD_OUT + np.arange(environment.batch_size)
    intervals = conditions.intervals(environment_id, variation, levels)

    @tf.function
    def play():
        environment.set_levels(tf.constant(levels), tf.constant(intervals))
        total, alive = tf.zeros([len(levels)]), tf.ones([len(levels)])
        for step in tf.range(environment.time_limit):
            time_step = environment.step(choose(step))
            total += alive * time_step.reward
            alive *= tf.cast(~time_step.is_last(), tf.float32)
        return total

    return play().numpy().astype(float)
