"""Certificates and revoked keys: the same files and the same ssh, put to the relay and to sshd, with the same answer."""

import os
import struct
import uuid

import pytest

from harness import traffic
from harness.keys import revocation_list
from harness.lab import transfer
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, MIB, USER

BOTH = pytest.mark.pairs(clients=["ssh"], servers=["relay", "sshd"], compare=True)


@pytest.fixture
def authority(lab):
    return lab.keys.named("authority")


def _certificate(lab, authority, *arguments, names=USER, identity="device-1"):
    return authority.certify(
        lab.keys.named("certified"), f"certificate-{uuid.uuid4()}", "-I", identity, "-n", names, *arguments
    )


def _logs_in(lab, kind, server, key):
    """Whether a client with the key gets a session as far as forwarding nothing."""
    client = lab.client(kind, server, key=key, wait=False)
    wait_until(
        lambda: not client.program.running or "Accepted publickey" in server.log(),
        20,
        "an answer",
    )
    accepted = client.program.running
    client.stop()
    return accepted


def _line(authority, options=""):
    return f"cert-authority{options} {authority.public}\n"


# Options of the authorized_keys line, arguments of ssh-keygen, and whether the certificate logs in.
LINES = [
    ("", [], True),
    ("", ["-z", "77", "-V", "-1h:+1h"], True),
    ("", ["-V", "+1h:+2h"], False),
    ("", ["-V", "-2h:-1h"], False),
    (',principals="nobody"', [], False),
    (f',principals="nobody,{USER}"', [], True),
    (',from="192.0.2.0/24"', [], False),
    (f',from="{LOOPBACK}"', [], True),
    (',expiry-time="20200101Z"', [], False),
    (',expiry-time="29990101Z"', [], True),
    (",no-such-option", [], False),
    ("", ["-O", f"source-address={LOOPBACK}/32"], True),
    ("", ["-O", "source-address=192.0.2.0/24,10.0.0.0/8"], False),
    ("", ["-O", "critical:no-such-option@example.com"], False),
    ("", ["-O", "extension:no-such-extension@example.com"], True),
    ("", ["-O", "force-command=true"], True),
    (',command="true"', ["-O", "force-command=true"], True),
    (',command="false"', ["-O", "force-command=true"], False),
    ("", ["-O", "verify-required"], True),
]


@BOTH
@pytest.mark.parametrize("options, arguments, accepted", LINES)
def test_authority_in_authorized_keys(lab, authority, client_kind, server_kind, options, arguments, accepted):
    server = lab.server(server_kind, authorized_keys=_line(authority, options))
    assert _logs_in(lab, client_kind, server, _certificate(lab, authority, *arguments)) == accepted, server.log()


@BOTH
def test_other_names_and_other_authorities_do_not_log_in(lab, authority, client_kind, server_kind):
    server = lab.server(server_kind, authorized_keys=_line(authority))
    assert not _logs_in(lab, client_kind, server, _certificate(lab, authority, names="somebody"))
    assert not _logs_in(lab, client_kind, server, _certificate(lab, lab.keys.named("impostor")))
    host = authority.certify(lab.keys.named("certified"), f"host-{uuid.uuid4()}", "-h", "-I", "x", "-n", USER)
    assert not _logs_in(lab, client_kind, server, host)
    # The line is for certificates, not for the authority's own key, and not for the certified key alone.
    assert not _logs_in(lab, client_kind, server, authority)
    assert not _logs_in(lab, client_kind, server, lab.keys.named("certified"))


# The principals file, or None for no AuthorizedPrincipalsFile; the certificate's names; whether it logs in.
PRINCIPALS = [
    (None, USER, True),
    (None, "somebody", False),
    ("operators\n", "operators", True),
    ("# nobody\n\n", "operators", False),
    ("operators\n", USER, False),
    ("operators # all of them\n", "operators", True),
    ('from="192.0.2.1" operators\n', "operators", False),
    (f'from="{LOOPBACK}" operators\n', "operators", True),
    ('expiry-time="20200101Z" operators\n', "operators", False),
    ("no-such-option operators\nothers\n", "operators", False),
    ("no-such-option operators\nothers\n", "others,operators", True),
    ("missing", "operators", False),
    ('from="192.0.2.1" operators\nothers\n', "operators", False),
    ("cert-authority operators\n", "operators", False),
]


