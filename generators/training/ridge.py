"""Ridge regression whose penalty has the least squared leave-one-out error, which a closed form gives.

References:
    Hoerl, A. E. & Kennard, R. W. (1970). Ridge regression. Technometrics 12, 55.
    Allen, D. M. (1974). The relationship between variable selection and data augmentation and a method for
        prediction. Technometrics 16, 125: the leave-one-out error in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alloys.space import Floats


def ridge(
    x: Floats, y: Floats, penalties: Sequence[float], *, mean_leverage: float = 0.0, least: float = 1e-12
) -> tuple[Floats, Floats]:
    """Slopes without intercept, shape ``(d,)``, and leave-one-out errors, shape ``(n,)``.

    Args:
        x: features, shape ``(n, d)``.
        y: values, shape ``(n,)``.
        penalties: of which one is taken.
        mean_leverage: leverage of a mean that was taken off before, ``1 / n``.
        least: smallest value of one minus the leverage, by which residuals are divided.
    """
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    errors = []
    for penalty in penalties:
        shrink = s**2 / (s**2 + penalty)
        leverage = (u**2) @ shrink + mean_leverage
        errors.append((y - u @ (shrink * (u.T @ y))) / np.maximum(1 - leverage, least))
    best = int(np.argmin([np.square(error).sum() for error in errors]))
    slopes = vt.T @ ((s / (s**2 + penalties[best])) * (u.T @ y))
    return np.asarray(slopes), np.asarray(errors[best])
