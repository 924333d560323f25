"""What processes cost, as the system counts it: CPU time, and memory of which shared pages count in proportion."""

import os
from pathlib import Path

from harness.processes import descendants

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(programs):
    """The CPU time of the programs, of all that they started, and of what has ended and was waited for."""
    return sum(_process_seconds(pid) for program in programs for pid in program.tree())


def kernel_seconds(programs):
    """The part of it that was spent in the kernel, as the system estimates it by its ticks."""
    return sum(_kernel_seconds(pid) for program in programs for pid in program.tree())


def _times(pid):
    """In user mode and in the kernel: of the process, and of its children that were waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(field) / _TICKS for field in fields[11:15]]


def _kernel_seconds(pid):
    try:
        _, own, _, reaped = _times(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return own + reaped


def _process_seconds(pid):
    try:
        user, kernel, reaped_user, reaped_kernel = _times(pid)
        threads = [
            int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0]) / 1e9
            for thread in os.listdir(f"/proc/{pid}/task")
        ]
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    # The threads' own count is in nanoseconds, but says nothing of threads that have ended.
    return max(user + kernel, sum(threads)) + reaped_user + reaped_kernel


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
