"""Gives back what comes to port 8 of a device."""

import socket
import threading


def echo(connection):
    with connection:
        while data := connection.recv(4096):
            connection.sendall(data)


with socket.create_server(("127.0.0.1", 8)) as listener:
    while True:
        threading.Thread(target=echo, args=[listener.accept()[0]], daemon=True).start()
