"""Time that passes for an event loop at once: what is due happens, and nobody waits for it."""

import asyncio


async def time_passes(seconds: float) -> None:
    """Run all that the running loop has to do within ``seconds`` now, in its order.

    What only then plans something new is not followed further: a beat that plans the next one
    beats once.
    """
    await asyncio.sleep(0)  # what has only been started gets to where it waits
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    # After everything else that is due by then.
    loop.call_later(seconds, over.set)  # tested: time passes, and nobody waits for it
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]
    await over.wait()
