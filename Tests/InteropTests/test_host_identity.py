"""How the relay proves who it is, and what it says before a login: certificates, key rotation, banner, names."""

import socket
import subprocess

import pytest

from harness import settings, traffic
from harness.attacks import Bystander, Insider, text, uint32
from harness.keys import KeyPair, known_hosts_line, revocation_list
from harness.lab import transfer
from harness.network import free_port, wait_until
from harness.settings import LOOPBACK, MIB, USER

CLIENTS = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay", "sshd"])
SSH = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
SWSSH = pytest.mark.pairs(clients=["swssh"], servers=["relay", "sshd"])
BOTH = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay"])


def _certified(lab, *arguments, name=LOOPBACK):
    """A server's host key with a certificate, and the authority that signed it."""
    authority = KeyPair(lab.directory / "authority")
    key = KeyPair(lab.directory / "host")
    if not arguments:
        arguments = ("-V", "always:forever")
    certified = authority.certify(key, "certified", "-h", "-I", "host", "-n", name, *arguments)
    return certified, authority


def _certificate(key):
    return key.path.with_name(key.path.name + "-cert.pub")


def _start(lab, client_kind, server, known_hosts, *options, **arguments):
    """A client with just this known_hosts and strict checking; gives it and its forwarded port."""
    port = free_port()
    path = lab.directory / f"known_hosts-{port}"
    path.write_text(known_hosts)
    options = ["-o", f"UserKnownHostsFile={path}", *options]
    client = lab.client(client_kind, server, local=[f"{port}:{lab.target}"], options=options, wait=False, **arguments)
    return client, port


def _connects(lab, client_kind, server, known_hosts, *options):
    client, port = _start(lab, client_kind, server, known_hosts, *options)
    client.wait_until_ready()
    transfer(traffic.connect(port), MIB)
    return client


def _is_refused(lab, client_kind, server, known_hosts, *options):
    client, _ = _start(lab, client_kind, server, known_hosts, *options)
    assert client.wait() == 255
    return client.log()


def _certified_server(lab, server_kind, *arguments, **names):
    key, authority = _certified(lab, *arguments, **names)
    server = lab.server(server_kind, host_key=key, config=[f"HostCertificate {_certificate(key)}"])
    return server, f"@cert-authority * {authority.public}\n", authority


@CLIENTS
def test_certificate_of_a_trusted_authority_is_enough(lab, client_kind, server_kind):
    server, trusted, authority = _certified_server(lab, server_kind)
    _connects(lab, client_kind, server, trusted)
    _connects(lab, client_kind, server, f"@cert-authority [{LOOPBACK}]:{server.port} {authority.public}\n")
    # An authority that is trusted with other hosts proves nothing.
    log = _is_refused(lab, client_kind, server, f"@cert-authority *.example {authority.public}\n")
    assert "key" in log


@CLIENTS
def test_without_a_trusted_authority_the_key_in_the_certificate_counts(lab, client_kind, server_kind):
    server, _, _ = _certified_server(lab, server_kind)
    known = known_hosts_line(LOOPBACK, server.port, server.host_key.public)
    _connects(lab, client_kind, server, known)
    stranger = KeyPair(lab.directory / "stranger").public
    _connects(lab, client_kind, server, known + f"@cert-authority * {stranger}\n")


BAD = {
    "another host's name": {"name": "other.example"},
    "a pattern that does not match": {"name": "*.example"},
    "expired": {"arguments": ("-V", "20200101:20210101")},
    "not yet valid": {"arguments": ("-V", "20990101:20990201")},
    "a critical option": {"arguments": ("-O", "critical:nonsense@example.com=x")},
}


