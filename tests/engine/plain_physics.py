"""Gymnasium's formulas in TensorFlow, with its constants written into them: nothing is drawn.

Each function takes states float64 `[B, S]`, actions int64 `[B]` and may be given constants, of the
names they have in Gymnasium; it returns the next states. Acrobot's cos(x - pi / 2) is sin(x) here.
"""

import math

import tensorflow as tf


def cartpole(state, action, force_mag=10.0, length=0.5, masspole=0.1):
    x, x_dot, theta, theta_dot = tf.unstack(state, axis=-1)
    total_mass, polemass_length = masspole + 1.0, masspole * length
    force = tf.cast(2 * action - 1, tf.float64) * force_mag
    costheta, sintheta = tf.cos(theta), tf.sin(theta)
    temp = (force + polemass_length * tf.square(theta_dot) * sintheta) / total_mass
    thetaacc = (9.8 * sintheta - costheta * temp) / (
        length * (4.0 / 3.0 - masspole * tf.square(costheta) / total_mass)
    )
    xacc = temp - polemass_length * thetaacc * costheta / total_mass
    moved = x + 0.02 * x_dot, x_dot + 0.02 * xacc
    turned = theta + 0.02 * theta_dot, theta_dot + 0.02 * thetaacc
    return tf.stack([*moved, *turned], axis=-1)


def mountain_car(state, action, force=0.001, gravity=0.0025):
    position, velocity = tf.unstack(state, axis=-1)
    velocity += tf.cast(action - 1, tf.float64) * force + tf.cos(3 * position) * (-gravity)
    velocity = tf.clip_by_value(velocity, -0.07, 0.07)
    position = tf.clip_by_value(position + velocity, -1.2, 0.6)
    velocity = tf.where((position == -1.2) & (velocity < 0), tf.zeros_like(velocity), velocity)
    return tf.stack([position, velocity], axis=-1)


def acrobot(state, action, length=1.0, mass=1.0, inertia=1.0):
    l1, m1, m2, I1, I2 = length, mass, mass, inertia, inertia
    lc1, lc2, g, dt, pi = 0.5, 0.5, 9.8, 0.2, math.pi
    cos, sin, torque = tf.cos, tf.sin, tf.cast(action - 1, tf.float64)

    def dsdt(s):
        theta1, theta2, dtheta1, dtheta2 = tf.unstack(s, axis=-1)
        d1 = m1 * lc1**2 + m2 * (l1**2 + lc2**2 + 2 * l1 * lc2 * cos(theta2)) + I1 + I2
        d2 = m2 * (lc2**2 + l1 * lc2 * cos(theta2)) + I2
        phi2 = m2 * lc2 * g * sin(theta1 + theta2)
        phi1 = (
            -m2 * l1 * lc2 * dtheta2**2 * sin(theta2)
            - 2 * m2 * l1 * lc2 * dtheta2 * dtheta1 * sin(theta2)
            + (m1 * lc1 + m2 * l1) * g * sin(theta1)
            + phi2
        )
        ddtheta2 = (torque + d2 / d1 * phi1 - m2 * l1 * lc2 * dtheta1**2 * sin(theta2) - phi2) / (
            m2 * lc2**2 + I2 - d2**2 / d1
        )
        ddtheta1 = -(d2 * ddtheta2 + phi1) / d1
        return tf.stack([dtheta1, dtheta2, ddtheta1, ddtheta2], axis=-1)

    k1 = dsdt(state)
    k2 = dsdt(state + dt / 2 * k1)
    k3 = dsdt(state + dt / 2 * k2)
    k4 = dsdt(state + dt * k3)
    moved = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    theta1, theta2, dtheta1, dtheta2 = tf.unstack(moved, axis=-1)
    angles = [x - 2 * pi * tf.round(x / (2 * pi)) for x in (theta1, theta2)]
    bounded = tf.clip_by_value(dtheta1, -4 * pi, 4 * pi), tf.clip_by_value(dtheta2, -9 * pi, 9 * pi)
    return tf.stack([*angles, *bounded], axis=-1)
