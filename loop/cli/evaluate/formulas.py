"""``alloyloop evaluate formulas``: generators of formulas, measured as MatGAN was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.table import Table

from alloys.errors import InputError
from loop.cli.console import Json, err, out, print_json

if TYPE_CHECKING:
    from generators.evaluation.formulas.known import KnownFormulas
    from generators.evaluation.formulas.run import FormulaOutcome

ABREAST = 3
"""Entrants in one table: more would cut their names."""


def formulas(
    data: Annotated[Path, typer.Argument(help="a CSV file with a column 'formula'")],
    samples: Annotated[int, typer.Option(min=1, help="formulas that each draws")] = 2_000_000,
    families: Annotated[str | None, typer.Option(help="families and baselines, by commas; all if none")] = None,
    rules: Annotated[bool, typer.Option("--rules/--no-rules", help="draw neutral and balanced formulas only")] = True,
    all_rows: Annotated[
        bool, typer.Option("--all-rows", help="learn all formulas, not only neutral and balanced ones")
    ] = False,
    half: Annotated[
        str, typer.Option(help="of the table: first, second or all; settings were chosen on the first")
    ] = "all",
    even: Annotated[float, typer.Option(min=0, max=1, help="learn common stoichiometries less, by this power")] = 0.0,
    most_atoms: Annotated[int, typer.Option(min=1, max=64, help="atoms of one element")] = 8,
    elements: Annotated[tuple[int, int], typer.Option(help="fewest and most elements of a formula")] = (2, 5),
    states: Annotated[
        str, typer.Option(help="oxidation states that count: icsd24, icsd24_common, smact14, icsd16 or pymatgen_sp")
    ] = "icsd24",
    settings: Annotated[Path | None, typer.Option(help="a YAML file of settings by family")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="training seeds")] = 1,
    models: Annotated[
        Path | None, typer.Option(help="folder that keeps trained weights, and where they are found")
    ] = None,
    json_: Json = False,
) -> None:
    """Measures generators of formulas: unique, novel, neutral, found again; beside ions substituted and random ones.

    For example: alloyloop evaluate formulas oqmd.csv --families wcgan --no-rules
    """
    from generators.evaluation.formulas.known import known_formulas  # late: with torch, as below
    from generators.evaluation.formulas.run import FormulaPlan, chosen_entrants, document, evaluate
    from loop.review.evaluation import read_settings

    _refuse(half, states, all_rows=all_rows, rules=rules)
    names = chosen_entrants([name.strip() for name in families.split(",")] if families else [])
    known = known_formulas(data, most_atoms, elements, states)  # type: ignore[arg-type]
    taken = f"{len(known.points)} of {known.rows} formulas taken, {known.balanced.sum()} neutral and balanced"
    err().print(taken, markup=False)
    known = known if all_rows else known.screened()
    plan = FormulaPlan(
        samples=samples, rules=rules, half=half, even=even, models=models,  # type: ignore[arg-type]
        settings=read_settings(settings) if settings else {},
    )  # fmt: skip
    outcomes = evaluate(known, names, plan, seeds, _tell)
    if json_:
        print_json(document(known, plan, outcomes))
    else:
        print_outcomes(known, outcomes)


def _tell(outcome: FormulaOutcome) -> None:
    err().print(f"{outcome.name}: measured with seed {outcome.seed}", markup=False)


def _refuse(half: str, states: str, *, all_rows: bool, rules: bool) -> None:
    from alloys.space.formula.ions import StateSet  # late, as above
    from generators.evaluation.formulas.known import Half

    for option, given, kind in (("--half", half, Half), ("--states", states, StateSet)):
        if given not in get_args(kind):
            raise InputError(f"{option} is one of {', '.join(get_args(kind))}, got {given!r}")
    if all_rows and rules:
        raise InputError("--all-rows are not all neutral and balanced, so they go with --no-rules only")


def print_outcomes(known: KnownFormulas, outcomes: list[FormulaOutcome]) -> None:
    """A column for each entrant and seed, a few abreast, then what the shares are shares of."""
    for start in range(0, len(outcomes), ABREAST):
        some = outcomes[start : start + ABREAST]
        table = Table(title=f"Formulas of {known.source}", title_justify="left")
        table.add_column("")
        for outcome in some:
            table.add_column(f"{outcome.name}, seed {outcome.seed}", justify="right")
        for head, cells in zip(
            _cells(some[0]), zip(*(_cells(each).values() for each in some), strict=True), strict=True
        ):
            table.add_row(head, *cells)
        out().print(table)
    out().print(
        "unique: distinct formulas of all drawn; novel: not learned from, of the distinct ones; balanced: neutral and "
        "balanced, of all drawn; new: distinct, balanced and not learned; found: of the held-out formulas; "
        "pairs of elements: shares, drawn against known; "
        f"memory: {max(o.measures.memory for o in outcomes):.2g} GB at most",
        markup=False,
    )


def _cells(outcome: FormulaOutcome) -> dict[str, str]:
    m = outcome.measures
    shares = {"unique %": m.unique, "novel %": m.novel, "novel, of all drawn %": m.novel_draws}
    shares |= {"balanced %": m.balanced, "balanced, of distinct %": m.balanced_unique}
    shares |= {f"found in {n} draws %": share for n, share in m.recovered.items()}
    new = {n: share for n, share in m.recovered_new.items() if n in m.recovered}
    return {
        "drawn": str(m.draws),
        "new": str(max(m.recovered_new)),
        **{head: f"{100 * share:.2f}" for head, share in shares.items()},
        **{f"found in {n} new %": f"{100 * new[n]:.2f}" if n in new else "" for n in m.recovered},
        "pairs: correlation": f"{m.pair_correlation:.3f}",
        "pairs: total variation": f"{m.pair_distance:.3f}",
        "training, CPU s": f"{outcome.training:.0f}",
        "drawing, CPU s": f"{m.seconds:.0f}",
    }