@BOTH
@pytest.mark.parametrize("text, names, accepted", PRINCIPALS)
def test_trusted_user_ca_keys(lab, authority, client_kind, server_kind, text, names, accepted, tmp_path):
    trusted = tmp_path / "trusted"
    trusted.write_text(f"# authorities\n{authority.public} comment\n")
    config = [f"TrustedUserCAKeys {trusted}"]
    if text is not None:
        config.append(f"AuthorizedPrincipalsFile {tmp_path}/principals-%u")
        if text != "missing":
            (tmp_path / f"principals-{USER}").write_text(text)
    server = lab.server(server_kind, config=config)
    assert _logs_in(lab, client_kind, server, _certificate(lab, authority, names=names)) == accepted, server.log()


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
def test_line_of_the_account_restricts_an_authority_that_is_trusted_anyway(
    lab, authority, client_kind, server_kind, tmp_path
):
    trusted = tmp_path / "trusted"
    trusted.write_text(f"{authority.public}\n")
    keys = _line(authority, ",restrict")
    server = lab.server(server_kind, config=[f"TrustedUserCAKeys {trusted}"], authorized_keys=keys)
    key = _certificate(lab, authority)
    assert _logs_in(lab, client_kind, server, key)
    client = lab.client(client_kind, server, key=key, remote=[f"{free_port()}:{lab.target}"], wait=False)
    assert client.wait() == 255


@BOTH
def test_certificate_without_port_forwarding_forwards_nothing(lab, authority, client_kind, server_kind):
    server = lab.server(server_kind, authorized_keys=_line(authority))
    allowed = _certificate(lab, authority)
    port = free_port()
    lab.client(client_kind, server, key=allowed, remote=[f"{port}:{lab.target}"])
    transfer(traffic.connect(port), MIB)
    denied = _certificate(lab, authority, "-O", "no-port-forwarding")
    client = lab.client(client_kind, server, key=denied, remote=[f"{free_port()}:{lab.target}"], wait=False)
    assert client.wait() == 255


@BOTH
def test_line_that_restricts_restricts_the_certificate(lab, authority, client_kind, server_kind):
    port = free_port()
    options = f',restrict,port-forwarding,permitlisten="{port}"'
    server = lab.server(server_kind, authorized_keys=_line(authority, options))
    key = _certificate(lab, authority)
    lab.client(client_kind, server, key=key, remote=[f"{port}:{lab.target}"])
    client = lab.client(client_kind, server, key=key, remote=[f"{free_port()}:{lab.target}"], wait=False)
    assert client.wait() == 255


def _revocations(lab, authority, path):
    """Ways to write down that the certificate device-1 with serial 77, its key, or its authority is revoked."""
    certified = lab.keys.named("certified")
    spec = path.with_suffix(".spec")

    def by(text, ca=True):
        spec.write_text(text)
        return revocation_list(path, *(["-s", authority.path.with_suffix(".pub")] if ca else []), spec)

    return {
        "text-key": lambda: path.write_text(f"# gone\n{certified.public}\n"),
        "text-authority": lambda: path.write_text(f"{authority.public}\n"),
        "krl-key": lambda: by(f"key: {certified.public}\n"),
        "krl-sha1": lambda: by(f"sha1: {certified.public}\n"),
        "krl-sha256": lambda: by(f"sha256: {certified.public}\n"),
        "krl-hash": lambda: by(f"hash: {certified.fingerprint}\n"),
        "krl-serial": lambda: by("serial: 77\n"),
        "krl-range": lambda: by("serial: 70-80\n"),
        "krl-bitmap": lambda: by("".join(f"serial: {number}\n" for number in range(61, 99, 2))),
        "krl-identity": lambda: by("id: device-1\n"),
        "krl-any-authority": lambda: revocation_list(path, "-s", "none", _written(spec, "serial: 77\n")),
        "krl-authority": lambda: by(f"key: {authority.public}\n"),
        "unreadable": lambda: path.write_text("this is no key\n"),
        "missing": lambda: None,
    }


