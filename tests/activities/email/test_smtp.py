"""Email over SMTP, as a real server takes it and the standard library reads it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from activities.connections import Connections
from activities.email import smtp_session
from activities.email.composing import Email
from activities.email.send_email import PROVIDERS, EmailReceipt, send_email
from activities.email.smtp import Smtp
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.bindings import BoundHost, BoundSecret
from activities.http_client.client import Client
from activities.http_client.sandboxed import SandboxServer
from tests.activities.conftest import KEY, MakeContext
from tests.activities.email.servers import AFTER, DATA, MailServer, mail_server
from tests.activities.http_client.test_client import Directory, contexts
from tests.activities.http_client.wire import Wire, ok

HOST = "mail.example.test"
MESSAGE = {"to": "ada@example.com", "subject": "Hello", "text": "Hi."}


class Marks:
    """Counts marks, and keeps how many messages the server had at each."""

    def __init__(self, server: MailServer) -> None:
        self.made: list[int] = []
        self.server = server

    async def __call__(self) -> None:
        self.made.append(len(self.server.envelopes))


def to(server: MailServer, **more: Any) -> Connections:
    entry = {
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "from": "Support <support@example.org>",
    }
    return Connections({"mail": {**entry, **more}}, PROVIDERS)


async def sent(
    make_context: MakeContext, server: MailServer, *, over: dict[str, Any] | None = None, **config: Any
) -> EmailReceipt:
    context = make_context(action="send_email", connections=to(server, **(over or {})), sending=Marks(server))
    found = await send_email.function(Email.model_validate({**MESSAGE, **config}), context)
    assert isinstance(found, EmailReceipt)
    return found


def through(make_context: MakeContext, client: Client) -> MakeContext:
    """Make attempts that send through a client of the test's own."""
    return lambda **more: make_context(http=client, **more)


async def test_an_email_arrives_as_it_was_written(make_context: MakeContext) -> None:
    async with mail_server() as server:
        receipt = await sent(
            make_context,
            server,
            to=['"Lovelace, Ada" <ada@example.com>', "Žofie <zofie@bücher.example>"],
            cc="carol@example.com",
            bcc=["dan@example.com", "ada@example.com"],
            replyTo="help@example.org",
            subject="Grüße 🎉 " + "lang " * 30,
            text=None,
            markdown="Hi **Žofie**,\n\n- [order](https://x.example/1)\n\n.\n\n..two dots",
        )
    [message] = server.messages
    assert server.envelopes[0].mail_from == "support@example.org"
    assert server.envelopes[0].rcpt_tos == [
        "ada@example.com",
        "zofie@xn--bcher-kva.example",
        "carol@example.com",
        "dan@example.com",
    ]
    assert [(one.display_name, one.addr_spec) for one in message["To"].addresses] == [
        ("Lovelace, Ada", "ada@example.com"),
        ("Žofie", "zofie@xn--bcher-kva.example"),
    ]
    assert message["From"].addresses[0].display_name == "Support"
    assert message["Subject"] == "Grüße 🎉 " + " ".join(["lang"] * 30)
    assert (message["Cc"], message["Reply-To"], message["Bcc"]) == ("carol@example.com", "help@example.org", None)
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert plain.get_content() == "Hi Žofie,\n\n- order (https://x.example/1)\n\n.\n\n..two dots\n"
    assert html is not None
    assert '<li><a href="https://x.example/1">order</a></li>' in html.get_content()
    assert message["Date"].datetime.tzinfo is not None
    assert server.raw().isascii()
    assert max(map(len, server.raw().split(b"\r\n"))) <= 78 + 2
    assert receipt.model_dump(by_alias=True) == {
        "provider": "smtp",
        "id": "ABC123",
        "messageId": f"<{KEY}@example.org>",
        "accepted": server.envelopes[0].rcpt_tos,
        "refused": [],
    }
    assert message["Message-ID"] == receipt.message_id


