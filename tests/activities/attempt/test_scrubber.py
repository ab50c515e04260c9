"""What servers echo of secrets, as they really write it, is in no error, result, heartbeat or log."""

from __future__ import annotations

import base64
import dataclasses
import html
import json
import logging
import random
import string
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import pytest_asyncio
from temporalio.client import Client as TemporalClient
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.attempt.scrubber import CUTS, Scrubber
from activities.attempt.secrets import Secrets
from activities.attempt.temporal import AttemptServices, bind
from activities.catalog import catalog
from activities.connections import Connections
from activities.http_client.client import Client
from tests.activities.attempts import DayBudgets, KnownRuns, OwnValues, ProcessPauses
from tests.activities.conftest import KEY
from tests.activities.http_client.wire import Wire, ok

SLASHED = "Zk9/tR+v2=qP w~x&L7"
TOKEN = "shp_9fA3kQ7zLm2X"
HOOK = "https://hooks.slack.com/services/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"
TEAMS = (
    "https://prod-12.westeurope.logic.azure.com:443/workflows/0a1b2c3d4e5f60718293a4b5c6d7e8f9/triggers/manual"
    "/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=n0T-a_Real-Signature0123456789abcd"
)
DIGITS = "4929123456789012"
KEY_LINES = [base64.b64encode(random.Random(line).randbytes(48)).decode() for line in range(4)]  # noqa: S311 # the same in every run
PEM = "\n".join(["-----BEGIN PRIVATE KEY-----", *KEY_LINES, "-----END PRIVATE KEY-----"])
LABEL = "Tenant-7Qx4ZpA9"
SHORT = "hu5h!Q"
SECRETS = {
    "slashed": SLASHED, "token": TOKEN, "hook": HOOK, "teams": TEAMS, "digits": DIGITS, "pem": PEM, "label": LABEL,
    "short": SHORT, "unicode": "ключ-schlüssel-9",
}  # fmt: skip


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def entities(text: str) -> str:
    return "".join(f"&#{ord(sign)};" for sign in text)


ECHOES: dict[str, tuple[str, str | None]] = {
    "as it is": (f"bad token {TOKEN}", "bad token [secret]"),
    "in capitals": (f"bad token {TOKEN.upper()}!", "bad token [secret]!"),
    "JSON of PHP": (f"got {json.dumps(SLASHED)[1:-1].replace('/', chr(92) + '/')}.", "got [secret]."),
    "JSON with \\u002B": (f"got {SLASHED.replace('+', chr(92) + 'u002B').replace('&', chr(92) + 'u0026')}.", "got [secret]."),
    "JSON all escaped": ("x" + "".join(f"\\u{ord(sign):04X}" for sign in TOKEN) + "y", "x[secret]y"),
    "JSON in JSON": (json.dumps(json.dumps({"t": "ключ-schlüssel-9"})), '"{\\"t\\": \\"[secret]\\"}"'),
    "Python's repr": (f"{SLASHED.encode()!r}", "b'[secret]'"),
    "JavaScript": ("".join(f"\\x{ord(sign):02x}" for sign in TOKEN), "[secret]"),
    "HTML named": (f"<b>{html.escape(SLASHED)}</b>", "<b>[secret]</b>"),
    "HTML with names": (SLASHED.replace("&", "&amp;").replace("+", "&plus;").replace("/", "&sol;").replace("=", "&equals;"), "[secret]"),
    "HTML decimal": (f"<i>{entities(TOKEN)}</i>", "<i>[secret]</i>"),
    "HTML hex": ("".join(f"&#x{ord(sign):X};" for sign in SLASHED), "[secret]"),
    "HTML twice": (html.escape(html.escape(SLASHED)), "[secret]"),
    "a URL": (f"/cb?t={quote(SLASHED, safe='')}&next=1", "/cb?t=[secret]&next=1"),
    "a form": (f"t={quote_plus(SLASHED)}&u=2", "t=[secret]&u=2"),
    "a form in small letters": (f"t={quote_plus(SLASHED).lower()}", "t=[secret]"),
    "a URL in a URL": (quote("https://x.example/?t=" + quote(SLASHED, safe=""), safe=""), "https%3A%2F%2Fx.example%2F%3Ft%3D[secret]"),
    "JSON of a URL": (json.dumps(quote(SLASHED)).replace("/", "\\/"), '"[secret]"'),
    "base64": (f"Basic {b64(TOKEN)}.", "Basic [secret]==."),
    "base64 behind another": (f"Basic {b64('me:' + TOKEN)}", f"Basic {b64('me:')}[secret]=="),
    "base64 for URLs": (base64.urlsafe_b64encode(("???>>>" + TOKEN).encode()).decode().rstrip("="), base64.urlsafe_b64encode(b"???>>>").decode() + "[secret]"),
    "base64 in lines": (base64.encodebytes((("-" * 57) + TOKEN).encode()).decode().strip().replace("\n", "\\n"), b64("-" * 57) + "\\n[secret]=="),
    "base64 twice": (b64(b64("123" + TOKEN)), None),
    "base64 of JSON": (b64(json.dumps({"a": SLASHED}).replace("/", "\\/")), None),
    "base64 in a URL": (quote(b64("ab" + SLASHED), safe=""), None),
    "hex": (f"0x{TOKEN.encode().hex()};", "0x[secret];"),
    "hex in capitals": (SLASHED.encode().hex(":").upper(), "[secret]"),
    "hex of base64": (b64(TOKEN + "xx").encode().hex(), None),
    "the path of a webhook": ("no_service at /services/T024BE7LD/B0123ABCD/XyZ9aBcD8eFgH7iJkL6mNoP5", "no_service at [secret]"),
    "the end of a webhook": ("invalid token XyZ9aBcD8eFgH7iJkL6mNoP5", "invalid token [secret]"),
    "a request line": ("POST /workflows/0a1b2c3d4e5f60718293a4b5c6d7e8f9/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=n0T-a_Real-Signature0123456789abcd HTTP/1.1", "POST [secret] HTTP/1.1"),
    "a signature": ("sig n0T-a_Real-Signature0123456789abcd is wrong", "sig [secret] is wrong"),
    "a line of a key": (f"cannot parse {KEY_LINES[2]} here", "cannot parse [secret] here"),
    "a key in JSON": (json.dumps(PEM), '"[secret]"'),
    "digits": (f"card {DIGITS} is unknown", "card [secret] is unknown"),
    "a host": (f"getaddrinfo ENOTFOUND {LABEL.lower()}.api.example.com", "getaddrinfo ENOTFOUND [secret].api.example.com"),
    "cut by the server": (f"invalid: {TOKEN[:9]}…", "invalid: [secret]…"),
    "cut in the middle": (f"input_value='{TOKEN[:7]}...{TOKEN[-5:]}'", "input_value='[secret]...[secret]'"),
    "a short one": (f"wrong pin {SHORT}, try again", "wrong pin [secret], try again"),
}  # fmt: skip


