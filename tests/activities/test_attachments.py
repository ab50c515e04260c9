from __future__ import annotations

import pytest

from activities.attachments import Attachment, attachment_syntaxes, fetched
from activities.errors import ActionError, Refused, Unavailable
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Act, Wire, drop, hang, ok

MANY = 1_000_000


@pytest.mark.parametrize(
    ("url", "name", "answer", "expected"),
    [
        ("/a/report%20%C3%A4.pdf?x=1", None, ok(b"x", kind="application/pdf"), ("report ä.pdf", "application/pdf")),
        ("/a", "bill.pdf", ok(b"x", kind="application/octet-stream"), ("bill.pdf", "application/pdf")),
        ("/a", None, ok(b"x", 'Content-Disposition: attachment; filename="b.csv"', kind="text/csv; charset=x"), ("b.csv", "text/csv")),
        ("/a", None, ok(b"x", "Content-Disposition: attachment; filename*=UTF-8''%C5%BE.png", kind=""), ("ž.png", "image/png")),
        ("/", None, ok(b"x", kind="nonsense"), ("attachment", "application/octet-stream")),
        ("/a", "../../e\r\nBcc: x/\u202efdp.zip", ok(b"x"), ("e_Bcc_ x_fdp.zip", "application/json")),
    ],
)  # fmt: skip
async def test_an_attachment_has_its_author_s_its_server_s_or_its_address_s_name(
    url: str, name: str | None, answer: bytes, expected: tuple[str, str], wire: Wire, make_context: MakeContext
) -> None:
    wire.reply(answer)
    [file] = await fetched([Attachment(url=wire.url + url, name=name)], make_context(), MANY, MANY)
    assert (file.name, file.media_type, file.content) == (*expected, b"x")


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("setup.exe", b"x", "application/pdf"),
        ("invoice.pdf.JS", b"x", "application/pdf"),
        ("a.exe. ", b"x", "application/pdf"),
        ("invoice.pdf", b"MZ\x90", "application/pdf"),
        ("invoice.pdf", b"\x7fELF", "application/pdf"),
        ("run", b"#!/bin/sh", "text/plain"),
        ("invoice.pdf", b"x", "application/x-msdownload"),
    ],
)
async def test_a_program_is_refused(name: str, body: bytes, kind: str, wire: Wire, make_context: MakeContext) -> None:
    wire.reply(ok(body, kind=kind))
    with pytest.raises(Refused, match="is a program"):
        await fetched([Attachment(url=wire.url, name=name)], make_context(), MANY, MANY)


async def test_an_attachment_is_bounded_and_so_are_all_together(wire: Wire, make_context: MakeContext) -> None:
    wire.reply(ok(b"x" * 600, kind="text/plain"))
    attachments = [Attachment(url=wire.url)] * 2
    assert len(await fetched(attachments, make_context(), 600, 1_200)) == 2
    with pytest.raises(Refused, match=r"from 127\.0\.0\.1 is larger than 599 bytes"):
        await fetched(attachments, make_context(), 599, 1_200)
    with pytest.raises(Refused, match=r"together are larger than 1,199 bytes"):
        await fetched(attachments, make_context(), 600, 1_199)
    with pytest.raises(Refused, match=r"together are larger than 600 bytes"):
        await fetched(attachments, make_context(), 600, 600)


@pytest.mark.parametrize(
    ("reply", "kind", "sentence"),
    [
        (ok(status="404 Not Found"), Refused, "answered 404 instead of the attachment"),
        (ok(status="302 Found"), Refused, "answered 302"),
        (ok(status="500 Oops"), Unavailable, "answered 500"),
        (ok(b"", "Retry-After: 7", status="429 Slow"), Unavailable, "answered 429"),
        (drop, Unavailable, "nothing was sent"),
        (hang, Unavailable, "nothing was sent"),
    ],
)
async def test_what_cannot_be_fetched_keeps_the_message_from_being_sent(
    reply: bytes | Act, kind: type[ActionError], sentence: str, wire: Wire, make_context: MakeContext
) -> None:
    wire.reply(reply)
    with pytest.raises(kind, match=sentence):
        await fetched([Attachment(url=wire.url)], make_context(timeout=0.3), MANY, MANY)


@pytest.mark.parametrize("url", ["https://10.0.0.1/a", "http://192.0.2.7/a", "file:///etc/passwd", "data:,x", ""])
async def test_an_attachment_comes_from_an_allowed_address(url: str, make_context: MakeContext) -> None:
    with pytest.raises(Refused, match="nothing was sent"):
        await fetched([Attachment(url=url)], make_context(), MANY, MANY)


def test_addresses_of_attachments_are_escaped_as_addresses() -> None:
    raw = [{"url": "https://x.example/{{a}}", "name": "{{b}}"}, "x", {"name": "y"}]
    assert attachment_syntaxes(raw, "/attachments") == {"/attachments/0/url": "url"}
    assert attachment_syntaxes("{{all}}", "/attachments") == {}