def _written(path, text):
    path.write_text(text)
    return path


def _innocents(lab, authority, path):
    """Lists that name others only."""
    other = lab.keys.named("other")
    spec = path.with_suffix(".spec")

    def by(text):
        return revocation_list(path, "-s", authority.path.with_suffix(".pub"), _written(spec, text))

    return {
        "empty": lambda: path.write_text(""),
        "text-other": lambda: path.write_text(f"{other.public}\n"),
        "krl-other": lambda: by(f"key: {other.public}\nserial: 76\nserial: 78-99\nid: device-2\n"),
        "krl-bitmap-other": lambda: by("".join(f"serial: {number}\n" for number in range(60, 98, 2))),
        "krl-other-authority": lambda: revocation_list(
            path, "-s", other.path.with_suffix(".pub"), _written(spec, "serial: 77\n")
        ),
    }


REVOKED = [
    "text-key text-authority krl-key krl-sha1 krl-sha256 krl-hash krl-serial krl-range krl-bitmap krl-identity",
    "krl-any-authority krl-authority unreadable missing",
]


@BOTH
@pytest.mark.parametrize("how", " ".join(REVOKED).split())
def test_revoked_certificate_does_not_log_in(lab, authority, client_kind, server_kind, how, tmp_path):
    path = tmp_path / "revoked"
    _revocations(lab, authority, path)[how]()
    server = lab.server(server_kind, config=[f"RevokedKeys {path}"], authorized_keys=_line(authority))
    assert not _logs_in(lab, client_kind, server, _certificate(lab, authority, "-z", "77")), server.log()


@BOTH
@pytest.mark.parametrize("how", ["empty", "text-other", "krl-other", "krl-bitmap-other", "krl-other-authority"])
def test_revocation_of_others_leaves_a_certificate_alone(lab, authority, client_kind, server_kind, how, tmp_path):
    path = tmp_path / "revoked"
    _innocents(lab, authority, path)[how]()
    server = lab.server(server_kind, config=[f"RevokedKeys {path}"], authorized_keys=_line(authority))
    assert _logs_in(lab, client_kind, server, _certificate(lab, authority, "-z", "77")), server.log()


@BOTH
@pytest.mark.parametrize("how", ["text-key", "krl-key", "krl-sha1", "krl-sha256", "krl-hash", "unreadable", "missing"])
def test_revoked_plain_key_does_not_log_in(lab, authority, client_kind, server_kind, how, tmp_path):
    path = tmp_path / "revoked"
    _revocations(lab, authority, path)[how]()
    key = lab.keys.named("certified")
    server = lab.server(server_kind, config=[f"RevokedKeys {path}"], authorized_keys=f"{key.public}\n")
    assert not _logs_in(lab, client_kind, server, key), server.log()


@BOTH
def test_accepted_certificate_is_logged_as_sshd_logs_it(lab, authority, client_kind, server_kind):
    server = lab.server(server_kind, authorized_keys=_line(authority))
    key = _certificate(lab, authority, "-z", "77", identity="the device")
    assert _logs_in(lab, client_kind, server, key)
    line = server.wait_for_log(lambda line: line.startswith("Accepted publickey"))
    fingerprint = lab.keys.named("certified").fingerprint
    expected = f"ED25519-CERT {fingerprint} ID the device (serial 77) CA ED25519 {authority.fingerprint}"
    assert line.endswith(expected), line


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
@pytest.mark.ours_only("sshd looks at its files at login only")
@pytest.mark.parametrize("what", ["authority", "revoked", "validity"])
def test_running_connection_ends_when_its_certificate_does(lab, authority, client_kind, server_kind, what, tmp_path):
    revoked = tmp_path / "revoked"
    revoked.write_text("")
    server = lab.server(server_kind, config=[f"RevokedKeys {revoked}"], authorized_keys=_line(authority))
    arguments = ["-V", "-1m:+6s"] if what == "validity" else []
    port = free_port()
    key = _certificate(lab, authority, *arguments)
    device = lab.client(client_kind, server, key=key, remote=[f"{port}:{lab.target}"])
    if what == "authority":
        server.authorized_keys.write_text("# none\n")
    if what == "revoked":
        new = revoked.with_suffix(".new")
        new.write_text(f"{authority.public}\n")
        os.replace(new, revoked)
    wait_until(lambda: not device.program.running, 12, "the end of the client")
    wait_until(lambda: not is_listening(port), 2, "the listener closed")


