"""A server that lets everybody in and then says whatever it likes."""

import contextlib
import socket
import threading

import paramiko
from paramiko.common import cMSG_CHANNEL_OPEN_FAILURE

from .attacks import text, uint32
from .keys import known_hosts_line
from .settings import LOOPBACK, USER


class HostileServer(paramiko.ServerInterface):
    """Serves one client. `refusal` is what it says to every channel that the client opens; nothing is opened."""

    def __init__(self, lab, refusal=b""):
        self.host_key = lab.keys.host
        self.user = USER
        self.address = f"{USER}@{LOOPBACK}"
        self.refusal = refusal
        self.has_login = threading.Event()
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port = self.listener.getsockname()[1]
        self.known_hosts = known_hosts_line(LOOPBACK, self.port, self.host_key.public)
        self.transport = None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            connection, _ = self.listener.accept()
            self.transport = paramiko.Transport(connection)
            self.transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(str(self.host_key.path)))
            refuse = {paramiko.common.MSG_CHANNEL_OPEN: self._refuse}
            self.transport._handler_table = {**self.transport._handler_table, **refuse}
            self.transport.start_server(server=self)

    def _refuse(self, message):
        message.get_text()
        number = message.get_int()
        payload = cMSG_CHANNEL_OPEN_FAILURE + uint32(number) + uint32(1) + text(self.refusal) + text(b"")
        self.say(payload)

    def say(self, payload):
        message = paramiko.Message(payload)
        message.packet.seek(0, 2)
        self.transport._send_message(message)

    def close(self):
        self.listener.close()
        if self.transport:
            self.transport.close()
            self.transport.join(5)

    # What paramiko asks of a server.

    def get_allowed_auths(self, username):
        return "publickey"

    def check_auth_publickey(self, username, key):
        self.has_login.set()
        return paramiko.AUTH_SUCCESSFUL

    def check_port_forward_request(self, address, port):
        return port or 2222

    def check_global_request(self, kind, message):
        return True
