"""A page printed to a PDF file by Chromium, where that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from alloys.errors import InputError, WorkError
from alloys.files import write_atomic

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_SECONDS = 120


def browser() -> str:
    """The path of a browser that prints.

    Raises:
        InputError: if there is none.
    """
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise InputError(
            "--pdf needs Chromium, which is not installed (Debian: apt-get install chromium); without --pdf the report "
            "is a page of HTML, which any browser prints"
        )
    return found


def print_page(page: str, out: Path) -> None:
    """Prints a page of HTML to a PDF file.

    Raises:
        InputError: if there is no browser that prints.
        WorkError: if it fails.
    """
    program = browser()
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch) / "page.html", Path(scratch) / "page.pdf"
        source.write_text(page, encoding="utf-8")
        command = [program, "--headless", "--disable-gpu", "--no-first-run", f"--user-data-dir={scratch}/profile"]
        command += ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses root
        command += ["--no-pdf-header-footer", f"--print-to-pdf={target}", source.as_uri()]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise WorkError(f"Chromium did not print the page within {_SECONDS} s") from None
        if not target.is_file():
            raise WorkError(f"Chromium did not print the page: {done.stderr.strip()[-200:] or done.returncode}")
        write_atomic(out, target.read_bytes(), mode=0o644)
