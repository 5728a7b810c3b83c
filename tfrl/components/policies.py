"""Collect policies whose every draw is a pure function of (seed, step).

TF-Agents' own sample with stateful operations, which ignore their seeds under XLA.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf
from tensorflow_probability import distributions
from tf_agents.policies import greedy_policy, tf_policy
from tf_agents.trajectories import policy_step

from tfrl.components import randomness
from tfrl.components.randomness import RandomStream


class _SeededPolicy(tf_policy.TFPolicy):
    """A policy around another, with the same specs and a random stream of its own."""

    def __init__(self, policy: tf_policy.TFPolicy, random: RandomStream, name: str):
        if not policy.action_spec.dtype.is_integer or policy.action_spec.shape.rank:
            raise ValueError(f"{name} takes one discrete action, not {policy.action_spec}")
        super().__init__(
            policy.time_step_spec,
            policy.action_spec,
            policy.policy_state_spec,
            policy.info_spec,
            automatic_state_reset=False,
            name=name,
        )
        self._wrapped_policy = policy
        self._random = random

    def _variables(self):
        return self._wrapped_policy.variables()

    def _distribution(self, time_step, policy_state):
        return self._wrapped_policy.distribution(time_step, policy_state)


class CategoricalPolicy(_SeededPolicy):
    """Samples the wrapped policy's categorical distribution; `info` is passed through."""

    def __init__(self, policy: tf_policy.TFPolicy, random: RandomStream):
        """Args: the policy whose `distribution` is sampled, and the stream to sample with."""
        super().__init__(policy, random, name="CategoricalPolicy")

    def _action(self, time_step, policy_state, seed=None):
        step = self._wrapped_policy.distribution(time_step, policy_state)
        action = randomness.categorical(
            self._random.next(), step.action.logits_parameter(), self.action_spec.dtype
        )
        return step._replace(action=action + self.action_spec.minimum)


class EpsilonGreedyPolicy(_SeededPolicy):
    """With probability epsilon a uniformly random action, else the wrapped policy's best one."""

    def __init__(
        self,
        policy: tf_policy.TFPolicy,
        epsilon: float | Callable[[], tf.Tensor],
        random: RandomStream,
    ):
        """Creates the policy.

        Args:
          policy: whose mode is the greedy action.
          epsilon: the probability of exploring. A callable is evaluated in the graph at every step,
            so that it may follow a variable; TF-Agents' own policy freezes it when traced.
          random: the stream to explore with.
        """
        super().__init__(greedy_policy.GreedyPolicy(policy), random, name="EpsilonGreedyPolicy")
        self._epsilon = epsilon

    def _action(self, time_step, policy_state, seed=None):
        greedy = self._wrapped_policy.action(time_step, policy_state)
        spec = self.action_spec
        num_actions = int(spec.maximum) - int(spec.minimum) + 1
        choice = randomness.integers(self._random.next(), greedy.action.shape, num_actions)
        epsilon = self._epsilon() if callable(self._epsilon) else self._epsilon
        explores = randomness.uniform(self._random.next(), greedy.action.shape) < epsilon
        action = tf.where(explores, tf.cast(choice, spec.dtype) + spec.minimum, greedy.action)
        return policy_step.PolicyStep(action, greedy.state, greedy.info)


class StackedPolicies(tf_policy.TFPolicy):
    """Several policies, each for as many consecutive rows of the batch as any other.

    They have equal specs, no state, and categorical distributions.
    """

    def __init__(self, policies: Sequence[tf_policy.TFPolicy]):
        """Args: the policies, in the order of their rows."""
        first = policies[0]
        super().__init__(
            first.time_step_spec,
            first.action_spec,
            info_spec=first.info_spec,
            automatic_state_reset=False,
            name="StackedPolicies",
        )
        self._policies = list(policies)

    def _variables(self):
        return [variable for policy in self._policies for variable in policy.variables()]

    def _distribution(self, time_step, policy_state):
        rows = [tf.split(x, len(self._policies)) for x in tf.nest.flatten(time_step)]
        steps = [
            policy.distribution(tf.nest.pack_sequence_as(time_step, mine))
            for policy, *mine in zip(self._policies, *rows, strict=True)
        ]
        logits = tf.concat([step.action.logits_parameter() for step in steps], axis=0)
        info = tf.nest.map_structure(lambda *x: tf.concat(x, axis=0), *(s.info for s in steps))
        action = distributions.Categorical(logits, dtype=self.action_spec.dtype)
        return policy_step.PolicyStep(action, policy_state, info)


def linear_schedule(
    start: float, end: float, duration: int, step: tf.Variable
) -> Callable[[], tf.Tensor]:
    """Goes from `start` to `end` while `step` goes from 0 to `duration`, and no further."""

    def value() -> tf.Tensor:
        progress = tf.cast(step.read_value(), tf.float32) / max(duration, 1)
        return start + (end - start) * tf.clip_by_value(progress, 0.0, 1.0)

    return value
