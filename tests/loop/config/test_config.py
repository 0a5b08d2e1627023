from __future__ import annotations

from pathlib import Path

import pytest

from alloys.errors import InputError
from alloys.intake.mapping import TableMap
from alloys.space.table import TableSpec
from alloys.space.varied import AlloySpec
from loop.config.reading import check_config, load_config
from loop.config.schema import CampaignConfig
from tests.loop.loop_helpers import DEFAULT, small_document
from tests.support.ideal import IDEAL_TDB
from validation.calphad.own.database import build_database


def _check(folder: Path, text: str) -> list[str]:
    path = folder / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    return check_config(path)[1]


GOOD = DEFAULT.read_text(encoding="utf-8")


def test_the_default_campaign_has_no_mistakes() -> None:
    config, mistakes = check_config(DEFAULT)
    assert mistakes == []
    assert config is not None
    assert config.batch == 8
    assert config.start.validate_count == 24


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ("Cr, Hf, Mo", "Cr, Hf, Xx", 9, "'Xx' is not a chemical element"),
        ("Cr, Hf, Mo", "Cr, Hf, Al", 10, "no reference data for Al"),
        ("lower: 0.05", "lower: 0.60", 9, "lower <= upper"),
        ("count: [3, 6]", "count: [6, 3]", 13, "fewest <= most"),
        ("upper: 0.50", "upper: 0.10", 9, "no composition satisfies"),
        (
            "upper: 0.50",
            "rules: ['x_Cr <= 0.1', 'x_Cr * x_W <= 0.1']",
            12,
            "the rule 'x_Cr * x_W <= 0.1' is not linear",
        ),
        ("upper: 0.50", "rules:\n  - x_Cr <= 0.1\n  - x_Al <= 0.1", 14, "the rule 'x_Al <= 0.1' names Al, outside"),
        ("upper: 0.50", "rules: [x_Cr >= 0.4, x_W >= 0.4, x_W >= 3*x_Cr]", 12, "'x_Cr >= 0.4' and 'x_W >= 3*x_Cr'"),
        ("upper: 0.50", "bounds:\n    W: [0.105, 0.2]", 13, "lower bound of W must be a whole number of steps of 0.01"),
        ("upper: 0.50", "steps: {W: 0.003}", 12, "the step of W must divide 1 exactly"),
        ("upper: 0.50", "balance: Fe", 12, "the balance Fe is not among the elements Cr, Hf, Mo"),
        ("Cr, Hf, Mo", "Cr, Cr, Hf, Mo", 10, "Cr is named twice among the elements"),
        ("upper: 0.50", "kind: lattice", 9, "space: unknown kind 'lattice'; known are alloy, formula, table"),
        ("upper: 0.50", "kind: table", 9, "space.file: Field required"),
        ("seed: 0", "physics: alchemy", 4, "unknown physics 'alchemy'; available are generic, refractory"),
        ("maximize ductility_index", "maximize beauty", 20, "unknown property 'beauty'"),
        ("maximize ductility_index", "ductility_index up", 20, "maximize PROPERTY"),
        ("maximize ductility_index", "match ductility_index nearly", 20, "a number or LOW..HIGH, got 'nearly'"),
        ("maximize ductility_index", "match ductility_index -9", 20, "asks for more than ductility_index can be"),
        (
            "maximize specific_yield",
            "match solidus 2000\n  - maximize specific_yield",
            22,
            "nothing can match solidus 2000",
        ),
        ("maximize specific_yield", "match specific_yield", 19, "an objective is"),
        (
            "maximize specific_yield_strength_1300c",
            "match specific_yield_strength_1300c 90",
            33,
            "distance from the target",
        ),
        ("solidus >= 2273", "solidus > 2273", 27, "PROPERTY >= NUMBER"),
        ("freezing_range <= 300", "solidus <= 2000", 22, "contradictory"),
        ("solidus >= 2273", "x_Cr + x_W <= 0.3\n  - beauty >= 2", 28, "unknown property 'beauty'"),
        ("solidus >= 2273", "x_Cr >= 0.4\n  - x_W >= 0.7", 9, "satisfies 'x_W >= 0.7'"),
        ("seed: 0", "seed: many", 4, "seed: Input should be a valid integer"),
        ("batch: 8", "batchsize: 8", 6, "batchsize: unknown key; known here are name, seed"),
        ("batch: 8", "batch: 0", 6, "greater than or equal to 1"),
        ("name: calphad", "name: oracle", 47, "unknown validator 'oracle'"),
        ("name: calphad", "name: reference", 19, "nobody measures 'specific_yield_strength_1300c'"),
        ("family: cvae", "family: magic", 40, "unknown generator family 'magic'"),
        ("validate: 24 ", "validate: 1000000000 ", 36, "less than or equal to 10000"),
        ("name: refractory", "name: ../etc", 3, "should match pattern"),
        (
            "seed: 0",
            "seed: 0\nstate: mysql://x/y",
            5,
            "state: a campaign database on a server is at postgresql+psycopg://USER@HOST/DATABASE, got mysql://",
        ),
        ("ductility_index: 2.5", "density: 2.5", 33, "reference_point must name the objectives"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, before: str, after: str, line: int, message: str) -> None:
    assert before in GOOD
    found = _check(tmp_path, GOOD.replace(before, after, 1))
    assert any(message in mistake for mistake in found), found
    named = next(mistake for mistake in found if message in mistake)
    number = int(named.split(":")[0].removeprefix("line "))
    assert abs(number - line) <= 1, named


