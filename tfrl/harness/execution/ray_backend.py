"""Worker processes on the nodes of a Ray cluster.

An actor on a node starts a local worker process, with a store in a temporary folder. Each stored
run is sent to the driver, which is this process, and stored here. So the nodes need the same code
and packages, but no shared disk.

Ray's processes send each other pickles: trust a cluster as you trust this machine.
"""

import os
import platform
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tfrl.harness.engine import Engine
from tfrl.harness.errors import ClusterError, describe
from tfrl.harness.execution import worker
from tfrl.harness.execution.backends import WorkerDied
from tfrl.harness.execution.local_backend import LocalProcess
from tfrl.harness.execution.plan import Task
from tfrl.harness.execution.worker import Message
from tfrl.harness.provenance import run_context
from tfrl.harness.store.manifest import JsonObject, Manifest
from tfrl.harness.store.run_store import RunStore
from tfrl.harness.studies.study import Study

# No usage statistics are sent. Ray tries only once to reach a cluster, which takes a minute.
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_NUM_REDIS_GET_RETRIES": "1"}
try:
    import ray
except ImportError:
    raise ClusterError(
        "--executor ray requires Ray, which is not installed: "
        "uv pip install --require-hashes -r requirements/ray.txt"
    ) from None

_SECONDS_TO_STOP = 10.0
_SECONDS_TO_STOP_UNREADY = 5.0  # of a worker that may still wait for a processor
_SECONDS_TO_CONNECT = 5.0


@contextmanager
def connected(address: str | None, tasks: Iterable[Task]) -> Iterator["RayBackend"]:
    """Connects to the cluster at `address`, by default the one this machine belongs to.

    Its nodes are checked against the code and packages of `tasks`. Raises `ClusterError`.
    """
    if address:
        _check_reachable(address)
    try:
        ray.init(address or "auto", log_to_driver=False, logging_level="ERROR")
    except (OSError, ValueError, RuntimeError, SystemExit) as error:
        raise _no_cluster(address, " ".join(str(error).split())) from None
    kinds = {(task.run.configuration.pipeline, task.run.environment.id): task for task in tasks}
    try:
        yield RayBackend([task.identity for task in kinds.values()])
    finally:
        ray.shutdown()


