"""What is refused is seen to be refused: by the client, and in the log with the rule's file and line."""

import contextlib
import re
import socket

import pytest

from harness import settings, socks, traffic
from harness.lab import transfer
from harness.network import free_port, is_listening, listening_addresses
from harness.settings import LOOPBACK, MIB

CLIENTS = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay"])
ANY_CLIENT = pytest.mark.pairs(needs="local remote", servers=["relay"])
REFUSAL = re.compile(r"refused|denied|failed|prohibited", re.IGNORECASE)


def _keys(lab, options):
    """authorized_keys with the user's key in line 3."""
    return f"# one\n# two\n{options} {lab.keys.user.public}\n"


def _assert_rule_is_logged(server, path, line):
    if not settings.RELAY:
        return
    place = re.compile(re.escape(str(path)) + rf":? ?(line )?{line}\b")
    server.wait_for_log(lambda text: place.search(text) and LOOPBACK in text)


def _assert_listen_is_refused(lab, client_kind, server):
    """-R without a permission: with ExitOnForwardFailure the client ends with 255 and says which forward."""
    port = free_port()
    client = lab.client(client_kind, server, remote=[f"{port}:{lab.target}"], wait=False)
    assert client.wait() == 255
    lines = [line for line in client.log().splitlines() if str(port) in line]
    assert any(REFUSAL.search(line) for line in lines), client.log()
    assert not is_listening(port)


def _assert_open_is_refused(lab, client_kind, server):
    """-L to a target that is not permitted: the connection closes without a byte, and the client lives on."""
    client, port = lab.local_forward(client_kind, server)
    traffic.expect_refusal(traffic.connect(port, seconds=10))
    assert client.program.running


@CLIENTS
def test_listen_refused_by_the_key_names_its_line(lab, client_kind, server_kind):
    server = lab.server(server_kind, authorized_keys=_keys(lab, f'permitlisten="{free_port()}"'))
    _assert_listen_is_refused(lab, client_kind, server)
    _assert_rule_is_logged(server, server.authorized_keys, 3)


@CLIENTS
def test_listen_refused_by_the_configuration_names_its_line(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["# first", f"PermitListen {free_port()}"])
    _assert_listen_is_refused(lab, client_kind, server)
    _assert_rule_is_logged(server, server.config_path, 2)


@CLIENTS
@pytest.mark.parametrize("options", ["restrict", "no-port-forwarding", 'restrict,permitlisten="*:*"'])
def test_key_without_forwarding_may_neither_listen_nor_open(lab, client_kind, server_kind, options):
    server = lab.server(server_kind, authorized_keys=_keys(lab, options))
    _assert_listen_is_refused(lab, client_kind, server)
    _assert_open_is_refused(lab, client_kind, server)
    _assert_rule_is_logged(server, server.authorized_keys, 3)


@CLIENTS
def test_open_refused_by_the_key_names_its_line(lab, client_kind, server_kind):
    # Compared with the requested name before any look-up: localhost is not 127.0.0.1.
    options = f'permitopen="localhost:{lab.traffic.port}"'
    server = lab.server(server_kind, authorized_keys=_keys(lab, options))
    _assert_open_is_refused(lab, client_kind, server)
    _assert_rule_is_logged(server, server.authorized_keys, 3)
    port = free_port()
    lab.client(client_kind, server, local=[f"{port}:localhost:{lab.traffic.port}"])
    transfer(traffic.connect(port), MIB)


@CLIENTS
def test_open_refused_by_the_configuration_names_its_line(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["# first", f"PermitOpen {LOOPBACK}:{free_port()}"])
    _assert_open_is_refused(lab, client_kind, server)
    _assert_rule_is_logged(server, server.config_path, 2)


@ANY_CLIENT
def test_permitted_port_and_target_work_beside_the_refused(lab, client_kind, server_kind):
    port = free_port()
    options = f'restrict,port-forwarding,permitlisten="{port}",permitopen="{lab.target}"'
    server = lab.server(server_kind, authorized_keys=_keys(lab, options))
    _, local = lab.local_forward(client_kind, server)
    lab.client(client_kind, server, remote=[f"{port}:{lab.target}"])
    transfer(traffic.connect(local), MIB)
    transfer(traffic.connect(port), MIB)


@CLIENTS
@pytest.mark.parametrize("value, local, remote", [("no", 0, 0), ("local", 1, 0), ("remote", 0, 1), ("yes", 1, 1)])
def test_allow_tcp_forwarding_governs_both_directions(lab, client_kind, server_kind, value, local, remote):
    server = lab.server(server_kind, config=[f"AllowTcpForwarding {value}"])
    if remote:
        _, port = lab.remote_forward(client_kind, server)
        transfer(traffic.connect(port), MIB)
    else:
        _assert_listen_is_refused(lab, client_kind, server)
    if local:
        _, port = lab.local_forward(client_kind, server)
        transfer(traffic.connect(port), MIB)
    else:
        _assert_open_is_refused(lab, client_kind, server)


@CLIENTS
def test_configuration_and_key_must_both_permit(lab, client_kind, server_kind):
    both, config_only, key_only = free_port(), free_port(), free_port()
    options = f'permitlisten="{both}",permitlisten="{key_only}"'
    config = [f"PermitListen {both} {config_only}"]
    server = lab.server(server_kind, config=config, authorized_keys=_keys(lab, options))
    lab.client(client_kind, server, remote=[f"{both}:{lab.target}"])
    for port in (config_only, key_only):
        client = lab.client(client_kind, server, remote=[f"{port}:{lab.target}"], wait=False)
        assert client.wait() == 255


