"""What a person does with the relay beside serving: checking, explaining, reloading, swapping it in for sshd."""

import ctypes
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from harness import settings, traffic
from harness.lab import transfer
from harness.network import free_port, wait_until
from harness.settings import LOOPBACK, MIB, USER, program

STOCK = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
pytestmark = pytest.mark.ours_only("flags and subcommands of the relay")


def _relay(*arguments):
    return subprocess.run([settings.RELAY, *map(str, arguments)], capture_output=True, text=True, timeout=30)


def _explain(server, key, *question):
    result = _relay("explain", "-f", server.config_path, "--account", USER, "--key", key, *question)
    lines = result.stdout.splitlines()
    assert result.returncode == {"yes": 0, "no": 1}[lines[0]], result.stderr
    return lines[0], lines[1:]


@STOCK
def test_explain_names_the_rules_in_the_order_in_which_they_are_asked(lab, client_kind, server_kind):
    keys = f'# comment\nrestrict,port-forwarding,permitlisten="8080" {lab.keys.user.public}\n'
    config = ["AllowTcpForwarding yes", "PermitListen 8080 9090", "PermitOpen none"]
    server = lab.server(server_kind, config=config, authorized_keys=keys)
    key = lab.keys.user.path.with_suffix(".pub")
    line = f"{server.authorized_keys} line 2"
    answer, lines = _explain(server, key, "--listen", "8080")
    assert answer == "yes"
    expected = [
        f"yes  {line}: ssh-ed25519",
        f"yes  {line}: port-forwarding",
        f"yes  {server.config_path} line 1: AllowTcpForwarding yes",
        f"yes  {server.config_path} line 2: PermitListen 8080",
        f'yes  {line}: permitlisten="8080"',
    ]
    assert [text.strip() for text in lines][:5] == expected
    answer, lines = _explain(server, lab.keys.user.fingerprint, "--listen", "localhost:9090")
    assert (answer, lines[-1].strip()) == ("no", f'no   {line}: permitlisten="8080"')
    answer, lines = _explain(server, key, "--listen", "7070")
    assert (answer, lines[-1].strip()) == ("no", f"no   {server.config_path} line 2: PermitListen 8080 9090")
    answer, lines = _explain(server, key, "--open", "localhost:80")
    assert (answer, lines[-1].strip()) == ("no", f"no   {server.config_path} line 3: PermitOpen none")
    other = lab.keys.named("other")
    assert _explain(server, other.path.with_suffix(".pub"))[0] == "no"
    assert _explain(server, other.fingerprint)[0] == "no"


@STOCK
def test_explain_says_what_the_relay_does(lab, client_kind, server_kind):
    """The same files and requests, put to the explanation and to the relay itself."""
    port = free_port()
    lines = [
        "",
        "restrict",
        f'permitlisten="{port}"',
        f'permitlisten="{LOOPBACK}:{port}"',
        'from="192.0.2.1"',
        'expiry-time="20200101Z"',
        "no-such-option",
        "cert-authority",
        f'permitlisten="localhost:{port}",permitopen="*:*"',
    ]
    for options in lines:
        server = lab.server(server_kind, authorized_keys=f"{options} {lab.keys.user.public}\n")
        answer, _ = _explain(server, lab.keys.user.fingerprint, "--listen", f"{port}")
        client = lab.client(client_kind, server, remote=[f"{port}:{lab.target}"], wait=False)
        try:
            client.wait_until_ready()
            did = "yes"
        except AssertionError:
            did = "no"
        client.stop()
        server.stop()
        assert answer == did, options


