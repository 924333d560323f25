"""scripts/bench: runs the parts, prints their tables and how the bars stand."""

import argparse
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_ROOT / "Tests" / "InteropTests"))

from harness.keys import Keys  # noqa: E402
from harness.processes import adopt_orphans  # noqa: E402

from . import allocations, bars, chain, congestion, distance, growth  # noqa: E402
from . import instructions, latency, logins, memory, opens, report, throughput  # noqa: E402
from .laboratory import CIPHERS, Laboratory, Options  # noqa: E402
from .results import Results  # noqa: E402

PARTS = {
    "throughput": throughput,
    "chain": chain,
    "logins": logins,
    "opens": opens,
    "latency": latency,
    "memory": memory,
    "distance": distance,
    "growth": growth,
    "allocations": allocations,
}
# Slow, and told apart from the rest: nothing is compared with stock OpenSSH.
ON_DEMAND = {"instructions": instructions}


def _help():
    return f"all of the first when none is named: {', '.join(PARTS)}; {', '.join(ON_DEMAND)}"


def _arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=_help())
    parser.add_argument("--only", choices=CIPHERS, help="one cipher alone")
    parser.add_argument("--quick", action="store_true", help="one short round: where things stand, roughly")
    parser.add_argument("--rounds", type=int, help="how often each thing is measured")
    parser.add_argument("--seconds", type=float, help="how long a transfer lasts")
    parser.add_argument("--profiles", type=Path, help="a folder for what callgrind writes")
    parser.add_argument("--json", action="store_true", help="print every sample, and no table")
    parser.add_argument("--record", action="store_true", help="write Benchmarks/RESULTS.md as well")
    parser.add_argument(
        "--congestion", metavar="NAME", help="TCP's congestion control by default, in a network namespace: needs root"
    )
    parser.add_argument("--strict", action="store_true", help="end with 1 if a bar is missed")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - {*PARTS, *ON_DEMAND}
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return arguments


def _raise_descriptor_limit():
    """The programs inherit it. Root may go beyond the hard limit that it was started with."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(hard, 65536)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main():
    arguments = _arguments()
    if arguments.congestion:
        congestion.run_with(arguments.congestion)
    options = Options(
        seconds=arguments.seconds or (0.4 if arguments.quick else 0.7),
        rounds=arguments.rounds or (1 if arguments.quick else 3),
        quick=arguments.quick,
        ciphers=(arguments.only,) if arguments.only else tuple(CIPHERS),
        profiles=arguments.profiles,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    adopt_orphans()
    _raise_descriptor_limit()
    began, load = time.monotonic(), os.getloadavg()

    def say(text):
        print(f"{time.monotonic() - began:4.0f} s  {text}", file=sys.stderr, flush=True)

    results = Results()
    place = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        keys = Keys(place)
        for name in arguments.parts or PARTS:
            _run_part(name, place, keys, options, results, say)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    say("done")
    lines = bars.evaluate(results)
    if arguments.json:
        shown = [{"what": bar.what, "limit": bar.limit, "measured": bar.value, "verdict": bar.verdict} for bar in lines]
        print(json.dumps({"samples": results.as_json(), "bars": shown, "failures": results.failures}, indent=1))
    else:
        print(report.text(results, lines))
    if arguments.record:
        name = f"RESULTS-{arguments.congestion}.md" if arguments.congestion else "RESULTS.md"
        report.record(_ROOT / "Benchmarks" / name, results, lines, options, arguments.parts, load)
    for failure in results.failures:
        print(f"scripts/bench: {failure}", file=sys.stderr)
    missed = arguments.strict and any(bar.verdict == "missed" for bar in lines)
    return 1 if results.failures or missed else 0


def _run_part(name, place, keys, options, results, say):
    """A part that fails leaves the others their turn."""
    directory = place / name
    directory.mkdir()
    laboratory = Laboratory(directory, keys, options, say)
    try:
        (PARTS | ON_DEMAND)[name].run(laboratory, results, options)
    except Exception as error:
        results.failures.append(f"{name}: {error}")
        traceback.print_exc()
    finally:
        try:
            laboratory.close()
        except RuntimeError as error:
            results.failures.append(f"{name}: {error}")
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
