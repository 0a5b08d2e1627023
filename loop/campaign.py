"""A campaign from Python: the next alloys to validate, what was measured of them, and what is known by now."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from html import escape
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import pandas as pd

from alloys.errors import InputError
from alloys.records import Failed, FailureKind, Measured, quantities
from alloys.space.variables import Variables
from loop.config.data import lines_on_lacking
from loop.drive.driver import Driver
from loop.drive.opened import OpenCampaign
from loop.drive.schedule import shown_to
from loop.execute.local import LocalExecutor
from loop.people.doubts import surprises
from loop.people.frames import OBSERVED, designs_in, read_frame
from loop.people.from_frame import remove, write_campaign
from loop.review.desk.tracker import Tracker
from loop.review.explain import explain_document, explain_tables
from loop.review.frames import best_frame, explanation_frame, predictions_frame, results_frame, suggestions_frame
from loop.review.predict import predict_document
from loop.review.report import best_document
from loop.store import Added

Alloys = Any
"""One alloy (a formula, `Composition` or `Design`, or a Composition or Structure of pymatgen), several, or a frame with
a column ``formula``."""


log = logging.getLogger(__name__)


class Campaign(OpenCampaign):
    """A design campaign that is driven by the command line, or by hand with `suggest` and `observe`.

    Made by `open` or `from_frame`. While it is open, no other process can drive the same campaign.
    """

    @classmethod
    def from_frame(
        cls,
        table: pd.DataFrame,
        *,
        maximize: str | Sequence[str] = (),
        minimize: str | Sequence[str] = (),
        match: Mapping[str, float | tuple[float, float]] | None = None,
        constraints: Sequence[str] = (),
        name: str = "campaign",
        directory: Path | str = "campaigns",
        balance: str | None = None,
        **settings: Any,
    ) -> Self:
        """Makes a campaign of a frame of results, which a person drives, or goes on with the one that it made before.

        Which column is what is guessed, as ``alloyloop init`` does it: formulas or amounts of elements, units and
        standard deviations. The frame and the configuration lie in the campaign's folder, as ``table.csv`` and
        ``campaign.yaml``.

        Args:
            table: results, one row for each measurement.
            maximize: a property or several, by their columns.
            minimize: likewise.
            match: what properties should be, a value or the ends of a range.
            constraints: such as ``density <= 8``.
            name: of the campaign.
            directory: where campaigns lie.
            balance: the element that takes the rest to 100 %.
            settings: further keys of a configuration, such as ``seed=1``.

        Raises:
            InputError: if the frame cannot be understood, or the campaign began with another one. Nothing is made then.
        """
        goals = [("maximize", one) for one in _names(maximize)] + [("minimize", one) for one in _names(minimize)]
        goals += [("match", f"{one}={_ends(value)}") for one, value in (match or {}).items()]
        config, made = write_campaign(table, goals, constraints, name, Path(directory), balance, settings)
        try:
            return cls.open(config)
        except BaseException:
            if made:
                remove(made)
            raise

    def suggest(self, n: int) -> pd.DataFrame:
        """The next compositions to validate, with what the model thinks of them.

        The suggestions are recorded as an iteration. While none of the last ones is answered, those come back,
        however many are asked for; see `pending` for all that is out. The first ones of a campaign are its start.

        Args:
            n: how many.

        Returns:
            one row per alloy: ``formula``, one column of atomic fraction per element, one per variable of the
            designs where they have some, ``origin``, ``why`` and, once there is a model, ``probability_feasible`` and
            ``predicted_NAME`` and ``predicted_NAME_std`` for each modelled property.

        Raises:
            InputError: if ``n`` is not a positive whole number.
        """
        n = _count(n, "suggestions")
        self._settle()
        index = len(self.store.iterations()) - 1
        last = self.store.proposals(index) if index >= 0 else []
        if last and self.store.open_counts().get(index, 0) == len(last):
            return suggestions_frame(last, self.problem.elements)
        self._driver().propose(n)
        return suggestions_frame(self.store.proposals(len(self.store.iterations()) - 1), self.problem.elements)

    def pending(self) -> pd.DataFrame:
        """Every suggestion that is not answered yet, as `suggest` gives it."""
        waiting = {job.key for job in self.store.open_jobs()}
        return suggestions_frame((p for p in self.store.proposals() if p.key in waiting), self.problem.elements)

    def observe(self, table: pd.DataFrame, *, source: str = OBSERVED) -> Added:
        """Takes measured properties: a frame of `suggest` in which a column is filled in, or any other one.

        It has a column ``formula``, and one for each property, named as it is (``hardness``) or with a unit (``hardness
        [GPa]``); ``NAME_std`` is the standard deviation. Where suggested designs have variables, each is a column too.
        A column ``failure`` may say why an alloy could not be measured; such a row has no values. What a campaign's own
        frames say beside that is passed over, and so is a row in which nothing is filled in.

        The same rows again change nothing; other values of a known alloy are further measurements. A suggested alloy is
        answered once everything that the goal asks of it is known; until then what is known of it is kept, and it
        stays out. Other alloys teach the model too, whether they are in the space or not.

        Args:
            table: the measurements; NA, NaN, None and empty cells are unknown.
            source: who measured, kept with each result; a column ``source`` says it for its row.

        Raises:
            InputError: naming every row that is wrong: unknown columns, text in numbers, impossible values, amounts
                that are not the formula's; or if nothing is measured. Nothing is stored then.
        """
        view = self.view()
        wanted = view.problem.validated
        space = self.problem.space
        rows = read_frame(table, wanted, space, self.problem.properties, source, view.nameable)
        open_jobs = {job.request.design: job for job in self.store.open_jobs()}
        known = {row.design: row.values for row in view.rows}
        plain, answers, several = [], 0, len(self.tiers) > 1
        for row in rows:
            job = open_jobs.get(row.design)
            # Of several validators none is answered by a person's result, which stands above them.
            complete = not several and (row.failure or set(wanted) <= {*known.get(row.design, {}), *row.values})
            if job is None or not complete:
                plain.append(row)
                continue
            measured = Measured(quantities(row.values, self.problem.properties, row.stds))
            verdict = Failed(FailureKind.PHYSICS, row.failure) if row.failure else measured
            self.store.answer(job.key, verdict, source=row.source)
            del open_jobs[row.design]
            answers += 1
        added = self.store.add_observations(plain)
        for line in lines_on_lacking([row.design for row in rows], space.variables):
            log.warning("%s", line)
        for line in surprises(rows, self.store.proposals()):
            log.warning("%s, as predicted; if it is a slip: alloyloop data correct %s", line, self.config.name)
        self._settle()
        return Added(added.new + answers, added.repeats, added.known)

    # Looking ------------------------------------------------------------------------------------------------

    def results(self) -> pd.DataFrame:
        """Every measurement that counts, by its number: ``formula``, variables, values, ``NAME_std``, ``source``."""
        return results_frame(self.store.observations())

    def best(self, n: int = 10) -> pd.DataFrame:
        """The best alloys first, those that are feasible before all others: values, and predictions before them.

        Raises:
            InputError: if ``n`` is not a positive whole number.
        """
        view = self.view()
        return best_frame(best_document(view, _count(n, "alloys")), view.goal.names)

    def predict(self, alloys: Alloys) -> pd.DataFrame:
        """What is known or predicted of alloys: ``predicted_NAME`` with ``_std``, its 90 % interval, and its source.

        Raises:
            InputError: for a formula that is none, or an alloy with an element outside the campaign's.
        """
        view = self.view()
        return predictions_frame(predict_document(view, designs_in(alloys, view.space.variables, view.nameable)))

    def explain(self, alloy: Any) -> pd.DataFrame:
        """Why an alloy was selected, or what speaks for and against it now: sentences first, then numbers.

        Raises:
            InputError: as `predict`.
        """
        view = self.view()
        (design,) = designs_in([alloy], Variables(), view.nameable)
        then = self.view(*shown_to(self.store, design))
        document = explain_document(view, self.store.proposals(), design, then)
        return explanation_frame(document, (part for part in explain_tables(document) if isinstance(part, str)))

    def __repr__(self) -> str:
        """Name, goal, and how much is known."""
        goal = str(self.problem.goal)
        counts = f"{len(self.store.observations())} results, {len(self.store.open_jobs())} alloys waited for"
        return f"Campaign({self.config.name!r}: {goal}; {counts})"

    def _repr_html_(self) -> str:
        """The same with the best alloys, for notebooks."""
        table: Any = self.best(5)
        return f"<p>{escape(repr(self))}</p>{table.to_html(index=False, float_format='{:.4g}'.format)}"

    def _driver(self) -> Driver:
        return Driver(self, LocalExecutor(), by_hand=True)

    def _settle(self) -> None:
        """Closes iterations that wait for nothing, and shows them in MLflow if tracking is on."""
        if self._driver().settle() and self.config.tracking.enabled:
            Tracker(self.store, self.config).show()


def _count(n: Any, what: str) -> int:
    if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
        raise InputError(f"the number of {what} must be a whole number of at least 1, got {n!r}")
    return int(n)


def _names(given: Any) -> list[Any]:
    """One name or several; none where it is unknown."""
    if pd.api.types.is_scalar(given):
        return [] if pd.isna(given) else [given]
    return list(given)


def _ends(value: float | tuple[float, float]) -> str:
    """A value, or the ends of a range, as an objective has them."""
    return "..".join(map(str, value)) if isinstance(value, tuple) else str(value)
