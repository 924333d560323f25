"""A SOCKS 4, 4a and 5 client that leaves names to be resolved at the far end."""

import socket
import struct

from .settings import LOOPBACK
from .streams import SocketStream, connect_path


class SocksRefused(Exception):
    """The proxy's reply code."""

    def __init__(self, code):
        self.code = code
        super().__init__(f"SOCKS reply {code}")


def connect(version, proxy_port, host, port, seconds=60):
    """version is 4, "4a" or 5; proxy_port may be a Unix socket's path."""
    if str(proxy_port).startswith("/"):
        connection = connect_path(proxy_port, seconds).connection
    else:
        connection = socket.create_connection((LOOPBACK, proxy_port), timeout=seconds)
    try:
        (_socks5 if version == 5 else _socks4)(connection, host, port, version)
    except BaseException:
        connection.close()
        raise
    return SocketStream(connection)


def _read(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise SocksRefused("none: the proxy closed the connection")
        data += piece
    return data


def _socks4(connection, host, port, version):
    if version == "4a":
        address, name = b"\0\0\0\1", host.encode() + b"\0"
    else:
        address, name = socket.inet_aton(host), b""
    connection.sendall(b"\4\1" + struct.pack(">H", port) + address + b"tester\0" + name)
    reply = _read(connection, 8)
    if reply[1] != 90:
        raise SocksRefused(reply[1])


def _socks5(connection, host, port, version):
    connection.sendall(b"\5\1\0")
    if _read(connection, 2) != b"\5\0":
        raise SocksRefused("no method")
    try:
        target = b"\1" + socket.inet_aton(host)
    except OSError:
        if ":" in host:
            target = b"\4" + socket.inet_pton(socket.AF_INET6, host)
        else:
            target = b"\3" + bytes([len(host)]) + host.encode()
    connection.sendall(b"\5\1\0" + target + struct.pack(">H", port))
    _, code, _, kind = _read(connection, 4)
    if code != 0:
        raise SocksRefused(code)
    _read(connection, {1: 4, 4: 16}.get(kind) or _read(connection, 1)[0])
    _read(connection, 2)