# Lines of the principals file, the names of the certificate, and whether it logs in: the first line that fits decides.
FIRST_PRINCIPAL = [
    ('from="192.0.2.1" operators\noperators\n', "operators", False),
    (f'from="{LOOPBACK}" operators\nfrom="192.0.2.1" operators\n', "operators", True),
    ('expiry-time="20200101Z" operators\noperators\n', "operators", False),
    ('from="192.0.2.1" operators\nothers\n', "others,operators", False),
    ("no-such-option operators\noperators\n", "operators", True),
    ("cert-authority operators\n", "operators", False),
    ('cert-authority,principals="operators" operators\n', "operators", False),
    ('principals="operators" operators\n', "operators", False),
]


@BOTH
@pytest.mark.parametrize("text, names, accepted", FIRST_PRINCIPAL)
def test_first_line_of_a_principal_decides(lab, authority, client_kind, server_kind, text, names, accepted, tmp_path):
    config = _trusting(tmp_path, f"{authority.public}\n", principals=text)
    server = lab.server(server_kind, config=config)
    assert _logs_in(lab, client_kind, server, _certificate(lab, authority, names=names)) == accepted, server.log()


# Lines of TrustedUserCAKeys, of which AUTHORITY is the authority's key, and whether its certificates log in.
TRUSTED = [
    ("AUTHORITY\n", True),
    ("AUTHORITY", True),
    ("  AUTHORITY comment\r\n", True),
    ("this is no key\nAUTHORITY\n", False),
    ("AUTHORITY\nthis is no key\n", True),
    ("cert-authority AUTHORITY\n", False),
    ("#AUTHORITY\n", False),
    ("", False),
]


@BOTH
@pytest.mark.parametrize("text, accepted", TRUSTED)
def test_lines_of_trusted_user_ca_keys(lab, authority, client_kind, server_kind, text, accepted, tmp_path):
    server = lab.server(server_kind, config=_trusting(tmp_path, text.replace("AUTHORITY", authority.public)))
    assert _logs_in(lab, client_kind, server, _certificate(lab, authority)) == accepted, server.log()


def _trusting(tmp_path, text, principals=None):
    """Configuration with the text as TrustedUserCAKeys, and perhaps an AuthorizedPrincipalsFile."""
    config = [f"TrustedUserCAKeys {_written(tmp_path / 'trusted', text)}"]
    if principals is not None:
        config.append(f"AuthorizedPrincipalsFile {_written(tmp_path / 'principals', principals)}")
    return config


def _may_listen(lab, kind, server, key):
    """Whether a client with the key, which logs in, gets a listener."""
    port = free_port()
    client = lab.client(kind, server, key=key, remote=[f"{port}:{lab.target}"], wait=False)
    wait_until(lambda: not client.program.running or is_listening(port), 20, "an answer")
    listening = client.program.running
    client.stop()
    assert "Accepted publickey" in server.log()
    return listening


# Options of the authority's line in authorized_keys, lines of the principals file, and whether -R is permitted: the
# authority stands in TrustedUserCAKeys, too.
TWICE = [
    (",restrict", None, False),
    ("", "restrict " + USER, True),
    (",restrict", "restrict " + USER, False),
    (',restrict,principals="nobody"', None, True),
    (',principals="nobody"', "restrict " + USER, False),
]


