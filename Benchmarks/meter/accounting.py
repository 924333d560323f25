"""What processes cost, as the system counts it: CPU time, and memory of which shared pages count in proportion."""

import os
from pathlib import Path

from harness.processes import descendants

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(programs):
    """The CPU time of the programs, of all that they started, and of what has ended and was waited for."""
    return sum(_process_seconds(pid) for program in programs for pid in program.tree())


def _process_seconds(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        threads = [
            int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0]) / 1e9
            for thread in os.listdir(f"/proc/{pid}/task")
        ]
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    own, reaped = (int(fields[11]) + int(fields[12])) / _TICKS, (int(fields[13]) + int(fields[14])) / _TICKS
    # The threads' own count is in nanoseconds, but says nothing of threads that have ended.
    return max(own, sum(threads)) + reaped


def proportional_bytes(programs):
    """Memory of the programs and all that they started; a page that n processes share counts 1/n for each (PSS)."""
    return sum(_proportional_bytes(pid) for program in programs for pid in program.tree())


def _proportional_bytes(pid):
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def process_count(programs):
    return sum(len(program.tree()) for program in programs)


def wait_for_children_to_end(program, wait_until):
    """What a server started for connections that are gone must be gone and counted before its CPU time is read."""
    wait_until(lambda: not descendants(program.pid), 20, f"the end of what process {program.pid} started")
