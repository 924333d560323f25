"""The traffic: reproducible bytes, a server behind the tunnels, and the client's half of each exchange.

A connection begins with one line, VERB SEED SIZE, and then:
DUPLEX    both sides send SIZE bytes at once; the server adds the digest of what it got; then both close.
AFTEREOF  the server is silent until the client shuts down its writing side, then sends SIZE bytes and a digest.
EOFFIRST  the server sends SIZE bytes and shuts down its writing side, then reads on; see TrafficServer.received.
POUR      the server sends without end.    STALL  the server never reads.
"""

import functools
import hashlib
import random
import select
import socket
import struct
import threading
import time

from .network import wait_until
from .settings import LOOPBACK, MIB
from .streams import SocketStream, connect, connect_path

__all__ = [
    "TrafficServer",
    "answer_after_end",
    "connect",
    "connect_path",
    "digest",
    "duplex",
    "expect_refusal",
    "open_verb",
    "send_after_end",
]

_BLOCK = random.Random(20260101).randbytes(MIB)
_BLOCK_HEADER = struct.Struct(">QQ")
_TRAILER = struct.Struct(">Q32s")
_LINE_LIMIT = 200


def blocks(seed, size):
    """SIZE bytes in blocks that name their seed and place, so that swapped or foreign blocks change the digest."""
    block = bytearray(_BLOCK)
    view = memoryview(block)
    index = 0
    while size > 0:
        _BLOCK_HEADER.pack_into(block, 0, seed, index)
        yield view[: min(size, MIB)]
        size -= MIB
        index += 1


@functools.lru_cache(maxsize=4096)
def digest(seed, size):
    hasher = hashlib.sha256()
    for block in blocks(seed, size):
        hasher.update(block)
    return hasher.digest()


def answer_seed(seed):
    """The server's bytes are never the client's: an echo is not an answer."""
    return seed + (1 << 32)


def _receive_exactly(stream, size, hasher):
    buffer = memoryview(bytearray(max(1, min(size, MIB))))
    total = 0
    while total < size:
        count = stream.receive_into(buffer[: size - total])
        if not count:
            break
        hasher.update(buffer[:count])
        total += count
    return total


def _receive_bytes(stream, size):
    buffer = bytearray(size)
    total = 0
    while total < size:
        count = stream.receive_into(memoryview(buffer)[total:])
        if not count:
            break
        total += count
    return bytes(buffer[:total])


def _send_blocks(stream, seed, size, failures=None):
    try:
        for block in blocks(seed, size):
            stream.send(block)
    except OSError as error:
        if failures is None:
            raise
        failures.append(error)


def _expect_end(stream):
    extra = stream.receive_into(memoryview(bytearray(16)))
    assert not extra, "bytes came after the end of the answer"


def _expect_answer(stream, seed, size):
    hasher = hashlib.sha256()
    received = _receive_exactly(stream, size, hasher)
    assert received == size, f"the tunnel ended after {received} of {size} bytes"
    assert hasher.digest() == digest(answer_seed(seed), size), "the answer's bytes were changed, mixed up or swapped"


def duplex(stream, seed, size, ends=True):
    """Moves SIZE bytes each way at the same time and checks both; gives the seconds it took.

    With `ends` false the connection stays as it is after that, for the caller to close.
    """
    began = time.monotonic()
    stream.send(b"DUPLEX %d %d\n" % (seed, size))
    failures = []
    sender = threading.Thread(target=_send_blocks, args=(stream, seed, size, failures), daemon=True)
    sender.start()
    try:
        _expect_answer(stream, seed, size)
        count, received_digest = _TRAILER.unpack(_receive_bytes(stream, _TRAILER.size))
        sender.join(60)
        assert not failures, f"sending failed: {failures[0]}"
        assert count == size, f"the far end got {count} of {size} bytes"
        assert received_digest == digest(seed, size), "the far end got other bytes than were sent"
        seconds = time.monotonic() - began
        if ends:
            stream.finish()
            _expect_end(stream)
        return seconds
    finally:
        if ends:
            stream.close()


def expect_refusal(stream):
    """The stream must be closed without a byte of an answer; one that only hangs is no refusal."""
    try:
        stream.send(b"DUPLEX 1 1\nx")
        received = stream.receive_into(memoryview(bytearray(16)))
    except ConnectionError:
        received = 0
    finally:
        stream.close()
    assert not received, "the target answered"


