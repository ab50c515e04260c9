"""What people open: lists, a hold, a run. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from shlex import quote
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from trunkline.durations import duration
from trunkline.wire import LONGEST_ID
from workers.client import runs
from workers.client.looking import Look, look_at
from workers.client.wanted import HoldQuery, Kind
from workers.errors import NotFoundError
from workers.gateway.intake import reaching_temporal
from workers.gateway.pages.listing import failed_runs, holds_page
from workers.gateway.pages.picture import picture_of
from workers.gateway.pages.run_showing import shown_run
from workers.gateway.pages.showing import shown_hold, whole_request
from workers.gateway.requests import RefusalError
from workers.settings import Settings
from workflows.holds.wording import hold_address

if TYPE_CHECKING:
    from temporalio.client import Client

MOST_PAGES = 100_000
WITHIN = 30.0
"""Seconds that Temporal has for a page."""

FILTERS = ("automation", "approver", "older")
NOTHING_TYPED: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Shown:
    """A page, before it is HTML.

    Attributes:
        template: its template's name.
        values: what the template is given.
        status: of the answer.
    """

    template: str
    values: dict[str, Any] = field(default_factory=dict)
    status: HTTPStatus = HTTPStatus.OK


class ReadingPages:
    """Pages that show something.

    Args:
        client: Temporal's client, which need not be connected yet.
        settings: settings of this process.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        self.client = client
        self.settings = settings

    async def holds(self, query: Mapping[str, str], kind: Kind) -> Shown:
        """Return a page of what waits for approval, or after a failure.

        Raises:
            Refusal: its address makes no sense (400), or Temporal does not answer (503).
        """
        given = {name: query.get(name, "").strip() for name in FILTERS}
        number = number_of(query)
        path = "/holds" if kind == "approval" else "/failures"
        failed = []
        async with reaching_temporal(WITHIN):
            queue, keys = self.settings.task_queue, self.settings.encryption_keys
            found = await holds_page(self.client, queue, _wanted(given, kind), number, keys)
            if kind == "failure" and number == 1:
                failed = await failed_runs(self.client, queue, given["automation"] or None)
        links = {name: value for name, value in given.items() if value}
        turns = {
            name: f"{path}?{urlencode({**links, 'page': other})}" if 1 <= other <= found.pages else None
            for name, other in (("earlier", number - 1), ("later", number + 1))
        }
        rows = [{**_with_run(row), "address": hold_address("", row["run"], row["hold"])} for row in found.rows]
        return Shown(
            "list",
            {
                "kind": kind,
                "path": path,
                "query": given,
                "filtered": bool(links),
                "rows": rows,
                "total": found.total,
                "pages": found.pages,
                "number": number,
                "failed": [*map(_with_run, failed)],
                **turns,
            },
        )

    async def look(self, run: str) -> Look:
        """Look at a run.

        Raises:
            Refusal: Temporal does not answer (503).
            NotFoundError: there is no such run.
        """
        async with reaching_temporal(WITHIN):
            return await look_at(self.client, run)

    async def hold(
        self,
        run: str,
        name: str,
        person: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        typed: Mapping[str, str] = NOTHING_TYPED,
        **outcome: Any,
    ) -> Shown:
        """Return a hold's page: all of it while it waits, and afterwards what became of it.

        Args:
            run: workflow id.
            name: the hold's name.
            person: who looks.
            status: of the answer.
            typed: what that person has typed into the page's forms.
            outcome: `sentence`, what became of what was sent; `changes` and `edits` of an edit that is looked at.
        """
        look = await self.look(run)
        values = shown_hold(look, name, person, typed)
        if not (values["open"] or values["became"] or values["audit"]["lines"] or look.why):
            raise NotFoundError(f"Nothing is or was held under {name!r:.300} in {run}.")
        own = {"sentence": None, "changes": None, "edits": "", "web": self._web(run)}
        return Shown("hold", {**values, **own, **outcome}, status)

    async def request(self, run: str, name: str) -> str:
        """Return the whole request of a hold as JSON.

        Raises:
            NotFoundError: it does not wait, or no worker can show it.
        """
        found = whole_request(await self.look(run), name)
        if found is None:
            raise NotFoundError(f"Nothing is held under {name!r} in {run}, or no worker answers that could show it.")
        return found

    async def run(self, run: str, number: int) -> Shown:
        """Return a run's page."""
        look = await self.look(run)
        async with reaching_temporal(WITHIN):
            picture = await picture_of(self.client, look)
        return Shown("run", _with_run({**shown_run(look, number), "web": self._web(run), "picture": picture}))

    def _web(self, run: str) -> str | None:
        """Return a run's address in Temporal's web UI, where that is known."""
        web_ui = self.settings.web_ui
        return None if web_ui is None else runs.web_address(web_ui, self.client.namespace, run)


def _with_run(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "run_at": f"/run?{urlencode({'run': row['run']})}", "command": quote(row["run"])}


def _wanted(given: Mapping[str, str], kind: Kind) -> HoldQuery:
    try:
        older = timedelta(milliseconds=duration(given["older"])) if given["older"] else None
    except (ValueError, OverflowError) as error:
        raise RefusalError(HTTPStatus.BAD_REQUEST, f"`older`: {error}") from None
    return HoldQuery(
        approver=given["approver"] or None, automation=given["automation"] or None, older_than=older, kind=kind
    )


def number_of(query: Mapping[str, str]) -> int:
    """Return which page is wanted, from 1.

    Raises:
        Refusal: there is no such page (400).
    """
    written = query.get("page", "1")
    number = int(written) if written.isascii() and written.isdecimal() and len(written) < 7 else 0  # noqa: PLR2004
    if not 1 <= number <= MOST_PAGES:
        raise RefusalError(HTTPStatus.BAD_REQUEST, "There is no such page.")
    return number


def run_of(fields: Mapping[str, str]) -> str:
    """Return the run that a page is about.

    Raises:
        Refusal: no run has such an id (404).
    """
    run = fields.get("run", "")
    if not run or len(run.encode("utf-8", "replace")) > LONGEST_ID:
        raise RefusalError(HTTPStatus.NOT_FOUND, "There is no such run.")
    return run
