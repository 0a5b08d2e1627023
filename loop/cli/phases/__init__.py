"""``alloyloop phases``: the phases of an alloy, as pictures, tables and documents."""
