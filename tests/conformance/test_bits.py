"""Floats as bits, held to `struct`, to fractions and to worked examples."""

import math
import struct
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import bits
from conformance.model import Array
from conformance.schema.arrays import named, numbers
from conformance.schema.cases import WrittenArray

DTYPES = sorted(bits.FORMATS)
CODES = {"float16": ">e", "float32": ">f"}


@pytest.mark.parametrize(
    ("value", "dtype", "digits"),
    [
        (1.0, "float64", "3ff0000000000000"),
        (-2.5, "float32", "c0200000"),
        (65504.0, "float16", "7bff"),
        (2.0**-24, "float16", "0001"),
        (1.0, "bfloat16", "3f80"),
        (-3.0, "bfloat16", "c040"),
        (math.inf, "float32", "7f800000"),
        (-0.0, "float64", "8000000000000000"),
        (-1, "int64", "ffffffffffffffff"),
        (1, "bool", "01"),
        (2.0, "complex64", "4000000000000000"),
    ],
)
def test_bits_of_known_numbers(value: Any, dtype: str, digits: str) -> None:
    assert bits.encode([value], dtype) == (digits,)
    (back,) = bits.decode([digits], dtype)
    assert back == value
    assert math.copysign(1, back) == math.copysign(1, value)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_stays_nan(dtype: str) -> None:
    assert math.isnan(bits.decode(bits.encode([math.nan], dtype), dtype)[0])
    assert math.isnan(bits.round_to(math.nan, dtype))


@given(st.integers(0, 2**16 - 1), st.sampled_from(["float16", "bfloat16"]))
def test_every_half_survives_the_round_trip(pattern: int, dtype: str) -> None:
    digits = f"{pattern:04x}"
    (value,) = bits.decode([digits], dtype)
    if not math.isnan(value):
        assert bits.encode([value], dtype) == (digits,)
        assert bits.round_to(value, dtype) == value


@pytest.mark.parametrize("dtype", sorted(bits.WIDTHS))
def test_arrays_are_their_elements_in_order_and_bytes_may_be_reversed(dtype: str) -> None:
    values = (1, 0, 1) if dtype in {"bool", "int64"} else (1.5, -0.0, 2.0**-24)
    assert bits.encode(values, dtype) == tuple(d for v in values for d in bits.encode([v], dtype))
    assert repr(bits.decode(bits.encode(values, dtype), dtype)) == repr(values)
    little = bits.pack(values[:1], dtype)
    parts = [little[i : i + 4] for i in (0, 4)] if dtype == "complex64" else [little]
    assert b"".join(part[::-1] for part in parts) == bits.pack(values[:1], dtype, ">")
    assert repr(bits.unpack(bits.pack(values, dtype), dtype)) == repr(values)


@given(st.floats(allow_nan=False), st.sampled_from(sorted(CODES)))
def test_rounding_a_double_is_what_struct_does(value: Any, dtype: str) -> None:
    try:
        packed = struct.unpack(CODES[dtype], struct.pack(CODES[dtype], value))[0]
    except OverflowError:
        packed = math.copysign(math.inf, value)
    got = bits.round_to(value, dtype)
    assert got == packed
    assert math.copysign(1, got) == math.copysign(1, packed)


@given(st.fractions())
def test_rounding_a_fraction_to_float64_is_python_s_division(value: Any) -> None:
    assert bits.round_to(value, "float64") == value.numerator / value.denominator


@given(st.fractions(min_value=-65504, max_value=65504), st.sampled_from(DTYPES))
def test_no_neighbour_is_nearer(value: Any, dtype: str) -> None:
    got = bits.round_to(value, dtype)
    step = Fraction(bits.ulp(got, dtype))
    assert abs(Fraction(got) - value) <= step / 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_ties_go_to_even_and_half_of_the_smallest_to_zero(dtype: str) -> None:
    form = bits.FORMATS[dtype]
    tick = Fraction(2) ** (1 - form.precision)
    assert bits.round_to(1 + tick / 2, dtype) == 1
    assert bits.round_to(1 + 3 * tick / 2, dtype) == 1 + 2 * tick
    smallest = Fraction(2) ** (form.min_exponent - form.precision + 1)
    assert bits.round_to(smallest / 2, dtype) == 0
    assert bits.round_to(smallest * 3 / 4, dtype) == smallest
    assert bits.round_to(smallest * 5 / 2, dtype) == 2 * smallest


@pytest.mark.parametrize("dtype", DTYPES)
def test_overflow_starts_half_a_step_above_the_largest(dtype: str) -> None:
    form = bits.FORMATS[dtype]
    largest = (2 - Fraction(2) ** (1 - form.precision)) * Fraction(2) ** form.max_exponent
    half_step = Fraction(2) ** (form.max_exponent - form.precision)
    assert bits.round_to(largest + half_step * 99 / 100, dtype) == largest
    assert bits.round_to(largest + half_step, dtype) == math.inf
    assert bits.round_to(-largest - half_step, dtype) == -math.inf


def test_unit_in_the_last_place() -> None:
    assert bits.ulp(1.0, "float32") == 2.0**-23
    assert bits.ulp(0.0, "float16") == 2.0**-24
    assert bits.ulp(255.0, "bfloat16") == 1.0
    assert math.isnan(bits.ulp(math.inf, "float64"))


def test_an_array_in_json_is_its_bits_whatever_the_text_says() -> None:
    array = Array("float32", (2, 1), (1.5, -0.0))
    assert (array.bits, array.text) == (("3fc00000", "80000000"), ("1.5", "-0.0"))
    assert repr(WrittenArray("float32", (2, 1), array.bits, ("7", "8")).array) == repr(array)


def test_parameters_that_json_lacks_travel_by_name() -> None:
    params = {"epsilon": [math.inf, -math.inf, 1.0], "quantile": math.nan, "reduction": "mean"}
    plain = named(params)
    assert plain == {"epsilon": ["inf", "-inf", 1.0], "quantile": "nan", "reduction": "mean"}
    back = numbers(plain)
    assert math.isnan(back.pop("quantile"))
    assert back == {"epsilon": [math.inf, -math.inf, 1.0], "reduction": "mean"}
