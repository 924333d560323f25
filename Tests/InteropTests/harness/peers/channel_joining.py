"""paramiko's channels joined to sockets, which paramiko leaves to its users."""

import socket
import threading

_PIECE = 1 << 15


def copy(read, write, finish):
    try:
        while data := read(_PIECE):
            write(data)
        finish()
    except (OSError, EOFError):
        pass


def join(channel, connection):
    """Two threads, half-close kept."""
    forth = threading.Thread(target=copy, args=(connection.recv, channel.sendall, channel.shutdown_write), daemon=True)
    forth.start()
    copy(channel.recv, connection.sendall, lambda: connection.shutdown(socket.SHUT_WR))
    forth.join()
    channel.close()
    connection.close()
