"""Reference models: properties in closed form, as functions of atomic fractions.

Every function takes ``elements`` (a tuple of symbols) and ``fractions`` of shape ``(n, d)`` whose rows sum to one,
and returns an array of shape ``(n,)`` in the unit of the property table.
"""

from alloys.reference.registry import (
    CLOSED_FORMS,
    closed_form,
    closed_forms,
    closed_forms_hold,
    from_solidus,
    properties_of,
)

__all__ = ["CLOSED_FORMS", "closed_form", "closed_forms", "closed_forms_hold", "from_solidus", "properties_of"]
