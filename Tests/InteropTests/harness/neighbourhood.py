"""The machines of a recipe: homes, accounts and host names of their own, for programs that ask the system for them."""

import os
import pwd
import subprocess

from . import servers, settings
from .keys import KeyPair, known_hosts_line
from .network import wait_until
from .processes import descendants, reap_orphans
from .settings import LOOPBACK, program

SECONDS = 60


class Neighbourhood:
    """Every host name leads to loopback, and every account has this process's user id and a home of its own."""

    def __init__(self, lab, hosts=(), accounts=()):
        self.lab = lab
        self.directory = lab.new_directory("neighbourhood")
        self.accounts = {name: self._home(name) for name in accounts}
        self.hosts = self.directory / "hosts"
        self.hosts.write_text("".join(f"{LOOPBACK} {name}\n" for name in ("localhost", *hosts)))

    def _home(self, name):
        home = self.directory / name
        (home / ".ssh").mkdir(parents=True, mode=0o700)
        home.chmod(0o700)
        return home

    def environment(self, name="system", home=None):
        """What makes a program believe all this. A machine's own user has the machine's home."""
        passwd, group = self.directory / f"{name}.passwd", self.directory / f"{name}.group"
        lines = [_passwd_line(settings.USER, home or pwd.getpwuid(os.getuid()).pw_dir)]
        lines += [_passwd_line(account, path) for account, path in self.accounts.items()]
        # sshd wants the account that it separates its privileges with.
        lines += [f"{entry.pw_name}:x:{entry.pw_uid}:{entry.pw_gid}::/run/sshd:/bin/false\n" for entry in _sshd_account()]
        passwd.write_text("".join(lines))
        group.write_text(f"{settings.USER}:x:{os.getgid()}:\n")
        return {
            "LD_PRELOAD": servers.nss_wrapper(),
            "NSS_WRAPPER_PASSWD": str(passwd),
            "NSS_WRAPPER_GROUP": str(group),
            "NSS_WRAPPER_HOSTS": str(self.hosts),
        }

    def proxy(self, authorized_keys, config=(), kind="relay", **options):
        """The public host; authorized_keys are lines by account."""
        return self._serve(kind, authorized_keys, config, **options)

    def sshd(self, authorized_keys, config=(), **options):
        """A machine's own SSH server, which a person logs in to."""
        return self._serve("sshd", authorized_keys, ["Subsystem sftp internal-sftp", *config], **options)

    def _serve(self, kind, authorized_keys, config, **options):
        base = self.lab.server_class(kind)
        neighbourhood = self

        class Neighbour(base):
            def launch(self):
                for account, lines in authorized_keys.items():
                    text = lines if isinstance(lines, str) else "\n".join(lines)
                    (self.authorized_keys.parent / account).write_text(text + "\n")
                return super().launch()

            def environment(self):
                return neighbourhood.environment()

        return Neighbour(self.lab, config=config, authorized_keys="# nobody\n", **options)

    def machine(self, name, client_kind="ssh"):
        return Machine(self, name, client_kind)


class Machine:
    """A computer from which somebody runs ssh: a home with .ssh in it. `ssh` is the client under test."""

    def __init__(self, neighbourhood, name, client_kind):
        self.lab = neighbourhood.lab
        self.home = neighbourhood._home(f"{name}-home")
        self.environment = neighbourhood.environment(name, self.home)
        commands = self.home / "bin"
        commands.mkdir()
        client = settings.SWSSH if client_kind == "swssh" and settings.SWSSH else program("ssh")
        (commands / "ssh").symlink_to(client)
        self.ssh = commands / "ssh"
        self.environment |= {"HOME": str(self.home), "PATH": f"{commands}:{os.environ['PATH']}", "SSH_AUTH_SOCK": ""}
        self.configure("")

    def configure(self, text):
        """Writes ~/.ssh/config. Nobody is there to answer questions."""
        (self.home / ".ssh" / "config").write_text("BatchMode yes\n" + text)

    def key(self, name="id_ed25519"):
        return KeyPair(self.home / ".ssh" / name)

    def knows(self, server, name, port=None, key=None):
        with open(self.home / ".ssh" / "known_hosts", "a") as file:
            file.write(known_hosts_line(name, port or server.port, key or server.host_key.public))

    def run(self, command, status=0, **options):
        """Runs a command line as a shell would; gives its standard output."""
        result = subprocess.run(
            ["bash", "-c", command], cwd=self.home, env=self._environment(), stdin=subprocess.DEVNULL,
            capture_output=True, timeout=SECONDS, **options,
        )  # fmt: skip
        assert status is None or result.returncode == status, (
            f"{command}: status {result.returncode}\n{result.stdout.decode()}{result.stderr.decode()}"
        )
        self.said = result.stderr.decode(errors="replace")
        self.status = result.returncode
        return result.stdout

    def start(self, command):
        """Starts a command line that goes on until the test ends."""
        return self.lab.programs.start(["bash", "-c", f"exec {command}"], "machine", environment=self._environment())

    def start_in_background(self, command):
        """Runs a command that goes on after it has ended, as ssh -f does; gives what ends it."""
        before = descendants(os.getpid())
        log = self.home / "background.log"
        with open(log, "ab") as output:
            words = ["bash", "-c", command]
            status = subprocess.run(
                words, cwd=self.home, env=self._environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                timeout=SECONDS,
            ).returncode  # fmt: skip
        assert status == 0, log.read_text()
        return Left(self.lab, lambda: descendants(os.getpid()) - before)

    def _environment(self):
        return {**os.environ, **self.environment}


class Left:
    """Processes that a command left behind on purpose."""

    def __init__(self, lab, find):
        self.lab = lab
        self.find = find

    def stop(self, number=15):
        for pid in self.find():
            os.kill(pid, number)
        known = {started.pid for started in self.lab.programs.started}

        def ended():
            reap_orphans(known)
            return not self.find()

        wait_until(ended, 10, "the end of what runs in the background")


def _passwd_line(name, home):
    return f"{name}:x:{os.getuid()}:{os.getgid()}::{home}:/bin/bash\n"


def _sshd_account():
    try:
        return [pwd.getpwnam("sshd")]
    except KeyError:
        return []
