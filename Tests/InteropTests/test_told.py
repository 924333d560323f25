"""What the relay tells, in its log and to who asks it, is true and names what somebody has to know."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness import settings, traffic
from harness.network import free_port
from harness.settings import LOOPBACK, USER, program

OURS = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
pytestmark = pytest.mark.ours_only("about the relay's own words")


def _relay(*arguments):
    result = subprocess.run([settings.RELAY, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    return result.returncode, result.stdout + result.stderr


def _check(server, *lines):
    """`relay -t`, with further lines."""
    options = [word for line in lines for word in ("-o", line)]
    return _relay("-t", "-f", server.config_path, *options)


@OURS
def test_a_check_says_what_holds(lab, client_kind, server_kind, tmp_path):
    server = lab.server(server_kind)
    status, text = _check(server)
    assert status == 0 and "log accounts in by public keys" in text
    status, text = _check(server, "PubkeyAuthentication no")
    assert status == 0 and "log nobody in" in text and "log accounts in" not in text
    status, text = _check(server, f"RevokedKeys {tmp_path}/missing")
    assert status == 255 and f"RevokedKeys {tmp_path}/missing: it does not exist: nobody may log in" in text
    (tmp_path / "missing").touch()
    assert _check(server, f"RevokedKeys {tmp_path}/missing")[0] == 0
    status, text = _check(server, f"TrustedUserCAKeys {tmp_path}/authorities")
    assert status == 0 and f"{tmp_path}/authorities: it does not exist" in text
    assert "neither a file nor a Unix account" in text


@OURS
def test_signals_that_mean_nothing_end_nothing(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    client, port = lab.local_forward(client_kind, server)
    stream = traffic.open_verb(traffic.connect(port), b"POUR")
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE, signal.SIGIO):
        server.program.signal(number)
        time.sleep(0.1)
        assert server.program.running, number
    assert stream.receive_into(memoryview(bytearray(1000))) > 0
    client.stop()
    # As in sshd, it is a word for the end.
    server.program.signal(signal.SIGQUIT)
    assert server.program.wait(20) == 0
    assert "Received signal 3; terminating." in server.log()
    assert not (server.directory / "pid").exists()


@OURS
def test_the_port_of_a_listener_is_told_with_whose_it_is(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    client = lab.client(client_kind, server, remote=["0:localhost:1"])
    port = client.allocated_ports()[0]
    line = server.wait_for_log(lambda line: line.startswith("Listening for user"))
    assert f"user {USER} {lab.keys.user.fingerprint} from {LOOPBACK} port " in line
    assert line.endswith(f"on host localhost port {port}")


@OURS
def test_programs_read_the_port_of_a_listener_too(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["LogFormat json"])
    client = lab.client(client_kind, server, remote=["0:localhost:1"])
    found = json.loads(server.wait_for_log(lambda line: '"event":"listener"' in line))
    accepted = json.loads(server.wait_for_log(lambda line: "Accepted publickey" in line))
    assert found["port"] == client.allocated_ports()[0] and found["host"] == "localhost"
    assert found["account"] == USER and found["key"] == lab.keys.user.fingerprint and found["level"] == "info"
    assert found["connection"] == accepted["connection"]


@OURS
def test_no_two_connections_have_a_number_whenever_the_relay_was_started(lab, client_kind, server_kind):
    numbers = []
    for _ in range(3):
        server = lab.server(server_kind, config=["LogFormat json"])
        for _ in range(2):
            assert lab.logs_in(client_kind, server)
        lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
        numbers += [line["connection"] for line in lines if line["message"].startswith("Accepted")]
        server.stop()
    assert len(numbers) == 6 and sorted(set(numbers)) == numbers


def _shim(lab, name):
    path = lab.directory / f"{name}.so"
    source = Path(__file__).parent / "harness" / f"{name}.c"
    subprocess.run([program("gcc"), "-shared", "-fPIC", "-O1", "-o", path, source, "-ldl"], check=True)
    return path


@OURS
def test_a_name_server_that_is_away_is_not_an_unknown_name(lab, client_kind, server_kind):
    shim = _shim(lab, "away")

    class Server(lab.server_class(server_kind)):
        def environment(self):
            return {"LD_PRELOAD": str(shim), "AWAY_NAME": "away.example"}

    server = Server(lab)
    port, unknown = free_port(), free_port()
    lab.client(client_kind, server, local=[f"{port}:away.example:80", f"{unknown}:name.invalid:80"])
    traffic.expect_refusal(traffic.connect(port, seconds=20))
    line = server.wait_for_log(lambda line: "connect_to away.example" in line)
    assert "unknown host" not in line and "Temporary failure in name resolution" in line
ODD = {
    "UTF-16": (lambda line, folder: line.encode("utf-16"), 1, "UTF-16"),
    "BOM": (lambda line, folder: b"\xef\xbb\xbf" + line.encode(), 1, "byte order mark"),
    "wrapped": (lambda line, folder: f"# a comment\n{line[:50]}\n{line[50:]}".encode(), 2, "wrapped"),
    "RFC 4716": (None, 1, "RFC 4716"),
}


@OURS
@pytest.mark.parametrize("odd", ODD)
def test_what_is_wrong_with_a_file_of_keys_is_told(lab, client_kind, server_kind, odd):
    write, number, word = ODD[odd]
    public = lab.keys.user.path.with_suffix(".pub")
    if write:
        text = write(lab.keys.user.public + "\n", lab.directory)
    else:
        text = subprocess.run([program("ssh-keygen"), "-e", "-f", public], check=True, capture_output=True).stdout
    server = lab.server(server_kind, config=["LogLevel VERBOSE"])
    server.authorized_keys.write_bytes(text)
    assert not lab.logs_in(client_kind, server)
    place = f"{server.authorized_keys} line {number}: "
    server.wait_for_log(lambda line: place in line and word in line)
    for key in (public, lab.keys.user.fingerprint):
        status, said = _relay("explain", "-f", server.config_path, "--account", USER, "--key", key)
        assert status == 1 and place in said and word in said, said


@OURS
def test_a_certificate_logs_in_to_an_account_without_a_file(lab, client_kind, server_kind):
    """It is said in relay_config.md and by -t, as sshd has no such accounts."""
    authority = lab.keys.named("authority")
    certificate = authority.certify(lab.keys.named("device"), "certified-device", "-I", "x", "-n", "device-17")
    server = lab.server(server_kind, config=[f"TrustedUserCAKeys {authority.path.with_suffix('.pub')}"])
    server.user = "device-17"
    assert lab.logs_in(client_kind, server, certificate)
    server.user = "device-18"
    assert not lab.logs_in(client_kind, server, certificate)
