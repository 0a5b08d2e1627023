"""Requests to this machine go there directly, and a token goes to nobody but the cluster."""

from __future__ import annotations

import os
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from alloys.errors import InputError

_HERE = ("127.0.0.1", "localhost", "::1")
_TOKENS = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


def leave_proxies_out() -> None:
    """Adds this machine's own addresses to ``NO_PROXY``, which every library here obeys; no proxy can reach them."""
    given = next((os.environ[name] for name in ("no_proxy", "NO_PROXY") if os.environ.get(name)), "")
    known = [name.strip() for name in given.split(",") if name.strip()]
    every = ",".join([*known, *(name for name in _HERE if name not in known)])
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = every


def refuse_proxy(url: str) -> None:
    """Refuses to send a token through a proxy that could read it.

    Raises:
        InputError: naming the proxy.
    """
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if parts.scheme != "http" or not proxy or proxy_bypass(parts.hostname or "") or not set(_TOKENS) & set(os.environ):
        return
    raise InputError(
        f"{url} would be asked through the proxy {proxy.rpartition('@')[2]}, which could read the cluster's token; set "
        f"NO_PROXY={parts.hostname}, or forward the port to 127.0.0.1"
    )