@dataclass(frozen=True)
class RayBackend:
    """Starts workers on a Ray cluster, each on one processor of some node."""

    identities: Sequence[JsonObject]  # one for each pipeline and environment of the tasks

    def capacity(self) -> int:
        """Returns the number of processors of the cluster."""
        return max(int(ray.cluster_resources().get("CPU", 0)), 1)

    def start(self, engine: Engine, store: RunStore, invocation: JsonObject) -> "_RayProcess":
        """Starts a worker, which waits until a processor is free.

        The driver stores its runs in `store` as they arrive.
        """
        actor = ray.remote(num_cpus=1, max_restarts=0, max_concurrency=2)(_Actor)
        return _RayProcess(store, actor.remote(engine, store.study, invocation, self.identities))

    def wait(self, waitables: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Returns the waitables with a message to receive; blocks at most `seconds`."""
        first, _ = ray.wait(waitables, timeout=seconds)
        return first and ray.wait(waitables, num_returns=len(waitables), timeout=0)[0]


@dataclass(frozen=True)
class _Ready:
    """The worker has started."""

    node: str  # name and address
    machine: JsonObject


@dataclass(frozen=True)
class _Rejected:
    """The node cannot reproduce the runs of the driver's machine."""

    node: str
    differences: str


@dataclass(frozen=True)
class _Stored:
    """A run that the worker has stored, to be stored by the driver."""

    message: worker.Stored
    manifest: Manifest
    results: Mapping[str, pa.Table]
    policies: Mapping[str, np.ndarray]


class _Actor:
    """A worker process and its temporary store, on a node of the cluster."""

    def __init__(
        self, engine: Engine, study: Study, invocation: JsonObject, identities: Sequence[JsonObject]
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tfrl-")
        self._store = RunStore(study, Path(self._folder.name))
        self._node = f"{platform.node()} ({ray.util.get_node_ip_address()})"
        self._differences = ", ".join(dict.fromkeys(_differences(engine, identities)))
        if not self._differences:
            # A spawned process would first run the main module of its parent, which is Ray's.
            del sys.modules["__main__"].__file__
            self._process = LocalProcess(engine, self._store, invocation)

    def send(self, task: Task) -> None:
        """Sends a task to the process; if it has died, `receive` returns the error."""
        self._task = task
        with suppress(WorkerDied):
            self._process.send(task)

    def receive(self) -> Message | _Ready | _Rejected | _Stored | WorkerDied:
        """Returns the next message of the process; skips all waiting steps but the last."""
        if self._differences:
            return _Rejected(self._node, self._differences)
        try:
            message = self._process.receive()
            while isinstance(message, worker.Step) and self._process.waitable.poll():
                message = self._process.receive()
        except WorkerDied as error:
            return error
        match message:
            case worker.Ready():
                return _Ready(self._node, run_context.machine())
            case worker.Stored():
                return self._take_run(message)
        return message

    def stop(self) -> None:
        """Stops the process and deletes its store."""
        self._process.stop()
        self._folder.cleanup()

    def _take_run(self, message: worker.Stored) -> _Stored:
        """Reads the stored run, and deletes it here."""
        entry = self._store.entry(self._task.run)
        results = self._store.tables(entry) if entry.status == "finished" else {}
        policies = self._store.policies(entry)
        shutil.rmtree(self._store.directory(entry.run))
        return _Stored(message, entry.manifest, results, policies)


class _RayProcess:
    """The driver's end of an actor and its worker process."""

    _task: Task  # the latest

    def __init__(self, store: RunStore, actor: Any) -> None:
        self.machine: JsonObject = {}
        self.waitable = actor.receive.remote()
        self._store = store
        self._actor = actor
        self._node = "a node of the cluster"

    def send(self, task: Task) -> None:
        """Sends a task to the worker; if it has died, `receive` raises the error."""
        self._task = task
        self._actor.send.remote(task)

    def receive(self) -> Message:
        """Returns the next message, and stores the run that comes with it.

        Raises `WorkerDied`, `StoreError`, and `ClusterError` if its node is rejected.
        """
        try:
            message = ray.get(self.waitable)
        except ray.exceptions.RayError as error:
            raise self._convert(error) from None
        self.waitable = self._actor.receive.remote()
        match message:
            case WorkerDied():
                raise message
            case _Rejected(node, differences):
                raise ClusterError(
                    f"{node} cannot reproduce this machine's runs: {differences}. "
                    "Install the same revision of tfrl there, from the same lock"
                )
            case _Ready(node, machine):
                self._node, self.machine = node, machine
                return worker.Ready()
            case worker.StoreFailed(reason):
                return worker.StoreFailed(f"{reason}, on {self._node}")
            case _Stored(stored, manifest, results, policies):
                self._store.publish(self._task.run, manifest, results, policies)
                return stored
        return message

    def stop(self) -> None:
        """Stops the worker process and its actor."""
        seconds = _SECONDS_TO_STOP if self.machine else _SECONDS_TO_STOP_UNREADY
        ray.wait([self._actor.stop.remote()], timeout=seconds)
        ray.kill(self._actor)

    def _convert(self, error: ray.exceptions.RayError) -> WorkerDied | ClusterError:
        """Returns `WorkerDied` if the actor was lost, `ClusterError` if it could not start."""
        if not isinstance(error, ray.exceptions.RayTaskError) and not getattr(
            error, "actor_init_failed", False
        ):
            return WorkerDied(
                f"the worker process on {self._node} was lost: its node or Ray failed"
            )
        address = re.search(r"\bip=([^\s,)]+)", str(error))
        return ClusterError(
            f"{address[1] if address else 'a node'} of the cluster cannot start a worker: "
            f"{str(error).splitlines()[-1].strip()}. Is the same tfrl installed there?"
        )


def _differences(engine: Engine, identities: Iterable[JsonObject]) -> Iterator[str]:
    """Yields the differences in code and packages between this node and these identities."""
    here = run_context.versions()
    for identity in identities:
        pipeline, environment = identity["configuration"]["pipeline"], identity["environment"]["id"]
        for package in run_context.numerics(environment):
            if here[package] != (expected := identity["versions"][package]):
                yield f"{package} is {here[package]}, expected {expected}"
        try:
            code = run_context.code_sha256(engine.sources(pipeline, environment))
        except LookupError as error:
            yield str(error.args[0])
        else:
            if code != identity["code"]:
                yield f"different version of the code of {pipeline} on {environment}"


def _check_reachable(address: str) -> None:
    """Raises `ClusterError` if nothing listens there; Ray itself would retry for two minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _SECONDS_TO_CONNECT).close()
    except (OSError, ValueError) as error:
        raise _no_cluster(address, describe(error)) from None


def _no_cluster(address: str | None, reason: str) -> ClusterError:
    where = f"at {address}" if address else "on this machine"
    return ClusterError(
        f"cannot connect to a Ray cluster {where} ({reason}): start one with `ray start --head`, "
        "or choose another with --address HOST:PORT"
    )
