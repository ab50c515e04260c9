"""Pages as HTML: Liquid templates that escape whatever they are given."""

from __future__ import annotations

import functools
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from aiohttp import web
from liquid import DictLoader, Environment, StrictUndefined

from workers.gateway.pages.times import ago
from workers.graph.svg.drawing import style as picture_style
from workflows.holds.wording import visible

POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = {  # a policy of `no-referrer` would have browsers hide the origin of our own forms
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FOLDER = files("workers.gateway.pages") / "templates"


@functools.cache
def _environment() -> Environment:
    sources = {one.name.removesuffix(".liquid"): one.read_text("utf-8") for one in FOLDER.iterdir()}
    environment = Environment(autoescape=True, undefined=StrictUndefined, loader=DictLoader(sources))
    environment.add_filter("visible", lambda value: visible(str(value)))
    environment.add_filter("ago", ago)
    environment.add_filter("thousands", lambda number: f"{number:,}")
    return environment


def page(template: str, status: HTTPStatus = HTTPStatus.OK, /, **values: Any) -> web.Response:
    """Return a page.

    Args:
        template: its template's name.
        status: of the answer.
        values: what the template is given; texts are escaped.
    """
    text = (
        _environment()
        .get_template(template)
        .render(**{"person": None, "csrf": None, "root": "", "here": None, **values})
    )
    return web.Response(text=text, content_type="text/html", status=status, headers=HEADERS)


def plain(text: str) -> web.Response:
    """Return a text as it is, with nothing in it hidden."""
    return web.Response(text=visible(text), content_type="text/plain", charset="utf-8", headers=HEADERS)


def style() -> web.Response:
    """Return the one stylesheet, with the rules of pictures."""
    text = (FOLDER.parent / "style.css").read_text("utf-8")  # type: ignore[attr-defined] # a folder on disk
    text += picture_style()
    return web.Response(text=text, content_type="text/css", headers=HEADERS | {"Cache-Control": "max-age=300"})


def elsewhere(address: str) -> web.Response:
    """Send the browser to another page."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers=HEADERS | {"Location": address})
