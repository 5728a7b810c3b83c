"""Collect policies whose random draws are a pure function of (seed, step).

TF-Agents' own policies sample with stateful operations, which ignore their seeds under XLA.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf
from tensorflow_probability import distributions
from tf_agents.policies import greedy_policy, tf_policy
from tf_agents.trajectories import policy_step

from tfrl.components import randomness
from tfrl.components.randomness import RandomStream


class _SeededPolicy(tf_policy.TFPolicy):
    """A wrapper of a policy with the same specs and its own random stream."""

    def __init__(self, policy: tf_policy.TFPolicy, random: RandomStream, name: str):
        if not policy.action_spec.dtype.is_integer or policy.action_spec.shape.rank:
            raise ValueError(f"{name} requires one discrete action, got {policy.action_spec}")
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
    """Samples from the wrapped policy's categorical distribution, and keeps its `info`."""

    def __init__(self, policy: tf_policy.TFPolicy, random: RandomStream):
        """Wraps `policy` and samples from its `distribution` with `random`."""
        super().__init__(policy, random, name="CategoricalPolicy")

    def _action(self, time_step, policy_state, seed=None):
        step = self._wrapped_policy.distribution(time_step, policy_state)
        action = randomness.categorical(
            self._random.next(), step.action.logits_parameter(), self.action_spec.dtype
        )
        return step._replace(action=action + self.action_spec.minimum)


class EpsilonGreedyPolicy(_SeededPolicy):
    """Takes a random action with probability epsilon, else the wrapped policy's best action."""

    def __init__(
        self,
        policy: tf_policy.TFPolicy,
        epsilon: float | Callable[[], tf.Tensor],
        random: RandomStream,
    ):
        """Creates the policy.

        Args:
          policy: the wrapped policy. The mode of its distribution is the greedy action.
          epsilon: the probability of a uniformly random action. A callable returns a tensor, which
            the graph computes at every step, so it can read a variable.
          random: the random stream.
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
    """Splits the batch evenly over several policies.

    With `n` policies, policy 0 acts on the first `B / n` rows, policy 1 on the next ones, and so
    on. All have equal specs, no policy state and categorical distributions.
    """

    def __init__(self, policies: Sequence[tf_policy.TFPolicy]):
        """Stacks `policies`, in the order of their rows."""
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
        parts = [tf.split(x, len(self._policies)) for x in tf.nest.flatten(time_step)]
        steps = [
            policy.distribution(tf.nest.pack_sequence_as(time_step, rows))
            for policy, *rows in zip(self._policies, *parts, strict=True)
        ]
        logits = tf.concat([step.action.logits_parameter() for step in steps], axis=0)
        info = tf.nest.map_structure(lambda *x: tf.concat(x, axis=0), *(s.info for s in steps))
        action = distributions.Categorical(logits, dtype=self.action_spec.dtype)
        return policy_step.PolicyStep(action, policy_state, info)


def linear_schedule(
    start: float, end: float, duration: int, step: tf.Variable
) -> Callable[[], tf.Tensor]:
    """Returns a schedule from `start` to `end`, linear until step `duration`, then constant."""

    def value() -> tf.Tensor:
        progress = tf.cast(step.read_value(), tf.float32) / max(duration, 1)
        return start + (end - start) * tf.clip_by_value(progress, 0.0, 1.0)

    return value
