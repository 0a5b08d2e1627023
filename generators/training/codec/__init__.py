"""The border between numpy and torch: how designs of each kind of space become tensors, and back."""

from __future__ import annotations

from collections.abc import Sequence

from alloys.space.formula import FormulaSpace
from generators.interface import LearnedSpace
from generators.training.codec.alloys import AlloyCodec
from generators.training.codec.base import REACH, Codec, ConditionScale, EncodedRows
from generators.training.codec.formulas import FormulaCodec, OneHotCodec

__all__ = ["REACH", "AlloyCodec", "Codec", "ConditionScale", "EncodedRows", "codec_of"]


def codec_of(space: LearnedSpace, properties: Sequence[str], *, one_hot: bool = False) -> Codec:
    """The codec of a space and the conditions' columns.

    Args:
        space: the space.
        properties: names of the conditions' columns, in order.
        one_hot: whether numbers of atoms are categories, where the space is one of formulas.

    Raises:
        InputError: for repeated properties.
    """
    if isinstance(space, FormulaSpace):
        return (OneHotCodec if one_hot else FormulaCodec)(space, properties)
    return AlloyCodec(space, properties)
