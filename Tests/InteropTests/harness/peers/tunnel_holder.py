"""Keeps one connection to an echo behind a port of this machine busy. Prints how long each answer took; ends with the connection."""

import socket
import sys
import time

deadline = time.monotonic() + 20
while True:
    try:
        connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60)
        connection.sendall(b"?")
        if connection.recv(1):
            break
    except OSError:
        if time.monotonic() > deadline:
            raise
    time.sleep(0.1)
while True:
    began = time.monotonic()
    connection.sendall(b"?")
    if not connection.recv(1):
        sys.exit("the connection has ended")
    print(f"{time.monotonic() - began:.3f}", flush=True)
    time.sleep(0.05)
