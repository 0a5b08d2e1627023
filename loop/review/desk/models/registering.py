"""Registers a campaign's surrogate and generator in MLflow: a version is told by the digest of its model."""

from __future__ import annotations

import importlib.metadata
import json
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from loop.choose.fitting import fit_surrogate, kept_hyperparameters
from loop.review.desk.models.knowledge import knowledge
from loop.review.desk.store import MlflowStore
from loop.review.frames import predictions_frame
from loop.review.generate import GeneratorSource, from_file, newest_weights
from loop.review.predict import predict_document
from loop.store import CampaignStore
from loop.store.files import inside
from loop.view import View

DIGESTS = "alloyloop.models"
"""Tag of the campaign's run: by the kind of a model, the digest of the version that was registered last."""
NEWEST = "newest"
"""Alias of the version that was registered last."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A model that is to be registered.

    Attributes:
        kind: what it is, ``surrogate`` or ``generator``; the file of its code has this name.
        digest: of everything that decides what it answers.
        files: its artifacts by name.
        example: an input of one row.
        signature: columns in and out, and parameters.
        about: what it is, for people.
    """

    kind: str
    digest: str
    files: Mapping[str, Path]
    example: pd.DataFrame
    signature: Any
    about: str


def register(desk: MlflowStore, run: Any, store: CampaignStore, view: View, folder: Path) -> None:
    """Registers the campaign's models as they are now, where that was not done before.

    Args:
        desk: the store.
        run: of the campaign.
        store: the campaign's database.
        view: what is known.
        folder: of the campaign.
    """
    done: dict[str, str] = json.loads(run.data.tags.get(DIGESTS, "{}"))
    with tempfile.TemporaryDirectory() as scratch:
        for model in (surrogate_of(view, store, folder, Path(scratch)), generator_of(store, folder)):
            if model is not None and done.get(model.kind) != model.digest:
                _log(desk, run, f"{view.config.name}.{model.kind}", model)
                done[model.kind] = model.digest
                desk.tags(run, {DIGESTS: json.dumps(done)})


def surrogate_of(view: View, store: CampaignStore, folder: Path, scratch: Path) -> Registered | None:
    """The surrogate of everything that is known; None while nothing is."""
    answered = [row for row in view.rows if row.failure is None]
    if not answered:
        return None
    with kept_hyperparameters(folder / "campaign.db"):
        surrogate = fit_surrogate(view)
    design = answered[0].design
    example = pd.DataFrame([{"formula": design.formula, **design.values}])
    files = {"knowledge": scratch / "knowledge.json", "hyperparameters": scratch / "hyperparameters.json"}
    files["knowledge"].write_text(json.dumps(knowledge(view, store.acts())), encoding="utf-8")
    kept = folder / "models" / "hyperparameters.json"
    files["hyperparameters"].write_bytes(kept.read_bytes() if kept.exists() else b"{}")
    told = predictions_frame(predict_document(view, [design], surrogate=surrogate))
    signature = _inferred(example, told)
    about = f"Predicts alloys as `alloyloop predict {view.config.name}` does, from {len(view.rows)} results."
    return Registered("surrogate", surrogate.digest, files, example, signature, about)


def generator_of(store: CampaignStore, folder: Path) -> Registered | None:
    """The newest generator; None before the first training."""
    newest = newest_weights(store)
    if newest is None or not (path := inside(folder, newest.path)).exists():
        return None
    source = from_file(path)
    schema = mlflow.types.Schema([mlflow.types.ColSpec("double", name, required=False) for name in _askable(source)])
    number = mlflow.types.ParamSpec
    params = mlflow.types.ParamSchema([number("n", "long", 8), number("seed", "long", 0)])
    signature = mlflow.models.ModelSignature(inputs=schema, params=params)
    name, spread = next(iter(source.spreads.items()))
    about = f"Draws designs for targets; {source.generator.name}, trained in iteration {newest.iteration}."
    return Registered("generator", path.stem, {"weights": path}, pd.DataFrame([{name: spread.mean}]), signature, about)


def _askable(source: GeneratorSource) -> tuple[str, ...]:
    return tuple(name for name in source.generator.properties if name in source.spreads)


def _inferred(example: pd.DataFrame, told: pd.DataFrame) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of whole numbers that may be missing some day
        return mlflow.models.infer_signature(example, told.dropna(axis="columns"))


def _log(desk: MlflowStore, run: Any, name: str, model: Registered) -> None:
    client, version = desk.client, importlib.metadata.version("alloyloop")
    made = client.create_logged_model(
        desk.experiment, model.kind, source_run_id=run.info.run_id, tags={"digest": model.digest}, model_type=model.kind
    )
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(
            f"{scratch}/model",
            python_model=str(Path(__file__).with_name(f"{model.kind}.py")),
            artifacts={key: path.resolve().as_uri() for key, path in model.files.items()},
            signature=model.signature,
            input_example=model.example,
            pip_requirements=[f"alloyloop=={version}"],
        )
        client.log_model_artifacts(made.model_id, f"{scratch}/model")
    client.finalize_logged_model(made.model_id, "READY")
    client.log_outputs(run.info.run_id, [desk.entities.LoggedModelOutput(made.model_id, 0)])
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name, description=model.about)
    # MLflow looks for ``models:/`` in the store of the environment, which for a local one is another.
    source = made.artifact_location if desk.address.folder else f"models:/{made.model_id}"
    added = client.create_model_version(
        name, source, run.info.run_id, tags={"digest": model.digest}, description=model.about, model_id=made.model_id
    )
    client.set_registered_model_alias(name, NEWEST, added.version)
