from __future__ import annotations

import inspect

import pytest

from tests.together import together


@pytest.fixture
def limit() -> int:
    return 3


@together(("number", "word"), [(1, "one"), pytest.param(2, "two", id="pair")])
def test_each_case_is_given_beside_what_the_test_requests(limit: int, number: int, word: str) -> None:
    assert number < limit
    assert (number, word) in {(1, "one"), (2, "two")}


@together("word", ["a", "b"], ids=lambda word: f"the {word}")
@together("number", [1, 2])
async def test_cases_are_awaited_and_combined(word: str, number: int) -> None:
    assert word * number in {"a", "b", "aa", "bb"}


def test_every_case_that_fails_is_named_and_none_hides_another() -> None:
    seen = []

    @together("number", [1, 2, 3, 4], ids=["one", "two", "three", "four"])
    def check(number: int) -> None:
        seen.append(number)
        if number == 2:
            pytest.fail("it is two")
        if number == 3:
            pytest.skip("nothing is skipped")
        assert number != 4, "it is four"

    with pytest.raises(BaseExceptionGroup) as raised:
        check()
    assert seen == [1, 2, 3, 4]
    assert raised.value.message == "3 of 4 cases fail: 1: two, 2: three, 3: four"
    assert [str(failure).partition("\n")[0] for failure in raised.value.exceptions] == [
        "it is two",
        "nothing is skipped",
        "it is four",
    ]


async def test_what_fails_where_it_awaits_is_named_too() -> None:
    @together("number", [1, 2])
    async def check(number: int) -> None:
        assert number == 2

    with pytest.raises(ExceptionGroup, match="1 of 2 cases fail: 0: 1"):
        await check()


def test_each_value_of_a_case_has_its_part_of_the_name() -> None:
    @together(("number", "word"), [(1, "a"), (2, "b")], ids=lambda value: f"<{value}>")
    def check(number: int, word: str) -> None:
        assert (number, word) != (2, "b")

    with pytest.raises(ExceptionGroup, match="1 of 2 cases fail: 1: <2>-<b>"):
        check()


def test_no_cases_at_all_fail() -> None:
    @together("number", [])
    def check(number: int) -> None:
        """Check nothing."""

    assert [*inspect.signature(check).parameters] == []
    with pytest.raises(AssertionError, match="there are no cases"):
        check()
