"""The control socket: who may ask the relay what, what it answers, and what becomes of the file."""

import json
import os
import pty
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from harness import settings, traffic
from harness.lab import transfer
from harness.network import free_port, is_listening, is_listening_on_path, wait_until
from harness.settings import LOOPBACK, MIB, USER
from test_fleet import Fleet

pytestmark = [
    pytest.mark.pairs(clients=["ssh"], servers=["relay"]),
    pytest.mark.ours_only("sshd has no control socket"),
]

COUNT = int(os.environ.get("INTEROP_FLEET", 300))
NOBODY = 65534


@pytest.fixture
def folder():
    # A Unix socket's path has 107 bytes, and pytest's own folders take most of them.
    path = Path(tempfile.mkdtemp(prefix="control-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def _server(lab, folder, *config, **options):
    server = lab.server("relay", config=[f"ControlSocket {folder}/control", *config], **options)
    return _when_open(server, f"{folder}/control")


def _when_open(server, path):
    """It is opened after the ports are."""
    wait_until(lambda: is_listening_on_path(path), 10, "the control socket")
    return server


def _relay(server, *words):
    command = [settings.RELAY, *map(str, words), "-f", str(server.config_path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def _status(server):
    result = _relay(server, "status", "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def _list(server):
    result = _relay(server, "list", "--json")
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def _exchange(path, data):
    """What the relay says to these bytes until it hangs up."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(30)
        stream.connect(str(path))
        received = b""
        try:
            stream.sendall(data)
            while more := stream.recv(65536):
                received += more
        except (BrokenPipeError, ConnectionResetError):
            pass
        return received


def _ask(path, **members):
    lines = _exchange(path, json.dumps({"relay": 1, **members}).encode() + b"\n").splitlines()
    return [json.loads(line) for line in lines]


# What is told


def test_list_says_who_is_there_and_what_they_do(lab, client_kind, server_kind, folder):
    path = f"{folder}/device.sock"
    rules = ["AllowStreamLocalForwarding yes", f"PermitStreamLocalListen {folder}/*"]
    server = _server(lab, folder, *rules)
    assert _list(server) == [] and _status(server)["connections"] == 0
    began = int(time.time())
    port, local = free_port(), free_port()
    client = lab.client(
        client_kind,
        server,
        remote=[f"{port}:{lab.target}", f"{path}:{lab.target}"],
        local=[f"{local}:{lab.target}"],
    )
    (connection,) = _list(server)
    assert (connection["account"], connection["key"]) == (USER, lab.keys.user.fingerprint)
    line = server.wait_for_log(lambda line: "Accepted publickey" in line)
    assert f"from {connection['address']} port {connection['port']} " in line
    assert began - 1 <= connection["since"] <= time.time()
    assert {"host": "localhost", "port": port, "addresses": connection["listeners"][0]["addresses"]} in connection["listeners"]
    assert "127.0.0.1" in connection["listeners"][0]["addresses"]
    assert {"path": path} in connection["listeners"] and connection["listenerCount"] == 2
    assert (connection["tunnels"], connection["sent"], connection["received"]) == (0, 0, 0)
    with socket.create_connection((LOOPBACK, local)):
        wait_until(lambda: _list(server)[0]["tunnels"] == 1, 10, "the tunnel in the list")
        assert _status(server)["tunnels"] == 1
    transfer(traffic.connect(local), MIB)
    wait_until(lambda: _list(server)[0]["tunnels"] == 0, 10, "the tunnel's end in the list")
    # From the client, and to it; the traffic's own words come on top.
    moved = _list(server)[0]
    assert MIB <= moved["sent"] < 2 * MIB and MIB <= moved["received"] < 2 * MIB
    client.stop()
    wait_until(lambda: _list(server) == [], 10, "the client's end in the list")
    status = _status(server)
    # The sums stay.
    assert (status["sent"], status["received"]) == (moved["sent"], moved["received"])
    assert status["process"] == server.program.pid and status["listeners"] == 0


def test_a_tunnel_that_runs_is_counted_while_it_runs(lab, client_kind, server_kind, folder):
    server = _server(lab, folder)
    with socket.create_server((LOOPBACK, 0)) as target:
        local = free_port()
        lab.client(client_kind, server, local=[f"{local}:{LOOPBACK}:{target.getsockname()[1]}"])
        with socket.create_connection((LOOPBACK, local)) as near, target.accept()[0] as far:
            near.sendall(b"x" * 1000)
            far.sendall(b"y" * 300)
            wait_until(lambda: _list(server)[0]["sent"] == 1000, 10, "the client's bytes")
            wait_until(lambda: _list(server)[0]["received"] == 300, 10, "the bytes to it")
            status = _status(server)
            assert (status["sent"], status["received"], status["tunnels"]) == (1000, 300, 1)


def test_columns_are_for_programs_and_a_table_for_people(lab, client_kind, server_kind, folder):
    server = _server(lab, folder)
    port = free_port()
    lab.client(client_kind, server, remote=[f"{port}:{lab.target}"])
    (line,) = _relay(server, "list").stdout.splitlines()
    columns = line.split("\t")
    assert len(columns) == 10 and columns[1:3] == [USER, lab.keys.user.fingerprint] and columns[6] == f"localhost:{port}"
    names = [line.split("\t")[0] for line in _relay(server, "status").stdout.splitlines()]
    assert names == "version process since connections beginning listeners tunnels sent received".split()
    ours, theirs = pty.openpty()
    command = [settings.RELAY, "list", "-f", str(server.config_path)]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL) as program:
        os.close(theirs)
        shown = b""
        try:
            while more := os.read(ours, 65536):
                shown += more
        except OSError:
            pass
        os.close(ours)
        assert program.wait(30) == 0
    head, row = shown.decode().splitlines()
    assert head.split()[:3] == ["CONNECTION", "ACCOUNT", "KEY"] and row.split()[1] == USER and "\t" not in shown.decode()


def test_explain_is_answered_by_the_rules_of_the_running_relay(lab, client_kind, server_kind, folder):
    server = _server(lab, folder, "PermitOpen none")
    question = {"command": "explain", "account": USER, "key": lab.keys.user.fingerprint}
    (answer,) = _ask(folder / "control", **question)
    assert answer["reply"] == "explained" and answer["permitted"]
    (answer,) = _ask(folder / "control", **question, open="web:80")
    assert not answer["permitted"] and f"{server.config_path} line 2: PermitOpen none" in answer["lines"][-1]


# Kick


def test_kick_ends_who_is_meant_and_nobody_else(lab, client_kind, server_kind, folder):
    other = lab.keys.named("other")
    server = _server(lab, folder, authorized_keys=f"{lab.keys.user.public}\n{other.public}\n")
    stays = lab.client(client_kind, server, remote=[f"{free_port()}:{lab.target}"], key=other)
    (number,) = [connection["connection"] for connection in _list(server)]
    for form in ("key", "port", "connection", "prefix"):
        port = free_port()
        client = lab.client(client_kind, server, remote=[f"{port}:{lab.target}"])
        (mine,) = [each for each in _list(server) if each["connection"] != number]
        what = {
            "key": lab.keys.user.fingerprint,
            "port": port,
            "connection": mine["connection"],
            "prefix": f"port={port}",
        }[form]
        result = _relay(server, "kick", what)
        assert (result.returncode, result.stdout) == (0, "1 connection ended\n"), form
        assert client.wait() == 255
        assert "ended by the relay's operator" in client.log(), client.log()
        assert not is_listening(port)
        assert [each["connection"] for each in _list(server)] == [number]
    line = server.wait_for_log(lambda line: "Disconnecting user" in line)
    assert f"Disconnecting user {USER} {LOOPBACK} port " in line
    assert f"ended by user id {os.getuid()}, process " in line and "(kick key SHA256:" in line
    assert stays.program.running
    assert _relay(server, "kick", USER).stdout == "1 connection ended\n"
    assert stays.wait() == 255


def test_kick_of_nobody_ends_with_1(lab, client_kind, server_kind, folder):
    server = _server(lab, folder)
    client = lab.client(client_kind, server, remote=[f"{free_port()}:{lab.target}"])
    for what in ("nobody", "SHA256:x", free_port(), 99999999):
        result = _relay(server, "kick", what)
        assert (result.returncode, result.stdout) == (1, "0 connections ended\n"), what
    for wrong in ("0", "port=0", "port=x", ""):
        assert _relay(server, "kick", wrong).returncode not in (0, 1), wrong
    assert client.program.running and len(_list(server)) == 1


def test_a_connection_that_has_not_logged_in_can_be_kicked_by_its_number(lab, client_kind, server_kind, folder):
    server = _server(lab, folder, "LogFormat json", "LogLevel DEBUG")
    with socket.create_connection((LOOPBACK, server.port)) as stream:
        stream.sendall(b"SSH-2.0-silent\r\n")
        line = server.wait_for_log(lambda line: "remote version" in line)
        assert _status(server)["beginning"] == 1 and _list(server) == []
        assert _relay(server, "kick", json.loads(line)["connection"]).stdout == "1 connection ended\n"
        stream.settimeout(20)
        while stream.recv(65536):
            pass


# Reload


def test_reload_says_what_came_of_it(lab, client_kind, server_kind, folder):
    server = _server(lab, folder)
    assert _relay(server, "reload").returncode == 0
    assert "The new configuration holds" in server.log()
    # The file can be read; that the key is gone shows when the relay looks.
    server.config_path.write_text(server.config_path.read_text().replace(str(server.host_key.path), "/nonexistent"))
    result = _relay(server, "reload")
    assert result.returncode == 1 and "the configuration stays as it was" in result.stderr
    assert "Reload failed" in server.log()


def test_reload_follows_a_changed_control_socket(lab, client_kind, server_kind, folder):
    server = _server(lab, folder)
    text = server.config_path.read_text()
    server.config_path.write_text(text.replace(f"{folder}/control", f"{folder}/other"))
    # Nobody listens there yet: the relay is told by SIGHUP.
    assert _relay(server, "reload").returncode == 0
    wait_until(lambda: (folder / "other").exists(), 10, "the new socket")
    wait_until(lambda: not (folder / "control").exists(), 10, "the old socket's end")
    assert _status(server)["process"] == server.program.pid
    server.config_path.write_text(text.replace(f"ControlSocket {folder}/control", "ControlSocket none"))
    server.program.signal(signal.SIGHUP)
    wait_until(lambda: not (folder / "other").exists(), 10, "the socket's end")
    result = _relay(server, "status")
    assert result.returncode == 1 and "ControlSocket" in result.stderr


def test_a_file_that_was_removed_comes_back_with_a_reload(lab, client_kind, server_kind, folder):
    server = _server(lab, folder)
    (folder / "control").unlink()
    server.program.signal(signal.SIGHUP)
    wait_until(lambda: (folder / "control").exists(), 10, "the socket")
    wait_until(lambda: _relay(server, "status").returncode == 0, 10, "an answer")


# The file


def test_the_file_is_for_user_and_group_and_goes_with_the_relay(lab, client_kind, server_kind, folder):
    server = _server(lab, folder)
    status = (folder / "control").lstat()
    assert stat.S_ISSOCK(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o660
    assert (status.st_uid, status.st_gid) == (os.geteuid(), os.getegid())
    server.stop()
    assert not (folder / "control").exists()
    result = _relay(server, "list")
    assert result.returncode == 1 and "no relay can be asked" in result.stderr


def test_without_a_line_it_stands_beside_the_pid_file(lab, client_kind, server_kind, folder):
    server = _when_open(lab.server("relay", config=[f"PidFile {folder}/here.pid"]), f"{folder}/here.sock")
    assert _status(server)["process"] == server.program.pid
    assert (folder / "here.sock").exists()
    printed = subprocess.run([settings.RELAY, "-T", "-f", server.config_path], capture_output=True, text=True, check=True)
    assert f"controlsocket {folder}/here.sock\n" in printed.stdout


def test_without_a_pid_file_it_stands_in_the_services_folder(lab, client_kind, server_kind, folder):
    lab_relay = lab.server_class("relay")

    class InService(lab_relay):
        def environment(self):
            return {"RUNTIME_DIRECTORY": str(folder)}

    server = _when_open(InService(lab, config=["PidFile none"]), f"{folder}/relay.sock")
    assert _ask(folder / "relay.sock", command="status")[0]["process"] == server.program.pid


def test_a_dead_relays_file_makes_way(lab, client_kind, server_kind, folder):
    server = _server(lab, folder)
    server.kill()
    assert (folder / "control").exists()
    again = _server(lab, folder)
    assert _status(again)["process"] == again.program.pid


def test_a_living_relays_socket_is_never_taken(lab, client_kind, server_kind, folder):
    first = _server(lab, folder)
    second = _server(lab, folder)
    second.wait_for_log(lambda line: f"No control socket on {folder}/control" in line)
    # It serves all the same, and leaves the file alone at its end.
    lab.client(client_kind, second, remote=[f"{free_port()}:{lab.target}"])
    assert _status(second)["process"] == first.program.pid and _list(first) == []
    second.stop()
    assert _status(first)["process"] == first.program.pid
    first.stop()
    assert not (folder / "control").exists()


# Who may


def _as(user, groups, body):
    """The body's answer, asked as somebody else."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(groups)
            os.setgid(user)
            os.setuid(user)
            answer = body()
        except OSError as error:
            answer = error.strerror
        os.write(writer, str(answer).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_nobody_gets_in_but_the_relays_group(lab, client_kind, server_kind, folder):
    server = _server(lab, folder, "LogLevel DEBUG")
    path = folder / "control"

    def ask():
        return _ask(path, command="status")[0]["process"]

    assert _as(NOBODY, [], ask) == "Permission denied"
    assert _as(NOBODY, [os.getegid()], ask) == str(server.program.pid)
    # Who asks is what the system says.
    server.wait_for_log(lambda line: f"Control socket: status by user id {NOBODY}, process " in line)


def _rules(folder, pattern):
    return [
        "AllowStreamLocalForwarding yes",
        "StreamLocalBindUnlink yes",
        f"PermitStreamLocalOpen {pattern}",
        f"PermitStreamLocalListen {pattern}",
    ]


@pytest.mark.parametrize("pattern", ["any", "{folder}/*", "{folder}/contro?"])
def test_no_client_reaches_it_by_a_wildcard(lab, client_kind, server_kind, folder, pattern):
    server = _server(lab, folder, *_rules(folder, pattern.format(folder=folder)))
    port = free_port()
    client = lab.client(client_kind, server, local=[f"{port}:{folder}/control"])
    traffic.expect_refusal(traffic.connect(port, seconds=10))
    line = server.wait_for_log(lambda line: f"to connect to path {folder}/control, but the request was denied" in line)
    assert "the relay's control socket" in line
    listener = lab.client(client_kind, server, remote=[f"{folder}/control:{lab.target}"], wait=False)
    assert listener.wait() == 255
    assert client.program.running and _status(server)["process"] == server.program.pid


def test_a_rule_that_names_it_opens_it(lab, client_kind, server_kind, folder):
    server = _server(lab, folder, *_rules(folder, f"{folder}/* {folder}/control"))
    port = free_port()
    lab.client(client_kind, server, local=[f"{port}:{folder}/control"])
    with socket.create_connection((LOOPBACK, port)) as stream:
        stream.sendall(b'{"relay":1,"command":"status"}\n')
        assert json.loads(stream.makefile().readline())["process"] == server.program.pid
    # Nobody takes it away all the same.
    assert lab.client(client_kind, server, remote=[f"{folder}/control:{lab.target}"], wait=False).wait() == 255
    assert _status(server)["process"] == server.program.pid


# Whoever comes in


def test_hostile_bytes_end_that_client_alone(lab, client_kind, server_kind, folder):
    server = _server(lab, folder)
    client, port = lab.local_forward(client_kind, server)
    path = folder / "control"
    requests = [b"\n", b"\xff" * 200_000, b"{" * 60_000 + b"\n", b"GET / HTTP/1.1\r\n\r\n", b'{"relay":1,"command":"kick"}\n']
    for request in requests:
        for line in _exchange(path, request).splitlines():
            assert json.loads(line)["reply"] == "failed", request
    # A request that never ends, and somebody who asks and does not listen.
    silent = [socket.socket(socket.AF_UNIX) for _ in range(20)]
    for stream in silent:
        stream.connect(str(path))
    wait_until(lambda: _relay(server, "status").returncode == 0, 30, "an answer when their time is over")
    for stream in silent:
        stream.close()
    transfer(traffic.connect(port), MIB)
    assert client.program.running and len(_list(server)) == 1


def test_a_fleet_is_listed_at_once_and_one_of_it_ended(lab, client_kind, server_kind, folder):
    server = _server(lab, folder, "MaxStartups 100:30:1000")
    fleet = Fleet(lab, server, COUNT)
    fleet.wait_until_all_stand()
    times = {}

    def timed(*words):
        took = []
        for _ in range(5):
            began = time.monotonic()
            result = _relay(server, *words)
            took.append(time.monotonic() - began)
        times[" ".join(words)] = min(took)
        return result.stdout

    assert json.loads(timed("status", "--json"))["connections"] == COUNT
    connections = [json.loads(line) for line in timed("list", "--json").splitlines()]
    numbers = [connection["connection"] for connection in connections]
    assert len(numbers) == COUNT and numbers == sorted(numbers)
    assert len(timed("list").splitlines()) == COUNT
    assert timed("kick", "nobody-of-this-name") == "0 connections ended\n"
    port = connections[-1]["listeners"][0]["port"]
    assert _relay(server, "kick", port).stdout == "1 connection ended\n"
    # It comes back, as devices do; all the others have noticed nothing.
    fleet.wait_until_all_stand()
    after = {connection["connection"] for connection in _list(server)}
    assert len(after) == COUNT and set(numbers) - after == {connections[-1]["connection"]}
    print(f"{COUNT} connections: " + ", ".join(f"{words} {1000 * took:.0f} ms" for words, took in times.items()))
    # The program's own start is in it.
    if "release" in os.path.realpath(settings.RELAY):
        assert max(times.values()) < 0.1 + COUNT / 100_000
