"""Certificates and revoked keys: the same files and the same ssh, put to the relay and to sshd, with the same answer."""

import base64
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
def test_authority_in_authorized_keys(lab, authority, client_kind, server_kind):
    server = lab.server(server_kind)
    answers = []
    for options, arguments, _ in LINES:
        server.authorized_keys.write_text(_line(authority, options))
        key = _certificate(lab, authority, *arguments)
        answers.append((options, arguments, lab.logs_in(client_kind, server, key)))
    assert answers == LINES


@BOTH
def test_other_names_and_other_authorities_do_not_log_in(lab, authority, client_kind, server_kind):
    server = lab.server(server_kind, authorized_keys=_line(authority))
    assert not lab.logs_in(client_kind, server, _certificate(lab, authority, names="somebody"))
    assert not lab.logs_in(client_kind, server, _certificate(lab, lab.keys.named("impostor")))
    host = authority.certify(lab.keys.named("certified"), f"host-{uuid.uuid4()}", "-h", "-I", "x", "-n", USER)
    assert not lab.logs_in(client_kind, server, host)
    # The line is for certificates, not for the authority's own key, and not for the certified key alone.
    assert not lab.logs_in(client_kind, server, authority)
    assert not lab.logs_in(client_kind, server, lab.keys.named("certified"))


# The principals file, or None if it is missing; the certificate's names; whether it logs in. The first line that fits decides.
PRINCIPALS = [
    ("operators\n", "operators", True),
    ("# nobody\n\n", "operators", False),
    ("operators\n", USER, False),
    ("operators # all of them\n", "operators", True),
    ('from="192.0.2.1" operators\n', "operators", False),
    (f'from="{LOOPBACK}" operators\n', "operators", True),
    ('expiry-time="20200101Z" operators\n', "operators", False),
    ("no-such-option operators\nothers\n", "operators", False),
    ("no-such-option operators\nothers\n", "others,operators", True),
    (None, "operators", False),
    (None, USER, False),
    ('from="192.0.2.1" operators\nothers\n', "operators", False),
    ('from="192.0.2.1" operators\noperators\n', "operators", False),
    (f'from="{LOOPBACK}" operators\nfrom="192.0.2.1" operators\n', "operators", True),
    ('expiry-time="20200101Z" operators\noperators\n', "operators", False),
    ('from="192.0.2.1" operators\nothers\n', "others,operators", False),
    ("no-such-option operators\noperators\n", "operators", True),
    ("cert-authority operators\n", "operators", False),
    ("cert-authority operators\noperators\n", "operators", False),
    ('cert-authority,principals="operators" operators\n', "operators", False),
    ('principals="operators" operators\n', "operators", False),
    ('principals="operators" operators\noperators\n', "operators", False),
    ("operators\r\n", "operators", False),
    ("operators others\n", "operators,others", False),
    (" \t operators \t\n", "operators", True),
    ("restrict\toperators\n", "operators", True),
]


@BOTH
@pytest.mark.parametrize("names, accepted", [(USER, True), ("somebody", False), (f"x,{USER}", True)])
def test_trusted_user_ca_keys(lab, authority, client_kind, server_kind, names, accepted, tmp_path):
    server = lab.server(server_kind, config=_trusting(tmp_path, f"# authorities\n{authority.public} comment\n"))
    assert lab.logs_in(client_kind, server, _certificate(lab, authority, names=names)) == accepted, server.log()


@BOTH
def test_authorized_principals_file(lab, authority, client_kind, server_kind, tmp_path):
    server = lab.server(server_kind, config=_trusting(tmp_path, f"{authority.public}\n", principals=""))
    answers = []
    for text, names, _ in PRINCIPALS:
        (tmp_path / f"principals-{USER}").unlink()
        if text is not None:
            _written(tmp_path / f"principals-{USER}", text)
        answers.append((text, names, lab.logs_in(client_kind, server, _certificate(lab, authority, names=names))))
        _written(tmp_path / f"principals-{USER}", "")
    assert answers == PRINCIPALS


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
def test_line_of_the_account_restricts_an_authority_that_is_trusted_anyway(
    lab, authority, client_kind, server_kind, tmp_path
):
    trusted = tmp_path / "trusted"
    trusted.write_text(f"{authority.public}\n")
    keys = _line(authority, ",restrict")
    server = lab.server(server_kind, config=[f"TrustedUserCAKeys {trusted}"], authorized_keys=keys)
    key = _certificate(lab, authority)
    assert lab.logs_in(client_kind, server, key)
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


