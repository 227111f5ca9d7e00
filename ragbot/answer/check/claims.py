"""An answer -> the sentences of it that claim something. Questions, courtesies and citation marks are set apart: they
need no support and can have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragbot.answer.check.fact import FIGURES
from ragbot.answer.check.facts import facts
from ragbot.text.sentences import sentences
from ragbot.text.words import content_terms

_CITATION_MARK = re.compile(r"\s*\[\d+\]")
_MARKUP = re.compile(r"^\s*(?:[-*•‣–]|\d{1,3}[.)])\s+|^#{1,6}\s+|^>\s+")
_SEMICOLON = re.compile(r";\s+")
_COURTESY = re.compile(
    r"""(?:oh |ah |ok(?:ay)?,? |well,? )*(?:
    (?:yes|no|yeah|yep|sure|certainly|of\ course|absolutely|definitely|ok(?:ay)?|great|right|exactly|indeed|sure\ thing)
      (?:,?\ (?:thing|thank\ you|thanks|please|i\ can\ help(?:\ you)?(?:\ with\ (?:that|this))?))?
    | (?:hello|hi|hey|dear|good\ (?:morning|afternoon|evening|day))(?:\ (?:there|customer|again|\w+))?
    | (?:many\ )?thank(?:s|\ you)\b.{0,60}
    | you(?:['’]re|\ are)\ welcome.{0,20} | no\ problem | my\ pleasure | you\ too | same\ here | wait
    | i\ (?:see|agree|understand|know)(?:\ (?:that|it|you|your\ (?:concern|frustration|question)))?
    | (?:that(?:['’]?s|\ is)|it(?:['’]?s|\ is)|what)\ (?:so\ |very\ |really\ |a\ )*
      (?:true|right|cool|great|good|nice|interesting|amazing|awesome|fine|funny|correct)(?:\ question)?
    | (?:great|good)\ question | (?:i(?:['’]m|\ am)\ )?(?:happy|glad|here)\ to\ help.{0,30}
    | i(?:['’]d|\ would|['’]ll|\ will|\ can|\ am|['’]m)?\ (?:be\ )?(?:happy|glad|delighted)\ to\ (?:help|assist).{0,60}
    | i\ hope\ (?:this|that|it)\ (?:helps?|is\ helpful|answers|information).{0,40}
    | (?:please\ )?let\ (?:me|us)\ know\b.{0,80} | (?:please\ )?feel\ free\ to\ (?:ask|contact|reach|let).{0,80}
    | (?:please\ )?(?:don['’]?t|do\ not)\ hesitate\ to.{0,80}
    | (?:if\ you\ have|should\ you\ have)\ any\ .{0,20}questions\b.{0,80}
    | have\ a\ (?:nice|great|good|wonderful)\ (?:day|one|weekend|evening)
    | (?:i(?:['’]m|\ am)\ )?(?:so\ |very\ )?sorry
      (?:\ (?:about|for)\ (?:that|this|the\ \w+|any\ \w+)|\ to\ hear\ (?:that|this))?
    | (?:my\ |our\ )?apologies(?:\ for\ .{0,30})? | i\ apologi[sz]e(?:\ for\ .{0,40})?
    | here(?:['’]s|\ is|\ are)\ (?:what|the|some|your|a|how)\b.{0,60}:
    | (?:best|kind)\ regards.{0,20} | sincerely.{0,20} | welcome.{0,20}
    | (?:好的?|是的?|对的?|当然(?:可以)?|没问题|您好|你好|嗯|明白了?|了解|收到)[，,\s]?(?:谢谢.{0,10}|没问题|当然)?
    | (?:非常)?(?:谢谢|感谢).{0,20} | 不客气 | 不用谢 | 希望.{0,14}(?:帮助|帮到|有用|解决).{0,6}
    | (?:如果?|若)?您?(?:还?有|需要)(?:任何|其他|其它|别的|更多)?.{0,8}(?:问题|疑问|帮助).{0,30}
    | (?:请)?随时.{0,20} | 很高兴.{0,16} | (?:非常|十分|很)?(?:抱歉|对不起|不好意思)(?:给您带来.{0,10})? | 祝您?.{0,12}
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_ENDS = " \t.!。！~～…,，:)"
_STATED_AS_QUESTION = re.compile(
    r"\s*(?:did you know|you know|have you heard)\b|\s*(?:你|您)知道", re.IGNORECASE
)
_LEAD_IN = re.compile(
    r"""\s*(?:
    (?:yes|no|yeah|yep|sure|certainly|of\ course|well|oh|ah|ok(?:ay)?|so|and|but|also|right|actually
      |hi|hello|thanks)\s*[,!.]+\s*
    | (?:i['’\ ]*m|i\ am)\ not\ sure\s*,?\s*but\s+ | i\ don\s?['’]?\ ?t\ know\s*,?\s*but\s+
    | (?:i|we)\ (?:do\ )?(?:also\ )?(?:believe|think|know|guess|heard|read|understand|see|agree)
      (?:\ that)?\s+(?=\S+\ \S+)
    | (?:did|do)\ you\ know\ (?:that\s+)?
    | (?:please\ note|note|it\ is\ worth\ noting|it\ is\ important\ to\ note)\ that\s+
    | according\ to\ (?:the|our|your)\ (?:passage|document|documentation|text|context|policy|website)s?\s*,\s*
    | based\ on\ (?:the|our)\ .{1,40}?,\s* | in\ short,\s* | in\ summary,\s*
    | (?:i['’]?m|i\ am)?\ ?sorry\s*,\s*(?:but\s+)? | unfortunately\s*,\s*
    | (?:好的?|是的|您好|你好|当然|抱歉|对不起|不好意思|很遗憾)[，,。！!]\s* | 根据.{1,12}[，,]\s* | 请注意[，,：:]?\s*
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def claims(text: str) -> list[str]:
    """The claims of `text`, in order, without citation marks: its sentences, parted at semicolons where each part
    says something of its own. A sentence that gives a figure or an address is a claim however politely it is said.
    """
    found = []
    for sentence in sentences(text):
        claim = _CITATION_MARK.sub("", sentence.text).strip()
        if claim and not is_aside(claim):
            found.append(claim)
    return found


def is_aside(sentence: str) -> bool:
    """Whether a sentence claims nothing: a courtesy, a question, or no word with a content of its own."""
    bare = _MARKUP.sub("", sentence).strip(_ENDS)
    if not any(character.isalnum() for character in bare):
        return True
    if sentence.rstrip(" )\"'”’」").endswith(("?", "？")) and not _STATED_AS_QUESTION.match(sentence):
        return True
    if content_terms(bare) and (len(bare) > 140 or not _COURTESY.fullmatch(bare)):
        return False
    return not any(fact.kind in FIGURES for fact in facts(sentence, with_names=False))


def parts(claim: str) -> list[str]:
    """`claim` parted at semicolons where each part has at least two content words, else whole."""
    found = [part.strip() for part in _SEMICOLON.split(claim)]
    if len(found) > 1 and all(len(content_terms(part)) >= 2 for part in found):
        return found
    return [claim]


def bare(claim: str) -> str:
    """What a claim says, without list marks and what leads in to it: "Yes, I believe that", 根据文档，."""
    rest = _MARKUP.sub("", claim)
    for _ in range(3):
        match = _LEAD_IN.match(rest)
        if match is None or match.end() >= len(rest):
            break
        rest = rest[match.end() :]
    return rest


def asides(text: str) -> Iterator[str]:
    """The sentences of `text` that claim nothing."""
    for sentence in sentences(text):
        said = _CITATION_MARK.sub("", sentence.text).strip()
        if said and is_aside(said):
            yield said
