"""What bad input is given to: the entry points that a person uses, in a folder of their own."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import sqlite3
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import yaml

from alloys.errors import InputError, PeopleNeededError, WorkError
from alloys.physics.refractory import BUNDLE
from tests.support.mpea import FORMULA, TEMPERATURE

ROOT = Path(__file__).resolve().parents[3]
ACCEPTED, REFUSED = "accepted", "refused"
BROKEN, PARTIAL = "traceback", "partial import"
"""How a case can end; a hang is seen from outside."""

Outcome = tuple[str, str]
"""How it ended, and the message."""

SMALL_TDB = """\
ELEMENT /- ELECTRON_GAS 0 0 0 !
ELEMENT VA VACUUM 0 0 0 !
ELEMENT NB BCC_A2 92.9064 5220 36.27 !
ELEMENT TA BCC_A2 180.95 5681.9 41.47 !
FUNCTION GHSERNB 298.15 -8519.353+142.045475*T-26.4711*T*LN(T); 2750 Y
    -37669.3+271.720843*T-41.77*T*LN(T); 6000 N !
FUNCTION GHSERTA 298.15 -7285.889+119.139857*T-23.7592624*T*LN(T); 1300 Y
    -22389.955+243.88676*T-41.137088*T*LN(T); 6000 N !
TYPE_DEFINITION % SEQ * !
PHASE BCC_A2 % 2 1 3 !
CONSTITUENT BCC_A2 :NB,TA:VA: !
PARAMETER G(BCC_A2,NB:VA;0) 298.15 +GHSERNB; 6000 N !
PARAMETER G(BCC_A2,TA:VA;0) 298.15 +GHSERTA; 6000 N !
PARAMETER G(BCC_A2,NB,TA:VA;0) 298.15 -1200+0.5*T; 6000 N !
PHASE LIQUID % 1 1 !
CONSTITUENT LIQUID :NB,TA: !
PARAMETER G(LIQUID,NB;0) 298.15 +29781.555-10.816418*T+GHSERNB; 6000 N !
PARAMETER G(LIQUID,TA;0) 298.15 +29160.975-7.578729*T+GHSERTA; 6000 N !
"""

MEASUREMENTS = """\
formula,solidus,liquidus,density,failure
Nb45Ta25Ti15Hf15,2400,2500,9.1,
NbMoTaW,2900,3000,13.6,
HfNbTaTiZr,,,,cracked
CrNbTiZr,2010.5,2100,,
Nb50Ta50,2950,3000,12.1,
"""


TDB_WHOLE = 25
"""Of so many databases one goes the whole way, which takes seconds."""


class Target(ABC):
    """An entry point; made once in each process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def base(self, rng: Random) -> bytes:
        """A valid content."""

    @abstractmethod
    def run(self, content: bytes, rng: Random) -> Outcome:
        """Gives one content to the entry point."""


def told(error: BaseException) -> Outcome:
    """How a case that raised ended."""
    if isinstance(error, InputError | WorkError | PeopleNeededError):
        return REFUSED, str(error)
    if isinstance(error, SystemExit):
        return {0: (ACCEPTED, "")}.get(error.code, (REFUSED, f"status {error.code}"))  # type: ignore[arg-type]
    return BROKEN, "".join(traceback.format_exception(error, limit=-6))


@contextmanager
def silent() -> Iterator[None]:
    """Standard output and error, kept as strictly as a terminal's."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        yield


def command(*words: str) -> Outcome:
    """One call of the command line in this process."""
    from loop.cli import main as cli

    with silent():
        try:
            cli.main(list(words))
        except BaseException as error:
            return told(error)
    return ACCEPTED, ""


class Config(Target):
    """``alloyloop check``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        os.chdir(ROOT)  # the example's command lies there
        names = ("refractory.yaml", "tiers.yaml", "examples/script.yaml")
        self._bases = [(ROOT / "configs" / name).read_bytes() for name in names]
        self._bases.append(_every_key().encode())

    def base(self, rng: Random) -> bytes:
        return rng.choice(self._bases)

    def run(self, content: bytes, rng: Random) -> Outcome:
        path = self.folder / "case.yaml"
        path.write_bytes(content)
        return command("check", str(path))


