"""One test's bench: servers, clients and traffic by a word each, all of it ended with the test."""

import itertools

from . import clients, network, servers, settings, traffic
from .processes import Programs

CLIENTS = clients.client_classes()
SERVERS = servers.server_classes()


class Lab:
    def __init__(self, directory, keys, traffic_server):
        self.directory = directory
        self.keys = keys
        self.traffic = traffic_server
        self.programs = Programs(directory)
        # Several threads may start programs at once.
        self._numbers = itertools.count()

    @property
    def target(self):
        """Where the traffic server listens, as the last two words of a forward."""
        return f"{settings.LOOPBACK}:{self.traffic.port}"

    def new_directory(self, name):
        path = self.directory / f"{next(self._numbers):03}-{name}"
        path.mkdir()
        return path

    def server_class(self, kind):
        return SERVERS[kind]

    def server(self, kind, **options):
        return SERVERS[kind](self, **options)

    def client(self, kind, server, **options):
        return CLIENTS[kind](self, server, **options)

    def local_forward(self, kind, server, **options):
        """A client with one -L to the traffic server, and the port to connect to."""
        port = network.free_port()
        return self.client(kind, server, local=[f"{port}:{self.target}"], **options), port

    def remote_forward(self, kind, server, **options):
        """A client with one -R to the traffic server, and the port to connect to."""
        port = network.free_port()
        return self.client(kind, server, remote=[f"{port}:{self.target}"], **options), port

    def logs_in(self, kind, server, key=None):
        """Whether a client with the key gets a session as far as forwarding nothing."""
        before = server.log().count("Accepted publickey")
        client = self.client(kind, server, key=key, wait=False)
        network.wait_until(
            lambda: not client.program.running or server.log().count("Accepted publickey") > before,
            20,
            "an answer",
        )
        accepted = client.program.running
        client.stop()
        return accepted

    def size(self, client_kind, server_kind):
        """How much to move between the two: libraries in Python get less."""
        return min(CLIENTS[client_kind].largest_transfer, SERVERS[server_kind].largest_transfer)

    def small_size(self, client_kind, server_kind):
        """For the second and third test of the same path; the full run moves everything everywhere."""
        size = self.size(client_kind, server_kind)
        return size if settings.FULL else min(size, 8 * settings.MIB)

    def close(self):
        self.programs.stop_all()
        self.traffic.drop_connections()
        left = self.programs.left_behind()
        assert self.traffic.wait_until_idle(5), "connections to the traffic server outlived the programs"
        assert not left, "processes left behind:\n" + "\n".join(left)


def transfer(stream, size, seed=1):
    """Duplex transfer with its rate in the test's output (pytest -s)."""
    seconds = traffic.duplex(stream, seed, size)
    print(f"{2 * size / seconds / 1e6:.0f} MB/s")
    return seconds
