"""The loop's work on a Ray cluster: trainers and the scorer are actors, validators are tasks."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import secrets
import socket
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alloys.errors import InputError, WorkError, first_line
from alloys.records import Failed, FailureKind
from loop.config.schema import ClusterConfig
from loop.execute.actors import Actors, last_line
from loop.execute.loopback import host_and_port, leave_proxies_out
from loop.execute.spreading import RaySpreader
from loop.execute.tasks import FOLDER, Done, Finished, ModelTask, ValidationTask, ValidatorSpec, do_validation
from validation.jobs.files import import_path

log = logging.getLogger(__name__)

_RAYLET_DIED = "Ray's raylet on this machine died, and every worker with it"

COUNT_SECONDS = 10.0
"""How often a cluster is asked what it has."""

KNOCK_SECONDS = 10.0
"""How long a cluster may take to answer at all."""

_LOCAL = "start one, or set cluster.address: local"

_THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Demand:
    """What validations ask of a cluster.

    Attributes:
        workers: how many may be under way, wherever there is room.
        cpus: of each.
        memory: bytes of each; 0 for any.
        reserved: CPUs for training, choosing and the driver.
    """

    workers: int
    cpus: float
    memory: int
    reserved: int

    def slots(self, total: Mapping[str, float]) -> int:
        """How many validations a cluster has room for, at least one; ``total`` is Ray's count of what it has."""
        room = (total.get("CPU", 1) - self.reserved) / self.cpus
        if self.memory:
            room = min(room, total.get("memory", 0) / self.memory)
        return max(1, min(self.workers, math.floor(room + 1e-6)))

    def refuse_too_small(self, total: Mapping[str, float]) -> None:
        """Refuses a cluster without room for one validation.

        Raises:
            InputError: saying what is too little.
        """
        if self.memory > total.get("memory", 0):
            asked, there = self.memory // 2**20, total.get("memory", 0) / 2**20
            raise InputError(
                f"cluster.validation_memory_mb = {asked} is more than the cluster's {there:.0f} MB; lower it"
            )
        if total.get("CPU", 1) < self.reserved + self.cpus:
            raise InputError(
                f"the cluster has {total.get('CPU', 1):g} CPUs, too few for a validation (cluster.validation_cpus = "
                f"{self.cpus:g}) beside training and choosing ({self.reserved}); let more nodes join first"
            )


