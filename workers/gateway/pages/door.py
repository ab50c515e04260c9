"""The pages' routes: everything but the style and sign-in is for people who have signed in, and only POST decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from aiohttp import hdrs, web

from trunkline.durations import duration
from trunkline.wire import LONGEST_ID
from workers.client import decisions, holds, runs
from workers.client.holds import Wanted
from workers.errors import NotFoundError, TrunklineError, UnreachableError
from workers.gateway.intake import reaching_temporal
from workers.gateway.noted import noted
from workers.gateway.pages.entry import Pages, key_of
from workers.gateway.pages.form import PREVIEW, changed, decision_of
from workers.gateway.pages.listing import holds_page
from workers.gateway.pages.rendering import elsewhere, page, style
from workers.gateway.pages.sessions import SESSION, SIGN_IN, SIGN_IN_LASTS, Session, Sessions
from workers.gateway.pages.showing import shown_hold, shown_run
from workers.gateway.pages.sign_in import ProviderError, SignIn, SignInError
from workers.gateway.requests import FORM, Refusal, content_of, media_type, read_body
from workers.settings import Settings
from workflows.holds.wording import change, changes, hold_address
from workflows.steps.edits import EditError, edited

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.approvals.signing import SigningKey

Handler = Callable[[web.Request, Session], Awaitable[web.Response]]
MOST_PAGES = 10_000
OWN = ("same-origin", "none")


class PagesDoor:
    """Pages for approvers and operators.

    Args:
        entry: the file's entry.
        base_url: the gateway's public address.
        key: what signs decisions about holds that are `verified`.
        client: Temporal's client, which need not be connected yet.
        settings: settings of this process.
    """

    def __init__(self, entry: Pages, base_url: str, key: SigningKey | None, client: Client, settings: Settings) -> None:
        self.entry = entry
        self.base_url = base_url
        self.key = key
        self.client = client
        self.settings = settings
        parts = urlsplit(base_url)
        self.origin = f"{parts.scheme}://{parts.netloc}".lower()
        self.root = parts.path
        self.sign_in = SignIn(entry.oidc, f"{base_url}/login/callback")
        self.sessions = Sessions([key_of(one) for one in entry.session_key], secure=parts.scheme == "https")

    def routes(self) -> Iterable[web.RouteDef]:
        """Return its routes."""
        pages: dict[str, Handler] = {
            "/": self._approvals,
            "/holds": self._approvals,
            "/failures": self._failures,
            "/hold": self._hold,
            "/run": self._run,
        }
        yield web.get("/style.css", self._style)
        yield web.get("/login", self._login)
        yield web.get("/login/callback", self._callback)
        yield web.post("/logout", self._for_people(self._logout))
        yield web.post("/hold", self._for_people(self._decide))
        for path, handler in pages.items():
            yield web.get(path, self._for_people(handler))

    async def _style(self, _: web.Request) -> web.Response:
        return style()

    def _for_people(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return a handler that only people who have signed in, and still may, reach."""

        async def guarded(request: web.Request) -> web.Response:
            session = self.sessions.of(request)
            if session is None or not self.entry.admits(session.person):
                if request.method in {hdrs.METH_GET, hdrs.METH_HEAD}:
                    return elsewhere(f"{self.base_url}/login?{urlencode({'next': request.path_qs})}")
                sentence = "You are not signed in any more, so nothing was done. Sign in and decide again."
                return self._told(HTTPStatus.UNAUTHORIZED, "Sign in", sentence)
            try:
                return await handler(request, session)
            except (Refusal, TrunklineError) as error:
                told = {"title": "That did not work", "sentence": str(error)}
                return self._page(session, "message", status_of(error), **told)

        return guarded

    async def _login(self, request: web.Request) -> web.Response:
        try:
            address, kept = await self.sign_in.begin(within(request.query.get("next", "/")))
        except ProviderError as error:
            return self._told(HTTPStatus.BAD_GATEWAY, "Sign in", str(error))
        answer = elsewhere(address)
        self.sessions.write(answer, SIGN_IN, kept, SIGN_IN_LASTS)
        return answer

    async def _callback(self, request: web.Request) -> web.Response:
        kept = self.sessions.read(request, SIGN_IN)
        try:
            person = await self.sign_in.finish(request.query, kept)
        except ProviderError as error:
            return self._told(HTTPStatus.BAD_GATEWAY, "Sign in", str(error))
        except SignInError as error:
            return self._told(HTTPStatus.UNAUTHORIZED, "Sign in", str(error))
        if not self.entry.admits(person):
            sentence = f"{person} may not enter: the gateway's file says who may (`pages.people`)."
            return self._told(HTTPStatus.FORBIDDEN, "Sign in", sentence)
        answer = elsewhere(f"{self.base_url}{within((kept or {}).get('next', '/'))}")
        self.sessions.clear(answer, SIGN_IN)
        self.sessions.begin(answer, person)
        return answer

    async def _logout(self, request: web.Request, session: Session) -> web.Response:
        await self._form(request, session)
        answer = self._told(HTTPStatus.OK, "Signed out", "You are signed out.")
        self.sessions.clear(answer, SESSION)
        return answer

    async def _approvals(self, request: web.Request, session: Session) -> web.Response:
        return await self._list(request, session, "approval")

    async def _failures(self, request: web.Request, session: Session) -> web.Response:
        return await self._list(request, session, "failure")

    async def _list(self, request: web.Request, session: Session, kind: holds.Kind) -> web.Response:
        query = {name: request.query.get(name, "").strip() for name in ("automation", "approver", "older")}
        written = request.query.get("page", "1")
        number = int(written) if written.isascii() and written.isdecimal() and len(written) < 6 else 0  # noqa: PLR2004
        if not 1 <= number <= MOST_PAGES:
            raise Refusal(HTTPStatus.BAD_REQUEST, "There is no such page.")
        try:
            older = timedelta(milliseconds=duration(query["older"])) if query["older"] else None
        except (ValueError, OverflowError) as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"`older`: {error}") from None
        wanted = Wanted(
            approver=query["approver"] or None, automation=query["automation"] or None, older_than=older, kind=kind
        )
        async with reaching_temporal(30):
            found = await holds_page(
                self.client, self.settings.task_queue, wanted, number, self.settings.encryption_keys
            )
        path = "/holds" if kind == "approval" else "/failures"
        pages: dict[str, Any] = {
            name: f"{path}?{urlencode({**query, 'page': other})}"
            for name, other, there in (("earlier", number - 1, number > 1), ("later", number + 1, found.more))
            if there
        }
        rows = [{**row, "address": hold_address("", row["run"], row["hold"])} for row in found.rows]
        shown: dict[str, Any] = {"kind": kind, "path": path, "query": query, "rows": rows, "runs": found.runs}
        return self._page(session, "list", **shown, number=number, **{"earlier": None, "later": None, **pages})

    async def _hold(self, request: web.Request, session: Session) -> web.Response:
        return await self._show_hold(session, run_of(request.query), request.query.get("hold", ""))

    async def _show_hold(
        self, session: Session, run: str, name: str, status: HTTPStatus = HTTPStatus.OK, **more: Any
    ) -> web.Response:
        """Return a hold's page: all of it while it waits, and afterwards what became of it."""
        async with reaching_temporal(30):
            held = await holds.look(self.client, run)
            hold = next((one for one in held or [] if one["hold"] == name), None)
            report = await runs.report(self.client, run) if held is not None else None
        told = {"sentence": None, "changes": None, "edits": None, "reason": "", "web": self._web(run), **more}
        return self._page(session, "hold", status, **shown_hold(run, name, hold, report), **told)

    async def _run(self, request: web.Request, session: Session) -> web.Response:
        run = run_of(request.query)
        async with reaching_temporal(30):
            report = await runs.report(self.client, run)
        return self._page(session, "run", **shown_run(run, report), web=self._web(run))

    def _web(self, run: str) -> str | None:
        """Return a run's address in Temporal's web UI, where that is known."""
        web_ui = self.settings.web_ui
        return None if web_ui is None else runs.web_address(web_ui, self.client.namespace, run)

    async def _decide(self, request: web.Request, session: Session) -> web.Response:
        form = await self._form(request, session)
        decision = decision_of(form, session.person)
        run = run_of(form)
        async with reaching_temporal(30):
            held = await holds.look(self.client, run)
            hold = next((one for one in held or [] if one["hold"] == decision["hold"]), None)
            if decision["decision"] == PREVIEW:
                return await self._preview(session, run, form, decision, hold)
            if hold is not None:
                if "edits" in decision:
                    decision["edits"] = changed(decision["edits"], hold["request"]["config"])
                decision = decisions.sealed(decision, hold, run, self.key)
            answer = await decisions.decide(self.client, run, decision, answered=held is not None)
        noted(request).decision = answer.result
        if answer.accepted:
            made = elsewhere(hold_address(self.base_url, run, decision["hold"]))
            self.sessions.renew(made, session)  # another cookie lets browsers forget the page with its buttons
            return made
        status = HTTPStatus.BAD_REQUEST if answer.result in {"invalid", "malformed"} else HTTPStatus.CONFLICT
        told = {"sentence": answer.message, "edits": form.get("edits"), "reason": form.get("reason", "")}
        return await self._show_hold(session, run, decision["hold"], status, **told)

    async def _preview(
        self, session: Session, run: str, form: dict[str, str], decision: dict[str, Any], hold: holds.Hold | None
    ) -> web.Response:
        """Show what an edit would change, and send nothing."""
        if hold is None or hold["digest"] != decision["digest"]:
            sentence = "The request is not the one you saw: look at it again, then decide."
            return await self._show_hold(session, run, decision["hold"], HTTPStatus.CONFLICT, sentence=sentence)
        before = hold["request"]["config"]
        try:
            after = edited(before, changed(decision["edits"], before), hold["request"].get("secrets") or [])
        except EditError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from None
        told: dict[str, Any] = {"changes": [change(place) for place in changes(before, after)]}
        told |= {"edits": form["edits"], "reason": form.get("reason", "")}
        return await self._show_hold(session, run, decision["hold"], **told)

    async def _form(self, request: web.Request, session: Session) -> dict[str, str]:
        """Return the fields of a form that is this session's own.

        Raises:
            Refusal: another page, or another session's, has sent it (403), or it is no form (400, 413, 415).
        """
        origin, site = request.headers.get(hdrs.ORIGIN), request.headers.get("Sec-Fetch-Site", "same-origin")
        foreign = origin is not None and origin.lower() != self.origin
        if media_type(request.headers) != FORM:
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Pages send forms.")
        fields = content_of(FORM, await read_body(request))
        form = {name: value if isinstance(value, str) else value[-1] for name, value in fields.items()}
        if foreign or site not in OWN or not self.sessions.is_of(session, form.get("csrf", "")):
            raise Refusal(HTTPStatus.FORBIDDEN, "This form was not made by this page for you: open the page again.")
        return form

    def _page(
        self, session: Session, template: str, status: HTTPStatus = HTTPStatus.OK, /, **values: Any
    ) -> web.Response:
        own = {"person": session.person, "csrf": self.sessions.csrf(session), "root": self.root}
        return page(template, status, **own, **values)

    def _told(self, status: HTTPStatus, title: str, sentence: str) -> web.Response:
        """Return a page for somebody who has not signed in."""
        return page("message", status, root=self.root, title=title, sentence=sentence)


def status_of(error: Refusal | TrunklineError) -> HTTPStatus:
    """Return the status that says why something did not work."""
    if isinstance(error, Refusal):
        return error.status
    if isinstance(error, NotFoundError):
        return HTTPStatus.NOT_FOUND
    return HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, UnreachableError) else HTTPStatus.CONFLICT


def run_of(fields: Mapping[str, str]) -> str:
    """Return the run that a page is about.

    Raises:
        Refusal: no run has such an id (404).
    """
    run = fields.get("run", "")
    if not run or len(run.encode("utf-8", "replace")) > LONGEST_ID:
        raise Refusal(HTTPStatus.NOT_FOUND, "There is no such run.")
    return run


def within(wanted: str) -> str:
    """Return a path of this gateway's own; the first page where another address is wanted."""
    good = (
        wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable() and "\\" not in wanted
    )
    return wanted if good else "/"
