"""Fresh weights for networks that exist already, so that one compiled function serves any seed."""

from collections.abc import Iterable

import tensorflow as tf
import tf_keras as keras

from tfrl import randomness
from tfrl.randomness import RandomStream


def draw_weights(modules: Iterable[tf.Module], random: RandomStream) -> None:
    """Assigns to each layer's weights what its own initializers would draw, keyed by `random`.

    A Keras layer names the initializer of its weight `w` as `w_initializer`: that convention is all
    that is relied on, and it holds for the layers of TF-Agents' networks too. Not to be called
    inside a graph.

    Raises:
      ValueError: there is a trainable weight for which no initializer is known.
      AttributeError: an initializer is not one of Keras's.
    """
    for module in modules:
        drawn = set()
        for layer in module.submodules:
            if not isinstance(layer, keras.layers.Layer):
                continue
            for name, initializer in sorted(vars(layer).items()):
                weight = getattr(layer, name.removesuffix("_initializer"), None)
                if name.endswith("_initializer") and isinstance(weight, tf.Variable):
                    weight.assign(_draw(initializer, weight, random))
                    drawn.add(weight.ref())
        left_out = [w.name for w in module.trainable_variables if w.ref() not in drawn]
        if left_out:
            raise ValueError(f"no initializer is known for {', '.join(left_out)}")


def _draw(initializer, weight: tf.Variable, random: RandomStream) -> tf.Tensor:
    # Keras takes one non-negative integer as a seed.
    seed = int(randomness.integers(random.next(), (), 2**31 - 1))
    config = initializer.get_config()
    config.pop("dtype", None)
    if "seed" in config:
        config["seed"] = seed
    # TF-Agents' networks use TensorFlow 1 initializers, which draw from hidden state whatever their
    # seed; Keras's of the same name draw from the same distribution and the seed alone.
    return getattr(keras.initializers, type(initializer).__name__)(**config)(
        weight.shape, weight.dtype
    )
