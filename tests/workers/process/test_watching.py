from __future__ import annotations

import pytest

from workers.process.watching import EVERY, LONGEST, pause


@pytest.mark.parametrize(
    ("files", "seconds"),
    [(0, EVERY), (2_000, EVERY), (10_000, EVERY), (15_000, 0.75), (20_000, LONGEST), (10**6, LONGEST)],
)
def test_many_files_are_looked_at_less_often_and_a_change_counts_in_time_all_the_same(
    files: int, seconds: float
) -> None:
    assert pause(files) == pytest.approx(seconds)
