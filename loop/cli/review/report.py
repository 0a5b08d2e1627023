"""``alloyloop report``: a campaign on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alloys.errors import InputError
from loop.cli.console import err
from loop.config.lookup import Directory, campaign_database


def report(
    name: Annotated[str, typer.Argument(help="a campaign")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="by default NAME.html, or NAME.pdf")] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="print it by Chromium")] = False,
    beside: Annotated[str | None, typer.Option(metavar="NAME", help="a campaign at random, to show beside it")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="without phases, which are computed anew")] = False,
    directory: Directory = Path("campaigns"),
) -> None:
    """Writes a campaign's report: one page of HTML that needs no network, or a PDF.

    For example: alloyloop report quickstart --out quickstart.html
    """
    from alloys.files import write_atomic
    from loop.review.page.building import report_page  # late: with matplotlib and plotly
    from loop.review.page.printing import browser, print_page
    from loop.store import CampaignStore  # late: with the database's libraries
    from loop.view import view_of

    suffix = ".pdf" if pdf else ".html"
    file = out or Path(f"{name}{suffix}")
    if file.suffix != suffix:
        raise InputError(f"the report is written as {suffix}{'' if pdf else ', with --pdf as .pdf'}; got {file}")
    if not file.parent.is_dir():
        raise InputError(f"there is no folder {file.parent} for the report; make it, or choose another")
    database = campaign_database(directory, name)
    other = None if beside is None else campaign_database(directory, beside)
    if pdf:
        browser()
    arm = None
    if other is not None:
        with CampaignStore.open(other) as second:
            arm = view_of(second)
    with CampaignStore.open(database) as store:
        page = report_page(view_of(store), store, beside=arm, quick=quick)
    if pdf:
        print_page(page, file)
    else:
        write_atomic(file, page.encode(), mode=0o644)
    err().print(f"report in {file}", markup=False, soft_wrap=True)
