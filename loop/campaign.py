"""A campaign from Python: the next alloys to validate, and what was measured of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from alloys.dataset import MeasuredRow, parse_measurements
from alloys.errors import InputError
from alloys.records import Failed, FailureKind, Measured, Observation, quantities
from loop.drive.driver import Driver
from loop.drive.opened import OpenCampaign
from loop.execute.local import LocalExecutor
from loop.review.tracking import Tracker
from loop.store import Added, Proposal


class Campaign(OpenCampaign):
    """A design campaign that is driven by the command line, or by hand with `suggest` and `observe`.

    Made by `open`. While it is open, no other process can drive the same campaign.
    """

    def suggest(self, n: int) -> pd.DataFrame:
        """The next compositions to validate, with what the model thinks of them.

        The suggestions are recorded as an iteration. While none of the last ones is answered, those come back,
        however many are asked for; see `pending` for all that is out. The first ones of a campaign are its start.

        Args:
            n: how many.

        Returns:
            one row per alloy: ``formula``, one column of atomic fraction per element, one per variable of the
            designs where they have some, ``origin``, ``why`` and,
            once there is a model, ``probability_feasible`` and for each modelled property its name and ``NAME_std``.

        Raises:
            InputError: if ``n`` is not a positive whole number.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise InputError(f"the number of suggestions must be a whole number of at least 1, got {n!r}")
        self._settle()
        index = len(self.store.iterations()) - 1
        last = self.store.proposals(index) if index >= 0 else []
        if last and self.store.open_counts().get(index, 0) == len(last):
            return self._frame(last)
        self._driver().propose(n)
        return self._frame(self.store.proposals(len(self.store.iterations()) - 1))

    def pending(self) -> pd.DataFrame:
        """Every suggestion that is not answered yet, as `suggest` gives it."""
        waiting = {job.key for job in self.store.open_jobs()}
        return self._frame([proposal for proposal in self.store.proposals() if proposal.key in waiting])

    def _frame(self, proposals: Sequence[Proposal]) -> pd.DataFrame:
        return pd.DataFrame([self._suggestion(proposal) for proposal in proposals])

    def _suggestion(self, proposal: Proposal) -> dict[str, Any]:
        selection = proposal.selection
        design = selection.candidate.design
        amounts = design.composition.fractions()
        row: dict[str, Any] = {"formula": design.formula}
        row |= {symbol: amounts.get(symbol, 0.0) for symbol in self.problem.elements}
        row |= design.values
        row |= {"origin": selection.candidate.origin, "why": selection.why}
        if selection.prediction is not None:
            row["probability_feasible"] = selection.prediction.probability_feasible
            for name, mean in selection.prediction.means.items():
                row[name] = mean
                row[f"{name}_std"] = selection.prediction.stds[name]
        return row

    def observe(self, table: pd.DataFrame, *, source: str = "observed") -> Added:
        """Takes measured properties: a column ``formula`` and one for each property, in the table's units.

        Where suggested designs have variables, each is a column too.
        A column ``failure`` may say why an alloy could not be measured; such a row has no values. The same rows
        again change nothing; other values of a known alloy are further measurements. A suggested alloy is answered once
        everything that the goal asks of it is known; until then what is known of it is kept, and it stays out. Other
        alloys teach the model too, whether they are in the space or not.

        Args:
            table: the measurements; empty cells and NaN are unknown.
            source: who measured, kept with each result.

        Raises:
            InputError: naming every row that is wrong: unknown columns, text in numbers, impossible values. Nothing
                is stored then.
        """
        rows = self._checked(table)
        open_jobs = {job.request.design: job for job in self.store.open_jobs()}
        view = self.view()
        known, wanted = {row.design: row.values for row in view.rows}, set(view.problem.validated)
        plain, answers, several = [], 0, len(self.tiers) > 1
        for row in rows:
            job = open_jobs.get(row.design)
            # Of several validators none is answered by a person's result, which stands above them.
            complete = not several and (row.failure or wanted <= {*known.get(row.design, {}), *row.values})
            if job is None or not complete:
                plain.append(Observation(row.design, row.values, source, row.failure))
                continue
            verdict = Failed(FailureKind.PHYSICS, row.failure) if row.failure else Measured(quantities(row.values))
            self.store.answer(job.key, verdict, source=source)
            del open_jobs[row.design]
            answers += 1
        added = self.store.add_observations(plain)
        self._settle()
        return Added(added.new + answers, added.repeats, added.known)

    def _checked(self, table: pd.DataFrame) -> list[MeasuredRow]:
        if not isinstance(table, pd.DataFrame):
            raise InputError(f"observe takes a pandas DataFrame, got {type(table).__name__}")
        columns = [str(column) for column in table.columns]
        texts = [
            {name: _cell(value) for name, value in zip(columns, values, strict=True)}
            for values in table.itertuples(index=False, name=None)
        ]
        return parse_measurements(columns, texts, "the measurements", self.store.variables())

    def _driver(self) -> Driver:
        return Driver(self, LocalExecutor(), by_hand=True)

    def _settle(self) -> None:
        """Closes iterations that wait for nothing, and shows them in MLflow if tracking is on."""
        if self._driver().settle() and self.config.tracking.enabled:
            Tracker(self.store, self.config).sync()


def _cell(value: Any) -> str:
    return "" if value is None or (isinstance(value, float) and np.isnan(value)) else str(value)
