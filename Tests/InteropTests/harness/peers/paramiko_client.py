"""paramiko as a forwarding client: its channels are joined to sockets here, as its users do."""

import base64
import os
import socket
import sys
import threading
import time

import channel_joining
import command_line
import paramiko

def _expected_host_key(path):
    words = open(path).read().split()
    return paramiko.Ed25519Key(data=base64.b64decode(words[2]))


def _local(transport, bind, port, host, host_port):
    listener = socket.create_server((bind, port), backlog=256)

    def accept():
        while True:
            connection, peer = listener.accept()
            threading.Thread(target=open_channel, args=(connection, peer), daemon=True).start()

    def open_channel(connection, peer):
        try:
            channel = transport.open_channel("direct-tcpip", (host, host_port), peer)
        except paramiko.SSHException:
            connection.close()
            return
        channel_joining.join(channel, connection)

    threading.Thread(target=accept, daemon=True).start()


def _remote(transport, bind, port, host, host_port):
    def opened(channel, origin, server):
        threading.Thread(target=dial, args=(channel,), daemon=True).start()

    def dial(channel):
        channel_joining.join(channel, socket.create_connection((host, host_port)))

    allocated = transport.request_port_forward(bind, port, opened)
    if port == 0:
        print(f"Allocated port {allocated} for remote forward to {host}:{host_port}", flush=True)


def _standard_streams(transport, target):
    host, _, port = target.rpartition(":")
    channel = transport.open_channel("direct-tcpip", (host, int(port)), ("127.0.0.1", 0))

    def read(size):
        return os.read(sys.stdin.fileno(), size)

    def write(data):
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]

    forth = (read, channel.sendall, channel.shutdown_write)
    threading.Thread(target=channel_joining.copy, args=forth, daemon=True).start()
    channel_joining.copy(channel.recv, write, lambda: None)


def _ask(transport, seconds):
    while transport.is_active():
        transport.global_request("keepalive@openssh.com", wait=True)
        time.sleep(seconds)


def main():
    options = command_line.parse()
    print(f"version {paramiko.__version__}", file=sys.stderr, flush=True)
    transport = paramiko.Transport(socket.create_connection((options.host, options.port)))
    if options.rekey_bytes:
        transport.packetizer.REKEY_BYTES = options.rekey_bytes
    if options.cipher:
        transport.get_security_options().ciphers = (options.cipher,)
    if options.key_exchange:
        transport.get_security_options().kex = (options.key_exchange,)
    transport.connect(
        hostkey=_expected_host_key(options.known_hosts),
        username=options.user,
        pkey=paramiko.Ed25519Key.from_private_key_file(options.key),
    )
    if options.stdio:
        _standard_streams(transport, options.stdio)
        transport.close()
        return
    for spec in options.local:
        _local(transport, *command_line.forward(spec, "127.0.0.1"))
    for spec in options.remote:
        _remote(transport, *command_line.forward(spec, "localhost"))
    if options.ask_seconds:
        threading.Thread(target=_ask, args=(transport, options.ask_seconds), daemon=True).start()
    print("ready", flush=True)
    while transport.is_active():
        time.sleep(0.05)


main()
