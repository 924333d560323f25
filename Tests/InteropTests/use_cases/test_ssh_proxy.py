"""SSH Proxy: two firewalled machines share a service through a public host, and need not trust one another's keys.

A device shares its screen (port 5900 there, the traffic server here) with a viewer; the proxy's account is the viewer's.
"""

import datetime
import tempfile
from pathlib import Path

import pytest

from harness import traffic
from harness.lab import transfer
from harness.neighbourhood import Neighbourhood
from harness.network import free_port, is_listening, wait_until
from harness.settings import MIB

CLIENTS = pytest.mark.parametrize("client_kind", ["ssh", "swssh"])
SERVERS = pytest.mark.parametrize("server_kind", ["relay", "sshd"])
PROXY = "proxy.example.com"
SAID = "ssh command restricted by authorized_keys"


class Scene:
    def __init__(self, lab, client_kind, restrictions="", config=(), server_kind="relay", line=None):
        self.lab = lab
        self.streets = Neighbourhood(lab, hosts=[PROXY], accounts=["viewer", "device", "port-forward-only"])
        self.device = self.streets.machine("workstation", client_kind)
        self.viewer = self.streets.machine("laptop", client_kind)
        self.port = free_port()
        line = line or f'{restrictions.format(port=self.port)} {self.device.key("id_proxy").public}'
        keys = {"viewer": [line, self.viewer.key().public], "port-forward-only": self.device.key("id_proxy").public}
        config = [line.format(port=self.port) for line in config]
        self.proxy = self.streets.proxy(keys, config, kind=server_kind)
        # ListenAddress 127.0.0.1, PasswordAuthentication no, PubkeyAuthentication yes
        open_line = f'restrict,command="echo \'{SAID}\'",port-forwarding,permitopen="localhost:{lab.traffic.port}"'
        self.sshd = self.streets.sshd(
            {"device": f"{open_line} {self.viewer.key().public}"}, host_key=lab.keys.named("workstation-host")
        )
        # What each of the two gets from the other as a file of public host keys.
        for machine in (self.device, self.viewer):
            machine.knows(self.proxy, PROXY)
        self.viewer.knows(self.sshd, "device_workstation", 22)

    def share(self, account="viewer"):
        """The ninth step, as written; the port of the device's sshd is not 22 here."""
        command = (
            f"ssh -nNT -R {self.port}:localhost:{self.sshd.port} -i ~/.ssh/id_proxy -o 'IdentitiesOnly yes' "
            f"-o 'StrictHostKeyChecking yes' -o 'ExitOnForwardFailure yes' -l {account} -p {self.proxy.port} {PROXY}"
        )
        return command.replace("~", str(self.device.home))

    def shared(self, **options):
        self.device.start(self.share(**options))
        wait_until(lambda: is_listening(self.port), 20, "the device's listener")


RESTRICTED = f'restrict,command="echo \'{SAID}\'",port-forwarding,permitlisten="{{port}}"'


@CLIENTS
def test_a_web_server_is_shared_in_three_steps(lab, client_kind):
    scene = Scene(lab, client_kind)
    (scene.device.home / "index.html").write_bytes(page := b"a page behind the tunnel\n" * 100_000)
    web, local = free_port(), free_port()
    scene.device.start(f"python3 -m http.server --bind 127.0.0.1 --directory {scene.device.home} {web}")
    wait_until(lambda: is_listening(web), 20, "the web server")
    # The first two would fork into the background with -f.
    scene.device.start(
        f"ssh -nNTR {scene.port}:localhost:{web} -p {scene.proxy.port} -i {scene.device.home}/.ssh/id_proxy viewer@{PROXY}"
    )
    wait_until(lambda: is_listening(scene.port), 20, "the remote forward")
    scene.viewer.start(f"ssh -nNTL {local}:localhost:{scene.port} -p {scene.proxy.port} viewer@{PROXY}")
    wait_until(lambda: is_listening(local), 20, "the local forward")
    assert scene.viewer.run(f"curl -sS --fail --noproxy '*' http://localhost:{local}/index.html") == page


def _view(scene, client_kind):
    """The tenth step, as written."""
    local = free_port()
    command = (
        f"ssh {{jump}} -L {local}:localhost:{scene.lab.traffic.port} -o 'ExitOnForwardFailure yes' "
        f"-o 'StrictHostKeyChecking yes' -l device -p {scene.port} -o 'HostKeyAlias device_workstation' -N localhost"
    )
    # The last -N: the key's command= lets no session last.
    scene.viewer.start(command.format(jump=f"-J viewer@{PROXY}:{scene.proxy.port}"))
    wait_until(lambda: is_listening(local), 20, "the viewer's forward")
    return local


