"""Acrobot inside the graph, step by step equal to Gymnasium's."""

import math

import tensorflow as tf
from tf_agents.specs import tensor_spec

from tfrl.environments.graph_environment import GraphEnvironment

GRAVITY = 9.8  # m/s^2
CENTRE = 0.5  # m, from the upper end of a link to its centre of mass
TIME_STEP = 0.2  # s
SPEED_LIMITS = (4 * math.pi, 9 * math.pi)  # rad/s, of the first and the second joint
GOAL_HEIGHT = 1.0  # above the pivot, computed with links of 1 m at any actual length
START_LIMIT = 0.1  # rad and rad/s
TIME_LIMIT = 500  # environment steps


class Acrobot(GraphEnvironment):
    """The two-link pendulum of Sutton (1996), equal to Gymnasium's Acrobot-v1.

    Actions: 0, 1, 2 for a torque of -1, 0, 1 N m on the joint between the links. Observations,
    float32 `[B, 6]`: cosine and sine of the first link's angle from hanging down, cosine and sine
    of the second link's angle to the first, and both angular velocities. An episode terminates when
    the free end swings above the goal height, and is truncated after 500 steps. Reward -1 for every
    step, except 0 for the step that terminates the episode.

    Constants, the same for both links: length (m), mass (kg) and moment of inertia (kg m^2). They
    are Gymnasium's attributes LINK_LENGTH_1 and 2, LINK_MASS_1 and 2, LINK_MOI. As in the code of
    Packer et al. (2018), https://github.com/sunblaze-ucb/rl-generalization, the centres of mass
    stay at 0.5 m and the goal at a height of 1, whatever the constants.

    The state is both angles and both velocities, in float64 as in Gymnasium after the first step.
    """

    def __init__(self, environment_id: str = "Acrobot-v1", **kwargs):
        """Creates a batch of Acrobot. The other arguments are those of `GraphEnvironment`."""
        super().__init__(
            environment_id,
            observation_spec=tf.TensorSpec([6], tf.float32, "observation"),
            action_spec=tensor_spec.BoundedTensorSpec([], tf.int64, 0, 2, "action"),
            state_spec=tf.TensorSpec([4], tf.float64),
            num_uniforms=4,
            time_limit=TIME_LIMIT,
            **kwargs,
        )

    def _initial_state(self, uniforms: tf.Tensor, constants: tf.Tensor) -> tf.Tensor:
        # Gymnasium rounds the first state of an episode to float32, and no other state.
        start = tf.cast(START_LIMIT * (2.0 * uniforms - 1.0), tf.float32)
        return tf.cast(start, tf.float64)

    def _dynamics(
        self, state: tf.Tensor, constants: tf.Tensor, action: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        links = tf.unstack(constants, axis=-1)
        torque = tf.cast(action - 1, tf.float64)
        angle1, angle2, speed1, speed2 = tf.unstack(
            _runge_kutta(lambda state: _derivative(state, torque, *links), state), axis=-1
        )
        angle1, angle2 = _wrap(angle1), _wrap(angle2)
        speed1, speed2 = (
            tf.clip_by_value(speed, -limit, limit)
            for speed, limit in zip((speed1, speed2), SPEED_LIMITS, strict=True)
        )
        terminated = -tf.cos(angle1) - tf.cos(angle1 + angle2) > GOAL_HEIGHT
        reward = tf.where(terminated, 0.0, -1.0)
        return tf.stack([angle1, angle2, speed1, speed2], axis=-1), reward, terminated

    def _observe(self, state: tf.Tensor) -> tf.Tensor:
        angle1, angle2, speed1, speed2 = tf.unstack(state, axis=-1)
        observation = [
            tf.cos(angle1),
            tf.sin(angle1),
            tf.cos(angle2),
            tf.sin(angle2),
            speed1,
            speed2,
        ]
        return tf.cast(tf.stack(observation, axis=-1), tf.float32)


def _derivative(state, torque, length, mass, inertia):
    """Returns the time derivative of the state `[B, 4]`, see Sutton and Barto (1998), section 11.3.

    Their and Gymnasium's cos(x - pi / 2) is sin(x) here, which is equal up to rounding.
    """
    angle1, angle2, speed1, speed2 = tf.unstack(state, axis=-1)
    cos2, sin2 = tf.cos(angle2), tf.sin(angle2)
    coupling = mass * length * CENTRE
    d1 = (
        mass * CENTRE**2 + mass * (length**2 + CENTRE**2 + 2 * length * CENTRE * cos2) + 2 * inertia
    )
    d2 = mass * (CENTRE**2 + length * CENTRE * cos2) + inertia
    phi2 = mass * CENTRE * GRAVITY * tf.sin(angle1 + angle2)
    phi1 = (
        -coupling * speed2**2 * sin2
        - 2 * coupling * speed2 * speed1 * sin2
        + (mass * CENTRE + mass * length) * GRAVITY * tf.sin(angle1)
        + phi2
    )
    acceleration2 = (torque + d2 / d1 * phi1 - coupling * speed1**2 * sin2 - phi2) / (
        mass * CENTRE**2 + inertia - d2**2 / d1
    )
    acceleration1 = -(d2 * acceleration2 + phi1) / d1
    return tf.stack([speed1, speed2, acceleration1, acceleration2], axis=-1)


def _runge_kutta(derivative, state):
    """Returns the next state, by one step of the classical fourth-order Runge-Kutta method."""
    k1 = derivative(state)
    k2 = derivative(state + TIME_STEP / 2 * k1)
    k3 = derivative(state + TIME_STEP / 2 * k2)
    k4 = derivative(state + TIME_STEP * k3)
    return state + TIME_STEP / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def _wrap(angle):
    """Returns the angle modulo 2 pi, within [-pi, pi]."""
    return angle - 2 * math.pi * tf.round(angle / (2 * math.pi))
