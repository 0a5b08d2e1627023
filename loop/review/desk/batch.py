"""What the run of one iteration says of itself, in Markdown: its batch, what came back, and how it was chosen."""

from __future__ import annotations

from alloys.design import heading_of
from alloys.records import proposer
from loop.review.desk.markdown import alloy, listed, plain, table
from loop.review.figures.words import label, number, spread
from loop.store import CampaignStore, Iteration
from loop.view import Row, View

_SHOWN = 24
"""Designs of a batch that the table holds."""
_NOTES = 8


def batch_description(view: View, store: CampaignStore, iteration: Iteration) -> str:
    """The text of an iteration that is closed."""
    rows = {row.design: row for row in view.rows if row.iteration == iteration.index}
    asked = [proposal.selection for proposal in store.proposals(iteration.index)]
    answered = [row for row in rows.values() if row.failure is None]
    feasible = sum(row.feasible for row in answered)
    first = (
        f"Iteration {iteration.index}: {len(asked)} designs were chosen and {len(answered)} measured, of which "
        f"{feasible} meet every constraint; {len(rows) - len(answered)} validations failed."
    )
    names = [each.name for each in view.goal.objectives]
    heads = [
        heading_of(each.candidate.design for each in asked).capitalize(),
        "From",
        *(plain(label(view.problem.properties[name])) for name in names),
        "Outcome",
    ]
    lines = []
    for selection in asked[:_SHOWN]:
        candidate = selection.candidate
        row = rows.get(candidate.design)
        cells = [_cell(row, name) for name in names]
        lines.append([alloy(candidate.design), plain(proposer(candidate.origin)), *cells, _outcome(row, view)])
    rest = f"\n\nThe other {len(asked) - _SHOWN} are in `batch.csv`." if len(asked) > _SHOWN else ""
    about = f"Measured, and in brackets what the model had predicted.{rest}"
    return "\n\n".join([first, table(heads, lines), about, _how(iteration)])


def _cell(row: Row | None, name: str) -> str:
    if row is None or name not in row.values:
        return "–"
    text, told = number(row.values[name]), row.prediction
    if told is None or not told.stds.get(name):
        return text
    return f"{text} ({spread(told.means[name], told.stds[name])})"


def _outcome(row: Row | None, view: View) -> str:
    if row is None:
        return "no answer"
    if row.failure is not None:
        return f"failed: {plain(row.failure)[:80]}"
    broken = [plain(str(each)) for each in view.goal.constraints if not each.met(row.values)]
    return "feasible" if row.feasible else listed(broken, 3) or "outside the space"


def _how(iteration: Iteration) -> str:
    """Who proposed how many candidates, how the batch was chosen, and what the models had to say."""
    screening, lines = iteration.notes.screening, []
    if screening.proposed:
        lines.append("Candidates: " + listed((f"{n} by {plain(o)}" for o, n in screening.proposed.items()), 12) + ".")
    lines += [f"- {plain(note)}" for note in screening.notes[:_NOTES]]
    lines += [f"- {plain(str(told['note']))}" for told in iteration.notes.training.values() if told.get("note")]
    return "\n".join(lines)
