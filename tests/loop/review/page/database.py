"""What a campaign's database says, read with plain SQL: what the numbers of a report are held against."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from alloys.composition import Composition
from alloys.dataset import known_alloys
from alloys.design import Design
from alloys.problem import Problem

SURE = 1.6448536269514722
"""Half of a 90 % interval in standard deviations."""
_OPEN = ("held", "queued", "running", "retry_wait", "needs_review", "awaiting_human")


class Database:
    """The tables of a campaign, and each kind of number that its report may have.

    Args:
        path: the SQLite file.
        problem: the goal, with closed forms.
    """

    def __init__(self, path: Path, problem: Problem) -> None:
        self._problem, self._path = problem, path
        info = self.rows("SELECT * FROM campaign")[0]
        self.info, self.science = info, json.loads(info["config"])["science"]
        self.proposals = {row["design"]: row for row in self.rows("SELECT * FROM proposals WHERE tier = 0")}
        self.jobs = {row["key"]: row for row in self.rows("SELECT * FROM jobs")}
        gone = {(row["observation"], row["property"]) for row in self.rows("SELECT * FROM withdrawals")}
        self.seen: dict[str, list[dict[str, Any]]] = {}
        for row in self.rows("SELECT * FROM observations WHERE NOT replicate ORDER BY id"):
            values = {n: v for n, v in json.loads(row["values"]).items() if (row["id"], n) not in gone}
            if values or row["failure"]:
                told = {**row, "values": values, "stds": json.loads(row["stds"] or "{}")}
                self.seen.setdefault(row["design"], []).append(told)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Rows as plain dictionaries."""
        connection = sqlite3.connect(self._path)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(query)]
        finally:
            connection.close()

    def expected(self, source: str) -> float:
        """The number that the database says of a source.

        Raises:
            AttributeError: for a kind of number that nobody has checked.
        """
        kind, *of = source.split("|")
        check: Callable[..., float] = getattr(self, f"number_{kind.replace(' ', '_')}")
        return check(*of)

    # Values of designs --------------------------------------------------------------------------------------

    def _told(self, design: str, name: str) -> list[tuple[float, float | None]]:
        told = [(row["values"][name], row["stds"].get(name)) for row in self.seen[design] if name in row["values"]]
        assert told, (design, name)
        return told

    def number_measured(self, design: str, name: str) -> float:
        return fmean(value for value, _ in self._told(design, name))

    def number_scatter(self, design: str, name: str) -> float:
        told = self._told(design, name)
        return stdev(value for value, _ in told) if len(told) > 1 else float(told[0][1] or 0.0)

    def number_computed(self, design: str, name: str) -> float:
        return self._problem.exact(Design.from_canonical(design))[name]

    def _prediction(self, design: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.proposals[design]["prediction"])
        return document

    def number_predicted(self, design: str, name: str) -> float:
        return float(self._prediction(design)["means"][name])

    def number_predicted_std(self, design: str, name: str) -> float:
        return float(self._prediction(design)["stds"][name])

    def number_iteration(self, design: str) -> float:
        return float(self.proposals[design]["iteration"])

    def number_phase(self, design: str, at: str, place: str) -> float:
        job = self.jobs[self.proposals[design]["job_key"]]
        return float(json.loads(job["verdict"])["details"]["phases"][at][int(place)][1])

    # What was asked -----------------------------------------------------------------------------------------

    def number_bound(self, name: str, sign: str) -> float:
        mark = ">=" if int(sign) > 0 else "<="
        (bound,) = [float(t.split(mark)[1]) for t in self.science["constraints"] if t.split(mark)[0].strip() == name]
        return bound

    def number_target(self, name: str, place: str) -> float:
        (text,) = [text for text in self.science["objectives"] if text.split()[:2] == ["match", name]]
        return float(text.split()[2].split("..")[int(place)])

    def number_config(self, key: str) -> float:
        return float(self.science[key])

    # Counts -------------------------------------------------------------------------------------------------

    def values(self, design: str) -> dict[str, float]:
        """All that is known of a design."""
        names = {name for row in self.seen[design] for name in row["values"]}
        return self._problem.exact(Design.from_canonical(design)) | {n: self.number_measured(design, n) for n in names}

    def _feasible(self, iteration: int | None = None) -> list[dict[str, float]]:
        found = []
        for design, rows in self.seen.items():
            wanted = iteration is None or self.proposals[design]["iteration"] == iteration
            values = self.values(design)
            if wanted and any(row["values"] for row in rows) and self._problem.goal.feasible(values):
                found.append(values)
        return found

    def _points(self, values: list[dict[str, float]]) -> list[tuple[float, ...]]:
        return [tuple(o.sign * each[o.name] for o in self._problem.goal.objectives) for each in values]

    def number_count(self, what: str) -> float:
        points = self._points(self._feasible())
        beaten = [any(q != p and all(a >= b for a, b in zip(q, p, strict=True)) for q in points) for p in points]
        states = [job["state"] for job in self.jobs.values()]
        return {
            "validated": len(self.seen),
            "feasible": len(points),
            "front": beaten.count(False),
            "failed": sum(bool(row["failure"]) for rows in self.seen.values() for row in rows),
            "pending": sum(state in _OPEN for state in states),
            "people": sum(state in ("held", "needs_review", "awaiting_human") for state in states),
        }[what]

    def number_failures(self, reason: str) -> float:
        return sum(row["failure"] == reason for rows in self.seen.values() for row in rows)

    def number_kept(self, name: str, sign: str) -> float:
        bound, known = self.number_bound(name, sign), [self.values(design) for design in self.seen]
        return sum(name in values and int(sign) * (values[name] - bound) >= 0 for values in known)

    def number_known(self, name: str) -> float:
        return sum(name in self.values(design) for design in self.seen)

    # Iterations ---------------------------------------------------------------------------------------------

    def _of(self, index: str) -> list[str]:
        return [design for design, row in self.proposals.items() if row["iteration"] == int(index)]

    def number_index(self, index: str) -> float:
        return float([r["index"] for r in self.rows("SELECT * FROM iterations")].index(int(index)))

    def number_selected(self, index: str) -> float:
        return len(self._of(index))

    def number_validated(self, index: str) -> float:
        return sum(design in self.seen for design in self._of(index))

    def number_feasible(self, index: str) -> float:
        return len(self._feasible(int(index)))

    def number_failed(self, index: str) -> float:
        return sum(bool(row["failure"]) for design in self._of(index) for row in self.seen.get(design, []))

    def number_seconds(self, index: str) -> float:
        (row,) = self.rows(f'SELECT * FROM iterations WHERE "index" = {int(index)}')
        return round(row["finished"] - row["started"], 3)

    def number_hypervolume(self, index: str) -> float:
        """The area that the feasible designs dominate above the configured reference point; two objectives."""
        first, second = self._problem.goal.objectives
        low = [o.sign * self.science["reference_point"][o.name] for o in (first, second)]
        known = self._points([values for i in range(int(index) + 1) for values in self._feasible(i)])
        area, height = 0.0, low[1]
        for x, y in sorted(known, reverse=True):
            area += max(0.0, x - low[0]) * max(0.0, y - height)
            height = max(height, y)
        return area

    def number_gain(self, index: str) -> float:
        return self.number_hypervolume(index) / self.number_hypervolume(str(int(index) - 1)) - 1.0

    # Trust --------------------------------------------------------------------------------------------------

    def _errors(self, name: str) -> list[tuple[float, float]]:
        """Error and predicted standard deviation of each prediction whose answer is known."""
        asked = [d for d, row in self.proposals.items() if row["prediction"] and d in self.seen]
        known = [d for d in asked if any(name in row["values"] for row in self.seen[d])]
        return [
            (self.number_measured(d, name) - self.number_predicted(d, name), self.number_predicted_std(d, name))
            for d in known
        ]

    def number_predictions(self, name: str) -> float:
        return len(self._errors(name))

    def number_inside(self, name: str) -> float:
        return sum(abs(error) <= SURE * std for error, std in self._errors(name))

    def number_coverage(self, name: str) -> float:
        return self.number_inside(name) / len(self._errors(name))

    def number_rmse(self, name: str) -> float:
        return fmean(error**2 for error, _ in self._errors(name)) ** 0.5

    def number_sharpness(self, name: str) -> float:
        return fmean(std for _, std in self._errors(name))

    def number_nominal(self) -> float:
        return 0.9

    # Neighbours ---------------------------------------------------------------------------------------------

    def number_literature(self, design: str) -> float:
        return min(_exchanged(design, alloy.composition.fractions()) for alloy in known_alloys())

    def number_start(self, design: str) -> float:
        start = [d for d in self._of("0") if d in self.seen and d != design]
        return min(_exchanged(design, Design.from_canonical(d).composition.fractions()) for d in start)

    # Times --------------------------------------------------------------------------------------------------

    def number_created(self) -> float:
        return float(self.info["created"])

    def number_event(self, number: str) -> float:
        return float(self.rows(f"SELECT at FROM data_events WHERE id = {int(number)}")[0]["at"])

    def number_act(self, number: str) -> float:
        return float(self.rows(f"SELECT at FROM acts WHERE id = {int(number)}")[0]["at"])


def _exchanged(design: str, others: Mapping[str, float]) -> float:
    ours = Composition.from_canonical(design).fractions()
    return 50.0 * sum(abs(ours.get(s, 0.0) - others.get(s, 0.0)) for s in {*ours, *others})
