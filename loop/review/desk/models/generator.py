"""The code of a registered generator, which MLflow keeps with it and runs where it is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from alloys.errors import InputError
from generators.asking.request import parse_targets
from loop.people.frames import cell_text, plain_frame
from loop.review.generate import answer, from_file


class GeneratorModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Draws designs for targets, as ``alloyloop generate WEIGHTS`` does."""

    def load_context(self, context: Any) -> None:
        """Reads the weights, a safetensors file."""
        self._source = from_file(Path(context.artifacts["weights"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """``n`` designs for each row of targets, nearest first where a closed form tells: ``row`` says whose they are.

        Args:
            context: of MLflow, not used.
            model_input: a column for each property that has a target; an empty cell, or NA, leaves it free.
            params: ``n`` designs for each row, and the ``seed``.

        Raises:
            InputError: for two columns of one name, a row without a target, or one that the generator cannot be
                asked for.
        """
        chosen = {"n": 8, "seed": 0, **(params or {})}
        drawn = []
        for number, row in enumerate(plain_frame(model_input).to_dict("records")):
            wishes = [f"{name}={text}" for name, value in row.items() if (text := cell_text(value))]
            if not wishes:
                raise InputError(f"row {number} has no target; fill in at least one of {', '.join(map(str, row))}")
            found = answer(self._source, parse_targets(wishes), int(chosen["n"]), int(chosen["seed"]))
            drawn += [_flat(number, document, found.space.elements) for document in found.documents()]
        return pd.DataFrame(drawn)


def _flat(number: int, document: dict[str, Any], elements: tuple[str, ...]) -> dict[str, Any]:
    """One design as a row: formula, variables, fractions of the elements, targets, and what closed forms say."""
    flat = {"row": number, "formula": document["formula"], **document.get("variables", {})}
    flat |= {symbol: document["composition"].get(symbol, 0.0) for symbol in elements}
    flat |= {f"target_{name}": value for name, value in document["targets"].items()}
    return flat | {f"reached_{name}": value for name, value in document.get("reached", {}).items()}


mlflow.models.set_model(GeneratorModel())