@CLIENTS
@pytest.mark.parametrize("reason", BAD)
def test_certificate_that_does_not_hold_leaves_its_key(lab, client_kind, server_kind, reason):
    case = BAD[reason]
    server, trusted, _ = _certified_server(
        lab, server_kind, *case.get("arguments", ()), name=case.get("name", LOOPBACK)
    )
    log = _is_refused(lab, client_kind, server, trusted)
    assert "ertificate" in log
    _connects(lab, client_kind, server, trusted + known_hosts_line(LOOPBACK, server.port, server.host_key.public))


@SWSSH
def test_wildcards_in_a_host_certificate_count(lab, client_kind, server_kind):
    server, trusted, _ = _certified_server(lab, server_kind, name="127.0.0.*")
    if settings.SWSSH:
        _connects(lab, client_kind, server, trusted)


@SWSSH
def test_empty_principals_stand_for_nobody(lab, client_kind, server_kind):
    authority = KeyPair(lab.directory / "authority")
    key = authority.certify(KeyPair(lab.directory / "host"), "certified", "-h", "-I", "host")
    server = lab.server(server_kind, host_key=key, config=[f"HostCertificate {_certificate(key)}"])
    if settings.SWSSH:
        _is_refused(lab, client_kind, server, f"@cert-authority * {authority.public}\n")


@CLIENTS
def test_revoked_authority_is_refused_even_if_the_key_is_known(lab, client_kind, server_kind):
    server, trusted, authority = _certified_server(lab, server_kind)
    known = known_hosts_line(LOOPBACK, server.port, server.host_key.public)
    log = _is_refused(lab, client_kind, server, f"{trusted}@revoked * {authority.public}\n{known}")
    assert "revoked" in log.lower()
    listed = lab.directory / "revoked"
    listed.write_text(authority.public + "\n")
    log = _is_refused(lab, client_kind, server, trusted + known, "-o", f"RevokedHostKeys={listed}")
    assert "revoked" in log.lower()
    binary = revocation_list(lab.directory / "revoked.krl", server.host_key.path.with_suffix(".pub"))
    log = _is_refused(lab, client_kind, server, trusted + known, "-o", f"RevokedHostKeys={binary}")
    assert "revoked" in log.lower()


@CLIENTS
def test_algorithms_choose_between_certificate_and_key(lab, client_kind, server_kind):
    server, trusted, _ = _certified_server(lab, server_kind)
    known = known_hosts_line(LOOPBACK, server.port, server.host_key.public)
    _is_refused(lab, client_kind, server, trusted, "-o", "HostKeyAlgorithms=ssh-ed25519")
    _connects(lab, client_kind, server, known, "-o", "HostKeyAlgorithms=ssh-ed25519")
    only = ("-o", "HostKeyAlgorithms=ssh-ed25519-cert-v01@openssh.com")
    _connects(lab, client_kind, server, trusted, *only)
    authorities = ("-o", "CASignatureAlgorithms=rsa-sha2-512")
    _is_refused(lab, client_kind, server, trusted, *authorities)


@BOTH
def test_host_key_algorithms_of_the_relay_leave_the_certificate_out(lab, client_kind, server_kind):
    key, authority = _certified(lab)
    config = [f"HostCertificate {_certificate(key)}", "HostKeyAlgorithms ssh-ed25519"]
    server = lab.server(server_kind, host_key=key, config=config)
    _is_refused(lab, client_kind, server, f"@cert-authority * {authority.public}\n")
    _connects(lab, client_kind, server, known_hosts_line(LOOPBACK, server.port, key.public))


@SSH
def test_certificate_without_its_key_is_an_error_line_and_no_more(lab, client_kind, server_kind):
    authority = KeyPair(lab.directory / "authority")
    other = authority.certify(KeyPair(lab.directory / "other"), "certified", "-h", "-I", "other", "-n", LOOPBACK)
    config = [f"HostCertificate {_certificate(other)}", f"HostCertificate {lab.directory}/missing"]
    server = lab.server(server_kind, config=config)
    server.wait_for_log(lambda line: "No matching private key for certificate" in line and str(other.path) in line)
    server.wait_for_log(lambda line: "Could not load host certificate" in line and "missing" in line)
    _connects(lab, client_kind, server, server.known_hosts)


