"""Chance: the binomial tail against its definition, and what it means for short and long files."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tables.chance import improbable, tail

SHARES = st.floats(0.001, 0.9)


@given(data=st.data(), total=st.integers(1, 300), share=SHARES)
def test_chance_is_the_sum_of_the_binomial_distribution(
    data: st.DataObject, total: int, share: float
) -> None:
    count = data.draw(st.integers(0, total))
    exact = sum(
        comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(count, total + 1)
    )
    expected = 1.0 if count <= total * share else exact
    assert tail(count, total, share) == pytest.approx(expected, rel=1e-6, abs=1e-200)


@given(total=st.integers(1, 2_000_000), share=SHARES)
def test_what_is_expected_is_never_improbable_by_chance(total: int, share: float) -> None:
    assert not improbable(int(total * share), total, share)
    assert not improbable(0, total, share)


@given(total=st.integers(2, 100_000), share=SHARES)
def test_more_cases_are_never_more_probable_by_chance(total: int, share: float) -> None:
    half = total // 2
    assert tail(half + 1, total, share) <= tail(half, total, share) * (1 + 1e-9)
