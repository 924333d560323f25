"""A server whose -R listener speaks SOCKS to the client in many small packets.

Arguments: address port host-key authorized-keys target-port pid-file packets. It asks for a target, sends so many packets
that use the window up, and prints what each quarter cost the client in CPU time.
"""

import asyncio
import json
import sys
from pathlib import Path

import asyncssh

_TARGET_PORT, _PID_FILE, _PACKETS = int(sys.argv[5]), Path(sys.argv[6]), int(sys.argv[7])
_LARGEST_WINDOW = 1 << 23


def _cpu_seconds():
    """Of all threads of the client."""
    tasks = Path(f"/proc/{_PID_FILE.read_text()}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


class Caller(asyncssh.SSHServer):
    def connection_made(self, connection):
        self.connection = connection

    def server_requested(self, listen_host, listen_port):
        self.task = asyncio.get_running_loop().create_task(self.call(listen_host, listen_port))
        return True

    async def open(self, host, port):
        return await self.connection.create_connection(Silent, host, port, window=1 << 20)

    async def client_has_read(self):
        """What was sent before has been handled when this has been refused."""
        try:
            await self.open("nobody-asked-for-this", 1)
        except asyncssh.ChannelOpenError:
            return

    async def call(self, host, port):
        while not _PID_FILE.exists():
            await asyncio.sleep(0.02)
        while True:
            try:
                channel, _ = await self.open(host, port)
                break
            except asyncssh.ChannelOpenError:
                # It has not read yet that it may listen.
                await asyncio.sleep(0.05)
        channel.write(b"\4\1" + _TARGET_PORT.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + b"caller\0")
        await self.client_has_read()
        size, piece = await self.window(channel)
        # The window is full: what it grew by is known, and the same again comes on another channel, in small packets.
        channel.abort()
        channel, _ = await self.open(host, port)
        channel.write(b"\4\1" + _TARGET_PORT.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + b"caller\0")
        await self.client_has_read()
        costs = []
        quarter = size // piece // 4
        for number in range(4):
            before = _cpu_seconds()
            for index in range(number * quarter, (number + 1) * quarter):
                channel.write(bytes([index % 251]) * piece)
            await self.client_has_read()
            costs.append(_cpu_seconds() - before)
        print(json.dumps({"window": size, "piece": piece, "count": 4 * quarter, "costs": costs}), flush=True)

    async def window(self, channel):
        """What the client takes while it dials, and the size of small packets that fill it."""
        sent = 0
        while not channel.get_write_buffer_size() and sent < _LARGEST_WINDOW:
            channel.write(bytes(16384))
            sent += 16384
        size = sent - channel.get_write_buffer_size()
        await self.client_has_read()
        return size, max(size // _PACKETS, 16)


class Silent(asyncssh.SSHTCPSession):
    def connection_made(self, channel):
        self.channel = channel


async def main():
    address, port, host_key, authorized_keys = sys.argv[1:5]
    server = await asyncssh.listen(
        address,
        int(port),
        server_factory=Caller,
        server_host_keys=[host_key],
        authorized_client_keys=authorized_keys,
        config=None,
    )
    await server.wait_closed()


asyncio.run(main())
