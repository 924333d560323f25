"""Deeds of those who have the right key, or nearly: logins, forwards that are refused, revoked and expired keys."""

import signal
import subprocess

from .deeds import forward_until, ssh, strangers, told
from .keys import revocation_list
from .network import free_port
from .settings import LOOPBACK, USER, program


@told()
def second_key_is_right(lab, server):
    forward_until(lab, server, signal.SIGTERM, keys=[*strangers(lab, 1), lab.keys.user])


@told()
def client_ends_politely(lab, server):
    forward_until(lab, server, signal.SIGTERM)


@told()
def client_is_killed(lab, server):
    forward_until(lab, server, signal.SIGKILL)


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


@told(["AllowUsers somebody"])
def not_in_allow_users(lab, server):
    ssh(lab, server)


@told([f"DenyUsers {USER}"])
def in_deny_users(lab, server):
    ssh(lab, server)


@told(["AllowGroups somebody"])
def not_in_allow_groups(lab, server):
    ssh(lab, server)


@told([f"DenyGroups {USER}"])
def in_deny_groups(lab, server):
    ssh(lab, server)


@told(["PermitRootLogin no"])
def root_where_it_may_not(lab, server):
    ssh(lab, server)


@told(["StrictModes yes"])
def folder_that_others_can_write_to(lab, server):
    server.authorized_keys.parent.chmod(0o777)
    ssh(lab, server)


@told()
def folder_in_place_of_the_keys(lab, server):
    server.authorized_keys.unlink()
    server.authorized_keys.mkdir()
    ssh(lab, server)


@told(match=[f"Match User {USER}", "MaxAuthTries 2"])
def tries_of_a_match_block(lab, server):
    ssh(lab, server, keys=[*strangers(lab, 4), lab.keys.user])


@told(match=[f"Match User !{USER},*", "MaxAuthTries 1"])
def tries_of_others(lab, server):
    forward_until(lab, server, signal.SIGTERM, keys=[*strangers(lab, 2), lab.keys.user])


@told(
    ["PubkeyAcceptedAlgorithms ecdsa-sha2-nistp256"],
    match=[f"Match User {USER}", "PubkeyAcceptedAlgorithms ssh-ed25519"],
)
def algorithms_of_a_match_block(lab, server):
    forward_until(lab, server, signal.SIGTERM)


@told(match=[f"Match User {USER}", "LogLevel VERBOSE"])
def level_of_a_match_block(lab, server):
    forward_until(lab, server, signal.SIGTERM, keys=[*strangers(lab, 1), lab.keys.user])


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
    forward_until(lab, server, signal.SIGTERM, [_certificate(lab, "good", "-z", "77")])


@told([_trusted])
def certificate_of_a_trusted_authority(lab, server):
    forward_until(lab, server, signal.SIGTERM, [_certificate(lab, "good", "-z", "77")])


@told(keys=_authority)
def expired_certificate(lab, server):
    ssh(lab, server, keys=[_certificate(lab, "expired", "-V", "-2h:-1h")])


def _principals(lab):
    path = lab.directory / "principals"
    path.write_text(f"{USER}\n")
    path.chmod(0o666)
    return f"AuthorizedPrincipalsFile {path}"


@told([_trusted, _principals, "StrictModes yes"])
def principals_that_others_can_write(lab, server):
    # Else the key's own file is told of as well, and by sshd for each try.
    server.authorized_keys.unlink()
    ssh(lab, server, keys=[_certificate(lab, "good", "-z", "77")])


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


@told([_trusted])
def certificate_of_a_trusted_authority_from_elsewhere(lab, server):
    ssh(lab, server, keys=[_certificate(lab, "elsewhere", "-O", "source-address=192.0.2.0/24")])


@told(keys=lambda lab: _authority(lab).replace(" ", ',principals="operators" ', 1))
def certificate_without_the_wanted_principal(lab, server):
    ssh(lab, server, keys=[_certificate(lab, "good", "-z", "77")])


@told()
def certificate_of_an_unknown_authority(lab, server):
    ssh(lab, server, keys=[_certificate(lab, "expired", "-V", "-2h:-1h")])


@told(["ClientAliveInterval 1", "ClientAliveCountMax 1"])
def client_falls_silent(lab, server):
    forward_until(lab, server, signal.SIGSTOP, until=lambda: "Timeout, client" in server.log())


def _of_type(lab, kind):
    path = lab.keys.directory / f"log-{kind}"
    if not path.exists():
        words = [program("ssh-keygen"), "-q", "-t", kind, "-N", "", "-f", path]
        subprocess.run(list(map(str, words)), check=True, timeout=60)
    return lab.keys.named(path.name)


@told(keys=lambda lab: _of_type(lab, "rsa").public)
def rsa_key(lab, server):
    forward_until(lab, server, signal.SIGTERM, [_of_type(lab, "rsa")])


@told(keys=lambda lab: _of_type(lab, "ecdsa").public)
def ecdsa_key(lab, server):
    forward_until(lab, server, signal.SIGTERM, [_of_type(lab, "ecdsa")])
