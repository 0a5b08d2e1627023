"""Training and validation on a Ray cluster: trainers are actors, on a GPU where there is one; validators are tasks."""

from __future__ import annotations

import logging
import os
import secrets
import time
import warnings
from pathlib import Path
from typing import Any

from alloys.errors import InputError, WorkError
from alloys.records import UNADJUSTED, Adjustment, Failed, FailureKind
from generators.training import TrainedModel
from loop.jobs import Done, TrainingJob, ValidatorSpec, validate

log = logging.getLogger(__name__)

_THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class RayExecutor:
    """Runs work on a cluster of its own or on one that is there.

    Args:
        spec: the validator; None where a person brings the answers.
        address: ``local`` for a cluster in this process's care, ``auto`` or ``ray://`` or ``HOST:PORT`` for one
            that is there; the environment's RAY_ADDRESS wins over ``local``.
        workers: validations under way at once, each with one CPU.
        timeout: seconds that one training may take, and one validation from its submission.

    Raises:
        InputError: if the cluster cannot be reached.
    """

    def __init__(self, spec: ValidatorSpec | None, address: str, workers: int, timeout: float) -> None:
        address = os.environ.get("RAY_ADDRESS", address)
        if address == "local":
            _lock_down()
        import ray

        self._ray = ray
        self._timeout = timeout
        self._owned = not ray.is_initialized()
        if self._owned:
            _start(ray, address, workers)
        self.slots = max(1, min(workers, int(ray.cluster_resources().get("CPU", 1))))
        self._gpus = 1 if ray.cluster_resources().get("GPU", 0) >= 1 else 0
        self._specs: dict[ValidatorSpec | None, Any] = {None: ray.put(spec)}
        self._task = _validation_task(ray)
        self._trainer: Any = None
        self._under_way: dict[Any, str] = {}
        self._begun: dict[Any, float] = {}

    @property
    def pending(self) -> int:
        """Validations under way."""
        return len(self._under_way)

    def train(self, job: TrainingJob) -> TrainedModel:
        """Trains in an actor, which is started at the first call and kept.

        A trainer that dies is replaced once.

        Raises:
            WorkError: if training fails, or takes longer than the time limit.
        """
        try:
            try:
                return self._train(job)
            except self._ray.exceptions.RayActorError:
                log.warning("the trainer died; training once more in a new one")
                self._trainer = None
                return self._train(job)
        except self._ray.exceptions.GetTimeoutError as error:
            raise WorkError(f"training took longer than cluster.timeout_seconds = {self._timeout:g}") from error
        except self._ray.exceptions.RayError as error:
            raise WorkError(f"training failed: {str(error).strip().splitlines()[-1]}") from error

    def _train(self, job: TrainingJob) -> TrainedModel:
        if self._trainer is None:
            self._trainer = _trainer_actor(self._ray, self._gpus)
        trained: TrainedModel = self._ray.get(self._trainer.train.remote(job), timeout=self._timeout)
        return trained

    def submit(
        self, key: str, canonical: str, spec: ValidatorSpec | None = None, *, adjustment: Adjustment = UNADJUSTED
    ) -> None:
        """Starts a validation as a task; the queue retries, Ray does not."""
        if spec not in self._specs:
            self._specs[spec] = self._ray.put(spec)
        future = self._task.remote(self._specs[spec], canonical, adjustment)
        self._under_way[future] = key
        self._begun[future] = time.monotonic()

    def collect(self, timeout: float) -> list[Done]:
        """What has finished; a worker that died gives a verdict of None."""
        if not self._under_way:
            return []
        waiting = list(self._under_way)
        ready, _ = self._ray.wait(waiting, num_returns=1, timeout=timeout)
        if ready and len(waiting) > 1:
            ready, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)
        done = self._late(set(ready))
        for future in ready:
            key = self._forget(future)
            try:
                done.append(Done(key, self._ray.get(future, timeout=self._timeout)))
            except self._ray.exceptions.LocalRayletDiedError as error:
                raise WorkError("Ray's raylet on this machine died, and every worker with it") from error
            except self._ray.exceptions.RayError as error:
                log.warning("a validation worker died: %s", str(error).splitlines()[0])
                done.append(Done(key, None))
        return done

    def _late(self, ready: set[Any]) -> list[Done]:
        """Ends tasks that take longer than the time limit; the queue tries them again."""
        limit = time.monotonic() - self._timeout
        done = []
        for future in [f for f, begun in self._begun.items() if begun < limit and f not in ready]:
            self._ray.cancel(future, force=True)
            message = f"no answer within cluster.timeout_seconds = {self._timeout:g}"
            done.append(Done(self._forget(future), Failed(FailureKind.INFRASTRUCTURE, message, self._timeout)))
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
        if self._trainer is not None:
            self._ray.kill(self._trainer)
            self._trainer = None
        if self._owned:
            self._ray.shutdown()


def _start(ray: Any, address: str, workers: int) -> None:
    # Workers import the rooms from where this process found them.
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {"env_vars": {**_THREADS, "PYTHONPATH": os.pathsep.join(paths)}}
    options: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    if address == "local":
        # One more CPU than validators, for the trainer; they do not run at the same time.
        options |= {"num_cpus": workers + 1, "object_store_memory": 200 * 2**20}
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")
    # Before ray.init has set its own level, Ray announces what its environment decided.
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(
                address=address,
                runtime_env=environment,
                logging_level="ERROR",
                log_to_driver=False,
                configure_logging=False,
                **options,
            )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"no Ray cluster at {address!r}: {reason}; start one, or set cluster.address: local"
        ) from error
    except Exception as error:  # a bare one, where its processes do not come up in time
        raise WorkError(f"Ray did not start: {str(error).strip().splitlines()[0]}") from error


def _lock_down() -> None:
    """Gives a cluster of our own a token that only its processes know: in memory, not in the home folder.

    Ray switches token authentication on for a cluster that it starts itself, unless the environment says otherwise.
    """
    if not {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & set(os.environ):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def _validation_task(ray: Any) -> Any:
    # num_gpus=0 no longer hides GPUs from a task: they are hidden by hand.
    environment = {"env_vars": {**_THREADS, "CUDA_VISIBLE_DEVICES": ""}}
    return ray.remote(num_cpus=1, num_gpus=0, max_retries=0, runtime_env=environment)(validate)


class Trainer:
    """The actor that trains generators."""

    def train(self, job: TrainingJob) -> TrainedModel:
        """Trains one generator."""
        return job.run()


def _trainer_actor(ray: Any, gpus: int) -> Any:
    environment = {"env_vars": dict(_THREADS) if gpus else {**_THREADS, "CUDA_VISIBLE_DEVICES": ""}}
    actor = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=0, runtime_env=environment)(Trainer)
    return actor.remote()
