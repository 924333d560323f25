"""sshd's log lines, side by side: the same stock ssh does the same to both servers, and both logs say the same."""

import re
import signal
import subprocess
import time

import pytest

from harness import settings
from harness.deeds import connect, read_key_exchange, read_to_end, reset, ssh, ssh_arguments, strangers
from harness.keys import revocation_list
from harness.network import free_port, wait_until
from harness.settings import LOOPBACK, USER

pytestmark = pytest.mark.ours_only("the comparison of sshd with itself says nothing")

STRANGER = "nosuchuser"
HELLO = b"SSH-2.0-deed\r\n"


def _idle(server):
    """Whether no connection of the server is left, and no process of one."""
    suffix = f":{server.port:04X}"
    with open("/proc/net/tcp") as rows:
        busy = any(row.split()[1].endswith(suffix) and row.split()[3] in ("01", "08") for row in rows)
    return not busy and (server.kind != "sshd" or len(server.program.tree()) == 1)


def logged(lab, kind, level, deed):
    """What a server's log says of one deed."""
    config, authorized_keys = getattr(deed, "config", ()), getattr(deed, "authorized_keys", None)
    server = lab.server(
        kind,
        config=[f"LogLevel {level}", *(line(lab) if callable(line) else line for line in config)],
        authorized_keys=authorized_keys and authorized_keys(lab) + "\n",
    )
    deed(lab, server)
    wait_until(lambda: _idle(server), 10, "the end of all connections")
    server.stop()
    return [line for line in map(lambda text: _normal(text, server), server.log().splitlines()) if line]


def _normal(line, server):
    """A line without what differs from run to run, or nothing where only one of the two can have such a line."""
    line = line.replace(str(server.directory), "DIRECTORY").strip()
    line = re.sub(r"\b\d{4,5}\b", "P", line)
    return line


def deed(config=(), keys=None):
    def mark(function):
        function.config, function.authorized_keys = config, keys
        return function

    return mark


DEEDS = []


def told(config=(), keys=None):
    def mark(function):
        DEEDS.append(deed(config, keys)(function))
        return function

    return mark


@told()
def wrong_key(lab, server):
    ssh(lab, server, keys=strangers(lab, 1))


@told()
def wrong_key_of_nobody(lab, server):
    ssh(lab, server, user=STRANGER, keys=strangers(lab, 1))


@told()
def three_wrong_keys(lab, server):
    ssh(lab, server, keys=strangers(lab, 3))


@told(["MaxAuthTries 3"])
def too_many_keys(lab, server):
    ssh(lab, server, keys=strangers(lab, 4))


@told(["MaxAuthTries 3"])
def too_many_keys_of_nobody(lab, server):
    ssh(lab, server, user=STRANGER, keys=strangers(lab, 4))


@told()
def no_key(lab, server):
    ssh(lab, server, keys=[])


@told()
def no_key_of_nobody(lab, server):
    ssh(lab, server, user=STRANGER, keys=[])


def _forward_until_told(lab, server, number, keys=None):
    process = subprocess.Popen(
        ssh_arguments(lab, server, "-N", "-R", "0:localhost:1", keys=keys), stdin=subprocess.DEVNULL
    )
    lab.programs.started  # ended below
    try:
        wait_until(lambda: "Accepted publickey" in server.log(), 10, "the login")
        time.sleep(0.3)
        process.send_signal(number)
    finally:
        process.wait(10)


@told()
def second_key_is_right(lab, server):
    _forward_until_told(lab, server, signal.SIGTERM, keys=[*strangers(lab, 1), lab.keys.user])


@told()
def client_ends_politely(lab, server):
    _forward_until_told(lab, server, signal.SIGTERM)


@told()
def client_is_killed(lab, server):
    _forward_until_told(lab, server, signal.SIGKILL)


@told()
def connection_without_a_word(lab, server):
    connect(server, read=False).close()


@told()
def connection_without_a_word_after_the_greeting(lab, server):
    connect(server).close()


@told()
def browser(lab, server):
    read_to_end(connect(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))


@told()
def old_protocol(lab, server):
    read_to_end(connect(server, b"SSH-1.5-old\r\n"))


@told()
def closed_before_key_exchange(lab, server):
    connection = connect(server, HELLO)
    read_key_exchange(connection)
    connection.close()


@told()
def reset_before_key_exchange(lab, server):
    connection = connect(server, HELLO)
    read_key_exchange(connection)
    reset(connection)


@told()
def garbage_for_key_exchange(lab, server):
    read_to_end(connect(server, HELLO + b"\xff" * 64))


@told()
def no_key_exchange_in_common(lab, server):
    ssh(lab, server, "-o", "KexAlgorithms=diffie-hellman-group1-sha1")


@told()
def no_cipher_in_common(lab, server):
    ssh(lab, server, "-o", "Ciphers=3des-cbc")


@told()
def no_mac_in_common(lab, server):
    ssh(lab, server, "-o", "Ciphers=aes128-ctr", "-o", "MACs=hmac-md5-96")


@told()
def no_host_key_in_common(lab, server):
    ssh(lab, server, "-o", "HostKeyAlgorithms=ecdsa-sha2-nistp521")


@told(["LoginGraceTime 1"])
def silence(lab, server):
    read_to_end(connect(server))


