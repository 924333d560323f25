"""Child programs: started with their output in a file, ended by process id, and counted afterwards."""

import ctypes
import itertools
import os
import signal
import subprocess
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_CLOSE_SECONDS = 5


def adopt_orphans():
    """Makes the test process the parent of whatever its children leave behind, so that it can be seen."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _parents():
    table = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            table[int(entry)] = (int(fields[1]), fields[0])
    return table


def descendants(root):
    """Process ids below root, zombies left out."""
    table = _parents()
    found, frontier = set(), {root}
    while frontier:
        frontier = {pid for pid, (parent, _) in table.items() if parent in frontier} - found
        found |= frontier
    return {pid for pid in found if table[pid][1] != "Z"}


def describe(pid):
    try:
        return f"{pid}: " + Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return f"{pid}: gone"


def command_name(pid):
    """None if it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    except (FileNotFoundError, ProcessLookupError):
        return None


def reap_orphans(known):
    """Collects the exit status of adopted zombies; those of our own programs belong to their Popen."""
    for pid, (parent, state) in _parents().items():
        if parent == os.getpid() and state == "Z" and pid not in known:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def resident_bytes(pids):
    total = 0
    for pid in pids:
        try:
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
        except OSError:
            continue
    return total


def processor_seconds(pid):
    """What a process has taken of the processors, in its own code and in the system's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Program:
    """One running child. Standard error goes to a file; so does standard output unless it is a pipe."""

    def __init__(self, arguments, directory, name, environment=None, pipes=False):
        self.arguments = [str(argument) for argument in arguments]
        self.log_path = Path(directory) / f"{name}.log"
        self.log_file = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            self.arguments,
            stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
            stdout=subprocess.PIPE if pipes else self.log_file,
            stderr=self.log_file,
            env={**os.environ, **(environment or {})},
            bufsize=0,
        )
        self.log_file.close()

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace")

    def tree(self):
        return {self.pid} | descendants(self.pid)

    def wait(self, seconds):
        """The exit status, as a shell would give it."""
        status = self.process.wait(seconds)
        return 128 - status if status < 0 else status

    def signal(self, number):
        if self.running:
            self.process.send_signal(number)

    def signal_tree(self, number):
        """sshd serves every connection in a process of its own, so that ending sshd means ending all of them."""
        for pid in self.tree():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        self.signal_tree(signal.SIGKILL)
        self.process.wait(_CLOSE_SECONDS)

    def stop(self):
        """Ends the program politely, then the hard way; what it leaves behind is for the last check to see."""
        if self.running:
            self.signal_tree(signal.SIGCONT)
            self.signal_tree(signal.SIGTERM)
            try:
                self.process.wait(_CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


class Programs:
    """All the programs of one test."""

    def __init__(self, directory):
        self.directory = directory
        self.started = []
        self._numbers = itertools.count()

    def start(self, arguments, name, **options):
        program = Program(arguments, self.directory, f"{next(self._numbers):02}-{name}", **options)
        self.started.append(program)
        return program

    def stop_all(self):
        for program in reversed(self.started):
            program.stop()

    def left_behind(self, seconds=_CLOSE_SECONDS):
        """What still runs when everything was told to end; killed, so that one test's fault stays its own."""
        deadline = time.monotonic() + seconds
        known = {program.pid for program in self.started}
        while True:
            reap_orphans(known)
            alive = descendants(os.getpid())
            if not alive or time.monotonic() >= deadline:
                break
            time.sleep(0.02)
        named = [describe(pid) for pid in alive]
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
        return named
