import asyncio, contextlib, json, time
from tests.test_budgets import *
import pytest
@pytest.mark.parametrize("over", [-400, -1])
async def test_upd(engine, over):
    engine.define(HELD)
    engine.receiver.answer("/refused", 400)
    handle = await engine.start("held")
    await engine.held(handle)
    said = payload('{"hold": "pay", "by": "lead@example.com", "reason": "' + "x" * (LARGEST + over - 60) + '"}')
    t=time.time()
    try:
        r = await asyncio.wait_for(handle.execute_update("decide", said), 15)
        print("UPDATE", r)
    except BaseException as e: print("UPDATE ERR", type(e), str(e)[:200], time.time()-t)
    await handle.signal("approve", {"hold": "pay", "by": "lead@example.com"})
    for _ in range(100):
        if engine.receiver.to("/pay"): break
        await asyncio.sleep(.2)
    print("PAID", len(engine.receiver.to("/pay")), time.time()-t, await failures(handle))
    await handle.terminate()
    engine.handles.clear()