def answer_after_end(stream, seed, size):
    """Shuts down the writing side first; the whole answer must still come."""
    try:
        stream.send(b"AFTEREOF %d %d\n" % (seed, size))
        _send_blocks(stream, seed, size)
        stream.finish()
        _expect_answer(stream, seed, size)
        count, received_digest = _TRAILER.unpack(_receive_bytes(stream, _TRAILER.size))
        assert (count, received_digest) == (size, digest(seed, size)), "the far end got other bytes than were sent"
        _expect_end(stream)
    finally:
        stream.close()


def send_after_end(stream, server, seed, size):
    """The far end shuts down its writing side first; what is sent afterwards must still arrive."""
    try:
        stream.send(b"EOFFIRST %d %d\n" % (seed, size))
        _expect_answer(stream, seed, size)
        _expect_end(stream)
        _send_blocks(stream, seed, size)
        stream.finish()
        assert server.received(seed) == (size, digest(seed, size)), "what was sent after the far end's EOF was lost"
    finally:
        stream.close()


def open_verb(stream, verb):
    """Begins POUR or STALL and leaves the rest to the test."""
    stream.send(b"%s 0 0\n" % verb)
    return stream


class TrafficServer:
    """Serves the exchanges above on loopback, or on a Unix socket, one thread a connection."""

    def __init__(self, host=LOOPBACK, path=None):
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
            self.listener.listen(1024)
        else:
            self.listener = socket.create_server((host, 0), backlog=1024)
            self.port = self.listener.getsockname()[1]
        self.connections = set()
        self._results = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def received(self, seed, seconds=60):
        """(count, digest) of what a finished EOFFIRST connection got from its client."""
        with self._changed:
            assert self._changed.wait_for(lambda: seed in self._results, seconds), "the far end never saw EOF"
            return self._results.pop(seed)

    def wait_until_idle(self, seconds):
        """True when every connection is gone: what a dead tunnel must not keep open."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.connections, seconds)

    def drop_connections(self):
        with self._changed:
            for connection in self.connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.listener.close()
        self.drop_connections()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if connection.family != socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self._changed:
            self.connections.add(connection)
        try:
            self._exchange(connection, SocketStream(connection))
        except (OSError, ValueError):
            pass
        finally:
            connection.close()
            with self._changed:
                self.connections.discard(connection)
                self._changed.notify_all()

    def _exchange(self, connection, stream):
        line = b""
        while not line.endswith(b"\n"):
            byte = connection.recv(1)
            if not byte or len(line) > _LINE_LIMIT:
                return
            line += byte
        verb, seed, size = line.split()
        getattr(self, "_" + verb.decode().lower())(stream, int(seed), int(size))

    def _trailer(self, stream, size):
        hasher = hashlib.sha256()
        count = _receive_exactly(stream, size, hasher)
        return _TRAILER.pack(count, hasher.digest())

    def _duplex(self, stream, seed, size):
        sender = threading.Thread(target=_send_blocks, args=(stream, answer_seed(seed), size, []), daemon=True)
        sender.start()
        trailer = self._trailer(stream, size)
        sender.join()
        stream.send(trailer)
        stream.receive_into(memoryview(bytearray(1)))

    def _aftereof(self, stream, seed, size):
        trailer = self._trailer(stream, size)
        if stream.receive_into(memoryview(bytearray(1))):
            return
        _send_blocks(stream, answer_seed(seed), size)
        stream.send(trailer)

    def _eoffirst(self, stream, seed, size):
        _send_blocks(stream, answer_seed(seed), size)
        stream.finish()
        hasher = hashlib.sha256()
        count = _receive_exactly(stream, size + 1, hasher)
        with self._changed:
            self._results[seed] = (count, hasher.digest())
            self._changed.notify_all()

    def _pour(self, stream, seed, size):
        while True:
            stream.send(_BLOCK)

    def _stall(self, stream, seed, size):
        # Waits for a reset or for drop_connections without taking a byte out of the buffer.
        poller = select.poll()
        poller.register(stream.connection, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
        poller.poll()


class Pour:
    """Reads an endless stream in the background until it ends."""

    def __init__(self, port):
        self.stream = open_verb(connect(port), b"POUR")
        self.count = 0
        self.ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        wait_until(lambda: self.count > MIB, 60, "a running transfer")

    def _read(self):
        buffer = memoryview(bytearray(MIB))
        try:
            while count := self.stream.receive_into(buffer):
                self.count += count
        except OSError:
            pass
        self.stream.close()
        self.ended.set()

    def still_runs(self):
        seen = self.count
        wait_until(lambda: self.count > seen + 4 * MIB, 60, "the transfer going on")
        return not self.ended.is_set()