def test_a_long_url_is_shown_without_its_password(tmp_path: Path) -> None:
    found = _check(tmp_path, f"{GOOD}\ntracking: http://me:{'secret' * 20}@head:5000\n")
    assert any("got 'http://***@head:5000'" in mistake for mistake in found), found
    assert not any("secret" in mistake for mistake in found)


def test_without_objectives_there_are_constraints_to_keep(tmp_path: Path) -> None:
    head, _, rest = GOOD.partition("objectives:\n")
    constraints, _, reference = rest[rest.index("constraints:") :].partition("# Hypervolume")
    tail = reference.partition("ductility_index: 2.5\n")[2]
    free = f"{head}objectives: []\n{constraints}{tail}"
    assert _check(tmp_path, free) == []
    config = load_config(tmp_path / "bad.yaml")
    assert config.science()["choice"] == {"resolution": 10.0}
    found = _check(tmp_path, f"{head}objectives: []\n{tail}")
    assert "line 17: goal: a goal needs at least one objective, or constraints that any design may keep" in found, found


def test_every_mistake_is_found_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("seed: 0", "seed: many").replace("solidus >= 2273", "solidus > 2273")
    text = text.replace("family: cvae", "family: magic").replace("lower: 0.05", "lower: 0.60")
    found = "\n".join(_check(tmp_path, text))
    for message in ("seed:", "PROPERTY >= NUMBER", "'magic'", "lower <= upper"):
        assert message in found


def test_duplicate_keys_and_object_tags_are_refused(tmp_path: Path) -> None:
    assert any("'seed' is given twice, first on line" in m for m in _check(tmp_path, GOOD + "\nseed: 3\n"))
    evil = GOOD.replace("seed: 0", "seed: !!python/object/apply:os.system [echo]")
    assert any("is not allowed" in m for m in _check(tmp_path, evil))


