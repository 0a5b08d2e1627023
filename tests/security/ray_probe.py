"""A cluster as a run starts it, looked at from inside and from outside; prints what was found as one JSON document.

Run as a program of its own, because Ray reads its environment once. RAY_TMPDIR says where Ray's files go.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import psutil

from alloys.composition import Composition
from loop.config.schema import ClusterConfig
from loop.execute.cluster import RayExecutor
from loop.execute.tasks import ValidationTask, ValidatorSpec

WRONG = "f" * 64
METHODS = (
    "InternalKVGcsService/InternalKVKeys",
    "NodeInfoGcsService/GetAllNodeInfo",
    "JobInfoGcsService/GetAllJobInfo",
)


def _http(port: int, path: str, token: str | None, body: bytes | None = None) -> int:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _grpc(port: int, method: str, token: str | None) -> str:
    told = (("authorization", f"Bearer {token}"),) if token else ()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            channel.unary_unary(f"/ray.rpc.{method}")(b"", timeout=30, metadata=told)
        except grpc.RpcError as error:
            return str(error.code().name)
    return "OK"


def _agent_port(port: int) -> int | None:
    """Where Ray's agent takes jobs; None where another cluster of this host has its port, for then it takes none."""
    if port <= 0:
        return None
    own = {
        connection.laddr.port
        for process in psutil.Process().children(recursive=True)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    return port if port in own else None


def _asked(port: int | None, path: str, tokens: dict[str, str | None], body: bytes | None = None) -> dict[str, int]:
    return {} if port is None else {name: _http(port, path, given, body) for name, given in tokens.items()}


def _look(token: str) -> dict[str, Any]:
    import ray

    info = ray._private.worker.global_worker.node.address_info
    agent, control = _agent_port(info["dashboard_agent_listen_port"]), int(info["gcs_address"].rpartition(":")[2])
    job = json.dumps({"entrypoint": "true"}).encode()
    tokens = {"none": None, "wrong": WRONG, "right": token}
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return {
        "listening": sorted(
            {
                (p.name(), c.laddr.ip)
                for p in processes
                for c in p.net_connections(kind="inet")
                if c.status == psutil.CONN_LISTEN
            }
        ),
        "arguments": [word for p in processes for word in p.cmdline()],
        "jobs": _asked(agent, "/api/job_agent/jobs/", {name: tokens[name] for name in ("none", "wrong")}, job),
        "logs": _asked(agent, "/logs", tokens),
        "control": {name: [_grpc(control, m, given) for m in METHODS] for name, given in tokens.items()},
    }


def main() -> None:
    """Starts, asks for one validation, looks, ends."""
    executor = RayExecutor(ClusterConfig(workers=1, timeout_seconds=300.0))
    try:
        task = ValidationTask("one", Composition.parse("NbTa").canonical())
        executor.submit(ValidatorSpec("reference", "{}"), task)
        (done,) = executor.collect(300.0)
        token = os.environ["RAY_AUTH_TOKEN"]
        found = _look(token) | {"verdict": type(done.verdict).__name__}
        files = [path for path in Path(os.environ["RAY_TMPDIR"]).rglob("*") if path.is_file()]
        found["files"] = len(files)
        found["token_in"] = [str(path) for path in files if token.encode() in path.read_bytes()]
    finally:
        executor.close()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
