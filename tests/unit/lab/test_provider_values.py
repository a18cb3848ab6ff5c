"""Values cross from the engine to plain Python and back without losing what is secret or unknown."""

from __future__ import annotations

import pytest
from pulumi.provider.experimental.property_value import PropertyValue

from lab.command.values import (
    UNKNOWN,
    contains_unknown,
    is_unknown,
    make_secret,
    plain_map,
    property_map,
    property_value,
)

PLAIN = {"a": [1, 2.5, True, {"b": "x"}], "c": UNKNOWN, "d": ""}


def test_there_and_back() -> None:
    assert plain_map(property_map(PLAIN)) == PLAIN


def test_through_the_wire() -> None:
    sent = PropertyValue.marshal_map(property_map(PLAIN))
    assert plain_map(PropertyValue.unmarshal_map(sent)) == PLAIN


def test_none_is_left_out() -> None:
    assert property_map({"a": None}) == {}


def test_unknown_is_found_inside() -> None:
    value = property_value([{"a": UNKNOWN}])
    assert contains_unknown(value)
    assert not is_unknown(value)


@pytest.mark.parametrize(("value", "secret"), [("same", True), ("other", True)])
def test_a_secret_input_makes_a_secret_output(value: str, secret: bool) -> None:
    inputs = make_secret(property_map({"a": "same", "b": "open"}), ["a"])
    outputs = property_map({"a": value, "b": "open"}, like=inputs)
    assert outputs["a"].is_secret is secret
    assert not outputs["b"].is_secret


def test_marks_inside_an_equal_value_are_kept() -> None:
    inputs = {"a": PropertyValue({"b": property_value("x", secret=True)})}
    assert property_map({"a": {"b": "x"}}, like=inputs) == inputs
