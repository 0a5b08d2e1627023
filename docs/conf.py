"""How Sphinx builds these pages: ``make docs``. Nothing is fetched: formulas are MathML, fonts are the reader's."""

from __future__ import annotations

import logging
import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

logging.getLogger("alembic").setLevel(logging.WARNING)

project = "alloyloop"
version = release = version_of("alloyloop")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["examples"]
highlight_language = "text"
html_theme = "furo"
html_title = f"alloyloop {version}"
html_copy_source = False
# The page of the papers' figures stands by itself, without the theme. Sphinx wants its folder already here.
PAPERS_DONE = ROOT / "build" / "papers"
PAPERS_DONE.mkdir(parents=True, exist_ok=True)
html_extra_path = [str(PAPERS_DONE)]
html_show_copyright = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
# A dollar before a digit or a name in capitals is money or a variable of the shell, not a formula.
myst_dmath_allow_space = False
myst_dmath_allow_digits = False

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_use_rtype = False
default_role = "code"

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s:#]+)(#[^)\s]*)?\)")
CODE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
PAGES = {"README.md": "index.md", **{f"{name}.md": f"project/{name.lower()}.md" for name in ("CHANGELOG", "SECURITY")}}
PAGES["CONTRIBUTING.md"] = "project/contributing.md"


def _with_own_links(text: str, folder: Path) -> str:
    """A page whose links lead to other pages of the build; a link to any other file of the repository is its text."""

    def own(found: re.Match[str]) -> str:
        picture, words, path, anchor = found[1], found[2], found[3], found[4] or ""
        target = (folder / path).resolve().relative_to(ROOT).as_posix()
        page = PAGES.get(target, target.removeprefix("docs/"))
        there = target in PAGES or (target.startswith("docs/") and target.endswith((".md", ".ipynb", ".png", ".svg")))
        return f"{picture}[{words}](/{page}{anchor})" if there else words

    parts = CODE.split(text)
    return "".join(part if part.startswith("```") else LINK.sub(own, part) for part in parts)


def _read_page(app: Any, name: str, source: list[str]) -> None:
    source[0] = _with_own_links(source[0], Path(app.env.doc2path(name)).parent)


def _read_included(app: Any, path: Path, name: str, source: list[str]) -> None:
    source[0] = _with_own_links(source[0], (ROOT / "docs" / path).resolve().parent)


def _inline_formula(self: Any, node: nodes.math) -> None:
    self.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _formula(self: Any, node: nodes.math_block) -> None:
    self.body.append(f'<div class="formula">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def _draw(app: Any) -> None:
    from figures import draw_all, draw_papers  # late: beside this file, and with the project

    draw_all(ROOT / "build" / "figures")
    draw_papers(PAPERS_DONE)


def setup(app: Any) -> None:
    app.connect("builder-inited", _draw)
    app.connect("source-read", _read_page)
    app.connect("include-read", _read_included)
    app.add_html_math_renderer("mathml", (_inline_formula, None), (_formula, None))


html_math_renderer = "mathml"