@told(["LoginGraceTime 1"])
def silence_after_the_greeting(lab, server):
    read_to_end(connect(server, HELLO))


@told(["MaxStartups 1:100:1"])
def more_than_max_startups(lab, server):
    first = connect(server)
    for _ in range(2):
        read_to_end(connect(server, read=False))
    first.close()


@told(["PermitListen 1", "PermitOpen none"])
def refused_listen(lab, server):
    ssh(lab, server, "-N", "-R", f"{free_port()}:localhost:1", "-o", "ExitOnForwardFailure=yes")


@told(["PermitOpen localhost:1"])
def refused_open(lab, server):
    ssh(lab, server, "-W", "localhost:2")


@told()
def failed_open(lab, server):
    ssh(lab, server, "-W", f"{LOOPBACK}:1")


@told()
def failed_look_up(lab, server):
    ssh(lab, server, "-W", "no-such-host.invalid:1")


@told(["GatewayPorts clientspecified"])
def port_in_use(lab, server):
    ssh(lab, server, "-N", "-R", f"{LOOPBACK}:{lab.traffic.port}:localhost:1", "-o", "ExitOnForwardFailure=yes")


def _revoked(lab):
    path = lab.directory / "revoked"
    path.write_text(lab.keys.user.public + "\n")
    return f"RevokedKeys {path}"


@told([_revoked])
def revoked_key(lab, server):
    ssh(lab, server)


def _revocation_list(lab):
    path = lab.directory / "revoked.krl"
    if not path.exists():
        revocation_list(path, lab.keys.user.path.with_suffix(".pub"))
    return f"RevokedKeys {path}"


@told([_revocation_list])
def key_revoked_by_a_list(lab, server):
    ssh(lab, server)


@told([lambda lab: f"RevokedKeys {lab.directory}/missing"])
def revocations_missing(lab, server):
    ssh(lab, server)


@told([f"AllowUsers somebody"])
def not_in_allow_users(lab, server):
    ssh(lab, server)


@told([f"DenyUsers {USER}"])
def in_deny_users(lab, server):
    ssh(lab, server)


@told([f"AllowGroups somebody"])
def not_in_allow_groups(lab, server):
    ssh(lab, server)


@told([f"DenyGroups {USER}"])
def in_deny_groups(lab, server):
    ssh(lab, server)


@told(keys=lambda lab: f'from="192.0.2.1" {lab.keys.user.public}')
def from_elsewhere(lab, server):
    ssh(lab, server)


@told(keys=lambda lab: f'expiry-time="20200101" {lab.keys.user.public}')
def expired_line(lab, server):
    ssh(lab, server)


@told(keys=lambda lab: f"no-such-option {lab.keys.user.public}")
def unknown_option(lab, server):
    ssh(lab, server)


def _authority(lab):
    return f"cert-authority {lab.keys.named('authority').public}"


def _trusted(lab):
    path = lab.directory / "trusted"
    path.write_text(lab.keys.named("authority").public + "\n")
    return f"TrustedUserCAKeys {path}"


def _certificate(lab, name, *arguments, names=USER):
    key = lab.keys.directory / f"log-{name}"
    if key.exists():
        return lab.keys.named(f"log-{name}")
    return lab.keys.named("authority").certify(
        lab.keys.named("certified"), f"log-{name}", "-I", "device-1", "-n", names, *arguments
    )


@told(keys=_authority)
def certificate(lab, server):
    _forward_until_told(lab, server, signal.SIGTERM, [_certificate(lab, "good", "-z", "77")])


@told([_trusted])
def certificate_of_a_trusted_authority(lab, server):
    _forward_until_told(lab, server, signal.SIGTERM, [_certificate(lab, "good", "-z", "77")])


@told(keys=_authority)
def expired_certificate(lab, server):
    ssh(lab, server, keys=[_certificate(lab, "expired", "-V", "-2h:-1h")])


@told([_trusted])
def expired_certificate_of_a_trusted_authority(lab, server):
    ssh(lab, server, keys=[_certificate(lab, "expired", "-V", "-2h:-1h")])


@told(keys=_authority)
def certificate_not_yet_valid(lab, server):
    ssh(lab, server, keys=[_certificate(lab, "early", "-V", "+1h:+2h")])


@told([_trusted])
def certificate_of_another_name(lab, server):
    ssh(lab, server, keys=[_certificate(lab, "other-name", names="somebody")])


@told(keys=_authority)
def certificate_from_elsewhere(lab, server):
    ssh(lab, server, keys=[_certificate(lab, "elsewhere", "-O", "source-address=192.0.2.0/24")])


@told(keys=_authority)
def certificate_with_unknown_option(lab, server):
    ssh(lab, server, keys=[_certificate(lab, "unknown", "-O", "critical:no-such-option@example.com")])


@pytest.mark.parametrize("level", ["INFO", "VERBOSE"])
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_relay_says_what_sshd_says(lab, level, deed):
    ours, theirs = (logged(lab, kind, level, deed) for kind in ("relay", "sshd"))
    import json, os
    with open(os.environ["DUMP"], "a") as f:
        f.write(f"\n== {deed.__name__} {level}\n" + "".join(f"  sshd  {l}\n" for l in theirs) + "".join(f"  relay {l}\n" for l in ours))
