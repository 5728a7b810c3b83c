import numpy as np
import pandas as pd

from tfrl.analysis import implementation, settings
from tfrl.analysis.implementation import Pair

PLAIN = {"learning_rate": 1e-3, "stock_agent": False, "anneal_learning_rate": True}
SETTINGS = {
    "dqn": ("dqn", {"learning_rate": 1e-3}),
    "ppo": ("ppo", PLAIN),
    "stock": ("ppo", PLAIN | {"stock_agent": True}),
    "faster": ("ppo", PLAIN | {"learning_rate": 1e-2}),
    "faster-constant": ("ppo", PLAIN | {"learning_rate": 1e-2, "anneal_learning_rate": False}),
    "both": ("ppo", PLAIN | {"stock_agent": True, "anneal_learning_rate": False}),
    "apo": ("apo", PLAIN),
}


def test_a_pair_is_the_same_configuration_but_for_details():
    assert implementation.pairs(SETTINGS) == (
        Pair("ppo", "stock", "stock_agent = true"),
        Pair("faster", "faster-constant", "anneal_learning_rate = false"),
        Pair("ppo", "both", "stock_agent = true, anneal_learning_rate = false"),
    )
    assert implementation.pairs({}) == ()


def test_effects_are_of_details_alone():
    rng = np.random.default_rng(0)
    scores = pd.concat(
        pd.DataFrame({"environment": "e", "configuration": name, "score": rng.normal(size=6)})
        for name in SETTINGS
    )
    found = implementation.effects(scores, SETTINGS, {"e": 1.0})
    assert list(zip(found["a"], found["b"], found["what"], strict=True)) == [
        ("stock", "ppo", "stock_agent = true"),
        ("faster-constant", "faster", "anneal_learning_rate = false"),
        ("both", "ppo", "stock_agent = true, anneal_learning_rate = false"),
    ]
    assert (found["seeds_least"] == 7).all()  # of a family of three
    one = implementation.effects(scores[scores["configuration"] == "dqn"], SETTINGS, {})
    assert one.empty


def test_values_are_named_as_a_study_writes_them():
    changed = {"beta": 10.0, "kind": "random", "on": True, "same": 1, "k": 16}
    found = settings.differences({"same": 1, "beta": 1.0}, changed)
    assert found == "beta = 10, kind = random, on = true, k = 16"
