"""What the machine's rate of matrix products allows each algorithm at most.

    python -m bench.floor

Measures one thread's float32 matrix products (NumPy's BLAS) and divides by the operations of the
products that an algorithm cannot do without: the forward pass, and the two products of the backward
pass, of each dense layer. Prints `{"gflops": ..., "dqn": ..., "ppo": ..., "reinforce": ...}`, the
algorithms in updates (DQN) or environment steps per second.
"""

import itertools
import json
import os
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

SIZE = 1_024  # of the square matrices multiplied
Q_NETWORK = (4, 100, 50, 2)
ACTOR_NETWORKS = {"ppo": (4, 64, 64, 2), "reinforce": (4, 100, 2)}
VALUE_NETWORK = (4, 64, 64, 1)
BATCH, PPO_EPOCHS = 64, 20


def sgemm_rate(repetitions: int = 20) -> float:
    """The best of some products of two SIZE x SIZE matrices, in operations per second."""
    a, b = np.random.default_rng(0).random((2, SIZE, SIZE), dtype=np.float32)
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - start)
    return 2 * SIZE**3 / min(seconds)


def forward(layers: tuple[int, ...]) -> int:
    """Operations of the matrix products of one sample's forward pass."""
    return sum(2 * m * n for m, n in itertools.pairwise(layers))


def backward(layers: tuple[int, ...]) -> int:
    """The same for its backward pass: the weights' gradients, and the inputs' except the first."""
    return forward(layers) + forward(layers[1:])


def operations() -> dict[str, int]:
    """Operations that one update (DQN) or one environment step (the others) cannot do without."""
    ppo = (ACTOR_NETWORKS["ppo"], VALUE_NETWORK)
    actor = ACTOR_NETWORKS["reinforce"]
    return {
        # acts once; then the network, the target network, and the gradient over a batch
        "dqn": forward(Q_NETWORK) + BATCH * (2 * forward(Q_NETWORK) + backward(Q_NETWORK)),
        # acts and values once, then every sample is in the batch of every epoch
        "ppo": sum(forward(n) + PPO_EPOCHS * (forward(n) + backward(n)) for n in ppo),
        "reinforce": 2 * forward(actor) + backward(actor),
    }


def main() -> None:
    """Prints the rates."""
    rate = sgemm_rate()
    bounds = {algorithm: rate / count for algorithm, count in operations().items()}
    print(json.dumps({"gflops": rate / 1e9, **bounds}))


if __name__ == "__main__":
    main()
