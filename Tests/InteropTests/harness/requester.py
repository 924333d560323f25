"""A client that asks for one forward after the other over one connection, and reports each answer in full."""

import socket

import paramiko

from .network import listening_addresses

# What a channel that opened has in place of a reason code.
OPENED = 0


class Requester:
    """Logs in from one address of this host to another; the answers are values that can be compared."""

    def __init__(self, port, source="127.0.0.1", target="127.0.0.1"):
        self.socket = socket.create_connection((target, port), timeout=20, source_address=(source, 0))
        self.transport = paramiko.Transport(self.socket)
        try:
            self.transport.start_client(timeout=20)
        except BaseException:
            self.close()
            raise

    def log_in(self, user, key):
        """Whether the key is accepted; if not, another may be tried."""
        try:
            return not self.transport.auth_publickey(user, key)
        except paramiko.AuthenticationException:
            return False

    def listen(self, host, port):
        """(granted, the addresses that are bound, whether the reply names a port), and the port."""
        reply = self.transport.global_request("tcpip-forward", (host, port), wait=True)
        if reply is None:
            self._must_live()
            return (False, frozenset(), False), port
        named = len(reply.get_remainder()) == 4
        if named:
            port = reply.get_int()
        return (True, frozenset(listening_addresses(port)), named), port

    def cancel(self, host, port):
        """Whether the cancellation was granted, and what is bound afterwards."""
        reply = self.transport.global_request("cancel-tcpip-forward", (host, port), wait=True)
        self._must_live()
        return reply is not None, frozenset(listening_addresses(port))

    def open(self, host, port):
        """OPENED, or the reason code of the refusal."""
        try:
            channel = self.transport.open_channel("direct-tcpip", (host, port), ("127.0.0.1", 1), timeout=20)
        except paramiko.ChannelException as refusal:
            return refusal.code
        channel.close()
        return OPENED

    def _must_live(self):
        assert self.transport.is_active(), "the server ended the connection instead of answering"

    def close(self):
        # The reading thread sees the end of the stream at once, and a mere close() only at its next time-out.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.transport.close()
