"""Generated policies: configurations, authorized_keys lines and requests, all from one seed."""

import io
import os

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .settings import USER

# sshd lets only its own user in when it does not run as root. These accounts are there on every system.
USERS = [USER, "daemon", "games"] if os.getuid() == 0 else [USER]
SOURCES = ["127.0.0.1", "127.0.0.3"]
TARGETS = ["127.0.0.1", "127.0.0.2"]

_CONDITIONS = [
    "User {user}",
    "User {user},x*",
    "User *,!{user}",
    "User {other}",
    "User ?{rest}",
    "Address 127.0.0.3",
    "Address 127.0.0.0/8",
    "Address *,!127.0.0.3",
    "Address 127.0.0.3/32,!127.0.0.1",
    "Address ::1,10.0.0.0/8",
    "LocalAddress 127.0.0.2",
    "LocalAddress 127.0.0.?",
    "LocalPort {first}",
    "LocalPort {second}",
    "User {user} LocalPort {second}",
    "User {user} Address 127.0.0.1 LocalAddress 127.0.0.1",
    "Host 127.0.0.*",
    "Group {group},nosuchgroup",
    "Group *,!{group}",
    "all",
]
# Who may log in; in most files it is nobody's concern.
_LOGINS = [
    "AllowUsers {user} {other}",
    "AllowUsers *@127.0.0.0/8",
    "AllowUsers {user}@127.0.0.3 {other}@127.0.0.1",
    "AllowUsers ?*,!{user}",
    "AllowUsers {user}@!127.0.0.3,*",
    "DenyUsers {other}",
    "DenyUsers {user}@127.0.0.3",
    "DenyUsers *@127.1",
    "AllowGroups {group} root",
    "DenyGroups {group}",
    "PubkeyAuthentication no",
    "AuthorizedKeysFile none",
    "PubkeyAcceptedAlgorithms rsa-sha2-512",
    "PubkeyAcceptedAlgorithms ssh-*",
    "AuthenticationMethods publickey",
]
_FORWARDING = [
    "AllowTcpForwarding yes",
    "AllowTcpForwarding all",
    "AllowTcpForwarding no",
    "AllowTcpForwarding local",
    "AllowTcpForwarding remote",
    "DisableForwarding yes",
    "DisableForwarding no",
    "AllowTcpForwarding yes",
    "GatewayPorts no",
    "GatewayPorts yes",
    "GatewayPorts clientspecified",
]
_LISTEN_HOSTS = [
    "localhost",
    "127.0.0.1",
    "127.0.0.*",
    "*",
    "*host",
    "[::1]",
    "[::]",
    "0.0.0.0",
    "[*]",
    "LOCALHOST",
    "?",
]
_OPEN_HOSTS = ["localhost", "127.0.0.1", "127.0.0.*", "*", "LOCALHOST", "[::1]", "[127.0.0.1]", "0x7f000001", "127.1"]
REQUESTED_BINDS = [
    "",
    "localhost",
    "127.0.0.1",
    "::1",
    "*",
    "0.0.0.0",
    "::",
    "LOCALHOST",
    "LocalHost",
    "127.0.0.2",
    "127.0.0.9",
    "127.0.0.*",
    "[::1]",
    "127.1",
    "0x7f000001",
    "::ffff:127.0.0.1",
    "0:0:0:0:0:0:0:1",
    "::0",
    "nosuchname.invalid",
    "localhost.",
    " localhost",
]
REQUESTED_HOSTS = [
    "127.0.0.1",
    "localhost",
    "LOCALHOST",
    "127.0.0.2",
    "127.1",
    "0x7f000001",
    "2130706433",
    "0.0.0.0",
    "::ffff:127.0.0.1",
    "::1",
    "[127.0.0.1]",
    "*",
    "127.0.0.*",
    "nosuchname.invalid",
]
_MALFORMED = [
    'permitlisten="{p1}:{p2}:{p3}"',
    'permitlisten=""',
    'permitlisten="0"',
    'permitlisten="localhost:0"',
    'permitlisten="localhost:65536"',
    'permitlisten="localhost:-1"',
    "permitlisten={p1}",
    'permitlisten="{p1}',
    "permitlisten",
    'permitopen="{open}"',
    'permitopen="127.0.0.1"',
    'permitopen="127.0.0.1:"',
    'permitopen="127.0.0.1:0"',
    'permitopen="[::1:{open}"',
    'permitopen="*:*" ,pty',
    "no-such-option",
    'no-such-option="1"',
    'restrict="1"',
    'command="one",command="two"',
    'from="127.0.0.1",from="127.0.0.1"',
    'from="127.0.0.1/8"',
    'from=""',
    'principals="root"',
    'expiry-time="yesterday"',
    'expiry-time="20301301"',
    'environment="1 2"',
    'tunnel="x"',
    "restrict port-forwarding",
]
_LOGIN = [
    'from="127.0.0.1"',
    'from="127.0.0.3,127.0.0.1"',
    'from="!127.0.0.3,*"',
    'from="127.0.0.0/8,!127.0.0.1"',
    'from="!127.0.0.9"',
    'from="10.0.0.0/8,::1"',
    'from="LOCALHOST,127.0.0.?"',
    'expiry-time="20991231"',
    'expiry-time="209912312359Z"',
    'expiry-time="20200101"',
    'expiry-time="20991231",expiry-time="20200101"',
    'expiry-time="20380119031408"',
]
_HARMLESS = [
    "no-pty",
    "no-X11-forwarding",
    'command="echo \\"no, shell\\""',
    'environment="A=1"',
    "no-user-rc",
    "verify-required",
]
_SWITCHES = [
    "restrict",
    "port-forwarding",
    "no-port-forwarding",
    "restrict,port-forwarding",
    "port-forwarding,restrict",
    "no-port-forwarding,port-forwarding",
    "PORT-Forwarding",
    "Restrict",
    "restrict,,port-forwarding",
]


