# SPDX-License-Identifier: Apache-2.0
"""slow_clients.py HOST PORT COUNT: so many clients, each of which sends a request byte by byte and
never ends it, and comes back a second after it has been closed. A line when all have come once."""

import asyncio
import contextlib
import random
import sys

PAUSE_SEC = 1.0


async def send_slowly(host, port, come):
    reader, writer = await asyncio.open_connection(host, port)
    come()
    with contextlib.closing(writer):
        writer.write(b"GET /readyz HTTP/1.1\r\nX-Slow: ")
        while not reader.at_eof():
            writer.write(b"x")
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(reader.read(1), PAUSE_SEC * random.uniform(0.5, 1.5))


async def be_slow(host, port, come):
    while True:
        with contextlib.suppress(OSError):
            await send_slowly(host, port, come)
        await asyncio.sleep(PAUSE_SEC)


async def main(host, port, count):
    came = asyncio.Semaphore(0)
    clients = [asyncio.create_task(be_slow(host, port, came.release)) for _ in range(count)]
    for _ in clients:
        await came.acquire()
    print("all have come", flush=True)
    await asyncio.gather(*clients)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
