"""Which foreign tasks a property's model takes in: those that do not harm what is said of one's own observations.

A task of 20 points or more must first tell of itself: each of its points, left out, better by the others than by
their mean. Noise does not. Then the property's model with the task and the one without it are compared by the
densities that they give to each own observation left out. Until that speaks against a task by more than `PATIENCE`
nats it stays: that the same property elsewhere says something of it here is the better guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import NDArray

from alloys.space import Floats
from surrogates.model.bayesian import Mixture
from surrogates.model.features import Scaling
from surrogates.model.output import Output, modelled
from surrogates.model.sparse import ResidualPrior
from surrogates.model.training import Training
from surrogates.model.transfer.link import TaskLink, learn_link
from surrogates.model.transfer.linked import Foreign, LinkedGP
from surrogates.model.transfer.tasks import CLEAR, EACH, TELLING, DescribedTask, tells_of_itself
from surrogates.model.transfer.voting import PATIENCE, Lesson, with_linked_voters
from surrogates.model.voting.votes import Votes


@dataclass(frozen=True, slots=True)
class _OwnRows:
    """Own observations of one property, on the model's scale.

    Attributes:
        x: scaled inputs, shape ``(n, d)``.
        y: shape ``(n,)``.
        prior: what was expected of them.
        asked: the batch of each; None where there were none.
    """

    x: Floats
    y: Floats
    prior: ResidualPrior
    asked: NDArray[np.int64] | None


def with_tasks(
    output: Output, own: Training, scaling: Scaling, tasks: Sequence[DescribedTask], notes: list[str]
) -> Output:
    """The model of one property with those foreign tasks that help it; the same where none does.

    Args:
        output: the model without them.
        own: own observations.
        scaling: of the inputs.
        tasks: foreign ones.
        notes: receives a line for each task that says something of the property: whether it is used, and why.
    """
    rows = modelled(output.name, own.described, own.table, own.stds)
    known, targets, prior = rows[3:]
    at = _OwnRows(
        scaling.apply(own.described.raw())[known], targets, prior, None if own.asked is None else own.asked[known]
    )
    lessons = [lesson for task in tasks if (lesson := _lesson(output, task, scaling, notes)) is not None]
    if not lessons:
        return output
    if isinstance(output.gp, Votes):
        return _voting(output, at, lessons, notes)
    found = [(lesson, *_linked(output, at, [lesson])) for lesson in lessons]
    kept = []
    for lesson, linked, link, gain in found:
        notes.append(f"{output.name}: {_told(lesson.name, link, gain)}")
        if linked is not None and gain >= -PATIENCE:
            kept.append((replace(lesson, link=link), linked, gain))
    if not kept:
        return output
    best = max(kept, key=lambda each: each[2])
    if len(kept) == 1:
        return best[1].recalibrated(notes, at.asked)
    together, _, gain = _linked(output, at, [lesson for lesson, _, _ in kept])
    if together is None or gain < best[2]:
        notes.append(f"{output.name}: {best[0].name} alone tells more than all together, and is used alone")
        return best[1].recalibrated(notes, at.asked)
    return together.recalibrated(notes, at.asked)


def is_linked(output: Output) -> bool:
    """Whether a foreign task takes part in a model."""
    models = [voter.model for voter in output.gp.voters] if isinstance(output.gp, Votes) else [output.gp]
    members = [member for model in models for member in (model.members if isinstance(model, Mixture) else (model,))]
    return any(isinstance(member, LinkedGP) for member in members)


def _lesson(output: Output, task: DescribedTask, scaling: Scaling, notes: list[str]) -> Lesson | None:
    """What a task says of a property, if it says something."""
    known = task.known
    if output.name not in known.table:
        return None
    if output.chained:
        notes.append(f"{output.name}: {task.name} is not used, as the property follows from {output.source}")
        return None
    rows, targets, prior = modelled(output.name, known.described, known.table, known.stds)[3:]
    if not rows.any():
        notes.append(f"{output.name}: {task.name} is not used, as what physics expects of its points is not known")
        return None
    gp, x = task.fitted(prior, scaling, rows, targets)
    assert gp is not None
    if len(targets) >= TELLING and (tells := tells_of_itself(gp)) < CLEAR + EACH * len(targets):
        notes.append(
            f"{output.name}: {task.name} is left out: its {len(targets)} points do not tell of each other "
            f"({tells:+.1f} nats over their mean)"
        )
        return None
    return Lesson(task.name, x, targets, prior.given, gp, task.columns())


def _linked(output: Output, own: _OwnRows, lessons: Sequence[Lesson]) -> tuple[Output | None, TaskLink | None, float]:
    """The model with some tasks, how it is linked to them, and the gain in nats by own observations left out."""
    by_size = sorted(lessons, key=lambda lesson: -len(lesson.y))
    parts = [lesson.gp for lesson in by_size]
    scatter, given = own.prior.scatter, own.prior.given
    try:
        if len(parts) == 1:
            link = learn_link(Foreign.of(parts, [1.0]), parts[0], own.x, own.y, scatter, given)
            foreign = Foreign.of(parts, [link.correlation])
        else:
            foreign = Foreign.of(parts, [lesson.correlation for lesson in by_size])
            link = learn_link(foreign, parts[0], own.x, own.y, scatter, given, (1.0,))
        gp = LinkedGP.linked(foreign, own.x, own.y, link.shift, link.scale, link.noise, given)
    except (RuntimeError, LinAlgError):
        return None, None, -np.inf
    linked = replace(output, gp=gp, amplitude=None, inflation=1.0, broad=max(output.broad, gp.scale))
    return linked, link, gain_of(linked, output)


def gain_of(linked: Output, plain: Output) -> float:
    """By how many nats own observations, each left out, are told better; 0 where there are fewer than two."""
    from scipy.stats import norm  # late: it imports for most of a second

    found, before = linked.leave_one_out(), plain.leave_one_out()
    if found is None or before is None:
        return 0.0
    return float(norm.logpdf(found[2], found[0], found[1]).sum() - norm.logpdf(before[2], before[0], before[1]).sum())


def _voting(output: Output, own: _OwnRows, lessons: Sequence[Lesson], notes: list[str]) -> Output:
    """The same for models that vote: processes that are linked with the tasks vote beside the others."""
    assert isinstance(output.gp, Votes)
    votes, said = with_linked_voters(output.gp, own.x, own.y, own.prior, lessons)
    notes += [f"{output.name}: {line}" for line in said]
    if votes is output.gp:
        return output
    return replace(output, gp=votes, amplitude=None, inflation=1.0).recalibrated(notes, own.asked)


def _told(name: str, link: TaskLink | None, gain: float) -> str:
    if link is None:
        return f"{name} is left out: no covariance with it can be factorised"
    verb = "is used" if gain >= -PATIENCE else "is left out: it harms"
    about = f"offset {link.shift:.4g}, scale {link.scale:.3g}, correlation {link.correlation:.2g}"
    return f"{name} {verb}; {about}, {gain:+.1f} nats by leaving one out"
