"""A client with several keys tries one after the other on one connection; libraries do so in ways of their own."""

import socket
import subprocess

import paramiko
import pytest

from harness.clients import ClientFailed
from harness.settings import LOOPBACK, USER, program

SERVERS = pytest.mark.parametrize("server_kind", ["relay", "sshd"])


@SERVERS
def test_paramiko_asks_for_the_service_before_each_key(lab, server_kind):
    server = lab.server(server_kind)
    with socket.create_connection((LOOPBACK, server.port), 10) as connection:
        transport = paramiko.Transport(connection)
        transport.start_client(timeout=10)
        for name in ("stranger0", "stranger1"):
            with pytest.raises(paramiko.AuthenticationException):
                transport.auth_publickey(USER, paramiko.Ed25519Key(filename=lab.keys.named(name).path))
        transport.auth_publickey(USER, paramiko.Ed25519Key(filename=lab.keys.user.path))
        assert transport.is_authenticated()
        transport.close()


@SERVERS
@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_keys_of_every_kind_log_in(lab, server_kind, kind):
    key = lab.directory / kind
    words = [program("ssh-keygen"), "-q", "-t", kind, "-N", "", "-f", key]
    subprocess.run([str(word) for word in words], check=True, timeout=60)
    server = lab.server(server_kind, authorized_keys=key.with_suffix(".pub").read_text())
    known_hosts = lab.directory / "known_hosts"
    known_hosts.write_text(server.known_hosts)
    words = [program("ssh"), "-F", "none", "-i", key, "-p", server.port, "-o", f"UserKnownHostsFile={known_hosts}"]
    words += ["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-T", server.address, "true"]
    subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    server.wait_for_log(lambda line: f"Accepted publickey for {USER}" in line and kind.upper() in line)


BOTH = pytest.mark.parametrize("server_kind", ["relay", "sshd"])
TWO = "AuthenticationMethods publickey,publickey"


class TwoKeys:
    """A client that logs in with one key after the other, and reads what each comes to."""

    def __init__(self, lab, server):
        self.lab = lab
        self.connection = socket.create_connection((LOOPBACK, server.port), 10)
        self.transport = paramiko.Transport(self.connection)
        self.transport.start_client(timeout=10)

    def show(self, name):
        """What may follow, or nothing for who is in; None for a key that will not do."""
        key = self.lab.keys.user if name == "user" else self.lab.keys.named(name)
        try:
            return self.transport.auth_publickey(USER, paramiko.Ed25519Key(filename=key.path))
        except paramiko.AuthenticationException:
            return None

    def close(self):
        self.transport.close()
        self.connection.close()


@pytest.fixture
def two_keys(lab):
    clients = []

    def start(server):
        clients.append(TwoKeys(lab, server))
        return clients[-1]

    yield start
    for client in clients:
        client.close()


@BOTH
def test_two_different_keys_must_sign_where_the_methods_say_so(lab, server_kind, two_keys):
    text = f"{lab.keys.user.public}\n{lab.keys.named('second').public}\n"
    server = lab.server(server_kind, config=[TWO], authorized_keys=text)
    client = two_keys(server)
    assert client.show("user") == ["publickey"]
    assert not client.transport.is_authenticated()
    # The same key again is no second one, and neither is a stranger's.
    assert client.show("user") is None
    assert client.show("stranger") is None
    assert client.show("second") == []
    assert client.transport.is_authenticated()


@BOTH
def test_one_key_is_enough_where_one_list_says_so(lab, server_kind, two_keys):
    server = lab.server(server_kind, config=[f"{TWO} publickey"])
    assert two_keys(server).show("user") == []


@BOTH
def test_the_method_none_lets_nobody_in(lab, server_kind, two_keys):
    server = lab.server(server_kind, config=["AuthenticationMethods none"])
    assert two_keys(server).show("user") is None
    with pytest.raises(ClientFailed):
        lab.local_forward("ssh", server)


@BOTH
def test_methods_hold_for_whom_a_match_block_names(lab, server_kind, two_keys):
    other, own = ([f"Match User {user}", TWO] for user in ("somebody", USER))
    server = lab.server(server_kind, match=other)
    assert two_keys(server).show("user") == []
    server = lab.server(server_kind, match=own)
    assert two_keys(server).show("user") == ["publickey"]


@BOTH
def test_a_channel_is_not_opened_between_the_keys(lab, server_kind, two_keys):
    server = lab.server(server_kind, config=[TWO])
    client = two_keys(server)
    assert client.show("user") == ["publickey"]
    with pytest.raises((paramiko.SSHException, EOFError, OSError)):
        client.transport.open_channel("direct-tcpip", (LOOPBACK, lab.traffic.port), (LOOPBACK, 1), timeout=5)


@BOTH
def test_what_either_key_forbids_is_forbidden(lab, server_kind, two_keys):
    second = lab.keys.named("second").public
    for first_options, second_options in (("", "no-port-forwarding "), ("no-port-forwarding ", "")):
        text = f"{first_options}{lab.keys.user.public}\n{second_options}{second}\n"
        server = lab.server(server_kind, config=[TWO], authorized_keys=text)
        client = two_keys(server)
        assert (client.show("user"), client.show("second")) == (["publickey"], [])
        with pytest.raises(paramiko.ChannelException):
            client.transport.open_channel("direct-tcpip", (LOOPBACK, lab.traffic.port), (LOOPBACK, 1), timeout=20)


@BOTH
def test_ssh_logs_in_with_two_keys(lab, server_kind):
    second = lab.keys.named("second")
    text = f"{lab.keys.user.public}\n{second.public}\n"
    server = lab.server(server_kind, config=[TWO], authorized_keys=text)
    with pytest.raises(ClientFailed):
        lab.local_forward("ssh", server)
    lab.local_forward("ssh", server, options=["-i", str(second.path)])


@pytest.mark.ours_only("sshd looks at its files at login only")
def test_either_key_that_is_taken_away_ends_the_connection(lab):
    second = lab.keys.named("second")
    lines = [lab.keys.user.public, second.public]
    for kept in lines:
        server = lab.server("relay", config=[TWO], authorized_keys="\n".join(lines) + "\n")
        client, _ = lab.local_forward("ssh", server, options=["-i", str(second.path)])
        server.authorized_keys.write_text(kept + "\n")
        assert client.wait(10) == 255
        assert "no longer permitted" in server.log()
