"""Pictures for the documentation, of real runs: the report, wide and narrow, light and dark, the terminal,
figures, and MLflow's pages.

    python -m benchmarks.pages.screenshots [--only report terminal ...] [--campaigns FOLDER]

`make screenshots` calls it. To show more, add a function to `SHOTS`; it gets the folder of the campaigns that ran, a
browser, and where to write. Each picture has at most 250 kB, or the command fails.
"""

from __future__ import annotations

import argparse
import os
import pty
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.text import Text

from tests.support.browser import Browser, browser

OUT = Path("docs/pictures")
MOST_BYTES = 250_000
RUNS = {"quickstart": "configs/quickstart.yaml", "refractory": "configs/refractory.yaml"}
SHOWN = "refractory"
"""The campaign whose report is shown: it has two objectives, and phases by CALPHAD."""
COLUMNS = 80


def run_campaigns(folder: Path) -> None:
    """Runs the campaigns that are shown, in this process's machine; one that is there already is left as it is."""
    for name, config in RUNS.items():
        settings = ["cluster.executor=local", "tracking.enabled=false", f"directory={folder}"]
        if not (folder / name).exists():
            _alloyloop("run", config, *(word for text in settings for word in ("--set", text)))


def _alloyloop(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "loop.cli", *words], check=True)


def report(folder: Path, chromium: Browser, out: Path) -> None:
    """The report as one sees it when one opens it, and its middle."""
    file = folder / "report.html"
    _alloyloop("report", SHOWN, "--directory", str(folder), "--out", str(file))
    for width, height in ((1280, 1500), (390, 1500)):
        for dark in (False, True):
            chromium.open(file.as_uri(), width=width, dark=dark, height=height)
            chromium.picture(out / f"report-{width}-{'dark' if dark else 'light'}.png", whole=False)


def terminal(folder: Path, chromium: Browser, out: Path) -> None:
    """What `alloyloop best` and `alloyloop status` print on a terminal of 80 columns."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115 -- ends with the process
    for words in (["best", "quickstart", "--top", "5"], ["status", "quickstart"]):
        console.print(f"$ alloyloop {' '.join(words)}", style="bold", highlight=False)
        console.print(Text.from_ansi(_on_terminal([*words, "--directory", str(folder)])))
    page = folder / "terminal.svg"
    page.write_text(console.export_svg(title="alloyloop"), encoding="utf-8")
    chromium.open(page.as_uri(), width=1000, height=760)
    chromium.picture(out / "terminal.png", whole=False)


def _on_terminal(words: list[str]) -> str:
    """What a command writes to a terminal."""
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "loop.cli", *words]
    with subprocess.Popen(command, stdout=slave, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(slave)
        parts = []
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not part:
                break
            parts.append(part)
        process.wait()
    os.close(master)
    return b"".join(parts).decode().replace("\r\n", "\n")


def figures(folder: Path, _: Browser, out: Path) -> None:
    """Three of the pictures that `alloyloop plot` draws."""
    for name in ("front", "map", "parity"):
        _alloyloop("plot", SHOWN, name, "--directory", str(folder), "--out", str(out / f"{name}.png"))


def desk(folder: Path, chromium: Browser, out: Path) -> None:
    """MLflow's pages of a campaign and of its last iteration, as `alloyloop ui` serves them."""
    store = folder / "mlruns"
    _alloyloop("mlflow", "sync", SHOWN, "--directory", str(folder), "--folder", str(store))
    with _served(store) as address:
        for name, page in _pages_of_runs(store, address).items():
            chromium.open(page, width=1280, height=1400)
            chromium.wait_for("Go on:" if name == "parent" else "Parent run")
            chromium.picture(out / f"mlflow-{name}.png", whole=False)


@contextmanager
def _served(store: Path) -> Iterator[str]:
    """The address of MLflow's pages while they are served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "loop.cli", "ui", "--port", str(port), "--folder", str(store)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            next(line for line in server.stderr if "Ctrl-C ends it" in line)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGINT)


def _pages_of_runs(store: Path, address: str) -> dict[str, str]:
    """The pages of a campaign's run and of its last iteration's."""
    query = (
        "SELECT tags.value, runs.run_uuid, experiment_id FROM runs JOIN tags ON tags.run_uuid = runs.run_uuid "
        "WHERE lifecycle_stage = 'active' AND tags.key = 'alloyloop.iteration'"
    )
    with closing(sqlite3.connect(store / "mlflow.db")) as database:
        runs = {told: (run, experiment) for told, run, experiment in database.execute(query)}
    last = max((told for told in runs if told != "campaign"), key=int)
    wanted = {"parent": runs["campaign"], "child": runs[last]}
    page = "{}/#/experiments/{}/runs/{}?workflowType=machine_learning"
    return {name: page.format(address, experiment, run) for name, (run, experiment) in wanted.items()}


SHOTS: dict[str, Callable[[Path, Browser, Path], None]] = {
    "report": report,
    "terminal": terminal,
    "figures": figures,
    "desk": desk,
}
"""By name: what takes which pictures."""


def _shrink(file: Path) -> None:
    """Writes a picture again with a palette, so that the repository stays small."""
    with Image.open(file) as image:
        small = image.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    small.save(file, optimize=True)
    if file.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{file} has {file.stat().st_size} bytes, more than {MOST_BYTES}")


def main() -> None:
    """Runs the campaigns and takes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=SHOTS, default=list(SHOTS))
    parser.add_argument(
        "--campaigns", type=Path, help="a folder to run them in, or where they ran; else one that is thrown away"
    )
    given = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, browser(Path(scratch) / "profile") as chromium:
        folder = (given.campaigns or Path(scratch) / "campaigns").absolute()
        run_campaigns(folder)
        before = {file: file.stat().st_mtime_ns for file in OUT.glob("*.png")}
        for name in given.only:
            SHOTS[name](folder, chromium, OUT)
        for file in OUT.glob("*.png"):
            if before.get(file) != file.stat().st_mtime_ns:
                _shrink(file)
                print(f"{file}: {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
