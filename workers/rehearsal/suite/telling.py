"""What came of a suite, in lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from workers.rehearsal.suite.coverage import Coverage
from workers.rehearsal.suite.items import KINDS
from workers.rehearsal.suite.mutants import Mutants
from workers.rehearsal.suite.paths import pointer, shown
from workers.rehearsal.suite.playing import CaseResult
from workers.rehearsal.suite.suite import MeasuredFile, SuiteResult

WIDTH = 10
MOST = 20
"""Lines of one kind that are shown of a file."""

LONGEST = 60


def lines(suite: SuiteResult) -> Iterator[str]:
    """Yield everything that people want to know."""
    for one in suite.files:
        yield from _file(one, suite)
    total = suite.passed + suite.failed
    cases = f"{total} case{'' if total == 1 else 's'}"
    parts = [f"{suite.failed} failed" if suite.failed else "all passed"] if total else []
    if suite.coverage is not None:
        parts.append(f"coverage {suite.coverage:g} %")
    if suite.mutants is not None:
        parts.append(f"mutants {suite.mutants:g} %")
    if suite.wrong:
        parts.append(f"{len(suite.wrong)} file{'' if len(suite.wrong) == 1 else 's'} could not be played")
    yield f"{', '.join([cases, *parts])}."
    yield from suite.below


def _file(one: MeasuredFile, suite: SuiteResult) -> Iterator[str]:
    if one.file.problems:
        yield f"{one.file.path}  cannot be played"
        yield from (f"  {found}" for found in one.file.problems)
        return
    failed, results = len(one.result.failed), one.result.results
    counts = f"✓ {len(results) - failed}" + (f"  ✗ {failed}" if failed else "")
    skipped = sum((result.seen.now - result.seen.began for result in results), timedelta())
    yield f"{one.file.name}  {counts}   {1000 * one.result.seconds:.0f} ms, {_span(skipped)} skipped"
    for result in one.result.failed:
        yield from _case(result)
    if one.coverage is not None:
        yield from _coverage(one.coverage, one)
    if one.mutants is not None:
        yield from _mutants(one.mutants, one)
    elif suite.wanted.mutants:
        yield f"  {'mutants':{WIDTH}} not tried: a case fails"


def _case(result: CaseResult) -> Iterator[str]:
    yield f"  ✗ {result.case.name}   {result.case.file.path}:{result.case.line()}"
    for fault in result.faults:
        yield f"      {shown(fault.place)} (line {result.case.line(fault.place)}): {fault.message}"
        if fault.paste is not None:
            yield f"        {fault.paste}"
    for request in result.seen.requests:
        answer = json.dumps(request.answer, ensure_ascii=False)[:LONGEST]
        yield f"        {_span(request.at - result.seen.began):>8}  {request.step} #{request.attempt}  {answer}"


def _coverage(coverage: Coverage, one: MeasuredFile) -> Iterator[str]:
    missing = coverage.missing()
    for kind in KINDS:
        counts = coverage.counts()[kind]
        if counts["of"]:
            yield f"  {kind:{WIDTH}} {counts['covered']} of {counts['of']}"
        for item in [item for item in missing if item.kind == kind][:MOST]:
            where = _where(one, pointer(item.place))
            yield f"  {'':{WIDTH}}   never {', '.join(item.never)}: {item.text}   {where}"


def _mutants(mutants: Mutants, one: MeasuredFile) -> Iterator[str]:
    excused = f", {mutants.excused} excused" if mutants.excused else ""
    yield f"  {'mutants':{WIDTH}} {mutants.killed} of {mutants.of} killed{excused}"
    for survivor in mutants.survivors[:MOST]:
        change = "dropped" if survivor.change == "dropped" else f"{_short(survivor.before)} → {_short(survivor.after)}"
        if survivor.change == "swapped":
            change = "swapped with the next"
        where = _where(one, pointer(survivor.place))
        yield f"  {'':{WIDTH}}   survives: {shown(survivor.place)} {change}   {where}"
    if len(mutants.survivors) > MOST:
        yield f"  {'':{WIDTH}}   and {len(mutants.survivors) - MOST} more (--json has all)"


def _where(one: MeasuredFile, place: str) -> str:
    return f"{one.file.definition}:{one.file.written_source.place(place)[0]}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _span(span: timedelta) -> str:
    if span.days > 1:
        return f"{span.days} days"
    return str(timedelta(seconds=round(span.total_seconds())))
