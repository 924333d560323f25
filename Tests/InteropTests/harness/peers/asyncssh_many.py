"""Logs in many times, a few at once: address port user key known_hosts target-port count."""

import asyncio
import sys

import asyncssh

_AT_ONCE = 20


async def _connect(number, address, port, user, key, known_hosts, target_port):
    connection = await asyncssh.connect(
        address, int(port), username=user, client_keys=[key], known_hosts=known_hosts, agent_path=None, config=None
    )
    listener = await connection.forward_remote_port("localhost", 0, address, int(target_port))
    reader, writer = await connection.open_connection(address, int(target_port), encoding=None)
    # The answer shows that the tunnel stands before it is ended.
    writer.write(b"DUPLEX 1 1\nx")
    await reader.readexactly(1)
    if number % 3 == 0:
        connection.abort()
    elif number % 3 == 1:
        connection.close()
    else:
        writer.close()
        listener.close()
        await listener.wait_closed()
        connection.close()
    await connection.wait_closed()


async def main():
    *words, count = sys.argv[1:]
    key = asyncssh.read_private_key(words[3])
    words[3] = key
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(number):
        async with gate:
            await asyncio.wait_for(_connect(number, *words), 60)

    await asyncio.gather(*(one(number) for number in range(int(count))))


asyncio.run(main())
