"""Certificates and revoked keys: the same files and the same ssh, put to the relay and to sshd, with the same answer."""

import os
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