@BOTH
@pytest.mark.parametrize("options, principals, permitted", TWICE)
def test_authority_trusted_twice(
    lab, authority, client_kind, server_kind, options, principals, permitted, tmp_path
):
    config = _trusting(tmp_path, f"{authority.public}\n", principals=principals)
    server = lab.server(server_kind, config=config, authorized_keys=_line(authority, options))
    assert _may_listen(lab, client_kind, server, _certificate(lab, authority)) == permitted, server.log()


@BOTH
def test_options_of_the_principals_line_restrict_the_certificate(
    lab, authority, client_kind, server_kind, tmp_path
):
    allowed = free_port()
    text = f'restrict,port-forwarding,permitlisten="{allowed}" operators\nothers\n'
    server = lab.server(server_kind, config=_trusting(tmp_path, f"{authority.public}\n", principals=text))
    key = _certificate(lab, authority, names="operators,others")
    assert not _may_listen(lab, client_kind, server, key)
    lab.client(client_kind, server, key=key, remote=[f"{allowed}:{lab.target}"])


# A flag is empty: data in it makes the whole certificate void, unless nobody knows the flag.
FLAGS = [
    ("extension:permit-pty=data", False),
    ("extension:permit-port-forwarding=data", False),
    ("extension:no-touch-required=data", False),
    ("extension:no-such-extension@example.com=data", True),
    ("critical:verify-required=data", False),
    ("critical:verify-required", True),
    ("critical:source-address=127.0.0.0/8", True),
    ("critical:source-address=127.0.0.1/8", False),
    ("critical:source-address=localhost", False),
    ("critical:source-address=!192.0.2.1,127.0.0.1", False),
    ("critical:source-address=", False),
    ("critical:force-command=", True),
]


@BOTH
@pytest.mark.parametrize("option, accepted", FLAGS)
def test_data_of_options(lab, authority, client_kind, server_kind, option, accepted):
    server = lab.server(server_kind, authorized_keys=_line(authority))
    assert _logs_in(lab, client_kind, server, _certificate(lab, authority, "-O", option)) == accepted, server.log()


# Types of the authority and of the key, lines of the configuration, and whether the certificate logs in.
ALGORITHMS = [
    ("rsa", "rsa", [], True),
    ("ecdsa", "ecdsa", [], True),
    ("ed25519", "rsa", [], True),
    ("rsa", "ed25519", [], True),
    ("rsa", "ed25519", ["RequiredRSASize 2049"], False),
    ("ed25519", "rsa", ["RequiredRSASize 2049"], False),
    ("rsa", "rsa", ["RequiredRSASize 2048"], True),
    ("ed25519", "ed25519", ["RequiredRSASize 16384"], True),
    ("rsa", "ed25519", ["CASignatureAlgorithms ssh-ed25519"], False),
    ("rsa", "ed25519", ["CASignatureAlgorithms rsa-sha2-*"], True),
    ("ecdsa", "ed25519", ["CASignatureAlgorithms -ecdsa-*"], False),
    ("ed25519", "ed25519", ["CASignatureAlgorithms -ecdsa-*"], True),
    ("ed25519", "ed25519", ["PubkeyAcceptedAlgorithms ssh-ed25519"], False),
    ("ed25519", "ed25519", ["PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com"], True),
    ("ed25519", "rsa", ["PubkeyAcceptedAlgorithms rsa-sha2-256-cert-v01@openssh.com"], True),
    ("ed25519", "rsa", ["PubkeyAcceptedAlgorithms -rsa-*-cert-v01@openssh.com"], False),
]


@BOTH
@pytest.mark.parametrize("by, of, config, accepted", ALGORITHMS)
def test_algorithms_of_keys_and_authorities(lab, client_kind, server_kind, by, of, config, accepted):
    authority = lab.keys.named(f"authority-{by}", by)
    key = authority.certify(lab.keys.named(f"certified-{of}", of), f"c-{uuid.uuid4()}", "-I", "x", "-n", USER)
    server = lab.server(server_kind, config=config, authorized_keys=_line(authority))
    assert _logs_in(lab, client_kind, server, key) == accepted, server.log()


