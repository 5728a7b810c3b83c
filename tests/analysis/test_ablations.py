import numpy as np
import pandas as pd

from tfrl.analysis import ablations
from tfrl.analysis.ablations import Pair

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


def test_implementation_pairs_differ_in_details_only():
    assert ablations.implementation_pairs(SETTINGS) == (
        Pair("ppo", "stock", "stock_agent = true"),
        Pair("faster", "faster-constant", "anneal_learning_rate = false"),
        Pair("ppo", "both", "stock_agent = true, anneal_learning_rate = false"),
    )
    assert ablations.implementation_pairs({}) == ()


def test_implementation_effects_compare_pairs_that_differ_in_details():
    rng = np.random.default_rng(0)
    scores = pd.concat(
        pd.DataFrame({"environment": "e", "configuration": name, "score": rng.normal(size=6)})
        for name in SETTINGS
    )
    result = ablations.implementation_effects(scores, SETTINGS, {"e": 1.0})
    assert list(zip(result["a"], result["b"], result["what"], strict=True)) == [
        ("stock", "ppo", "stock_agent = true"),
        ("faster-constant", "faster", "anneal_learning_rate = false"),
        ("both", "ppo", "stock_agent = true, anneal_learning_rate = false"),
    ]
    assert (result["seeds_least"] == 7).all()  # in a family of three
    one = ablations.implementation_effects(scores[scores["configuration"] == "dqn"], SETTINGS, {})
    assert one.empty


def test_differences_are_formatted_as_in_a_study_file():
    changed = {"beta": 10.0, "kind": "random", "on": True, "same": 1, "k": 16}
    result = ablations.differences({"same": 1, "beta": 1.0}, changed)
    assert result == "beta = 10, kind = random, on = true, k = 16"


def test_regularised_pairs_differ_in_regularisation_only():
    plain = {"learning_rate": 0.001, "entropy_regularization": 0.0, "policy_l2_reg": 0.0}
    settings = {
        "apo": ("apo", plain),
        "ppo-entropy": ("ppo", plain | {"entropy_regularization": 0.01}),
        "ppo": ("ppo", plain),
        "ppo-l2": ("ppo", plain | {"policy_l2_reg": 1e-4, "value_function_l2_reg": 0.0}),
        "ppo-both": ("ppo", plain | {"entropy_regularization": 0.1, "policy_l2_reg": 0.1}),
        "ppo-fast": ("ppo", plain | {"learning_rate": 0.1, "entropy_regularization": 0.01}),
        "dqn": ("dqn", {"learning_rate": 0.001}),
    }
    assert ablations.regularised_pairs(settings) == (
        Pair("ppo", "ppo-entropy", "entropy_regularization = 0.01"),
        Pair("ppo", "ppo-l2", "policy_l2_reg = 0.0001"),
        Pair("ppo", "ppo-both", "entropy_regularization = 0.1, policy_l2_reg = 0.1"),
    )
    assert ablations.regularised_pairs({}) == ()


PPO = {"learning_rate": 1e-3, "stock_agent": False}
APO = PPO | {"anchor_weight": 1.0, "num_anchor_episodes": 4}
APO_SETTINGS = {
    "dqn": ("dqn", {}),
    "stock": ("ppo", PPO | {"stock_agent": True}),
    "ppo": ("ppo", PPO),
    "apo": ("apo", APO),
    "heavy": ("apo", APO | {"anchor_weight": 10.0}),
    "one": ("apo", APO | {"num_anchor_episodes": 1}),
}


def test_plain_apo_and_ppo_are_the_first_with_the_corrected_agent():
    assert ablations.plain_apo_and_ppo(APO_SETTINGS) == ("apo", "ppo")
    assert ablations.plain_apo_and_ppo(
        {"stock": APO_SETTINGS["stock"], "apo": APO_SETTINGS["apo"]}
    ) == ("apo", "stock")
    assert ablations.plain_apo_and_ppo({"ppo": APO_SETTINGS["ppo"]}) is None


def test_apo_changes_are_differences_from_the_plain_configuration():
    assert ablations.apo_changes(APO_SETTINGS) == {
        "stock": "stock_agent = true",
        "ppo": "",
        "apo": "",
        "heavy": "anchor_weight = 10",
        "one": "num_anchor_episodes = 1",
    }
    assert ablations.apo_changes({"ppo": APO_SETTINGS["ppo"]}) == {}


def test_apo_effects_compare_with_plain_ppo_and_plain_apo():
    rng = np.random.default_rng(0)
    scores = pd.concat(
        pd.DataFrame(
            {
                "environment": "e",
                "configuration": name,
                "score": rng.normal(name == "heavy", 0.1, 9),
            }
        )
        for name in APO_SETTINGS
        if name != "one"  # all of its runs failed
    )
    result = ablations.apo_effects({"final": scores, "area": scores}, APO_SETTINGS, {"e": 0.5})
    assert list(zip(result["a"], result["b"], strict=True)) == 2 * [
        ("stock", "apo"),
        ("heavy", "apo"),
        ("stock", "ppo"),
        ("apo", "ppo"),
        ("heavy", "ppo"),
    ]
    assert result["measure"].tolist() == ["final"] * 5 + ["area"] * 5
    heavy = result[result["a"] == "heavy"]
    assert set(heavy["verdict"]) == {"a higher"} and set(heavy["changed"]) == {"anchor_weight = 10"}
    assert ablations.apo_effects({"final": scores}, {"ppo": APO_SETTINGS["ppo"]}, {}).empty
    assert ablations.apo_effects({"final": scores.head(0)}, APO_SETTINGS, {}).empty


def test_learners_that_share_anchors_are_compared_with_those_that_do_not():
    base = {"learning_rate": 0.1, "num_learners": 2}
    settings = {
        "ppo": ("ppo", {"learning_rate": 0.1}),
        "apo": ("apo", {"learning_rate": 0.1}),
        "shared": ("apo_parallel", base | {"share_anchors": True}),
        "apart": ("apo_parallel", base | {"share_anchors": False}),
        "others": ("apo_parallel", base | {"share_anchors": False, "learning_rate": 0.2}),
    }
    assert ablations.sharing_pairs(settings) == [("shared", "apart")]
    scores = pd.concat(
        pd.DataFrame({"environment": "e", "configuration": name, "score": [1.0, 2.0, 4.0]})
        for name in settings
    )
    result = ablations.apo_effects({"final": scores}, settings, {})
    assert list(zip(result["a"], result["b"], strict=True)) == [("apo", "ppo"), ("shared", "apart")]
    shared = result.loc[result["a"] == "shared", "changed"]
    assert set(shared) == {"share_anchors = true"}