def _every_key() -> str:
    from loop.config.schema import CampaignConfig

    document = yaml.safe_load((ROOT / "configs" / "refractory.yaml").read_text(encoding="utf-8"))
    whole = CampaignConfig.model_validate(document).model_dump(mode="json", by_alias=True)
    whole |= {"validator": {"name": "reference", "settings": {}}, "validators": []}
    return yaml.safe_dump(whole)


class Queue(Target):
    """``alloyloop queue import`` into the database of a real campaign, which must be as it was where it is refused."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        from alloyloop import Campaign
        from loop.config.schema import CampaignConfig
        from loop.people.exchange import export_jobs

        document = yaml.safe_load((ROOT / "configs" / "refractory.yaml").read_text(encoding="utf-8"))
        document |= {"name": "fuzz", "directory": str(folder / "campaigns"), "validator": {"name": "human"}}
        document |= {"tracking": {"enabled": False}, "start": {"validate": 6}}
        with Campaign.open(CampaignConfig.model_validate(document)) as campaign:
            campaign.suggest(6)
            export_jobs(campaign.store, folder / "jobs.csv", None)
        self._database = folder / "campaigns" / "fuzz" / "campaign.db"
        self._clean = folder / "clean.db"
        shutil.copyfile(self._database, self._clean)
        self._before = _rows(self._database)
        self._base = _filled(folder / "jobs.csv")

    def base(self, rng: Random) -> bytes:
        return self._base

    def run(self, content: bytes, rng: Random) -> Outcome:
        path = self.folder / "case.csv"
        path.write_bytes(content)
        outcome = command("queue", "import", "fuzz", str(path), "--directory", str(self.folder / "campaigns"))
        if _rows(self._database) != self._before:
            if outcome[0] != ACCEPTED:
                outcome = PARTIAL, f"the database differs after: {outcome}"
            shutil.copyfile(self._clean, self._database)
        return outcome


def _rows(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        return hashlib.sha256("\n".join(connection.iterdump()).encode("utf-8", "surrogatepass")).hexdigest()


def _filled(path: Path) -> bytes:
    lines = path.read_text(encoding="utf-8").splitlines()
    columns = lines[0].split(",")
    for number in range(1, len(lines)):
        cells = lines[number].split(",")
        for place, name in enumerate(columns):
            if "[K]" in name and "_std" not in name:
                cells[place] = "2300" if name.startswith("solidus") else "120"
        lines[number] = ",".join(cells)
    return ("\n".join(lines) + "\n").encode()


class Table(Target):
    """Every other reader of CSV files: measurements, start tables, pools, labelled alloys, published tables."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        from alloys.mpea import MEASURED

        columns = [FORMULA, *dict.fromkeys([TEMPERATURE, *(name for name, _ in MEASURED.values())])]
        rows = ["NbMoTaW,25,13.6,400,230,1058", "HfNbTaTiZr,25,9.9,,79,929", "CrNbTiZr,1300,6.6,418,,50"]
        self._published = "\n".join([",".join(columns), *rows]).encode()

    def base(self, rng: Random) -> bytes:
        return rng.choice((MEASUREMENTS.encode(), self._published))

    def run(self, content: bytes, rng: Random) -> Outcome:
        path, out = self.folder / "table.csv", self.folder / "out.csv"
        path.write_bytes(content)
        out.unlink(missing_ok=True)
        outcome = self._read(rng.randrange(6), path, out)
        if outcome[0] != ACCEPTED and out.exists():
            return PARTIAL, f"{out.name} was written after: {outcome}"
        return outcome

    def _read(self, kind: int, path: Path, out: Path) -> Outcome:
        from alloys.dataset import read_measurements
        from generators.evaluation.table import labelled, read_table
        from loop.config.assembly import start_table
        from loop.config.schema import StartConfig
        from loop.replay.pool import read_pool

        if kind == 0:
            return command("data", "import", str(path), "--format", "mpea", "--out", str(out))
        if kind == 1:
            words = ("validate", "--with", "reference", "--formulas", str(path), "--out", str(out))
            done = command(*words)
            out.unlink(missing_ok=True)  # alloys that the reference models lack are failures of their lines
            return done
        try:
            if kind == 2:
                read_measurements(path)
            elif kind == 3:
                start_table(StartConfig(table=str(path)), BUNDLE)
            elif kind == 4:
                labelled(read_table(path), ("density",), str(path))
            else:
                read_pool(path, "solidus")
        except Exception as error:
            return told(error)
        return ACCEPTED, ""


