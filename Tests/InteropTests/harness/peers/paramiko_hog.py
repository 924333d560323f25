"""A client that makes its server hold as much as it can: two connections of one account, and channels between them whose
far end reads a little, or nothing, and then no more.

Arguments: port, user, key file, channels, bytes that the far end reads of each before it stops. Says on standard output how
many channels it got, and when no byte moves any more; ends with its standard input.
"""

import socket
import sys
import threading
import time

import paramiko

_PIECE = 1 << 15


def _log_in(port, user, key, **options):
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", port)), **options)
    transport.connect(username=user, pkey=paramiko.Ed25519Key.from_private_key_file(key))
    return transport


def _read(device, held, most):
    while True:
        channel = device.accept()
        if channel is None:
            continue
        held.append(channel)
        left = most
        # What is never read is never credited.
        while left > 0 and (data := channel.recv(min(left, _PIECE))):
            left -= len(data)


def _fill(channels):
    piece, count, moved = bytes(_PIECE), 0, time.monotonic()
    for channel in channels:
        channel.setblocking(False)
    while time.monotonic() - moved < 2:
        for channel in channels:
            try:
                sent = channel.send(piece)
            except (OSError, socket.timeout):
                continue
            count += sent
            if sent:
                moved = time.monotonic()
        time.sleep(0.001)
    return count


def main():
    port, user, key, wanted, most = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    device = _log_in(port, user, key, default_window_size=_PIECE)
    listener = device.request_port_forward("localhost", 0)
    held = []
    for _ in range(8):
        threading.Thread(target=_read, args=(device, held, most), daemon=True).start()
    caller = _log_in(port, user, key)
    channels, refused = [], 0
    for _ in range(wanted):
        try:
            channels.append(caller.open_channel("direct-tcpip", ("localhost", listener), ("127.0.0.1", 5)))
        except paramiko.SSHException:
            refused += 1
    print(f"opened {len(channels)} refused {refused}", flush=True)
    print(f"stuck after {_fill(channels)}", flush=True)
    sys.stdin.read()
    device.close()
    caller.close()


main()