@BOTH
def test_a_certificate_in_revoked_keys_stands_for_its_key(lab, authority, client_kind, server_kind, tmp_path):
    key = _certificate(lab, authority)
    text = key.path.with_name(key.path.name + "-cert.pub").read_text()
    config = [f"RevokedKeys {_written(tmp_path / 'revoked', text)}"]
    server = lab.server(server_kind, config=config, authorized_keys=f"{_line(authority)}{key.public}\n")
    assert not _logs_in(lab, client_kind, server, key)


# Certificates' serials as a list may hold them, by the bytes of a section; and whether everybody is refused.
def _krl(*sections):
    def string(data):
        return struct.pack(">I", len(data)) + data

    head = b"SSHKRL\n\0" + struct.pack(">IQQQ", 1, 1, 0, 0) + string(b"") + string(b"")
    return head + b"".join(bytes([kind]) + string(data) for kind, data in sections)


def _of_any_authority(kind, data):
    return 1, struct.pack(">IIBI", 0, 0, kind, len(data)) + data


LISTS = {
    "empty": (_krl(), True),
    "serial": (_krl(_of_any_authority(0x20, struct.pack(">Q", 77))), False),
    "another-serial": (_krl(_of_any_authority(0x20, struct.pack(">Q", 78))), True),
    "serial-0": (_krl(_of_any_authority(0x20, struct.pack(">Q", 0))), False),
    "range-from-0": (_krl(_of_any_authority(0x21, struct.pack(">QQ", 0, 5))), False),
    "range": (_krl(_of_any_authority(0x21, struct.pack(">QQ", 70, 2**64 - 1))), False),
    "range-backwards": (_krl(_of_any_authority(0x21, struct.pack(">QQ", 9, 5))), False),
    "another-range": (_krl(_of_any_authority(0x21, struct.pack(">QQ", 78, 2**64 - 1))), True),
    "bitmap": (_krl(_of_any_authority(0x22, struct.pack(">QI", 70, 2) + b"\x00\x80")), False),
    "another-bitmap": (_krl(_of_any_authority(0x22, struct.pack(">QI", 70, 2) + b"\x01\x00")), True),
    "bitmap-over-the-end": (_krl(_of_any_authority(0x22, struct.pack(">QI", 2**64 - 1, 1) + b"\x02")), False),
    "identity": (_krl(_of_any_authority(0x23, struct.pack(">I", 8) + b"device-1")), False),
    "unknown-certificate-section": (_krl(_of_any_authority(0x24, b"")), False),
    "unknown-section": (_krl((6, b"")), False),
    "short-digest": (_krl((3, struct.pack(">I", 4) + b"abcd")), False),
    "truncated": (_krl((2, b""))[:-1], False),
    "section-with-more": (_krl(_of_any_authority(0x21, struct.pack(">QQB", 100, 200, 1))), False),
}


@BOTH
@pytest.mark.parametrize("name", LISTS)
def test_bytes_of_revocation_lists(lab, authority, client_kind, server_kind, name, tmp_path):
    content, accepted = LISTS[name]
    path = tmp_path / "revoked"
    path.write_bytes(content)
    server = lab.server(server_kind, config=[f"RevokedKeys {path}"], authorized_keys=_line(authority))
    assert _logs_in(lab, client_kind, server, _certificate(lab, authority, "-z", "77")) == accepted, server.log()


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
@pytest.mark.ours_only("before 10.3 sshd let such a certificate log in by a cert-authority line")
def test_certificate_for_nobody_in_particular_does_not_log_in(lab, authority, client_kind, server_kind):
    server = lab.server(server_kind, authorized_keys=_line(authority))
    key = authority.certify(lab.keys.named("certified"), f"certificate-{uuid.uuid4()}", "-I", "x")
    assert not _logs_in(lab, client_kind, server, key)
