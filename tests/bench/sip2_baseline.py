"""`python -m tests.bench.sip2_baseline PORT`: the same loop with a bare select, and always the same answer."""

import asyncio
import os
import sys
from typing import Any

from tests.bench.baseline import SELECT, connect, local
from tests.bench.sip2_load import NOW, message

ANSWER = message(f"64              001{NOW}000000000000000000000000AO|AA0|AE|BLY|CQY|AF|")


class Bare(asyncio.Protocol):
    """Takes a line, looks its number up, and answers."""

    transport: asyncio.Transport

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.driver = connect()
        self.statement = SELECT.format(local.mark, local.mark)

    def data_received(self, data: bytes) -> None:
        number = data.split(b"|AA", 1)[1].split(b"|", 1)[0].decode()
        if self.driver.execute(self.statement, (number, f"29{number}")).fetchall():
            self.transport.write(ANSWER)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    assert os.environ["BENCH_DATABASE"]
    asyncio.run(main(int(sys.argv[1])))
