"""Tables and triggers of the materials table.

Every row is there for ever: corrections and doubts are rows of other tables. Numbers link the tables, so that a point
is a row of some 80 bytes and what many points share is written once. Times are unix seconds.

A point belongs to a material, which is a composition; a material to a system, which is a set of elements. A system's
elements are also bits of two whole numbers, so that one comparison says whether all of them are among some.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from alloys.composition import SYMBOLS
from alloys.points.point import PointKind
from loop.store.database.triggers import drop_triggers, refuse_changes

REVISION = "m0002"
"""Of this schema."""
EARLIER = ("m0001",)
"""Schemas that lack tables of this one and are the same otherwise: before people decided about doubts."""

metadata = sa.MetaData()
_BITS = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _number() -> sa.Column[int]:
    """A key that the writer gives, without gaps: the largest one is how many rows there are."""
    return sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)


materials_schema = sa.Table(
    "materials_schema",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.CheckConstraint("id = 1", name="ck_materials_schema_one_row"),
)

systems = sa.Table(
    "systems",
    metadata,
    _number(),
    sa.Column("elements", sa.Text, nullable=False, unique=True),  # in alphabetical order, by commas
    sa.Column("low", _BITS, nullable=False),
    sa.Column("high", _BITS, nullable=False),
)

materials = sa.Table(
    "materials",
    metadata,
    _number(),
    sa.Column("composition", sa.Text, nullable=False, unique=True),  # canonical
    sa.Column("system", sa.ForeignKey("systems.id"), nullable=False, index=True),
)

quantities = sa.Table(
    "quantities",  # a property in a unit; without a name it is that of designs which were only drawn
    metadata,
    _number(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.UniqueConstraint("name", "unit", name="uq_quantities"),
)

sources = sa.Table(
    "sources",
    metadata,
    _number(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("year", sa.Integer),
    sa.Column("licence", sa.Text, nullable=False),
)

conditions = sa.Table(
    "conditions",  # but for the temperature, which stands with the point
    metadata,
    _number(),
    sa.Column("processing", sa.Text, nullable=False),
    sa.Column("phase", sa.Text, nullable=False),
    sa.Column("test", sa.Text, nullable=False),
    sa.UniqueConstraint("processing", "phase", "test", name="uq_conditions"),
)

additions = sa.Table(
    "additions",  # who added points together, and when
    metadata,
    _number(),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
)

points = sa.Table(
    "points",
    metadata,
    _number(),
    sa.Column("key", sa.LargeBinary, nullable=False, unique=True),  # sha256 of all that it says
    sa.Column("material", sa.ForeignKey("materials.id"), nullable=False),
    sa.Column("variables", sa.Text, nullable=False),  # canonical JSON; empty where the design has none
    sa.Column("quantity", sa.ForeignKey("quantities.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("source", sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("conditions", sa.ForeignKey("conditions.id"), nullable=False),
    sa.Column("test_temperature", sa.Float(53)),  # °C
    sa.Column("value", sa.Float(53)),
    sa.Column("std", sa.Float(53)),
    sa.Column("failure", sa.Text),
    sa.Column("addition", sa.ForeignKey("additions.id"), nullable=False),
    sa.CheckConstraint(f"kind IN ({', '.join(repr(str(kind)) for kind in PointKind)})", name="ck_points_kind"),
)
# All that tells which points and materials match: most questions are answered without a look at the rows.
sa.Index(
    "ix_points_material",
    *(points.c[name] for name in ("material", "quantity", "kind", "test_temperature", "value")),
)

flags = sa.Table(
    "flags",  # doubts about points, as a check told them
    metadata,
    _number(),
    sa.Column("key", sa.LargeBinary, nullable=False, unique=True),  # sha256 of the kind and the points
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("properties", sa.Text, nullable=False),  # by commas
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("suggestion", sa.Text, nullable=False),
    sa.Column("addition", sa.ForeignKey("additions.id"), nullable=False),  # who checked, and when
)

flagged_points = sa.Table(
    "flagged_points",
    metadata,
    sa.Column("flag", sa.ForeignKey("flags.id"), primary_key=True),
    sa.Column("point", sa.ForeignKey("points.id"), primary_key=True, index=True),
    sa.Column("doubted", sa.Boolean(create_constraint=True, name="ck_flagged_points_doubted"), nullable=False),
)

decisions = sa.Table(
    "decisions",  # what people said of a flag; the last one counts
    metadata,
    _number(),
    sa.Column("flag", sa.ForeignKey("flags.id"), nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("addition", sa.ForeignKey("additions.id"), nullable=False),  # who decided, and when
    sa.CheckConstraint("state IN ('open', 'kept', 'set aside')", name="ck_decisions_state"),
)

points_set_aside = sa.Table(
    "points_set_aside",  # by a decision, while it is the last one of its flag
    metadata,
    sa.Column("decision", sa.ForeignKey("decisions.id"), primary_key=True),
    sa.Column("point", sa.ForeignKey("points.id"), primary_key=True),
)

_HALF = len(SYMBOLS) // 2
_BIT = {symbol: divmod(place, _HALF) for place, symbol in enumerate(sorted(SYMBOLS))}


def bits_of(elements: Iterable[str]) -> tuple[int, int]:
    """The elements as bits of two whole numbers: the first half of all symbols in alphabetical order, and the rest.

    >>> bits_of(["Ac", "Ag"])
    (3, 0)
    """
    halves = [0, 0]
    for symbol in elements:
        half, place = _BIT[symbol]
        halves[half] |= 1 << place
    return halves[0], halves[1]


# Triggers ---------------------------------------------------------------------------------------------------

_KEPT = (
    *("systems", "materials", "quantities", "conditions", "additions", "points"),
    *("flags", "flagged_points", "decisions", "points_set_aside"),
)
_FILLED = " OR ".join(
    [
        "OLD.id <> NEW.id OR OLD.name <> NEW.name",
        *(f"(OLD.{name} <> '' AND OLD.{name} <> NEW.{name})" for name in ("title", "licence")),
        "(OLD.year IS NOT NULL AND OLD.year <> coalesce(NEW.year, OLD.year - 1))",
    ]
)
"""What is known of a source stays; what is not known may become known."""


def make_tables(connection: sa.Connection, created: float) -> None:
    """Makes an empty materials table inside the caller's transaction."""
    metadata.create_all(connection)
    connection.execute(sa.insert(materials_schema).values(id=1, revision=REVISION, created=created))
    _make_triggers(connection)


def bring_up_to_date(connection: sa.Connection) -> None:
    """Makes what an earlier schema lacks inside the caller's transaction; the rows that are there stay as they are."""
    drop_triggers(connection)
    metadata.create_all(connection)
    connection.execute(sa.update(materials_schema).values(revision=REVISION))
    _make_triggers(connection)


def _make_triggers(connection: sa.Connection) -> None:
    kept = [(table, verb) for table in _KEPT for verb in ("UPDATE", "DELETE")]
    refuse_changes(
        connection,
        [
            *(
                (f"tr_{table}_no_{verb.lower()}", f"{verb} ON {table}", "", f"{table} are never changed or removed")
                for table, verb in kept
            ),
            ("tr_sources_no_delete", "DELETE ON sources", "", "sources are never removed"),
            ("tr_sources_filled", "UPDATE ON sources", _FILLED, "what is known of a source is never changed"),
        ],
    )
