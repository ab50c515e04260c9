"""The pages' routes: everything but the style and sign-in is for people who have signed in, and only POST decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from aiohttp import hdrs, web

from workers.errors import NotFoundError, TrunklineError, UnreachableError
from workers.gateway.noted import noted
from workers.gateway.pages.deciding import Deciding
from workers.gateway.pages.entry import Pages, key_of
from workers.gateway.pages.reading import ReadingPages, Shown, number_of, run_of
from workers.gateway.pages.rendering import elsewhere, page, plain, style
from workers.gateway.pages.sessions import SESSION, SIGN_IN, SIGN_IN_LASTS, Session, Sessions
from workers.gateway.pages.sign_in import ProviderError, SignIn, SignInError
from workers.gateway.requests import FORM, RefusalError, content_of, media_type, read_body
from workers.settings import Settings

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.approvals.signing import SigningKey

Handler = Callable[[web.Request, Session], Awaitable[web.Response]]
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
        self.reading = ReadingPages(client, settings)
        self.deciding = Deciding(self.reading, key)
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
            "/request": self._request,
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
                return self._notice(HTTPStatus.UNAUTHORIZED, "Sign in", sentence)
            try:
                return await handler(request, session)
            except (RefusalError, TrunklineError) as error:
                values = {"title": "That did not work", "sentence": str(error)}
                return self._page(session, Shown("message", values, status_of(error)))

        return guarded

    async def _login(self, request: web.Request) -> web.Response:
        try:
            address, kept = await self.sign_in.begin(within(request.query.get("next", "/")))
        except ProviderError as error:
            return self._notice(HTTPStatus.BAD_GATEWAY, "Sign in", str(error))
        answer = elsewhere(address)
        self.sessions.write(answer, SIGN_IN, kept, SIGN_IN_LASTS)
        return answer

    async def _callback(self, request: web.Request) -> web.Response:
        kept = self.sessions.read(request, SIGN_IN)
        try:
            person = await self.sign_in.finish(request.query, kept)
        except ProviderError as error:
            return self._notice(HTTPStatus.BAD_GATEWAY, "Sign in", str(error))
        except SignInError as error:
            return self._notice(HTTPStatus.UNAUTHORIZED, "Sign in", str(error))
        if not self.entry.admits(person):
            sentence = f"{person} may not enter: the gateway's file says who may (`pages.people`)."
            return self._notice(HTTPStatus.FORBIDDEN, "Sign in", sentence)
        answer = elsewhere(f"{self.base_url}{within((kept or {}).get('next', '/'))}")
        self.sessions.clear(answer, SIGN_IN)
        self.sessions.begin(answer, person)
        return answer

    async def _logout(self, request: web.Request, session: Session) -> web.Response:
        await self._form(request, session)
        answer = self._notice(HTTPStatus.OK, "Signed out", "You are signed out.")
        self.sessions.clear(answer, SESSION)
        return answer

    async def _approvals(self, request: web.Request, session: Session) -> web.Response:
        return self._page(session, await self.reading.holds(request.query, "approval"))

    async def _failures(self, request: web.Request, session: Session) -> web.Response:
        return self._page(session, await self.reading.holds(request.query, "failure"))

    async def _hold(self, request: web.Request, session: Session) -> web.Response:
        name = request.query.get("hold", "")
        return self._page(session, await self.reading.hold(run_of(request.query), name, session.person))

    async def _request(self, request: web.Request, _: Session) -> web.Response:
        return plain(await self.reading.request(run_of(request.query), request.query.get("hold", "")))

    async def _run(self, request: web.Request, session: Session) -> web.Response:
        return self._page(session, await self.reading.run(run_of(request.query), number_of(request.query)))

    async def _decide(self, request: web.Request, session: Session) -> web.Response:
        answer = await self.deciding.decide(await self._form(request, session), session.person, noted(request))
        if isinstance(answer, Shown):
            return self._page(session, answer)
        made = elsewhere(f"{self.base_url}{answer}")
        self.sessions.renew(made, session)  # another cookie lets browsers forget the page with its buttons
        return made

    async def _form(self, request: web.Request, session: Session) -> dict[str, str]:
        """Return the fields of a form that is this session's own.

        Raises:
            Refusal: another page, or another session's, has sent it (403), or it is no form (400, 413, 415).
        """
        origin, site = request.headers.get(hdrs.ORIGIN), request.headers.get("Sec-Fetch-Site", "same-origin")
        foreign = origin is not None and origin.lower() != self.origin
        if media_type(request.headers) != FORM:
            raise RefusalError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Pages send forms.")
        fields = content_of(FORM, await read_body(request))
        form = {name: value if isinstance(value, str) else value[-1] for name, value in fields.items()}
        if foreign or site not in OWN or not self.sessions.is_of(session, form.get("csrf", "")):
            raise RefusalError(
                HTTPStatus.FORBIDDEN, "This form was not made by this page for you: open the page again."
            )
        return form

    def _page(self, session: Session, shown: Shown) -> web.Response:
        own = {"person": session.person, "csrf": self.sessions.csrf(session), "root": self.root}
        return page(shown.template, shown.status, **own, **shown.values)

    def _notice(self, status: HTTPStatus, title: str, sentence: str) -> web.Response:
        """Return a page for somebody who has not signed in."""
        return page("message", status, root=self.root, title=title, sentence=sentence)


def status_of(error: RefusalError | TrunklineError) -> HTTPStatus:
    """Return the status that says why something did not work."""
    if isinstance(error, RefusalError):
        return error.status
    if isinstance(error, NotFoundError):
        return HTTPStatus.NOT_FOUND
    return HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, UnreachableError) else HTTPStatus.CONFLICT


def within(wanted: str) -> str:
    """Return a path of this gateway's own; the first page where another address is wanted."""
    good = (
        wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable() and "\\" not in wanted
    )
    return wanted if good else "/"
