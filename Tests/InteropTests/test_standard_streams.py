"""relay -i: one connection on standard input and output, for ProxyCommand and for inetd."""

import shlex
import signal
import socket
import subprocess

import pytest

from harness import servers, settings, traffic
from harness.keys import known_hosts_line
from harness.lab import transfer
from harness.network import free_port
from harness.settings import LOOPBACK, MIB, USER

pytestmark = pytest.mark.ours_only("the stand-in's command line is another one")


class InetdRelay(servers.Relay):
    """A configuration without a server: whoever connects starts one."""

    def launch(self):
        self.config_path = self.directory / "config"
        self.config_path.write_text(self.config_text())
        self.log_path = self.directory / "log"

    def _wait_until_ready(self):
        pass

    @property
    def arguments(self):
        return [settings.RELAY, "-i", "-f", self.config_path, "-E", self.log_path]

    def log(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    def proxy_command(self):
        return ["-o", "ProxyCommand=" + shlex.join(map(str, self.arguments))]


@pytest.fixture
def server(lab):
    return InetdRelay(lab, config=["LogLevel VERBOSE"])


def _end(client):
    """Ends the client alone: its stop() would end the server, which is its child, too."""
    client.program.signal(signal.SIGTERM)
    client.wait()


@pytest.mark.parametrize("client_kind", ["ssh", "swssh"])
def test_a_proxy_command_is_a_server(lab, server, client_kind):
    client, port = lab.local_forward(client_kind, server, options=server.proxy_command())
    transfer(traffic.connect(port), 16 * MIB)
    server.wait_for_log(lambda line: f"Accepted publickey for {USER} from UNKNOWN port 65535 ssh2" in line)
    _end(client)
    # The server ends with its connection; the lab would find it if it did not.
    server.wait_for_log(lambda line: f"Disconnected from user {USER} UNKNOWN port 65535" in line)


def test_listeners_work_and_end_with_the_connection(lab, server):
    client, port = lab.remote_forward("ssh", server, options=server.proxy_command())
    transfer(traffic.connect(port), MIB)
    _end(client)
    server.wait_for_log(lambda line: "Disconnected from user" in line)
    with pytest.raises(ConnectionRefusedError):
        traffic.connect(port)


def _start_on(server, connection):
    """What inetd does: all three are the socket."""
    arguments = [str(word) for word in server.arguments]
    return subprocess.Popen(arguments, stdin=connection, stdout=connection, stderr=connection)


def test_inetd_gives_a_socket_with_a_name(lab, server):
    port = free_port()
    with socket.create_server((LOOPBACK, port)) as listener:
        listener.settimeout(20)
        # ssh knows the host by the port that it connects to.
        server.port = port
        client = lab.client("ssh", server, local=[f"{free_port()}:{lab.target}"], wait=False)
        assert client.known_hosts.read_text() == known_hosts_line(LOOPBACK, port, server.host_key.public)
        connection, (address, peer_port) = listener.accept()
        with connection:
            process = _start_on(server, connection)
    client.wait_until_ready()
    server.wait_for_log(lambda line: f"Accepted publickey for {USER} from {address} port {peer_port} ssh2" in line)
    server.wait_for_log(lambda line: f"Connection from {address} port {peer_port} on {LOOPBACK} port {port}" in line)
    client.stop()
    assert process.wait(10) == 255


@pytest.mark.parametrize("family", [socket.AF_UNIX, socket.AF_INET])
def test_a_peer_that_goes_ends_the_server(server, family):
    ours, theirs = socket.socketpair() if family == socket.AF_UNIX else _tcp_pair()
    with ours:
        with theirs:
            process = _start_on(server, theirs)
        ours.settimeout(10)
        assert ours.recv(8) == b"SSH-2.0-"
        ours.shutdown(socket.SHUT_WR)
        while ours.recv(65536):
            pass
    assert process.wait(10) == 255


def test_a_server_that_refuses_somebody_hangs_up(server):
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = _start_on(server, theirs)
        ours.settimeout(10)
        ours.sendall(b"GET / HTTP/1.1\r\n\r\n" * 100)
        while True:
            try:
                if not ours.recv(65536):
                    break
            except ConnectionResetError:
                break
        # Nobody but the server held the other end, so it has let go of all three copies.
        assert process.wait(10) == 255


def _tcp_pair():
    with socket.create_server((LOOPBACK, 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    return ours, theirs


@pytest.mark.parametrize("said", [b"", b"SSH-1.5-old\n", b"SSH-2.0-hasty\r\n"])
def test_a_peer_that_has_gone_already_is_greeted(server, said):
    arguments = [str(word) for word in server.arguments]
    for _ in range(5):
        answer = subprocess.run(arguments, input=said, capture_output=True, timeout=20)
        assert answer.stdout.startswith(b"SSH-2.0-")
        assert answer.stderr == b""
