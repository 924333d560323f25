"""A relay with devices that are reached by name."""

import json

from .network import free_port, wait_until

NAMES = "Names *,!*.*"


class Fleet:
    """A relay on which hosts without a dot are names."""

    def __init__(self, lab, config=(), **options):
        self.lab = lab
        config = [*config, NAMES, "LogFormat json", "LogLevel VERBOSE"]
        self.server = lab.server("relay", config=config, **options)

    def lines(self):
        return [json.loads(line) for line in self.server.log().splitlines() if line.startswith("{")]

    def count(self, text):
        return self.server.log().count(text)

    def device(self, kind="ssh", name="nuc", port=22, target=None, **options):
        """A device with a name, which stands."""
        before = self.count(f"on name {name.lower()}:{port}")
        forward = f"{name}:{port}:{target or self.lab.target}"
        device = self.lab.client(kind, self.server, remote=[forward], wait=False, **options)

        def stands():
            assert device.program.running, device.log()
            return self.count(f"on name {name.lower()}:{port}") > before

        wait_until(stands, 30, f"{kind} standing as {name}")
        return device

    def laptop(self, kind="ssh", name="nuc", port=22, **options):
        local = free_port()
        laptop = self.lab.client(kind, self.server, local=[f"{local}:{name}:{port}"], **options)
        return laptop, local
