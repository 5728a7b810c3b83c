"""Mistakes in a user's pipeline raise an error."""

import random

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.agents.dqn import dqn_agent

from tests.engine import noisy
from tests.engine.one_run import digest
from tfrl import pipelines, training
from tfrl.components.tracing import check_random_operations
from tfrl.environments import CartPole
from tfrl.pipelines.dqn import DqnPipeline


def build(name):
    pipeline = pipelines.resolve(name)
    return pipeline(lambda batch: CartPole(batch_size=batch), pipeline.Config(), 1_000)


def train(pipeline):
    return training.Trainer(pipeline, pipeline.Config(), "CartPole-v1", 1_000, 500, 2)


def learning(change):
    """Returns a DQN whose loss is multiplied by `change()`, which is called during tracing."""

    class Changed(DqnPipeline):
        def learn(self, experience):
            loss, extra = super().learn(experience)
            return tf_agent.LossInfo(loss * change(), extra)

    return Changed


def test_networks_are_found_without_target_networks():
    count = {"dqn": 1, "reinforce": 1, "ppo": 2, "apo": 2, "apo_parallel": 4}
    assert {name: len(build(name).networks) for name in count} == count


def test_setting_the_agent_later_raises():
    """The collector would continue to act with the first agent's policy."""

    class ExpectedSarsa(DqnPipeline):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.agent = dqn_agent.DqnAgent

    with pytest.raises(
        AttributeError, match=r"ExpectedSarsa\.agent cannot be set: override make_agent"
    ):
        ExpectedSarsa(lambda batch: CartPole(batch_size=batch), DqnPipeline.Config(), 1_000)


def test_weights_that_are_not_drawn_from_the_seed_raise():
    hidden = []

    def weight():
        if not hidden:
            with tf.init_scope():
                hidden.append(tf.Variable(1.0, name="hidden"))
        return hidden[0]

    message = r"self\.networks must contain every trained network; missing: .*hidden:0"
    with pytest.raises(ValueError, match=message):
        train(learning(weight))


@pytest.mark.parametrize(
    ("draw", "name"),
    [
        (lambda: np.random.rand(), "numpy.random.rand"),  # noqa: NPY002
        (lambda: np.random.normal(), "numpy.random.normal"),  # noqa: NPY002
        (lambda: random.random(), "random.random"),
    ],
)
def test_a_global_generator_is_refused_with_the_users_line(draw, name):
    line = draw.__code__.co_firstlineno
    sentence = rf"test_contract.py, line {line} calls {name}, whose numbers do not follow"
    with pytest.raises(ValueError, match=sentence):
        train(learning(draw))
    assert draw() != draw()  # allowed again afterwards


@pytest.mark.parametrize(
    ("draw", "kind"),
    [
        (lambda: tf.random.uniform([]), "RandomUniform"),
        (lambda: tf.random.shuffle(tf.range(3)), "RandomShuffle"),
        (lambda: tf.random.get_global_generator().normal([]), "RngReadAndSkip"),
    ],
)
def test_a_random_operation_with_hidden_state_is_refused_in_a_loop_too(draw, kind):
    @tf.function
    def function():
        return tf.while_loop(lambda i: i < 3, lambda i: (i + tf.size(draw()),), (0,))

    tf.random.get_global_generator()  # its variable must be created outside the graph
    line = draw.__code__.co_firstlineno
    sentence = rf"test_contract.py, line {line} draws random numbers \({kind}\) that do not follow"
    with pytest.raises(ValueError, match=sentence):
        check_random_operations(function.get_concrete_function())


def test_stateless_operations_are_not_refused():
    @tf.function
    def function(seed):
        return tf.random.stateless_normal([3], seed)

    check_random_operations(function.get_concrete_function(tf.TensorSpec([2], tf.int32)))


@pytest.mark.slow
def test_an_environment_that_draws_from_global_generators_repeats_itself():
    config = DqnPipeline.Config(replay_buffer_max_length=1_000)
    trainer = training.Trainer(DqnPipeline, config, f"gymnasium:{noisy.ID}", 400, 200, 3)
    first, other = digest(trainer.run(1)), digest(trainer.run(2))
    assert digest(trainer.run(1)) == first != other


def drawing(draw):
    """Returns a DQN that calls `draw` in `make_agent`."""

    class Drawing(DqnPipeline):
        def make_agent(self):
            self.drawn = draw()
            return super().make_agent()

    return Drawing


@pytest.mark.parametrize(
    ("draw", "name"),
    [
        (lambda: tf.random.uniform([]), "a random operation"),
        (lambda: tf.random.normal([1], seed=3), "a random operation"),
        (lambda: np.random.default_rng().random(), "default_rng without a seed"),
        (lambda: np.random.rand(), r"numpy\.random\.rand"),  # noqa: NPY002
    ],
)
def test_numbers_that_no_seed_draws_are_refused_while_an_agent_is_made(draw, name):
    with pytest.raises(ValueError, match=rf"test_contract\.py, line \d+ calls .*{name}"):
        train(drawing(draw))


def test_numbers_that_follow_from_a_seed_of_the_users_are_not():
    build = drawing(lambda: np.random.default_rng(3).random())
    pipeline = build(lambda batch: CartPole(batch_size=batch), DqnPipeline.Config(), 1_000)
    assert pipeline.drawn == np.random.default_rng(3).random()


def test_a_collector_that_does_not_count_steps_is_refused():
    class Uncounted(DqnPipeline):
        def make_collector(self):
            collector = super().make_collector()
            collector._observers.remove(self.episode_log.observe)
            return collector

    with pytest.raises(ValueError, match=r"must give the collector self\.episode_log\.observe"):
        train(Uncounted)
