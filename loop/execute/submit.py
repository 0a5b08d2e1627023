"""What is checked before a campaign goes to a Ray cluster as a job, and the job itself."""

from __future__ import annotations

import re
import shlex
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import requires
from pathlib import Path, PurePosixPath

from alloys.errors import InputError
from loop.config.home import HOME, folders_of, may_be_home, thrown_away
from loop.config.schema import CampaignConfig

LEFT_OUT = (
    *(".git", ".venv/", "venv/", "__pycache__/", "*.egg-info/", ".*_cache/", ".hypothesis/", "/build/", "/dist/"),
    *("/tests/", "/campaigns/", "/mlruns/", "*.db", "*.db-journal", "*.db-wal", "*.db-shm", "*.sqlite", "*.sqlite3"),
    *("campaign.url", "*.safetensors", "*.pt", "*.pth", "*.ckpt", "*.onnx", "*.pkl"),
    *(".env", ".env.*", "*.env", "*.pem", "*.key", "*.p12", "*.pfx", "id_rsa*", "id_ecdsa*", "id_ed25519*"),
    *(".netrc", ".pgpass", ".pypirc", ".git-credentials", ".ssh/", ".aws/", ".azure/", ".config/", ".kube/", ".ray/"),
    *("auth_token*", "*credentials*", "secrets.yaml", "secrets.yml", "secrets.json", "secrets.toml"),
)
"""What stays at home, as in .gitignore: state, weights and secrets. The file ``.rayignore`` says the same to Ray."""

_SECRETS = {
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "an access key": re.compile(rb"\bAKIA[0-9A-Z]{16}\b"),
    "a token": re.compile(rb"\b(?:ghp|gho|ghs|github_pat|glpat|hf|xox[bp])[_-][0-9A-Za-z_-]{20,}"),
    "a URL with a password": re.compile(rb"\b(?:postgresql(?:\+\w+)?|mysql|https?)://[^\s:/@'\"]+:[^\s/@'\"{}$<]+@"),
}
_ON_PATH = re.compile(r"[^/]+\.py|[^/]+/__init__\.py")
"""Files that a process which begins in the package imports by their names."""
_LOOKED_AT = 2 * 2**20
"""Bytes of each file in which secrets are looked for."""


@dataclass(frozen=True, slots=True)
class Package:
    """What goes to the cluster: a zip file, how many files it has and its bytes."""

    path: Path
    files: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class ClusterJob:
    """A campaign as a job.

    Attributes:
        campaign: its name.
        entrypoint: the command line, for a shell on the head node.
        environment: variables of the job.
    """

    campaign: str
    entrypoint: str
    environment: dict[str, str]


def make_job(
    config: CampaignConfig, inside: str, arguments: Sequence[str], *, home: str | None, python: str = "python"
) -> ClusterJob:
    """The job that runs a configuration.

    Args:
        config: the configuration as the job will have it.
        inside: its path in the package.
        arguments: further ones for ``alloyloop run``.
        home: the folder on the cluster that relative paths begin from, or None.
        python: the interpreter there.

    Raises:
        InputError: if the campaign's files would not outlast the job.
    """
    if home is not None and not may_be_home(home):
        raise InputError(f"--home must be an absolute path on the cluster, outside Ray's session folder, got {home!r}")
    for key, folder in folders_of(config).items():
        if thrown_away(Path(folder)) or (home is None and not Path(folder).is_absolute()):
            raise InputError(
                f"{key}: {folder!r} would lie in the folder that Ray throws away with the job; give an absolute path "
                f"on the cluster (--set {key}=/data/{Path(folder).name}), or a folder for all of them: --home /data"
            )
    words = [python, "-m", "loop.cli", "run", inside, *arguments]
    return ClusterJob(config.name, shlex.join(words), {HOME: home} if home is not None else {})


def path_inside(config: Path, root: Path) -> str:
    """Where a configuration lies in the package.

    Raises:
        InputError: if it lies outside.
    """
    try:
        return str(config.resolve().relative_to(root.resolve()))
    except ValueError:
        raise InputError(
            f"{config} is outside the working directory {root}, which is all that the cluster gets; copy it there, "
            "or name another one with --working-dir"
        ) from None


def look_into(archive: Path, root: Path, *, needed: Sequence[str], limit: int) -> Package:
    """Looks at what would be uploaded.

    Args:
        archive: the zip file.
        root: the folder that it was made of.
        needed: paths that must be in it.
        limit: bytes that Ray takes at most.

    Raises:
        InputError: if it is too large, lacks something, or has a link to the outside, a secret, or a file in it that
            would be imported in place of another module.
    """
    with zipfile.ZipFile(archive) as package:
        names = tuple(sorted(entry.filename for entry in package.infolist() if not entry.is_dir()))
        _refuse_large(package, archive.stat().st_size, limit)
        missing = [name for name in needed if name not in names]
        if missing:
            raise InputError(
                f"not in the package: {', '.join(missing)}; .gitignore or .rayignore leaves them out, or they are "
                "not there"
            )
        wrong = [*_strays(names, root), *_shadows(names), *_secrets(package, names)]
    if wrong:
        raise InputError("the package is not fit to leave this machine:\n  " + "\n  ".join(wrong))
    return Package(archive, names, archive.stat().st_size)


def _refuse_large(package: zipfile.ZipFile, size: int, limit: int) -> None:
    if size < limit:
        return
    largest = sorted(package.infolist(), key=lambda entry: -entry.compress_size)[:3]
    named = ", ".join(f"{entry.filename} ({entry.compress_size / 2**20:.0f} MiB)" for entry in largest)
    raise InputError(
        f"the package has {size / 2**20:.0f} MiB, and Ray takes under {limit / 2**20:.0f}; the largest are {named}; "
        "name them in .rayignore, and put data where the cluster can read it"
    )


def _strays(names: Sequence[str], root: Path) -> Iterator[str]:
    whole = root.resolve()
    for name in names:
        if not (root / name).resolve().is_relative_to(whole):
            yield f"{name} is a link to the outside; remove it, or name it in .rayignore"


def _shadows(names: Sequence[str]) -> Iterator[str]:
    """Files that the job's processes would import in place of Python's modules, of libraries, or of the program."""
    modules = {name: PurePosixPath(name).parts[0].removesuffix(".py") for name in names if _ON_PATH.fullmatch(name)}
    libraries = {re.split(r"[^\w-]", each)[0].replace("-", "_").lower() for each in requires("alloyloop") or ()}
    program = set() if "loop/cli/__main__.py" in names else {"loop"}
    taken = {*sys.stdlib_module_names, *libraries, *program} - {"test"}  # which nobody imports
    for name, module in modules.items():
        if module in taken:
            yield f"{name} would be imported in place of another module {module!r}; rename it, or name it in .rayignore"


def _secrets(package: zipfile.ZipFile, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        with package.open(name) as stream:
            text = stream.read(_LOOKED_AT)
        found = [what for what, pattern in _SECRETS.items() if pattern.search(text)]
        if found:
            yield f"{name} looks as if it held {' and '.join(found)}; remove it, or name the file in .rayignore"


def files_named(config: CampaignConfig) -> list[str]:
    """Relative files that a configuration names, which the package must hold: tables, lists and databases."""
    settings = [entry.settings for entry in config.validators] or [config.validator.settings]
    named = [
        config.start.table,
        *config.space.files,
        *(each.file for each in config.data),
        *(entry.get("tdb") for entry in settings),
    ]
    return [str(Path(name)) for name in named if isinstance(name, str) and not Path(name).is_absolute()]
