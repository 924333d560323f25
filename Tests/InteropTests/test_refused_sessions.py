"""Tools that expect a shell or file transfer read that there is none, and print no nonsense."""

import os
import subprocess

import paramiko
import pytest

from harness import settings
from harness.network import wait_until
from harness.requester import Requester
from harness.settings import program

pytestmark = pytest.mark.skipif(not settings.RELAY, reason="ours only: sshd runs the command")
SENTENCE = "This host only forwards ports: use ssh -N."


@pytest.fixture
def bench(lab):
    return Bench(lab)


class Bench:
    def __init__(self, lab, **options):
        self.server = lab.server("relay", **options)
        self.directory = lab.new_directory("tools")
        known_hosts = self.directory / "known_hosts"
        known_hosts.write_text(self.server.known_hosts)
        self.options = [
            *("-F", "none"),
            *("-o", f"UserKnownHostsFile={known_hosts}"),
            *("-o", "StrictHostKeyChecking=yes"),
            *("-o", "BatchMode=yes"),
            *("-o", "IdentitiesOnly=yes"),
            *("-o", f"IdentityFile={lab.keys.user.path}"),
            *("-o", f"Port={self.server.port}"),
        ]
        self.ssh = " ".join([program("ssh"), *self.options])
        (self.directory / "here").write_text("something\n")

    def run(self, *arguments, **options):
        options = {"stdin": subprocess.DEVNULL, **options}
        result = subprocess.run(
            [str(argument) for argument in arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            cwd=self.directory,
            env={**os.environ, "HOME": str(self.directory), "GIT_SSH_COMMAND": self.ssh, "GIT_TERMINAL_PROMPT": "0"},
            **options,
        )
        assert result.returncode != 0
        return result


@pytest.mark.parametrize("command", [["uname", "-a"], ["bash", "-s"], []])
def test_command_and_shell_read_the_sentence_on_standard_error(bench, command):
    result = bench.run(program("ssh"), *bench.options, "-T", bench.server.address, *command)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"{SENTENCE}\n")


def test_terminal_shows_the_sentence_with_its_line_ended(bench):
    result = bench.run(program("ssh"), *bench.options, "-tt", bench.server.address)
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.splitlines()[0] == SENTENCE


@pytest.mark.parametrize("tool", ["sftp", "scp", "scp -s"])
def test_file_transfer_reads_that_there_is_no_subsystem(bench, tool):
    words = tool.split()
    remote = bench.server.address if tool == "sftp" else f"{bench.server.address}:there"
    arguments = [*bench.options, remote] if tool == "sftp" else [*words[1:], *bench.options, "here", remote]
    result = bench.run(program(words[0]), *arguments)
    assert result.stdout == ""
    assert "subsystem request failed on channel 0" in result.stderr
    line = bench.server.wait_for_log(lambda line: line.startswith("subsystem request"))
    assert line == f"subsystem request for sftp by user {bench.server.user} failed, subsystem not found"


@pytest.mark.parametrize("direction", ["from", "to"])
@pytest.mark.parametrize("tool", ["scp", "rsync", "git"])
def test_tools_that_run_a_command_show_the_sentence(bench, tool, direction):
    remote = f"{bench.server.address}:there"
    if tool == "git":
        subprocess.run(["git", "init", "-q"], cwd=bench.directory, check=True)
        arguments = ["git", "ls-remote", remote] if direction == "from" else ["git", "push", remote, "HEAD"]
        if direction == "to":
            who = ["-c", "user.name=a", "-c", "user.email=a@b"]
            commit = ["git", *who, "commit", "-q", "--allow-empty", "-m", "first"]
            subprocess.run(commit, cwd=bench.directory, check=True)
    else:
        paths = [remote, "back"] if direction == "from" else ["here", remote]
        how = ["-O", *bench.options] if tool == "scp" else ["-e", bench.ssh]
        arguments = [tool, *how, *paths]
    result = bench.run(*arguments)
    assert SENTENCE in result.stderr
    # git and rsync add what they think of it; none has taken the sentence for its protocol.
    for nonsense in ("protocol error", "is your shell clean", "protocol version mismatch", "Received message too long"):
        assert nonsense not in result.stderr
    assert result.stdout == ""


def test_psftp_and_pscp_say_that_they_could_not_begin(bench, lab):
    common = ["-batch", "-noagent", "-i", lab.keys.user.putty(), "-hostkey", bench.server.host_key.fingerprint]
    common += ["-P", bench.server.port]
    result = bench.run(program("psftp"), *common, bench.server.address)
    assert SENTENCE in result.stdout + result.stderr, result
    result = bench.run(program("pscp"), *common, "here", f"{bench.server.address}:there")
    assert SENTENCE in result.stdout + result.stderr, result


def test_paramiko_reads_that_the_subsystem_is_refused(bench, lab):
    asker = Requester(bench.server.port)
    try:
        assert asker.log_in(bench.server.user, paramiko.Ed25519Key.from_private_key_file(str(lab.keys.user.path)))
        with pytest.raises(paramiko.SSHException):
            paramiko.SFTPClient.from_transport(asker.transport)
        # The connection goes on, and what a command is told stands on standard error.
        channel = asker.transport.open_session(timeout=20)
        channel.exec_command("true")
        assert channel.recv_exit_status() == 1
        assert (channel.recv(1000), channel.recv_stderr(1000)) == (b"", f"{SENTENCE}\n".encode())
    finally:
        asker.close()


def test_second_request_on_a_channel_is_refused(bench, lab):
    """RFC 4254 section 6.5: only one request to start something can succeed per channel."""
    asker = Requester(bench.server.port)
    try:
        assert asker.log_in(bench.server.user, paramiko.Ed25519Key.from_private_key_file(str(lab.keys.user.path)))
        channel = asker.transport.open_session(timeout=20)
        for subsystem in ("sftp", "netconf", "x" * 300, "a\nb"):
            with pytest.raises(paramiko.SSHException):
                asker.transport.open_session(timeout=20).invoke_subsystem(subsystem)
        channel.get_pty()
        channel.invoke_shell()
        assert channel.recv_exit_status() == 1
        assert channel.recv_stderr(1000) == f"{SENTENCE}\r\n".encode()
    finally:
        asker.close()
    wait_until(lambda: bench.server.log().count("subsystem not found") == 4, 5, "a line for each")
    assert r"subsystem request for a\012b by user" in bench.server.log()


@pytest.mark.parametrize("where", ["configuration", "key"])
def test_what_a_forced_command_says_is_printed_and_not_run(lab, where):
    text = "touch ran; echo 'only tunnels here'"
    options = (
        {"config": [f"ForceCommand {text}"]}
        if where == "configuration"
        else {"authorized_keys": f'command="{text}" {lab.keys.user.public}\n'}
    )
    bench = Bench(lab, **options)
    result = bench.run(program("ssh"), *bench.options, "-T", bench.server.address, "true")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"{text}\n")
    assert not (bench.directory / "ran").exists()
