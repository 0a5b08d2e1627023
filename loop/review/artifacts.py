"""The files of an iteration, written to the campaign's folder and recorded before anybody shows them."""

from __future__ import annotations

import csv
import io
import json

from alloys.design import variable_text
from alloys.points.csv_cells import escape
from loop.config.schema import CampaignConfig
from loop.review.figures.catalog import figures
from loop.store import CampaignStore
from loop.store.files import write_named
from loop.view import View

PICTURES = {"front": "pareto", "compositions": "compositions", "timeline": "timeline"}
"""The pictures of each iteration, and the names of their files."""


def write_artifacts(store: CampaignStore, config: CampaignConfig, iteration: int, view: View) -> None:
    """Writes the batch with reasons, the dataset with its digest and the plots of an iteration."""
    dataset = [stored.observation.to_json() for stored in store.observations()]
    summary = {"digest": store.dataset_digest(), "observations": dataset}
    files = {
        "batch.csv": (batch_table(store, iteration, view), ".csv"),
        "dataset.json": (json.dumps(summary, indent=1, sort_keys=True).encode(), ".json"),
    }
    for name, picture in figures(view, store, names=PICTURES, upto=iteration).items():
        drawn = picture.try_content(".png")
        files |= {} if drawn is None else {f"{PICTURES[name]}.png": (drawn, ".png")}
    for name, (content, suffix) in files.items():
        written = write_named(config.folder, "artifacts", content, suffix)
        store.record_artifact(name, written.sha256, written.path, iteration=iteration)


def batch_table(store: CampaignStore, iteration: int, view: View) -> bytes:
    """The batch of an iteration as CSV: candidates with their reasons, and what came back."""
    rows = {row.design: row for row in view.rows}
    names = view.goal.names
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    variables = view.space.variables.names
    writer.writerow(["rank", "formula", *variables, "origin", "score", "why", "feasible", "failure", *names])
    for proposal in store.proposals(iteration):
        selection = proposal.selection
        design = selection.candidate.design
        row, chosen = rows.get(design), design.values
        answers = [row.values.get(name, "") if row else "" for name in names]
        writer.writerow(
            [
                selection.rank,
                design.formula,
                *(escape(variable_text(chosen[name])) if name in chosen else "" for name in variables),
                escape(selection.candidate.origin),
                selection.score,
                escape(selection.why),
                row.feasible if row else "",
                escape((row.failure or "") if row else ""),
                *answers,
            ]
        )
    return stream.getvalue().encode()