class Policies:
    """What one random source makes of the words above. `names` are the ports by which the words call them."""

    def __init__(self, random, names):
        self.random = random
        self.names = names

    def configuration(self):
        """Global lines, and lines with Match blocks for the end of the file."""
        lines = self._some_lines(3)
        if self.random.random() < 0.2:
            lines.append(self.random.choice(("AddressFamily inet", "AddressFamily any")))
        blocks = []
        for _ in range(self.random.randint(0, 4)):
            blocks.append("Match " + self._filled(self.random.choice(_CONDITIONS)))
            blocks += ["    " + line for line in self._some_lines(2)]
        return lines, blocks

    def key_lines(self, public):
        """One or two lines of authorized_keys for a key, the first of which may be void."""
        lines = [f"{self._options()} {public}".strip()]
        if self.random.random() < 0.2:
            void = self._filled(self.random.choice(_MALFORMED))
            lines.insert(self.random.choice((0, 1)), f"{void} {public}")
        return lines

    def listen_request(self):
        """The host and the port to listen on, and a host under which to cancel it."""
        hosts = ("localhost", "127.0.0.1") if self.random.random() < 0.3 else REQUESTED_BINDS
        host = self.random.choice(hosts)
        port = self._port(("p1", "p1", "p2", "p3", "p4"), 0.2)
        return host, port, self.random.choice(("localhost", "LOCALHOST", "*", host))

    def open_request(self):
        hosts = ("127.0.0.1", "localhost") if self.random.random() < 0.6 else REQUESTED_HOSTS
        return self.random.choice(hosts), self._port(("open", "open", "open", "closed"), 0.04)

    def _port(self, names, zeros):
        """A port by name, perhaps 0, and rarely one of those that do not exist: 16 bits of it are the port that does."""
        port = 0 if self.random.random() < zeros else self.names[self.random.choice(names)]
        return port if self.random.random() < 0.96 else port + self.random.choice((0x10000, 0x7FFF0000))

    def _some_lines(self, most):
        makers = [self._listen_line, self._open_line, self._forwarding_line, self._forwarding_line]
        lines = [self.random.choice(makers)() for _ in range(self.random.randint(0, most))]
        if self.random.random() < 0.15:
            lines.append(self._filled(self.random.choice(_LOGINS)))
        return lines

    def _forwarding_line(self):
        return self.random.choice(_FORWARDING)

    def _listen_line(self):
        return "PermitListen " + self._list(self._listen_permission)

    def _open_line(self):
        return "PermitOpen " + self._list(self._open_permission)

    def _list(self, permission):
        kind = self.random.random()
        if kind < 0.15:
            return "any" if kind < 0.08 else "none"
        return " ".join(permission() for _ in range(self.random.randint(1, 3)))

    def _listen_permission(self):
        port = self._filled(self.random.choice(("{p1}", "{p2}", "{p3}", "*")))
        return port if self.random.random() < 0.4 else f"{self.random.choice(_LISTEN_HOSTS)}:{port}"

    def _open_permission(self):
        host = self.random.choice(("127.0.0.1", "localhost", "*") if self.random.random() < 0.6 else _OPEN_HOSTS)
        return f"{host}:{self._filled(self.random.choice(('{open}', '{open}', '{closed}', '*')))}"

    def _options(self):
        options = []
        if self.random.random() < 0.45:
            options.append(self.random.choice(_SWITCHES))
        for _ in range(self.random.choice((0, 0, 1, 2, 3))):
            options.append(f'permitlisten="{self._listen_permission()}"')
        for _ in range(self.random.choice((0, 0, 1, 2))):
            options.append(f'permitopen="{self._open_permission()}"')
        if self.random.random() < 0.2:
            options.append(self.random.choice(_LOGIN))
        if self.random.random() < 0.2:
            options.append(self.random.choice(_HARMLESS))
        if self.random.random() < 0.1:
            options.append(self._filled(self.random.choice(_MALFORMED)))
        self.random.shuffle(options)
        return ",".join(options)

    def _filled(self, text):
        user = USERS[-1]
        return text.format(user=user, rest=user[1:], other=USERS[0], group=user, **self.names)


def make_key(random):
    """A key pair out of the random source: paramiko's object, and the public half as authorized_keys has it."""
    private = Ed25519PrivateKey.from_private_bytes(random.randbytes(32))
    text = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    ).decode()
    key = paramiko.Ed25519Key.from_private_key(io.StringIO(text))
    return key, f"ssh-ed25519 {key.get_base64()}"
