"""HostKeyAgent: host keys that stock ssh-agent holds, for stock ssh and for ours."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from harness import settings, traffic
from harness.keys import KeyPair, known_hosts_line
from harness.lab import transfer
from harness.network import free_port, wait_until
from harness.settings import LOOPBACK, MIB, program

CLIENTS = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay", "sshd"])
BOTH = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay"])
SSH = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
KINDS = [("ed25519", None), ("ecdsa", 256), ("ecdsa", 521), ("rsa", 2048)]


class Agent:
    """Stock ssh-agent, which can end and begin again under the same path."""

    def __init__(self, lab):
        self.lab = lab
        # A Unix socket's path is short.
        self.folder = Path(tempfile.mkdtemp(prefix="agent-", dir="/tmp"))
        self.path = self.folder / "socket"
        self.line = f"HostKeyAgent {self.path}"
        self.start()

    def start(self):
        self.program = self.lab.programs.start([program("ssh-agent"), "-D", "-a", self.path], "ssh-agent")
        wait_until(self.path.exists, 10, "the agent's socket")

    def add(self, key, keeps=False):
        """Takes a key; from then on only the agent has its private half."""
        self._tell("-q", key.path)
        if not keeps:
            key.path.rename(self.folder / key.path.name)
        return key

    def add_again(self, key):
        self._tell("-q", self.folder / key.path.name)

    def forget_all(self):
        self._tell("-q", "-D")

    def _tell(self, *arguments):
        environment = {**os.environ, "SSH_AUTH_SOCK": str(self.path)}
        subprocess.run([program("ssh-add"), *map(str, arguments)], env=environment, check=True, capture_output=True)

    def stop(self):
        self.program.stop()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder)


@pytest.fixture
def agent(lab):
    agent = Agent(lab)
    yield agent
    agent.close()


def _key(lab, agent, kind="ed25519", bits=None, name="host"):
    return agent.add(KeyPair(lab.directory / name, kind, bits))


def _connects(lab, client_kind, server, *options, **arguments):
    client, port = lab.local_forward(client_kind, server, options=options, **arguments)
    transfer(traffic.connect(port), MIB)
    client.stop()


def _is_refused(lab, client_kind, server):
    client = lab.client(client_kind, server, local=[f"{free_port()}:{lab.target}"], wait=False)
    assert client.wait() == 255
    return client.log()


@CLIENTS
@pytest.mark.parametrize("kind, bits", KINDS)
def test_key_in_the_agent_proves_the_server_and_renews_keys(lab, client_kind, server_kind, agent, kind, bits):
    key = _key(lab, agent, kind, bits)
    server = lab.server(server_kind, host_key=key, config=[agent.line])
    signatures = ("rsa-sha2-256", "rsa-sha2-512") if kind == "rsa" else (key.public.split()[0],)
    for signature in signatures:
        # Both directions are busy while keys are renewed.
        _connects(lab, client_kind, server, "-o", f"HostKeyAlgorithms={signature}", "-o", "RekeyLimit=256K")


@CLIENTS
def test_the_environment_says_where_the_agent_is(lab, client_kind, server_kind, agent, monkeypatch):
    key = _key(lab, agent)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(agent.path))
    server = lab.server(server_kind, host_key=key, config=["HostKeyAgent SSH_AUTH_SOCK"])
    monkeypatch.delenv("SSH_AUTH_SOCK")
    _connects(lab, client_kind, server)


@CLIENTS
def test_host_key_line_may_name_the_public_key(lab, client_kind, server_kind, agent):
    key = _key(lab, agent)
    config = [agent.line, f"HostKey {key.path}.pub"]
    server = lab.server(server_kind, host_key=key, config=config)
    _connects(lab, client_kind, server)


@CLIENTS
@pytest.mark.parametrize("kind, bits", KINDS)
def test_certificate_of_a_key_in_the_agent(lab, client_kind, server_kind, agent, kind, bits):
    authority = KeyPair(lab.directory / "authority")
    key = authority.certify(
        KeyPair(lab.directory / "plain", kind, bits), "host", "-h", "-I", "host", "-n", LOOPBACK
    )
    agent.add(key)
    certificate = key.path.with_name(key.path.name + "-cert.pub")
    server = lab.server(server_kind, host_key=key, config=[agent.line, f"HostCertificate {certificate}"])
    known = lab.directory / "known_hosts"
    known.write_text(f"@cert-authority * {authority.public}\n")
    _connects(lab, client_kind, server, "-o", f"UserKnownHostsFile={known}", "-o", "RekeyLimit=256K")


@CLIENTS
def test_client_learns_a_key_that_the_agent_proves(lab, client_kind, server_kind, agent):
    following = _key(lab, agent, "ecdsa", 256, "following")
    config = [agent.line, f"HostKey {lab.keys.host.path}", f"HostKey {following.path}"]
    server = lab.server(server_kind, config=config)
    known = lab.directory / "known_hosts"
    known.write_text(server.known_hosts)
    options = ["-o", f"UserKnownHostsFile={known}", "-o", "UpdateHostKeys=yes"]
    client, _ = lab.local_forward(client_kind, server, options=options)
    wait_until(lambda: following.public in known.read_text(), 10, "the agent's key in known_hosts")
    client.stop()


@BOTH
def test_key_that_the_agent_does_not_prove_is_not_learned(lab, client_kind, server_kind, agent):
    following = _key(lab, agent, "ecdsa", 256, "following")
    config = [agent.line, f"HostKey {lab.keys.host.path}", f"HostKey {following.path}"]
    server = lab.server(server_kind, config=config)
    agent.forget_all()
    known = lab.directory / "known_hosts"
    known.write_text(server.known_hosts)
    options = ["-o", f"UserKnownHostsFile={known}", "-o", "UpdateHostKeys=yes"]
    # It costs nobody the connection, as it does with sshd.
    client, port = lab.local_forward(client_kind, server, options=options)
    server.wait_for_log(lambda line: "No proof of a host key" in line and "refused" in line)
    transfer(traffic.connect(port), MIB)
    assert known.read_text() == server.known_hosts
    client.stop()


@BOTH
def test_relay_outlives_its_agent_and_finds_it_again(lab, client_kind, server_kind, agent):
    key = _key(lab, agent)
    server = lab.server(server_kind, host_key=key, config=[agent.line])
    client, port = lab.local_forward(client_kind, server)
    agent.stop()
    before = len(server.log().splitlines())
    _is_refused(lab, client_kind, server)
    line = server.wait_for_log(lambda line: "no signature by" in line)
    assert f"ED25519 {key.fingerprint}" in line and str(agent.path) in line and "No such file or directory" in line
    told = [line for line in server.log().splitlines()[before:] if not line.startswith("debug")]
    assert told == [line], "one line says it"
    # Who was there before is still there.
    transfer(traffic.connect(port), MIB)
    agent.start()
    agent.add_again(key)
    _connects(lab, client_kind, server)
    # An agent without the key refuses; the relay asks it again each time.
    agent.forget_all()
    _is_refused(lab, client_kind, server)
    server.wait_for_log(lambda line: "the agent refused" in line)
    agent.add_again(key)
    _connects(lab, client_kind, server)
    client.stop()


@BOTH
def test_agent_that_hangs_holds_up_nobody_who_is_in(lab, client_kind, server_kind, agent):
    key = _key(lab, agent)
    server = lab.server(server_kind, host_key=key, config=[agent.line, "LoginGraceTime 3"])
    client, port = lab.local_forward(client_kind, server)
    agent.program.signal_tree(signal.SIGSTOP)
    try:
        _is_refused(lab, client_kind, server)
        server.wait_for_log(lambda line: "No signature by the host key came" in line)
        transfer(traffic.connect(port), MIB)
    finally:
        agent.program.signal_tree(signal.SIGCONT)
    _connects(lab, client_kind, server)
    client.stop()


@BOTH
def test_rekey_without_an_agent_ends_that_connection_alone(lab, client_kind, server_kind, agent):
    key = _key(lab, agent)
    server = lab.server(server_kind, host_key=key, config=[agent.line])
    bystander, bystanders_port = lab.local_forward(client_kind, server)
    client, port = lab.local_forward(client_kind, server, options=["-o", "RekeyLimit=256K"])
    agent.stop()
    with pytest.raises((OSError, AssertionError)):
        transfer(traffic.connect(port), 8 * MIB)
    assert client.wait() == 255
    server.wait_for_log(lambda line: "Disconnecting user" in line and "no signature by" in line)
    transfer(traffic.connect(bystanders_port), MIB)
    bystander.stop()


@BOTH
def test_many_clients_at_once(lab, client_kind, server_kind, agent):
    key = _key(lab, agent)
    server = lab.server(server_kind, host_key=key, config=[agent.line])
    failures = []

    def connect():
        try:
            _connects(lab, client_kind, server, "-o", "RekeyLimit=256K")
        except Exception as error:  # pylint: disable=broad-exception-caught
            failures.append(error)

    threads = [threading.Thread(target=connect) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


@BOTH
def test_reload_says_anew_where_the_keys_are(lab, client_kind, server_kind, agent):
    key = _key(lab, agent)
    server = lab.server(server_kind, host_key=key, config=[agent.line])
    client, port = lab.local_forward(client_kind, server, options=["-o", "RekeyLimit=256K"])
    text = server.config_path.read_text()
    # Without its agent there is no key: the old configuration stays.
    server.config_path.write_text(text.replace(agent.line, "HostKeyAgent none"))
    server.program.signal(signal.SIGHUP)
    server.wait_for_log(lambda line: "Reload failed" in line and "no hostkeys available" in line)
    _connects(lab, client_kind, server)
    # Another key in a file: new clients see that one, and the old connection renews its keys with the agent.
    server.config_path.write_text(text.replace(str(key.path), str(lab.keys.host.path)).replace(agent.line, ""))
    server.program.signal(signal.SIGHUP)
    server.wait_for_log(lambda line: "The new configuration holds" in line)
    transfer(traffic.connect(port), MIB)
    server.host_key = lab.keys.host
    _connects(lab, client_kind, server)
    client.stop()


def _checked(*arguments, **options):
    return subprocess.run(
        [settings.RELAY, *map(str, arguments)], capture_output=True, text=True, timeout=30, check=False, **options
    )


@pytest.mark.ours_only("the words of the relay")
@SSH
def test_check_says_what_the_agent_lacks(lab, client_kind, server_kind, agent):
    config = lab.directory / "config"
    key = _key(lab, agent)
    config.write_text(f"HostKey {key.path}\n{agent.line}\nPort {free_port()}\n")
    result = _checked("-t", "-f", config)
    assert result.returncode == 0 and "Host key" not in result.stderr, result
    # As in sshd, keys come and go: it starts.
    agent.forget_all()
    result = _checked("-t", "-f", config)
    assert result.returncode == 0
    assert f"Host key {key.path} (ED25519 {key.fingerprint}): the agent {agent.path} does not have it" in result.stderr
    agent.stop()
    result = _checked("-t", "-f", config)
    assert result.returncode == 255
    assert f'Could not connect to agent "{agent.path}": No such file or directory' in result.stderr
    assert "no hostkeys available" in result.stderr
    config.write_text(config.read_text().replace(str(agent.path), "SSH_AUTH_SOCK"))
    environment = {name: value for name, value in os.environ.items() if name != "SSH_AUTH_SOCK"}
    result = _checked("-t", "-f", config, env=environment)
    assert result.returncode == 255 and "SSH_AUTH_SOCK is not set" in result.stderr


@SSH
def test_key_that_no_agent_has_is_an_alarm_for_nobody(lab, client_kind, server_kind, agent):
    """Two keys, one of them missing: clients that know the other one are served."""
    key = _key(lab, agent)
    server = lab.server(server_kind, config=[agent.line, f"HostKey {lab.keys.host.path}", f"HostKey {key.path}"])
    known = lab.directory / "known_hosts"
    known.write_text(known_hosts_line(LOOPBACK, server.port, lab.keys.host.public))
    agent.stop()
    _connects(lab, client_kind, server, "-o", f"UserKnownHostsFile={known}")
