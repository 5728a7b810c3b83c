"""The same bits with every size of the L1 data cache."""

import sys

import pytest
import tensorflow as tf

from tests.engine import caches
from tests.engine.one_run import digest
from tfrl import pipelines, training
from tfrl.training import trainer as trainers

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sizes are found by /proc/self/maps"),
    pytest.mark.slow,  # compiles a trainer for each pipeline
]
STEPS = 4_096


def digests_by_cache(name, environment, **hyperparameters):
    """A digest of one run for each size of the cache."""
    pipeline = pipelines.resolve(name)
    config = pipeline.Config(**hyperparameters)
    trainer = training.Trainer(pipeline, config, environment, STEPS, STEPS, 2)
    digests = []
    with caches.each_size() as pretend:
        for sizes in caches.SIZES.values():
            pretend(sizes)
            digests.append(digest(trainer.run(1)))
    return trainer, digests


@pytest.mark.parametrize(
    ("name", "environment", "hyperparameters"),
    [
        ("dqn", "CartPole-v1", {"batch_size": 1_024, "num_environments": 16}),
        ("reinforce", "CartPole-v1", {"use_value_network": True}),  # 2 episodes of 500 frames
        ("ppo", "Maze-v0", {"collect_sequence_length": 128, "minibatch_size": 1_024}),
        ("apo", "CartPole-v1", {"collect_sequence_length": 128, "num_epochs": 4}),
    ],
)
def test_a_run_has_the_same_bits_whatever_the_cache(name, environment, hyperparameters):
    trainer, digests = digests_by_cache(name, environment, **hyperparameters)
    assert len(digests) == 3 and len(set(digests)) == 1
    assert trainer.long_sums == ()


def test_one_product_over_1024_rows_differs_and_is_named(monkeypatch):
    monkeypatch.setattr(trainers, "sum_in_chunks", lambda pipeline: None)
    settings = {"batch_size": 1_024, "num_environments": 16}
    trainer, digests = digests_by_cache("dqn", "CartPole-v1", **settings)
    assert len(set(digests)) > 1
    assert trainer.long_sums == ("MatMul over 1,024 rows",)


def test_the_gradient_of_a_convolution_is_named():
    from tfrl.training.long_sums import long_sums

    @tf.function
    def gradient(images, kernel):
        def body(i, total):
            with tf.GradientTape() as tape:
                tape.watch(kernel)
                loss = tf.reduce_sum(tf.nn.conv2d(images, kernel, 2, "VALID") ** 2)
            return i + 1, total + tape.gradient(loss, kernel)

        return tf.while_loop(lambda i, _: i < 3, body, (0, tf.zeros_like(kernel)))

    def named(batch):
        specs = [tf.TensorSpec(shape) for shape in ((batch, 20, 20, 3), (4, 4, 3, 16))]
        return long_sums(gradient.get_concrete_function(*specs))

    assert named(1) == ()  # 9 x 9 outputs
    assert named(8) == ("Conv2DBackpropFilter over 648 rows",)
    assert named(None) == ("Conv2DBackpropFilter over an unknown number of rows",)