@pytest.mark.pairs(clients=["swssh"], servers=["relay", "sshd"])
def test_refused_forward_without_the_option_leaves_the_client_running(lab, client_kind, server_kind):
    allowed, refused = free_port(), free_port()
    server = lab.server(server_kind, config=[f"PermitListen {allowed}"])
    client = lab.client(
        client_kind,
        server,
        remote=[f"{refused}:{lab.target}", f"{allowed}:{lab.target}"],
        options=["-o", "ExitOnForwardFailure=no"],
        wait=False,
    )
    client.remote = client.remote[1:]
    client.wait_until_ready()
    transfer(traffic.connect(allowed), MIB)
    assert str(refused) in client.log()


@pytest.mark.pairs(clients=["swssh"], servers=["relay", "sshd"])
@pytest.mark.parametrize("forward", ["local", "remote", "dynamic"])
def test_taken_port_is_told_with_255(lab, client_kind, server_kind, forward):
    server = lab.server(server_kind)
    with occupied_port() as port:
        spec = port if forward == "dynamic" else f"{port}:{lab.target}"
        client = lab.client(client_kind, server, wait=False, **{forward: [spec]})
        assert client.wait() == 255
    assert str(port) in client.log()


@contextlib.contextmanager
def occupied_port():
    """A port that is taken on both loopback addresses; one free address would be enough for a forward."""
    port = free_port()
    with contextlib.ExitStack() as stack:
        stack.enter_context(socket.create_server((LOOPBACK, port)))
        if socket.has_dualstack_ipv6():
            stack.enter_context(socket.create_server(("::1", port), family=socket.AF_INET6))
        yield port


@CLIENTS
def test_refused_standard_streams_end_with_a_failure_and_a_reason(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["PermitOpen none"])
    client = lab.client(client_kind, server, stdio=lab.target)
    assert client.wait() == 255
    assert REFUSAL.search(client.log())


@pytest.mark.pairs(clients=["swssh"], servers=["relay", "sshd"])
@pytest.mark.parametrize("version", [4, 5])
def test_refused_open_is_no_socks_success(lab, client_kind, server_kind, version):
    server = lab.server(server_kind, config=["PermitOpen none"])
    port = free_port()
    client = lab.client(client_kind, server, dynamic=[port])
    try:
        stream = socks.connect(version, port, LOOPBACK, lab.traffic.port, seconds=10)
    except socks.SocksRefused:
        assert client.program.running
        return
    # OpenSSH answers before it knows, and then closes.
    assert not settings.SWSSH, "success was told before the far end had opened anything"
    traffic.expect_refusal(stream)
    assert client.program.running


V4, V6 = "0100007F", "00000000000000000000000001000000"
ANY4, ANY6 = "00000000", "0" * 32
BINDS = [
    ("no", "", {V4, V6}),
    ("no", "localhost:", {V4, V6}),
    ("no", "127.0.0.1:", {V4}),
    ("no", "*:", {V4, V6}),
    ("no", "0.0.0.0:", {V4, V6}),
    ("yes", "", {ANY4, ANY6}),
    ("yes", "127.0.0.1:", {ANY4, ANY6}),
    ("clientspecified", "", {V4, V6}),
    ("clientspecified", "localhost:", {V4, V6}),
    ("clientspecified", "127.0.0.1:", {V4}),
    ("clientspecified", "[::1]:", {V6}),
    ("clientspecified", "*:", {ANY4, ANY6}),
    ("clientspecified", "0.0.0.0:", {ANY4}),
]


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
@pytest.mark.parametrize("value, bind, expected", BINDS)
def test_gateway_ports_decide_where_a_remote_forward_listens(lab, client_kind, server_kind, value, bind, expected):
    server = lab.server(server_kind, config=[f"GatewayPorts {value}"])
    port = free_port()
    lab.client(client_kind, server, remote=[f"{bind}{port}:{lab.target}"])
    found = listening_addresses(port)
    # One wildcard socket may serve both families.
    assert found == expected or (expected == {ANY4, ANY6} and found == {ANY6}), found


def _device(lab, server_kind, **options):
    """A relay that has an account of its own, which is no Unix account."""
    server = lab.server(server_kind, **options)
    server.user = "device-of-the-relay"
    (server.authorized_keys.parent / server.user).write_text(lab.keys.user.public + "\n")
    return server


@pytest.mark.ours_only("sshd has no such accounts")
@CLIENTS
@pytest.mark.parametrize("groups", ["*,!operators", "!operators,*", "*"])
def test_a_restriction_on_all_but_one_group_holds_for_an_account_without_groups(lab, client_kind, server_kind, groups):
    server = _device(lab, server_kind, match=[f"Match Group {groups}", "  PermitOpen none"])
    _assert_open_is_refused(lab, client_kind, server)
    _assert_rule_is_logged(server, server.config_path, len(server.config_text().splitlines()))


@pytest.mark.ours_only("sshd has no such accounts")
@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
@pytest.mark.parametrize(
    ("line", "may"),
    [("DenyGroups *", False), ("AllowGroups operators", False), ("DenyGroups operators", True), ("AllowGroups *", True)],
)
def test_rules_about_groups_hold_for_an_account_without_groups(lab, client_kind, server_kind, line, may):
    server = _device(lab, server_kind, config=[line])
    assert lab.logs_in(client_kind, server) == may
