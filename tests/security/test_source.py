"""The source itself: nothing in it runs text as code, unpickles, uses a shell or puts SQL together."""

from __future__ import annotations

import ast

import pytest

from tests.security.source_rules import ROOT, built_sql, dotted, forbidden, parsed, sources

CONSTANT_SQL = {
    ("loop/cli/doctor/stores.py", "f'PRAGMA journal_mode = {journal}'"),
    ("loop/store/database/engine.py", "f'PRAGMA busy_timeout = {BUSY_MILLISECONDS}'"),
    ("loop/store/database/engine.py", "f'PRAGMA synchronous = {synchronous}'"),
    ("loop/store/database/engine.py", "f'PRAGMA journal_mode = {wanted}'"),
    ("loop/store/database/triggers.py", "f'CREATE TRIGGER {name} BEFORE {where} {what}'"),
    ("loop/materials/checking.py", "f'PRAGMA integrity_check({_MOST})'"),
    ("loop/materials/writing.py", "f'INSERT INTO {table.name} ({columns}) VALUES ({marks})'"),
}
"""Settings, triggers and names of tables, which take no bound values; all of them are the program's own constants."""

ALLOWED = {
    ("loop/execute/submit.py", "import zipfile"),
    ("alloys/intake/tables.py", "import zipfile"),
    ("alloys/expressions.py", ".eval(...)"),
    ("validation/calphad/quantities/samples.py", "np.load"),
    ("validation/calphad/own/unaries.py", "__import__"),
}
"""The first looks into the package that Ray has just made of this machine's files, the second at how large a workbook
is; both unpack nothing. The third is simpleeval's, of a tree in which only arithmetic was let through. The fourth
reads a plain array and refuses one that holds objects. The last does the import statements of a file of ESPEI's, of
which one is answered without pycalphad."""


def test_there_is_nothing_that_runs_text_or_unpickles() -> None:
    found = {(str(path.relative_to(ROOT)), what) for path in sources() for _, what in forbidden(parsed(path))}
    assert found == ALLOWED


def test_sql_is_bound() -> None:
    built = {
        (str(path.relative_to(ROOT)), text)
        for path in sources()
        if "migrations" not in path.parts  # made of the program's own constants, and run on no input
        for _, text in built_sql(parsed(path))
    }
    assert built == CONSTANT_SQL


def test_processes_are_started_from_lists_of_words() -> None:
    starts = 0
    for path in sources():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and dotted(node.func) in ("subprocess.run", "subprocess.Popen"):
                starts += 1
                assert not isinstance(node.args[0], ast.Constant | ast.JoinedStr), f"{path}:{node.lineno}"
    assert starts >= 5


def test_modules_chosen_at_run_time_come_from_tables() -> None:
    chosen = {
        str(path.relative_to(ROOT))
        for path in sources()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and dotted(node.func).endswith("import_module")
    }
    # What is installed (families, validators, bundles of physics), the kinds of spaces, the tables of commands and of
    # what `alloyloop` has, what a task of the driver names, what actors import ahead, and the calculator that a person
    # names to `dft`.
    tables = {
        "alloyloop.py",
        "alloys/physics/registry.py",
        "alloys/space/__init__.py",
        "generators/registry.py",
        "validation/registry.py",
        "loop/cli/main.py",
        "loop/execute/tasks.py",
        "loop/execute/actors.py",
    }
    assert chosen == {*tables, "validation/dft/calculators.py"}


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from pickle import loads",
        "import yaml\nyaml.load(x, Loader=yaml.Loader)",
        "yaml.unsafe_load(x)",
        "from yaml import UnsafeLoader",
        "eval(x)",
        "exec(x)",
        "frame.eval('a + b')",
        "import os\nos.system('ls')",
        "subprocess.run('ls', shell=True)",
        "subprocess.run('ls', shell=wanted)",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
        "pd.read_pickle(path)",
        "import tarfile",
        "archive.extractall(folder)",
    ],
)
def test_the_rules_find(text: str) -> None:
    assert list(forbidden(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "sa.text(f'SELECT {name}')",
        "connection.execute('SELECT ' + name)",
        "connection.exec_driver_sql('SELECT %s' % name)",
        "cursor.execute('SELECT {}'.format(name))",
    ],
)
def test_the_rules_find_sql(text: str) -> None:
    assert list(built_sql(ast.parse(text)))


def test_the_rules_leave_alone_what_is_fine() -> None:
    fine = (
        "network.eval()\nsa.text('SELECT 1')\nyaml.compose(x, Loader=yaml.SafeLoader)\nsubprocess.run([x], shell=False)"
    )
    assert list(forbidden(ast.parse(fine))) == []
    assert list(built_sql(ast.parse(fine))) == []
