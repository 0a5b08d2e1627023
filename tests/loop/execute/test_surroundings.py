"""What surrounds a run and is not its own: proxies, addresses of clusters that are gone, a person's files."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from alloys.errors import InputError, WorkError
from alloys.records import Failed, FailureKind, Verdict
from loop import ROOMS
from loop.execute.cluster import refuse_dead
from loop.execute.loopback import refuse_proxy
from loop.execute.ray_jobs import Jobs
from loop.execute.tasks import told_by
from tests.loop.execute.noting_proxy import noting_proxy
from tests.loop.loop_helpers import call, write_config
from tests.support.processes import ROOT, python


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


HERE = [
    "127.0.0.1",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0.0.0.0",
    "[::]",
    "[::ffff:127.0.0.1]",
    "a.localhost",
]


@pytest.mark.parametrize("host", [*HERE, socket.gethostname()])
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


@pytest.mark.parametrize("name", ["all_proxy", "ALL_PROXY"])
def test_a_token_is_not_sent_through_a_proxy_for_every_scheme(
    name: str, proxy: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = os.environ["HTTP_PROXY"].replace("//", "//me:word@")
    for other in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.delenv(other)
    monkeypatch.setenv(name, given)
    with pytest.raises(InputError, match=r"through the proxy 127\.0\.0\.1:\d+, which could read"):
        Jobs("http://head.example.com:8265")
    assert proxy == []


@pytest.mark.parametrize(
    "words",
    [
        ("submit", "configs/quickstart.yaml", "--home", "/data", "--address", "http://me:hunter2@head:8265"),
        ("materials", "fetch", "--elements", "Nb", "--provider", "https://me:hunter2@example.org/optimade"),
        ("materials", "fetch", "--elements", "Nb", "--provider", "https://example.org/optimade?api_key=hunter2"),
        ("run", "configs/refractory.yaml", "--set", "cluster.address=ray://me:hunter2@127.0.0.1:1"),
        ("check", "configs/quickstart.yaml", "--set", "tracking.folder=http://me:hunter2@head"),
        ("check", "configs/quickstart.yaml", "--set", "directory=postgresql+psycopg://me:hunter2@head/alloys"),
        ("status", "quickstart", "--directory", "postgresql+psycopg://me:hunter2@head/alloys"),
    ],
)
def test_the_password_of_a_url_is_in_no_message(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RAY_ADDRESS", "ray://me:hunter2@127.0.0.1:1")
    extra = ["--set", f"directory={tmp_path}", "--set", "tracking.enabled=false"] if words[0] == "run" else []
    code, out, err = call(capsys, *words, *extra)
    assert code == 2
    assert "hunter2" not in out + err
    assert "***" in out + err


def test_a_server_is_no_folder_of_a_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    config = ROOT / "configs" / "quickstart.yaml"
    code, _, err = call(
        capsys, "check", config, "--set", "tracking.folder=http://head:5000", "--set", "directory=s3://x"
    )
    assert code == 2
    assert "directory is a folder of this machine, got 's3://x'; a campaign on a server has its URL as `state`" in err
    assert "tracking.folder is a folder of this machine, got 'http://head:5000'" in err


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
    for name in [name for name in os.environ if name.startswith("RAY_")]:  # of a cluster that this process had
        monkeypatch.delenv(name)
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


def _file_of_my_own(folder: Path, name: str, *, package: bool = False) -> None:
    path = folder / name / "__init__.py" if package else folder / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text("raise RuntimeError('a file of my own')\n", encoding="utf-8")


def test_neither_files_of_a_person_nor_a_proxy_come_between_a_campaign_and_its_cluster(
    proxy: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    for name in ROOMS:
        _file_of_my_own(tmp_path, name, package=name == "validation")
    document = yaml.safe_load((ROOT / "configs" / "quickstart.yaml").read_text(encoding="utf-8"))
    document |= {"iterations": 0, "tracking": {"enabled": False}, "cluster": {"executor": "ray", "workers": 1}}
    document["start"] = {**document.get("start", {}), "validate": 2}
    script = (ROOT / document["validator"]["settings"]["command"][1]).read_text(encoding="utf-8")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "answer.py").write_text(script, encoding="utf-8")
    document["validator"]["settings"]["command"] = [sys.executable, "mine/answer.py"]
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    # A script beside them: its folder is the first that modules are looked for in, here and for Ray's workers.
    (tmp_path / "begin.py").write_text("import alloyloop\nalloyloop.Campaign\nalloyloop.main()\n", encoding="utf-8")
    done = python(tmp_path, "begin.py", "run", str(config))
    assert done.returncode == 0, done.stderr
    assert "died" not in done.stderr
    assert proxy == []


@pytest.mark.parametrize(
    ("names", "begin", "path"),
    [
        (("alloys", "validation"), ["-m", "loop.cli"], "{root}"),
        (("random", "typing", "queue", "numpy", "alloys"), ["-m", "loop.cli"], "{root}"),
        (("queue", "numpy"), ["-c", "import alloyloop; alloyloop.main()"], ":{root}"),
        (ROOMS, ["-P", "-c", "import alloyloop; alloyloop.main()"], "{here}:{root}"),
    ],
)
def test_a_command_imports_no_file_of_a_person(
    names: tuple[str, ...], begin: list[str], path: str, tmp_path: Path
) -> None:
    for name in names:
        _file_of_my_own(tmp_path, name, package=name == "alloys")
    done = python(tmp_path, *begin, "--version", PYTHONPATH=path.format(root=ROOT, here=tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("alloyloop")


def test_what_was_imported_in_place_of_a_part_is_named(tmp_path: Path) -> None:
    (tmp_path / "validation.py").write_text("", encoding="utf-8")
    done = python(tmp_path, "-c", "import validation, alloyloop")
    assert "validation.py is in place of a part of alloyloop" in done.stderr


class OwnError(Exception):
    """What a package's own code raises."""


@pytest.mark.parametrize("error", [OwnError("no\nanswer"), AssertionError("no answer"), SystemExit("no answer")])
def test_whatever_a_validator_raises_is_a_failure_with_its_words(error: BaseException) -> None:
    def ask() -> Verdict:
        raise error

    verdict = told_by(ask)
    assert isinstance(verdict, Failed)
    assert (verdict.kind, type(error).__name__ in verdict.message) == (FailureKind.INFRASTRUCTURE, True)
    assert verdict.message.endswith("answer")


def test_a_module_that_a_validator_lacks_ends_the_work_with_its_name() -> None:
    def ask() -> Verdict:
        import no_such_package_anywhere  # type: ignore[import-not-found]

        return no_such_package_anywhere.verdict

    with pytest.raises(WorkError, match="No module named 'no_such_package_anywhere'"):
        told_by(ask)