def _who_logs_in(lab, kind, server, key, path, ways):
    """The ways of writing the file with which the key logs in."""
    letting_in = []
    for name, write in ways.items():
        path.unlink(missing_ok=True)
        write()
        if lab.logs_in(kind, server, key):
            letting_in.append(name)
    return letting_in


@BOTH
def test_revoked_certificate_does_not_log_in(lab, authority, client_kind, server_kind, tmp_path):
    path = tmp_path / "revoked"
    path.write_text("")
    server = lab.server(server_kind, config=[f"RevokedKeys {path}"], authorized_keys=_line(authority))
    key = _certificate(lab, authority, "-z", "77")
    assert _who_logs_in(lab, client_kind, server, key, path, _revocations(lab, authority, path)) == []


@BOTH
def test_revocation_of_others_leaves_a_certificate_alone(lab, authority, client_kind, server_kind, tmp_path):
    path = tmp_path / "revoked"
    path.write_text("")
    server = lab.server(server_kind, config=[f"RevokedKeys {path}"], authorized_keys=_line(authority))
    key = _certificate(lab, authority, "-z", "77")
    ways = _innocents(lab, authority, path)
    assert _who_logs_in(lab, client_kind, server, key, path, ways) == list(ways)


@BOTH
def test_revoked_plain_key_does_not_log_in(lab, authority, client_kind, server_kind, tmp_path):
    path = tmp_path / "revoked"
    path.write_text("")
    key = lab.keys.named("certified")
    server = lab.server(server_kind, config=[f"RevokedKeys {path}"], authorized_keys=f"{key.public}\n")
    names = ["text-key", "krl-key", "krl-sha1", "krl-sha256", "krl-hash", "unreadable", "missing"]
    ways = _revocations(lab, authority, path)
    assert _who_logs_in(lab, client_kind, server, key, path, {name: ways[name] for name in names}) == []


@BOTH
def test_accepted_certificate_is_logged_as_sshd_logs_it(lab, authority, client_kind, server_kind):
    server = lab.server(server_kind, authorized_keys=_line(authority))
    key = _certificate(lab, authority, "-z", "77", identity="the device")
    assert lab.logs_in(client_kind, server, key)
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


# Lines of TrustedUserCAKeys, of which AUTHORITY is the authority's key, and whether its certificates log in.
TRUSTED = [
    ("AUTHORITY\n", True),
    ("AUTHORITY", True),
    ("  AUTHORITY comment\r\n", True),
    ("this is no key\nAUTHORITY\n", False),
    ("AUTHORITY\nthis is no key\n", True),
    ("cert-authority AUTHORITY\n", False),
    ("#AUTHORITY\n", False),
    ("\r\nAUTHORITY\n", False),
    ("AUTHORITY\n", True),
    ("OTHER\n", False),
    ("OTHERx\nAUTHORITY\n", False),
    ("OTHER\n\nAUTHORITY\n", True),
    ("SHORT\nAUTHORITY\n", True),
    ("", False),
]


@BOTH
def test_lines_of_trusted_user_ca_keys(lab, authority, client_kind, server_kind, tmp_path):
    server = lab.server(server_kind, config=_trusting(tmp_path, ""))
    key = _certificate(lab, authority)
    words = {"AUTHORITY": authority.public, "OTHER": lab.keys.named("other").public, "SHORT": _short_rsa_key()}
    answers = []
    for text, _ in TRUSTED:
        written = text
        for word, public in words.items():
            written = written.replace(word, public)
        _written(tmp_path / "trusted", written)
        answers.append((text, lab.logs_in(client_kind, server, key)))
    assert answers == TRUSTED


def _short_rsa_key():
    """An RSA key of 768 bits, as there were once."""
    fields = [b"ssh-rsa", b"\1\0\1", b"\0\x80" + b"\1" * 95]
    blob = b"".join(struct.pack(">I", len(field)) + field for field in fields)
    return "ssh-rsa " + base64.b64encode(blob).decode()


def _trusting(tmp_path, text, principals=None):
    """Configuration with the text as TrustedUserCAKeys, and perhaps an AuthorizedPrincipalsFile."""
    config = [f"TrustedUserCAKeys {_written(tmp_path / 'trusted', text)}"]
    if principals is not None:
        _written(tmp_path / f"principals-{USER}", principals)
        config.append(f"AuthorizedPrincipalsFile {tmp_path}/principals-%u")
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
def test_data_of_options(lab, authority, client_kind, server_kind):
    server = lab.server(server_kind, authorized_keys=_line(authority))
    answers = [
        (option, lab.logs_in(client_kind, server, _certificate(lab, authority, "-O", option))) for option, _ in FLAGS
    ]
    assert answers == FLAGS


