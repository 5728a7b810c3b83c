"""The same bits whatever the order of a set.

TF-Agents and Keras keep variables in sets that are ordered by address, so in another order in each
process. A sum in such an order has another last bit, now and then.
"""

import pytest
from tf_agents.agents.ppo import ppo_clip_agent
from tf_agents.utils import object_identity

from tests.engine.one_run import digest, make_trainer
from tfrl.pipelines import ppo

L2 = {"policy_l2_reg": 1e-2, "value_function_l2_reg": 3e-2}


def ordered_by(monkeypatch, arrange):
    """Has each set of objects give them in the order `arrange` puts their names in."""

    def names(objects):
        return iter(arrange([x.unwrapped for x in objects._storage], key=lambda x: x.name))

    monkeypatch.setattr(object_identity.ObjectIdentitySet, "__iter__", names)


def by_length(objects, key):
    return sorted(objects, key=lambda x: (x.shape.num_elements(), key(x)))


def digests(monkeypatch, name, **hyperparameters):
    """Digests of one run, made with sets in two orders."""
    found = []
    for arrange in (sorted, by_length):
        ordered_by(monkeypatch, arrange)
        found.append(digest(make_trainer(name, **hyperparameters).run(1)))
    return found


def test_penalties_are_added_in_the_order_of_the_networks(monkeypatch):
    first, second = digests(monkeypatch, "ppo", **L2)
    assert first == second


@pytest.mark.slow
def test_the_stock_agents_are_not_so_it_takes_none(monkeypatch):
    monkeypatch.setattr(ppo, "CorrectedPPOClipAgent", ppo_clip_agent.PPOClipAgent)
    first, second = digests(monkeypatch, "ppo", **L2)
    assert first != second


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "hyperparameters"),
    [
        ("dqn", {}),
        ("reinforce", {"use_value_network": True}),
        ("ppo", {"stock_agent": True}),
        ("apo", L2),
        ("apo_parallel", L2),
    ],
)
def test_no_run_hangs_on_the_order_of_a_set(monkeypatch, name, hyperparameters):
    first, second = digests(monkeypatch, name, **hyperparameters)
    assert first == second
