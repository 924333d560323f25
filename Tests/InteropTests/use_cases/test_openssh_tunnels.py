"""OpenSSH tunnels: static and dynamic tunnels through a gateway, from the command line and from ~/.ssh/config.

The relay is the gateway. Names of hosts behind it are found by the gateway alone.
"""

import os

import pytest

from harness import socks, traffic
from harness.lab import transfer
from harness.neighbourhood import Neighbourhood
from harness.network import free_port, is_listening, listening_addresses, wait_until
from harness.settings import MIB

CLIENTS = pytest.mark.parametrize("client_kind", ["ssh", "swssh"])
GATEWAY = "gateway.example.org"
REMOTE = "remote.example.org"
HOST1, HOST2 = "host1.example.org", "host2.example.net"
USER = "visitor"


class Scene:
    def __init__(self, lab, client_kind):
        self.lab = lab
        # What the gateway sees, and what the local machine sees.
        self.inside = Neighbourhood(lab, hosts=[HOST1, HOST2], accounts=[USER])
        self.outside = Neighbourhood(lab, hosts=[GATEWAY, REMOTE, HOST2], accounts=[USER])
        self.local = self.outside.machine("local", client_kind)
        self.key = self.local.key("id_visitor")
        self.gateway = self.inside.proxy({USER: self.key.public})
        self.port = free_port()
        for name in (GATEWAY, REMOTE):
            self.local.knows(self.gateway, name)
        self.host1 = None

    def start_host1(self):
        """A host behind the gateway that people log in to."""
        self.host1 = self.inside.sshd({USER: self.key.public}, host_key=self.lab.keys.named("host1"))
        self.local.knows(self.host1, HOST1)

    def open(self, command):
        program = self.local.start(command)
        wait_until(lambda: is_listening(self.port), 20, "the tunnel")
        return program

    @property
    def login(self):
        return f"-i {self.key.path} -p {self.gateway.port} {USER}@"


@CLIENTS
def test_local_forwarding_tunnel(lab, client_kind):
    scene = Scene(lab, client_kind)
    scene.open(f"ssh -N -L {scene.port}:{HOST1}:{lab.traffic.port} {scene.login}{GATEWAY}")
    # The name is looked up at the exit of the tunnel: it is not visible outside.
    assert scene.local.run(f"getent hosts {HOST1}", status=2) == b""
    transfer(traffic.connect(scene.port), 8 * MIB)
    assert listening_addresses(scene.port) <= {"0100007F", "00000000000000000000000001000000"}


@CLIENTS
def test_local_forwarding_tunnel_for_the_whole_network(lab, client_kind):
    """You can also specify *:3033 to listen on all of the network interfaces of the host."""
    scene = Scene(lab, client_kind)
    scene.open(f"ssh -N -L '*:{scene.port}:{HOST1}:{lab.traffic.port}' {scene.login}{GATEWAY}")
    assert "00000000" in listening_addresses(scene.port)
    transfer(traffic.connect(scene.port), MIB)


@CLIENTS
def test_remote_forwarding_tunnel(lab, client_kind):
    scene = Scene(lab, client_kind)
    scene.open(f"ssh -N -R {scene.port}:{HOST2}:{lab.traffic.port} {scene.login}{REMOTE}")
    assert listening_addresses(scene.port) <= {"0100007F", "00000000000000000000000001000000"}
    transfer(traffic.connect(scene.port), 8 * MIB)


@CLIENTS
@pytest.mark.parametrize("direction", ["LocalForward", "RemoteForward"])
def test_tunnels_of_the_configuration_file(lab, client_kind, direction):
    scene = Scene(lab, client_kind)
    name, target = (GATEWAY, HOST1) if direction == "LocalForward" else (REMOTE, HOST2)
    scene.local.configure(f"""
Host tunnel
  Hostname {name}
  Port {scene.gateway.port}
  User {USER}
  IdentityFile ~/.ssh/id_visitor
  {direction} {scene.port} {target}:{lab.traffic.port}
""")
    scene.open("ssh -N tunnel")
    transfer(traffic.connect(scene.port), MIB)


def test_without_n_there_is_no_shell_to_stay_in(lab):
    """Without -N, ssh would run a shell on the gateway. The relay has none: it says so, and the tunnel needs -N."""
    scene = Scene(lab, "ssh")
    said = scene.local.run(f"ssh -L {scene.port}:{HOST1}:{lab.traffic.port} {scene.login}{GATEWAY}", status=1)
    assert said == b"" and scene.local.said.splitlines()[-1] == "This host only forwards ports: use ssh -N."


