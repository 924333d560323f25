"""Every forward that a client has, through every server, byte for byte."""

import contextlib
import http.server
import socket
import subprocess
import threading

import pytest

from harness import settings, socks, traffic
from harness.lab import transfer
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, MIB, REKEY_LIMIT, USER, program
from harness.streams import PipeStream

HALF_CLOSE_SIZE = 3 * MIB + 17
# plink and dbclient end a forwarded connection as a whole in some directions; ours never do.
KEEP_HALF_CLOSE = ("ssh", "swssh", "paramiko", "asyncssh")
# Both sides rekey in the middle of what is moved here.
REKEY = ["RekeyLimit 16M"]


def _rekey(client_kind):
    return ["-o", REKEY[0].replace(" ", "=")] if client_kind in ("ssh", "swssh") else []


@pytest.mark.pairs(needs="local")
def test_local_forward_is_byte_identical(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=REKEY)
    _, port = lab.local_forward(client_kind, server, options=_rekey(client_kind))
    transfer(traffic.connect(port), lab.size(client_kind, server_kind))


@pytest.mark.pairs(needs="remote")
def test_remote_forward_is_byte_identical(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=REKEY)
    _, port = lab.remote_forward(client_kind, server, options=_rekey(client_kind))
    transfer(traffic.connect(port), lab.size(client_kind, server_kind))


@pytest.mark.pairs(needs="remote any_port")
def test_remote_forward_of_port_0_tells_the_port_and_serves_it(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=REKEY)
    client = lab.client(client_kind, server, remote=[f"0:{lab.target}"], options=_rekey(client_kind))
    (port,) = client.allocated_ports()
    assert is_listening(port)
    transfer(traffic.connect(port), lab.small_size(client_kind, server_kind))