async def test_threads_lists_and_long_addresses_stay_whole(make_context: MakeContext) -> None:
    unsubscribe = f"<https://x.example/u/{'0123456789' * 12}>, <mailto:off@example.org?subject=unsubscribe>"
    async with mail_server() as server:
        await sent(
            make_context,
            server,
            headers={
                "List-Unsubscribe": unsubscribe,
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "references": "<a@b> <c@d>",
                "X-Ticket": "č7",
            },
            inReplyTo="c@e",
        )
    [message] = server.messages
    assert (
        f"List-Unsubscribe:\r\n {unsubscribe.split(maxsplit=1)[0]}".encode() in server.raw()
        or unsubscribe.split(maxsplit=1)[0].encode() in server.raw()
    )
    assert message["List-Unsubscribe"] == unsubscribe
    assert message["In-Reply-To"] == "<c@e>"
    assert message["References"] == "<a@b> <c@d> <c@e>"
    assert message["X-Ticket"] == "č7"


@pytest.mark.parametrize(
    "evil",
    [
        "x\r\nBcc: evil@example.com",
        "x\nBcc: evil@example.com",
        "x\r\n\r\nbody",
        "x\x00\x0b\x0c\x85\u2028Bcc: evil@example.com",
        "=?utf-8?q?x=0D=0ABcc:_evil@example.com?=",
        "=?UTF-8?B?w6QNCkJjYzogZXZpbEBleGFtcGxlLmNvbQ==?=",
    ],
)
async def test_no_value_makes_a_header(evil: str, make_context: MakeContext) -> None:
    async with mail_server() as server:
        await sent(
            make_context,
            server,
            to=f"{evil} <ada@example.com>",
            subject=evil,
            text=evil,
            html=evil,
            sender=f"{evil} <a@example.org>",
        )
        for field in (
            {"to": evil},
            {"replyTo": evil},
            {"to": f"{evil}@example.com"},
            {"inReplyTo": f"{evil} x"},
            {"headers": {evil: "x"}},
            {"headers": {"X-A": evil}},
        ):
            with pytest.raises(ValueError, match=r"address|Message-ID|cannot set|may not contain"):
                Email.model_validate({**MESSAGE, **field})
    [message] = server.messages
    assert {name.lower() for name in message} == {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
    }
    assert server.envelopes[0].rcpt_tos == ["ada@example.com"]


async def test_an_address_that_is_not_ascii_needs_a_server_that_takes_it(make_context: MakeContext) -> None:
    async with mail_server() as server:
        await sent(make_context, server, to="jörg@bücher.example", subject="Grüße")
    assert server.envelopes[0].rcpt_tos == ["jörg@xn--bcher-kva.example"]
    assert "jörg@xn--bcher-kva.example" in server.messages[0]["To"]
    async with mail_server(utf8=False) as server:
        with pytest.raises(Refused, match="SMTPUTF8"):
            await sent(make_context, server, to="jörg@bücher.example")
    assert not server.envelopes


async def test_attachments_arrive_and_nothing_goes_out_where_one_fails(make_context: MakeContext, wire: Wire) -> None:
    content = bytes(range(256)) * 40
    wire.reply(
        ok(content, kind="application/pdf"),
        ok(b"From x\r\n\r\n.", kind="message/rfc822"),
        ok(b"a;b", kind="text/csv"),
        ok(status="404 Not Found"),
    )
    files = [
        {"url": f"{wire.url}/r%C3%A9sum%C3%A9.pdf"},
        {"url": f"{wire.url}/old.eml"},
        {"url": f"{wire.url}/a.csv", "name": "Zahlen für Mai.csv"},
    ]
    async with mail_server() as server:
        await sent(make_context, server, attachments=files)
        with pytest.raises(Refused, match="404"):
            await sent(make_context, server, attachments=files)
    [message] = server.messages
    found = [
        (one.get_filename(), one.get_content_type(), one.get_payload(decode=True)) for one in message.iter_attachments()
    ]
    assert found[0] == ("résumé.pdf", "application/pdf", content)
    assert found[1][:2] == ("old.eml", "application/octet-stream")
    assert found[2] == ("Zahlen für Mai.csv", "text/csv", b"a;b")
    assert message.get_body(("plain",)).get_content() == "Hi.\n"  # type: ignore[union-attr] # it has one


