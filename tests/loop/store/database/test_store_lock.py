"""One driver per campaign, and no network folders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loop.store import CampaignBusy, DriverLock, NetworkFolder
from loop.store.database.lock import filesystem_of, refuse_network_folder

ROOT = Path(__file__).parents[4]

HOLDER = """
import sys
from loop.store.database.lock import DriverLock
with DriverLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def _holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_driver_is_told_who_the_first_is_until_that_dies(tmp_path):
    with _holder(tmp_path) as process:
        with pytest.raises(CampaignBusy, match=rf"driven by .+@.+ pid {process.pid} since 20\d\d-"):
            DriverLock(tmp_path).acquire()
        process.kill()
        process.wait()
        with DriverLock(tmp_path) as lock:
            assert f"pid {os.getpid()}" in lock.path.read_text()


def test_the_lock_is_given_back(tmp_path):
    folder = tmp_path / "new" / "campaign"
    with DriverLock(folder) as lock:
        with pytest.raises(CampaignBusy, match="this process"):
            lock.acquire()
        with pytest.raises(CampaignBusy):
            DriverLock(folder).acquire()
    assert (folder / "driver.lock").read_text() == ""
    lock.release()
    with DriverLock(folder):
        pass


def test_a_network_folder_is_refused(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda / ext4 rw 0 0\n"
        "server:/x /net nfs4 rw 0 0\n"
        "me@host: /net/my\\040data fuse.sshfs rw 0 0\n"
        "tmpfs /net/local tmpfs rw 0 0\n"
        "short line\n"
    )
    assert filesystem_of(Path("/home/x"), mounts) == "ext4"
    assert filesystem_of(Path("/network"), mounts) == "ext4"
    assert filesystem_of(Path("/net/a/b"), mounts) == "nfs4"
    assert filesystem_of(Path("/net/my data/c"), mounts) == "fuse.sshfs"
    refuse_network_folder(Path("/net/local/c"), mounts)
    for folder in ("/net/a", "/net/my data"):
        with pytest.raises(NetworkFolder, match="network filesystem"):
            refuse_network_folder(Path(folder), mounts)


def test_without_a_list_of_mounts_nothing_is_refused(tmp_path):
    refuse_network_folder(tmp_path, tmp_path / "missing")
    assert filesystem_of(tmp_path, tmp_path / "missing") is None
