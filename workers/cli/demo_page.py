"""The demo's approver: signs in at the gateway's page and decides with its form, as a browser would."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import aiohttp

from workers.errors import TrunklineError

SIGN_IN, DECIDE = "/authorize", "/hold"
WITHIN = aiohttp.ClientTimeout(total=60)


@dataclass(slots=True)
class PageForm:
    """A form of a page: where it goes, and what it sends by itself."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


async def approve(address: str, person: str) -> None:
    """Open a hold's page, sign in where it asks who one is, and press its button to approve.

    Args:
        address: of the hold's page.
        person: the address to sign in with.

    Raises:
        TrunklineError: the page could not be reached, or the approval does not count.
    """
    jar = aiohttp.CookieJar(unsafe=True)  # the gateway's host is an address
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=WITHIN) as session:
        try:
            page = await _open(session, address)
            if page.place == SIGN_IN:
                page = await page.send(session, SIGN_IN, email=person)
            await page.send(session, DECIDE, decision="approve")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TrunklineError(f"The page {address} does not answer: {error or 'too late'}.") from None


@dataclass(frozen=True, slots=True)
class _Page:
    url: str
    text: str

    @property
    def place(self) -> str:
        return urlsplit(self.url).path

    async def send(self, session: aiohttp.ClientSession, action: str, **fields: str) -> _Page:
        """Send the first form that goes to a path, and return the page that follows."""
        reader = _Forms()
        reader.feed(self.text)
        form = next((one for one in reader.forms if urlsplit(one.action).path.endswith(action)), None)
        if form is None:
            raise TrunklineError(f"The page {self.url} has no form for {action}.")
        return await _open(session, urljoin(self.url, form.action), {**form.fields, **fields})


async def _open(session: aiohttp.ClientSession, url: str, fields: dict[str, str] | None = None) -> _Page:
    """Open a page, or send a form and open what follows."""
    async with session.request("GET" if fields is None else "POST", url, data=fields) as answer:
        text = await answer.text()
        if not answer.ok:
            raise TrunklineError(f"The page {url} answers {answer.status}.")
        return _Page(str(answer.url), text)


class _Forms(HTMLParser):
    """Reads the forms of a page, with their hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(PageForm(given.get("action", "")))
        elif tag == "input" and given.get("type") == "hidden" and self.forms:
            self.forms[-1].fields[given.get("name", "")] = given.get("value", "")
