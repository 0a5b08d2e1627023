"""Campaigns as jobs of a Ray cluster: what is checked beforehand, what is uploaded, and where the state goes."""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import shutil
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from alloys.errors import InputError
from loop.config.home import HOME, lasting, thrown_away
from loop.config.schema import CampaignConfig
from loop.execute import submit
from tests.loop.loop_helpers import ROOT, call, small_config, write_config

# Ray warns on its own behalf.
pytestmark = pytest.mark.filterwarnings("ignore")

PLANTED = (
    *(".env", ".env.local", "deep/.env", "prod.env", "key.pem", "id_rsa", ".pgpass", ".ssh/config", "auth_token"),
    *("my.db", "deep/campaign.db", "campaign.db-journal", "campaign.url", "cvae.safetensors", "deep/model.pt"),
    *("campaigns/refractory/campaign.db", "campaigns/refractory/models/a.txt", "mlruns/mlflow.db", "mlruns/0/a.txt"),
    *(".git/config", ".venv/bin/python", "__pycache__/a.pyc", "tests/test_a.py"),
)
KEPT = ("my.yaml", "loop/cli/main.py", "alloys/data/alloys.csv", "my.tdb", "deep/start.csv", ".rayignore")
KEY = "-----BEGIN OPENSSH " + "PRIVATE KEY-----"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A working directory with much that must not leave it."""
    root = tmp_path / "clone"
    for name in (*PLANTED, *KEPT):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    (root / ".rayignore").write_bytes((ROOT / ".rayignore").read_bytes())
    return root


def _uploaded_by_ray(root: Path, target: Path, *, gitignore: bool) -> list[str]:
    """What `ray job submit --working-dir` packs."""
    from ray._private.runtime_env.packaging import create_package

    create_package(str(root), target, include_gitignore=gitignore, logger=logging.getLogger("quiet"))
    with zipfile.ZipFile(target) as package:
        return sorted(entry.filename for entry in package.infolist() if not entry.is_dir())


def test_nothing_secret_and_no_state_is_uploaded(clone: Path, tmp_path: Path) -> None:
    from loop.execute.ray_jobs import pack

    assert _uploaded_by_ray(clone, tmp_path / "ray.zip", gitignore=False) == sorted(KEPT)
    # `alloyloop submit` needs no file that says so.
    (clone / ".rayignore").unlink()
    assert set(_uploaded_by_ray(clone, tmp_path / "all.zip", gitignore=False)) > set(PLANTED)
    limit = pack(clone, tmp_path / "ours.zip")
    package = submit.look_into(tmp_path / "ours.zip", clone, needed=["my.yaml"], limit=limit)
    assert package.files == tuple(sorted(set(KEPT) - {".rayignore"}))


def test_gitignore_is_honoured_too(clone: Path, tmp_path: Path) -> None:
    from loop.execute.ray_jobs import pack

    (clone / ".gitignore").write_text("deep/\n")
    limit = pack(clone, tmp_path / "ours.zip")
    with pytest.raises(InputError, match=r"not in the package: deep/start.csv; .gitignore"):
        submit.look_into(tmp_path / "ours.zip", clone, needed=["my.yaml", "deep/start.csv"], limit=limit)


def test_the_file_for_ray_and_the_command_leave_out_the_same() -> None:
    lines = (ROOT / ".rayignore").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == list(submit.LEFT_OUT)


def test_the_clone_itself_can_be_sent(tmp_path: Path) -> None:
    from loop.execute.ray_jobs import pack

    limit = pack(ROOT, tmp_path / "package.zip")
    needed = ["configs/refractory.yaml", "loop/cli/main.py", "alloys/data/known_alloys.csv"]
    package = submit.look_into(tmp_path / "package.zip", ROOT, needed=needed, limit=limit)
    assert package.size < 20 * 2**20


@pytest.mark.parametrize("name", ["random.py", "typing/__init__.py", "numpy.py", "ray/__init__.py", "loop.py"])
def test_a_file_that_would_be_imported_in_place_of_a_module_stops_it(name: str, clone: Path, tmp_path: Path) -> None:
    from loop.execute.ray_jobs import pack

    (clone / name).parent.mkdir(exist_ok=True)
    (clone / name).write_text("")
    (clone / "mine.py").write_text("")
    shutil.rmtree(clone / "loop")  # the program is installed on the cluster
    limit = pack(clone, tmp_path / "a.zip")
    with pytest.raises(InputError, match=rf"{re.escape(name)} would be imported in place of another module") as told:
        submit.look_into(tmp_path / "a.zip", clone, needed=[], limit=limit)
    assert "mine.py" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (KEY, "a private key"),
        ("AKIA" + "ABCDEFGHIJKLMNOP", "an access key"),
        ("ghp" + "_0123456789abcdefghijABCDEFGHIJ", "a token"),
        ("state: postgresql+psycopg://me:" + "hunter2@server/alloys", "a URL with a password"),
    ],
)
def test_a_secret_in_a_file_stops_it(text: str, what: str, clone: Path, tmp_path: Path) -> None:
    from loop.execute.ray_jobs import pack

    (clone / "notes.txt").write_text(f"a line\n{text}\n")
    limit = pack(clone, tmp_path / "a.zip")
    with pytest.raises(InputError, match=rf"notes.txt looks as if it held {what}") as told:
        submit.look_into(tmp_path / "a.zip", clone, needed=[], limit=limit)
    assert "hunter2" not in str(told.value)


def test_a_link_to_the_outside_stops_it(clone: Path, tmp_path: Path) -> None:
    from loop.execute.ray_jobs import pack

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "private.txt").write_text("x")
    (clone / "data").symlink_to(tmp_path / "other")
    limit = pack(clone, tmp_path / "a.zip")
    with pytest.raises(InputError, match=r"data/private.txt is a link to the outside"):
        submit.look_into(tmp_path / "a.zip", clone, needed=[], limit=limit)


def test_a_package_over_the_limit_names_what_is_large(clone: Path, tmp_path: Path) -> None:
    from loop.execute.ray_jobs import pack

    (clone / "large.bin").write_bytes(os.urandom(200_000))
    assert pack(clone, tmp_path / "a.zip") > 100 * 2**20
    with pytest.raises(InputError, match=r"the largest are large.bin"):
        submit.look_into(tmp_path / "a.zip", clone, needed=[], limit=100_000)


# Where the state goes ---------------------------------------------------------------------------------------


def _relative(**tracking: Any) -> CampaignConfig:
    return small_config(Path("/x"), directory="campaigns", tracking={"enabled": False, **tracking})


def test_a_job_needs_folders_that_outlast_it() -> None:
    with pytest.raises(InputError, match=r"directory: 'campaigns' would lie in the folder that Ray throws away"):
        submit.make_job(_relative(), "a.yaml", [], home=None)
    with pytest.raises(InputError, match=r"tracking.folder: 'mlruns'"):
        submit.make_job(small_config(Path("/x"), tracking={"folder": "mlruns"}), "a.yaml", [], home=None)
    with pytest.raises(InputError, match="--home must be an absolute path"):
        submit.make_job(_relative(), "a.yaml", [], home="data")
    assert submit.make_job(small_config(Path("/x")), "a.yaml", [], home=None).environment == {}


def test_a_job_is_one_safe_command() -> None:
    job = submit.make_job(_relative(), "my configs/a.yaml", ["--set", "name=$(id); x"], home="/data", python="/v/py")
    assert shlex.split(job.entrypoint) == [
        *("/v/py", "-m", "loop.cli", "run", "my configs/a.yaml", "--set", "name=$(id); x")
    ]
    assert "'name=$(id); x'" in job.entrypoint
    assert job.environment == {HOME: "/data"}


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of a job, where Ray unpacks it."""
    folder = tmp_path / "session_a" / "runtime_resources" / "working_dir_files" / "_ray_pkg_a"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.delenv(HOME, raising=False)
    return folder