@CLIENTS
def test_a_screen_is_shared_by_keys_that_may_do_nothing_else(lab, client_kind):
    scene = Scene(lab, client_kind, RESTRICTED)
    scene.shared()
    transfer(traffic.connect(_view(scene, client_kind)), 8 * MIB)
    key = f"-i {scene.device.home}/.ssh/id_proxy -p {scene.proxy.port} viewer@{PROXY}"
    # The key gets its line instead of a shell or a command, whatever it asks for, and no terminal or agent with it.
    for command in ("", "cat /etc/passwd", "-s sftp"):
        option, words = ("-s", "sftp") if command.startswith("-s") else ("", command)
        said = scene.device.run(f"/usr/bin/ssh -T {option} {key} {words} 2>&1", status=None)
        assert scene.device.status != 0 and (SAID.encode() in said or option)
        assert b"root:" not in said
    scene.device.run(f"ssh -N -o ExitOnForwardFailure=yes -R {free_port()}:localhost:1 {key}", status=255)


@CLIENTS
def test_a_screen_is_shared_by_configuration_blocks(lab, client_kind):
    scene = Scene(lab, client_kind, RESTRICTED)
    local = free_port()
    # The document has IdentitiesFile, which is no option of ssh's, and the name of an account that the proxy does not have.
    scene.device.configure(f"""
Host proxy
    Hostname {PROXY}
    Port {scene.proxy.port}
    User viewer
    StrictHostKeyChecking yes
    IdentityFile ~/.ssh/id_proxy
    IdentitiesOnly yes
    RemoteForward {scene.port} localhost:{scene.sshd.port}
    ExitOnForwardFailure yes
    RequestTTY no
Host *
    Protocol 2
    AddKeysToAgent yes
    IgnoreUnknown UseKeychain
    UseKeychain yes
""")
    scene.viewer.configure(f"""
Host device_workstation
    ProxyJump viewer@{PROXY}:{scene.proxy.port}
    User device
    Hostname localhost
    Port {scene.port}
    HostKeyAlias device_workstation
    StrictHostKeyChecking yes
    ExitOnForwardFailure yes
    LocalForward {local} localhost:{lab.traffic.port}
Host *
    AddKeysToAgent yes
    IgnoreUnknown UseKeychain
    UseKeychain yes
""")
    scene.device.start("ssh -nN proxy")
    wait_until(lambda: is_listening(scene.port), 20, "the device's listener")
    scene.viewer.start("ssh -N device_workstation")
    wait_until(lambda: is_listening(local), 20, "the viewer's forward")
    transfer(traffic.connect(local), 8 * MIB)


BLOCK = [
    "Match User port-forward-only",
    "ForceCommand echo 'ssh command forced by sshd_config'",
    "PermitTTY no",
    "AllowTcpForwarding remote",
    "PermitListen {port}",
]


@CLIENTS
@SERVERS
def test_an_account_that_only_forwards(lab, client_kind, server_kind):
    scene = Scene(lab, client_kind, config=BLOCK + ["Match all"], server_kind=server_kind)
    scene.shared(account="port-forward-only")
    transfer(traffic.connect(_view(scene, client_kind)), MIB)
    # AllowTcpForwarding remote leaves nothing to open.
    key = f"-i {scene.device.home}/.ssh/id_proxy -p {scene.proxy.port} port-forward-only@{PROXY}"
    scene.device.run(f"ssh -W localhost:{lab.traffic.port} {key}", status=255)
    said = scene.device.run(f"/usr/bin/ssh -T {key} cat /etc/passwd 2>&1", status=None)
    assert b"root:" not in said and b"ssh command forced by sshd_config" in said


@CLIENTS
@SERVERS
def test_the_block_as_written_forwards_nothing_in_either_server(lab, client_kind, server_kind):
    """DisableForwarding yes in the document's block overrides AllowTcpForwarding remote: it must be left out."""
    config = [*BLOCK[:1], "DisableForwarding yes", *BLOCK[1:], "Match all"]
    scene = Scene(lab, client_kind, config=config, server_kind=server_kind)
    scene.device.run(scene.share(account="port-forward-only"), status=255)
    assert not is_listening(scene.port)


@CLIENTS
def test_access_for_a_time(lab, client_kind):
    """Apply an expiry-time to your authorized_keys to grant temporary access."""
    now = datetime.datetime.now(datetime.timezone.utc)
    past = (now - datetime.timedelta(minutes=1)).strftime("%Y%m%d%H%M%SZ")
    scene = Scene(lab, client_kind, f'expiry-time="{past}",{RESTRICTED}')
    scene.device.run(scene.share(), status=255)
    soon = now + datetime.timedelta(hours=1)
    scene = Scene(lab, client_kind, f'expiry-time="{soon:%Y%m%d%H%M%SZ}",{RESTRICTED}')
    scene.shared()
    transfer(traffic.connect(_view(scene, client_kind)), MIB)


