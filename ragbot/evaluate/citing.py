"""What an answer's citations are worth: do their words support the claims, and does each have its part in that?

As ALCE measures it (Gao et al., EMNLP 2023, section 3), with the given `Verifier` in place of its inference model
and the quoted words in place of whole passages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragbot.protocols import Verifier
from ragbot.types import Answer, Citation


def cited(answer: Answer, verifier: Verifier) -> tuple[float, float] | None:
    """Citation recall and precision of an answer, 0..1; None where it is none, or claims nothing.

    Recall: the share of claims that have citations whose words, joined, support them. Precision: the share of
    citations of claims so supported that support the claim alone, or without which the others do not; those of
    other claims count as useless, and an answer without citations has 0.
    """
    if answer.status != "answered" or not answer.claims:
        return None
    citations = {citation.number: citation for citation in answer.citations}
    supported = useful = total = 0
    for claim in answer.claims:
        own = [citations[number] for number in dict.fromkeys(claim.citations) if number in citations]
        total += len(own)
        if own and _supports(own, claim.text, verifier):
            supported += 1
            useful += sum(_useful(one, own, claim.text, verifier) for one in own)
    return supported / len(answer.claims), useful / total if total else 0.0


def exact_quotes(answer: Answer, texts: Mapping[str, Sequence[str]]) -> tuple[bool, ...]:
    """For each citation, whether its words stand at its place in the document. `texts`: source -> texts of the
    documents of that name."""
    return tuple(
        any(text[each.start : each.end] == each.quote for text in texts.get(each.source, ()))
        for each in answer.citations
    )


def _useful(one: Citation, own: Sequence[Citation], claim: str, verifier: Verifier) -> bool:
    others = [each for each in own if each is not one]
    return not others or _supports([one], claim, verifier) or not _supports(others, claim, verifier)


def _supports(citations: Sequence[Citation], claim: str, verifier: Verifier) -> bool:
    """Whether the quotes, as one text, support every sentence of the claim."""
    text = "\n".join(citation.quote for citation in citations)
    above = dict.fromkeys(part for each in citations for part in (each.title, each.heading) if part)
    found = verifier.verify(claim, [text], contexts=[" > ".join(above)])
    return bool(found) and all(each.verdict == "supported" for each in found)
