"""The code of a registered surrogate, which MLflow keeps with it and runs where it is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from loop.choose.fitting import fit_surrogate
from loop.people.frames import designs_in
from loop.review.desk.models.knowledge import view_from
from loop.review.frames import predictions_frame
from loop.review.predict import predict_document
from surrogates.model.learning.kept import kept_in


class SurrogateModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Predicts alloys as `loop.campaign.Campaign.predict` does, from the results that the campaign had."""

    def load_context(self, context: Any) -> None:
        """Conditions the Gaussian processes on the results, with the hyperparameters that were learned then."""
        places = {name: Path(path) for name, path in context.artifacts.items()}
        self._view = view_from(json.loads(places["knowledge"].read_text(encoding="utf-8")))
        with kept_in(places["hyperparameters"]):
            self._surrogate = fit_surrogate(self._view)

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """One row for each alloy.

        Args:
            context: of MLflow, not used.
            model_input: a column ``formula``, and one for each variable of the designs.
            params: none are known.

        Raises:
            InputError: for a formula that is none, or an alloy with an element outside the campaign's.
        """
        view = self._view
        designs = designs_in(model_input, view.space.variables, view.nameable)
        return predictions_frame(predict_document(view, designs, surrogate=self._surrogate))


mlflow.models.set_model(SurrogateModel())