def test_a_folder_that_ray_throws_away_is_refused_before_any_work(
    unpacked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config(tmp_path, directory="campaigns")
    code, _, err = call(capsys, "run", str(config))
    assert code == 2
    assert "directory: 'campaigns' lies in the folder that Ray unpacked this job into and throws away" in err
    assert "--set directory=/data/campaigns" in err
    monkeypatch.setenv(HOME, "data")
    code, _, err = call(capsys, "run", str(config))
    assert code == 2
    assert f"{HOME} must be an absolute path" in err
    assert list(unpacked.iterdir()) == []


def test_relative_folders_begin_from_home_in_a_job(unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert thrown_away(unpacked / "campaigns")
    monkeypatch.setenv(HOME, "/data")
    moved = lasting(_relative(enabled=True, folder="mlruns"))
    assert (moved.directory, moved.tracking.folder) == ("/data/campaigns", "/data/mlruns")
    assert moved.digest == _relative().digest
    given = small_config(Path("/x"))
    assert lasting(given) == given


def test_elsewhere_a_configuration_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME, "/data")
    assert lasting(_relative()) == _relative()


# The cluster ------------------------------------------------------------------------------------------------


@contextmanager
def _dashboard(answers: dict[str, Any]) -> Iterator[str]:
    """Something that answers like a dashboard which asks for no token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path)
            self.send_response(200 if answer is not None else 404)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _answers(ray: str, python: str) -> dict[str, Any]:
    return {
        "/api/version": {"version": "4", "ray_version": ray},
        "/api/v0/cluster_metadata": {"data": {"rayVersion": ray, "pythonVersion": python}},
    }


def test_another_version_on_the_cluster_is_refused() -> None:
    import ray

    from loop.execute.ray_jobs import Jobs

    other = "3.99.1"
    with (
        _dashboard(_answers(ray.__version__, other)) as address,
        pytest.raises(InputError, match=rf"has Python {other}, here 3"),
    ):
        Jobs(address)
    with (
        _dashboard(_answers("2.9.0", sys.version.split()[0])) as address,
        pytest.raises(InputError, match=rf"has Ray 2.9.0, here {ray.__version__}; install the same"),
    ):
        Jobs(address)


def test_a_cluster_that_asks_for_no_token_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    config = write_config(tmp_path)
    words = ("submit", str(config), "--working-dir", str(tmp_path))
    # The address that was given wins over the environment's.
    monkeypatch.setenv("RAY_ADDRESS", "http://127.0.0.1:1")
    with _dashboard(_answers(ray.__version__, sys.version.split()[0])) as address:
        code, out, err = call(capsys, *words, "--address", address)
    assert (code, out) == (2, "")
    assert "asks for no token: whoever reaches it can run commands there" in err


def test_a_campaign_that_a_job_drives_is_not_submitted_beside_it() -> None:
    import ray

    from loop.execute.ray_jobs import Jobs

    def job(name: str, status: str, campaign: str) -> dict[str, Any]:
        return {
            "type": "SUBMISSION",
            "submission_id": name,
            "status": status,
            "entrypoint": "x",
            "metadata": {"campaign": campaign},
        }

    answers = _answers(ray.__version__, sys.version.split()[0])
    answers["/api/jobs/"] = [job("a", "FAILED", "mine"), job("b", "RUNNING", "mine"), job("c", "SUCCEEDED", "other")]
    with _dashboard(answers) as address:
        jobs = Jobs(address)
        assert not jobs.asks_token
        jobs.refuse_second("other")
        with pytest.raises(InputError, match=r"the job b drives the campaign 'mine' already: follow it with `ray job"):
            jobs.refuse_second("mine")


def test_an_address_where_nobody_answers_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("submit", str(write_config(tmp_path)), "--working-dir", str(tmp_path))
    for address, said in [
        ("http://127.0.0.1:1", "no Ray dashboard answers at http://127.0.0.1:1"),
        ("ray://127.0.0.1:10001", "--address takes the URL of the cluster's dashboard"),
        ("http://me:secret@127.0.0.1:1", "--address takes the URL"),
    ]:
        code, out, err = call(capsys, *words, "--address", address)
        assert (code, out) == (2, "")
        assert said in err


def test_a_configuration_outside_the_working_directory_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    words = ("submit", str(write_config(tmp_path)), "--working-dir", str(tmp_path / "empty"))
    code, _, err = call(capsys, *words, "--address", "http://127.0.0.1:1")
    assert code == 2
    assert "is outside the working directory" in err
