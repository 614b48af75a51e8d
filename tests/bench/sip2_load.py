"""`python -m tests.bench.sip2_load PORT LOGIN KEY PEOPLE CONNECTIONS SECONDS [sessions]`: ask as fast as can be.

PEOPLE is a JSON file of [number, PIN]. Prints one JSON object: answers, those that said valid, seconds, p99 in ms.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

NOW = "20261122    120000"


def message(body: str, sequence: int = 0) -> bytes:
    """With its checksum, as clients send it."""
    raw = f"{body}AY{sequence}AZ".encode()
    return raw + b"%04X\r" % (-sum(raw) & 0xFFFF)


@dataclass
class Tally:
    """`valid` counts the answers that have CQY."""

    until: float
    valid: int = 0
    waits: list[float] = field(default_factory=list)

    def add(self, began: float, said: bytes) -> None:
        self.waits.append(time.perf_counter() - began)
        self.valid += b"|CQY" in said


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, question: bytes) -> bytes:
    writer.write(question)
    return await reader.readuntil(b"\r")


async def one(port: int, login: bytes, people: "cycle[bytes]", tally: Tally, sessions: bool) -> None:
    """One connection until the time is up; with `sessions` a new one for each question, and an end of session."""
    ending = message(f"35{NOW}AO|AA|")
    while time.perf_counter() < tally.until:
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if login:
            await ask(reader, writer, login)
        if sessions:
            said = await ask(reader, writer, next(people))
            await ask(reader, writer, ending)
            tally.add(began, said)
        while not sessions and time.perf_counter() < tally.until:
            began = time.perf_counter()
            tally.add(began, await ask(reader, writer, next(people)))
        writer.close()
        await writer.wait_closed()


def questions(people: str) -> "cycle[bytes]":
    told = json.loads(Path(people).read_text())
    return cycle([message(f"63001{NOW}          AO|AA{number}|AC|AD{pin}|") for number, pin in told])


async def main(where: tuple[str, str, str], people: str, connections: str, seconds: str, *how: str) -> None:
    port, login, key = where
    hello = message(f"9300CN{login}|CO{key}|CP|") if login else b""
    tally, began = Tally(time.perf_counter() + float(seconds)), time.perf_counter()
    asked = questions(people)
    await asyncio.gather(*(one(int(port), hello, asked, tally, bool(how)) for _ in range(int(connections))))
    waits = sorted(tally.waits)
    told = {"answers": len(waits), "valid": tally.valid, "seconds": time.perf_counter() - began}
    print(json.dumps({**told, "p99": 1000 * waits[int(len(waits) * 0.99)]}))  # noqa: T201 - what it is for


if __name__ == "__main__":
    asyncio.run(main((sys.argv[1], sys.argv[2], sys.argv[3]), *sys.argv[4:]))
