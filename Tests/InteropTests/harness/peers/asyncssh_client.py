"""asyncssh as a forwarding client."""

import asyncio
import os
import sys
import threading

import asyncssh
import command_line

_PIECE = 1 << 16


async def _standard_streams(connection, target):
    host, _, port = target.rpartition(":")
    reader, writer = await connection.open_connection(host, int(port), encoding=None)
    loop = asyncio.get_running_loop()

    def feed():
        while data := os.read(sys.stdin.fileno(), _PIECE):
            asyncio.run_coroutine_threadsafe(_write(writer, data), loop).result()
        loop.call_soon_threadsafe(writer.write_eof)

    threading.Thread(target=feed, daemon=True).start()
    while data := await reader.read(_PIECE):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


async def _write(writer, data):
    writer.write(data)
    await writer.drain()


async def main():
    options = command_line.parse(dynamic=True)
    print(f"version {asyncssh.__version__}", file=sys.stderr, flush=True)
    algorithms = {}
    if options.cipher:
        algorithms["encryption_algs"] = [options.cipher]
    if options.key_exchange:
        algorithms["kex_algs"] = [options.key_exchange]
    if options.rekey_bytes:
        algorithms["rekey_bytes"] = options.rekey_bytes
    if options.ask_seconds:
        algorithms["keepalive_interval"] = options.ask_seconds
    connection = await asyncssh.connect(
        options.host,
        options.port,
        username=options.user,
        client_keys=[options.key],
        known_hosts=options.known_hosts,
        agent_path=None,
        config=None,
        **algorithms,
    )
    async with connection:
        if options.stdio:
            await _standard_streams(connection, options.stdio)
            return
        for spec in options.local:
            await connection.forward_local_port(*command_line.forward(spec, "127.0.0.1"))
        for spec in options.remote:
            bind, port, host, host_port = command_line.forward(spec, "localhost")
            listener = await connection.forward_remote_port(bind, port, host, host_port)
            if port == 0:
                print(f"Allocated port {listener.get_port()} for remote forward to {host}:{host_port}", flush=True)
        for spec in options.dynamic:
            await connection.forward_socks("127.0.0.1", int(spec))
        print("ready", flush=True)
        await connection.wait_closed()


asyncio.run(main())
