"""A self-test: this processor must compute the same bits as that of the published runs.

One compiled function runs about a hundred operations of the kinds and sizes that the pipelines use.
The digest of each result is compared with the one in `arithmetic.json`.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

Results = Mapping[str, "tf.Tensor"]

PUBLISHED = Path(__file__).with_suffix(".json")  # written by `tfrl selftest --json`

_ROWS = (1, 8, 64, 256, 512, 1024, 4096)  # batch sizes
_LAYERS = ((4, 100), (100, 50), (64, 64), (147, 64))  # inputs and units
_LONGEST = 4096 * 147


def digests() -> dict[str, str]:
    """Returns the first 12 hexadecimal digits of the SHA-256 of each operation's result.

    Call `tf_setup.configure` first. Compiling takes about two seconds.
    """
    import tensorflow as tf

    names: list[str] = []

    @tf.function(jit_compile=True, autograph=False)
    def compute(numbers: tf.Tensor) -> list[tf.Tensor]:
        results = {**_products(numbers), **_functions(numbers), **_draws()}
        names.extend(results)
        return list(results.values())

    computed = compute(_numbers(_LONGEST))
    in_graph = {name: result.numpy() for name, result in zip(names, computed, strict=True)}
    return {
        name: hashlib.sha256(result.tobytes()).hexdigest()[:12]
        for name, result in {**in_graph, **_outside_the_graph()}.items()
    }


def differing(report: Mapping[str, Any]) -> list[str]:
    """Returns the names of the operations whose results differ from the published ones.

    Args:
      report: the output of this module as a script: architecture, versions and digests.

    Raises:
      LookupError: the published digests are of another architecture or version.
    """
    published = json.loads(PUBLISHED.read_bytes())
    for key in _versions():
        if report[key] != published[key]:
            raise LookupError(f"the published bits are of {published[key]}, this is {report[key]}")
    expected = published["digests"]
    return [name for name, digest in report["digests"].items() if digest != expected.get(name)]


def _versions() -> dict[str, str]:
    return {
        "architecture": platform.machine(),
        "tensorflow": f"TensorFlow {metadata.version('tensorflow')}",
        "numpy": f"NumPy {metadata.version('numpy')}",
    }


def _numbers(count: int, dtype: type = np.float32) -> np.ndarray:
    """Returns numbers in [-1, 1) `[count]`, the same on every machine and exact in float32."""
    scrambled = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(2654435761) % np.uint64(2**32)
    return ((scrambled >> np.uint64(9)).astype(np.float64) / 2**22 - 1).astype(dtype)


def _products(numbers: "tf.Tensor") -> Results:
    """Computes dense layers, and the gradients of inputs and kernels, for all sizes."""
    import tensorflow as tf

    from tfrl.components.networks import transposed_product

    def matrix(rows: int, columns: int) -> tf.Tensor:
        return tf.reshape(numbers[: rows * columns], [rows, columns])

    results = {}
    for rows in _ROWS:
        for inputs, units in _LAYERS:
            a, b, kernel = matrix(rows, inputs), matrix(rows, units), matrix(inputs, units)
            size = f"{rows} x {inputs} x {units}"
            results[f"layer {size}"] = tf.matmul(a, kernel)
            results[f"gradient of inputs {size}"] = tf.matmul(b, kernel, transpose_b=True)
            results[f"gradient of kernel {size}"] = transposed_product(a, b)
    return results


def _functions(numbers: "tf.Tensor") -> Results:
    """Computes elementwise functions, means, norms and sums."""
    import tensorflow as tf

    x = numbers[:10_000]
    batch = tf.reshape(x[:8192], [256, 32])
    return {
        "tanh": tf.tanh(4 * x),
        "exp": tf.exp(8 * x),
        "log": tf.math.log(tf.abs(x) + 1e-6),
        "sqrt": tf.sqrt(tf.abs(x)),
        "1 / sqrt": 1 / tf.sqrt(tf.abs(x) + 1e-6),
        "sin": tf.sin(8 * x),
        "cos": tf.cos(8 * x),
        "softplus": tf.math.softplus(8 * x),
        "division": x / (tf.abs(x[::-1]) + 1e-7),
        "step of Adam": x / (tf.sqrt(tf.square(x[::-1])) + 1e-7),
        "softmax": tf.nn.softmax(8 * batch),
        "log of softmax": tf.nn.log_softmax(8 * batch),
        "mean over rows": tf.reduce_mean(batch, 0),
        "mean over columns": tf.reduce_mean(batch, 1),
        "mean of all": tf.reduce_mean(numbers),
        "norm of all": tf.norm(numbers),
        "variance": tf.math.reduce_variance(batch, 0),
        "cumulative sum": tf.cumsum(batch, axis=1, reverse=True),
        "order": tf.argsort(x, stable=True),
    }


def _draws() -> Results:
    """Draws random numbers of the kinds that runs draw."""
    import tensorflow as tf

    seed = tf.constant([1, 2])
    logits = tf.zeros([64, 4])
    return {
        "uniform": tf.random.stateless_uniform([1000], seed, alg="philox"),
        "normal": tf.random.stateless_normal([1000], seed, alg="philox"),
        "truncated normal": tf.random.stateless_truncated_normal([1000], seed, alg="philox"),
        "categorical": tf.random.stateless_categorical(logits, 10, seed),
    }


def _outside_the_graph() -> dict[str, np.ndarray]:
    """Computes functions of NumPy, which Gymnasium's own environments use for their physics."""
    x = _numbers(10_000, np.float64)
    matrix = x[:4096].reshape(64, 64)
    return {
        "NumPy's sin": np.sin(8 * x),
        "NumPy's cos": np.cos(8 * x),
        "NumPy's tanh": np.tanh(4 * x),
        "NumPy's exp": np.exp(8 * x),
        "NumPy's log": np.log(np.abs(x) + 1e-6),
        "NumPy's power": np.abs(x) ** 1.5,
        "NumPy's sum": np.sum(x, keepdims=True),
        "NumPy's product": matrix @ matrix,
    }


if __name__ == "__main__":
    from tfrl.runtime import tf_setup

    tf_setup.configure()
    print(json.dumps({**_versions(), "digests": digests()}, indent=1))