async def test_partial_refusals_are_no_failure_and_total_ones_are(make_context: MakeContext) -> None:
    async with mail_server() as server:
        server.answers = {"nobody": "550 5.1.1 No such user", "later": "451 4.7.1 Greylisted"}
        receipt = await sent(make_context, server, to=["nobody@example.com", "ada@example.com", "later@example.com"])
        assert (receipt.accepted, receipt.refused) == (["ada@example.com"], ["nobody@example.com", "later@example.com"])
        assert any("nobody@example.com was refused: 550 5.1.1 No such user" in one for one in receipt.warnings)
        with pytest.raises(Refused, match=r"none of the recipients.*nobody@example\.com: 550 5\.1\.1 No such user"):
            await sent(make_context, server, to="nobody@example.com")
        with pytest.raises(Unavailable, match="Greylisted"):
            await sent(make_context, server, to=["nobody@example.com", "later@example.com"])
    assert len(server.envelopes) == 1


@pytest.mark.parametrize(
    ("answers", "breaks", "hangs", "kind", "arrived"),
    [
        ({DATA: "451 Later"}, None, None, Unavailable, 0),
        ({DATA: "554 No"}, None, None, Refused, 0),
        ({AFTER: "451 Later"}, None, None, Unavailable, 1),
        ({AFTER: "552 Too large"}, None, None, Refused, 1),
        ({AFTER: "200 What"}, None, None, OutcomeUnknown, 1),
        ({}, DATA, None, Unavailable, 0),
        ({}, AFTER, None, OutcomeUnknown, 1),
        ({}, None, AFTER, OutcomeUnknown, 1),
    ],
)
async def test_a_failure_is_sorted_by_whether_the_message_was_on_its_way(
    answers: dict[str, str],
    breaks: str | None,
    hangs: str | None,
    kind: type[ActionError],
    arrived: int,
    make_context: MakeContext,
) -> None:
    async with mail_server() as server:
        server.answers, server.breaks, server.hangs = answers, breaks, hangs
        marks = Marks(server)
        context = make_context(connections=to(server), sending=marks, timeout=0.5)
        with pytest.raises(kind) as caught:
            await send_email.function(Email.model_validate(MESSAGE), context)
    assert type(caught.value) is kind
    assert (len(server.envelopes), marks.made) == (arrived, [0])


async def test_nothing_is_sent_where_the_mark_cannot_be_made(make_context: MakeContext) -> None:
    async def unmarked() -> None:
        raise ConnectionError

    async with mail_server() as server:
        with pytest.raises(ConnectionError):
            await send_email.function(
                Email.model_validate(MESSAGE), make_context(connections=to(server), sending=unmarked)
            )
        assert not server.envelopes


async def test_a_lost_answer_is_unknown_and_no_look_settles_it(make_context: MakeContext) -> None:
    async with mail_server() as server:
        server.breaks = AFTER
        context = make_context(action="send_email", connections=to(server))
        config = Email.model_validate(MESSAGE)
        with pytest.raises(OutcomeUnknown, match="whether it took it is not known"):
            await send_email.function(config, context)
        assert send_email.repeat == "never"
        assert send_email.look is not None
        assert await send_email.look(config, context, None) == []  # type: ignore[arg-type] # it is not used
        assert len(server.envelopes) == 1


