"""Values cross from the engine to plain Python and back without losing what is not known yet."""

from __future__ import annotations

from lab.command.values import UNKNOWN, from_struct, is_unknown, plain_map, property_map, property_value, to_struct

PLAIN = {"a": [1, 2.5, True, {"b": "x"}], "c": UNKNOWN, "d": ""}


def test_there_and_back() -> None:
    assert plain_map(property_map(PLAIN)) == PLAIN


def test_through_the_wire() -> None:
    sent = property_map({**PLAIN, "e": property_value({"f": None}, secret=True)})
    assert from_struct(to_struct(sent)) == sent


def test_none_is_left_out() -> None:
    assert property_map({"a": None}) == {}


def test_an_unknown_inside_does_not_make_the_whole_unknown() -> None:
    assert not is_unknown(property_value([{"a": UNKNOWN}]))
