"""Requests to this machine go there directly, and a token goes to nobody but the cluster."""

from __future__ import annotations

import os
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from alloys.errors import InputError

_HERE = ("127.0.0.1", "localhost", "::1", "[::1]")
"""As libraries write them: some look for an address of version 6 with its brackets, others without."""
_HOST = ("169.254.169.254", "metadata.google.internal")
"""Where a cloud's machine asks what it is, as every cluster of Ray's does; a proxy would answer for itself."""
_TOKENS = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


def leave_proxies_out(url: str = "") -> None:
    """Adds this machine's own addresses to ``NO_PROXY``, which every library here obeys; no proxy can reach them.

    Args:
        url: an address that is about to be asked; if it is one of this machine, in whatever form, it is added too.
    """
    host = urlsplit(url).hostname or ""
    here = [*_HERE, *_HOST, *([host, f"[{host}]"] if is_here(host) else [])]
    given = next((os.environ[name] for name in ("no_proxy", "NO_PROXY") if os.environ.get(name)), "")
    known = [name.strip() for name in given.split(",") if name.strip()]
    every = ",".join(dict.fromkeys([*known, *here]))
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = every


def is_here(host: str) -> bool:
    """Whether a host is this machine: a name for it, or any of its own addresses (127.0.0.0/8, ::1, 0.0.0.0, ::).

    An address of version 4 may be written in every way that the system takes: 127.1, 0x7f000001, 2130706433.
    """
    name = host.lower().rstrip(".")
    if name in ("localhost", "localhost.localdomain", socket.gethostname().lower()) or name.endswith(".localhost"):
        return True
    try:
        address: IPv4Address | IPv6Address = IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        try:
            address = ip_address(host)
        except ValueError:
            return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def host_and_port(address: str) -> tuple[str, int | None]:
    """The host of an address with a scheme, empty where it names none, and its port.

    Raises:
        ValueError: if no library could ask it: saying why.
    """
    parts = urlsplit(address)
    if parts.port == 0:
        raise ValueError("its port is 0")
    host = parts.hostname or ""
    host.encode("idna")
    return host, parts.port


def refuse_proxy(url: str) -> None:
    """Refuses to send a token through a proxy that could read it.

    Raises:
        InputError: naming the proxy.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not set(_TOKENS) & set(os.environ):
        return
    from requests.utils import get_environ_proxies, select_proxy  # late; Ray asks by this library

    proxy = select_proxy(url, get_environ_proxies(url))
    if proxy:
        raise InputError(
            f"{url} would be asked through the proxy {proxy.rpartition('@')[2]}, which could read the cluster's token; "
            f"set NO_PROXY={parts.hostname}, or forward the port to 127.0.0.1"
        )
