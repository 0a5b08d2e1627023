"""Several families on one GPU that Ray counts; the machine needs none, as trainings fall back to the CPU."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loop.config.schema import ClusterConfig
from loop.execute.cluster import RayExecutor, lock_down
from loop.execute.tasks import Finished
from tests.loop.execute.test_cluster import _training_job, training_task
from tests.loop.loop_helpers import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.slow
def test_families_share_one_gpu_and_train_at_once() -> None:
    lock_down()
    import ray

    environment = {"env_vars": {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}}
    ray.init(address="local", num_cpus=6, num_gpus=1, include_dashboard=False, runtime_env=environment)
    try:
        executor = RayExecutor(ClusterConfig(timeout_seconds=300.0), families=2)
        assert executor.slots == 2
        families = ("cvae", "flow")
        for family in families:
            job = replace(_training_job(), family=family, settings={"epochs": 200})
            executor.begin(training_task(family, job))
        found: dict[str, Finished] = {}
        while len(found) < 2:
            found |= executor.results(5.0)
        one, other = (found[family] for family in families)
        assert min(one.ended, other.ended) > max(one.begun, other.begun)
        executor.close()
    finally:
        ray.shutdown()
