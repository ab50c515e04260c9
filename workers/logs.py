"""Log lines: for people on a terminal, JSON elsewhere, each with the run, step and attempt it belongs to."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

Scrub = Callable[[str], str]

PLACE = ("run", "step", "attempt")
CHATTY = (
    *("aiohttp.access", "anthropic", "google", "httpcore", "httpcore2", "httpx", "httpx2", "openai", "slack_sdk"),
    *("twilio", "watchfiles"),
)
"""Loggers of libraries that write a line per request, with addresses that may hold what nobody should read."""

COLOURS = {logging.WARNING: "33", logging.ERROR: "31", logging.CRITICAL: "31;1"}
MARKS = (0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
CONTROLS = {code: "�" for code in (*range(0x20), *range(0x7F, 0xA0), *MARKS) if chr(code) not in "\n\t"}
"""What a customer's text must not do to an operator's terminal."""


class Lines(logging.Formatter):
    """What both kinds of lines share: the place of a record, and that no secret is written."""

    def __init__(self, *, process: int | None = None) -> None:
        super().__init__()
        self.process = process
        self.scrub: Scrub = str

    def trace(self, record: logging.LogRecord) -> str:
        """Return the traceback of a record, or nothing."""
        parts = [self.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
        parts += [self.formatStack(record.stack_info)] if record.stack_info else []
        return self.scrub("\n".join(parts))


class JsonLines(Lines):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": self.scrub(record.getMessage()),
            **{key: self.scrub(value) if isinstance(value, str) else value for key, value in _fields(record).items()},
            "logger": record.name,
        }
        if self.process is not None:
            line["process"] = self.process
        if trace := self.trace(record):
            line["trace"] = trace
        return json.dumps(line)


class HumanLines(Lines):
    """Time, what happened, and in grey where."""

    def __init__(self, *, colour: bool, process: int | None = None) -> None:
        super().__init__(process=process)
        self.colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Write a record for a person."""
        where = [f"{key} {value}" if key == "attempt" else str(value) for key, value in place(record).items()]
        if self.process is not None:
            where.append(f"process {self.process}")
        time = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        level = "" if record.levelno <= logging.INFO else f"{record.levelname}: "
        parts = [
            self._paint(time, "2"),
            self._paint(level + self._clean(record.getMessage()), COLOURS.get(record.levelno)),
        ]
        if where:
            parts.append(self._paint(self._clean(f"[{' · '.join(where)}]"), "2"))
        trace = self.trace(record)
        return "  ".join(parts) + (f"\n{trace.translate(CONTROLS)}" if trace else "")

    def _clean(self, text: str) -> str:
        return self.scrub(text).translate(CONTROLS)

    def _paint(self, text: str, code: str | None) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text


def configure(
    *,
    process: int | None = None,
    stream: TextIO | None = None,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Make every logger of this process write such lines to `stream` (standard error).

    Args:
        process: this process's number where a worker has several.
        stream: where lines go; whether it is a terminal decides their kind.
        environ: where `NO_COLOR` is looked up.
    """
    stream = stream or sys.stderr
    lines: Lines
    if stream.isatty():
        lines = HumanLines(colour=not environ.get("NO_COLOR"), process=process)
    else:
        lines = JsonLines(process=process)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(lines)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def scrub_with(scrub: Scrub) -> None:
    """Let `scrub` replace secrets in every line from now on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, Lines):
            handler.formatter.scrub = scrub


def place(record: logging.LogRecord) -> dict[str, Any]:
    """Return the run, step and attempt that a record belongs to, as far as there is one.

    A record may carry them itself (`extra={"run": …}`); else the Temporal activity or workflow in whose context it is
    written says them, so that lines of vendors' libraries have them too.
    """
    return _context() | {key: getattr(record, key) for key in PLACE if hasattr(record, key)}


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the place of a record, and what else it carries (`extra={"fields": {…}}`)."""
    return place(record) | getattr(record, "fields", {})


def _context() -> dict[str, Any]:
    activity = sys.modules.get("temporalio.activity")
    if activity is None:  # nothing of Temporal is loaded: this line belongs to no run
        return {}
    if activity.in_activity():
        info = activity.info()
        return {"run": info.workflow_id, "step": info.activity_id, "attempt": info.attempt}
    workflow = sys.modules.get("temporalio.workflow")
    if workflow is not None and workflow.in_workflow():
        return {"run": workflow.info().workflow_id}
    return {}
