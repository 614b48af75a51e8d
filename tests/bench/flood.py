"""`python -m tests.bench.flood PORT KEY RATE`: wrong PINs at that rate until standard input ends; says what came."""

import asyncio
import json
import sys
from collections import Counter
from itertools import count

CONNECTIONS = 32


async def ask(port: int, key: str, number: int) -> str:
    body = json.dumps({"number": f"{number % 9000:07}", "pin": f"99{number % 97:02}"})
    head = f"POST /v1/authentications HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    said = await reader.read()
    writer.close()
    return said[9:12].decode() or "closed"


async def main(port: str, key: str, rate: str) -> None:
    answered: Counter[str] = Counter()
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    room = asyncio.Semaphore(CONNECTIONS)

    async def one(number: int) -> None:
        async with room:
            try:
                answered[await ask(int(port), key, number)] += 1
            except OSError as error:
                answered[error.__class__.__name__] += 1

    asking: set[asyncio.Task[None]] = set()
    for number in count():
        if ended.done():
            break
        if len(asking) < 4 * CONNECTIONS:
            asking.add(asyncio.create_task(one(number)))
        await asyncio.sleep(1 / float(rate))
        asking = {task for task in asking if not task.done()}
    await asyncio.gather(*asking)
    print(json.dumps(answered))  # noqa: T201 - what it is for


asyncio.run(main(*sys.argv[1:]))
