"""The documentation as HTML: built as `make docs` builds it, without a warning."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pages."""
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_parser")
    pytest.importorskip("furo")
    out = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", out / "read", ROOT / "docs", out / "html"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return out / "html"


def test_every_page_is_built_and_reached_from_the_first(built: Path) -> None:
    pages = [page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md")]
    front = (built / "index.html").read_text("utf-8")
    for page in pages:
        if page.parts[0] != "examples":
            assert f'href="{page.with_suffix(".html").as_posix()}"' in front or page.stem == "index"


def test_pages_ask_nothing_of_the_network(built: Path) -> None:
    for page in built.rglob("*.html"):
        asked = re.findall(
            r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="(https?://[^"]*)"', page.read_text("utf-8")
        )
        assert asked == [], page


def test_the_front_leads_to_the_pages_of_the_root(built: Path) -> None:
    front = (built / "index.html").read_text("utf-8")
    for page in ("project/contributing.html", "project/security.html", "howto/queue.html"):
        assert f'href="{page}"' in front


def test_the_papers_figures_stand_on_a_page_of_their_own(built: Path) -> None:
    assert 'href="../papers-done-again.html"' in (built / "papers" / "figures.html").read_text("utf-8")
    page = (built / "papers-done-again.html").read_text("utf-8")
    assert {"tung-2022-parity", "debnath-2021-moduli"} <= set(re.findall(r'<h3 id="([^"]*)"', page))
    assert len(page.encode()) < 5e6


def test_the_papers_page_is_drawn_anew_when_what_it_is_made_of_changes() -> None:
    code = "import sys; sys.path[:0] = ['docs']; import figures; print(*figures.papers_need(), sep='\\n')"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout
    needed = {Path(line).relative_to(ROOT).as_posix() for line in told.split()}
    assert needed >= {
        "benchmarks/results/generators/papers/tung-2022.json",
        "generators/evaluation/reproduction/pictures/records.py",
        "loop/review/figures/style.py",
        "loop/review/papers/papers.css",
        "loop/review/papers/drawing/tung.py",
    }


def test_benchmarks_are_drawn(built: Path) -> None:
    page = (built / "benchmarks.html").read_text("utf-8")
    pictures = re.findall(r'src="(_images/[a-z]+\.svg)"', page)
    assert len(pictures) == 4
    assert all((built / picture).stat().st_size > 5_000 for picture in pictures)


def test_formulas_are_mathml(built: Path) -> None:
    page = (built / "reference" / "formulas.html").read_text("utf-8")
    assert page.count("<math") > 20
    assert "MathJax" not in page


def test_docstrings_are_in_the_reference(built: Path) -> None:
    page = (built / "reference" / "python.html").read_text("utf-8")
    for name in ("alloyloop.Campaign.suggest", "validation.base.Validator.validate", "alloys.physics.base.Physics"):
        assert f'id="{name}"' in page


def test_the_citation_names_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    required = {"cff-version", "message", "title", "authors"}  # by the schema of the Citation File Format 1.2.0
    assert required <= set(citation)
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
