"""What the source may not contain, found in its syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from loop import ROOMS

ROOT = Path(__file__).resolve().parents[2]

MODULES = frozenset(
    "pickle _pickle cPickle dill cloudpickle shelve marshal joblib jsonpickle code codeop tarfile zipfile pty".split()
)
"""Modules that run what they read, or open archives; there is no archive that alloyloop opens."""

CALLS = frozenset(
    "eval exec compile __import__ breakpoint os.system os.popen os.execv os.execve os.execvp os.spawnv os.startfile "
    "subprocess.getoutput subprocess.getstatusoutput yaml.load yaml.load_all yaml.unsafe_load yaml.full_load "
    "yaml.unsafe_load_all yaml.full_load_all torch.load torch.save torch.jit.load torch.hub.load numpy.load np.load "
    "pandas.read_pickle pd.read_pickle pandas.eval pd.eval sympy.sympify sympify parse_expr shutil.unpack_archive "
    "input".split()
)
"""Calls that run text, unpickle, or open archives."""

NAMES = frozenset(
    "yaml.Loader yaml.UnsafeLoader yaml.FullLoader yaml.CLoader yaml.CUnsafeLoader yaml.CFullLoader".split()
)
METHODS = frozenset({"read_pickle", "to_pickle", "extractall", "unpack_archive"})
SQL = frozenset({"text", "exec_driver_sql", "execute", "executescript", "executemany"})
"""Calls whose first argument, where it is text, is SQL."""

Found = tuple[int, str]


def sources() -> list[Path]:
    """Every Python file of the rooms."""
    return [ROOT / "alloyloop.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))]


@cache
def parsed(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def dotted(node: ast.AST) -> str:
    """``os.path.join`` of such a chain of names; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def forbidden(tree: ast.AST) -> Iterator[Found]:
    """Lines that run text as code, unpickle, open archives, use a shell, or build YAML objects."""
    for node in ast.walk(tree):
        yield from _imports(node)
        if isinstance(node, ast.Attribute) and dotted(node) in NAMES:
            yield node.lineno, dotted(node)
        if isinstance(node, ast.Call):
            yield from _calls(node)


def _imports(node: ast.AST) -> Iterator[Found]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        return
    for name in names:
        parts = name.split(".")
        if parts[0] in MODULES or name in CALLS or name in NAMES:
            yield node.lineno, f"import {name}"


def _calls(node: ast.Call) -> Iterator[Found]:
    name = dotted(node.func)
    if name in CALLS:
        yield node.lineno, name
    if isinstance(node.func, ast.Attribute):
        if node.func.attr in METHODS:
            yield node.lineno, f".{node.func.attr}"
        # A network's .eval() takes nothing; a table's runs text.
        if node.func.attr == "eval" and (node.args or node.keywords):
            yield node.lineno, ".eval(...)"
    for keyword in node.keywords:
        wrong = not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
        if keyword.arg in ("shell", "allow_pickle") and wrong:
            yield node.lineno, f"{keyword.arg}="


def built_sql(tree: ast.AST) -> Iterator[Found]:
    """Calls that take SQL which is put together at run time."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        name = getattr(node.func, "attr", "") or dotted(node.func)
        if name in SQL and _is_built(node.args[0]):
            yield node.lineno, ast.unparse(node.args[0])


def _is_built(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod | ast.Add) and any(
            isinstance(part, ast.Constant | ast.JoinedStr) for part in (node.left, node.right)
        )
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "format"