@pytest_asyncio.fixture
async def services(client: Client, tmp_path: Path) -> AttemptServices:
    for name, value in SECRETS.items():
        (tmp_path / name).write_text(value + "\n")
    secrets = Secrets(tmp_path, {})
    return AttemptServices(
        http=client,
        connections=Connections({}, ()),
        secrets=secrets,
        scrubber=Scrubber([], secrets),
        files=None,
        result_limit=256 * 1024,
        client=await TemporalClient.connect("127.0.0.1:1", lazy=True),
        budgets=DayBudgets(),
        pauses=ProcessPauses(),
        runs=KnownRuns(),
        kept_values=OwnValues(),
    )


Send = Callable[..., Any]


@pytest.fixture
def send(services: AttemptServices, wire: Wire) -> Send:
    """Make one attempt of a request to the server on this machine."""
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, start_to_close_timeout=timedelta(seconds=20))
    [run] = bind({"http_request": catalog()["http_request"]}, services)

    async def sent(**config: Any) -> Any:
        call = {"config": {"method": "GET", "url": wire.url, **config}, "key": KEY, "headers": "all"}
        return json.loads((await environment.run(run, call)).payload.data)["result"]

    return sent


def test_there_are_enough_echoes() -> None:
    assert len(ECHOES) >= 36


