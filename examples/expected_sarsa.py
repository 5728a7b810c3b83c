"""Expected SARSA with a network: DQN whose target is a mean over actions instead of a maximum.

tfrl run examples/expected_sarsa.toml
"""

import tensorflow as tf
from tf_agents.agents.dqn import dqn_agent

from tfrl.pipelines.dqn import DqnPipeline


class ExpectedSarsaAgent(dqn_agent.DqnAgent):
    """DQN with the target of expected SARSA.

    Sutton and Barto (2018), equation 6.9: with pi the policy that explores with probability
    epsilon, and Q' the target network,

        y = r + gamma * sum_a pi(a | s') Q'(s', a)
          = r + gamma * ((1 - epsilon) max_a Q'(s', a) + epsilon mean_a Q'(s', a)).
    """

    def __init__(self, *args, epsilon, **kwargs):
        """Takes DqnAgent's arguments, and a function that gives the present epsilon."""
        super().__init__(*args, **kwargs)
        self._exploring = epsilon

    def _compute_next_q_values(self, next_time_steps, info, network_state=()):
        """The value `[B]` of each next state."""
        values, _ = self._target_q_network(  # [B, A]
            next_time_steps.observation, step_type=next_time_steps.step_type
        )
        epsilon = self._exploring()
        return (1 - epsilon) * tf.reduce_max(values, -1) + epsilon * tf.reduce_mean(values, -1)


class ExpectedSarsaPipeline(DqnPipeline):
    """DQN's pipeline with another agent. All else is inherited."""

    def make_agent(self):
        """Called once, before the collector is made, which then acts by this agent."""
        return self.make_dqn_agent(ExpectedSarsaAgent, epsilon=self.epsilon)