@pytest.mark.parametrize("client_kind", ["ssh"])
def test_an_authority_instead_of_keys(lab, client_kind):
    """Add a trusted cert-authority to your authorized_keys instead of individual keys."""
    authority = lab.keys.named("admin-authority")
    scene = Scene(lab, client_kind, f"cert-authority,{RESTRICTED}", line=None)
    path = scene.proxy.authorized_keys.parent / "viewer"
    options = f"cert-authority,{RESTRICTED.format(port=scene.port)}"
    path.write_text(f"{options} {authority.public}\n{scene.viewer.key().public}\n")
    scene.device.run(scene.share(), status=255)
    certified = authority.certify(scene.device.key("id_proxy"), "id_certified", "-I", "device", "-n", "viewer", "-V", "+1h")
    scene.device.start(scene.share().replace("id_proxy", certified.path.name))
    wait_until(lambda: is_listening(scene.port), 20, "the device's listener")
    transfer(traffic.connect(_view(scene, client_kind)), MIB)


# Unix sockets: "Forward a (protected) Unix domain socket on the proxy to a local port".


@pytest.fixture
def folder():
    """Short enough for the path of a socket, of which 107 bytes are possible."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        yield Path(path)


def _sockets(lab, client_kind, folder):
    """The scene with a folder in which the viewer's account may have sockets, and the path of one."""
    scene = Scene(lab, client_kind)
    path = folder / "proxy.sock"
    scene.proxy.stop()
    keys = {
        "viewer": [
            f'restrict,port-forwarding,permitstreamlocallisten="{path}",permitstreamlocalopen="none" '
            f"{scene.device.key('id_proxy').public}",
            scene.viewer.key().public,
        ]
    }
    config = ["AllowStreamLocalForwarding yes", f"PermitStreamLocalListen {folder}/*", f"PermitStreamLocalOpen {folder}/*"]
    scene.proxy = scene.streets.proxy(keys, config, port=scene.proxy.port)
    return scene, path


@CLIENTS
@pytest.mark.ours_only("OpenSSH has no permission for the name of a socket, which the document asks for")
def test_a_socket_on_the_proxy_instead_of_a_port(lab, client_kind, folder):
    scene, path = _sockets(lab, client_kind, folder)
    key = f"-i {scene.device.home}/.ssh/id_proxy -p {scene.proxy.port} viewer@{PROXY}"
    web, local = free_port(), free_port()
    (scene.device.home / "index.html").write_bytes(page := b"a page behind the socket\n" * 100_000)
    scene.device.start(f"python3 -m http.server --bind 127.0.0.1 --directory {scene.device.home} {web}")
    wait_until(lambda: is_listening(web), 20, "the web server")
    scene.device.start(f"ssh -nNT -R {path}:127.0.0.1:{web} -o ExitOnForwardFailure=yes {key}")
    wait_until(path.exists, 20, "the socket")
    scene.viewer.start(
        f"ssh -vnNT -L 127.0.0.1:{local}:{path} -o 'ExitOnForwardFailure yes' -p {scene.proxy.port} viewer@{PROXY}"
    )
    wait_until(lambda: is_listening(local), 20, "the viewer's forward")
    assert scene.viewer.run(f"curl -sS --fail --noproxy '*' http://127.0.0.1:{local}/") == page
    said = scene.viewer.run(f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -N 127.0.0.1 {local}")
    assert said.endswith(page) and b" 200 OK" in said
    # The device may have this one socket, and may not look into it.
    scene.device.run(f"ssh -nNT -R {path}.other:127.0.0.1:{web} -o ExitOnForwardFailure=yes {key}", status=255)
    look = free_port()
    scene.device.start(f"ssh -nNT -L {look}:{path} {key}")
    wait_until(lambda: is_listening(look), 20, "the device's own forward")
    traffic.expect_refusal(traffic.connect(look))


@pytest.mark.ours_only("sshd runs the command")
def test_socat_does_not_run_on_the_proxy(lab, folder):
    """The document's socat listens on the proxy by a command there. The relay runs none: -R with a path takes its place."""
    scene, path = _sockets(lab, "ssh", folder)
    said = scene.viewer.run(
        f"ssh -T -p {scene.proxy.port} viewer@{PROXY} socat 'UNIX-LISTEN:{path},fork,unlink-early' STDIO", status=1
    )
    assert said == b"" and scene.viewer.said.splitlines()[-1] == "This host only forwards ports: use ssh -N."
    assert not path.exists()
