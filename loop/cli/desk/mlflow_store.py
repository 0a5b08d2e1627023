"""``alloyloop mlflow``: what MLflow's store holds of a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loop.cli.console import err
from loop.config.lookup import Directory, Name, campaign_database

app = typer.Typer(help="What MLflow shows of campaigns.", no_args_is_help=True, add_completion=False)


@app.callback()
def _several() -> None:
    pass


@app.command()
def sync(
    name: Name,
    folder: Annotated[
        Path, typer.Option(help="where MLflow's store lies, unless MLFLOW_TRACKING_URI names a server")
    ] = Path("mlruns"),
    directory: Directory = Path("campaigns"),
) -> None:
    """Writes all that MLflow lacks of a campaign, in an empty store everything: alloyloop mlflow sync tough.

    For example: alloyloop mlflow sync quickstart
    """
    from loop.review.desk.tracker import Tracker  # late: imports a campaign's parts, and then MLflow
    from loop.store import CampaignStore
    from loop.view import config_of

    with CampaignStore.open(campaign_database(directory, name)) as store:
        config = config_of(store)
        tracking = config.tracking.model_copy(update={"folder": str(folder)})
        tracker = Tracker(store, config.model_copy(update={"tracking": tracking, "directory": str(directory)}))
        tracker.sync()
        err().print(f"written to {tracker.where}", markup=False, soft_wrap=True)