@pytest.mark.parametrize("text", ["", "- a\n", "a: [", "\t", "42"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="YAML"):
        _check(tmp_path, text)


@pytest.mark.parametrize(
    ("tdb", "message"),
    [
        (None, "cannot be used"),
        ("this is no database", "cannot be used"),
        ("ELEMENT NB BCC_A2 92.9 0 0 !\n", "cannot be used"),
    ],
)
def test_an_unusable_database_is_refused(tmp_path: Path, tdb: str | None, message: str) -> None:
    path = tmp_path / "own.tdb"
    if tdb is not None:
        path.write_text(tdb, encoding="utf-8")
    text = GOOD.replace("name: calphad", f"name: calphad\n  settings: {{tdb: '{path}'}}\n  #")
    assert any(message in mistake for mistake in _check(tmp_path, text))


def test_a_goal_of_closed_forms_alone_is_refused(tmp_path: Path) -> None:
    text = GOOD.replace("maximize specific_yield_strength_1300c", "minimize density")
    text = "\n".join(line for line in text.splitlines() if "solidus >=" not in line and "freezing" not in line)
    text = "\n".join(line for line in text.splitlines() if "bcc_fraction" not in line)
    text = text.replace("specific_yield_strength_1300c: 0", "density: 20")
    assert any("nothing to validate" in mistake for mistake in _check(tmp_path, text))


def test_a_database_with_an_undefined_function_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "undefined.tdb"
    path.write_text(build_database().replace("FUNCTION GHSERNB", "FUNCTION GHSERXX"), encoding="utf-8")
    text = GOOD.replace("name: calphad", f"name: calphad\n  settings: {{tdb: '{path}'}}\n  #")
    assert any("does not define GHSERNB" in mistake for mistake in _check(tmp_path, text))


def test_numbers_with_a_bare_exponent_are_numbers() -> None:
    assert load_config(DEFAULT, ["space.lower=5e-2"]).space.lower == 0.05


def test_a_database_without_an_element_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "two_elements.tdb"
    path.write_text(IDEAL_TDB, encoding="utf-8")
    text = GOOD.replace("name: calphad", f"name: calphad\n  settings: {{tdb: '{path}'}}\n  #")
    assert any("lacks" in mistake and "Zr" in mistake for mistake in _check(tmp_path, text))


def test_overrides_win_and_are_checked() -> None:
    config = load_config(DEFAULT, ["space.upper=0.4", "cluster.workers=1"], seed=7, name="other")
    assert (config.space.upper, config.cluster.workers, config.seed, config.name) == (0.4, 1, 7, "other")
    for bad, message in (("seed", "key=value"), ("seed=x", "valid integer"), ("space.wrong=1", "unknown key")):
        with pytest.raises(InputError, match=message):
            load_config(DEFAULT, [bad])


def test_a_wrong_override_is_no_line_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("\ufeff# by hand\r\n\r\n" + GOOD.replace("\n", "\r\n"), encoding="utf-8", newline="")
    assert check_config(path)[1] == []
    _, mistakes = check_config(path, ["seed=x", "space.wrong=1", "start.table=known.csv"])
    assert [mistake.split(":")[0] for mistake in mistakes if "line" not in mistake] == [
        "--set seed",
        "--set space.wrong",
    ]


def test_a_wrong_formula_of_the_start_table_is_named_by_its_line(tmp_path: Path) -> None:
    table = tmp_path / "known.csv"
    table.write_text('\ufeffformula,note\r\n\r\nNbTaTi,"a\r\nb"\r\n\r\nXx,c\r\n', encoding="utf-8", newline="")
    text = GOOD.replace("\nspace:", f"\nstart: {{table: '{table}'}}\nspace:")
    assert any(f"the start table {table}: line 6: unknown element 'Xx'" in told for told in _check(tmp_path, text))


def test_science_decides_the_digest(tmp_path: Path) -> None:
    first = CampaignConfig.model_validate(small_document(tmp_path))
    assert first.digest == CampaignConfig.model_validate(small_document(tmp_path, name="other", iterations=9)).digest
    assert first.digest != CampaignConfig.model_validate(small_document(tmp_path, seed=1)).digest


def test_keys_that_came_later_leave_old_digests_as_they_were() -> None:
    alloys = AlloySpec(elements=["Nb", "Ta"]).model_dump()
    assert set(alloys) == {"kind", "elements", "step", "lower", "upper", "count", "bounds", "limits"}
    assert set(TableSpec(kind="table", file="shelf.csv").model_dump()) == {"kind", "file"}
    entry = {"file": "a.csv", "formula": "alloy", "properties": {"solidus": {"column": "T"}}}
    assert "variables" not in TableMap.model_validate(entry).model_dump()


def test_constraints_on_amounts_alone_are_rules_of_the_space(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(GOOD.replace("solidus >= 2273", "x_Cr + x_W <= 0.3"))
    config = load_config(path)
    assert config.space.rules == ["x_Cr + x_W <= 0.3"]  # type: ignore[attr-defined]
    assert not any("x_Cr" in text for text in config.constraints)


def test_the_top_is_sought_of_a_list_and_by_one_objective(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="choice: seek: top asks for a share of a list, and the space is of the kind 'al"
    ):
        load_config(DEFAULT, ["choice.seek=top"])
    listed = tmp_path / "list.csv"
    listed.write_text("formula\nNbTa\nNbW\nTaW\n", encoding="utf-8")
    spaced = ["choice.seek=top", f"space={{kind: table, file: {listed}}}"]
    with pytest.raises(InputError, match="choice: seek: top needs one objective, got 2"):
        load_config(DEFAULT, spaced)
    with pytest.raises(InputError, match=r"choice\.share"):
        load_config(DEFAULT, ["choice.share=1.5"])
    config = load_config(DEFAULT, [*spaced, "objectives=[maximize solidus]", "reference_point={}"])
    assert config.science()["choice"] == {"seek": "top", "share": 0.05}
    assert "choice" not in load_config(DEFAULT).science()