class RayExecutor:
    """Runs work on a cluster of its own or on one that is there.

    Args:
        config: where the cluster is, how many validations may be under way, and what each needs; the environment's
            RAY_ADDRESS wins over the address ``local``.
        families: how many trainings may be asked for at once.

    Raises:
        InputError: if the cluster cannot be reached, or has no room for one validation.
    """

    def __init__(self, config: ClusterConfig, families: int = 1) -> None:
        address = os.environ.get("RAY_ADDRESS") or config.address
        if address == "local":
            lock_down()
        import ray  # late: it imports for seconds, and reads its environment as it does

        self._ray = ray
        workers, cpus = config.workers, config.validation_cpus
        memory = (config.validation_memory_mb or 0) * 2**20
        self._owned = not ray.is_initialized()
        if self._owned:
            start_cluster(ray, address, math.ceil(workers * cpus) + families)
        total, self._node = ray.cluster_resources(), ray.get_runtime_context().get_node_id()
        self._under_way: dict[Any, str] = {}
        self._begun: dict[Any, float] = {}
        # The CPUs of a cluster of its own are counted out; of another's, one of four or more is left to the driver.
        own = self._owned and address == "local"
        gpus, cores = int(total.get("GPU", 0)), _cores() if own else int(total.get("CPU", 1))
        trainers = families if gpus else min(families, max(1, cores - (1 if own else workers)))
        self._actors = Actors(ray, trainers, gpus, _THREADS, config.timeout_seconds)
        # The scorer's threads use a cluster of its own as far as it goes.
        self.spreader = None if own else RaySpreader(ray, worker_environment())
        self._demand = Demand(workers, cpus, memory, reserved=trainers + (0 if own or cores < 4 else 1))
        try:
            self._demand.refuse_too_small(total)
        except InputError:
            self.close()
            raise
        self._specs: dict[ValidatorSpec, Any] = {}
        self._task = _validation_task(ray, cpus, memory)
        self._slots, self._counted = self._demand.slots(total), time.monotonic()

    @property
    def slots(self) -> int:
        """How many validations may be under way: the workers asked for, as far as the cluster has room for them now."""
        if time.monotonic() - self._counted > COUNT_SECONDS:
            self._slots, self._counted = self._demand.slots(self._ray.cluster_resources()), time.monotonic()
        return self._slots

    @property
    def timeout(self) -> float:
        """Seconds that a task or a validation may take; one under way is measured by what this says now."""
        return self._actors.timeout

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._actors.timeout = seconds

    @property
    def tell(self) -> Callable[[str], None]:
        """Is told what a task is doing, where it tells that."""
        return self._actors.tell

    @tell.setter
    def tell(self, tell: Callable[[str], None]) -> None:
        self._actors.tell = tell

    @property
    def pending(self) -> int:
        """Validations under way."""
        return len(self._under_way)

    def prepare(self) -> None:
        """Starts the trainers and the scorer, which import for seconds."""
        self._actors.prepare()

    def begin(self, task: ModelTask) -> None:
        """Starts a training in a trainer, anything else in the scorer."""
        self._actors.begin(task)

    def results(self, timeout: float) -> dict[str, Finished]:
        """Tasks that have finished.

        Raises:
            WorkError: if one failed or took too long.
        """
        return self._actors.results(timeout)

    def submit(self, spec: ValidatorSpec, task: ValidationTask) -> None:
        """Starts a validation as a task of Ray's; the queue retries, Ray does not."""
        if spec not in self._specs:
            self._specs[spec] = self._ray.put(spec)
        future = self._task.remote(self._specs[spec], task)
        self._under_way[future] = task.key
        self._begun[future] = time.monotonic()

    def collect(self, timeout: float) -> list[Done]:
        """Validations that have finished; a worker that died, alone or with its node, gives a verdict of None.

        Raises:
            WorkError: if the lost node is the one of this process, or a worker cannot even begin a validation.
        """
        waiting = list(self._under_way)
        if not waiting:
            return []
        self._ray.wait([*waiting, *self._actors.futures], num_returns=1, timeout=timeout)
        ready, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)
        done = self._late(set(ready))
        for future in ready:
            key = self._forget(future)
            try:
                done.append(self._ray.get(future, timeout=self.timeout))
            except self._ray.exceptions.LocalRayletDiedError as error:
                raise WorkError(_RAYLET_DIED) from error
            except self._ray.exceptions.NodeDiedError as error:
                if self._node in str(error):
                    raise WorkError(_RAYLET_DIED) from error
                done.append(Done(key, None, lost=True))
            except self._ray.exceptions.RayTaskError as error:
                # Validations catch what breaks in them: what comes here keeps every worker from beginning one.
                raise WorkError(f"Ray's workers cannot validate: {last_line(error)}") from error
            except self._ray.exceptions.RayError as error:
                log.warning("a validation worker died: %s", str(error).splitlines()[0])
                done.append(Done(key, None))
        return done

    def _late(self, ready: set[Any]) -> list[Done]:
        """Ends tasks that take longer than the time limit; the queue tries them again."""
        limit = time.monotonic() - self.timeout
        done = []
        for future in [f for f, begun in self._begun.items() if begun < limit and f not in ready]:
            self._ray.cancel(future, force=True)
            message = f"no answer within cluster.timeout_seconds = {self.timeout:g}"
            done.append(Done(self._forget(future), Failed(FailureKind.INFRASTRUCTURE, message, self.timeout)))
        return done

    def _forget(self, future: Any) -> str:
        self._begun.pop(future, None)
        return self._under_way.pop(future)

    def close(self) -> None:
        """Ends what this executor started: its own cluster, or its tasks and actor on another's."""
        for future in self._under_way:
            self._ray.cancel(future, force=True)
        self._under_way.clear()
        self._begun.clear()
        self._actors.close()
        if self._owned:
            self._ray.shutdown()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def start_cluster(ray: Any, address: str, cpus: int) -> None:
    # Workers import the rooms from where this process found them.
    root = Path(__file__).resolve().parents[2]
    environment = {"env_vars": {**_THREADS, "PYTHONPATH": import_path(root), FOLDER: os.getcwd()}}
    options: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    if address == "local":
        # CPUs are counted out, not measured: one for each worker, and for what trains and chooses beside them.
        options |= {"num_cpus": cpus, "object_store_memory": 200 * 2**20}
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")
    leave_proxies_out(_url(address))  # whose processes speak over HTTP too
    # Before ray.init has set its own level, Ray announces what its environment decided.
    logging.getLogger("ray").setLevel(logging.ERROR)
    if address != "local":
        refuse_dead(address)
    try:
        # Ray puts the folder that it starts in before all others where its workers import from: a person's own file
        # `validation.py` there would come in place of ours. Tasks go back by `enter_folder`.
        with warnings.catch_warnings(), contextlib.chdir(root):
            warnings.simplefilter("ignore")
            ray.init(
                address=address,
                runtime_env=environment,
                logging_level="ERROR",
                log_to_driver=False,
                configure_logging=False,
                **options,
            )
    except Exception as error:  # a bare one, where its processes do not come up in time
        if address != "local" and isinstance(error, ConnectionError | RuntimeError | ValueError | OSError):
            raise _no_cluster(address, f"{first_line(error)} ({_ASKED})") from error
        raise WorkError(f"Ray did not start: {first_line(error)}{_disturbing()}") from error


