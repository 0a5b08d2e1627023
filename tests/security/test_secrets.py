"""Passwords and tokens of the environment: in no file, log, MLflow store, output or message."""

from __future__ import annotations

import copy
import csv
import logging
import os
import sys
from pathlib import Path

import pytest
import yaml

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.records import Measured
from loop.config.reading import check_config
from loop.execute.cluster import lock_down
from loop.store import CampaignStore, StoreError
from loop.store.database.postgresql import parse_url
from tests.loop.loop_helpers import DEFAULT, call
from tests.loop.store import golden_campaign
from validation.registry import make_validator

SECRET = "planted-7c0e91-secret"
VARIABLES = (
    "PGPASSWORD RAY_AUTH_TOKEN MLFLOW_TRACKING_PASSWORD MLFLOW_TRACKING_TOKEN AWS_SECRET_ACCESS_KEY "
    "ALLOYLOOP_TEST_SECRET".split()
)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, SECRET)


def _files_with_it(folder: Path) -> list[str]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert found
    return [str(path) for path in found if SECRET.encode() in path.read_bytes()]


def _fill(path: Path) -> None:
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["solidus [K]"] = str(2000 + 1000 * Composition.parse(row["formula"]).fractions().get("Ta", 0))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.filterwarnings("ignore")  # MLflow and four rows of data warn on their own behalf
@pytest.mark.usefixtures("planted")
def test_a_campaign_keeps_none(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    document = copy.deepcopy(golden_campaign.DOCUMENT)
    document |= {"name": "kept", "cluster": {"executor": "local"}, "tracking": {"enabled": True, "folder": "mlruns"}}
    Path("table.csv").write_text(golden_campaign.TABLE, encoding="utf-8")
    Path("kept.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    said = []
    for words in (
        ["run", "kept.yaml", "-v"],
        ["queue", "export", "kept", "--out", "jobs.csv"],
        ["queue", "import", "kept", "jobs.csv"],
        ["run", "kept.yaml", "-v"],
        ["status", "kept", "--json"],
        ["queue", "list", "kept", "--json"],
        ["best", "kept"],
        ["run", "kept.yaml", "--set", "batch=9"],
    ):
        if words[:2] == ["queue", "import"]:
            _fill(Path("jobs.csv"))
        said.append(call(capsys, *words))
    assert [code for code, _, _ in said] == [3, 0, 0, 3, 0, 0, 0, 2]
    with CampaignStore.open("campaigns/kept/campaign.db") as store:
        assert [iteration.state for iteration in store.iterations()] == ["closed", "validating"]
    assert Path("mlruns/mlflow.db").is_file()
    assert any(Path("mlruns/artifacts").rglob("batch.csv"))
    assert _files_with_it(tmp_path) == []
    assert SECRET not in "".join(out + err for _, out, err in said)
    assert SECRET not in caplog.text


ECHO = """
import json, os, sys
request = json.load(open(sys.argv[1]))
values = {name: {"value": 2000.0, "unit": unit} for name, unit in request["properties"].items()}
answer = {"protocol": 1, "key": request["key"], "nonce": request["nonce"], "properties": values}
print(json.dumps({**answer, "provenance": {"environment": dict(os.environ)}}))
"""


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("named", [False, True])
def test_a_command_sees_only_the_variables_that_its_settings_name(tmp_path: Path, named: bool) -> None:
    script = tmp_path / "echo.py"
    script.write_text(ECHO, encoding="utf-8")
    run = {"scratch": str(tmp_path / "scratch"), "environment": ["ALLOYLOOP_TEST_SECRET"] if named else []}
    command = [sys.executable, str(script), "{request}"]
    validator = make_validator("script", {"command": command, "properties": ["solidus"], "run": run})
    verdict = validator.validate(Design.parse("NbTa"))
    assert isinstance(verdict, Measured), verdict
    seen = verdict.details["provenance"]["environment"]
    assert {name for name, value in seen.items() if value == SECRET} == ({"ALLOYLOOP_TEST_SECRET"} if named else set())


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql+psycopg://me:{SECRET}@host/db",
        f"postgresql+psycopg://me@host/db?password={SECRET}",
        f"postgresql+psycopg://me@host/db?passfile=/x&PassWord={SECRET}",
        f"postgresql+psycopg://me@host/db?options=-cx={SECRET}",
        f"postgresql+psycopg://me@host/db?service=x&password={SECRET}",
        f"postgresql+psycopg:/me:{SECRET}@host/db",
        f"postgresql+psycopg://me:{SECRET}@host:port/db",
        f"me:{SECRET}@host",
        f"mysql://me:{SECRET}@host/db",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_told_further(text: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refused:
        parse_url(text, schema="x")
    error: BaseException | None = refused.value
    while error is not None:  # nor by what a traceback would show
        assert SECRET not in str(error)
        error = error.__cause__
    path = tmp_path / "bad.yaml"
    path.write_text(f"{DEFAULT.read_text(encoding='utf-8')}\nstate: {text}\n", encoding="utf-8")
    _, mistakes = check_config(path)
    assert any("state:" in mistake for mistake in mistakes)
    assert not any(SECRET in mistake for mistake in mistakes)


def test_what_a_url_may_say_besides(tmp_path: Path) -> None:
    url = parse_url("postgresql+psycopg://me@host/db?schema=x&sslmode=verify-full&sslrootcert=/ca.pem")
    assert url.query["sslmode"] == "verify-full"


@pytest.mark.usefixtures("planted")
def test_a_server_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    path = tmp_path / "campaign.url"
    path.write_text(f"postgresql+psycopg://me@/db?host={tmp_path}&schema=x\n", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be reached") as refused:
        CampaignStore.open(path)
    assert SECRET not in str(refused.value)


def test_a_cluster_of_our_own_gets_a_token_unless_one_is_given(monkeypatch: pytest.MonkeyPatch) -> None:

    names = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER")
    for name in names:
        monkeypatch.setenv(name, "x")  # so that it is put back
        monkeypatch.delenv(name)
    lock_down()
    first = os.environ["RAY_AUTH_TOKEN"]
    assert len(first) == 64
    assert "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER" not in os.environ  # or what a person starts from here would have it
    lock_down()
    assert os.environ["RAY_AUTH_TOKEN"] == first
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/own")
    lock_down()
    assert "RAY_AUTH_TOKEN" not in os.environ
