"""A ProxyCommand that is a load balancer: from an address, it sends a header and then what ssh says.

usage: proxy_command.py HOST PORT SOURCE HEADER-IN-HEXADECIMAL
"""

import os
import socket
import sys
import threading

host, port, source, header = sys.argv[1:]
connection = socket.create_connection((host, int(port)), 10, source_address=(source, 0))
connection.settimeout(None)
connection.sendall(bytes.fromhex(header))


def upload():
    while data := os.read(0, 65536):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


threading.Thread(target=upload, daemon=True).start()
while data := connection.recv(65536):
    os.write(1, data)
