"""MountainCar inside the graph, step by step equal to Gymnasium's."""

import tensorflow as tf
from tf_agents.specs import tensor_spec

from tfrl.environments.graph_environment import GraphEnvironment

POSITION_RANGE = (-1.2, 0.6)
SPEED_LIMIT = 0.07  # per step
GOAL = 0.5  # position
TIME_LIMIT = 200  # environment steps


class MountainCar(GraphEnvironment):
    """The mountain car of Moore (1990), equal to Gymnasium's MountainCar-v0.

    Actions: 0 accelerates to the left, 1 not at all, 2 to the right. Observations: position and
    velocity, float32 `[B, 2]`. Reward -1 for every step, including the last. An episode terminates
    when the car reaches position 0.5, and is truncated after 200 steps.

    Constants: "force" and "mass", Gymnasium's attributes `force` and `gravity`. Both are
    accelerations per step.

    The state is float64, as in Gymnasium.
    """

    def __init__(self, environment_id: str = "MountainCar-v0", **kwargs):
        """Creates a batch of MountainCar. The other arguments are those of `GraphEnvironment`."""
        super().__init__(
            environment_id,
            observation_spec=tf.TensorSpec([2], tf.float32, "observation"),
            action_spec=tensor_spec.BoundedTensorSpec([], tf.int64, 0, 2, "action"),
            state_spec=tf.TensorSpec([2], tf.float64),
            num_uniforms=1,
            time_limit=TIME_LIMIT,
            **kwargs,
        )

    def _initial_state(self, uniforms: tf.Tensor, constants: tf.Tensor) -> tf.Tensor:
        position = 0.2 * (uniforms[:, 0] - 3.0)  # from -0.6 to -0.4, around the valley's bottom
        return tf.stack([position, tf.zeros_like(position)], axis=-1)

    def _dynamics(
        self, state: tf.Tensor, constants: tf.Tensor, action: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        position, velocity = tf.unstack(state, axis=-1)
        force, mass = tf.unstack(constants, axis=-1)
        direction = tf.cast(action - 1, tf.float64)
        velocity += direction * force - mass * tf.cos(3.0 * position)
        velocity = tf.clip_by_value(velocity, -SPEED_LIMIT, SPEED_LIMIT)
        position = tf.clip_by_value(position + velocity, *POSITION_RANGE)
        hits_wall = (position <= POSITION_RANGE[0]) & (velocity < 0.0)
        velocity = tf.where(hits_wall, tf.zeros_like(velocity), velocity)
        terminated = (position >= GOAL) & (velocity >= 0.0)
        next_state = tf.stack([position, velocity], axis=-1)
        return next_state, -tf.ones_like(position, tf.float32), terminated

    def _observe(self, state: tf.Tensor) -> tf.Tensor:
        return tf.cast(state, tf.float32)
