"""Bytes that are nearly a question: what a wire, a half-written client or a stranger could send."""

from collections.abc import Callable, Iterator, Sequence
from random import Random

LONGEST = 20_000
# What parsers trip over, of HTTP and SIP2 alike.
SHARDS = (
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"|",
    b"||||",
    b"\x00",
    b"\xff\xfe",
    b"%",
    b"%00",
    b"%2F",
    b"/",
    b"//",
    b"..",
    b"?",
    b"&",
    b"=",
    b":",
    b" ",
    b"{",
    b"}",
    b'"',
    b"[" * 100,
    b"0" * 300,
    b"9" * 5000,
    b"A" * LONGEST,
    b"AY0AZ",
    b"AZFFFF",
    b"BLY|CQY|",
    b"AD|",
    b"97",
    b"Content-Length: 99999999\r\n",
    b"Content-Length: -1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    "\u00e9\u4e2d\U0001f600".encode(),
    b"\xc3",
    b"<BR>",
    b"null",
    b"NaN",
    b"\\ud800",
)


def _flip(rng: Random, data: bytearray) -> None:
    data[rng.randrange(len(data))] = rng.randrange(256)


def _cut(rng: Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 2, 8, 64, LONGEST))]


def _insert(rng: Random, data: bytearray) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice(SHARDS)


def _repeat(rng: Random, data: bytearray) -> None:
    start, length = rng.randrange(len(data)), rng.choice((1, 4, 32, 200))
    data[start:start] = data[start : start + length] * rng.choice((1, 2, 20))


def _noise(rng: Random, data: bytearray) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.randbytes(rng.choice((1, 3, 30)))


CHANGES: tuple[Callable[[Random, bytearray], None], ...] = (_flip, _cut, _insert, _repeat, _noise)


def nearly(seeds: Sequence[bytes], cases: int, seed: int) -> Iterator[bytes]:
    """`cases` byte strings: each a seed, or two of them, changed in a few places. The same `seed` gives the same."""
    rng = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    for _ in range(cases):
        data = bytearray(b"".join(rng.choices(seeds, k=rng.choice((1, 1, 1, 2)))))
        for _ in range(rng.choice((0, 1, 1, 2, 4, 8))):
            if data:
                rng.choice(CHANGES)(rng, data)
        yield bytes(data)
