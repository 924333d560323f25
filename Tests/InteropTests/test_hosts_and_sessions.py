"""Who the server is, and what it does not do: host keys, sessions, configurations that must not start."""

import os
import re
import subprocess

import pytest

from harness import settings, traffic
from harness.keys import hashed_known_hosts, known_hosts_line
from harness.lab import CLIENTS, transfer
from harness.network import free_port
from harness.settings import LOOPBACK, MIB

CLIENT = pytest.mark.pairs(clients=["swssh"], servers=["relay", "sshd"])
STRANGERS = pytest.mark.pairs(clients=["ssh"], servers=["relay"])


def _connect(lab, client_kind, server, known_hosts, strict):
    """A client that reads and writes the given known_hosts file; gives it and its forwarded port."""
    port = free_port()
    client = lab.client(
        client_kind,
        server,
        local=[f"{port}:{lab.target}"],
        # The first value of an option wins, so these come before the client's own.
        options=["-o", f"UserKnownHostsFile={known_hosts}", "-o", f"StrictHostKeyChecking={strict}"],
        wait=False,
    )
    return client, port


def _must_connect(client, port):
    client.wait_until_ready()
    transfer(traffic.connect(port), MIB)


@CLIENT
def test_unknown_host_is_refused_under_strict_checking(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    known_hosts = lab.directory / "known_hosts"
    client, _ = _connect(lab, client_kind, server, known_hosts, "yes")
    assert client.wait() == 255
    assert f"[{LOOPBACK}]:{server.port}" in client.log()
    assert not known_hosts.exists()


@CLIENT
def test_unknown_host_is_added_by_accept_new_and_known_from_then_on(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    known_hosts = lab.directory / "known_hosts"
    # OpenSSH 9.2 would spoil both lines.
    known_hosts.write_text("# a file whose last line lacks its end" + ("" if settings.SWSSH else "\n"))
    client, port = _connect(lab, client_kind, server, known_hosts, "accept-new")
    _must_connect(client, port)
    client.stop()
    assert server.known_hosts.strip() in known_hosts.read_text().splitlines()
    _must_connect(*_connect(lab, client_kind, server, known_hosts, "yes"))


@CLIENT
@pytest.mark.parametrize("strict", ["yes", "accept-new"])
def test_changed_host_key_is_refused_with_file_and_line(lab, client_kind, server_kind, strict):
    server = lab.server(server_kind)
    known_hosts = lab.directory / "known_hosts"
    other = known_hosts_line(LOOPBACK, server.port, lab.keys.named("other").public)
    known_hosts.write_text("# one\n# two\n" + other)
    client, _ = _connect(lab, client_kind, server, known_hosts, strict)
    assert client.wait() == 255
    assert re.search(re.escape(str(known_hosts)) + r":? ?(line )?3\b", client.log())
    assert known_hosts.read_text().endswith(other)


@CLIENT
def test_hashed_known_host_is_found(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    known_hosts = lab.directory / "known_hosts"
    known_hosts.write_text(server.known_hosts)
    hashed_known_hosts(known_hosts)
    assert LOOPBACK not in known_hosts.read_text()
    _must_connect(*_connect(lab, client_kind, server, known_hosts, "yes"))


@CLIENT
@pytest.mark.parametrize("pattern", ["[127.0.0.*]:*", "[example.com]:22,[127.0.0.1]:{port}"])
def test_known_host_patterns_are_understood(lab, client_kind, server_kind, pattern):
    server = lab.server(server_kind)
    known_hosts = lab.directory / "known_hosts"
    known_hosts.write_text(f"{pattern.format(port=server.port)} {server.host_key.public}\n")
    _must_connect(*_connect(lab, client_kind, server, known_hosts, "yes"))


@CLIENT
@pytest.mark.parametrize("entry", ["!{host},[127.0.0.*]:{port} {key}", "@revoked {host} {key}", "127.0.0.1 {key}"])
def test_entries_that_do_not_vouch_for_the_host_are_refused(lab, client_kind, server_kind, entry):
    server = lab.server(server_kind)
    known_hosts = lab.directory / "known_hosts"
    host = f"[{LOOPBACK}]:{server.port}"
    known_hosts.write_text(entry.format(host=host, port=server.port, key=server.host_key.public) + "\n")
    client, _ = _connect(lab, client_kind, server, known_hosts, "yes")
    # OpenSSH takes a bare name for a non-standard port too, when nothing better is there.
    if entry.startswith("127.0.0.1"):
        client.wait_until_ready()
    else:
        assert client.wait() == 255


@CLIENT
def test_unknown_key_is_refused_with_255_and_one_clear_line(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    port = free_port()
    client = lab.client(client_kind, server, local=[f"{port}:{lab.target}"], key=lab.keys.named("stranger"), wait=False)
    assert client.wait() == 255
    assert "Permission denied (publickey)" in client.log()


@pytest.mark.pairs(clients=["swssh"], servers=["relay"])
def test_closed_server_port_gives_255_and_names_it(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    server.stop()
    client = lab.client(client_kind, server, local=[f"{free_port()}:{lab.target}"], wait=False)
    assert client.wait() == 255
    assert str(server.port) in client.log() and "refused" in client.log().lower()


@STRANGERS
@pytest.mark.ours_only("sshd runs the command")
@pytest.mark.parametrize("command", [["echo", "hi"], [], ["-s", "sftp"]])
def test_session_is_told_that_this_host_only_forwards(lab, client_kind, server_kind, command):
    server = lab.server(server_kind)
    helper = lab.client(client_kind, server, local=[f"{free_port()}:{lab.target}"])
    arguments = [str(word) for word in helper.program.arguments if word != "-N"]
    at = arguments.index("-L")
    del arguments[at : at + 2]
    if command[:1] == ["-s"]:
        arguments.insert(1, "-s")
        command = command[1:]
    result = subprocess.run([*arguments, *command], capture_output=True, text=True, timeout=20, check=False)
    assert result.returncode == (1 if "-s" not in arguments else result.returncode) and result.returncode != 0
    if "-s" not in arguments:
        # What ssh itself says of a terminal that it does not have is not the host's.
        said = [
            line
            for line in (result.stdout + result.stderr).strip().splitlines()
            if not line.startswith("Pseudo-terminal")
        ]
        assert len(said) == 1 and "forward" in said[0], said


@STRANGERS
def test_session_without_a_command_stays_open(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    client, port = lab.local_forward(client_kind, server)
    transfer(traffic.connect(port), MIB)
    assert client.program.running


BAD_LINES = [
    "PortForwarding yes",
    "Port eighty",
    "Port 65536",
    "AllowTcpForwarding perhaps",
    "PermitListen 1:2:3:4",
    "RekeyLimit lots",
    "Ciphers rot13",
    "ListenAddress",
]


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
@pytest.mark.parametrize("line", BAD_LINES)
def test_bad_configuration_refuses_to_start_with_file_and_line(lab, client_kind, server_kind, line):
    server = lab.server(server_kind)
    server.stop()
    text = server.config_path.read_text()
    server.config_path.write_text("# a comment\n\n" + line + "\n" + text)
    program = lab.programs.start([*server.command(), "-f", server.config_path, "-D", "-e"], "bad")
    assert program.wait(10) not in (0, None)
    assert re.search(re.escape(str(server.config_path)) + r":? ?(line )?3\b", program.log()), program.log()
    if settings.RELAY:
        assert line.split()[0] in program.log()


# sshd takes a directory for an empty file and would listen on port 22 of every address: never try that with it.
FAULTS = ["no such file", "no host key", "host key open to others", *(["a directory"] if settings.RELAY else [])]


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
@pytest.mark.parametrize("fault", FAULTS)
def test_unreadable_files_refuse_to_start_and_are_named(lab, client_kind, server_kind, fault):
    server = lab.server(server_kind)
    server.stop()
    path = server.config_path
    named = path
    if fault == "no such file":
        path.unlink()
    elif fault == "a directory":
        path.unlink()
        path.mkdir()
    else:
        named = lab.directory / "host_key"
        if fault == "host key open to others":
            named.write_text(server.host_key.path.read_text())
            named.chmod(0o644)
        path.write_text(path.read_text().replace(str(server.host_key.path), str(named)))
    program = lab.programs.start([*server.command(), "-f", path, "-D", "-e"], "bad")
    assert program.wait(10) not in (0, None)
    assert str(named) in program.log(), program.log()


@pytest.mark.skipif(not settings.RELAY, reason="ours only: relay keygen")
def test_relay_makes_host_keys_that_openssh_reads(lab):
    path = lab.directory / "made"
    subprocess.run([settings.RELAY, "keygen", "-f", path], check=True, timeout=20, capture_output=True)
    assert os.stat(path).st_mode & 0o777 == 0o600
    public = subprocess.run(
        [settings.program("ssh-keygen"), "-y", "-f", path], check=True, timeout=20, capture_output=True, text=True
    ).stdout
    assert public.split()[0] == "ssh-ed25519"
    assert public.split()[:2] == path.with_suffix(".pub").read_text().split()[:2]
    again = subprocess.run([settings.RELAY, "keygen", "-f", path], timeout=20, capture_output=True, check=False)
    assert again.returncode != 0, "an existing key must not be overwritten"


def test_every_client_kind_is_covered():
    assert set(CLIENTS) == {"ssh", "swssh", "dbclient", "plink", "paramiko", "asyncssh"}
