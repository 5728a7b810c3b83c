"""A Ray cluster of two nodes on this machine, of one processor each, until its input ends.

Prints the address. "add NAME=VALUE ..." adds a node with these in its environment and "kill" kills
the last one with all that runs on it; "done" is printed when that has happened.
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from ray.cluster_utils import Cluster

NODE = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}


def main() -> None:
    with tempfile.TemporaryDirectory(
        prefix="ray-", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        os.environ["RAY_TMPDIR"] = folder  # a short name, for sockets, and nobody else's
        Path(folder, "ray").mkdir()
        cluster = Cluster(initialize_head=True, head_node_args=NODE)
        nodes = [cluster.add_node(**NODE)]
        print(cluster.address, flush=True)
        for line in sys.stdin:
            command, *settings = line.split()
            if command == "add":
                variables = dict(setting.split("=", 1) for setting in settings)
                nodes.append(cluster.add_node(**NODE, env_vars=variables))
            else:
                cluster.remove_node(nodes.pop(), allow_graceful=False)
                cluster.wait_for_nodes()  # or those that come next would be sent there
            print("done", flush=True)
        cluster.shutdown()


main()
