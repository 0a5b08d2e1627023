"""What surrounds a run and is not its own: proxies, addresses of clusters that are gone, a person's files."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from alloys.errors import InputError
from loop.execute.cluster import refuse_dead
from loop.execute.loopback import refuse_proxy
from loop.execute.ray_jobs import Jobs
from tests.loop.execute.noting_proxy import noting_proxy
from tests.loop.loop_helpers import call, write_config
from tests.support.processes import ROOT, environment


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A proxy that the environment names, and the requests that it got."""
    with noting_proxy() as (port, got):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "example.org")
        monkeypatch.setenv("RAY_AUTH_TOKEN", "secret" * 8)
        yield got


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_sees_what_is_asked_of_this_machine(proxy: list[str], host: str) -> None:
    with pytest.raises(InputError, match="no Ray dashboard answers"):
        Jobs(f"http://{host}:1")
    assert proxy == []
    assert os.environ["NO_PROXY"].startswith("example.org,")


def test_a_token_is_not_sent_through_a_proxy(proxy: list[str]) -> None:
    with pytest.raises(InputError, match=r"through the proxy 127\.0\.0\.1:\d+|through the proxy http://127"):
        Jobs("http://head.example.com:8265")
    assert proxy == []
    refuse_proxy("http://example.org:8265")  # of which the environment says that it is asked directly


def test_a_cluster_that_is_gone_is_told_at_once_with_what_to_unset(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    config = write_config(tmp_path, cluster={"executor": "ray", "workers": 1})
    code, _, err = call(capsys, "run", str(config))
    assert code == 2
    assert "no Ray cluster answers at '127.0.0.1:1'" in err
    assert "unset RAY_ADDRESS" in err


def test_a_forwarded_port_whose_other_end_is_gone_is_told_within_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("loop.execute.cluster.KNOCK_SECONDS", 0.5)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections, and never answers
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        config = write_config(tmp_path, cluster={"executor": "ray", "workers": 1, "address": address})
        code, _, err = call(capsys, "run", str(config))
    assert code == 2
    assert f"no Ray cluster answers at '{address}': what listens there does not answer as Ray does" in err
    assert "set cluster.address: local" in err
    assert "RAY_ADDRESS" not in err  # which is not set


def test_the_last_cluster_of_this_machine_may_be_gone_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:1", encoding="utf-8")
    monkeypatch.setattr("ray._private.services.find_gcs_addresses", tuple)  # those of other tests
    with pytest.raises(InputError, match=r"no Ray cluster answers at 'auto': .*Connection refused; start one"):
        refuse_dead("auto")
    (tmp_path / "ray" / "ray_current_cluster").unlink()
    with pytest.raises(InputError, match=r"no Ray cluster answers at 'auto': none runs on this machine; start one"):
        refuse_dead("auto")
    with pytest.raises(InputError, match="that of a dashboard, which only `alloyloop submit` asks"):
        refuse_dead("http://127.0.0.1:8265")


def test_an_empty_address_of_ray_is_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "")
    config = write_config(tmp_path, cluster={"executor": "ray", "workers": 1, "address": "127.0.0.1:1"})
    _, _, err = call(capsys, "run", str(config))
    assert "no Ray cluster answers at '127.0.0.1:1'" in err
    assert "unset" not in err


def test_what_of_the_environment_keeps_ray_from_starting_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAY_RUNTIME_ENV_HOOK", "no.such.hook")
    _, _, err = call(capsys, "run", str(write_config(tmp_path, cluster={"executor": "ray", "workers": 1})))
    assert "Ray did not start: No module named 'no'; it obeys RAY_RUNTIME_ENV_HOOK of the environment: unset" in err
    assert "cluster.address" not in err


def test_submit_says_which_variable_named_a_dead_cluster(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = ("submit", str(write_config(tmp_path)), "--working-dir", str(tmp_path))
    for address, said in (("http://127.0.0.1:1", " names: "), ("head:1", " takes the URL")):
        monkeypatch.setenv("RAY_API_SERVER_ADDRESS", address)
        code, _, err = call(capsys, *words)
        assert code == 2
        assert f"RAY_API_SERVER_ADDRESS{said}" in err
        assert "--address" not in err


def test_files_of_a_person_do_not_come_in_place_of_the_programs_own(tmp_path: Path) -> None:
    for name in ("alloys", "generators", "surrogates", "validation", "loop"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('a file of my own')\n", encoding="utf-8")
    document = yaml.safe_load((ROOT / "configs" / "quickstart.yaml").read_text(encoding="utf-8"))
    document |= {"iterations": 0, "tracking": {"enabled": False}, "cluster": {"executor": "ray", "workers": 1}}
    document["start"] = {**document.get("start", {}), "validate": 2}
    script = (ROOT / document["validator"]["settings"]["command"][1]).read_text(encoding="utf-8")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "answer.py").write_text(script, encoding="utf-8")
    document["validator"]["settings"]["command"] = [sys.executable, "mine/answer.py"]
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "loop.cli", "run", str(config)],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "died" not in done.stderr