class Formula(Target):
    """Formulas, targets and the goal's expressions."""

    def base(self, rng: Random) -> bytes:
        return rng.choice((b"Nb45Ta25Ti15Hf15", b"NbMoTaW", b"CrMo0.5NbTa0.5TiZr", b"Hf0.2Nb0.8"))

    def run(self, content: bytes, rng: Random) -> Outcome:
        from alloys.composition import Composition
        from alloys.goal import Constraint, Objective
        from alloys.mpea import formula_of
        from generators.asking.request import Target as Asked

        text = content.decode("utf-8", "surrogateescape")
        if rng.random() < 0.3 and "\0" not in text and not text.startswith("-"):
            return command("properties", text, "--json")
        try:
            for parse in (Objective.parse, Constraint.parse, Asked.parse):
                with contextlib.suppress(InputError):
                    parse(text)
            composition = Composition.parse(text)
            again = Composition.from_canonical(composition.canonical())
            if again != composition or Composition.parse(formula_of(composition)[:200]) is None:
                return BROKEN, f"{text!r} does not read back"
        except Exception as error:
            return told(error)
        return ACCEPTED, ""


class Weights(Target):
    """Weights of every family; those that load are asked for alloys."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        import numpy as np
        import torch

        from alloys.space import AlloySpace
        from generators.registry import family_names, make

        torch.set_num_threads(1)
        space = AlloySpace.build(["Nb", "Ta", "Ti", "W"], count=(2, 3), upper=0.8)
        rng = np.random.default_rng(0)
        units = space.sample(24, rng)
        conditions = space.fractions(units)[:, :1] + 8.0
        self._bases = []
        for family in family_names():
            model = make(family, space, ("density",), {"epochs": 1})
            model.fit(units, conditions, seed=1, threads=1)
            self._bases.append(model.to_bytes())

    def base(self, rng: Random) -> bytes:
        return rng.choice(self._bases)

    def run(self, content: bytes, rng: Random) -> Outcome:
        import numpy as np

        from generators.registry import load

        path = self.folder / "case.safetensors"
        path.write_bytes(content)
        try:
            model = load(path)
            model.sample(np.full((4, len(model.properties)), 8.1), seed=0)
        except Exception as error:
            return told(error)
        return ACCEPTED, ""


class Tdb(Target):
    """The validator's databases: one in 25 by the whole way, the others in a child of a process that has pycalphad.

    The child has the limits of `validation.calphad.reading.apart`; it does what the check and the validator do.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        import pycalphad  # noqa: F401  children of this process need not import it again

        from validation.calphad.own.database import build_database

        self._bases = [SMALL_TDB.encode()] * 5 + [build_database().encode()]

    def base(self, rng: Random) -> bytes:
        return rng.choice(self._bases)

    def run(self, content: bytes, rng: Random) -> Outcome:
        path = self.folder / "case.tdb"
        path.write_bytes(content)
        return _used(path) if rng.randrange(TDB_WHOLE) == 0 else forked(lambda: _limited(path))


def _used(path: Path) -> Outcome:
    from validation.registry import make_validator

    try:
        make_validator("calphad", {"tdb": str(path)}).check(["Nb", "Ta"])
    except Exception as error:
        return told(error)
    return ACCEPTED, ""


def forked(do: Callable[[], Outcome]) -> Outcome:
    """What a child of this process says, which may set limits for itself."""
    listen, say = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(listen)
        sys.stdout = sys.stderr = io.StringIO()  # pycalphad prints what it misses
        outcome = BROKEN, "nothing was said"
        try:
            outcome = do()
        finally:
            os.write(say, "\n".join(outcome).encode("utf-8", "replace")[:60_000])
            os._exit(0)
    os.close(say)
    with os.fdopen(listen, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(child, 0)
    if not text:  # ended by a limit, as the check's own process would be
        return REFUSED, "ended by the limit of time"
    kind, _, message = text.partition("\n")
    return kind, message


def _limited(path: Path) -> Outcome:
    from validation.calphad.reading import apart, tdbfile

    apart.limit(tdbfile.seconds_for(path.stat().st_size), tdbfile.PARSE_BYTES)
    tdbfile.check_apart = tdbfile.reading  # type: ignore[assignment]
    return _used(path)


TARGETS: dict[str, type[Target]] = {
    "config": Config,
    "import": Queue,
    "table": Table,
    "formula": Formula,
    "tdb": Tdb,
    "weights": Weights,
}
