"""Until when a step waits: for so long, until an instant, or until hours begin."""

from __future__ import annotations

from datetime import datetime, timedelta

from trunkline.durations import YEAR, duration, spell
from trunkline.wire import Entry
from workflows import host
from workflows.errors import StepError
from workflows.language.comparison import instant_of
from workflows.language.hours import BusinessHoursError, Hours
from workflows.language.instants import HOW_DATES_ARE_WRITTEN
from workflows.language.template import Template
from workflows.language.values import shown
from workflows.program import WaitStep
from workflows.report import timestamp
from workflows.run.state import Frame
from workflows.run.walk import Walk

LONGEST_WAIT = timedelta(days=3650)


def end_of(walk: Walk, step: WaitStep, entry: Entry, frame: Frame) -> datetime:
    """Return when a wait that begins now ends.

    Raises:
        StepError: what it waits for is no instant or duration, or too far away.
    """
    if step.hours is not None:
        return _opening(step.hours)
    if step.until is not None:
        return _instant(walk, step.until, entry, frame)
    if isinstance(step.duration, Template):
        return host.now() + _computed(walk, step.duration, entry, frame)
    return host.now() + (step.duration or timedelta(0))


def _opening(hours: Hours) -> datetime:
    try:
        return hours.opening(host.now())
    except BusinessHoursError as error:
        raise StepError(str(error)) from None


def _instant(walk: Walk, template: Template, entry: Entry, frame: Frame) -> datetime:
    value = walk.render(template, entry, frame).value
    until = instant_of(value)
    if until is None:
        raise StepError(f"`until` must be an instant: {HOW_DATES_ARE_WRITTEN}; it is {value!r:.100}.")
    if until > host.now() + LONGEST_WAIT:
        raise StepError(f"`until` is {timestamp(until)}, more than ten years from now.")
    return until


def _computed(walk: Walk, template: Template, entry: Entry, frame: Frame) -> timedelta:
    value = walk.render(template, entry, frame).value
    try:
        milliseconds = duration(value)
    except ValueError:
        raise StepError(
            "`wait` must come to a duration: 90s, 15m, 2h30m, 3d, PT15M, or a whole number of milliseconds; "
            f"`{template.source}` is {shown(value)}."
        ) from None
    if milliseconds > YEAR:
        raise StepError(f"`wait` comes to {spell(milliseconds)}, which is more than {spell(YEAR)}.")
    return timedelta(milliseconds=milliseconds)
