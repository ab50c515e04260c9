import asyncio, time, logging
from tests.test_budgets import HELD, LARGEST, payload, failures
import pytest
@pytest.mark.parametrize("size", [LARGEST-1024, LARGEST+3, LARGEST+100_000, LARGEST+1_500_000])
async def test_updx(engine, size):
    engine.define(HELD)
    engine.receiver.answer("/refused", 400)
    handle = await engine.start("held")
    await engine.held(handle)
    said = payload(f'{{"hold": "pay", "reason": "{"x" * (size - 29)}"}}')
    for what, send in (("signal", handle.signal("approve", said)), ("update", handle.execute_update("decide", said))):
        t=time.time()
        try:
            r = await asyncio.wait_for(send, 6)
            print("RESULT", size-LARGEST, what, r)
        except BaseException as e: print("RESULT ERR", size-LARGEST, what, type(e).__name__, str(e)[:200], time.time()-t)
    await handle.terminate()
    engine.handles.clear()
