"""Connects to a port of this machine again and again. Prints when a connection began that brought a byte."""

import socket
import sys
import time

port = int(sys.argv[1])
while True:
    began = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            if connection.recv(1):
                print(f"{began:.3f}", flush=True)
    except OSError:
        pass
    time.sleep(0.05)