@STOCK
def test_reload_command_checks_the_file_and_tells_the_running_relay(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    pid_file = server.directory / "pid"
    wait_until(lambda: pid_file.exists() and pid_file.read_text(), 5, "the pid file")
    assert _relay("reload", "-f", server.config_path).returncode == 0
    server.wait_for_log(lambda line: "The new configuration holds" in line)
    server.config_path.write_text("Nonsense yes\n" + server.config_path.read_text())
    result = _relay("reload", "-f", server.config_path)
    assert result.returncode == 255 and f"{server.config_path} line 1: Nonsense" in result.stderr
    assert "Reload failed" not in server.log()
    server.stop()
    assert not pid_file.exists()


SPECIFICATIONS = [
    "user=root,host=h.example.com,addr=192.0.2.7,laddr=127.0.0.1,lport=22",
    "user=device,host=h.example.com,addr=192.0.2.7,laddr=127.0.0.1,lport=22",
    "user=device,host=h.example.com,addr=198.51.100.1,laddr=127.0.0.1,lport=2222",
    "user=other,host=x,addr=2001:db8::1,laddr=::1,lport=22",
]
BLOCKS = """
ClientAliveInterval 0
PermitListen 1234
Match User device
    PermitListen 8080 localhost:*
    GatewayPorts yes
Match Address 192.0.2.0/24
    AllowTcpForwarding local
    MaxAuthTries 3
Match LocalPort 2222
    PermitOpen none
    GatewayPorts clientspecified
Match Host *.example.com User !root,*
    ClientAliveInterval 33
Match LocalAddress ::1
    DisableForwarding yes
"""


@pytest.mark.parametrize("specification", SPECIFICATIONS)
def test_effective_configuration_for_a_connection_is_sshds(tmp_path, keys, specification):
    file = tmp_path / "config"
    file.write_text(f"HostKey {keys.host.path}\n{BLOCKS}")

    def lines(command):
        result = subprocess.run([*command, "-T", "-f", file, "-C", specification], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        pairs = [line.partition(" ") for line in result.stdout.splitlines()]
        return {name.lower(): value for name, _, value in pairs}

    ours, theirs = lines([settings.RELAY]), lines([program("sshd")])
    for name in ("permitlisten permitopen gatewayports allowtcpforwarding maxauthtries clientaliveinterval".split()):
        assert ours[name] == theirs[name], name
    assert ours["disableforwarding"] == theirs["disableforwarding"]


def test_wrong_connection_specification_is_told(tmp_path):
    file = tmp_path / "config"
    file.write_text("")
    for wrong in ("user", "nobody=1", "lport=x"):
        result = _relay("-T", "-f", file, "-C", wrong)
        assert result.returncode == 255 and wrong in result.stderr


def test_stock_configuration_is_checked_and_says_what_it_does_not_do(keys):
    """Debian's own /etc/ssh/sshd_config."""
    stock = next(path for path in ("/usr/share/openssh/sshd_config", "/etc/ssh/sshd_config") if Path(path).exists())
    result = _relay("-t", "-f", stock)
    assert result.returncode == 0, result.stderr
    for keyword in ("UsePAM", "X11Forwarding", "Subsystem", "AcceptEnv"):
        assert any(f"{stock} line" in line and keyword in line for line in result.stderr.splitlines()), keyword
    assert "no shell" in result.stdout and "/etc/relay/authorized_keys/%u" in result.stdout


def _start_with(listening, server):
    """Starts a relay as systemd does that holds its socket."""
    script = 'exec 3<&"$1"; shift; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
    number = listening.fileno()
    command = ["bash", "-c", script, "bash", str(number), settings.RELAY, "-D", "-e", "-f", str(server.config_path)]
    os.set_inheritable(number, True)
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, pass_fds=[number])


@STOCK
def test_sockets_that_systemd_opened_are_served(lab, client_kind, server_kind):
    """Socket activation as sd_listen_fds(3) has it: the socket stands before the relay does, and nobody is turned away."""
    server = lab.server(server_kind)
    server.stop()
    with socket.create_server((LOOPBACK, 0), backlog=16) as listening:
        server.port = listening.getsockname()[1]
        # Waits in the socket's queue until the relay has started.
        client = lab.client(client_kind, server, local=[f"{free_port()}:{lab.target}"], wait=False)
        relay = _start_with(listening, server)
        try:
            client.wait_until_ready()
            transfer(traffic.connect(int(client.local[0].split(":")[0])), MIB)
        finally:
            client.stop()
            relay.terminate()
            assert relay.wait(10) == 0


@STOCK
def test_loss_of_a_socket_that_systemd_opened_is_a_failure(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    server.stop()
    with socket.create_server((LOOPBACK, 0)) as listening:
        relay = _start_with(listening, server)
        try:
            assert _answers(LOOPBACK, listening.getsockname()[1])
            listening.shutdown(socket.SHUT_RD)
            # As with Restart=on-failure: 255 would mean that a new start does not help.
            assert relay.wait(20) not in (0, 255)
        finally:
            relay.kill()
            relay.wait(10)


def _change_configuration(server, change):
    """Rewrites the configuration and has it read again."""
    done = server.log().count("The new configuration holds")
    server.config_path.write_text(change(server.config_path.read_text()))
    server.program.signal(signal.SIGHUP)
    wait_until(lambda: server.log().count("The new configuration holds") > done, 10, "the reload")


def _answers(host, port):
    try:
        with socket.create_connection((host, port), timeout=10) as connection:
            return connection.recv(4) == b"SSH-"
    except ConnectionRefusedError:
        return False


@STOCK
def test_reload_goes_from_one_address_to_all_and_back(lab, client_kind, server_kind):
    """A wildcard and an address of the same port cannot be listened on at the same time."""
    server = lab.server(server_kind)
    line = f"ListenAddress {LOOPBACK}\n"
    assert _answers(LOOPBACK, server.port) and not _answers("127.0.0.2", server.port)
    _change_configuration(server, lambda text: text.replace(line, ""))
    assert _answers(LOOPBACK, server.port) and _answers("127.0.0.2", server.port)
    _change_configuration(server, lambda text: line + text)
    assert _answers(LOOPBACK, server.port) and not _answers("127.0.0.2", server.port)


@STOCK
def test_address_that_cannot_be_taken_leaves_the_old_one(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    # With this one in the way, the wildcard cannot be opened.
    with socket.create_server(("127.0.0.2", server.port)):
        _change_configuration(server, lambda text: text.replace(f"ListenAddress {LOOPBACK}\n", "ListenAddress ::1\nListenAddress 0.0.0.0\n"))
        assert _answers(LOOPBACK, server.port) and _answers("::1", server.port)


@STOCK
def test_address_that_is_taken_out_is_closed_whatever_else_fails(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["ListenAddress 127.0.0.3"])
    assert _answers("127.0.0.3", server.port)
    # Nobody has that one.
    _change_configuration(server, lambda text: text.replace("ListenAddress 127.0.0.3", "ListenAddress 2001:db8::1"))
    assert _answers(LOOPBACK, server.port) and not _answers("127.0.0.3", server.port)


@STOCK
def test_every_address_of_a_name_is_listened_on(lab, client_kind, server_kind):
    port = free_port()
    lab.server(server_kind, config=[f"ListenAddress localhost:{port}"])
    for *_, (host, *_) in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
        assert _answers(host, port), host


@STOCK
def test_pid_file_follows_the_configuration(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    old, new = server.directory / "pid", server.directory / "other"
    wait_until(old.exists, 5, "the pid file")
    _change_configuration(server, lambda text: text.replace(f"PidFile {old}", f"PidFile {new}"))
    wait_until(lambda: new.exists() and new.read_text(), 5, "the new pid file")
    assert not old.exists()
    assert _relay("reload", "-f", server.config_path).returncode == 0
    server.stop()
    assert not new.exists()


@STOCK
def test_relay_in_the_background_keeps_its_name(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    server.stop()
    pid_file = server.directory / "pid"
    started = _relay("-f", server.config_path, "-E", server.directory / "background.log")
    assert started.returncode == 0, started.stderr
    pid = int(wait_until(lambda: pid_file.exists() and pid_file.read_text(), 10, "the pid file"))
    try:
        wait_until(lambda: _answers(LOOPBACK, server.port), 10, "the relay's greeting")
        assert Path(f"/proc/{pid}/comm").read_text() == f"{Path(settings.RELAY).name}\n"
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not pid_file.exists(), 10, "the relay's end")


def _fail_listeners(pid):
    """Ends the listening of all of a process's TCP listeners behind its back, as an error of the system would."""
    process = os.pidfd_open(pid)
    for number in os.listdir(f"/proc/{pid}/fd"):
        # pidfd_getfd(2)
        copy = ctypes.CDLL(None, use_errno=True).syscall(438, process, int(number), 0)
        if copy < 0:
            continue
        try:
            with socket.socket(fileno=copy) as theirs:
                if theirs.family != socket.AF_UNIX and theirs.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    theirs.shutdown(socket.SHUT_RD)
        except OSError:
            os.close(copy)
    os.close(process)


@STOCK
def test_listener_that_fails_is_opened_again(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    _fail_listeners(server.program.pid)
    server.wait_for_log(lambda line: f"port {server.port} has failed" in line)
    wait_until(lambda: server.log().count("Server listening") == 2, 5, "the second listener")
    client = lab.client(client_kind, server, local=[f"{free_port()}:{lab.target}"])
    transfer(traffic.connect(int(client.local[0].split(":")[0])), MIB)
