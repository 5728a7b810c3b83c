"""CartPole-v1 inside the graph, equal to Gymnasium's step for step."""

import math

import tensorflow as tf
from tf_agents.specs import tensor_spec

from tfrl import randomness
from tfrl.environments.graph_environment import GraphEnvironment
from tfrl.randomness import Stream

GRAVITY = 9.8  # m/s^2
CART_MASS = 1.0  # kg
POLE_MASS = 0.1  # kg
POLE_HALF_LENGTH = 0.5  # m
FORCE = 10.0  # N
TIME_STEP = 0.02  # s
POSITION_LIMIT = 2.4  # m
ANGLE_LIMIT = 12 * 2 * math.pi / 360  # rad
TIME_LIMIT = 500  # environment steps


class CartPole(GraphEnvironment):
    """The cart-pole of Barto, Sutton and Anderson (1983) as Gymnasium's CartPole-v1 has it.

    Actions: 0 pushes the cart to the left, 1 to the right. Observations: position, velocity, angle
    and angular velocity, float32 `[B, 4]`. Reward 1 for every step. An episode terminates when the
    cart leaves +-2.4 m or the pole +-12 degrees, and is truncated after 500 steps.

    The state is kept in float64 as Gymnasium keeps it: rounding errors double every ten steps or
    so, and float32's would part a pole from Gymnasium's within some tens of steps.
    """

    def __init__(
        self,
        batch_size: int = 1,
        seed: int = 0,
        stream: Stream = Stream.ENVIRONMENT,
        name: str | None = "CartPole",
    ):
        """See `GraphEnvironment`."""
        super().__init__(
            observation_spec=tf.TensorSpec([4], tf.float32, "observation"),
            action_spec=tensor_spec.BoundedTensorSpec([], tf.int64, 0, 1, "action"),
            state_spec=tf.TensorSpec([4], tf.float64),
            time_limit=TIME_LIMIT,
            batch_size=batch_size,
            seed=seed,
            stream=stream,
            name=name,
        )

    def _initial_state(self, key: tf.Tensor) -> tf.Tensor:
        return randomness.uniform(key, (self.batch_size, 4), -0.05, 0.05, tf.float64)

    def _dynamics(
        self, state: tf.Tensor, action: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        x, x_dot, theta, theta_dot = tf.unstack(state, axis=-1)
        total_mass = CART_MASS + POLE_MASS
        pole_moment = POLE_MASS * POLE_HALF_LENGTH
        force = tf.where(tf.equal(action, 1), tf.constant(FORCE, tf.float64), -FORCE)
        cos, sin = tf.cos(theta), tf.sin(theta)
        push = (force + pole_moment * theta_dot**2 * sin) / total_mass
        theta_acc = (GRAVITY * sin - cos * push) / (
            POLE_HALF_LENGTH * (4 / 3 - POLE_MASS * cos**2 / total_mass)
        )
        x_acc = push - pole_moment * theta_acc * cos / total_mass

        x += TIME_STEP * x_dot
        x_dot += TIME_STEP * x_acc
        theta += TIME_STEP * theta_dot
        theta_dot += TIME_STEP * theta_acc
        terminated = (tf.abs(x) > POSITION_LIMIT) | (tf.abs(theta) > ANGLE_LIMIT)
        next_state = tf.stack([x, x_dot, theta, theta_dot], axis=-1)
        return next_state, tf.ones([self.batch_size]), terminated

    def _observe(self, state: tf.Tensor) -> tf.Tensor:
        return tf.cast(state, tf.float32)
