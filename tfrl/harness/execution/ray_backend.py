"""Worker processes on the machines of a Ray cluster.

On a machine that Ray chooses, an actor keeps a worker process like any of this machine's, with a
ledger of its own in a temporary folder. What is stored there goes to the driver, which is this
process, and is stored here. So the machines share nothing but the code that is installed on them.

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
from tfrl.harness.execution.local_backend import Message, Process, WorkerDied
from tfrl.harness.execution.plan import Task
from tfrl.harness.provenance import run_context
from tfrl.harness.store.manifest import JsonObject, Manifest
from tfrl.harness.store.run_store import RunStore
from tfrl.harness.studies.study import Study

# No word to Ray's makers of what is run, and only one long try to reach a cluster.
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_NUM_REDIS_GET_RETRIES": "1"}
try:
    import ray
except ImportError:
    raise ClusterError(
        "--executor ray needs Ray, which is not installed here: "
        "uv pip install --require-hashes -r requirements/ray.txt"
    ) from None

_SECONDS_TO_END = 10.0
_SECONDS_TO_START = 5.0  # of a worker that may wait for a processor, and then has nothing to end
_SECONDS_TO_ANSWER = 5.0


@contextmanager
def connected(address: str | None, tasks: Iterable[Task]) -> Iterator["RayBackend"]:
    """The cluster at `address`; without one, what Ray takes for this machine's.

    It serves for these tasks. Raises `ClusterError` if there is none.
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
    """Where `executor.execute` can have its workers, each on one processor of some machine."""

    identities: Sequence[JsonObject]  # of all kinds of runs that it is to make

    def capacity(self) -> int:
        """How many processors the cluster has."""
        return max(int(ray.cluster_resources().get("CPU", 0)), 1)

    def start(self, engine: Engine, store: RunStore, invocation: JsonObject) -> "_Remote":
        """A new worker, which waits for a processor if none is free.

        The runs that it makes are stored in the ledger as they arrive.
        """
        actor = ray.remote(num_cpus=1, max_restarts=0, max_concurrency=2)(_Actor)
        return _Remote(store, actor.remote(engine, store.study, invocation, self.identities))

    def wait(self, waitables: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Those of the workers' waitables that have something to be received within that time."""
        first, _ = ray.wait(waitables, timeout=seconds)
        return first and ray.wait(waitables, num_returns=len(waitables), timeout=0)[0]


@dataclass(frozen=True)
class _Joined:
    """The worker is set up."""

    where: str  # the machine's name and address
    machine: JsonObject


@dataclass(frozen=True)
class _Unfit:
    """The machine would not make the runs that the driver's would."""

    where: str
    differences: str


@dataclass(frozen=True)
class _Made:
    """A run is stored on its machine."""

    said: worker.Stored
    manifest: Manifest
    results: Mapping[str, pa.Table]
    trained: Mapping[str, np.ndarray]  # its policies


class _Actor:
    """On a machine of the cluster: a worker process, and the ledger that it stores in."""

    def __init__(
        self, engine: Engine, study: Study, invocation: JsonObject, identities: Sequence[JsonObject]
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tfrl-")
        self._store = RunStore(study, Path(self._folder.name))
        self._where = f"{platform.node()} ({ray.util.get_node_ip_address()})"
        self._differences = ", ".join(dict.fromkeys(_differences(engine, identities)))
        if not self._differences:
            # A process that is spawned begins with its parent's program, which here is Ray's own.
            del sys.modules["__main__"].__file__
            self._process = Process(engine, self._store, invocation)

    def begin(self, task: Task) -> None:
        """Hand over a task; if the process is gone, `receive` says so."""
        self._task = task
        with suppress(WorkerDied):
            self._process.begin(task)

    def receive(self) -> Message | _Joined | _Unfit | _Made | WorkerDied:
        """What the process says next; of steps, the last that it has said."""
        if self._differences:
            return _Unfit(self._where, self._differences)
        try:
            said = self._process.receive()
            while isinstance(said, worker.Step) and self._process.waitable.poll():
                said = self._process.receive()
        except WorkerDied as died:
            return died
        match said:
            case worker.Ready():
                return _Joined(self._where, run_context.machine())
            case worker.Stored():
                return self._made(said)
        return said

    def end(self) -> None:
        """End the process and remove what it stored."""
        self._process.end()
        self._folder.cleanup()

    def _made(self, said: worker.Stored) -> _Made:
        entry = self._store.entry(self._task.run)
        results = self._store.tables(entry) if entry.status == "finished" else {}
        trained = self._store.policies(entry)
        shutil.rmtree(self._store.directory(entry.run))
        return _Made(said, entry.manifest, results, trained)


class _Remote:
    """An actor as the driver sees it."""

    _task: Task  # that it was last given

    def __init__(self, store: RunStore, actor: Any) -> None:
        self.machine: JsonObject = {}
        self.waitable = actor.receive.remote()
        self._store = store
        self._actor = actor
        self._where = "a machine of the cluster"

    def begin(self, task: Task) -> None:
        """Hand over a task; if the worker is gone, `receive` says so."""
        self._task = task
        self._actor.begin.remote(task)

    def receive(self) -> Message:
        """What it says next, once it has stored what came with that.

        Raises `WorkerDied`, `ClusterError` if its machine will not do, and `StoreError`.
        """
        try:
            told = ray.get(self.waitable)
        except ray.exceptions.RayError as error:
            raise self._lost(error) from None
        self.waitable = self._actor.receive.remote()
        match told:
            case WorkerDied():
                raise told
            case _Unfit(where, differences):
                raise ClusterError(
                    f"{where} cannot make the same runs as this machine, {differences}: "
                    "install the same tfrl there, by the same lock"
                )
            case _Joined(where, machine):
                self._where, self.machine = where, machine
                return worker.Ready()
            case worker.StoreFailed(reason):
                return worker.StoreFailed(f"{reason}, on {self._where}")
            case _Made(said, manifest, results, trained):
                self._store.publish(self._task.run, manifest, results, trained)
                return said
        return told

    def end(self) -> None:
        """End it, and its process with it."""
        seconds = _SECONDS_TO_END if self.machine else _SECONDS_TO_START
        ray.wait([self._actor.end.remote()], timeout=seconds)
        ray.kill(self._actor)

    def _lost(self, error: ray.exceptions.RayError) -> WorkerDied | ClusterError:
        """What became of the worker: lost, or never possible where it should be."""
        if not isinstance(error, ray.exceptions.RayTaskError) and not getattr(
            error, "actor_init_failed", False
        ):
            lost = (
                f"the worker process on {self._where} was lost, with its machine or with Ray there"
            )
            return WorkerDied(lost)
        address = re.search(r"\bip=([^\s,)]+)", str(error))
        return ClusterError(
            f"{address[1] if address else 'a machine'} of the cluster cannot make runs, "
            f"{str(error).splitlines()[-1].strip()}: is the same tfrl installed there?"
        )


def _differences(engine: Engine, identities: Iterable[JsonObject]) -> Iterator[str]:
    """In what the runs with these identities would be made otherwise here."""
    here = run_context.versions()
    for wanted in identities:
        pipeline, environment = wanted["configuration"]["pipeline"], wanted["environment"]["id"]
        for package in run_context.numerics(environment):
            if here[package] != wanted["versions"][package]:
                yield f"{package} is {here[package]}, not {wanted['versions'][package]}"
        try:
            code = run_context.code_sha256(engine.sources(pipeline, environment))
        except LookupError as error:
            yield str(error.args[0])
        else:
            if code != wanted["code"]:
                yield f"the code of {pipeline} on {environment} differs"


def _check_reachable(address: str) -> None:
    """Raises `ClusterError` if nobody answers: Ray itself would try for two minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _SECONDS_TO_ANSWER).close()
    except (OSError, ValueError) as error:
        raise _no_cluster(address, describe(error)) from None


def _no_cluster(address: str | None, reason: str) -> ClusterError:
    where = f"at {address}" if address else "on this machine"
    return ClusterError(
        f"there is no Ray cluster {where} that can be used ({reason}): start one by "
        "`ray start --head`, or name another by --address HOST:PORT"
    )