# Keys of every type.

FORMS = ("RFC4716", "PEM", "PKCS8")
KINDS = [("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521), ("rsa", 2048), ("rsa", 4096)]
RSA_SIGNATURES = ("rsa-sha2-256", "rsa-sha2-512")


def _signatures(kind, bits):
    return RSA_SIGNATURES if kind == "rsa" else (f"ecdsa-sha2-nistp{bits}",)


@CLIENTS
@pytest.mark.parametrize("kind, bits", KINDS)
def test_host_key_of_each_type_proves_the_server_and_renews_keys(lab, client_kind, server_kind, kind, bits):
    key = KeyPair(lab.directory / "key", kind, bits)
    server = lab.server(server_kind, host_key=key)
    for signature in _signatures(kind, bits):
        options = ("-o", f"HostKeyAlgorithms={signature}", "-o", "RekeyLimit=256K")
        client = _connects(lab, client_kind, server, server.known_hosts, *options)
        client.stop()
    # Another key under the server's name is an alarm, whatever its type.
    stranger = known_hosts_line(LOOPBACK, server.port, KeyPair(lab.directory / "stranger", kind, bits).public)
    _is_refused(lab, client_kind, server, stranger)


@BOTH
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_host_key_files_of_each_form_are_read(lab, client_kind, server_kind, kind, form):
    server = lab.server(server_kind, host_key=KeyPair(lab.directory / "key", kind, form=form))
    _connects(lab, client_kind, server, server.known_hosts)


@CLIENTS
@pytest.mark.parametrize("kind, bits", KINDS[:4])
def test_certificates_of_each_type_of_key(lab, client_kind, server_kind, kind, bits):
    authority = KeyPair(lab.directory / "authority")
    key = authority.certify(
        KeyPair(lab.directory / "host", kind, bits), "certified", "-h", "-I", "host", "-n", LOOPBACK
    )
    server = lab.server(server_kind, host_key=key, config=[f"HostCertificate {_certificate(key)}"])
    trusted = f"@cert-authority * {authority.public}\n"
    for signature in _signatures(kind, bits):
        client = _connects(
            lab, client_kind, server, trusted, "-o", f"HostKeyAlgorithms={signature}-cert-v01@openssh.com"
        )
        client.stop()
    _is_refused(lab, client_kind, server, trusted, "-o", f"HostKeyAlgorithms={_signatures(kind, bits)[0]}")


@CLIENTS
def test_who_knows_only_one_of_several_keys_is_shown_that_one(lab, client_kind, server_kind):
    keys = [KeyPair(lab.directory / kind, kind) for kind in ("rsa", "ecdsa", "ed25519")]
    server = lab.server(server_kind, host_key=keys[0], config=[f"HostKey {key.path}" for key in keys[1:]])
    for key in keys:
        client = _connects(lab, client_kind, server, known_hosts_line(LOOPBACK, server.port, key.public))
        client.stop()


@CLIENTS
@pytest.mark.parametrize("signature", RSA_SIGNATURES)
def test_client_of_the_old_rsa_key_learns_the_others(lab, client_kind, server_kind, signature):
    keys = [KeyPair(lab.directory / kind, kind) for kind in ("ed25519", "ecdsa", "rsa")]
    keys.append(KeyPair(lab.directory / "rsa-2", "rsa"))
    # Of two keys of one type, the first is shown.
    server = lab.server(server_kind, host_key=keys[2], config=[f"HostKey {key.path}" for key in keys])
    known = lab.directory / "known_hosts"
    known.write_text(server.known_hosts)
    options = ["-o", f"UserKnownHostsFile={known}", "-o", "UpdateHostKeys=yes"]
    options += ["-o", f"HostKeyAlgorithms={signature},ssh-ed25519,ecdsa-sha2-nistp256"]
    client, _ = lab.local_forward(client_kind, server, options=options)
    wait_until(lambda: all(key.public in known.read_text() for key in keys), 10, "all keys in known_hosts")
    client.stop()


@pytest.mark.ours_only("the words of the relay")
@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
@pytest.mark.parametrize(
    "line", ["HostKeyAlgorithms rsa-sha2-512", "HostKeyAlgorithms -ssh-ed25519*", "HostKeyAlgorithms ecdsa-*"]
)
def test_configuration_that_leaves_no_host_key_algorithm_does_not_start(lab, client_kind, server_kind, line):
    config = lab.directory / "config"
    config.write_text(f"HostKey {lab.keys.host.path}\nPort {free_port()}\n{line}\n")
    for arguments in (["-t"], ["-D", "-e"]):
        result = subprocess.run([settings.RELAY, "-f", config, *arguments], capture_output=True, text=True, timeout=20)
        assert result.returncode == 255, result
        assert f"{config} line 3: HostKeyAlgorithms: " in result.stderr, result.stderr


@pytest.mark.ours_only("relay keygen")
@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
@pytest.mark.parametrize(
    "arguments, bits, name",
    [
        ([], "256", "ED25519"),
        (["-t", "ed25519"], "256", "ED25519"),
        (["-t", "ecdsa"], "256", "ECDSA"),
        (["-t", "ecdsa", "-b", "384"], "384", "ECDSA"),
        (["-t", "ecdsa", "-b", "521"], "521", "ECDSA"),
        (["-t", "rsa"], "3072", "RSA"),
        (["-t", "rsa", "-b", "2048"], "2048", "RSA"),
    ],
)
def test_keygen_makes_keys_of_each_type(lab, client_kind, server_kind, arguments, bits, name):
    path = lab.directory / "made"
    made = subprocess.run(
        [settings.RELAY, "keygen", "-f", path, *arguments], capture_output=True, text=True, check=True
    )
    assert path.stat().st_mode & 0o777 == 0o600
    for file in (path, path.with_suffix(".pub")):
        told = subprocess.run(["ssh-keygen", "-l", "-f", file], capture_output=True, text=True, check=True).stdout.split()
        assert (told[0], told[1], told[-1]) == (bits, made.stdout.split()[0], f"({name})")
    again = subprocess.run([settings.RELAY, "keygen", "-f", path, *arguments], capture_output=True, text=True)
    assert again.returncode != 0
    server = lab.server(server_kind, host_key=KeyPair(path))
    _connects(lab, client_kind, server, server.known_hosts)


# Learning new keys, and forgetting old ones.


@BOTH
def test_client_learns_the_next_key_and_forgets_the_last(lab, client_kind, server_kind):
    following = KeyPair(lab.directory / "following")
    server = lab.server(server_kind, config=[f"HostKey {lab.keys.host.path}", f"HostKey {following.path}"])
    known = lab.directory / "known_hosts"
    known.write_text(server.known_hosts)
    new_line = known_hosts_line(LOOPBACK, server.port, following.public).strip()
    options = ["-o", f"UserKnownHostsFile={known}", "-o", "UpdateHostKeys=yes"]
    client, _ = lab.local_forward(client_kind, server, options=options)
    wait_until(lambda: new_line in known.read_text().splitlines(), 10, "the second key in known_hosts")
    assert server.known_hosts.strip() in known.read_text().splitlines()
    client.stop()
    server.stop()
    # The old key is gone: who proves the new one has it forgotten.
    server = lab.server(server_kind, host_key=following, port=server.port)
    client, _ = lab.local_forward(client_kind, server, options=options)
    wait_until(lambda: known.read_text().splitlines() == [new_line], 10, "the first key gone from known_hosts")


@SWSSH
def test_swssh_learns_from_sshd_only_when_told_to(lab, client_kind, server_kind):
    following = KeyPair(lab.directory / "following")
    server = lab.server(server_kind, config=[f"HostKey {lab.keys.host.path}", f"HostKey {following.path}"])
    known = lab.directory / "known_hosts"
    known.write_text(server.known_hosts)
    options = ["-o", f"UserKnownHostsFile={known}"]
    client, port = lab.local_forward(client_kind, server, options=options)
    transfer(traffic.connect(port), MIB)
    client.stop()
    assert known.read_text() == server.known_hosts
    options += ["-o", "UpdateHostKeys=yes", "-o", "HashKnownHosts=yes"]
    client, _ = lab.local_forward(client_kind, server, options=options)
    wait_until(lambda: following.public in known.read_text(), 10, "the second key in known_hosts")
    assert known.read_text().startswith(server.known_hosts)
    assert following.public.split()[1] in known.read_text().splitlines()[1]


PROOF = b"\x50" + text(b"hostkeys-prove-00@openssh.com") + b"\x01"


@pytest.mark.ours_only("bounds of the relay")
@pytest.mark.pairs(clients=["ssh"], servers=["relay"], needs="local")
def test_proofs_are_bounded_and_nothing_foreign_is_signed(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    honest = Bystander(lab, client_kind, server)
    insider = Insider(server, lab.keys.user)
    payloads = [PROOF, PROOF + uint32(0xFFFFFFFF), PROOF + text(b"x"), PROOF + text(b"") * 5000, PROOF + b"\0" * 30000]
    insider.say_all(payloads * 10)
    assert not insider.ends(1)
    honest.check()
    insider.close()


# Before the login.


@CLIENTS
def test_banner_is_shown_once_to_those_whom_match_names(lab, client_kind, server_kind):
    banner = lab.directory / "banner"
    banner.write_text("This is a private system.\n")
    block = f"Match User {USER}"
    shown, hidden = f"Banner {banner}", "Banner none"
    for head, matched, times in [
        (shown, (), 1),
        (hidden, (), 0),
        (hidden, (block, shown), 1),
        (shown, (block, hidden), 0),
        (shown, ("Match User nobody-else", hidden), 1),
        (f"Banner {lab.directory}/missing", (), 0),
    ]:
        server = _configured(lab, server_kind, [head], matched)
        client = _connects(lab, client_kind, server, server.known_hosts)
        assert client.log().count("private system") == times, (head, matched)
        client.stop()
        server.stop()


def _configured(lab, server_kind, heads, matched=()):
    """A server with lines at the head of its file, and a Match block at its end."""
    server = lab.server(server_kind, config=heads)
    if not matched:
        return server
    server.stop()
    server.config_path.write_text(server.config_path.read_text() + "\n".join(matched) + "\n")
    server.program = lab.programs.start([*server.command(), "-f", server.config_path, "-D", "-e"], server.kind)
    server._wait_until_ready()
    return server


@pytest.mark.ours_only("bounds of the relay")
@SSH
def test_banner_that_is_too_long_is_not_shown_and_named_in_the_log(lab, client_kind, server_kind):
    banner = lab.directory / "banner"
    banner.write_text("x" * (256 * 1024 + 1))
    server = lab.server(server_kind, config=[f"Banner {banner}"])
    client = _connects(lab, client_kind, server, server.known_hosts)
    assert "xxxx" not in client.log()
    server.wait_for_log(lambda line: str(banner) in line)
    banner.write_text("y" * 256 * 1024)
    client = _connects(lab, client_kind, server, server.known_hosts)
    assert client.log().count("y") >= 256 * 1024


@SSH
def test_long_banner_arrives_as_it_is(lab, client_kind, server_kind):
    banner = lab.directory / "banner"
    text = "".join(f"line {number} of a private system\n" for number in range(3_000))
    banner.write_text(text)
    server = lab.server(server_kind, config=[f"Banner {banner}"])
    client = _connects(lab, client_kind, server, server.known_hosts)
    assert text in client.log().replace("\r", "")


@pytest.mark.pairs(clients=["ssh"], servers=["relay", "sshd"], compare=True)
def test_version_addendum_follows_the_version(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["VersionAddendum of example"])
    with socket.create_connection((LOOPBACK, server.port), timeout=10) as connection:
        line = connection.makefile("rb").readline(256)
    assert line.startswith(b"SSH-2.0-") and line.endswith(b" of example\r\n")
    _connects(lab, client_kind, server, server.known_hosts)


@pytest.mark.pairs(clients=["swssh"], servers=["sshd"])
def test_version_addendum_of_the_client(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    if settings.SWSSH:
        _connects(lab, client_kind, server, server.known_hosts, "-o", "VersionAddendum=from a test")
        server.wait_for_log(lambda line: "remote software version" in line and "from a test" in line)
        log = _is_refused(lab, client_kind, server, server.known_hosts, "-o", "VersionAddendum=" + "x" * 250)
        assert "VersionAddendum" in log


@pytest.mark.pairs(clients=["ssh"], servers=["relay", "sshd"], compare=True)
def test_names_of_clients_count_under_usedns_alone(lab, client_kind, server_kind):
    name = socket.gethostbyaddr(LOOPBACK)[0]
    rule = f"AllowUsers {USER}@{name}"
    _connects(lab, client_kind, *_with_known(lab.server(server_kind, config=["UseDNS yes", rule])))
    _is_refused(lab, client_kind, *_with_known(lab.server(server_kind, config=["UseDNS no", rule])))
    keys = f'from="{name}" {lab.keys.user.public}\n'
    server = lab.server(server_kind, config=["UseDNS yes"], authorized_keys=keys)
    _connects(lab, client_kind, *_with_known(server))
    server = lab.server(server_kind, config=["UseDNS no"], authorized_keys=keys)
    _is_refused(lab, client_kind, *_with_known(server))
    server = _configured(lab, server_kind, ["UseDNS yes"], [f"Match Host {name}", "AllowUsers nobody-else"])
    _is_refused(lab, client_kind, *_with_known(server))
    # A rule against all other names does not hold before the name is known.
    server = _configured(lab, server_kind, ["UseDNS yes"], [f"Match Host *,!{name}", "AllowUsers nobody-else"])
    _connects(lab, client_kind, *_with_known(server))


@pytest.mark.ours_only("RefuseConnection of a newer sshd than the tests' own")
@SSH
def test_refusals_by_name_wait_for_the_name(lab, client_kind, server_kind):
    name = socket.gethostbyaddr(LOOPBACK)[0]
    block = [f"Match Host *,!{name}", "RefuseConnection yes"]
    _connects(lab, client_kind, *_with_known(_configured(lab, server_kind, ["UseDNS yes"], block)))
    block = [f"Match Host {name}", "RefuseConnection yes"]
    _is_refused(lab, client_kind, *_with_known(_configured(lab, server_kind, ["UseDNS yes"], block)))


def _with_known(server):
    return server, server.known_hosts


@pytest.mark.ours_only("the relay's messages")
@pytest.mark.parametrize(
    "line", ["UseDNS perhaps", "VersionAddendum " + "x" * 250, "Banner", "HostCertificate", "Match User x\nUseDNS yes"]
)
def test_wrong_values_refuse_to_start_with_file_and_line(lab, line):
    server = lab.server("relay")
    server.stop()
    server.config_path.write_text(server.config_path.read_text() + line + "\n")
    program = lab.programs.start([*server.command(), "-f", server.config_path, "-D", "-e"], "bad")
    assert program.wait(10) not in (0, None)
    number = len(server.config_path.read_text().splitlines())
    assert f"{server.config_path} line {number}: {line.splitlines()[-1].split()[0]}" in program.log()
