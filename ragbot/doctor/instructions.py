"""Sentences in documents that speak to the bot instead of the customer.

Ragbot quotes documents and obeys none of them, but a language model that drafts may, and no company means to publish
such a sentence. It is told by whom it speaks to (a model, its instructions, its reply) together with what it demands;
"ignore the warning", "you are now connected" or "reply to this e-mail" demand nothing of a bot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ragbot.doctor.findings import Finding
from ragbot.doctor.pieces import Contents, place, where

_WHOSE = (
    r"(?:your|my|previous(?:ly)?|prior|above|preceding|earlier|former|initial|original|system|developer|foregoing|existing"
    r"|safety|ethical)"
)
_RULES = (
    r"(?:instructions?|prompts?|directives?|commands?|orders?|guidelines?|rules?"
    r"|programming|restrictions?|context)"
)
_REPLY = r"(?:response|repl(?:y|ies)|answer|output|message|elucidation|explanation|completion|generation)s?"
_CODE = r"(?:code (?:snippet|block|section|excerpt|segment)|script|snippet)"
_BOT = r"(?:AI|artificial intelligence|chat ?bot|language model|LLM|(?:Chat)?GPT)\b"

_ENGLISH: Final = {
    "sets earlier instructions aside": (
        rf"\b(?:ignore|disregard|forget|override|bypass|neglect|overlook|stop following|"
        rf"(?:do not|don['’]t|never) (?:follow|obey|listen to))\s+(?:[\w-]+\s+){{0,4}}?"
        rf"(?:{_WHOSE}\s+(?:[\w-]+\s+){{0,3}}?{_RULES}\b|{_WHOSE}\s+information\b.{{0,30}}\borders"
        rf"|{_RULES}\s+(?:above|before|you (?:got|were|have|had|received)"
        r"|(?:that |which )?(?:was|were) given (?:to you|above|before)))"
        rf"|\b(?:ignore|disregard|forget) all (?:of )?(?:the |these |those |other )?{_RULES}(?:\s*[.!,;]|\s+and\b|$)"
        rf"|\bforget (?:everything|all)\b.{{0,40}}\b(?:told|learn|know|instruct|above|before)"
        rf"|\bforgot(?:ten)? (?:about )?all (?:the )?(?:rules|instructions)"
    ),
    "gives the bot another role": (
        r"\b(?:you are|you['’]re|you will be|(?:act|behave|respond|roleplay) as|pretend (?:to be|you are)|simulate)\s+"
        rf"(?:now\s+|from now on\s+)?(?:an?|the|my|our)\s+(?:[\w-]+\s+){{0,3}}?{_BOT}"
        r"|^\W*you are (?:an?|my) (?:[\w-]+\s+){0,2}assistant\b"
        r"|\bfrom now on,?\s+(?:you|your|act|answer|reply|respond|always)\b"
        r"|\b(?:you (?:are|will be)|act as|called)\s+(?:\w+\s+){0,2}(?:DAN|jailbroken|unrestricted|unfiltered)\b"
        r"|\b(?:DAN|developer|god|jailbreak|debug) mode (?:is )?(?:on|enabled|activated)\b|\bDo Anything Now\b"
        r"|\bas an AI\b.{0,80}\b(?:without (?:ethics|restrictions|rules)|you (?:must|will|can|are))"
    ),
    "asks for the bot's instructions": (
        r"\b(?:repeat|print(?: out)?|output|reveal|show|display|tell me|give me|leak|disclose|summari[sz]e|write out)"
        r"\s+(?:\w+\s+){0,2}?(?:(?:all|the|your|above|previous|system|initial|hidden|of)\s+){1,4}"
        r"(?:prompts?|instructions?)\b"
        r"|\byour (?:system |initial |hidden )prompts?\b"
        r"|\bsystem prompts?\s*(?::|is\b)"
    ),
    "tells the bot how to reply": (
        rf"\b(?:add|append|include|insert|integrate|incorporate|introduce|embed|mention|augment|enhance|modify|convert|"
        rf"replace|translate|rewrite|render|encode|scramble|rearrange|misspell|anagram|jumble|use|remove|group|combine|"
        rf"substitute|write|provide|give|end|begin|start|finish|conclude|suggest|tease|format|present|display|"
        rf"substitut\w+|reverse)\b.{{0,160}}\b(?:your|the bot['’]s|the assistant['’]s)\s+(?:\w+\s+)?{_REPLY}\b"
        rf"|\bin your {_REPLY},?\s+(?:\w+ly\s+)?"
        r"(?:suggest|mention|tease|include|add|recommend|say|use|tell|write|promote)"
        rf"|\b(?:always|only) (?:reply|respond|answer) (?:with|in|as|by|that)\b|\b(?:reply|respond|answer) only with\b"
        rf"|\b(?:reply|respond|answer) (?:as|like) an? \w+ (?:would|does)\b"
        rf"|\b(?:following|subsequent|below|this|next|ensuing) {_CODE}\b[^\n]{{0,80}}```"
    ),
    "sends data elsewhere": (
        r"\b(?:send|post|forward|upload|transmit|exfiltrate|email)\b[^.!?\n]{0,40}"
        r"\b(?:conversation|chat history|customer(?:['’]s)? (?:data|details|e-?mail|messages?)"
        r"|user(?:['’]s)? (?:data|input|messages?)|api keys?|credentials)\b"
        r"[^.!?\n]{0,40}\bto\b[^.!?\n]{0,20}(?:https?://|\S+@\S+|\bthis (?:url|address))"
    ),
    "imitates the marks of a prompt": (
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext)\|>|\[/?INST\]|<</?SYS>>"
        r"|^[#{\s]{0,4}(?:system|assistant)(?: prompt| message| override)?\s*[:：]\s*"
        r"(?:you|ignore|this|the|from|new|your)\b"
        r"|%{2,}\s*(?:BEGIN|END)\b"
    ),
}
_CHINESE: Final = {
    "sets earlier instructions aside": (
        r"(?:忽略|无视|忘记|忘掉|不要(?:理会|遵守|遵循)|抛开|跳过)[^。！？\n]{0,10}(?:之前|以上|上面|前面|先前|所有|全部|此前|系统|你的|原有|既有)"
        r"[^。！？\n]{0,8}(?:指令|指示|提示词?|规则|说明|命令|设定|要求|内容)"
    ),
    "gives the bot another role": (
        r"从现在(?:开始|起)[，,]?\s*(?:你|请你?)(?:是|将|要|只|必须|扮演|以|用|叫|不再)"
        r"|(?:你(?:现在)?是|请?扮演|假装(?:你)?是|充当|你将(?:成为|扮演))[^。！？\n]{0,12}(?:人工智能|AI|机器人|语言模型|大模型|智能助手|黑客)"
        r"|(?:开发者|越狱|不受限制的?)模式"
    ),
    "asks for the bot's instructions": (
        r"(?:重复|输出|显示|打印|告诉我|泄露|透露|复述|说出|列出)[^。！？\n]{0,8}(?:你的|系统|上面的|以上的?|初始|完整的?)"
        r"[^。！？\n]{0,6}(?:提示词?|指令|指示|设定)"
    ),
    "tells the bot how to reply": (
        r"(?:在|于)(?:你的|每(?:个|次))?(?:回复|回答|答复|输出)(?:中|里|末尾|结尾|开头|前|后)[^。！？\n]{0,6}(?:加上|加入|添加|包含|插入|提到|附上|推荐|写)"
        r"|(?:只(?:能|需|要|准)?|一律|始终|总是|必须)(?:用[^。！？\n]{1,10})?(?:回复|回答|输出)[“\"「『:：]"
        r"|将?你的(?:回复|回答|答复|输出)(?:翻译|改写|转换|编码|倒序)"
    ),
    "sends data elsewhere": (
        r"(?:把|将)[^。！？\n]{0,12}(?:对话|聊天记录|用户(?:的)?(?:数据|信息|资料)|客户(?:的)?(?:数据|信息|资料)|密钥)"
        r"[^。！？\n]{0,8}(?:发送|上传|转发)(?:到|给|至)"
    ),
}
_PATTERNS: Final = tuple(
    (what, re.compile(pattern, flags))
    for table, flags in ((_ENGLISH, re.IGNORECASE | re.MULTILINE), (_CHINESE, re.IGNORECASE))
    for what, pattern in table.items()
)
_LONGEST: Final = 4000
"""Characters of a sentence that are looked at."""


def demand(sentence: str) -> str:
    """What `sentence` demands of a bot, in a few words; empty where it demands nothing."""
    text = " ".join(sentence[:_LONGEST].split())
    return next((what for what, pattern in _PATTERNS if pattern.search(text)), "")


def instructions(contents: Contents) -> Iterator[Finding]:
    """A finding for each sentence that speaks to the bot."""
    for piece in contents.pieces():
        if what := demand(piece.text):
            at = place(piece.chunk, piece.text)
            message = f'{where(at)} speaks to the bot ({what}): "{at.quote}"; remove it, and find out who put it there'
            yield Finding(about="content", level="note", kind="instruction", message=message, places=(at,))
