"""Ports: finding free ones, and seeing who listens without connecting (a connection would make a tunnel)."""

import itertools
import os
import random
import socket
import time

from .settings import LOOPBACK

_LISTEN = "0A"
# Below the range from which Linux takes the ports of outgoing connections, so that nothing takes one in between.
_PORTS = range(12000, 32000)


def _own_ports():
    """Tests that run side by side have ports of their own: a port is free until it is used."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = list(_PORTS[worker::workers])
    random.Random(os.getpid()).shuffle(ports)
    return ports


_candidates = itertools.cycle(_own_ports())


def free_port():
    """A port that nobody listens on; each call gives another one."""
    for port in _candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port


def _rows():
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table) as lines:
                next(lines)
                for line in lines:
                    fields = line.split()
                    yield fields[1], fields[2], fields[3]
        except FileNotFoundError:
            continue


def is_listening(port):
    suffix = f":{port:04X}"
    return any(state == _LISTEN and local.endswith(suffix) for local, _, state in _rows())


def is_listening_on_path(path):
    """Whether some socket that listens was bound to that path, whatever has become of its file."""
    with open("/proc/net/unix") as lines:
        rows = (line.split(maxsplit=7) for line in lines)
        # The flag is __SO_ACCEPTCON: listen(2) was called.
        return any(len(row) == 8 and row[7].strip() == str(path) and row[3] == "00010000" for row in rows)


def listening_addresses(port):
    """The hexadecimal addresses on which somebody listens, as the kernel writes them."""
    suffix = f":{port:04X}"
    return {local[: -len(suffix)] for local, _, state in _rows() if state == _LISTEN and local.endswith(suffix)}


def wait_until(condition, seconds, what):
    """Polls a condition that has no event of its own; the error says what never came."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise TimeoutError(f"after {seconds} s still not: {what}")
        time.sleep(0.02)