@asynccontextmanager
async def trusting(tls: ssl.SSLContext | None) -> AsyncIterator[Client]:
    client = Client(allow=["127.0.0.1"], lookup=Directory(["127.0.0.1"]), tls=tls)
    try:
        yield client
    finally:
        await client.close()


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_the_certificate_is_verified(
    security: str, tmp_path: Path, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, trusted = contexts(tmp_path, HOST)
    both = {"tls": serving} if security == "tls" else {"starttls": serving}
    signed = (
        {"security": security, "username": "me", "password": "sesame-1234"}
        if security == "starttls"
        else {"security": security}
    )
    async with mail_server(**both, sign_in=security == "starttls") as server, trusting(trusted) as client:  # type: ignore[arg-type] # contexts
        await sent(through(make_context, client), server, over={**signed, "host": HOST})
        assert server.sessions[0].ssl is not None or security == "tls"
        if security == "starttls":
            with pytest.raises(Refused, match=r"530: 5\.7\.0 Authentication required"):
                await sent(through(make_context, client), server, over={"security": security, "host": HOST})
        with pytest.raises(Unavailable, match=r"certificate of other\.example\.test could not be verified"):
            await sent(through(make_context, client), server, over={**signed, "host": "other.example.test"})
        async with trusting(None) as stranger:
            with pytest.raises(Unavailable, match="certificate"):
                await sent(through(make_context, stranger), server, over={**signed, "host": HOST})
            monkeypatch.setenv("SSL_CERT_FILE", str(next(tmp_path.glob("*.pem"))))
            smtp_session._verifying.cache_clear()
            await sent(through(make_context, stranger), server, over={**signed, "host": HOST})
            smtp_session._verifying.cache_clear()
    assert len(server.envelopes) == 2


async def test_starttls_never_falls_back_to_plain(make_context: MakeContext) -> None:
    async with mail_server() as server:
        with pytest.raises(Refused, match="offers no STARTTLS"):
            await sent(make_context, server, over={"security": "starttls", "username": "me", "password": "sesame-1234"})
        with pytest.raises(Unavailable, match="secure connection"):
            await sent(make_context, server, over={"security": "tls"})
    assert not server.envelopes


async def test_a_sign_in_that_is_not_accepted_is_refused(make_context: MakeContext) -> None:
    async with mail_server(sign_in=True) as server:
        await sent(make_context, server, over={"username": "me", "password": "sesame-1234"})
        with pytest.raises(Refused, match=r"sign-in was not accepted.*535"):
            await sent(make_context, server, over={"username": "me", "password": "wrong-1234"})
    assert len(server.envelopes) == 1


async def test_a_message_too_large_for_the_server_is_not_sent(make_context: MakeContext) -> None:
    async with mail_server() as server:
        with pytest.raises(Refused, match="takes at most 2,000,000"):
            await sent(make_context, server, text="ä" * 900_000)
    assert not server.envelopes


async def test_the_server_s_address_is_judged_as_any_other(make_context: MakeContext) -> None:
    async with mail_server() as server:
        for security in ("none", "tls", "starttls"):
            with pytest.raises(Refused, match="not on the public internet"):
                await sent(through(make_context, Client()), server, over={"security": security})
        public = Client(lookup=Directory(["93.184.216.34"]))
        with pytest.raises(Refused, match="over TLS only"):
            await sent(through(make_context, public), server, over={"host": HOST})
        sandboxed = Client(sandbox=SandboxServer.of("http://127.0.0.1:1"), lookup=Directory(["127.0.0.1"]))
        await sent(through(make_context, sandboxed), server)
        with pytest.raises(Refused, match=r"--live mail\.example\.test"):
            await sent(through(make_context, sandboxed), server, over={"host": HOST})
    assert len(server.envelopes) == 1


async def test_a_bound_secret_goes_to_its_hosts_alone(make_context: MakeContext, client: Client) -> None:
    bound = client.carrying(
        [BoundSecret("shop", (BoundHost.parse("shop.example.com"),), lambda text: "tok3n-1234" in text)]
    )
    async with mail_server() as server:
        with pytest.raises(Refused, match=r"'shop' may go to shop\.example\.com only"):
            await sent(through(make_context, bound), server, text="Use tok3n-1234.")
        await sent(through(make_context, bound), server)
    assert len(server.envelopes) == 1


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"host": "mail.example.com", "username": "me"}, "go together"),
        ({"host": "mail.example.com", "from": "nobody"}, "not one email address"),
        ({"host": "mail.example.com/x"}, "host"),
        ({"host": "mail.example.com", "baseUrl": "https://x.example"}, "no `baseUrl`"),
        ({"host": "mail.example.com", "security": "plain"}, "starttls"),
    ],
)
def test_a_connection_that_is_not_right_says_so(entry: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        Connections({"mail": {"kind": "smtp", **entry}}, PROVIDERS).get("mail")


def test_a_connection_knows_its_address_and_its_secret() -> None:
    made = Smtp.model_validate({"host": "Mail.Example.com", "username": "me@example.com", "password": "sesame-1234"})
    assert [*made.addresses()] == ["mail.example.com:587"]
    assert [*made.credentials()] == ["sesame-1234"]
    assert [*Smtp(host="x.example", security="tls").addresses()] == ["x.example:465"]


async def test_many_emails_at_once_stay_apart(make_context: MakeContext) -> None:
    async with mail_server() as server:
        await asyncio.gather(
            *(sent(make_context, server, to=f"a{n}@example.com", subject=f"s{n}", over={}) for n in range(3))
        )
    assert {(one["To"], one["Subject"]) for one in server.messages} == {
        (f"a{n}@example.com", f"s{n}") for n in range(3)
    }
