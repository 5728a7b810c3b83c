"""CartPole inside the graph, step by step equal to Gymnasium's."""

import math

import tensorflow as tf
from tf_agents.specs import tensor_spec

from tfrl.environments.graph_environment import GraphEnvironment

GRAVITY = 9.8  # m/s^2
CART_MASS = 1.0  # kg
TIME_STEP = 0.02  # s
POSITION_LIMIT = 2.4  # m
ANGLE_LIMIT = 12 * 2 * math.pi / 360  # rad
TIME_LIMITS = {"CartPole-v0": 200, "CartPole-v1": 500}  # environment steps


class CartPole(GraphEnvironment):
    """The cart-pole of Barto, Sutton and Anderson (1983), equal to Gymnasium's CartPole.

    Actions: 0 pushes the cart to the left, 1 to the right. Observations: position, velocity, angle
    and angular velocity, float32 `[B, 4]`. Reward 1 for every step. An episode terminates when the
    cart leaves +-2.4 m or the pole +-12 degrees, and is truncated after 200 (v0) or 500 steps (v1).
    Constants: the force (N), half the pole's length (m) and the pole's mass (kg).

    The state is float64, as in Gymnasium. Rounding errors double about every ten steps, so with
    float32 the trajectory would differ visibly from Gymnasium's within some tens of steps.
    """

    def __init__(self, environment_id: str = "CartPole-v1", **kwargs):
        """Creates a batch of CartPole. The other arguments are those of `GraphEnvironment`."""
        super().__init__(
            environment_id,
            observation_spec=tf.TensorSpec([4], tf.float32, "observation"),
            action_spec=tensor_spec.BoundedTensorSpec([], tf.int64, 0, 1, "action"),
            state_spec=tf.TensorSpec([4], tf.float64),
            num_uniforms=4,
            time_limit=TIME_LIMITS[environment_id],
            **kwargs,
        )

    def _initial_state(self, uniforms: tf.Tensor, constants: tf.Tensor) -> tf.Tensor:
        return 0.05 * (2.0 * uniforms - 1.0)

    def _dynamics(
        self, state: tf.Tensor, constants: tf.Tensor, action: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        x, x_dot, theta, theta_dot = tf.unstack(state, axis=-1)
        force, half_length, mass = tf.unstack(constants, axis=-1)
        total_mass = CART_MASS + mass
        pole_moment = mass * half_length
        force = tf.where(tf.equal(action, 1), force, -force)
        cos, sin = tf.cos(theta), tf.sin(theta)
        push = (force + pole_moment * theta_dot**2 * sin) / total_mass
        theta_acc = (GRAVITY * sin - cos * push) / (
            half_length * (4 / 3 - mass * cos**2 / total_mass)
        )
        x_acc = push - pole_moment * theta_acc * cos / total_mass

        x += TIME_STEP * x_dot
        x_dot += TIME_STEP * x_acc
        theta += TIME_STEP * theta_dot
        theta_dot += TIME_STEP * theta_acc
        terminated = (tf.abs(x) > POSITION_LIMIT) | (tf.abs(theta) > ANGLE_LIMIT)
        next_state = tf.stack([x, x_dot, theta, theta_dot], axis=-1)
        return next_state, tf.ones_like(x, tf.float32), terminated

    def _observe(self, state: tf.Tensor) -> tf.Tensor:
        return tf.cast(state, tf.float32)
