"""Byte streams as the exchanges use them: sockets, and the pipes of a program."""

import socket

from .settings import LOOPBACK


class SocketStream:
    """A connected socket as the exchanges use it."""

    def __init__(self, connection):
        self.connection = connection

    def send(self, data):
        self.connection.sendall(data)

    def receive_into(self, view):
        return self.connection.recv_into(view)

    def finish(self):
        self.connection.shutdown(socket.SHUT_WR)

    def close(self):
        self.connection.close()


class PipeStream:
    """Standard input and output of a program (ssh -W)."""

    def __init__(self, process):
        self.process = process

    def send(self, data):
        view = memoryview(data)
        while view:
            view = view[self.process.stdin.write(view) :]

    def receive_into(self, view):
        return self.process.stdout.readinto(view)

    def finish(self):
        self.process.stdin.close()

    def close(self):
        self.process.stdout.close()


def connect_path(path, seconds=60):
    """Connects to a Unix socket."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(seconds)
    connection.connect(str(path))
    return SocketStream(connection)


def connect(port, host=LOOPBACK, seconds=60):
    connection = socket.create_connection((host, port), timeout=seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return SocketStream(connection)
