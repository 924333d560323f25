"""A client with several keys tries one after the other on one connection; libraries do so in ways of their own."""

import socket
import subprocess

import paramiko
import pytest

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
