"""Do two sentences about the same thing say opposite things of it? Compares their logic and their antonyms.

Each comparison gives a share or a flag that a model can weigh and a person can read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ragbot.answer.check.logic import Logic, logic
from ragbot.answer.check.reading import Reading
from ragbot.text.words import stem

_ANTONYMS: Final = """on/off enable/disable enabled/disabled free/paid free/charge free/chargeable include/exclude
increase/decrease open/close open/closed allow/forbid allow/prohibit allowed/prohibited
allowed/forbidden accept/refuse accept/reject with/without first/last up/down left/right start/stop
more/less more/fewer maximum/minimum required/optional mandatory/optional valid/invalid
available/unavailable same/different always/never all/none new/used new/old high/low higher/lower
highest/lowest long/short longer/shorter longest/shortest large/small larger/smaller hot/cold
buyer/seller morning/evening before/after above/below over/under upper/lower plug/unplug lock/unlock
connect/disconnect install/uninstall import/export upload/download sent/received send/receive
buy/sell opened/unopened legal/illegal possible/impossible early/late earlier/later earliest/latest
fast/slow faster/slower north/south east/west northern/southern eastern/western male/female
positive/negative public/private single/multiple internal/external inside/outside indoor/outdoor
online/offline wired/wireless manual/automatic manually/automatically add/remove insert/remove
win/lose won/lost best/worst most/least many/few input/output rise/fall rises/falls full/empty
full/partial success/failure succeed/fail succeeded/failed safe/dangerous safe/unsafe support/oppose
front/back top/bottom beginning/end heavy/light refundable/non-refundable rechargeable/disposable
permanent/temporary old/young older/younger 增加/减少 提高/降低 开启/关闭 打开/关闭 启用/禁用
允许/禁止 可以/不可 支持/不支持 包括/不包括 包含/不含 免费/收费 免费/付费 之前/之后 以前/以后
以上/以下 最高/最低 最大/最小 最多/最少 至多/至少 必须/可选 有效/无效 买家/卖家 上午/下午 新/旧
高于/低于 大于/小于 多于/少于 超过/不到 超过/低于 首次/末次 首次/最后 早上/晚上 上午/晚上 上午/下午
早上/下午 白天/夜间 白天/晚上 凌晨/傍晚 早晨/傍晚 中午/晚上 工作日/周末 每月/每年 每天/每周
每周/每月 线上/线下 国内/国外 境内/境外 可拆卸/不可拆卸 全部/部分 左/右 进口/出口""".split()
_PREFIXES: Final = ("un", "in", "im", "ir", "dis", "non", "mis")


@dataclass(frozen=True, slots=True)
class Opposition:
    """How two sentences differ in what they make of the same words."""

    polarity: bool
    antonym: bool
    modality: bool
    """Must against may or should."""
    exception: bool
    """One of them makes an exception, the other none."""
    only_added: bool
    """The claim says `only`, the passage does not."""
    temporal: bool
    """Before the thing against after it."""
    condition_dropped: float
    """Least share of a condition of the passage that the claim keeps, from 1: 0 kept or none, 1 wholly dropped."""
    condition_added: float
    """The same of the claim's conditions in the passage."""

    @property
    def contradicts(self) -> bool:
        return self.polarity or self.antonym or self.temporal


@lru_cache(maxsize=1)
def _pairs() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _ANTONYMS:
        one, other = pair.split("/")
        one, other = (word if not word.isascii() else stem(word) for word in (one, other))
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


def _antonym(claim: Reading, given: Reading) -> bool:
    """Whether each has a word whose opposite the other has in its stead."""
    pairs = _pairs()
    mine = claim.bag - given.bag | (Counter(claim.sequence) - Counter(given.sequence)).keys()
    theirs = given.bag - claim.bag | (Counter(given.sequence) - Counter(claim.sequence)).keys()
    for word in mine:
        if any(other in theirs for other in pairs.get(word, ())):
            return True
        if len(word) > 3 and any(prefix + word in theirs for prefix in _PREFIXES):
            return True
        if any(word.startswith(prefix) and word[len(prefix) :] in theirs for prefix in _PREFIXES):
            return True
    return False


def _polarity(claim: Logic, given: Logic, claim_terms: frozenset[str], given_terms: frozenset[str]) -> bool:
    """Whether a word that both have is denied in one of them only."""
    if not claim.negations and not given.negations:
        return False
    denied = claim.negated & given_terms - given.negated
    affirmed = given.negated & claim_terms - claim.negated
    if claim.negations and given.negations:
        if claim.negations == given.negations:
            return bool(denied) and bool(affirmed) and not claim.negated & given.negated
        return bool(denied if claim.negations > given.negations else affirmed)
    scope = claim.negated or given.negated
    shared = denied | affirmed
    return bool(shared) and len(shared) >= 0.5 * len(scope)


def _dropped(conditions: tuple[frozenset[str], ...], terms: frozenset[str]) -> float:
    return max((1 - len(clause & terms) / len(clause) for clause in conditions), default=0.0)


def opposition(claim: str, given: str, claimed: Reading, line: Reading) -> Opposition:
    """Compare a claim with one sentence of a passage; the readings are those of the comparison."""
    mine, theirs = logic(claim), logic(given)
    strict, loose = "must", {"may", "should"}
    return Opposition(
        polarity=_polarity(mine, theirs, claimed.bag, line.bag),
        antonym=_antonym(claimed, line),
        modality=bool(mine.demanded & theirs.permitted - theirs.demanded)
        or bool(mine.permitted & theirs.demanded - theirs.permitted)
        or (
            (strict in mine.modality) != (strict in theirs.modality)
            and bool(mine.modality & loose) != bool(theirs.modality & loose)
        ),
        exception=mine.exception != theirs.exception,
        only_added=mine.only and not theirs.only,
        temporal=bool(
            mine.before & theirs.after - theirs.before or mine.after & theirs.before - theirs.after
        ),
        condition_dropped=_dropped(theirs.conditions, claimed.bag),
        condition_added=_dropped(mine.conditions, line.bag),
    )
