"""AuthorizedKeysCommand and AuthorizedPrincipalsCommand: what they say, how they fail, and for how long it holds."""

import datetime
import os
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from harness import settings, traffic
from harness.comparison import readable_folder
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, USER

BOTH = pytest.mark.pairs(clients=["ssh"], servers=["relay", "sshd"], compare=True)
OURS = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
# Only root can run a command as another.
RUNNER = "nobody" if os.getuid() == 0 else USER
HOME = str(Path(f"~{USER}").expanduser())
LIMIT_SECONDS = 10


class Scripts:
    """What /bin/sh runs as a command: sshd wants a program that root alone can change."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def keys(self, arguments=""):
        """The lines that make the script `keys` the command."""
        command = f"AuthorizedKeysCommand /bin/sh {self.folder}/keys {arguments}".strip()
        return [command, f"AuthorizedKeysCommandUser {RUNNER}"]

    def names(self, arguments=""):
        command = f"AuthorizedPrincipalsCommand /bin/sh {self.folder}/names {arguments}".strip()
        return [command, f"AuthorizedPrincipalsCommandUser {RUNNER}"]


@pytest.fixture
def scripts():
    with readable_folder() as folder:
        yield Scripts(folder)


@pytest.fixture
def authority(lab):
    return lab.keys.named("authority")


def _server(lab, kind, config, **options):
    """One whose files name nobody."""
    return lab.server(kind, config=config, authorized_keys="# nobody\n", **options)


def _certificate(lab, authority, *arguments, names=USER, identity="device-1"):
    key = lab.keys.named("certified")
    return authority.certify(key, f"certificate-{uuid.uuid4()}", "-I", identity, "-n", names, *arguments)


# What the script of a keys command says of the key KEY, and whether that lets in. Its arguments are tokens.
KEYS = [
    ("echo 'KEY'", True),
    ("echo '# a comment'; echo; echo 'KEY of somebody'", True),
    ("echo 'nonsense'; echo 'no-such-option KEY'; echo 'restrict KEY'", True),
    ("echo 'KEY' >&2", False),
    ("true", False),
    ("echo 'OTHER'", False),
    ("echo 'OTHER'; echo 'KEY'; yes '# no key' | head -c 200000", True),
    ("printf %s 'KEY'", True),
    ("echo 'from=\"192.0.2.0/24\" KEY'", False),
    ("echo 'expiry-time=\"20200101Z\" KEY'", False),
    ("echo 'cert-authority KEY'", False),
    ("echo 'KEY'; exit 3", False),
    ("echo 'KEY'; kill -KILL $$", False),
    ("echo 'KEY'; exec >&-; exit 0", True),
    ("exec 2>&-; echo 'KEY'", True),
    ("cat; echo 'KEY'", True),
    ("exec /no/such/program", False),
    # Who runs it, where, and with what.
    (f"test \"$(id -un)\" = {RUNNER} && test \"$LOGNAME $USER\" = '{RUNNER} {RUNNER}' && echo 'KEY'", True),
    ("test \"$(pwd)\" = / && test -z \"$SSH_AUTH_SOCK$EDITOR$VIRTUAL_ENV\" && echo 'KEY'", True),
    # The tokens.
    (f"test \"$1,$2,$3\" = '{USER},{os.getuid()},{HOME}' && echo \"$4 $5\"", True),
    ("test \"$6,$7,$8\" = 'FINGERPRINT,a %b,' && echo 'KEY'", True),
]


@BOTH
def test_keys_that_a_command_names(lab, scripts, client_kind, server_kind):
    arguments = "%u %U %h %t %k %f 'a %%b' \"\""
    server = _server(lab, server_kind, scripts.keys(arguments))
    other = lab.keys.named("other")
    words = {"KEY": lab.keys.user.public, "OTHER": other.public, "FINGERPRINT": lab.keys.user.fingerprint}
    answers = []
    for text, _ in KEYS:
        script = text
        for word, value in words.items():
            script = script.replace(word, value)
        scripts.write("keys", script + "\n")
        answers.append((text, lab.logs_in(client_kind, server)))
    assert answers == KEYS


@BOTH
def test_command_is_asked_when_the_files_have_not_the_key(lab, scripts, client_kind, server_kind):
    scripts.write("keys", f"echo '{lab.keys.user.public}'\n")
    server = _server(lab, server_kind, [*scripts.keys(), "LogLevel VERBOSE"])
    assert lab.logs_in(client_kind, server)
    place = f"found at /bin/sh {scripts.folder}/keys:1"
    assert place in server.log()
    server.authorized_keys.write_text(lab.keys.user.public + "\n")
    count = server.log().count(place)
    assert lab.logs_in(client_kind, server)
    assert server.log().count(place) == count
    assert f"found at {server.authorized_keys}:1" in server.log()


# The lines of the configuration, with the folder of the script for {}, and a line of the log.
UNFIT = [
    (["AuthorizedKeysCommand {}/program", f"AuthorizedKeysCommandUser {RUNNER}"], "Unsafe AuthorizedKeysCommand"),
    (["AuthorizedKeysCommand /usr", f"AuthorizedKeysCommandUser {RUNNER}"], "/usr is not a regular file"),
    (["AuthorizedKeysCommand {}/none", f"AuthorizedKeysCommandUser {RUNNER}"], "Could not stat AuthorizedKeysCommand"),
]
BY_ROOT = [
    (
        ["AuthorizedKeysCommand /bin/sh {}/keys", "AuthorizedKeysCommandUser no-such-user"],
        'AuthorizedKeysCommandUser "no-such-user" not found',
    )
]


@BOTH
def test_command_that_must_not_run_does_not(lab, scripts, client_kind, server_kind):
    scripts.write("keys", f"echo '{lab.keys.user.public}'\n")
    scripts.write("program", f"#!/bin/sh\necho '{lab.keys.user.public}'\n").chmod(0o777)
    for lines, reason in UNFIT + (BY_ROOT if os.getuid() == 0 else []):
        server = _server(lab, server_kind, [line.replace("{}", str(scripts.folder)) for line in lines])
        assert not lab.logs_in(client_kind, server), lines
        server.wait_for_log(lambda line, reason=reason: reason in line)
        server.stop()


@BOTH
@pytest.mark.skipif(os.getuid() != 0, reason="only root can own a command that sshd runs")
def test_modes_and_owners_of_a_command(lab, client_kind, server_kind):
    folder = Path("/usr/local/lib") / f"relay-test-{uuid.uuid4()}"
    folder.mkdir(mode=0o755)
    try:
        program = folder / "keys"
        program.write_text(f"#!/bin/sh\necho '{lab.keys.user.public}'\n")
        server = _server(
            lab, server_kind, [f"AuthorizedKeysCommand {program} %u", f"AuthorizedKeysCommandUser {RUNNER}"]
        )
        answers = []
        rows = [(0o755, 0, 0o755, True), (0o757, 0, 0o755, False), (0o755, 65534, 0o755, False)]
        rows += [(0o755, 0, 0o777, False), (0o644, 0, 0o755, False), (0o755, 0, 0o755, True)]
        for mode, owner, folder_mode, _ in rows:
            program.chmod(mode)
            os.chown(program, owner, 0)
            folder.chmod(folder_mode)
            answers.append((mode, owner, folder_mode, lab.logs_in(client_kind, server)))
        assert answers == rows
    finally:
        program.unlink()
        folder.rmdir()


# The script of a principals command, the file of principals, the certificate's names, and whether it logs in.
NAMES = [
    ("echo operators", None, "operators", True),
    ("echo somebody; echo; echo '# x'; echo operators", None, "operators", True),
    ("true", None, USER, False),
    (f"echo {USER}", None, "operators", False),
    (f"echo {USER}", None, USER, True),
    ("echo operators; exit 1", None, "operators", False),
    ("echo operators; kill -TERM $$", None, "operators", False),
    (f"echo 'from=\"{LOOPBACK}\" operators'", None, "operators", True),
    ("echo 'from=\"192.0.2.1\" operators'; echo operators", None, "operators", False),
    ("echo 'no-such-option operators'; echo operators", None, "operators", True),
    ("echo operators", "somebody\n", "operators", True),
    ("exit 1", "operators\n", "operators", True),
    ("echo operators", 'from="192.0.2.1" operators\n', "operators", False),
    # Without arguments it gets none: only a keys command is told the account then.
    ('test $# = 0 && echo operators', None, "operators", True),
]


@BOTH
def test_names_that_a_command_gives(lab, scripts, authority, client_kind, server_kind):
    trusted = scripts.write("trusted", f"{authority.public}\n")
    config = [f"TrustedUserCAKeys {trusted}", f"AuthorizedPrincipalsFile {scripts.folder}/principals", *scripts.names()]
    server = _server(lab, server_kind, config)
    answers = []
    for script, file, names, _ in NAMES:
        scripts.write("names", script + "\n")
        (scripts.folder / "principals").unlink(missing_ok=True)
        if file is not None:
            scripts.write("principals", file)
        key = _certificate(lab, authority, names=names)
        answers.append((script, file, names, lab.logs_in(client_kind, server, key)))
    assert answers == NAMES


@BOTH
def test_tokens_of_a_certificate(lab, scripts, authority, client_kind, server_kind):
    trusted = scripts.write("trusted", f"{authority.public}\n")
    tokens = ["%%", "%u", "%U", "%h", "%t", "%f", "%T", "%F", "%K", "%i", "%s", "%k"]
    config = [f"TrustedUserCAKeys {trusted}", *scripts.names(" ".join(tokens))]
    server = _server(lab, server_kind, config)
    key = _certificate(lab, authority, "-z", "77", names="operators", identity="a 'b\" c")
    certificate = Path(f"{key.path}-cert.pub").read_text().split()
    type_of_authority, blob_of_authority = authority.public.split()[:2]
    expected = ["%", USER, str(os.getuid()), HOME, certificate[0], key.fingerprint, type_of_authority]
    expected += [authority.fingerprint, blob_of_authority, "a 'b\" c", "77", certificate[1]]
    text = "".join(f"{word}\n" for word in expected)
    scripts.write("expected", text)
    scripts.write("names", f"printf '%s\\n' \"$@\" | cmp -s - {scripts.folder}/expected && echo operators\n")
    assert lab.logs_in(client_kind, server, key)


@BOTH
def test_authority_that_a_keys_command_names(lab, scripts, authority, client_kind, server_kind):
    server = _server(lab, server_kind, scripts.keys("%t"))
    scripts.write("keys", f"echo 'cert-authority,principals=\"operators\" {authority.public}'\n")
    assert lab.logs_in(client_kind, server, _certificate(lab, authority, names="operators"))
    assert not lab.logs_in(client_kind, server, _certificate(lab, authority))
    assert not lab.logs_in(client_kind, server, authority)


@OURS
def test_failures_are_told(lab, scripts, client_kind, server_kind):
    server = _server(lab, server_kind, scripts.keys("%u"))
    command = f"AuthorizedKeysCommand /bin/sh {scripts.folder}/keys {USER}"
    rows = [("exit 3", "failed, status 3"), ("kill -KILL $$", "exited on signal 9")]
    rows += [("echo no directory >&2; exit 1", "failed, status 1: no directory")]
    rows += [("yes", "killed: it wrote more than 1048576 bytes")]
    for script, reason in rows:
        scripts.write("keys", script + "\n")
        assert not lab.logs_in(client_kind, server)
        server.wait_for_log(lambda line, reason=reason: f"{command} {reason}" in line)


def _commands(server, script):
    """How many of them run."""
    found = 0
    for pid in server.program.tree():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        found += words[:2] == [b"/bin/sh", str(script).encode()] or words[:1] == [b"sleep"]
    return found


@OURS
def test_command_that_hangs_holds_up_nobody_else_and_is_killed(lab, scripts, client_kind, server_kind):
    other = lab.keys.named("other")
    scripts.write("keys", "exec sleep 1000\n")
    server = _server(lab, server_kind, [*scripts.keys(), "LoginGraceTime 120"])
    clients = [lab.client(client_kind, server, wait=False) for _ in range(24)]
    wait_until(lambda: _commands(server, scripts.folder / "keys") == 16, LIMIT_SECONDS, "16 commands")
    server.authorized_keys.write_text(other.public + "\n")
    # More of them wait for their turn than there are threads that read files.
    assert lab.logs_in(client_kind, server, other)
    assert _commands(server, scripts.folder / "keys") <= 16
    server.wait_for_log(lambda line: "killed: it took longer than 10 s" in line, 2 * LIMIT_SECONDS)
    for client in clients:
        assert client.wait(4 * LIMIT_SECONDS) == 255
    assert _commands(server, scripts.folder / "keys") == 0


@OURS
def test_login_by_a_command_lives_until_a_reload_that_does_not_find_it(lab, scripts, client_kind, server_kind):
    scripts.write("keys", f"echo 'permitlisten=\"localhost:*\" {lab.keys.user.public}'\n")
    server = _server(lab, server_kind, scripts.keys())
    device, port = lab.remote_forward(client_kind, server)
    pour = traffic.Pour(port)
    # The file is looked at again, and does not have the key; the command is not asked.
    scripts.write("keys", "exit 1\n")
    server.authorized_keys.write_text("# still nobody\n")
    assert not lab.logs_in(client_kind, server)

    def reload():
        count = server.log().count("The new configuration holds")
        os.kill(server.program.process.pid, signal.SIGHUP)
        wait_until(lambda: server.log().count("The new configuration holds") > count, 10, "a reload")

    # A command that fails says of nobody that they are gone.
    failures = server.log().count("failed, status 1")
    reload()
    wait_until(lambda: server.log().count("failed, status 1") > failures, 10, "the command's failure")
    assert "failed, status 1; who is logged in by it stays" in server.log()
    assert device.program.running and pour.still_runs()
    scripts.write("keys", f"echo '{lab.keys.named('other').public}'\n")
    reload()
    wait_until(lambda: not device.program.running, 10, "the end of the device")
    assert not is_listening(port)
    server.wait_for_log(lambda line: line.startswith("Disconnecting user") and "no longer permitted" in line)


@OURS
def test_reload_follows_the_line_that_a_command_gives(lab, scripts, client_kind, server_kind):
    kept, closed = free_port(), free_port()
    key = lab.keys.user.public
    scripts.write("keys", f"echo 'permitlisten=\"{kept}\",permitlisten=\"{closed}\" {key}'\n")
    server = _server(lab, server_kind, scripts.keys())
    device = lab.client(client_kind, server, remote=[f"{kept}:{lab.target}", f"{closed}:{lab.target}"])
    scripts.write("keys", f"echo 'permitlisten=\"{kept}\" {key}'\n")
    os.kill(server.program.process.pid, signal.SIGHUP)
    wait_until(lambda: not is_listening(closed), 10, f"port {closed} closed")
    assert is_listening(kept) and device.program.running


@OURS
def test_expiry_time_of_a_commands_line_ends_the_connection(lab, scripts, client_kind, server_kind):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)
    scripts.write("keys", f"echo 'expiry-time=\"{end:%Y%m%d%H%M%SZ}\" {lab.keys.user.public}'\n")
    server = _server(lab, server_kind, scripts.keys())
    device, port = lab.remote_forward(client_kind, server)
    wait_until(lambda: not device.program.running, 4 + 5, "the end of the expired device")
    assert datetime.datetime.now(datetime.timezone.utc) >= end
    wait_until(lambda: not is_listening(port), 5, "the end of its listener")


@OURS
def test_explain_asks_the_command_as_the_relay_does(lab, scripts, client_kind, server_kind):
    scripts.write("keys", f"echo 'no-port-forwarding {lab.keys.user.public}'\n")
    server = _server(lab, server_kind, scripts.keys("%u"))

    def explain(key, *question):
        arguments = ["explain", "-f", server.config_path, "--account", USER, "--key", key, *question]
        result = subprocess.run([settings.RELAY, *map(str, arguments)], capture_output=True, text=True, timeout=60)
        return result.returncode, result.stdout

    key = lab.keys.user.path.with_suffix(".pub")
    line = f"/bin/sh {scripts.folder}/keys %u line 1"
    status, text = explain(key)
    assert status == 0 and text.startswith(f"yes\n  yes  {line}: ssh-ed25519")
    status, text = explain(key, "--listen", "8080")
    assert status == 1 and text.endswith(f"no   {line}: no-port-forwarding\n")
    status, text = explain(lab.keys.user.fingerprint)
    assert status == 1 and "AuthorizedKeysCommand" in text and "not asked" in text
    scripts.write("keys", "echo why >&2; exit 7\n")
    status, text = explain(key)
    assert status == 1 and "failed, status 7: why" in text


@OURS
def test_many_users_of_a_command_are_all_judged_at_a_reload(lab, scripts, client_kind, server_kind):
    """Each account is a question of its own, whoever has been asked about before."""
    names = [f"device-{number}" for number in range(12)]
    scripts.write("allowed", "\n".join(names) + "\n")
    scripts.write("keys", f"grep -qx \"$1\" {scripts.folder}/allowed && echo '{lab.keys.user.public}'\ntrue\n")
    server = _server(lab, server_kind, [*scripts.keys("%u"), "ListenTakeover no"])
    devices = {}
    for name in names:
        server.user = name
        devices[name] = lab.remote_forward(client_kind, server)[0]
    scripts.write("allowed", "\n".join(names[::2]) + "\n")
    os.kill(server.program.process.pid, signal.SIGHUP)
    for name in names[1::2]:
        wait_until(lambda name=name: not devices[name].program.running, 20, f"the end of {name}")
    assert all(devices[name].program.running for name in names[::2])


@pytest.mark.pairs(clients=["ssh", "swssh"], servers=["sshd"], compare=True)
def test_a_login_that_the_server_never_answers_ends(lab, scripts, client_kind, server_kind):
    server = _server(lab, server_kind, scripts.keys())
    scripts.write("keys", "exec sleep 60\n")
    options = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2"]
    started = time.monotonic()
    client = lab.client(client_kind, server, remote=["0:localhost:1"], options=options, wait=False)
    assert client.program.wait(30) == 255
    assert 1 < time.monotonic() - started < 20, client.log()