# Types of the authority and of the key, lines of the configuration, and whether the certificate logs in.
ALGORITHMS = [
    ("rsa", "rsa", [], True),
    ("ecdsa", "ecdsa", [], True),
    ("ed25519", "rsa", [], True),
    ("rsa", "ed25519", [], True),
    # It is about users' keys; of an authority's, what cannot be trusted at all does not count anyway.
    ("rsa", "ed25519", ["RequiredRSASize 2049"], True),
    ("ed25519", "rsa", ["RequiredRSASize 2049"], False),
    ("rsa", "rsa", ["RequiredRSASize 2048"], True),
    ("ed25519", "ed25519", ["RequiredRSASize 16384"], True),
    ("rsa", "ed25519", ["CASignatureAlgorithms ssh-ed25519"], False),
    ("rsa", "ed25519", ["CASignatureAlgorithms rsa-sha2-*"], True),
    ("ecdsa", "ed25519", ["CASignatureAlgorithms -ecdsa-*"], False),
    ("ed25519", "ed25519", ["CASignatureAlgorithms -ecdsa-*"], True),
    ("ed25519", "ed25519", ["PubkeyAcceptedAlgorithms ssh-ed25519"], False),
    ("ed25519", "ed25519", ["PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com"], True),
    ("ed25519", "rsa", ["PubkeyAcceptedAlgorithms -rsa-*-cert-v01@openssh.com"], False),
]


@BOTH
@pytest.mark.parametrize("by, of, config, accepted", ALGORITHMS)
def test_algorithms_of_keys_and_authorities(lab, client_kind, server_kind, by, of, config, accepted):
    authority = lab.keys.named(f"authority-{by}", by)
    key = authority.certify(lab.keys.named(f"certified-{of}", of), f"c-{uuid.uuid4()}", "-I", "x", "-n", USER)
    server = lab.server(server_kind, config=config, authorized_keys=_line(authority))
    assert lab.logs_in(client_kind, server, key) == accepted, server.log()


@BOTH
def test_a_certificate_in_revoked_keys_stands_for_its_key(lab, authority, client_kind, server_kind, tmp_path):
    key = _certificate(lab, authority)
    text = key.path.with_name(key.path.name + "-cert.pub").read_text()
    config = [f"RevokedKeys {_written(tmp_path / 'revoked', text)}"]
    server = lab.server(server_kind, config=config, authorized_keys=f"{_line(authority)}{key.public}\n")
    assert not lab.logs_in(client_kind, server, key)


# Files of RevokedKeys and whether the certificate with the serial number 77 logs in. More lists are put to ssh-keygen -Q by the
# unit tests.
def _list(*sections):
    head = b"SSHKRL\n\0" + struct.pack(">IQQQII", 1, 1, 0, 0, 0, 0)
    return head + b"".join(bytes([kind]) + struct.pack(">I", len(data)) + data for kind, data in sections)


def _serials(kind, data):
    return _list((1, struct.pack(">IIBI", 0, 0, kind, len(data)) + data))


LISTS = [
    ("nothing", _list(), True),
    ("serial", _serials(0x20, struct.pack(">Q", 77)), False),
    ("another serial", _serials(0x20, struct.pack(">Q", 78)), True),
    ("serial 0", _serials(0x20, struct.pack(">Q", 0)), False),
    ("range from 0", _serials(0x21, struct.pack(">QQ", 0, 5)), False),
    ("another range", _serials(0x21, struct.pack(">QQ", 78, 2**64 - 1)), True),
    ("bitmap beyond the end", _serials(0x22, struct.pack(">QI", 2**64 - 1, 1) + b"\x02"), False),
    ("section with more", _serials(0x21, struct.pack(">QQB", 100, 200, 1)), False),
    ("unknown section", _list((6, b"")), False),
    ("cut", _list((2, b""))[:-1], False),
    ("empty", b"", True),
    ("empty lines", b"\n \n\n", True),
    ("empty line of Windows", b"\r\n", False),
    ("comment in Latin-1", b"# Jos\xe9\n", True),
    ("key with comment in Latin-1", b"OTHER Jos\xe9\n", True),
    ("key and more", b"MORE\n", False),
    ("short key", b"SHORT\n", True),
    ("options", b"restrict OTHER\n", False),
    ("key", b"KEY\n", False),
    ("key of Windows", b"KEY\r\n", False),
    ("comment", b"#KEY\n", True),
    ("certificate", b"CERTIFICATE\n", False),
]


