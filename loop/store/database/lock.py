"""One driver per campaign, and no campaign on a network filesystem."""

from __future__ import annotations

import fcntl
import getpass
import os
import re
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import sqlalchemy as sa

from loop.store.database.postgresql import ServerLock
from loop.store.errors import CampaignBusy, NetworkFolder

NETWORK = re.compile(
    r"^(nfs\d?|cifs|smb\d?|smbfs|afs|ceph|lustre|gpfs|beegfs(_nodev)?|glusterfs|davfs|ncpfs"
    r"|fuse\.(sshfs|s3fs|glusterfs|ceph|rclone|davfs2?|smbnetfs|gvfsd-fuse|gcsfuse|goofys))$"
)


def filesystem_of(folder: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """The type of the filesystem that holds a folder, or None where that cannot be read."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    best: tuple[int, str] | None = None
    target = folder.resolve()
    for fields in (line.split() for line in lines):
        if len(fields) < 3:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), fields[1]))
        depth = len(point.parts)
        if target.is_relative_to(point) and (best is None or depth >= best[0]):
            best = (depth, fields[2])
    return best[1] if best else None


def refuse_network_folder(folder: Path, mounts: Path = Path("/proc/mounts")) -> None:
    """Refuses a folder whose file locks SQLite cannot trust.

    Raises:
        NetworkFolder: naming the filesystem.
    """
    kind = filesystem_of(folder, mounts)
    if kind is not None and NETWORK.match(kind):
        raise NetworkFolder(
            f"{folder} is on a network filesystem ({kind}), where SQLite's locks are not safe; "
            "keep databases on a local disk"
        )


def user_name() -> str:
    """Who runs this process; the user's number where there is no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _owner() -> str:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return f"{user_name()}@{socket.gethostname()} pid {os.getpid()} since {since}"


class DriverLock:
    """Holds ``driver.lock`` in a campaign's folder; the kernel lets go of it when the process ends, however it ends.

    The lock belongs to the open file: a child made by a bare ``fork`` shares it, one started by ``exec`` does not.

    Args:
        campaign_dir: the campaign's folder.
        server: where the campaign's database is, if that is a server: the lock there is taken as well.
    """

    def __init__(self, campaign_dir: Path | str, server: sa.URL | None = None) -> None:
        self.path = Path(campaign_dir) / "driver.lock"
        self.owner = _owner()
        self._fd: int | None = None
        self._server = ServerLock(server, self.owner) if server is not None else None

    def acquire(self) -> None:
        """Takes the lock, making the folder where there is none.

        Raises:
            CampaignBusy: naming the process that holds it.
            NetworkFolder: if the folder is on a network filesystem.
        """
        if self._fd is not None:
            raise CampaignBusy(f"{self.path.parent} is already driven by this process ({self.owner})")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        refuse_network_folder(self.path.parent)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(fd, 1000).decode(errors="replace").strip() or "another process"
            os.close(fd)
            raise CampaignBusy(
                f"the campaign in {self.path.parent} is already driven by {owner}; "
                "wait for it or end it, then run again"
            ) from None
        os.ftruncate(fd, 0)
        os.write(fd, f"{self.owner}\n".encode())
        self._fd = fd
        if self._server is not None:
            try:
                self._server.acquire()
            except BaseException:
                self.release()
                raise

    def release(self) -> None:
        """Lets go of the lock; nothing happens where it is not held."""
        if self._server is not None:
            self._server.release()
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> DriverLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
