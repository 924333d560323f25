"""sshd's command line: what scripts and units say to sshd, the relay understands."""

import re
import signal
import socket
import subprocess
import time

import pytest

from harness import settings
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, program

RELAY = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
OURS = pytest.mark.skipif(not settings.RELAY, reason="ours only")

# What is printed is compared for these: defaults differ on purpose.
COMPARED = {"port", "logingracetime", "addressfamily", "maxsessions", "hostkey", "usedns", "gatewayports"}

PRINTING = [
    ["-T", "-p2222"],
    ["-T", "-p", "2222", "-p2223"],
    ["-Tp2222"],
    ["-T", "-pssh"],
    ["-T", "-oPort=2222"],
    ["-T", "-oPort 2222", "-o", "MaxSessions=3"],
    ["-T", "-o", "MaxSessions 3", "-oMaxSessions=4"],
    ["-T", "-g7"],
    ["-T", "-g", "1m", "-oLoginGraceTime=9"],
    ["-T", "-4"],
    ["-T", "-6"],
    ["-64T"],
    ["-4", "-T", "-oAddressFamily=inet6"],
    ["-T", "-u0"],
    ["-T", "-u", "60"],
    ["-T", "-r"],
    ["-T", "-Q"],
    ["-T", "-b", "1024"],
    ["-T", "-k1"],
    ["-Tqe"],
    ["-TDe"],
    ["-T", "-e", "-D", "-q", "-q"],
    ["-T", "-Cuser=root,host=a,addr=192.0.2.1"],
    ["-T", "-C", "user=root,host=a,addr=192.0.2.1,rdomain=x", "-oGatewayPorts=yes"],
    ["-tp2222"],
    ["-t", "--"],
]
WRONG = [
    ["-T", "-z"],
    ["-T", "-p0"],
    ["-T", "-p", "65536"],
    ["-T", "-pnosuchservice"],
    ["-T", "-p"],
    ["-T", "extra"],
    ["-T", "--", "extra"],
    ["-T", "-u"],
    ["-t", "-Cuser=root"],
    ["-T", "-gx"],
    ["-T", "-oNoSuchKeyword=yes"],
    ["-T", "-f/no/such/file"],
]


@pytest.fixture
def configuration(lab, tmp_path):
    path = tmp_path / "config"
    path.write_text(f"HostKey {lab.keys.host.path}\nUsePAM no\nMatch rdomain x\nGatewayPorts clientspecified\n")
    return path


def _run(name, arguments, configuration):
    path = settings.RELAY if name == "relay" else program("sshd")
    file = [] if any(word.startswith("-f") for word in arguments) else [f"-f{configuration}"]
    return subprocess.run([path, *file, *arguments], capture_output=True, text=True, timeout=30, check=False)


def _printed(text):
    lines = (line.split(" ", 1) for line in text.splitlines() if " " in line)
    return sorted((key, value) for key, value in lines if key in COMPARED)


@OURS
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_words_that_sshd_takes_mean_the_same(configuration, arguments):
    ours, theirs = (_run(name, arguments, configuration) for name in ("relay", "sshd"))
    assert (ours.returncode, theirs.returncode) == (0, 0), ours.stderr + theirs.stderr
    if any("T" in word for word in arguments):
        # sshd has a default of its own for these two.
        unset = set() if any(word.startswith(("-g", "-oLogin")) for word in arguments) else {"logingracetime"}
        pairs = [[pair for pair in _printed(one.stdout) if pair[0] not in unset] for one in (ours, theirs)]
        assert pairs[0] == pairs[1]


@OURS
@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_words_that_sshd_refuses_are_refused_with_its_status(configuration, arguments):
    ours, theirs = (_run(name, arguments, configuration) for name in ("relay", "sshd"))
    assert ours.returncode != 0 and theirs.returncode != 0
    assert ours.stdout == "" and ours.stderr
    # A configuration that is wrong ends us with 255, whoever names it: the unit goes by that.
    if not arguments[-1].startswith(("-o", "-g", "-C")):
        assert ours.returncode == theirs.returncode, ours.stderr + theirs.stderr


@OURS
def test_dump_prints_what_test_mode_prints(configuration):
    assert _run("relay", ["-G"], configuration).stdout == _run("relay", ["-T"], configuration).stdout != ""
    # A file is not needed for it.
    result = _run("relay", ["-G", "-fnone", "-p2222"], configuration)
    assert result.returncode == 0 and "port 2222" in result.stdout.splitlines()


@OURS
def test_version_and_help_are_told(configuration):
    for word in ("-V", "--version"):
        result = subprocess.run([settings.RELAY, word], capture_output=True, text=True, timeout=30, check=False)
        assert result.returncode == 0 and result.stdout.startswith("relay "), result
    result = subprocess.run([settings.RELAY, "--help"], capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 0 and "USAGE" in result.stdout


@RELAY
def test_attached_values_and_joined_flags_start_the_relay(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    server.stop()
    port, log = free_port(), lab.directory / "sshd-%p.log"
    arguments = [*server.command(), f"-f{server.config_path}", f"-p{port}", f"-E{log}", "-oLogLevel=VERBOSE", "-4De"]
    running = lab.programs.start(arguments, "joined")
    wait_until(lambda: is_listening(port), 10, "the port of the command line")
    written = lab.directory / f"sshd-{running.pid}.log"
    assert f"Server listening on {LOOPBACK} port {port}." in written.read_text()


@RELAY
@pytest.mark.ours_only("sshd's own process for each connection has the style")
def test_style_behind_a_users_name_is_no_part_of_it(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    server.user = f"{server.user}:style"
    _, port = lab.local_forward(client_kind, server)
    assert is_listening(port)
    line = server.wait_for_log(lambda line: line.startswith("Accepted publickey"))
    assert ":style" not in line


@RELAY
def test_pid_file_is_there_again_after_hup(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    path = server.directory / "pid"
    wait_until(path.exists, 10, "the pid file")
    path.unlink()
    server.program.signal(signal.SIGHUP)
    wait_until(lambda: path.exists() and path.read_text().strip(), 10, "the pid file again")
    assert int(path.read_text()) == server.program.pid


@RELAY
@pytest.mark.parametrize("lines", [["RevokedKeys /dev/null"], ["TrustedUserCAKeys /dev/null"]])
def test_dev_null_is_an_empty_list(lab, client_kind, server_kind, lines):
    server = lab.server(server_kind, config=lines)
    assert lab.logs_in(client_kind, server)


@RELAY
@pytest.mark.parametrize("comment", ["é ü 漢字", "a\tb"])
def test_identification_with_other_letters_in_its_comment_is_taken(lab, client_kind, server_kind, comment):
    server = lab.server(server_kind)
    with socket.create_connection((LOOPBACK, server.port), timeout=10) as stream:
        stream.sendall(f"SSH-2.0-Ünix {comment}\r\n".encode())
        answer = b""
        deadline = time.monotonic() + 10
        # What follows the server's own line is its KEXINIT.
        while len(answer.partition(b"\n")[2]) < 100 and time.monotonic() < deadline:
            answer += stream.recv(1000)
        assert re.match(rb"SSH-2\.0-\S+", answer)
        stream.settimeout(0.5)
        with pytest.raises(TimeoutError):
            while stream.recv(4096):
                pass
