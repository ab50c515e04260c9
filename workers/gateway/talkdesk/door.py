"""`POST /talkdesk/<automation>`: starts the automation by name and waits a while for its end.

Talkdesk takes 401 for "refresh the token and repeat", so nothing is answered so once anything was started.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from workers.client.runs import describe
from workers.client.start import start
from workers.errors import NotFoundError, TrunklineError
from workers.gateway.cloudevents import checked
from workers.gateway.intake import reaching_temporal
from workers.gateway.noted import noted
from workers.gateway.requests import RefusalError, read_body, refuse_encoding
from workers.gateway.talkdesk.answer import completed, going_on, message
from workers.gateway.talkdesk.entry import TalkdeskEntry
from workers.gateway.talkdesk.request import PREFIX, BridgeRequest, admitted, digest_of, given_id, request_of, room_of
from workflows.event import VERSION

if TYPE_CHECKING:
    from temporalio.client import Client

MINUTE = 60
clock = time.time


class TalkdeskDoor:
    """Talkdesk's endpoints.

    Args:
        entries: what Talkdesk may run, by the automation's name.
        client: Temporal's client, which need not be connected yet.
        task_queue: the task queue of the workers.
    """

    def __init__(self, entries: Mapping[str, TalkdeskEntry], client: Client, task_queue: str) -> None:
        self.entries = entries
        self.client = client
        self.task_queue = task_queue

    def routes(self) -> Iterable[web.RouteDef]:
        """Return its routes."""
        return web.post("/talkdesk/{automation}", self._run), web.post("/talkdesk/{automation}/auth", self._validate)

    async def _validate(self, request: web.Request) -> web.Response:
        """Say whether credentials are right: Talkdesk asks when somebody enters them."""
        await self._admitted(request)
        return web.json_response({})

    async def _run(self, request: web.Request) -> web.Response:
        known, named = noted(request), request.match_info["automation"]
        if named in self.entries:
            known.source = f"talkdesk/{named}"
        automation, entry, content = await self._admitted(request)
        wanted = request_of(content)
        run = await self._start(automation, entry, wanted)
        known.events = [run.partition("/")[2]]
        return await self._end(entry, wanted, run)

    async def _admitted(self, request: web.Request) -> tuple[str, TalkdeskEntry, dict[str, Any]]:
        automation = request.match_info["automation"]
        entry = self.entries.get(automation)
        if entry is None:
            raise RefusalError(HTTPStatus.NOT_FOUND, "There is no such action.")
        body = await read_body(request)
        refuse_encoding(request.headers)
        return automation, entry, admitted(body, entry)

    async def _start(self, automation: str, entry: TalkdeskEntry, wanted: BridgeRequest) -> str:
        """Start the run, once for the same request, and return its workflow id."""
        identity = given_id(entry, wanted, room_of(automation))
        async with reaching_temporal():
            identity = identity or await self._of_this_minute(automation, digest_of(wanted))
            event = checked(
                {
                    "specversion": VERSION,
                    "id": f"{PREFIX}{identity}",
                    "type": f"talkdesk.{entry.kind}",
                    "source": f"/talkdesk/{automation}",
                    "data": wanted.roots(),
                }
            )
            try:
                started = await start(self.client, automation, event, task_queue=self.task_queue)
            except TrunklineError as error:
                raise RefusalError(HTTPStatus.BAD_REQUEST, str(error)) from None
        if started.refused is not None:
            raise RefusalError(HTTPStatus.BAD_REQUEST, started.refused)
        return started.workflow_id

    async def _of_this_minute(self, automation: str, digest: str) -> str:
        """Return the id of a request that says none: an identical one's of less than a minute ago, else a new one."""
        now = clock()
        minute = int(now // MINUTE)
        earlier = f"{digest}-{minute - 1}"
        try:
            began = (await describe(self.client, f"{automation}/{PREFIX}{earlier}")).start_time.timestamp()
        except NotFoundError:
            return f"{digest}-{minute}"
        return earlier if now - began < MINUTE else f"{digest}-{minute}"

    async def _end(self, entry: TalkdeskEntry, wanted: BridgeRequest, run: str) -> web.Response:
        from temporalio.client import WorkflowFailureError
        from temporalio.service import RPCError

        from workflows.run.encrypted import MissingKeyError

        handle = self.client.get_workflow_handle(run)
        try:
            async with asyncio.timeout(entry.timeout / 1000):
                report: Any = await handle.result()
        except (TimeoutError, RPCError):  # whatever Temporal cannot say now, the run has begun
            return going_on(entry, run)
        except WorkflowFailureError as error:
            return message(HTTPStatus.BAD_REQUEST, f"{run} has failed: {getattr(error.cause, 'message', error.cause)}")
        except MissingKeyError as error:
            return message(HTTPStatus.CREATED, f"{run} has ended, and how cannot be read here: {error}")
        outcome = report.get("outcome") if isinstance(report, dict) else None
        if outcome != "completed":
            why = f": {report['reason']}" if isinstance(report, dict) and report.get("reason") else "."
            return message(HTTPStatus.BAD_REQUEST, f"{run} has ended as {outcome}{why}")
        return completed(entry, wanted, report["variables"])
