"""The review desk on a server of the user's own, and as a person sees it in a browser."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loop.campaign import Campaign
from loop.review.desk.store import MlflowStore
from loop.review.desk.tracker import EXPERIMENT, Tracker

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PATIENCE = 120


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an MLflow server with a store and artifacts of its own."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/own.db", "--artifacts-destination", str(folder / "files")]
    process = subprocess.Popen([*command, "--workers", "1"], cwd=folder, start_new_session=True)
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
    try:
        while True:
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.2)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="module")
def served(tracked: Campaign, server: str, tmp_path_factory: pytest.TempPathFactory) -> MlflowStore:
    """The server's store, which the campaign was written to; this machine keeps none."""
    folder = tmp_path_factory.mktemp("here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", server)
        tracking = tracked.config.tracking.model_copy(update={"folder": str(folder / "mlruns")})
        Tracker(tracked.store, tracked.config.model_copy(update={"tracking": tracking})).sync()
        store = MlflowStore(folder / "mlruns", EXPERIMENT)
    assert not list(folder.iterdir())
    return store


def _parent(store: MlflowStore) -> Any:
    return store.runs("tags.`alloyloop.iteration` = 'campaign'", "alloyloop.iteration")["campaign"]


def test_a_server_has_charts_artifacts_and_models_of_a_campaign(served: MlflowStore, tmp_path: Path) -> None:
    parent = _parent(served)
    assert parent.info.status == "FINISHED"
    assert parent.info.artifact_uri.startswith("mlflow-artifacts:")
    found = {item.path for item in served.client.list_artifacts(parent.info.run_id)}
    assert {"best.json", "figures.html", "figures"} <= found
    assert [point.step for point in served.client.get_metric_history(parent.info.run_id, "found/results")] == [0, 1]
    for kind in ("surrogate", "generator"):
        version = served.client.get_model_version_by_alias(f"small.{kind}", "newest")
        assert version.run_id == parent.info.run_id
    page = Path(served.client.download_artifacts(parent.info.run_id, "figures.html", str(tmp_path)))
    assert page.stat().st_size > 4_000_000


@pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="chromium is not installed; `make setup-browser` says how"
)
def test_a_person_sees_the_answers_without_a_click_and_the_charts_in_groups(served: MlflowStore, server: str) -> None:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,1600"):
        options.add_argument(argument)
    parent = f"{server}/#/experiments/{served.experiment}/runs/{_parent(served).info.run_id}"
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:

        def text(*words: str) -> str:
            def shown(page: Any) -> Any:
                said = page.find_element(By.TAG_NAME, "body").text
                return said if all(word in said for word in words) else False

            return str(WebDriverWait(browser, PATIENCE).until(shown))

        browser.get(f"{parent}?workflowType=machine_learning")
        said = text("Best:", "Trust:", "Next:", "Failed:", "Go on:", "small.generator", "state")
        assert "No description" not in said
        browser.get(f"{server}/#/experiments/{served.experiment}?workflowType=machine_learning")
        assert "Detect Issues in Your Traces" not in text("Run Name", "small")
        browser.get(f"{parent}/model-metrics?workflowType=machine_learning")
        text("cost", "found", "feasible_share", "validate_seconds")
        browser.get(f"{parent}/artifacts/figures.html?workflowType=machine_learning")
        frame = WebDriverWait(browser, PATIENCE).until(lambda page: page.find_elements(By.TAG_NAME, "iframe"))[0]
        browser.switch_to.frame(frame)
        drawn = WebDriverWait(browser, PATIENCE).until(lambda page: page.find_elements(By.CSS_SELECTOR, "svg.main-svg"))
        assert drawn
    finally:
        browser.quit()
