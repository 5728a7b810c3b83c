"""TensorFlow is set up as in a worker before any test of the engine imports it."""

from tfrl.runtime import tf_setup

tf_setup.configure()

import pytest  # noqa: E402
from tf_agents.networks import actor_distribution_network, value_network  # noqa: E402

from tfrl.components.networks import draw_weights  # noqa: E402
from tfrl.components.randomness import RandomStream, Stream  # noqa: E402
from tfrl.environments import CartPole  # noqa: E402


@pytest.fixture
def make_networks():
    """Makes an actor and a value network for CartPole, their weights drawn from a seed."""

    def make(seed=0):
        specs = CartPole().observation_spec(), CartPole().action_spec()
        actor = actor_distribution_network.ActorDistributionNetwork(*specs, fc_layer_params=(8,))
        value = value_network.ValueNetwork(specs[0], fc_layer_params=(8,))
        for network in (actor, value):
            network.create_variables()
        draw_weights([actor, value], RandomStream(Stream.WEIGHTS, seed))
        return actor, value

    return make
