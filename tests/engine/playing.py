"""Plays episodes of in-graph environments without an agent."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfrl import variations
from tfrl.environments import GraphEnvironment
from tfrl.variations import FIRST_TEST_LEVEL


def returns(
    environment: GraphEnvironment,
    environment_id: str,
    variation: str,
    choose: Callable[[tf.Tensor], tf.Tensor],
) -> np.ndarray:
    """Returns the sum of rewards of one episode in each of `B` held-out levels, float64 `[B]`.

    Args:
      environment: an environment with batch size `B`.
      environment_id: its id.
      variation: name of the variation.
      choose: a function from the step number to the actions `[B]`.
    """
    levels = FIRST_TEST_LEVEL + np.arange(environment.batch_size)
    intervals = variations.intervals(environment_id, variation, levels)

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