@pytest.mark.parametrize("name", ECHOES)
async def test_an_echo_is_in_no_result_and_no_error(
    name: str, send: Send, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    echo, masked = ECHOES[name]
    wire.reply(ok(echo.encode(), kind="text/plain"))
    result = (await send())["body"]
    wire.reply(ok(json.dumps({"deep": [{"said": echo}], echo: 1}).encode()))
    tree = (await send())["body"]
    wire.reply(ok(b"  \n" + echo.encode(), status="400 Bad Request", kind="text/plain"))
    with pytest.raises(ApplicationError) as raised:
        await send()
    if masked is None:  # what is beside the secret shares characters with it
        assert "[secret]" in result and len(result) < len(echo)  # noqa: PT018 # one thing
    else:
        assert result == masked
    assert tree == {"deep": [{"said": result}], result: 1}
    assert raised.value.message == f"The server answered with status 400: {' '.join(result.split())}"
    assert echo not in caplog.text


@pytest.mark.parametrize(
    ("number", "kept"), [(int(DIGITS), "[secret]"), (493, 493), (4929, 4929), (float(DIGITS), "[secret]")]
)
async def test_a_secret_of_digits_is_found_as_a_number(send: Send, wire: Wire, number: float, kept: Any) -> None:
    wire.reply(ok(json.dumps({"card": number, "list": [1, number, True, None]}).encode()))
    assert (await send())["body"] == {"card": kept, "list": [1, kept, True, None]}


async def test_a_secret_as_host_is_in_no_error_about_it(send: Send) -> None:
    with pytest.raises(ApplicationError) as raised:
        await send(url=f"https://{LABEL}.invalid/x")
    assert LABEL.lower() not in raised.value.message.lower()


async def test_a_rotated_secret_is_scrubbed_before_it_was_ever_used(
    send: Send, wire: Wire, services: AttemptServices
) -> None:
    new = "rotated-3kZ9xQ7w"
    wire.reply(ok(f'{{"now": "{new}", "before": "{TOKEN}"}}'.encode()))
    assert (await send())["body"] == {"now": new, "before": "[secret]"}
    assert services.secrets.folder is not None
    (services.secrets.folder / "token").write_text(new)
    (services.secrets.folder / "added").write_text("added-0123456789")
    assert (await send())["body"] == {"now": "[secret]", "before": "[secret]"}, "the old one may still be echoed"
    assert services.scrubber.scrub("added-0123456789") == "[secret]"


@pytest.mark.parametrize("filler", [" \n" * 400, "x" * 150, "x" * 195, "   " * 30_000, "é" * 198, "&nbsp;" * 33])
@pytest.mark.parametrize("written", [TOKEN, b64(TOKEN), entities(TOKEN), quote_plus(SLASHED)])
async def test_no_cut_halves_a_secret(send: Send, wire: Wire, filler: str, written: str) -> None:
    wire.reply(ok(f"{filler}{written} and more".encode(), status="400 Bad Request", kind="text/plain"))
    with pytest.raises(ApplicationError) as raised:
        await send()
    assert written[:4] not in raised.value.message
    wire.reply(ok(b"{}", f"X-Echo: {'x' * (2_000 - len(filler) % 17)}{written}"))
    assert written[:4] not in (await send())["headers"]["x-echo"]


def test_a_word_that_only_contains_a_short_secret_stays() -> None:
    scrubber = Scrubber(["Kat7", "abc"])
    assert scrubber.scrub("Kat7 Kat71 xKat7 KAT7 S2F0Nw== abc") == "[secret] Kat71 xKat7 KAT7 S2F0Nw== abc"
    assert scrubber.scrub_json({"Kat7": ["Kat7x", 7]}) == {"[secret]": ["Kat7x", 7]}
    assert Scrubber(["1234"]).scrub_json([1234, "1234"]) == [1234, "[secret]"]


def test_what_is_scrubbed_twice_stays_what_it_is() -> None:
    scrubber = Scrubber(["secret", "a-longer-secret"])
    once = scrubber.scrub("secret a-longer-secret")
    assert once == "[secret] [secret]"
    assert scrubber.scrub(once) == once


@pytest.mark.parametrize(
    "text", ["nothing to see", "https://hooks.slack.com/services", "2016-06-01", "/triggers/manual", *CUTS]
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Scrubber(SECRETS.values()).scrub(text) == text
    value = {"a": [text, 1, 2.5, None, True]}
    assert Scrubber(SECRETS.values()).scrub_json(value) is value


SIZE = 1_000_000
_random = random.Random(7)  # noqa: S311 # the same in every run
HOSTILE = {
    "words": "the quick brown fox " * (SIZE // 20),
    "backslashes": "\\" * SIZE,
    "slashes": "\\/" * (SIZE // 2),
    "entities": "&#43;" * (SIZE // 5),
    "beginnings of entities": ("&" + "a" * 31) * (SIZE // 32),
    "percent": "%25" * (SIZE // 3),
    "base64": base64.b64encode(_random.randbytes(SIZE * 3 // 4)).decode(),
    "base64 that decodes to base64": "V" * SIZE,
    "hex": _random.randbytes(SIZE // 2).hex(),
    "hex of hex": _random.randbytes(SIZE // 4).hex().encode().hex(),
    "cuts": "…" * SIZE,
    "half secrets": f"{TOKEN[:5]}…" * (SIZE // 6),
    "secrets": f"{TOKEN} " * (SIZE // 17),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_scrubbing_takes_time_in_proportion_to_the_text(name: str) -> None:
    others = ["".join(_random.choices(string.ascii_letters + string.digits + "+/-_", k=40)) for _ in range(50)]
    scrubber = Scrubber([*SECRETS.values(), *others])
    begun = time.process_time()
    scrubber.scrub(HOSTILE[name])
    assert time.process_time() - begun < 1.5
