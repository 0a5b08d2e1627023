"""The figures of a paper from a reproduction's trained models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from generators.evaluation.measuring import EvaluationGround
from generators.evaluation.reproduction.pictures.debnath import debnath_pictures
from generators.evaluation.reproduction.pictures.records import DebnathPictures, TungPictures
from generators.evaluation.reproduction.pictures.tung import Entered, tung_pictures
from generators.evaluation.reproduction.published import PATH, ROOT_GPA_J_M2
from generators.evaluation.reproduction.run import ParticipantOutcome


def pictures_of(
    paper: str, outcomes: Sequence[ParticipantOutcome], ground: EvaluationGround
) -> TungPictures | DebnathPictures:
    """The figures of one of `generators.evaluation.reproduction.published.PAPERS`, of all participants.

    Args:
        paper: its name.
        outcomes: participants with their trained samplers.
        ground: what they were trained on and asked for.
    """
    entered = [Entered(outcome.samplers, outcome.participant.published) for outcome in outcomes]
    if paper.startswith("tung"):
        path = np.array([PATH[0], PATH[1] * ROOT_GPA_J_M2])
        return tung_pictures(entered, ground.data, path, ground.plan)
    return debnath_pictures(entered, ground.data, ground.plan.samples)
