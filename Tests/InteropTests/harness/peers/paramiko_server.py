"""paramiko as a forwarding server: address port host-key authorized-keys [rekey-bytes]."""

import socket
import sys
import threading

import channel_joining
import paramiko


class _Forwarding(paramiko.ServerInterface):
    def __init__(self, transport, authorized):
        self.transport = transport
        self.authorized = authorized
        self.targets = {}

    def get_allowed_auths(self, username):
        return "publickey"

    def check_auth_publickey(self, username, key):
        return paramiko.AUTH_SUCCESSFUL if key.get_base64() in self.authorized else paramiko.AUTH_FAILED

    def check_channel_direct_tcpip_request(self, chanid, origin, destination):
        self.targets[chanid] = destination
        return paramiko.OPEN_SUCCEEDED

    def check_port_forward_request(self, address, port):
        listener = socket.create_server(("127.0.0.1", port), backlog=256)
        threading.Thread(target=self._accept, args=(listener, address, port), daemon=True).start()
        return port

    def _accept(self, listener, address, port):
        while True:
            connection, origin = listener.accept()
            threading.Thread(target=self._call, args=(connection, origin, address, port), daemon=True).start()

    def _call(self, connection, origin, address, port):
        try:
            channel = self.transport.open_forwarded_tcpip_channel(origin, (address, port))
        except (paramiko.SSHException, EOFError):
            connection.close()
            return
        channel_joining.join(channel, connection)

    def serve(self):
        while self.transport.is_active():
            channel = self.transport.accept(1)
            if channel is not None:
                threading.Thread(target=self._dial, args=(channel,), daemon=True).start()

    def _dial(self, channel):
        channel_joining.join(channel, socket.create_connection(self.targets.pop(channel.get_id())))


def _serve(connection, host_key, authorized, rekey_bytes):
    transport = paramiko.Transport(connection)
    if rekey_bytes:
        transport.packetizer.REKEY_BYTES = rekey_bytes
    transport.add_server_key(host_key)
    forwarding = _Forwarding(transport, authorized)
    try:
        transport.start_server(server=forwarding)
    except (paramiko.SSHException, EOFError):
        # A look whether somebody listens.
        return
    forwarding.serve()


def main():
    address, port, host_key, authorized_keys, *rekey_bytes = sys.argv[1:]
    print(f"version {paramiko.__version__}", flush=True)
    host_key = paramiko.Ed25519Key.from_private_key_file(host_key)
    authorized = {line.split()[1] for line in open(authorized_keys) if line.strip()}
    limit = int(rekey_bytes[0]) if rekey_bytes else None
    listener = socket.create_server((address, int(port)), backlog=16)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(connection, host_key, authorized, limit), daemon=True).start()


main()