@CLIENTS
def test_dynamic_tunnel(lab, client_kind):
    scene = Scene(lab, client_kind)
    scene.open(f"ssh -N -D {scene.port} {scene.login}{GATEWAY}")
    for version, host in ((4, "127.0.0.1"), ("4a", HOST1), (5, HOST1)):
        transfer(socks.connect(version, scene.port, host, lab.traffic.port), MIB)


@CLIENTS
def test_dynamic_tunnel_of_the_configuration_file(lab, client_kind):
    scene = Scene(lab, client_kind)
    scene.local.configure(f"""
Host {GATEWAY}
    User {USER}
    Port {scene.gateway.port}
    IdentityFile ~/.ssh/id_visitor
    DynamicForward {scene.port}
""")
    scene.open(f"ssh -N {GATEWAY}")
    (scene.local.home / "index.html").write_bytes(page := os.urandom(MIB))
    web = free_port()
    scene.local.start(f"python3 -m http.server --bind 127.0.0.1 --directory {scene.local.home} {web}")
    wait_until(lambda: is_listening(web), 20, "the web server")
    # As Firefox does it: the names are looked up on the other side of the tunnel.
    url = f"http://{HOST1}:{web}/index.html"
    assert scene.local.run(f"curl -sS --fail --noproxy '' --socks5-hostname 127.0.0.1:{scene.port} {url}") == page


def _hosts(scene, second):
    return f"""
Host gateway
    Hostname {GATEWAY}
    Port {scene.gateway.port}
    User {USER}
    IdentityFile ~/.ssh/id_visitor
    DynamicForward {scene.port}

Host {second}
    User {USER}
    Port {scene.host1.port}
    IdentityFile ~/.ssh/id_visitor
    ProxyCommand {scene.local.ssh} -W %h:%p gateway
"""


@CLIENTS
@pytest.mark.parametrize("pattern", [HOST1, f"*.example.org !{GATEWAY}"])
def test_hosts_behind_the_gateway_are_reached_transparently(lab, client_kind, pattern):
    scene = Scene(lab, client_kind)
    scene.start_host1()
    scene.local.configure(_hosts(scene, pattern))
    home = scene.inside.accounts[USER]
    assert scene.local.run(f"/usr/bin/ssh {HOST1} 'echo $HOME'").strip() == str(home).encode()
    (scene.local.home / "fichier.dat").write_bytes(data := os.urandom(3 * MIB))
    (home / "vers" / "le" / "repertoire").mkdir(parents=True)
    scene.local.run(f"scp fichier.dat {HOST1}:vers/le/repertoire/")
    assert (home / "vers" / "le" / "repertoire" / "fichier.dat").read_bytes() == data


def test_shell_functions_complete_the_names(lab):
    scene = Scene(lab, "ssh")
    scene.start_host1()
    scene.local.configure(_hosts(scene, f"*.example.org !{GATEWAY}"))
    home = scene.inside.accounts[USER]
    functions = (
        'sshi() { ssh ${@:1:$(($#-1))} ${!#}.example.org "echo here"; }; '
        'scpi() { scp "${@/:/.example.org:}"; }; '
    )
    assert scene.local.run(functions + "sshi host1").strip() == b"here"
    (scene.local.home / "file.txt").write_bytes(data := os.urandom(100_000))
    scene.local.run(functions + "scpi file.txt host1:")
    assert (home / "file.txt").read_bytes() == data
    (home / "a" / "directory").mkdir(parents=True)
    (home / "a" / "directory" / "inner").write_bytes(data)
    scene.local.run(functions + "scpi -r host1:a/directory .")
    assert (scene.local.home / "directory" / "inner").read_bytes() == data


@CLIENTS
def test_a_host_is_reached_through_the_socks_proxy(lab, client_kind):
    """ssh -N gateway &, and then a ProxyCommand that speaks SOCKS 5 to it, as /bin/nc.openbsd -X 5 -x does."""
    scene = Scene(lab, client_kind)
    scene.start_host1()
    scene.local.configure(_hosts(scene, HOST1).replace(
        f"{scene.local.ssh} -W %h:%p gateway", f"/bin/nc.openbsd -X 5 -x 127.0.0.1:{scene.port} %h %p"
    ))  # fmt: skip
    scene.open("ssh -N gateway")
    assert scene.local.run(f"/usr/bin/ssh {HOST1} echo here").strip() == b"here"
