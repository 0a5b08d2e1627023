"""The package of docs/howto/extend.md: validator, generator family and physics, from its installation to a campaign."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.design import Design
from alloys.physics.registry import get_physics, physics_names
from alloys.records import Measured
from generators.registry import family_names, make, restore, settings_of
from loop.config.schema import CampaignConfig
from loop.execute.tasks import ValidatorSpec
from tests.loop.loop_helpers import ROOT, call, small_document
from validation.registry import make_validator, validator_names

# Nb50Ta50 from 170.2 and 200.0 GPa.
MEANS = {"voigt": 185.1, "reuss": 2 / (1 / 170.2 + 1 / 200.0)}


def test_they_are_found_only_where_they_are_installed(extras: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> list[bool]:
        names = ("bulk_mixture", validator_names()), ("independent", family_names()), ("stiff", physics_names())
        return [name in known for name, known in names]

    assert found() == [True] * 3
    monkeypatch.undo()
    assert found() == [False] * 3


def test_the_page_shows_what_is_there(extras: Path) -> None:
    page = (ROOT / "docs" / "howto" / "extend.md").read_text(encoding="utf-8")
    (entry_points,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert entry_points in (extras / "pyproject.toml").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert set(lines.splitlines()) <= set((extras / "stiff.yaml").read_text(encoding="utf-8").splitlines())
    names = re.findall(r"^\| `([\w/]+\.[a-z]+)` \|", page, re.MULTILINE)
    assert len(names) == 5
    assert all((extras / name).is_file() for name in names)


@pytest.mark.parametrize("mixing", MEANS)
def test_the_validator_answers_the_command_line(
    extras: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, mixing: str
) -> None:
    path = tmp_path / "mixing.yaml"
    path.write_text((extras / "stiff.yaml").read_text().replace("hill", mixing))
    code, out, _ = call(capsys, "validate", "NbTa", "--config", str(path), "--json")
    assert code == 0
    assert json.loads(out)[0]["properties"]["bulk_modulus"] == pytest.approx({"value": MEANS[mixing], "unit": "GPa"})


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("mixing: hill", "mixing: geometric", "mixing: voigt, reuss, hill; got {'mixing': 'geometric'}"),
        ("[Cr, Mo", "[Re, Mo", "bulk_mixture has no bulk modulus of Re"),
        ("[Cr, Mo", "[Re, Mo", "the physics 'stiff' has no bulk modulus of Re"),
        ("hidden: 32", "hidden: 0", "the generator setting hidden must lie in [1, 1024], got 0"),
        ("hidden: 32", "width: 32", "unknown generator settings width"),
    ],
)
def test_their_mistakes_are_those_of_the_configuration(
    extras: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, before: str, after: str, message: str
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text((extras / "stiff.yaml").read_text().replace(before, after))
    code, out, err = call(capsys, "check", str(path))
    assert code == 2
    assert message in out + err


def test_a_worker_makes_the_same_validator(installed: Path, extras: Path) -> None:
    here = make_validator("bulk_mixture", {"mixing": "reuss"})
    spec = ValidatorSpec.of(here)
    code = (
        "import json, sys; from validation.registry import make_validator\n"
        "print(make_validator(sys.argv[1], json.loads(sys.argv[2])).fingerprint)"
    )
    environment = {"PYTHONPATH": f"{installed}:{ROOT}"}
    words = [sys.executable, "-c", code, spec.name, spec.settings]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here.fingerprint


def test_the_physics_expects_the_arithmetic_mean(extras: Path) -> None:
    bundle, elements = get_physics("stiff"), ("Nb", "Ta")
    fractions = np.array([[0.5, 0.5], [1.0, 0.0]])
    means = bundle.prior_means(elements, fractions, bundle.describe(elements, fractions))
    assert means["bulk_modulus"] == pytest.approx([185.1, 170.2])
    assert set(means) == set(bundle.prior_std)


def test_the_family_learns_what_it_is_shown_and_travels(extras: Path, tmp_path: Path) -> None:
    space = CampaignConfig.model_validate(small_document(tmp_path)).space.build()
    assert settings_of("independent")["hidden"] == 32
    model = make("independent", space, ["vec"], {"epochs": 150, "copies": 0})
    rng = np.random.default_rng(0)
    points = space.sample(200, rng)
    rich = points[:, space.elements.index("W")] > 0
    report = model.fit(points, np.where(rich, 1.0, 0.0)[:, None], seed=0)
    assert not report.diverged
    asked = np.repeat([[0.0], [1.0]], 100, axis=0)
    drawn = restore(model.to_bytes()).sample(asked, seed=1)
    assert space.contains(drawn.points).all()
    tungsten = drawn.points[:, space.elements.index("W")] > 0
    assert tungsten[drawn.rows >= 100].mean() > 0.8 > 0.2 > tungsten[drawn.rows < 100].mean()


def test_a_campaign_runs_on_all_three(extras: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = f"{tmp_path}/campaigns"
    own = ["--set", f"directory={folder}", "--set", "tracking.enabled=false"]
    code, _, err = call(capsys, "run", str(extras / "stiff.yaml"), *own)
    assert code == 0, err
    code, out, _ = call(capsys, "best", "stiff", "--json", "--directory", folder)
    assert code == 0
    best = json.loads(out)
    assert len(best) == 8
    for row in best:
        expected = make_validator("bulk_mixture", {}).validate(Design(Composition.parse(row["formula"])))
        assert isinstance(expected, Measured)
        found = row["properties"]["bulk_modulus"]
        assert found["value"] == pytest.approx(expected.properties["bulk_modulus"].value)
        # Six alloys have been seen: what is predicted for the next rests on the physics.
        if row["iteration"] == 1:
            assert found["predicted"] == pytest.approx(found["value"], abs=10.0)
    asked = ["--target", "bulk_modulus=220", "-n", "5", "--campaign", "stiff", "--directory", folder, "--json"]
    code, out, _ = call(capsys, "generate", *asked)
    assert code == 0
    assert [row["generator"].split()[0] for row in json.loads(out)] == ["independent"] * 5
