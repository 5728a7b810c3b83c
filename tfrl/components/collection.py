"""How experience is collected inside the graph: a step, a rollout, or whole episodes."""

from collections.abc import Callable, Iterable

import tensorflow as tf
from tf_agents.environments import tf_environment
from tf_agents.policies import tf_policy
from tf_agents.trajectories import StepType, trajectory

Observer = Callable[[trajectory.Trajectory], object]


def collect_step(
    environment: tf_environment.TFEnvironment,
    policy: tf_policy.TFPolicy,
    observers: Iterable[Observer] = (),
) -> trajectory.Trajectory:
    """Steps each environment once and shows the frame to the observers, as TF-Agents' drivers do.

    Where an episode has ended, the frame is a boundary: the environment resets, nothing is earned.

    Returns:
      the frame, a `Trajectory` of tensors `[B, ...]`.
    """
    frame = _step(environment, policy)
    for observe in observers:
        observe(frame)
    return frame


def collect_rollout(
    environment: tf_environment.TFEnvironment,
    policy: tf_policy.TFPolicy,
    num_steps: int,
    observers: Iterable[Observer] = (),
) -> trajectory.Trajectory:
    """Collects `num_steps` frames of each environment, and one more to bootstrap from.

    The extra frame holds the time step at which the next rollout begins and what the policy says
    of it. No step is taken for it, so its action and reward mean nothing. These are the `T + 1`
    frames that `PPOAgent.preprocess_sequence` asks for, without an environment step thrown away.

    Returns:
      a `Trajectory` of tensors `[B, num_steps + 1, ...]`.
    """
    frames = _record(environment, policy, num_steps, observers, one_episode=False)
    time_step = environment.current_time_step()
    bootstrap = tf.nest.map_structure(lambda x: tf.zeros_like(x[:, 0]), frames).replace(
        step_type=time_step.step_type,
        observation=time_step.observation,
        policy_info=policy.distribution(time_step, policy.get_initial_state(None)).info,
    )
    return tf.nest.map_structure(
        lambda x, end: tf.concat([x, end[:, None]], axis=1), frames, bootstrap
    )


def collect_episodes(
    environment: tf_environment.TFEnvironment,
    policy: tf_policy.TFPolicy,
    max_steps: int,
    observers: Iterable[Observer] = (),
) -> trajectory.Trajectory:
    """Resets every environment and collects one whole episode of each.

    Frames after an episode's end are padding: boundaries with reward and discount 0, which count as
    no step. An episode of more than `max_steps` is cut off there.

    Returns:
      a `Trajectory` of tensors `[B, max_steps, ...]`.
    """
    environment.reset()
    return _record(environment, policy, max_steps, observers, one_episode=True)


def pad(frames: trajectory.Trajectory, where: tf.Tensor) -> trajectory.Trajectory:
    """Makes boundaries that earn nothing of the frames where `where`, of their shape, is true."""
    return frames.replace(
        step_type=tf.where(where, StepType.LAST, frames.step_type),
        next_step_type=tf.where(where, StepType.FIRST, frames.next_step_type),
        reward=tf.where(where, 0.0, frames.reward),
        discount=tf.where(where, 0.0, frames.discount),
    )


def _step(
    environment: tf_environment.TFEnvironment, policy: tf_policy.TFPolicy
) -> trajectory.Trajectory:
    time_step = environment.current_time_step()
    action_step = policy.action(time_step)
    next_time_step = environment.step(action_step.action)
    return trajectory.from_transition(time_step, action_step, next_time_step)


def _record(
    environment: tf_environment.TFEnvironment,
    policy: tf_policy.TFPolicy,
    num_steps: int,
    observers: Iterable[Observer],
    one_episode: bool,
) -> trajectory.Trajectory:
    """Steps `num_steps` times, or until every environment has ended one episode."""
    batch_size = environment.batch_size
    spec = policy.trajectory_spec
    tables = [
        tf.TensorArray(s.dtype, num_steps, element_shape=[batch_size, *s.shape])
        for s in tf.nest.flatten(spec)
    ]

    def collect(t, over, tables):
        frame = _step(environment, policy)
        if one_episode:
            frame = pad(frame, over)
            over |= frame.is_last()
        for observe in observers:
            observe(frame)
        flat = tf.nest.flatten(frame)
        return t + 1, over, [table.write(t, x) for table, x in zip(tables, flat, strict=True)]

    steps, _, tables = tf.while_loop(
        lambda t, over, _: (t < num_steps) & ~tf.reduce_all(over),
        collect,
        [tf.constant(0), tf.zeros([batch_size], tf.bool), tables],
    )
    frames = tf.nest.pack_sequence_as(spec, [_batch_major(table.stack()) for table in tables])
    if one_episode:
        not_reached = tf.broadcast_to(tf.range(num_steps) >= steps, frames.reward.shape)
        frames = pad(frames, not_reached)
    return frames


def _batch_major(x: tf.Tensor) -> tf.Tensor:
    return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])
