"""Latent spaces: where the training alloys lie in them, and what lies between two alloys.

References:
    Tung, Y. C., Debnath, A. & Reinhart, W. F. (2022). Evaluating generative models for inverse design of high-entropy
        refractory alloys, figure 7, and section 4.4 with figures 15 to 17.
    Beckham, C. et al. (2019). On adversarial mixup resynthesis. NeurIPS, section 2: codes of two real samples mixed in
        a convex combination, or dimension by dimension from either (Bernoulli mixup). Their mixes are also trained to
        deceive a critic; here they are decoded as they are.
    Burda, Y., Grosse, R. & Salakhutdinov, R. (2016). Importance weighted autoencoders. ICLR, section 5: a dimension is
        active where the means of its posterior vary.
"""

from __future__ import annotations

import numpy as np

from alloys.space import Floats
from generators.evaluation.oracle import Oracle
from generators.evaluation.reproduction.interface import Encoder, LatentModel
from generators.evaluation.reproduction.pictures.records import (
    Histogram,
    LatentPicture,
    PathPicture,
    grid,
    number,
    rounded,
)
from generators.evaluation.table import LabelledAlloys
from generators.likeness import directions

ACTIVE = 0.01
"""Share of a dimension's variance from which it counts as active (Burda 2016, whose prior has variance 1)."""

REACH = 4.0
"""Latents are shown so many standard deviations of the widest dimension to both sides."""

BINS = 48
STEPS = 21
"""Compositions along a path."""

ENDS = 32
"""Latents, or real alloys nearest to the condition, among which the ends of a path are chosen."""


def latent_picture(model: Encoder, data: LabelledAlloys, seed: int) -> LatentPicture:
    """Latents of the training alloys, one draw of each from the encoder's distribution."""
    means, deviations = model.encode(data.fractions, data.values)
    drawn = means + deviations * np.random.default_rng(seed).standard_normal(means.shape)
    reach = REACH * max(float(drawn.std(axis=0).max()), 1.0)
    active = means.var(axis=0) > ACTIVE * drawn.var(axis=0)
    shown = [Histogram.of(column, -reach, reach, BINS) for column in drawn.T]
    return LatentPicture(shown, rounded(deviations.mean(axis=0)), int(active.sum()))


def path_pictures(
    model: LatentModel, encoder: Encoder | None, data: LabelledAlloys, oracle: Oracle, condition: Floats, seed: int
) -> list[PathPicture]:
    """Compositions along the line between two random latents and, with an encoder, between two real alloys' codes.

    Args:
        model: decodes.
        encoder: the same model where it encodes, None where it does not.
        data: the training alloys.
        oracle: tells properties.
        condition: shape ``(p,)``, fixed along each path.
        seed: of the latents and of the order in which dimensions change over.
    """
    rng = np.random.default_rng(seed)
    latents = rng.standard_normal((ENDS, model.latent_size))
    if encoder is not None:  # the codes of an autoencoder without a prior have a scale of their own
        means, deviations = encoder.encode(data.fractions, data.values)
        latents = means.mean(axis=0) + np.sqrt(means.var(axis=0) + (deviations**2).mean(axis=0)) * latents
    ends = _apart(latents, model.decode(latents, np.tile(condition, (ENDS, 1))))
    found = {"between two random latents": _line(*ends)}
    if encoder is not None:
        near = np.argsort(np.abs(data.values / condition - 1).max(axis=1), kind="stable")[:ENDS]
        codes = _apart(encoder.encode(data.fractions[near], data.values[near])[0], data.fractions[near])
        found["mixup of two real alloys' codes"] = _line(*codes)
        found["Bernoulli mixup of the same codes"] = _dimension_by_dimension(*codes, rng)
    return [_path(kind, model.decode(rows, np.tile(condition, (STEPS, 1))), oracle) for kind, rows in found.items()]


def _apart(latents: Floats, fractions: Floats) -> tuple[Floats, Floats]:
    """The first latent, and the one whose composition is least like its."""
    lines = directions(fractions)
    return latents[0], latents[int(np.argmin(lines @ lines[0]))]


def _line(first: Floats, last: Floats) -> Floats:
    share = np.linspace(0, 1, STEPS)[:, None]
    return np.asarray((1 - share) * first + share * last)


def _dimension_by_dimension(first: Floats, last: Floats, rng: np.random.Generator) -> Floats:
    """Each step takes more dimensions from the last code, in a random order, and the others from the first."""
    place = rng.permutation(len(first)) / len(first)
    share = np.linspace(0, 1, STEPS)[:, None]
    return np.where(place < share, last, first)


def _path(kind: str, fractions: Floats, oracle: Oracle) -> PathPicture:
    changes = np.abs(np.diff(fractions, axis=0)).sum(axis=1) / 2
    length = float(changes.sum())
    abruptness = float(changes.max() / changes.mean()) if length > 1e-6 else float("nan")
    return PathPicture(kind, grid(np.round(fractions, 4)), grid(oracle(fractions)), number(abruptness), number(length))
