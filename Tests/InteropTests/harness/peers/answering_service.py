"""The service of a device: says one byte to whoever connects to port 7."""

import socket

with socket.create_server(("127.0.0.1", 7), backlog=128) as listener:
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                connection.sendall(b"!")
            except OSError:
                pass
