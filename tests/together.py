"""Cases that one test checks together, where to check one takes less time than a test of its own does around it.

A test costs the processes of pytest about 3 ms: each of them collects it, and each of its phases is reported.
"""

from __future__ import annotations

import functools
import inspect
import reprlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

Ids = Callable[[Any], object] | Sequence[str] | None
Test = Callable[..., Any]

FAILED = (Exception, pytest.fail.Exception, pytest.skip.Exception)
PARAMETERS = type(pytest.param())


def together(names: str | Sequence[str], cases: Iterable[Any], *, ids: Ids = None) -> Callable[[Test], Test]:
    """Let one test check every case; the arguments are those of `pytest.mark.parametrize`.

    No case hides another: what fails is raised when all were tried, each with its name. The cases share what the test
    requests, so those that change it need tests of their own.
    """
    keys = [name.strip() for name in names.split(",")] if isinstance(names, str) else [*names]
    listed = [*cases]

    def decorated(test: Test) -> Test:
        @functools.wraps(test)
        def checked(**fixtures: Any) -> None:
            failures: list[BaseException] = []
            for number, case in enumerate(listed):
                values = _values(case, keys)
                with _noted(failures, number, case, values, ids):
                    test(**fixtures, **dict(zip(keys, values, strict=True)))
            _raise(failures, len(listed))

        @functools.wraps(test)
        async def awaited(**fixtures: Any) -> None:
            failures: list[BaseException] = []
            for number, case in enumerate(listed):
                values = _values(case, keys)
                with _noted(failures, number, case, values, ids):
                    await test(**fixtures, **dict(zip(keys, values, strict=True)))
            _raise(failures, len(listed))

        made: Callable[..., Awaitable[None] | None] = awaited if inspect.iscoroutinefunction(test) else checked
        signature = inspect.signature(test)
        left = [one for name, one in signature.parameters.items() if name not in keys]
        made.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined] # what pytest reads
        return made

    return decorated


def _values(case: Any, keys: list[str]) -> Sequence[Any]:
    """Return the arguments of a case, in the order of their names."""
    if isinstance(case, PARAMETERS):
        return case.values
    return (case,) if len(keys) == 1 else case


@contextmanager
def _noted(failures: list[BaseException], number: int, case: Any, values: Sequence[Any], ids: Ids) -> Iterator[None]:
    try:
        yield
    except FAILED as failure:
        failure.add_note(f"{number}: {_name(number, case, values, ids)}")
        failures.append(failure)


def _name(number: int, case: Any, values: Sequence[Any], ids: Ids) -> str:
    if isinstance(case, PARAMETERS) and case.id is not None:
        return str(case.id)
    if callable(ids):
        return "-".join(str(ids(value)) for value in values)
    return ids[number] if ids else "-".join(map(reprlib.repr, values))


def _raise(failures: list[BaseException], cases: int) -> None:
    assert cases, "there are no cases"
    if failures:
        names = ", ".join(failure.__notes__[-1] for failure in failures)
        raise BaseExceptionGroup(f"{len(failures)} of {cases} cases fail: {names}", failures)
