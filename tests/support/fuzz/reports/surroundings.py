"""What surrounds a run and is not its own: proxies, encodings, clusters, settings of pictures, names of folders."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from random import Random
from unittest.mock import patch

import yaml

from alloys.errors import InputError
from loop import ROOMS
from tests.loop.execute.noting_proxy import noting_proxy
from tests.support.fuzz.reports.base import Planted, right
from tests.support.fuzz.targets import ROOT

HERE = (
    "127.0.0.1",
    "localhost",
    "[::1]",
    "127.0.0.2",
    "LOCALHOST",
    "127.255.255.254",
    "localhost.",
    "[::ffff:127.0.0.1]",
    "127.1",
    "0x7f.0.0.1",
    "0.0.0.0",
    "[::]",
    "a.localhost",
)
"""Addresses of this machine."""
AWAY = ("head.example.invalid", "10.255.255.1", "head.example.com")
BYPASSED = ("", "example.org", ".example.com", "10.0.0.0/8", "localhost", "head.example.com,127.0.0.1", " , ", "::1")
TOKEN = "secret" * 8


class Proxies(Planted):
    """No proxy sees what is asked of this machine, or a token."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._open = ExitStack()  # for as long as the process: nothing closes a target
        self._port, self._got = self._open.enter_context(noting_proxy())

    def ask(self, rng: Random) -> bool:
        """One address, of a cluster or of MLflow's store, in one environment."""
        from loop.execute.ray_jobs import Jobs
        from loop.review.desk.address import Address

        proxy = rng.choice(
            ("http://127.0.0.1:{}", "http://me:secret@127.0.0.1:{}", "127.0.0.1:{}", "http://localhost:{}/")
        )
        names = [name for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY") if rng.random() < 0.6]
        given = {name: proxy.format(self._port) for name in names}
        given |= {name: rng.choice(BYPASSED) for name in ("no_proxy", "NO_PROXY") if rng.random() < 0.5}
        secret = rng.random() < 0.7
        given |= {"RAY_AUTH_TOKEN": TOKEN} if secret else {}
        host = rng.choice(HERE if rng.random() < 0.8 else AWAY)
        url = f"http://{host}:{rng.choice((1, 9))}"
        kept = {k: v for k, v in os.environ.items() if "proxy" not in k.lower() and not k.startswith("RAY_")}
        self._got.clear()
        with patch.dict(os.environ, {**kept, **given}, clear=True), contextlib.suppress(InputError):
            if rng.random() < 0.8:
                Jobs(url)
                right(False, f"somebody answered at {url}")
            os.environ["MLFLOW_TRACKING_URI"] = url
            with contextlib.suppress(OSError):
                Address.of(self.folder).knock()
        if host in HERE:
            right(not self._got, f"the proxy was asked for {url} in {given}: {self._got}")
        right(
            not any(TOKEN in text for text in self._got), f"the proxy got the token for {url} in {given}: {self._got}"
        )
        return False


ENCODINGS = ("ascii", "latin-1", "cp1252", "cp437", "koi8-r", "utf-16", "utf-8", "iso8859-7", "shift_jis", "big5")
FORMULAS = ("NbTaTiHf", "NbMoTaW", "Nb45Ta25Ti15Hf15", "CrFe", "é", "Nb–Ta", "NbTa²", "Ti-6Al-4V", "日本", "Nb\u200bTa")


class Encodings(Planted):
    """A terminal of any encoding, or none, gets the words that one of UTF-8 gets."""

    def ask(self, rng: Random) -> bool:
        """One command on two terminals."""
        words = rng.choice(
            (
                ["properties", rng.choice(FORMULAS)],
                ["properties", rng.choice(FORMULAS), "--json"],
                ["check", str(ROOT / "configs" / rng.choice(("refractory.yaml", "tiers.yaml", "quickstart.yaml")))],
                ["status", rng.choice(FORMULAS)],
                ["queue", "list", "°→≤", "--directory", str(self.folder)],
                [rng.choice(("--help", "predict", "best", "stätus"))],
            )
        )
        encoding = rng.choice(ENCODINGS)
        plain, there = _printed(words, "utf-8"), _printed(words, None if rng.random() < 0.1 else encoding)
        right(plain[0] == there[0], f"{words} ends with {there[0]} on {encoding}, with {plain[0]} on utf-8")
        if there[1] is not None and plain[1] is not None:
            wanted, found = (_letters(text, encoding) for text in (plain[1], there[1]))
            right(found == wanted, f"{words} on {encoding}: {there[1]!r}\n{plain[1]!r}")
        return True


def _printed(words: list[str], encoding: str | None) -> tuple[object, str | None]:
    """A command's status, and what it printed in an encoding; None stands for closed streams."""
    from loop.cli import main as cli

    stream = None if encoding is None else io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        try:
            cli.main(words)
            status: object = 0
        except SystemExit as end:
            status = end.code
    if stream is None or encoding is None:
        return status, None
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return status, buffer.getvalue().decode(encoding)


def _letters(text: str, encoding: str) -> str:
    """The letters and figures of ASCII, as the encoding has them; lines of tables differ, and seconds."""
    text = re.sub(r'"seconds": [0-9.e-]+', "", text)
    return "".join(re.findall(r"[A-Za-z0-9]", text.encode(encoding, "alloyloop").decode(encoding)))


class Addresses(Planted):
    """An address of a cluster where nobody listens, or that is none, is refused with what to unset."""

    def ask(self, rng: Random) -> bool:
        """One address."""
        from loop.execute.cluster import refuse_dead

        host = rng.choice(
            ("127.0.0.1", "localhost", "[::1]", "head.example.invalid", "", "[", "a b", "é", "-", "127.0.0.1:1")
        )
        port = rng.choice(("1", "9", "65536", "-1", "x", "", "٣", "1e3", "0", "10001/"))
        scheme = rng.choice(("", "", "ray://", "http://", "RAY://", "://", "ray:"))
        address = (
            f"{scheme}{host}:{port}" if rng.random() < 0.95 else rng.choice(("here", "head", "ray://head", "auto:1"))
        )
        with patch.dict(os.environ, {"RAY_ADDRESS": address}):
            try:
                refuse_dead(address)
            except InputError as error:
                right("unset RAY_ADDRESS" in str(error) and "\n" not in str(error), str(error))
                return False
        right(False, f"{address!r} is taken for the address of a cluster")
        return True


SETTINGS = {
    "text.usetex": (True,), "font.family": ("No Such Font", "serif"), "font.size": (3, 40), "figure.dpi": (30, 300),
    "savefig.dpi": (20, 400), "savefig.facecolor": ("red",), "savefig.transparent": (True,), "axes.grid": (True,),
    "axes.facecolor": ("black",), "figure.facecolor": ("black",), "text.color": ("white",), "lines.linewidth": (9,),
    "axes.spines.left": (False,), "xtick.labelsize": (2, 30), "image.cmap": ("gray",), "legend.loc": ("center",),
    "axes.unicode_minus": (False,), "mathtext.fontset": ("stix",), "path.sketch": ((5, 100, 2),), "xtick.top": (True,),
    "axes.titlesize": (40,), "lines.marker": ("s",), "savefig.bbox": ("standard",),
    "axes.formatter.use_locale": (True,),
    "figure.constrained_layout.use": (True,), "figure.autolayout": (True,), "axes.xmargin": (0.4,),
    "svg.fonttype": ("path",),
}  # fmt: skip


class Pictures(Planted):
    """Pictures are the same whatever a person's matplotlibrc says."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        from tests.support.fuzz.reports.pictures import drawers

        self._draw = drawers(folder)
        self._clean = {name: draw() for name, draw in self._draw.items()}

    def ask(self, rng: Random) -> bool:
        """One file of settings, one picture."""
        import matplotlib as mpl

        chosen = {key: rng.choice(SETTINGS[key]) for key in rng.sample(sorted(SETTINGS), rng.randint(1, 6))}
        name = rng.choice(sorted(self._draw))
        with mpl.rc_context(chosen):
            drawn = self._draw[name]()
        right(drawn == self._clean[name], f"{name} is another picture with {chosen}")
        return True


LETTERS = [*"%?#&+= ;:@!$'()[]{}~^,.-_aBç中", "%20", "%2e", "..", "?mode=ro", "#x", "file:", "é", "\\", '"', "<>|*"]


class Folders(Planted):
    """A folder of any name holds all that is written to it, and nothing lies beside it."""

    def ask(self, rng: Random) -> bool:
        """One folder, with a campaign or with MLflow's store."""
        name = "".join(rng.choice(LETTERS) for _ in range(rng.randint(1, 8)))
        name = name if name not in (".", "..") else "a"
        with tempfile.TemporaryDirectory(dir=self.folder) as outer:
            folder = Path(outer) / name
            with contextlib.chdir(outer):  # so that a relative path that is read wrongly is seen there
                folder.mkdir()
                if rng.random() < 0.1:
                    self._mlflow(folder)
                else:
                    self._campaign(folder)
            beside = sorted(path.name for path in Path(outer).iterdir())
            right(beside == [name], f"beside {name!r} there is {beside}")
        return True

    def _campaign(self, folder: Path) -> None:
        from alloyloop import Campaign
        from loop.config.schema import CampaignConfig

        document = yaml.safe_load((ROOT / "configs" / "refractory.yaml").read_text(encoding="utf-8"))
        document |= {"name": "fuzz", "directory": str(folder), "validator": {"name": "human"}}
        document |= {"tracking": {"enabled": False}, "start": {"validate": 6}}
        for suggested in (6, 0):
            with Campaign.open(CampaignConfig.model_validate(document)) as campaign:
                right(len(campaign.pending()) == 6 - suggested, f"{len(campaign.pending())} jobs are open in {folder}")
                if suggested:
                    campaign.suggest(suggested)

    def _mlflow(self, folder: Path) -> None:
        from loop.review.desk.store import MlflowStore

        note = self.folder / "note.txt"
        note.write_text("found", encoding="utf-8")
        store = MlflowStore(folder, "first")
        store.client.log_artifact(store.client.create_run(store.experiment).info.run_id, str(note))
        held = sorted(path.name for path in folder.iterdir())
        right(held == ["artifacts", "mlflow.db"], f"in {folder.name!r} there is {held}")
        right(len(list(folder.rglob("note.txt"))) == 1, f"the note is not in {folder.name!r}")


MODULES = (
    *ROOMS, "random", "queue", "numpy", "torch", "typing", "json",
    "yaml", "signal", "statistics", "types", "pandas", "code", "test", "select", "secrets", "calendar", "token", "ray",
)  # fmt: skip
"""Files that a person may have; some are named like our rooms, others like what we import."""


class Shadows(Planted):
    """A person's Python files in the working folder do not come in place of ours, or of libraries."""

    def ask(self, rng: Random) -> bool:
        """One folder of files, one command there."""
        config = ROOT / "configs" / rng.choice(("quickstart.yaml", "refractory.yaml", "shelf.yaml"))
        words = rng.choice((["properties", "NbTaTiHf"], ["check", str(config)], ["doctor", "--help"]))
        found = []
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        names = rng.sample(MODULES, rng.randint(1, 5))
        program = [str(Path(sys.executable).with_name("alloyloop"))]
        if rng.random() < 0.5:  # where the folder comes first on the path
            names = rng.sample(ROOMS, rng.randint(1, 5))
            environment["PYTHONPATH"] = f":{ROOT}"
            program = [sys.executable, "-c", "import alloyloop; alloyloop.main()"]
        for files in ((), names):
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                for name in files:
                    (Path(folder) / f"{name}.py").write_text(
                        "raise RuntimeError('a file of my own')\n", encoding="utf-8"
                    )
                done = subprocess.run(
                    [*program, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
                )
                found.append((done.returncode, done.stdout))
                right("Traceback" not in done.stderr, f"{words} beside {names}: {done.stderr}")
        right(found[0] == found[1], f"{words} beside {names}: {found}")
        return True
