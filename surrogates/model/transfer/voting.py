"""Processes that are linked with foreign tasks vote in place of those that know one's own observations alone.

Linked with a correlation of 0 they are such processes again, so that nothing is lost where a task says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import NDArray
from scipy.special import logsumexp

from alloys.space import Floats
from surrogates.model.bayesian import Mixture
from surrogates.model.gp import GP
from surrogates.model.sparse import ResidualPrior
from surrogates.model.transfer.link import TaskLink, learn_link
from surrogates.model.transfer.linked import Foreign, LinkedGP
from surrogates.model.transfer.tasks import digest, remembered
from surrogates.model.voting.votes import Voter, VoterData, Votes, weighed
from surrogates.model.warps import Identity, NormalScores, Warp

PATIENCE = 3.0
"""Nats by which own observations must speak against a foreign task before it is left out: odds of 20 to 1. What is
looked at is what looks good by the task, and among these it can tell little: of a helpful one as well, leaving one out
often says a little less than of none (`benchmarks.transfer`)."""

DRAWN = 3
"""Draws of the hyperparameters for each process."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a foreign task says of one property.

    Attributes:
        name: the task's.
        x: scaled inputs, shape ``(m, d)``.
        y: targets on the model's scale, shape ``(m,)``.
        given: their standard deviations, shape ``(m,)``, NaN where not given; None if none is.
        gp: the task alone.
        columns: the inputs through which it may be seen.
        link: how one's own task is linked with it, if that was learned.
    """

    name: str
    x: Floats
    y: Floats
    given: Floats | None
    gp: GP
    columns: NDArray[np.int64]
    link: TaskLink | None = None

    @property
    def correlation(self) -> float:
        """That of the link; 1 where it is still to be learned."""
        return 1.0 if self.link is None else self.link.correlation


def with_linked_voters(
    votes: Votes, x: Floats, y: Floats, prior: ResidualPrior, lessons: Sequence[Lesson]
) -> tuple[Votes, list[str]]:
    """The votes with linked processes for the own ones, where these do not harm; and what is to be said of each task.

    Args:
        votes: of own observations alone.
        x: own scaled inputs, shape ``(n, d)``.
        y: own targets, shape ``(n,)``.
        prior: of these.
        lessons: foreign tasks.
    """
    said, kept = list[str](), list[Lesson]()
    found = [(lesson, *_voters(votes, x, y, prior, [lesson])) for lesson in lessons]
    for lesson, voters, link in found:
        gain = _gain(votes.voters, voters, y)
        said.append(_told(lesson, link, gain))
        if voters and gain >= -PATIENCE:
            kept.append(replace(lesson, link=link))
    if not kept:
        return votes, said
    linked = next(voters for lesson, voters, _ in found if lesson.name == kept[0].name)
    if len(kept) > 1:
        linked = _voters(votes, x, y, prior, sorted(kept, key=lambda lesson: -len(lesson.y)))[0] or linked
    trees = votes.voters[-1]
    return replace(votes, voters=tuple(weighed([*linked, trees], y))), said


def _voters(
    votes: Votes, x: Floats, y: Floats, prior: ResidualPrior, lessons: Sequence[Lesson]
) -> tuple[list[Voter], TaskLink | None]:
    """Linked processes on the same inputs and scales as the own ones; none where one cannot be made."""
    seen = [set(lesson.columns.tolist()) for lesson in lessons]
    voters, first = list[Voter](), None
    for own in votes.voters:
        if not isinstance(own.model, Mixture) or not all(set(own.columns.tolist()) <= columns for columns in seen):
            continue
        try:
            voter, link = _linked_voter(own, x, y, prior, lessons)
        except (RuntimeError, LinAlgError):
            continue
        voters, first = [*voters, voter], first or link
    return voters, first


def _linked_voter(
    own: Voter, x: Floats, y: Floats, prior: ResidualPrior, lessons: Sequence[Lesson]
) -> tuple[Voter, TaskLink]:
    # Ranks among foreign values: they stay while own ones come, and go on evenly beyond.
    ranked = isinstance(own.warp, NormalScores)
    warp: Warp = NormalScores.of(np.concatenate([lesson.y for lesson in lessons])) if ranked else Identity()
    parts = [_alone(lesson, own.columns, warp, prior.scatter) for lesson in lessons]
    at = VoterData.of(x[:, own.columns], warp, y, prior.scatter, prior.given)
    links = [lesson.correlation for lesson in lessons]
    tried = {} if lessons[0].link is None else {"correlations": (1.0,)}
    link = learn_link(
        Foreign.of([part[0] for part in parts], links), parts[0][0], at.x, at.z, at.scatter, at.given, **tried
    )
    members = []
    for i in range(DRAWN):
        foreign = Foreign.of([part[i] for part in parts], [link.correlation * each for each in links])
        members.append(LinkedGP.linked(foreign, at.x, at.z, link.shift, link.scale, link.noise, at.given))
    name = f"{own.name}, linked with {', '.join(lesson.name for lesson in lessons)}"
    return Voter(name, own.weight, own.columns, warp, Mixture(tuple(members))), link


def _alone(lesson: Lesson, columns: NDArray[np.int64], warp: Warp, scatter: float) -> list[GP]:
    """Processes of a task alone, with hyperparameters from their posterior, `DRAWN` of them."""
    at = VoterData.of(lesson.x[:, columns], warp, lesson.y, scatter, lesson.given)
    at = replace(at, scale=max(at.scale, 1e-12))

    def drawn() -> list[GP]:
        return list(at.mixture(at.draws((), DRAWN, np.random.default_rng(len(lesson.y)))).members)

    return remembered(digest(at.x, at.z, at.given, at.scatter, columns.astype(np.float64)), drawn)


def _gain(plain: Sequence[Voter], linked: Sequence[Voter], y: Floats) -> float:
    """By how many nats linked models tell the order of own observations, each left out, better than the others."""
    if not linked:
        return -np.inf
    return _score(linked, y) - _score(plain, y)


def _score(voters: Sequence[Voter], y: Floats) -> float:
    scores = [voter.order_score(y) for voter in voters]
    return float(logsumexp(scores) - np.log(len(scores)))


def _told(lesson: Lesson, link: TaskLink | None, gain: float) -> str:
    if link is None:
        return f"{lesson.name} is left out: no covariance with it can be factorised"
    verb = "votes" if gain >= -PATIENCE else "is left out: it harms"
    return (
        f"{lesson.name} {verb}; offset {link.shift:.4g}, scale {link.scale:.3g}, correlation {link.correlation:.2g}, "
        f"{gain:+.1f} nats of order by leaving one out"
    )
