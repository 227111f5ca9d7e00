"""Intervals and tests of means over questions that come in clusters (conversations). Home of numpy and scipy here.

Clusters, not questions, are drawn: questions of one conversation are not independent. A measure is a `Tally` of sums
and counts per cluster, its mean the ratio of their totals. Everything is seeded: the same values give the same figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

SAMPLES = 2000
"""Bootstrap resamples: the ends of a 95 % interval then vary by a few hundredths of its width."""
_FLIPS = 9999
_EXACT_UP_TO = 12
"""Clusters that differ up to which all 2^k sign flips are tried."""
_BLOCK = 4_000_000
"""Draws that are held at once."""
_SEED = 20261124
_Z_975, _Z_80 = 1.959963984540054, 0.8416212335729143
_FEWEST = 6
"""Differing clusters below which no two-sided sign test reaches 0.05: 2 / 2^5 > 0.05 > 2 / 2^6."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Values of one measure, added up per cluster; shape (clusters,) each."""

    sums: Floats
    counts: Floats

    @property
    def mean(self) -> float:
        """0 of nothing."""
        total = float(self.counts.sum())
        return math.fsum(self.sums) / total if total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A paired comparison of two tallies over the same clusters."""

    difference: float
    low: float
    high: float
    lower: float
    upper: float
    p: float
    smallest: float


def tally(values: Iterable[tuple[str, float]], clusters: Sequence[str] | None = None) -> Tally:
    """(cluster, value) pairs added up per cluster; `clusters` gives which there are and in which order."""
    pairs = list(values)
    names = clusters if clusters is not None else list(dict.fromkeys(name for name, _ in pairs))
    place: Mapping[str, int] = {name: number for number, name in enumerate(names)}
    at = np.array([place[name] for name, _ in pairs], dtype=np.int64)
    weights = np.array([value for _, value in pairs], dtype=np.float64)
    many = len(names)
    return Tally(
        np.bincount(at, weights, minlength=many).astype(np.float64),
        np.bincount(at, minlength=many).astype(np.float64),
    )


def intervals(measured: Sequence[Tally], *, level: float = 0.95) -> list[tuple[float, float] | None]:
    """Intervals of the means of several measures over the same clusters, values in 0..1; None for a measure that
    applies to fewer than two clusters.

    A percentile bootstrap over clusters (Efron, 1979), its quantiles moved outwards for few clusters as Hesterberg
    does (The American Statistician 69(4), 2015, "expanded percentile"). It draws from the clusters and two more, made
    up: one as low as the lowest and one as high as the highest. That is the adjustment of Agresti and Coull (The
    American Statistician 52(2), 1998) with one failure and one success; without it, intervals near 0 and 1 miss the
    truth too often. Where all clusters have the same mean a bootstrap tells nothing; then each cluster counts as one
    trial: the exact bound of Clopper and Pearson (1934) if that mean is 0 or 1, else Hoeffding's (1963), which holds
    for any values in 0..1.
    """
    if not measured:
        return []
    sums, counts = (np.stack(columns, axis=1) for columns in zip(*map(_with_extremes, measured), strict=True))
    blocks = [(drawn @ sums, drawn @ counts) for drawn in _drawn(len(sums), SAMPLES)]
    totals, numbers = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    found: list[tuple[float, float] | None] = []
    for place, values in enumerate(measured):
        drawn = numbers[:, place] > 0
        found.append(_interval(values, totals[drawn, place] / numbers[drawn, place], level))
    return found


def interval(values: Tally, *, level: float = 0.95) -> tuple[float, float] | None:
    """`intervals` of one measure."""
    return intervals([values], level=level)[0]


def compare(before: Tally, after: Tally) -> Difference:
    """The difference `after - before` of two measures of the same questions, clusters kept in pairs.

    The bootstrap draws from the clusters and two more, made up, that differ as far as the farthest real one (by 1
    where none does), one either way: few or no differences then give no interval of width 0. For questions that may
    only change by 1 this is the adjustment of Bonett and Price (British J. of Math. and Stat. Psychology 65, 2012).
    """
    low, lower, upper, high = _paired_bounds(before, after)
    return Difference(
        difference=after.mean - before.mean,
        low=low,
        high=high,
        lower=lower,
        upper=upper,
        p=_p(before, after),
        smallest=smallest_difference(before, after),
    )


def mcnemar(worse: int, better: int) -> float:
    """Two-sided exact p that of questions that changed, each was as likely to get worse as better.

    min(1, 2 P(X <= min)) for X binomial with n = worse + better and 1/2 (McNemar, 1947, in its exact form).
    """
    n = worse + better
    tail = sum(math.comb(n, many) for many in range(min(worse, better) + 1))
    return float(min(1.0, 2 * tail / 2**n))


def sign_flip(before: Tally, after: Tally) -> float:
    """Two-sided p of a permutation test that exchanges before and after in each cluster (Fisher, 1935).

    All exchanges up to 12 differing clusters; beyond, 9,999 drawn ones, with the observed one among them, so that p
    is never 0 (Phipson and Smyth, 2010).
    """
    differs = (before.sums != after.sums) | (before.counts != after.counts)
    active = int(differs.sum())
    if not active:
        return 1.0
    exact = active <= _EXACT_UP_TO
    observed = abs(after.mean - before.mean) - 1e-12
    hits = total = 0
    for flips in _all_flips(active) if exact else _some_flips(active):
        hits += int((_exchanged(before, after, differs, flips) >= observed).sum())
        total += len(flips)
    return hits / total if exact else (hits + 1) / (total + 1)


def smallest_difference(before: Tally, after: Tally) -> float:
    """The smallest true difference that a two-sided test at 0.05 would find with a power of 0.8, 0..1.

    (z_.975 + z_.8) standard errors of the paired difference (Cohen, 1988), that of a ratio over clusters by
    linearisation (Cochran, Sampling Techniques, 1977, 6.3). Never less than what six clusters can make up by
    differing fully, which a sign test needs at least.
    """
    clusters = len(before.counts)
    n_before, n_after = float(before.counts.sum()), float(after.counts.sum())
    if clusters < _FEWEST or not n_before or not n_after:
        return 1.0
    residual = (after.sums - after.mean * after.counts) / n_after
    residual -= (before.sums - before.mean * before.counts) / n_before
    error = math.sqrt(clusters / (clusters - 1) * float(residual @ residual))
    return min(1.0, max((_Z_975 + _Z_80) * error, 0.0 if error > 0 else _FEWEST / clusters))


def holm(ps: Sequence[float]) -> list[float]:
    """p values corrected for their number: max over smaller ones of (m - rank + 1) p, at most 1 (Holm, 1979)."""
    order = sorted(range(len(ps)), key=lambda each: ps[each])
    corrected = [0.0] * len(ps)
    highest = 0.0
    for rank, each in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[each]))
        corrected[each] = highest
    return corrected


def _with_extremes(values: Tally) -> tuple[Floats, Floats]:
    """Sums and counts with those of the two made-up clusters at the end."""
    own = values.counts > 0
    means = values.sums[own] / values.counts[own]
    size = float(values.counts[own].mean()) if own.any() else 0.0
    ends = [float(means.min()) * size, float(means.max()) * size] if own.any() else [0.0, 0.0]
    return np.append(values.sums, ends), np.append(values.counts, [size, size])


def _interval(values: Tally, drawn: Floats, level: float) -> tuple[float, float] | None:
    """The interval, given the means of the resamples."""
    own = values.counts > 0
    clusters = int(own.sum())
    if clusters < 2:
        return None
    means = values.sums[own] / values.counts[own]
    if float(np.ptp(means)) < 1e-12:
        return _of_equal_means(float(means[0]), clusters, level)
    low, high = np.quantile(drawn, _quantiles(clusters + 2, level))
    return max(0.0, min(values.mean, float(low))), min(1.0, max(values.mean, float(high)))


def _of_equal_means(value: float, clusters: int, level: float) -> tuple[float, float]:
    outside = (1 - level) / 2
    if value < 1e-9:
        return 0.0, 1 - outside ** (1 / clusters)
    if value > 1 - 1e-9:
        return float(outside ** (1 / clusters)), 1.0
    reach = math.sqrt(math.log(1 / outside) / (2 * clusters))
    return max(0.0, value - reach), min(1.0, value + reach)


def _quantiles(clusters: int, level: float) -> tuple[float, float]:
    """Phi(-sqrt(G / (G - 1)) t), the expanded tail of a percentile interval, and its mirror image."""
    reach = float(stdtrit(clusters - 1, (1 + level) / 2)) * math.sqrt(clusters / (clusters - 1))
    tail = float(ndtr(-reach))
    return tail, 1 - tail


def _drawn(clusters: int, samples: int) -> Iterator[Floats]:
    """How often each cluster is drawn: blocks of shape (resamples, clusters)."""
    random = np.random.default_rng(_SEED)
    block = max(1, _BLOCK // clusters)
    for start in range(0, samples, block):
        many = min(block, samples - start)
        picks = random.integers(0, clusters, (many, clusters)) + clusters * np.arange(many)[:, None]
        yield np.bincount(picks.ravel(), minlength=many * clusters).reshape(many, clusters).astype(np.float64)


def _paired_bounds(before: Tally, after: Tally) -> tuple[float, float, float, float]:
    """Low end of the 95 % and of the 90 % interval of the difference, and their high ends the other way round."""
    clusters = len(before.counts)
    if clusters < 2:
        return -1.0, -1.0, 1.0, 1.0
    both = (before.counts > 0) & (after.counts > 0)
    apart = after.sums[both] / after.counts[both] - before.sums[both] / before.counts[both]
    farthest = float(np.abs(apart).max()) if both.any() else 0.0
    reach = np.array([farthest, -farthest]) if farthest > 0 else np.array([1.0, -1.0])
    old_size, new_size = float(before.counts.mean()), float(after.counts.mean())
    columns = (
        np.append(before.sums, [before.mean * old_size] * 2),
        np.append(before.counts, [old_size] * 2),
        np.append(after.sums, (after.mean + reach) * new_size),
        np.append(after.counts, [new_size] * 2),
    )
    found = []
    for drawn in _drawn(clusters + 2, SAMPLES):
        old_sums, old_counts, new_sums, new_counts = (drawn @ np.stack(columns, axis=1)).T
        defined = (old_counts > 0) & (new_counts > 0)
        found.append((new_sums[defined] / new_counts[defined]) - old_sums[defined] / old_counts[defined])
    outer, inner = _quantiles(clusters + 2, 0.95), _quantiles(clusters + 2, 0.90)
    ends = np.quantile(np.concatenate(found), [outer[0], inner[0], inner[1], outer[1]])
    low, lower, upper, high = (float(end) for end in np.clip(ends, -1.0, 1.0))
    return low, lower, upper, high


def _p(before: Tally, after: Tally) -> float:
    single = bool(np.all(before.counts == 1) and np.all(after.counts == 1))
    values = np.concatenate([before.sums, after.sums])
    if single and bool(np.isin(values, (0.0, 1.0)).all()):
        return mcnemar(int((before.sums > after.sums).sum()), int((before.sums < after.sums).sum()))
    return sign_flip(before, after)


def _all_flips(active: int) -> Iterator[Floats]:
    numbers = np.arange(2**active)[:, None]
    yield ((numbers >> np.arange(active)) & 1).astype(np.float64)


def _some_flips(active: int) -> Iterator[Floats]:
    random = np.random.default_rng(_SEED)
    block = max(1, _BLOCK // active)
    for start in range(0, _FLIPS, block):
        yield random.integers(0, 2, (min(block, _FLIPS - start), active)).astype(np.float64)


def _exchanged(before: Tally, after: Tally, differs: NDArray[np.bool_], flips: Floats) -> Floats:
    """|after - before| for each row of flips; 1, the largest there is, where a side has no questions left."""
    sums = (after.sums - before.sums)[differs]
    counts = (after.counts - before.counts)[differs]
    moved_sums, moved_counts = flips @ sums, flips @ counts
    old_counts, new_counts = before.counts.sum() + moved_counts, after.counts.sum() - moved_counts
    defined = (old_counts > 0) & (new_counts > 0)
    apart = np.ones(len(flips))
    olds = (before.sums.sum() + moved_sums)[defined] / old_counts[defined]
    news = (after.sums.sum() - moved_sums)[defined] / new_counts[defined]
    apart[defined] = np.abs(news - olds)
    return apart
