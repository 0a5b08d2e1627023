"""Jobs on a Ray cluster that somebody else started: asked, sent and followed through its dashboard."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import platform
import shlex
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alloys.errors import InputError, WorkError, first_line, without_secrets
from loop.execute.loopback import leave_proxies_out, refuse_proxy
from loop.execute.submit import LEFT_OUT, ClusterJob, Package

_SECONDS = 20.0
"""The longest wait for one answer of the dashboard."""

_GOING = ("PENDING", "RUNNING")
_OVERRIDES = ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS")
"""Environment variables that Ray would prefer to an address that was given."""


class Jobs:
    """A connection to the jobs of a cluster.

    Args:
        address: the dashboard's URL, ``http://HOST:PORT`` or ``https://``.
        source: what named it.

    Attributes:
        asks_token: whether the cluster refuses who has no token.

    Raises:
        InputError: if nobody answers there, the token is missing or wrong, or the cluster has another version of Ray
            or Python.
    """

    def __init__(self, address: str, source: str = "--address") -> None:
        self.address = checked_url(address, source)
        leave_proxies_out(self.address)
        refuse_proxy(self.address)
        self.asks_token = _asks_token(self.address, source)
        from ray.exceptions import AuthenticationError  # late: Ray imports for seconds
        from ray.job_submission import JobSubmissionClient

        for name in ("dashboard_sdk", "job.sdk"):
            logging.getLogger(f"ray.dashboard.modules.{name}").setLevel(logging.WARNING)
        try:
            with _as_given():
                self._client = JobSubmissionClient(self.address)
        except AuthenticationError as error:
            raise InputError(
                f"the cluster at {self.address} asks for its token: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH "
                f"to the file that holds it ({first_line(error)})"
            ) from error
        except (ConnectionError, OSError, RuntimeError) as error:
            raise InputError(f"no Ray cluster answers at {self.address}: {error}") from error
        self._refuse_other_versions()

    def _refuse_other_versions(self) -> None:
        import ray  # late: Ray imports for seconds

        # The client's own request carries the token; it has no public method for this question.
        answer = self._client._do_request("GET", "/api/v0/cluster_metadata", timeout=_SECONDS)
        there: dict[str, Any] = answer.json().get("data") or {}
        ours = {"Ray": ray.__version__, "Python": platform.python_version()}
        theirs = {"Ray": str(there.get("rayVersion")), "Python": str(there.get("pythonVersion"))}
        # Ray itself demands no more of Python than the same minor version.
        compared = {"Ray": ours["Ray"] == theirs["Ray"], "Python": _minor(ours["Python"]) == _minor(theirs["Python"])}
        wrong = [f"{name} {theirs[name]}, here {ours[name]}" for name, same in compared.items() if not same]
        if wrong:
            raise InputError(f"the cluster at {self.address} has {' and '.join(wrong)}; install the same on both sides")

    def refuse_second(self, campaign: str) -> None:
        """Refuses a campaign that a job of this cluster drives already.

        Raises:
            InputError: naming the job.
        """
        for details in self._client.list_jobs():
            if (details.metadata or {}).get("campaign") == campaign and str(details.status.value) in _GOING:
                raise InputError(
                    f"the job {details.submission_id} drives the campaign {campaign!r} already: follow it with "
                    f"`{job_command('logs --follow', details.submission_id, self.address)}`, or end it with "
                    f"`{job_command('stop', details.submission_id, self.address)}` first"
                )

    def submit(self, job: ClusterJob, package: Package) -> str:
        """Sends a job, and returns its id.

        Raises:
            WorkError: if the cluster does not take it.
        """
        environment: dict[str, Any] = {"working_dir": str(package.path)}
        if job.environment:
            environment["env_vars"] = job.environment
        try:
            return str(
                self._client.submit_job(
                    entrypoint=job.entrypoint, runtime_env=environment, metadata={"campaign": job.campaign}
                )
            )
        except (RuntimeError, OSError) as error:
            raise WorkError(f"the cluster did not take the job: {first_line(error)}") from error

    def follow(self, job: str, write: Callable[[str], Any]) -> None:
        """Passes on what a job prints until it has ended.

        Raises:
            WorkError: if it did not end well.
        """

        async def tail() -> None:
            async for text in self._client.tail_job_logs(job):
                write(text)

        try:
            asyncio.run(tail())
            details = self._client.get_job_info(job)
        except (RuntimeError, OSError) as error:
            raise WorkError(f"the job {job} can no longer be followed: {error}") from error
        state = str(details.status.value)
        if state != "SUCCEEDED":
            raise WorkError(f"the job {job} ended as {state}: {details.message}")


def job_command(verb: str, job: str, address: str) -> str:
    """A command of Ray's about a job, for a shell, whatever cluster the environment names."""
    hidden = [word for name in _OVERRIDES if os.environ.get(name) for word in ("-u", name)]
    return shlex.join([*(["env", *hidden] if hidden else []), "ray", "job", *verb.split(), job, "--address", address])


def pack(root: Path, target: Path) -> int:
    """Makes the package of a folder as Ray would, without what stays at home; how many bytes Ray takes at most.

    Args:
        root: the folder.
        target: the zip file to be made.

    Raises:
        InputError: if the folder is not there.
    """
    if not root.is_dir():
        raise InputError(f"the working directory {root} is not a folder")
    from ray._private.runtime_env.packaging import GCS_STORAGE_MAX_SIZE, create_package  # late: Ray imports for seconds

    quiet = logging.getLogger("alloyloop.package")
    quiet.setLevel(logging.ERROR)
    create_package(str(root), target, include_gitignore=True, excludes=list(LEFT_OUT), logger=quiet)
    return int(GCS_STORAGE_MAX_SIZE)


def checked_url(address: str, source: str = "--address") -> str:
    """An address of a dashboard without the slash at its end.

    Raises:
        InputError: if it is none, or holds a password.
    """
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        good = False
    if not good or "@" in address:
        got = without_secrets(address)[:80]
        raise InputError(
            f"{source} takes the URL of the cluster's dashboard, such as http://127.0.0.1:8265, got {got!r}"
        )
    return address.rstrip("/")


def _asks_token(address: str, source: str) -> bool:
    """Whether somebody without a token is refused.

    Raises:
        InputError: if nobody answers.
    """
    try:
        # The scheme was checked: http or https.
        with urllib.request.urlopen(f"{address}/api/version", timeout=_SECONDS) as answer:  # noqa: S310
            json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return True
        raise InputError(f"what answers at {address} is no Ray dashboard (status {error.code})") from error
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Ray dashboard answers at {address}, which {source} names: {error}; is the cluster up, and the port "
            "forwarded?"
        ) from error
    return False


@contextmanager
def _as_given() -> Iterator[None]:
    """Hides the environment's addresses, so that the one that was asked for is used."""
    hidden = {name: os.environ.pop(name) for name in _OVERRIDES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
