"""Pages out of a list that nobody orders: exact for any spread of times, with few counts."""

from __future__ import annotations

import asyncio
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.client.windows import BEGIN, END, ROOM, Window, windows

NOW = 1_800_000_000_000
DAY = 86_400_000


def page(times: list[int], first: int, last: int, now: int = NOW) -> tuple[list[int], list[Window], list[int]]:
    """Return the times of some ranks, the windows they were taken from, and what was counted for that."""
    times = sorted(times)
    counts: list[int] = []

    async def count(start: int, end: int) -> int:
        counts.append(bisect_left(times, end) - bisect_left(times, start))
        return counts[-1]

    found = asyncio.run(windows(count, len(times), first, last, now))
    inside = [at for one in found for at in times[bisect_left(times, one.start) : bisect_left(times, one.end)]]
    before = found[0].before if found else 0
    return inside[first - before : last - before], found, counts


@given(
    st.lists(
        st.one_of(
            st.integers(BEGIN, END - 1), st.integers(NOW - DAY, NOW), st.sampled_from([NOW, NOW - 1, NOW - DAY, 0])
        ),
        max_size=600,
    ),
    st.integers(0, 600),
    st.integers(1, 60),
)
def test_a_page_holds_its_ranks_and_nothing_else(times: list[int], first: int, size: int) -> None:
    shown, found, _ = page(times, first, first + size)
    assert shown == sorted(times)[first : first + size]
    assert all(one.size <= ROOM or one.end - one.start == 1 for one in found)


@pytest.mark.parametrize("number", [1, 2, 1000, 1999, 2000])
@pytest.mark.parametrize(
    "times",
    [
        [NOW - DAY * 30 + index * 25_000 for index in range(100_000)],
        [NOW - 60_000 + index // 2 for index in range(100_000)],
        [NOW - 3 * 365 * DAY, *(NOW - index for index in range(99_999))],
        [NOW - int(1.0002**index) for index in range(100_000)],
    ],
    ids=["a month", "a minute", "one old, the others new", "by magnitudes"],
)
def test_few_counts_suffice_for_a_hundred_thousand(times: list[int], number: int) -> None:
    shown, found, counts = page(times, (number - 1) * 50, number * 50)
    assert shown == sorted(times)[(number - 1) * 50 : number * 50]
    assert len(counts) <= 50
    assert sum(counts) <= 4 * len(times), "counting costs by what is counted"
    assert all(one.size <= ROOM or one.end - one.start == 1 for one in found)


def test_what_has_no_date_lies_behind_everything_else() -> None:
    async def count(start: int, end: int) -> int:
        return 1_000 if start < NOW <= end - 1 else 0

    (last,) = asyncio.run(windows(count, 1_300, 1_250, 1_300, NOW))
    assert (last.end, last.before, last.size) == (END, 1_000, 300)


def test_what_began_at_one_instant_is_listed_whole() -> None:
    shown, found, _ = page([NOW] * 5_000 + [NOW + 1], 5_000, 5_050)
    assert (shown, len(found)) == ([NOW + 1], 1)
    assert page([], 0, 50)[:2] == ([], [])
    assert page([NOW], 50, 100)[:2] == ([], [])
