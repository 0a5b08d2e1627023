"""Which numbers of the database become lines of the campaign's charts, and in which group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from loop.store import Metric

Series = Mapping[str, Mapping[int, Metric]]
"""By the name of a chart, points by iteration."""

_PLAIN = {
    "hypervolume": "found/hypervolume",
    "feasible_share": "found/feasible_share",
    "observations": "found/results",
    "failed": "found/failed",
    "schedule.seconds": "cost/seconds",
    "schedule.validators_idle_share": "cost/validators_idle_share",
}
_BEGINNINGS = {
    "best.": "found/best.",
    "batches.coverage.": "trust/coverage.",
    "batch.rmse.": "trust/error.",
    "loo.inflation.": "trust/inflation.",
    "queue.": "queue/",
}
_PLAIN |= {f"seconds.{work}": f"cost/{work}_seconds" for work in ("train", "fit", "propose", "screen", "validate")}
_OF_A_FAMILY = ("share", "hits", "valid_share", "coverage", "pairwise_cosine")
"""What is shown of each family of generators: its share of the batch, which of that is feasible, signs of collapse."""


def chart_of(name: str) -> str | None:
    """The chart of a number of the database, ``GROUP/NAME``; None for those that are only kept.

    >>> chart_of("batches.coverage.density"), chart_of("generator.cvae.hits"), chart_of("batch.nll.density")
    ('trust/coverage.density', 'generators/hits.cvae', None)
    """
    if name in _PLAIN:
        return _PLAIN[name]
    if name.startswith("generator."):
        family, _, what = name.removeprefix("generator.").rpartition(".")
        return f"generators/{what}.{family}" if what in _OF_A_FAMILY else None
    for beginning, chart in _BEGINNINGS.items():
        if name.startswith(beginning):
            return chart + name.removeprefix(beginning).replace("%", "percent")
    return None


def charts(metrics: Iterable[Metric]) -> Series:
    """The charts of a campaign: those that say something, which a line of zeros does not."""
    found: dict[str, dict[int, Metric]] = {}
    for metric in metrics:
        chart = chart_of(metric.name)
        if chart is not None and metric.iteration is not None:
            found.setdefault(chart, {})[metric.iteration] = metric
    return {chart: points for chart, points in found.items() if any(point.value for point in points.values())}
