"""Samples by what was measured and by whom, and the ratios between them."""

import statistics
from dataclasses import dataclass

RATIO = "ratio (least..greatest)"


@dataclass(frozen=True)
class Ratio:
    """A ratio of medians, with the least and the greatest ratio of one round."""

    value: float
    low: float
    high: float

    def __str__(self):
        return f"{self.value:.2f} ({self.low:.2f}..{self.high:.2f})"


class Results:
    """All samples of a run: `samples[what][who]` has one number a round."""

    def __init__(self):
        self.samples = {}
        self.tables = []
        self.failures = []

    def add(self, what, who, value):
        self.samples.setdefault(what, {}).setdefault(who, []).append(value)

    def has(self, what, *who):
        return all(self.samples.get(what, {}).get(each) for each in who)

    def median(self, what, who):
        values = self.samples.get(what, {}).get(who)
        return statistics.median(values) if values else None

    def ratio(self, what, ours, theirs):
        return self.ratio_of_sums([what], ours, [what], theirs)

    def ratio_of_sums(self, our_whats, ours, their_whats, theirs):
        """The sums of what was measured in several cases, round by round; the ratio of means is the same."""
        numerators, denominators = self._sums(our_whats, ours), self._sums(their_whats, theirs)
        if not numerators or not denominators or not all(denominators):
            return None
        rounds = [ours / theirs for ours, theirs in zip(numerators, denominators)]
        return Ratio(statistics.median(numerators) / statistics.median(denominators), min(rounds), max(rounds))

    def _sums(self, whats, who):
        series = [self.samples.get(what, {}).get(who) for what in whats]
        return [sum(values) for values in zip(*series)] if all(series) else None

    def table(self, title, columns, rows):
        """Keeps a table for the report; numbers come as text."""
        self.tables.append((title, columns, rows))

    def as_json(self):
        return [
            {"what": what, "who": who, "samples": values}
            for what, contestants in self.samples.items()
            for who, values in contestants.items()
        ]


def show(value, digits=0):
    return "-" if value is None else f"{value:.{digits}f}"
