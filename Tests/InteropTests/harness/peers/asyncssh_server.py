"""asyncssh as a forwarding server: address port host-key authorized-keys [rekey-bytes]."""

import asyncio
import sys

import asyncssh


class Forwarding(asyncssh.SSHServer):
    def connection_requested(self, dest_host, dest_port, orig_host, orig_port):
        return True

    def server_requested(self, listen_host, listen_port):
        return True


async def main():
    address, port, host_key, authorized_keys, *rekey_bytes = sys.argv[1:]
    print(f"version {asyncssh.__version__}", flush=True)
    server = await asyncssh.listen(
        address,
        int(port),
        server_factory=Forwarding,
        server_host_keys=[host_key],
        authorized_client_keys=authorized_keys,
        config=None,
        **({"rekey_bytes": int(rekey_bytes[0])} if rekey_bytes else {}),
    )
    await server.wait_closed()


asyncio.run(main())
