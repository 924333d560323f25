"""What is printed, and what is kept: the bars, then every table, with machine, date and commit."""

import os
import platform
import subprocess
import time
from pathlib import Path

from . import congestion

_ROOT = Path(__file__).resolve().parents[2]


def text(results, bars):
    """Tables that read on a terminal as well as in Markdown, the bars last."""
    tables = [*results.tables, *_bars(bars)]
    return "\n".join(_markdown(*table) for table in tables)


def record(path, results, bars, options, parts, load):
    """Replaces the file with this run."""
    lines = [
        "# Results of scripts/bench",
        "",
        "Written by `scripts/bench --record`; every line can be measured again with the part that is named like it.",
        "Numbers are medians; a ratio is one of medians, and in brackets are the least and the greatest of one round.",
        "CPU time is of whole programs and all that they start. On loopback the sender pays for the network.",
        "",
        *_facts(options, parts, load),
        "",
        *(_markdown(*table) for table in _bars(bars)),
        *(_markdown(*table) for table in results.tables),
        *(f"Failed: {failure}\n" for failure in results.failures),
    ]
    path.write_text("\n".join(lines))


def _bars(bars):
    rows = [bar.row() for bar in bars if bar.value is not None]
    return [("Bars", ["what", "bar", "measured", "verdict"], rows)] if rows else []


def _facts(options, parts, load):
    facts = {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory()}",
        "system": f"{platform.freedesktop_os_release().get('PRETTY_NAME', '')}, Linux {platform.release()}",
        "TCP": f"congestion control {congestion.default()}",
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": _output("git", "-C", str(_ROOT), "describe", "--always", "--dirty"),
        "stock": _output("ssh", "-V"),
        "run": f"{', '.join(parts) or 'all parts'}; {options.rounds} rounds of {options.seconds:g} s",
        "load average before": " ".join(f"{value:.1f}" for value in load),
    }
    return [f"- {name}: {value}" for name, value in facts.items()]


def _processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return f"{int(line.split()[1]) / (1 << 20):.0f} GiB"
    return "memory unknown"


def _output(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return (result.stdout + result.stderr).strip() or "unknown"


def _markdown(title, columns, rows):
    rows = [columns, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(columns))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join([f"## {title}", "", *lines, ""])
