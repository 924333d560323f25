"""A server that sends a connection for a Unix socket nobody asked it for: address port host-key authorized-keys path."""

import asyncio
import sys

import asyncssh

PATH = sys.argv[5]


class Unasked(asyncssh.SSHServer):
    def connection_made(self, connection):
        self.connection = connection

    def auth_completed(self):
        self.task = asyncio.get_running_loop().create_task(self.intrude())

    async def intrude(self):
        try:
            await self.connection.open_unix_connection(PATH)
            print("opened", flush=True)
        except asyncssh.ChannelOpenError as error:
            print("refused", error.code, flush=True)


async def main():
    address, port, host_key, authorized_keys, _ = sys.argv[1:]
    server = await asyncssh.listen(
        address,
        int(port),
        server_factory=Unasked,
        server_host_keys=[host_key],
        authorized_client_keys=authorized_keys,
        config=None,
    )
    await server.wait_closed()


asyncio.run(main())
