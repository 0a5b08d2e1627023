"""``alloyloop evaluate``: how good the loop's parts are; one file for each command."""

from __future__ import annotations

import typer

from loop.cli.evaluate import augmentation, formulas, generalisation, generators, strength

app = typer.Typer(help="How good the loop's parts are.", no_args_is_help=True, add_completion=False)
app.command("generators")(generators.generators)
app.command("formulas")(formulas.formulas)
app.command("generalisation")(generalisation.generalisation)
app.command("augmentation")(augmentation.augmentation)
app.command("strength")(strength.strength)


@app.callback()
def evaluate() -> None:
    """How good the loop's parts are."""
