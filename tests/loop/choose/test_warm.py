"""Warm starts and guided candidates in campaigns: what starts from what, what is recorded, what a kill changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alloys.composition import Composition
from alloys.space import Points
from loop.campaign import Campaign
from loop.choose import steps
from loop.choose.fitting import fit_surrogate
from loop.choose.guidance import guidance_of
from loop.choose.training import train_generator
from loop.config.reading import check_config
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.execute.tasks import ModelTask
from loop.store import IterationState
from loop.store.notes import WarmWeights
from tests.loop.loop_helpers import DEFAULT, StoppedError, small_config

QUICK = {"epochs": 10, "retries": 0, "copies": 8}


def _campaign(folder: Path, **generator: object) -> Campaign:
    """A campaign by hand, so that answers cost nothing."""
    settings = {"families": {"cvae": QUICK}, "proposals": 100, **generator}
    return Campaign.open(small_config(folder, validator={"name": "external"}, generator=settings))


def _answers(formulas: list[str]) -> pd.DataFrame:
    """Answers that depend on the alloy: mixtures of melting points and the like, made up."""
    rows = []
    for formula in formulas:
        amounts = Composition.parse(formula).fractions()
        heavy = sum(amounts.get(symbol, 0.0) for symbol in ("Mo", "Nb", "Ta", "W"))
        rows.append(
            {
                "formula": formula,
                "solidus": 1900 + 700 * heavy,
                "freezing_range": 150 + 300 * amounts.get("Hf", 0.0) + 200 * amounts.get("Zr", 0.0),
                "bcc_fraction_1200c": 1 - 0.2 * amounts.get("Cr", 0.0),
                "bcc_fraction_1300c": 1 - 0.1 * amounts.get("Cr", 0.0),
                "specific_yield_strength_1300c": 10 + 20 * heavy,
            }
        )
    return pd.DataFrame(rows)


def _go_on(campaign: Campaign, iterations: int) -> Campaign:
    while sum(it.state is IterationState.CLOSED for it in campaign.store.iterations()) <= iterations:
        count = 2 if campaign.store.iterations() else 6
        campaign.observe(_answers(list(campaign.suggest(count)["formula"])))
    return campaign


def _models(campaign: Campaign) -> dict[int, str]:
    made = [artifact for artifact in campaign.store.artifacts() if artifact.name == "generator.cvae"]
    return {artifact.iteration: artifact.sha256 for artifact in made if artifact.iteration is not None}


@pytest.mark.parametrize(
    ("warm", "sources"),
    [
        pytest.param("none", [None] * 3, marks=pytest.mark.slow),
        pytest.param("first", [None, 1, 1], marks=pytest.mark.slow),
        ("last", [None, 1, 2]),
    ],
)
def test_what_an_iteration_started_from_is_recorded(tmp_path: Path, warm: str, sources: list[int | None]) -> None:
    with _go_on(_campaign(tmp_path, warm=warm, guided=False), 3) as campaign:
        models = _models(campaign)
        for index, source in enumerate(sources, start=1):
            notes = campaign.store.iteration(index).notes
            started = None if source is None else WarmWeights(source, models[source])
            assert notes.warm == {"cvae": started}
            assert notes.generators["cvae"].guided is False
            assert notes.screening.proposed["cvae"] == 100
            assert ("started from warm weights" in notes.training["cvae"]["note"]) == (source is not None)
        assert len(set(models.values())) == 3


def test_families_start_from_their_own_weights(tmp_path: Path) -> None:
    with _go_on(_campaign(tmp_path, warm="last", families={"cvae": QUICK, "flow": QUICK}), 2) as campaign:
        first = {artifact.name: artifact.sha256 for artifact in campaign.store.artifacts(1)}
        started = campaign.store.iteration(2).notes.warm
        for family in ("cvae", "flow"):
            assert started[family] == WarmWeights(1, first[f"generator.{family}"])


def test_weights_that_are_gone_are_done_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with _go_on(_campaign(tmp_path, warm="last"), 1) as campaign:
        (artifact,) = [a for a in campaign.store.artifacts() if a.name == "generator.cvae"]
        (campaign.folder / artifact.path).unlink()
        _go_on(campaign, 2)
        notes = campaign.store.iteration(2).notes
        assert notes.warm == {"cvae": None}
        note = "trained fresh, not from the weights of iteration 1: cannot read the weights"
        assert notes.training["cvae"]["note"].startswith(note)
        assert f"cvae: {note}" in caplog.text


def test_weights_of_another_network_are_done_without(tmp_path: Path) -> None:
    with _go_on(_campaign(tmp_path), 0) as campaign:
        view = campaign.view()
        known = steps.known_compositions(view, campaign.table)
        job = steps.training_job(view, known, 1, "cvae", QUICK)
        fresh = train_generator(job)
        for content, reason in (
            (train_generator(replace(job, settings={**QUICK, "hidden": 17})).content, "another network"),
            (fresh.content[:-100], "damaged"),
        ):
            trained = train_generator(replace(job, warm=content))
            assert (trained.digest, trained.warm) == (fresh.digest, None)
            assert trained.report.note.startswith("trained fresh: ")
            assert reason in trained.report.note
        warm = train_generator(replace(job, warm=fresh.content))
        assert warm.warm == fresh.digest != warm.digest


class _Killed(LocalExecutor):
    """Ends the work of an iteration right after, or before, one of its trainings."""

    def __init__(self, family: str, after: bool) -> None:
        super().__init__()
        self._family, self._after = family, after

    def begin(self, task: ModelTask) -> None:
        own = task.trains and task.argument.family == self._family
        if own and not self._after:
            raise StoppedError
        super().begin(task)
        if own:
            raise StoppedError


SETTING = {"warm": "last", "guided": True, "families": {"cvae": QUICK, "flow": QUICK}}


@pytest.fixture(scope="module")
def guided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    with _go_on(_campaign(tmp_path_factory.mktemp("guided"), **SETTING), 2) as campaign:
        yield campaign


@pytest.mark.parametrize(("family", "after"), [pytest.param("cvae", True, marks=pytest.mark.slow), ("flow", False)])
def test_killed_while_training_it_starts_from_the_same_weights(
    guided: Campaign, tmp_path: Path, family: str, after: bool
) -> None:
    with _go_on(_campaign(tmp_path, **SETTING), 1) as campaign, pytest.raises(StoppedError):
        Driver(campaign, _Killed(family, after), by_hand=True).propose(2)
    with _go_on(_campaign(tmp_path, **SETTING), 2) as again:
        wanted = [(p.selection.candidate, p.selection.score) for p in guided.store.proposals()]
        assert [(p.selection.candidate, p.selection.score) for p in again.store.proposals()] == wanted
        for key in ("warm", "generators"):
            assert getattr(again.store.iteration(2).notes, key) == getattr(guided.store.iteration(2).notes, key)


# Guided ----------------------------------------------------------------------------------------------------------


def _broken(campaign: Campaign, points: Points) -> np.ndarray:
    """What the surrogate says is missing of the constraints, shape ``(n,)``."""
    view = campaign.view()
    surrogate, known = fit_surrogate(view), steps.known_compositions(view, campaign.table)
    guidance = guidance_of(view, known, surrogate)
    return np.asarray(
        guidance.outlook(campaign.problem.space.fractions(points))[:, len(view.goal.objectives) :].sum(axis=1)
    )


def test_guided_candidates_are_nearer_to_feasible(tmp_path: Path) -> None:
    with _go_on(_campaign(tmp_path), 0) as campaign:
        view = campaign.view()
        known = steps.known_compositions(view, campaign.table)
        model = train_generator(steps.training_job(view, known, 1, "cvae", {"epochs": 100})).generator()
        guidance = guidance_of(view, known, fit_surrogate(view))
        plain = steps.propose(view, known, [(model, 200)], 1)
        guided = steps.propose(view, known, [(model, 200)], 1, guidance)
        ours, theirs = (pool.points[pool.origins == "cvae"] for pool in (guided, plain))
        assert len(ours) == 50
        assert len(theirs) == 200
        assert campaign.problem.space.contains(ours).all()
        assert _broken(campaign, ours).mean() < 0.5 * _broken(campaign, theirs).mean()
        for origin in ("random", "neighbour"):
            np.testing.assert_array_equal(
                guided.points[guided.origins == origin], plain.points[plain.origins == origin]
            )


def test_guided_candidates_are_recorded_as_such(guided: Campaign) -> None:
    for index in (1, 2):
        notes = guided.store.iteration(index).notes
        assert [used.guided for used in notes.generators.values()] == [True, True]
        drawn = {family: used.proposals for family, used in notes.generators.items()}
        assert sum(drawn.values()) == 100
        for family, count in drawn.items():
            assert notes.screening.proposed[family] == -(-count // 4)


# Configuration -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("warm: sometimes", "generator.warm: Input should be 'none', 'first' or 'last', got 'sometimes'"),
        ("guided: perhaps", "generator.guided: Input should be a valid boolean, got 'perhaps'"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "bad.yaml"
    text = DEFAULT.read_text(encoding="utf-8").replace("  family: cvae", f"  family: cvae\n  {line}")
    path.write_text(text, encoding="utf-8")
    assert any(message in mistake for mistake in check_config(path)[1])
