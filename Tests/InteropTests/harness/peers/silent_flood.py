"""Opens connections that never say a word, so many a second, from one address after the other, until it is ended.

Usage: silent_flood.py HOST PORT RATE AT_ONCE SOURCE...     a source is an address, or an IPv6 network of which any is taken

AT_ONCE of them are opened first, four times as fast. It says `ready` then. Who is closed by the server is forgotten.
"""

import asyncio
import ipaddress
import random
import socket
import sys
import time

_IPV6_FREEBIND = 78


def address(source):
    if "/" not in source:
        return source
    network = ipaddress.ip_network(source)
    return str(network[random.randrange(1, network.num_addresses)])


async def hold(host, port, source):
    connection = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    connection.setblocking(False)
    try:
        if connection.family == socket.AF_INET6:
            connection.setsockopt(socket.IPPROTO_IPV6, _IPV6_FREEBIND, 1)
        connection.bind((source, 0))
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, (host, port))
        while await loop.sock_recv(connection, 4096):
            pass
    except OSError:
        pass
    finally:
        connection.close()


async def main(host, port, rate, at_once, *sources):
    rate, at_once, opened, held = int(rate), int(at_once), 0, set()
    began = time.monotonic()
    while True:
        elapsed = time.monotonic() - began
        due = elapsed * 4 * rate if elapsed * 4 * rate < at_once else at_once + (elapsed - at_once / 4 / rate) * rate
        while opened < due:
            task = asyncio.create_task(hold(host, int(port), address(sources[opened % len(sources)])))
            held.add(task)
            task.add_done_callback(held.discard)
            opened += 1
            if opened == at_once:
                print("ready", flush=True)
        await asyncio.sleep(0.01)


asyncio.run(main(*sys.argv[1:]))
