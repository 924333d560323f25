"""What a script or a person sees of swssh is what they see of ssh: both are put to the same, and the outcomes compared."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from harness import settings, traffic
from harness.lab import transfer
from harness.network import free_port, is_listening, wait_until
from harness.neighbourhood import Neighbourhood
from harness.settings import LOOPBACK, MIB, program

pytestmark = pytest.mark.skipif(not settings.SWSSH, reason="a comparison of swssh with ssh")

KINDS = ("ssh", "swssh")
# How much later than ssh swssh may end: it starts more slowly, and the machine is busy.
GRACE = 0.75
TRIES = 3


class Ended:
    """One run to its end."""

    def __init__(self, process, began):
        self.status = process.returncode
        self.seconds = time.monotonic() - began
        self.output, self.said = process.stdout_bytes, process.stderr_bytes
        # Lines of ssh's log end with a carriage return, too.
        self.lines = self.said.decode(errors="replace").replace("\r\n", "\n").splitlines()


class Bench:
    """A client of each kind for the same server, with the same files."""

    def __init__(self, lab, server=None, key=None, environment=None):
        self.lab = lab
        self.key = key or lab.keys.user
        self.directory = lab.new_directory("bench")
        self.known_hosts = self.directory / "known_hosts"
        self.known_hosts.write_text(server.known_hosts if server else "")
        self.port = server.port if server else 22
        self.environment = {**os.environ, "HOME": str(self.directory), "SSH_AUTH_SOCK": "", **(environment or {})}

    def arguments(self, kind, words, port=None):
        return [
            settings.SWSSH if kind == "swssh" else program("ssh"),
            *(["-F", "none"] if "-F" not in words else []),
            *("-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "GlobalKnownHostsFile=/dev/null"),
            *("-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes"),
            *("-i", str(self.key.path), "-p", str(port or self.port), *words),
        ]

    def start(self, kind, words, port=None, **options):
        arguments = [str(word) for word in self.arguments(kind, words, port)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            arguments, stdin=pipe, stdout=pipe, stderr=pipe, env=self.environment, bufsize=0, **options
        )
        process.stdout_bytes = process.stderr_bytes = b""

        def read(name):
            stream = getattr(process, name)
            while piece := stream.read(65536):
                setattr(process, name + "_bytes", getattr(process, name + "_bytes") + piece)

        process.readers = [threading.Thread(target=read, args=(name,), daemon=True) for name in ("stdout", "stderr")]
        for reader in process.readers:
            reader.start()
        return process

    def finish(self, process, began, seconds=15):
        """Waits for the end by itself; one that does not come has no status."""
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            process.returncode = None
        for reader in process.readers:
            reader.join(5)
        process.stdin.close()
        ended = Ended(process, began)
        process.stdout.close()
        process.stderr.close()
        return ended

    def run(self, kind, words, port=None, send=None, keeps_open=False):
        began = time.monotonic()
        process = self.start(kind, words, port)
        with contextlib.suppress(BrokenPipeError):
            if send:
                process.stdin.write(send)
        if not keeps_open:
            process.stdin.close()
        return self.finish(process, began)

    def both(self, words, **options):
        return [self.run(kind, words, **options) for kind in KINDS]


@contextlib.contextmanager
def listener(serve):
    """Gives each connection to a function, in a thread."""
    server = socket.create_server((LOOPBACK, 0))
    held = []

    def accept():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                held.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        for one in (server, *held):
            one.close()


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.close()


def hello(connection):
    connection.sendall(b"hello\n")
    connection.close()


def silence(connection):
    pass


# MARK: Signals

SIGNALS = ["HUP", "INT", "TERM", "QUIT", "USR1", "USR2", "ALRM", "PIPE"]


def _after(bench, kind, words, name, ready, port=None):
    """Status and seconds after a signal; none for a program that goes on."""
    process = bench.start(kind, words, port)
    ready(process)
    began = time.monotonic()
    process.send_signal(getattr(signal, "SIG" + name))
    ended = bench.finish(process, began, seconds=2)
    return ended.status, ended.seconds


def _compare_signal(bench, words, name, ready, port=None):
    expected, _ = _after(bench, "ssh", words, name, ready, port)
    # A busy machine makes everybody late now and then; a program that is always late is late.
    for _ in range(TRIES):
        status, seconds = _after(bench, "swssh", words, name, ready, port)
        assert status == expected
        if status is None or seconds < GRACE:
            return
    raise AssertionError(f"it took {seconds:.2f} s")


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("flags", [["-N"], []], ids=["-N", "without -N"])
def test_signals_end_a_forward_as_they_end_sshs(lab, flags, name):
    # Without -N ssh has a shell, which a relay does not give.
    bench = Bench(lab, lab.server("relay" if flags else "sshd"))
    port = free_port()
    words = [*flags, "-L", f"{port}:{lab.target}", LOOPBACK]
    _compare_signal(bench, words, name, lambda process: wait_until(lambda: is_listening(port), 20, "the forward"))


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("flags", [[], ["-N"]], ids=["-W", "-N -W"])
def test_signals_end_standard_streams_as_they_end_sshs(lab, flags, name):
    with listener(lambda connection: connection.sendall(b"hello\n")) as target:
        bench = Bench(lab, lab.server("relay"))
        words = [*flags, "-W", f"{LOOPBACK}:{target}", LOOPBACK]
        ready = lambda process: wait_until(lambda: process.stdout_bytes == b"hello\n", 20, "the target's words")  # noqa: E731
        _compare_signal(bench, words, name, ready)


@pytest.mark.parametrize("name", ["HUP", "INT", "TERM", "QUIT"])
def test_signals_end_a_client_that_waits_for_a_server_as_they_end_ssh(lab, name):
    came = threading.Event()
    with listener(lambda connection: came.set()) as port:

        def ready(process):
            assert came.wait(20)
            came.clear()
            time.sleep(0.2)

        _compare_signal(Bench(lab), ["-N", LOOPBACK], name, ready, port)


@pytest.mark.parametrize("kind", KINDS)
def test_process_in_the_background_is_called_what_it_was_called(lab, kind):
    laptop = Neighbourhood(lab).machine("laptop", kind)
    server = lab.server("relay", authorized_keys=laptop.key().public + "\n")
    laptop.knows(server, LOOPBACK)
    port = free_port()
    left = laptop.start_in_background(f"ssh -f -N -L {port}:{lab.target} -p {server.port} {server.address}")
    wait_until(lambda: is_listening(port), 5, "the forward")
    (pid,) = [pid for pid in left.find() if pid != server.program.pid]
    with open(f"/proc/{pid}/comm") as comm, open(f"/proc/{pid}/cmdline", "rb") as words:
        assert comm.read() == "ssh\n"
        assert words.read().split(b"\0")[:3] == [b"ssh", b"-f", b"-N"]
    left.stop()


# MARK: Ends


def _compare_end(bench, words, lines=True, **options):
    for _ in range(TRIES):
        theirs, ours = bench.both(words, **options)
        assert ours.status == theirs.status, ours.lines
        assert ours.output == theirs.output
        if lines:
            assert ours.lines == theirs.lines
        if ours.seconds < theirs.seconds + GRACE:
            return theirs, ours
    raise AssertionError(f"{ours.seconds:.2f} s instead of {theirs.seconds:.2f}")


def test_standard_streams_end_with_their_input(lab):
    with listener(echo) as target:
        bench = Bench(lab, lab.server("sshd"))
        _, ours = _compare_end(bench, ["-W", f"{LOOPBACK}:{target}", LOOPBACK], send=b"abc" * 100_000)
        assert ours.status == 0 and ours.output == b"abc" * 100_000


@pytest.mark.parametrize("server_kind", ["sshd", "relay"])
def test_standard_streams_end_with_their_target(lab, server_kind):
    with listener(hello) as target:
        bench = Bench(lab, lab.server(server_kind))
        _, ours = _compare_end(bench, ["-W", f"{LOOPBACK}:{target}", LOOPBACK], keeps_open=True)
        assert ours.status == 0 and ours.output == b"hello\n"


def test_refused_target_ends_standard_streams(lab):
    bench = Bench(lab, lab.server("sshd"))
    _compare_end(bench, ["-W", f"{LOOPBACK}:{free_port()}", LOOPBACK], lines=False, keeps_open=True)


def test_silent_server_is_said_to_be_silent(lab):
    with listener(silence) as port:
        _, ours = _compare_end(Bench(lab), ["-N", "-o", "ConnectTimeout=2", LOOPBACK], port=port)
        assert ours.lines[0] == "Connection timed out during banner exchange"


def test_server_that_hangs_up_is_said_to(lab):
    def hang_up(connection):
        # Read first: who closes a socket with unread bytes resets it.
        connection.recv(1000)
        connection.shutdown(socket.SHUT_RDWR)

    with listener(hang_up) as port:
        _compare_end(Bench(lab), ["-N", LOOPBACK], port=port)


def test_server_that_is_gone_is_said_to_be(lab):
    bench = Bench(lab, lab.server("sshd"))
    results = []
    for kind in KINDS:
        server = lab.server("sshd")
        bench.known_hosts.write_text(server.known_hosts)
        port = free_port()
        process = bench.start(kind, ["-N", "-L", f"{port}:{lab.target}", LOOPBACK], server.port)
        wait_until(lambda port=port: is_listening(port), 20, "the forward")
        began = time.monotonic()
        server.kill()
        results.append(bench.finish(process, began))
    theirs, ours = results
    assert (ours.status, ours.lines) == (theirs.status, theirs.lines)
    assert ours.seconds < GRACE


def test_stopped_server_holds_nobody_up(lab):
    server = lab.server("sshd")
    bench = Bench(lab, server)
    port = free_port()
    process = bench.start("swssh", ["-N", "-L", f"{port}:{lab.target}", LOOPBACK])
    wait_until(lambda: is_listening(port), 20, "the forward")
    server.pause()
    began = time.monotonic()
    process.terminate()
    ended = bench.finish(process, began)
    assert ended.status == 0 and ended.seconds < GRACE


@pytest.mark.parametrize("command", ["false", "/nonexistent %h", "exit 3"])
def test_proxy_command_that_fails_ends_the_client(lab, command):
    _, ours = _compare_end(Bench(lab), ["-N", "-o", f"ProxyCommand={command}", LOOPBACK], lines=False)
    assert ours.status == 255


# MARK: Why a login was refused


def _refused(lab, words=(), files=None, key="stranger", server=None, environment=None):
    server = server or lab.server("sshd")
    bench = Bench(lab, server, key=lab.keys.named(key), environment=environment)
    for name, make in (files or {}).items():
        make(bench.directory / name)
    theirs, ours = bench.both([*(word.format(home=bench.directory) for word in words), "-N", LOOPBACK])
    assert theirs.status == ours.status == 255
    first = next(number for number, line in enumerate(ours.lines) if "Permission denied" in line)
    assert ours.lines[first] == theirs.lines[-1], "ssh's own line comes first"
    explanation = ours.lines[first + 1 :]
    assert 1 <= len(explanation) <= 2, explanation
    return bench, "\n".join(explanation)


def _keygen(*words):
    def make(path):
        subprocess.run([program("ssh-keygen"), "-q", "-f", path, *words], check=True, timeout=60)

    return make


def test_refused_identity_is_named(lab):
    bench, said = _refused(lab)
    assert re.search(rf"offered and refused.*{re.escape(str(bench.key.path))}.*ED25519 SHA256:", said)
    assert "no agent" in said


def test_identity_with_a_passphrase_is_named(lab):
    _, said = _refused(lab, ["-i", "{home}/locked"], {"locked": _keygen("-t", "ed25519", "-N", "secret")})
    assert re.search(r"not offered: .*/locked .*passphrase", said)


def test_identity_that_others_can_read_is_named(lab):
    def make(path):
        _keygen("-t", "ed25519", "-N", "")(path)
        path.chmod(0o644)

    _, said = _refused(lab, ["-i", "{home}/open"], {"open": make})
    assert re.search(r"not offered: .*/open .*permissions 0644", said)


def test_missing_identity_is_named(lab):
    _, said = _refused(lab, ["-o", "IdentityFile={home}/missing"])
    assert re.search(r"not offered: .*/missing .*no such file", said)


def test_agent_that_is_not_asked_is_named(lab):
    _, said = _refused(lab, environment={"SSH_AUTH_SOCK": "/run/agent"})
    assert "/run/agent (agents are not supported yet)" in said


def test_identity_that_the_configuration_leaves_out_is_named(lab):
    bench, said = _refused(lab, ["-o", "PubkeyAcceptedAlgorithms=ecdsa-sha2-nistp256"])
    assert re.search(r"no identity was offered: .*PubkeyAcceptedAlgorithms leaves out ssh-ed25519", said)


def test_login_without_keys_says_so(lab):
    for words in ["PubkeyAuthentication=no", "PreferredAuthentications=password"]:
        _, said = _refused(lab, ["-o", words])
        assert "no identity was offered" in said and "PreferredAuthentications" in said


def test_server_that_wants_more_is_named(lab):
    config = ["AuthenticationMethods publickey,password", "PasswordAuthentication yes"]
    _, said = _refused(lab, key="user", server=lab.server("sshd", config=config))
    assert "accepted, but the server wants more" in said


def test_too_many_tries_name_what_was_tried(lab):
    server = lab.server("sshd", config=["MaxAuthTries 2"])
    bench = Bench(lab, server, key=lab.keys.named("stranger"))
    others = [word for name in ("other", "third") for word in ("-i", str(lab.keys.named(name).path))]
    theirs, ours = bench.both([*others, "-N", LOOPBACK])
    assert ours.status == theirs.status == 255
    assert ours.lines[:2] == theirs.lines
    assert "offered and refused" in ours.lines[2]


# MARK: Banners

BANNERS = {
    "lines": b"one\ntwo\n",
    "carriage returns": b"one\r\ntwo\rthree\r\n",
    "tabs and bells": b"a\tb\x07c\x1b[31mred\n",
    "no end": b"no end!",
    "not ASCII": "gr\u00fc\u00df dich \u4f60\u597d\n".encode() + b"\xff\xfe broken \xc3\n",
    "60,000 bytes": b"0123456789" * 6_000 + b"\r\n",
    "200,000 bytes": (b"x" * 79 + b"\n") * 2_500,
}


BANNER_CASES = [
    *((name, [], "C.UTF-8") for name in BANNERS),
    ("not ASCII", [], "C"),
    *(("carriage returns", words, "C.UTF-8") for words in (["-q"], ["-o", "LogLevel=ERROR"], ["-E", "{log}"], ["-v"])),
]


@pytest.mark.parametrize("name, words, locale", BANNER_CASES, ids=lambda value: "".join(value) or "plain")
def test_banner_arrives_byte_by_byte(lab, name, words, locale):
    banner = BANNERS[name]
    file = lab.directory / "banner"
    file.write_bytes(banner)
    server = lab.server("sshd", config=[f"Banner {file}"])
    bench = Bench(lab, server, key=lab.keys.named("stranger"), environment={"LC_ALL": locale})
    log = lab.directory / "log"
    seen = []
    for kind in KINDS:
        log.write_text("")
        ended = bench.run(kind, [*(word.format(log=log) for word in words), "-N", LOOPBACK])
        # What is said beside the banner are lines of the log.
        rest = re.sub(rb"debug\d: [^\n]*\n|\w+@[^\n]*Permission denied[^\n]*\n|swssh: [^\n]*\n", b"", ended.said)
        rest = re.sub(rb"OpenSSH_[^\n]*\n|Authenticat[^\n]*\n", b"", rest)
        seen.append((rest, banner[:20] in log.read_bytes()))
    assert seen[1] == seen[0]
    assert seen[0][0] or "-q" in words or "LogLevel=ERROR" in words


# MARK: known_hosts


def _known(lab, text):
    server = lab.server("sshd")
    bench = Bench(lab, server)
    host = f"[{LOOPBACK}]:{server.port}"
    bench.known_hosts.write_text(text(host, server.host_key.public, server.known_hosts))
    with listener(hello) as target:
        theirs, ours = bench.both(["-W", f"{LOOPBACK}:{target}", LOOPBACK])
    assert ours.status == theirs.status, ours.lines
    return ours


LONG = ",".join(f"host{number}.example.com" for number in range(6_000))
DSS = (
    "ssh-dss AAAAB3NzaC1kc3MAAACBAPYm/H9SrlFnTd/mzp7LdaC4bXbbUOsEN05bUdUPiHnHPD8a8kYTZ9hB7Ssu6gv0+ZbDSqIhKOKt2L2y5C"
    "vJAAAAFQC7" + "A" * 40
)


@pytest.mark.parametrize("length", [70_000, 100_000, 1_000_000])
def test_revoked_key_counts_on_a_line_of_any_length(lab, length):
    ours = _known(lab, lambda host, key, line: f"{line}@revoked {host} {key} {'x' * length}\n")
    assert ours.status == 255 and any("revoked" in said for said in ours.lines)


def test_revoked_key_counts_behind_a_long_list_of_hosts(lab):
    assert _known(lab, lambda host, key, line: f"{line}@revoked {LONG},{host} {key}\n").status == 255


def test_host_is_known_on_a_line_of_any_length(lab):
    assert _known(lab, lambda host, key, line: f"{LONG},{host} {key} {'c' * 100_000}\n").status == 0


@pytest.mark.parametrize("other", ["ssh-dss AAAAB3NzaC1kc3MAAAA=", "ssh-xmss@openssh.com AAAA", "ssh-foo AAAA", DSS])
@pytest.mark.parametrize("marker", ["", "@revoked ", "@cert-authority "])
def test_keys_of_other_types_break_no_others(lab, other, marker):
    assert _known(lab, lambda host, key, line: f"{marker}{host} {other}\n{line}").status == 0


# MARK: Configuration

# Defaults that differ on purpose, algorithms, and what Debian adds to ssh.
NOT_COMPARED = {
    "ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "hostbasedacceptedalgorithms", "casignaturealgorithms",
    "pubkeyacceptedalgorithms", "serveraliveinterval", "requiredrsasize", "identityfile",
}  # fmt: skip
LINES = [
    "", "IPQoS 0x10", "IPQoS none", "IPQoS af21 cs1", "IPQoS 255", "IPQoS ef", "IPQoS 5x", "EscapeChar ^a",
    "EscapeChar none", "EscapeChar ' '", "EscapeChar ab", "ForwardAgent yes", "AddKeysToAgent confirm 5m",
    "AddKeysToAgent 5m", "AddKeysToAgent confirm", "AddKeysToAgent x", "AddKeysToAgent ask", "ControlPersist 0",
    "ControlPersist 5m", "ControlPersist no", "ControlPersist x", "TunnelDevice 3", "TunnelDevice any:2",
    "TunnelDevice x", "CanonicalizePermittedCNAMEs none", "SendEnv A B\nSendEnv -A C", "SendEnv a=b", "SetEnv x",
    "SetEnv A=b C=d\nSetEnv E=f", "FingerprintHash md5", "FingerprintHash x", "SyslogFacility local3",
    "SyslogFacility x", "RemoteCommand none", "LocalCommand x %h y", "LocalCommand none", "KnownHostsCommand none",
    "ControlPath ~/x-%C", "ControlPath none", "IdentityAgent ~/a-%h", "IdentityAgent SSH_AUTH_SOCK",
    "IdentityAgent $X", "IdentityAgent none", "Tunnel yes", "Tunnel ethernet", "Tunnel no", "Tunnel x",
    "LogVerbose none", "CanonicalDomains a.b c.d", "CanonicalDomains none", "PKCS11Provider /x",
    "PKCS11Provider none", "SmartcardDevice /x", "SecurityKeyProvider /x", "SecurityKeyProvider none",
    "PreferredAuthentications publickey,password", "KbdInteractiveDevices x,y", "XAuthLocation /x",
    "RevokedHostKeys /x", "VerifyHostKeyDNS ask", "VerifyHostKeyDNS yes", "VerifyHostKeyDNS x",
    "ControlMaster autoask", "ControlMaster yes", "ControlMaster x", "ForwardX11Timeout 1h",
    "ForwardX11Timeout none", "ForwardX11 yes\nForwardX11Trusted no", "IgnoreUnknown a,b", "CertificateFile ~/x",
    "BindInterface lo", "PermitLocalCommand yes", "Compression yes", "Compression maybe",
    "PubkeyAuthentication unbound", "PubkeyAuthentication host-bound", "PubkeyAuthentication no",
    "ProxyJump [::1]:22", "ProxyJump 127.0.0.1", "ProxyJump a.b,u@c:7", "NumberOfPasswordPrompts -1",
    "NumberOfPasswordPrompts 7", "UserKnownHostsFile none", "GSSAPIAuthentication yes\nGSSAPIKeyExchange yes",
    "GSSAPIDelegateCredentials yes\nGSSAPITrustDns yes", "KbdInteractiveAuthentication no",
    "ChallengeResponseAuthentication no", "SkeyAuthentication no", "PasswordAuthentication no", "VisualHostKey yes",
    "HostbasedAuthentication yes", "EnableSSHKeysign yes", "EnableEscapeCommandline yes", "CheckHostIP yes",
    "CanonicalizeMaxDots 4", "CanonicalizeFallbackLocal no", "NoHostAuthenticationForLocalhost yes",
    "ProxyUseFdpass yes", "UpdateHostKeys ask", "RequestTTY force", "SessionType none", "LogLevel debug3",
    "StreamLocalBindMask 0", "RekeyLimit 1G 1h", "PermitRemoteOpen a:1 *:2", "GlobalKnownHostsFile /a /b",
    "Compression no\nCompression yes", "Host other\nForwardX11 yes\nHost *\nVisualHostKey yes",
    "CompressionLevel 6\nCipher x\nProtocol 2", "HostKeyAlias Alias\nBindAddress ::1",
]  # fmt: skip


@pytest.mark.parametrize("text", LINES, ids=[line.replace("\n", "; ") or "nothing" for line in LINES])
def test_printed_configuration_is_sshs(lab, text):
    bench = Bench(lab)
    file = lab.directory / "config"
    file.write_text(text + "\n")
    printed = []
    for kind in KINDS:
        command = [settings.SWSSH if kind == "swssh" else program("ssh"), "-G", "-F", file, "host"]
        result = subprocess.run(command, env=bench.environment, capture_output=True, text=True, timeout=20, check=False)
        lines = [line for line in result.stdout.splitlines() if line.split()[0] not in NOT_COMPARED]
        printed.append((result.returncode, lines))
    assert printed[1] == printed[0]


def test_queries_are_sshs(lab):
    def ask(kind, query):
        command = [settings.SWSSH if kind == "swssh" else program("ssh"), "-Q", query]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    kinds = ask("ssh", "help").stdout.split()
    assert ask("swssh", "help").stdout.split() == kinds
    for query in [*kinds, "Ciphers", "ciphers", "MACs", "KexAlgorithms", "HostKeyAlgorithms", "PubkeyAcceptedAlgorithms"]:
        theirs, ours = ask("ssh", query), ask("swssh", query)
        assert ours.returncode == theirs.returncode == 0, query
        # What ssh got after 9.2.
        later = {"mlkem768x25519-sha256"}
        assert set(ours.stdout.split()) - later <= set(theirs.stdout.split()), query
        assert ours.stdout or query == "kex-gss", query
    for query in ["bogus", "", "CIPHER", "Key", "ciphers,macs"]:
        theirs, ours = ask("ssh", query), ask("swssh", query)
        assert (ours.returncode, ours.stderr.strip()) == (theirs.returncode, theirs.stderr.strip())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["{jump}", '"{jump}"', "'{jump}'", "{jump} # a comment", '"{user}@{host}":{port}'])
def test_jump_hosts_may_be_quoted(lab, kind, form):
    laptop = Neighbourhood(lab).machine("laptop", kind)
    server = lab.server("sshd", authorized_keys=laptop.key().public + "\n")
    jump = lab.server("relay", authorized_keys=laptop.key().public + "\n")
    laptop.knows(server, LOOPBACK)
    laptop.knows(jump, LOOPBACK)
    words = {"jump": f"{jump.address}:{jump.port}", "user": jump.user, "host": LOOPBACK, "port": jump.port}
    laptop.configure(f"Host h\nHostName {LOOPBACK}\nUser {server.user}\nPort {server.port}\nProxyJump {form.format(**words)}\n")
    if kind == "ssh" and form[0] in "\"'":
        pytest.skip("the version of ssh that is installed takes the quotes for a part of the names")
    port = free_port()
    laptop.start(f"ssh -N -L {port}:{lab.target} h")
    wait_until(lambda: is_listening(port), 20, "the forward")
    transfer(traffic.connect(port), MIB)


MISSED = [
    "VerifyHostKeyDNS yes", "ForwardX11 yes", "ForwardAgent yes", "GSSAPIAuthentication yes", "SendEnv LANG",
    "SetEnv A=b", "ControlMaster auto", "Compression yes", "VisualHostKey yes", "IPQoS cs1", "CheckHostIP yes",
    "HostbasedAuthentication yes", "PKCS11Provider /x", "AddKeysToAgent yes", "FingerprintHash md5",
]  # fmt: skip


@pytest.mark.parametrize("text", MISSED)
def test_ignored_keyword_is_named_once(lab, text):
    bench = Bench(lab)
    file = lab.directory / "config"
    # The second line does not count, and what a keyword is by default changes nothing.
    file.write_text(f"{text}\nVisualHostKey no\nTunnel no\n{text}\n")
    ended = bench.run("swssh", ["-F", str(file), "-N", LOOPBACK], port=free_port())
    said = "\n".join(ended.lines)
    assert said.count(text.split()[0]) == 1 and f"{file} line 1" in said, said
    assert "VisualHostKey (" not in said or text.startswith("VisualHostKey")
    assert not bench.run("swssh", ["-q", "-F", str(file), "-N", LOOPBACK], port=free_port()).lines


def test_system_files_choices_are_not_held_against_the_user(lab):
    ended = Bench(lab).run("swssh", ["-F", "none", "-o", "SendEnv=LANG", "-N", LOOPBACK], port=free_port())
    assert any("SendEnv (on the command line)" in line for line in ended.lines)


def test_user_and_include_take_tokens(lab):
    bench = Bench(lab, environment={"WHERE": "sub"})
    (bench.directory / ".ssh").mkdir(mode=0o700)
    (bench.directory / ".ssh" / "for-host").write_text("Port 4242\n")
    (bench.directory / ".ssh" / "sub").mkdir()
    (bench.directory / ".ssh" / "sub" / "x").write_text("ConnectTimeout 7\n")
    file = bench.directory / "config"
    file.write_text(f"User u-%n-${{WHERE}}\nInclude {bench.directory}/.ssh/for-%h\nInclude {bench.directory}/.ssh/${{WHERE}}/x\n")
    command = [settings.SWSSH, "-G", "-F", file, "host"]
    result = subprocess.run(command, env=bench.environment, capture_output=True, text=True, timeout=20, check=False)
    assert {"user u-host-sub", "port 4242", "connecttimeout 7"} <= set(result.stdout.splitlines()), result.stderr
    result = subprocess.run([*command[:-1], "-l", "%n", "host"], env=bench.environment, capture_output=True, text=True, timeout=20)
    assert "user %n" in result.stdout.splitlines()


@pytest.mark.parametrize("token", ["%r", "%C", "%x"])
def test_user_takes_no_token_that_it_is_part_of(lab, token):
    command = [settings.SWSSH, "-G", "-F", "none", "-o", f"User={token}", "host"]
    assert subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 255