@pytest.mark.pairs(needs="remote")
def test_remote_listener_ends_with_its_client(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    client, port = lab.remote_forward(client_kind, server)
    client.stop()
    wait_until(lambda: not is_listening(port), 5, f"port {port} closed after its client left")


@pytest.mark.pairs(needs="dynamic")
@pytest.mark.parametrize("version, host", [(4, LOOPBACK), ("4a", "localhost"), (5, LOOPBACK), (5, "localhost")])
def test_dynamic_forward_serves_socks(lab, client_kind, server_kind, version, host):
    server = lab.server(server_kind, config=REKEY)
    port = free_port()
    lab.client(client_kind, server, dynamic=[port], options=_rekey(client_kind))
    stream = socks.connect(version, port, host, lab.traffic.port)
    transfer(stream, lab.small_size(client_kind, server_kind))


@pytest.mark.pairs(needs="dynamic", clients=["ssh", "swssh"])
def test_dynamic_forward_refuses_a_closed_port(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    port = free_port()
    client = lab.client(client_kind, server, dynamic=[port])
    try:
        stream = socks.connect(5, port, LOOPBACK, free_port(), seconds=10)
    except socks.SocksRefused:
        assert client.program.running
        return
    # OpenSSH answers before it knows, and then closes.
    assert client_kind == "ssh" or not settings.SWSSH, "success was told before the far end had opened anything"
    traffic.expect_refusal(stream)


@pytest.mark.pairs(needs="dynamic", clients=["ssh", "swssh"])
@pytest.mark.parametrize("flag", ["--socks4a", "--socks5-hostname"])
def test_curl_fetches_a_page_through_the_dynamic_forward(lab, client_kind, server_kind, flag):
    server = lab.server(server_kind)
    port = free_port()
    lab.client(client_kind, server, dynamic=[port])
    page = b"a page behind the tunnel\n" * 100_000
    with serve_page(page) as web_port:
        arguments = [program("curl"), "-sS", "--fail", "--noproxy", "", flag, f"{LOOPBACK}:{port}"]
        result = subprocess.run(
            [*arguments, f"http://localhost:{web_port}/"], capture_output=True, check=True, timeout=30
        )
    assert result.stdout == page


@contextlib.contextmanager
def serve_page(page):
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer((LOOPBACK, 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.pairs(needs="stdio")
def test_standard_streams_are_byte_identical(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=REKEY)
    client = lab.client(client_kind, server, stdio=lab.target, options=_rekey(client_kind))
    transfer(PipeStream(client.program.process), lab.small_size(client_kind, server_kind))
    assert client.wait() == 0


@pytest.mark.pairs(needs="jump", clients=["ssh", "swssh"], servers=["relay", "sshd"])
@pytest.mark.parametrize("last_kind", ["relay", "sshd"])
def test_jump_is_byte_identical(lab, client_kind, server_kind, last_kind):
    jump = lab.server(server_kind, config=REKEY)
    last = lab.server(last_kind, config=REKEY, host_key=lab.keys.named("last"))
    config = lab.directory / "ssh_config"
    known_hosts = lab.directory / "known_hosts"
    known_hosts.write_text(jump.known_hosts + last.known_hosts)
    config.write_text(
        "\n".join(
            [
                f"Host jump\n HostName {LOOPBACK}\n Port {jump.port}",
                f"Host last\n HostName {LOOPBACK}\n Port {last.port}\n ProxyJump jump",
                f"Host *\n User {USER}\n IdentityFile {lab.keys.user.path}\n IdentitiesOnly yes",
                f" UserKnownHostsFile {known_hosts}\n StrictHostKeyChecking yes\n BatchMode yes\n RekeyLimit 16M\n",
            ]
        )
    )
    port = free_port()
    client = lab.client(
        client_kind, _named(last, "last"), local=[f"{port}:{lab.target}"], options=["-F", config, "-J", "jump"]
    )
    transfer(traffic.connect(port), lab.size(client_kind, server_kind))
    assert client.program.running


class _named:
    """A server under the name that the configuration file gives it."""

    def __init__(self, server, name):
        self.address = f"{server.user}@{name}"
        self.port = server.port
        self.known_hosts = server.known_hosts


@pytest.mark.pairs(needs="local", clients=KEEP_HALF_CLOSE)
@pytest.mark.parametrize("exchange", ["answer_after_end", "send_after_end"])
def test_half_close_is_kept_through_a_local_forward(lab, client_kind, server_kind, exchange):
    server = lab.server(server_kind)
    _, port = lab.local_forward(client_kind, server)
    _half_close(lab, exchange, traffic.connect(port))


@pytest.mark.pairs(needs="remote", clients=KEEP_HALF_CLOSE)
@pytest.mark.parametrize("exchange", ["answer_after_end", "send_after_end"])
def test_half_close_is_kept_through_a_remote_forward(lab, client_kind, server_kind, exchange):
    server = lab.server(server_kind)
    _, port = lab.remote_forward(client_kind, server)
    _half_close(lab, exchange, traffic.connect(port))


@pytest.mark.pairs(needs="dynamic", clients=("ssh", "swssh"))
def test_half_close_is_kept_through_socks(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    port = free_port()
    lab.client(client_kind, server, dynamic=[port])
    _half_close(lab, "answer_after_end", socks.connect(5, port, "localhost", lab.traffic.port))


@pytest.mark.pairs(needs="stdio", clients=("ssh", "swssh"))
def test_half_close_is_kept_through_standard_streams(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    client = lab.client(client_kind, server, stdio=lab.target)
    _half_close(lab, "answer_after_end", PipeStream(client.program.process))
    assert client.wait() == 0


def _half_close(lab, exchange, stream):
    if exchange == "answer_after_end":
        traffic.answer_after_end(stream, 5, HALF_CLOSE_SIZE)
    else:
        traffic.send_after_end(stream, lab.traffic, 6, HALF_CLOSE_SIZE)


@pytest.mark.pairs(needs="local remote dynamic", clients=["ssh", "swssh"], servers=["relay", "sshd"])
def test_all_forwards_at_once_on_one_connection(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=[f"RekeyLimit {REKEY_LIMIT}"])
    ports = [free_port() for _ in range(5)]
    lab.client(
        client_kind,
        server,
        local=[f"{ports[0]}:{lab.target}", f"{LOOPBACK}:{ports[1]}:localhost:{lab.traffic.port}"],
        remote=[f"{ports[2]}:{lab.target}", f"localhost:{ports[3]}:{lab.target}"],
        dynamic=[ports[4]],
    )
    streams = [traffic.connect(port) for port in ports[:4]]
    streams.append(socks.connect(5, ports[4], "localhost", lab.traffic.port))
    failures = []

    def move(stream, seed):
        try:
            traffic.duplex(stream, seed, 8 * MIB)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=move, args=(stream, seed)) for seed, stream in enumerate(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.pairs(clients=["swssh"], servers=["relay"])
@pytest.mark.ours_only("sshd and ssh say so at higher log levels")
def test_an_address_that_another_has_is_named(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    taken = [socket.create_server((LOOPBACK, free_port())) for _ in range(2)]
    local, remote = (listener.getsockname()[1] for listener in taken)
    client = lab.client(
        client_kind, server, local=[f"{local}:{lab.target}"], remote=[f"{remote}:{lab.target}"], options=["-v"]
    )
    server.wait_for_log(lambda line: f"bind [{LOOPBACK}]:{remote}: Address already in use" in line)
    wait_until(lambda: f"Listening on ::1 port {local} for" in client.log(), 20, "the local forward")
    assert f"swssh: bind [{LOOPBACK}]:{local}: Address already in use" in client.log()
    for port in (local, remote):
        transfer(traffic.connect(port, host="::1"), MIB)
    for listener in taken:
        listener.close()