@BOTH
def test_bytes_of_revoked_keys(lab, authority, client_kind, server_kind, tmp_path):
    path = tmp_path / "revoked"
    path.write_text("")
    key = _certificate(lab, authority, "-z", "77")
    other = lab.keys.named("other").public
    words = {
        b"OTHER": other,
        b"MORE": "ssh-ed25519 " + base64.b64encode(base64.b64decode(other.split()[1]) + b"\0").decode(),
        b"SHORT": _short_rsa_key(),
        b"KEY": key.public,
        b"CERTIFICATE": key.path.with_name(key.path.name + "-cert.pub").read_text().strip(),
    }
    server = lab.server(server_kind, config=[f"RevokedKeys {path}"], authorized_keys=_line(authority))
    answers = []
    for name, content, _ in LISTS:
        for word, public in words.items():
            content = content.replace(word, public.encode())
        path.write_bytes(content)
        answers.append((name, lab.logs_in(client_kind, server, key)))
    assert answers == [(name, accepted) for name, _, accepted in LISTS]


# PermitRootLogin, options of the key's line, and whether root logs in.
ROOT = [
    ("yes", "", True),
    ("prohibit-password", "", True),
    ("forced-commands-only", "", False),
    ("forced-commands-only", 'command="true"', True),
    ("no", "", False),
    ("no", 'command="true"', False),
]


@BOTH
@pytest.mark.skipif(os.getuid() != 0, reason="the account of the tests is not root")
@pytest.mark.parametrize("value, options, accepted", ROOT)
def test_root_logs_in_as_permit_root_login_says(lab, client_kind, server_kind, value, options, accepted):
    keys = f"{options} {lab.keys.user.public}\n"
    server = lab.server(server_kind, config=[f"PermitRootLogin {value}"], authorized_keys=keys)
    assert lab.logs_in(client_kind, server, lab.keys.user) == accepted, server.log()


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
@pytest.mark.ours_only("before 10.3 sshd let such a certificate log in by a cert-authority line")
def test_certificate_for_nobody_in_particular_does_not_log_in(lab, authority, client_kind, server_kind):
    server = lab.server(server_kind, authorized_keys=_line(authority))
    key = authority.certify(lab.keys.named("certified"), f"certificate-{uuid.uuid4()}", "-I", "x")
    assert not lab.logs_in(client_kind, server, key)


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
@pytest.mark.ours_only("sshd says so at each login, and for TrustedUserCAKeys at LogLevel DEBUG2 only")
def test_what_is_wrong_with_a_list_of_keys_is_logged_once(lab, authority, client_kind, server_kind, tmp_path):
    config = _trusting(tmp_path, f"{authority.public}\nthis is no key\n")
    revoked = _written(tmp_path / "revoked", "")
    server = lab.server(server_kind, config=[*config, f"RevokedKeys {revoked}"])
    key = _certificate(lab, authority)
    for _ in range(2):
        assert lab.logs_in(client_kind, server, key)
    said = [line for line in server.log().splitlines() if "TrustedUserCAKeys" in line]
    assert len(said) == 1 and f"{tmp_path}/trusted: line 2: " in said[0], said
    revoked.write_text("this is no key\n")
    for _ in range(2):
        assert not lab.logs_in(client_kind, server, key)
    said = [line for line in server.log().splitlines() if "nobody may log in" in line]
    assert len(said) == 1 and f"RevokedKeys {revoked}: line 1: " in said[0], said


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
@pytest.mark.ours_only("sshd has this since 10.5 only")
def test_principals_may_stand_in_one_of_several_files(lab, client_kind, server_kind):
    authority, key = lab.keys.named("authority"), lab.keys.named("certified")
    certified = authority.certify(key, "certificate-of-a-device", "-I", "device-1", "-n", "field")
    trusted, folder = lab.directory / "trusted", lab.directory / "principals"
    trusted.write_text(authority.public + "\n")
    folder.mkdir()
    config = [f"TrustedUserCAKeys {trusted}", f"AuthorizedPrincipalsFile {folder}/%u-[0-9]*"]
    server = lab.server(server_kind, config=config, authorized_keys="# nobody\n")
    for name, text in (("1", "office\n"), ("x", "field\n"), ("2", "# field\n")):
        (folder / f"{server.user}-{name}").write_text(text)
    assert not lab.logs_in(client_kind, server, key=certified)
    (folder / f"{server.user}-3").write_text("nonsense option field\nfield\n")
    assert lab.logs_in(client_kind, server, key=certified)
