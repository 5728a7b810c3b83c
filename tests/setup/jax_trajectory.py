"""Where JAX's CartPole goes from given states by given actions; with .venv-bench.

Reads `{"observations": [N, 4], "actions": [N], "ages": [N]}` and prints the transitions.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import jax_peer

jax, jnp = jax_peer.jax, jax_peer.jnp

given = json.load(sys.stdin)
environments = jax_peer.Environment(jnp.array(given["observations"]), jnp.array(given["ages"]))
keys = jax.random.split(jax.random.key(0), len(given["ages"]))
following, transitions = jax.vmap(jax_peer.step)(keys, environments, jnp.array(given["actions"]))
columns = transitions._asdict() | {"following": following.observation, "age": following.age}
print(json.dumps({name: column.tolist() for name, column in columns.items()}))
