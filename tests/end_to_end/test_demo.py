from __future__ import annotations

import asyncio
import importlib.util
import re
import signal
import sys
import uuid
from urllib.request import urlopen

import pytest

from tests.starts import Processes
from tests.workers.command import ROOT, surroundings
from tests.workers.processes import end, gone, marked
from workers.sandbox.vendors.speech import WHISPER_MODEL


@pytest.fixture(autouse=True)
def model() -> None:
    assert importlib.util.find_spec("faster_whisper"), (
        "The demo needs the local speech model: `make setup` installs it."
    )
    assert WHISPER_MODEL.is_dir(), (
        f"The demo needs the local speech model's weights in {WHISPER_MODEL}: `make setup` puts them there."
    )


STORY = (
    r"ready: temporal 127\.0\.0\.1:\d+, web UI http://127\.0\.0\.1:\d+, sandbox http://127\.0\.0\.1:\d+, gateway http://127\.0\.0\.1:\d+",
    r"recording\.uploaded: unhappy-caller\.wav",
    r"http://127\.0\.0\.1:\d+/namespaces/default/workflows/unhappy-caller%2Fdemo-",
    r"✓ Transcribe the call transcribe_recording \d+\.\d s",
    r"GET /http/shop/orders/4712 .*answered 200",
    r"✓ The team / Post to Slack",
    r"Slack, #support-alerts: Dana Price waited 62 minutes and wants a refund of order 4712 \(49\.9 EUR\)",
    r"✓ The caller / Text the caller",
    r"Refund the order http_request, held for approval",
    r"the page to decide: http://127\.0\.0\.1:\d+/hold\?run=unhappy-caller%2Fdemo-\w+&hold=",
    r"lead@example\.com signs in there and approves",
    r"POST /http/shop/orders/4712/refunds .*\"amount\": 49\.9.*answered 201",
    r"SMS to \+15550123: 49\.9 EUR are on their way back to you: refund R-2041\.",
    r"The run ended: completed",
    r"received before: unhappy-caller/demo-\w+ has ended: completed",
    r"✓ the run completed",
)


@pytest.mark.parametrize("keep", [False, True])
async def test_the_demo_tells_its_story_and_leaves_nothing_behind(processes: Processes, *, keep: bool) -> None:
    mark = f"TEST_MARK={uuid.uuid4().hex}"
    process = await processes.start(
        *(sys.executable, "-m", "workers.cli", "demo"),
        *(["--keep"] if keep else []),
        cwd=ROOT,
        env=surroundings(**dict([mark.split("=")])),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        begun = await asyncio.wait_for(_until_kept(process), 240) if keep else b""
        out, err = await asyncio.wait_for(process.communicate(), 240)
        out = begun + out
        assert process.returncode == 0, out.decode() + err.decode()
        for line in STORY:
            assert re.search(line, out.decode()), f"{line}\n{out.decode()}"
        assert "✗" not in out.decode()
        assert err == b""
        assert await gone(mark), marked(mark)
    finally:
        end(mark)


async def _until_kept(process: asyncio.subprocess.Process) -> bytes:
    """Read until the demo is told and everything still runs, look around, then press Ctrl-C."""
    assert process.stdout
    told = b""
    while b"Ctrl-C ends" not in told:
        line = await process.stdout.readline()
        assert line, told.decode()
        told += line
    for address in (rb"web UI (http://\S+),", rb"Another refund waits for you: (http://\S+)"):
        found = re.search(address, told)
        assert found, told.decode()
        with await asyncio.to_thread(urlopen, found[1].decode()) as page:
            assert page.status == 200
    process.send_signal(signal.SIGINT)
    return told
