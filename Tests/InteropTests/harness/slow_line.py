"""A line that takes so many bytes a second and holds next to nothing: what waits, waits in the sender."""

import socket
import threading
import time
from contextlib import suppress

from .settings import LOOPBACK

_PIECE = 4096
_BUFFER = 16 * 1024


class SlowLine:
    """Listens on a port of its own; what connects there gets to the other port, slowly, and its answers get back fast."""

    def __init__(self, port, bytes_per_second):
        self._target = port
        self._rate = bytes_per_second
        self._sockets = []
        self._listener = socket.socket()
        # Accepted sockets have it, too; the kernel doubles it.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._listener.bind((LOOPBACK, 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._sockets):
            each.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection((LOOPBACK, self._target))
                for each in (near, far):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets += [near, far]
                for run, ends in ((self._forth, (near, far)), (self._back, (far, near))):
                    self._threads.append(threading.Thread(target=run, args=ends))
                    self._threads[-1].start()

    def _forth(self, near, far):
        due = time.monotonic()
        with suppress(OSError):
            while piece := near.recv(_PIECE):
                due = max(due, time.monotonic() - 0.02) + len(piece) / self._rate
                time.sleep(max(0, due - time.monotonic()))
                far.sendall(piece)
            far.shutdown(socket.SHUT_WR)

    def _back(self, far, near):
        with suppress(OSError):
            while piece := far.recv(1 << 16):
                near.sendall(piece)
            near.shutdown(socket.SHUT_WR)