_ASKED = "something listens there; see that the port is the cluster's, and that RAY_AUTH_TOKEN_PATH has its token"
_NO_REPORTS = "RAY_USAGE_STATS_ENABLED"
_OURS = (
    *("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "RAY_DEDUP_LOGS", "RAY_AUTH_TOKEN", "RAY_CLIENT_MODE", "RAY_ADDRESS"),
    _NO_REPORTS,
)
"""Variables that this module or Ray sets, or that a cluster of its own does not read."""


def _disturbing() -> str:
    """What of the environment Ray obeyed as it failed to start a cluster of its own."""
    names = sorted(name for name in os.environ if name.startswith("RAY_") and name not in _OURS)
    return f"; it obeys {', '.join(names)} of the environment: unset what is not meant" if names else ""


def _no_cluster(address: str, why: str) -> InputError:
    """That no cluster answers, and what to do."""
    advice = "start one there, or unset RAY_ADDRESS" if os.environ.get("RAY_ADDRESS") else _LOCAL
    return InputError(f"no Ray cluster answers at {address!r}: {why}; {advice}")


def _url(address: str) -> str:
    """The address of a cluster with a scheme, as libraries take URLs apart."""
    return address if "://" in address else f"ray://{address}"


def refuse_dead(address: str) -> None:
    """Refuses an address where no Ray answers within seconds; Ray itself would try for many minutes.

    Something else may listen there: a forwarded port whose other end is gone, or another program. Ray speaks gRPC, and
    who does not is no cluster.

    Args:
        address: ``HOST:PORT``, ``ray://HOST:PORT``, or ``auto`` for one on this machine, which may be long gone.

    Raises:
        InputError: saying what to do.
    """
    there = _on_this_machine() if address == "auto" else address
    try:
        host, port = host_and_port(_url(there))
        if there.lower().startswith(("http://", "https://")):
            raise ValueError("that of a dashboard, which only `alloyloop submit` asks")
        if not host or not port:
            raise ValueError("its host or port is missing")
    except ValueError as error:
        raise _no_cluster(address, f"it is no address of one, HOST:PORT: {error}") from error
    try:
        socket.create_connection((host, port), KNOCK_SECONDS).close()
    except OSError as error:
        raise _no_cluster(address, first_line(error)) from error
    import grpc  # late: few campaigns need it
    from ray._private.grpc_utils import init_grpc_channel  # with the certificates that Ray itself would take
    from ray._private.ray_constants import GLOBAL_GRPC_OPTIONS

    with init_grpc_channel(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", GLOBAL_GRPC_OPTIONS) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=KNOCK_SECONDS)
        except grpc.FutureTimeoutError as error:
            why = f"what listens there does not answer as Ray does within {KNOCK_SECONDS:g} s"
            raise _no_cluster(address, why) from error


def _on_this_machine() -> str:
    """The address that Ray finds for ``auto``.

    Raises:
        InputError: if there is none.
    """
    from ray._private.services import get_ray_address_from_environment

    try:
        return str(get_ray_address_from_environment("auto", None))
    except ConnectionError as error:
        raise _no_cluster("auto", "none runs on this machine") from error


_ANY_INTERFACE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""So named for the systems where it is off by default; where it is on, Ray listens on every interface of the host."""


def lock_down() -> None:
    """Keeps a cluster of our own on loopback, with a token that only its processes know: not in the home folder.

    Ray switches token authentication on for a cluster that it starts itself, unless the environment says otherwise. It
    would tell its makers of every cluster, and ask the network whose machine this is.
    """
    os.environ.setdefault(_NO_REPORTS, "0")
    if not {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & set(os.environ):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    if _ANY_INTERFACE not in os.environ:
        os.environ[_ANY_INTERFACE] = "0"
        import ray  # noqa: F401  reads the variable once, and what this process starts later should not have it

        del os.environ[_ANY_INTERFACE]


def worker_environment() -> dict[str, Any]:
    """What the processes of tasks have in their environment beside that of the cluster."""
    # num_gpus=0 no longer hides GPUs from a task: they are hidden by hand.
    return {"env_vars": {**_THREADS, "CUDA_VISIBLE_DEVICES": ""}}


def _validation_task(ray: Any, cpus: float, memory: int) -> Any:
    demands = {"num_cpus": cpus, "num_gpus": 0, **({"memory": memory} if memory else {})}
    return ray.remote(**demands, max_retries=0, runtime_env=worker_environment())(do_validation)
