"""Many idle connections held by one light client, each with a remote forward and an address of its own."""

import select

_SECONDS = 300


class Holder:
    def __init__(self, laboratory, server, count):
        self.count = count
        arguments = [laboratory.options.load, "hold", *laboratory.login_arguments(server, "curve25519-sha256", 16)]
        self.program = laboratory.programs.start([*arguments, "--count", count], "holder", pipes=True)

    def connect(self):
        standing = self._ask()
        if standing != self.count:
            raise RuntimeError(f"{standing} of {self.count} connections stand")

    def alive(self):
        """How many of them get an answer from their server."""
        return self._ask()

    def stop(self):
        self.program.process.stdin.close()
        self.program.wait(60)

    def _ask(self):
        self.program.process.stdin.write(b"\n")
        output = self.program.process.stdout
        if not select.select([output], [], [], _SECONDS)[0]:
            raise RuntimeError("the holder of connections says nothing")
        line = output.readline()
        if not line:
            raise RuntimeError("the holder of connections ended:\n" + self.program.log())
        return int(line)
