"""The values that travel between stages: frozen, slotted, keyword-only. No behaviour beyond
`Answer.to_dict`, and no third-party import.

Offsets are always counts of Unicode code points in `Document.text`, half open: `[start, end)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["answered", "abstained", "clarify", "handoff", "smalltalk"]
Verdict = Literal["supported", "contradicted", "unsupported"]
Role = Literal["user", "assistant", "system"]
Trigger = Literal["asked", "accepted", "intent", "sensitive", "abstentions", "mood", "function", "form"]
"""What hands a conversation over: the customer asks for a person, or takes the one who was offered; the intent's
action; a sensitive intent; messages that went unanswered one after another; mood; a function of the company's that
failed; fields that could not be collected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file (or one row set of a file) as readable text."""

    id: str
    """Content hash of source and text: the same document always has the same id."""
    source: str
    """Where it came from, as a person would name it: `shop/returns.md`."""
    title: str
    text: str
    """The readable text: no markup, no navigation; what citations quote."""
    page_starts: tuple[int, ...] = ()
    """Offset at which each page (PDF), slide (PPTX) or sheet (XLSX) begins; empty where there are none."""
    language: str = "und"
    """ISO 639-1 code, or `und` where it could not be told."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Front matter and other properties of the file; JSON values only."""
    sha256: str = ""
    """Hash of the file's bytes, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A passage: the unit that is searched and cited. `document.text[start:end] == chunk.text`."""

    id: str
    document_id: str
    source: str
    title: str
    heading: str
    """Path of headings above the passage, outermost first, joined by ` > `; may be empty."""
    text: str
    start: int
    end: int
    page: int | None = None
    """1-based page, slide or sheet on which the passage begins."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """`kind` (`text`, `table`, `code`, `faq`, `row`), `language`, and the document's own properties.
    Of a file of many texts, `record_number`: which of them, from 1. An FAQ entry carries `question` and the
    offset `answer_start` into `Chunk.text`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage that was found, with the evidence of every stage that saw it."""

    chunk: Chunk
    score: float
    """Final score, higher is better; comparable within one search only."""
    dense_rank: int | None = None
    """1-based rank by embedding; None where the dense side did not return it."""
    dense_score: float | None = None
    """Cosine similarity, -1..1."""
    lexical_rank: int | None = None
    """1-based rank by BM25."""
    lexical_score: float | None = None
    rerank_score: float | None = None
    """Probability that the passage answers, by the reader; None where it did not read this one."""
    sentence: tuple[int, int] | None = None
    """The sentence, list item or row that answers best, as offsets into `chunk.text`; None where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A passage to be read together with a message."""

    text: str
    """Title, headings and text, as it is embedded (`ragbot.text.passage.embedded_text`)."""
    spans: Sequence[tuple[int, int]] = ()
    """Its sentences, as offsets in `text`; none: the passage is its own only one."""
    cosine: float | None = None
    """Of message and passage, by the embedder that found it; None where another one did, or none."""
    words: float = 0.0
    """BM25 score of the message's words as a share of the best passage's, 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What became of a candidate."""

    probability: float
    """That the passage answers the message; 0 for an empty one."""
    sentence: int | None
    """Which of the candidate's spans answers best; None where it has none, or none that was read."""
    scores: Sequence[float] = ()
    """Likeness of the message to each span that was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a conversation."""

    role: Role
    text: str
    at: float = 0.0
    """Seconds since the epoch; 0 where unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What the customer's message was taken to mean."""

    question: str
    """The message as typed."""
    standalone: str
    """The message with what it leaves to the conversation filled in; `question` itself if it stands alone."""
    language: str
    intent: str = "question"
    """The name of one of the company's intents, or `question`, `smalltalk` or `handoff`."""
    intent_confidence: float = 1.0
    sentiment: float | None = None
    """-1 (angry) to 1 (happy), or None where it was not measured."""
    urgency: float | None = None
    """0..1, or None where it was not measured."""
    entities: tuple[str, ...] = ()
    """Names, codes and products that the message or the conversation is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """How a message sounds."""

    sentiment: float
    """-1 (angry, desperate) to 1 (happy); 0 is plain."""
    urgency: float
    """0 (whenever) to 1 (at once)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the company knows of the customer; given with a call, kept in no store and no log."""

    name: str = ""
    language: str = ""
    """ISO 639-1 code of the bot's own words where the message does not tell its language; empty: unknown."""
    plan: str = ""
    products: tuple[str, ...] = ()
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A question that waits until the customer has chosen what it is about."""

    question: str
    """The customer's message."""
    facet: str
    """What differs: `product`, `plan`, `region` or `version`; `subject` where the message leaves all open."""
    options: tuple[str, ...]
    """In the words of the documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Fields that are being collected."""

    intent: str
    values: Mapping[str, str] = field(default_factory=dict)
    """Field -> its value, checked and in its normal form."""
    asked: str = ""
    """The field that the customer was asked for last."""
    failures: int = 0
    """How often in a row the customer's reply to it could not be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a conversation stands after a turn. Small whatever its length."""

    form: Form | None = None
    pending: Pending | None = None
    chosen: Pending | None = None
    """The question that the message before completed by a choice: the next one may choose otherwise."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """What the customer chose when asked: facet -> option."""
    abstentions: int = 0
    """Messages in a row that were not answered."""
    moods: tuple[float, ...] = ()
    """Sentiment of the customer's last messages, the newest last."""
    handed_over: bool = False
    """Whether a person was called; the same trigger does not call one again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What a person needs to take over."""

    id: str
    """Unique; a receiver that gets it twice may drop the second."""
    at: float
    """Seconds since the epoch."""
    trigger: Trigger
    reason: str
    """In a few words for the person: `asked for a person`."""
    summary: str
    """What the customer wants and what was tried, in a few sentences."""
    intent: str
    language: str
    fields: Mapping[str, str]
    """What was collected, and what the customer chose."""
    sources: tuple[str, ...]
    """Documents that were tried, the likeliest first."""
    sentiment: float | None
    urgency: float | None
    transcript: tuple[Turn, ...]
    """The conversation with the message that led to this, the newest part if it is long."""
    suggested_reply: str
    profile: Profile | None
    session: str | None
    trace_id: str
    open_at: float | None = None
    """When somebody is there next, seconds since the epoch; None: now, or it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """An article that may help further."""

    source: str
    title: str
    heading: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One chat message for a generator."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the generator is given."""

    messages: tuple[Message, ...]
    hits: tuple[Hit, ...]
    """The passages that are in the prompt, numbered from 1 in this order, the best first. Chunks that stand next to
    one another are one passage, with the scores of the best of them: `document.text[start:end] == chunk.text`."""
    dropped: int
    """How many chunks and turns did not fit the token budget."""
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What the generator gave."""

    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: Literal["stop", "length"]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A place in a document, with the words that stand there: `document.text[start:end] == quote`."""

    number: int
    """1-based; `[1]` in the answer's text."""
    source: str
    title: str
    heading: str
    page: int | None
    start: int
    end: int
    quote: str
    chunk_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a claim is supported: offsets into the passage's text."""

    passage: int
    """1-based number of the passage in the list that was given."""
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence of an answer and what the passages say of it."""

    text: str
    verdict: Verdict
    support: float
    """Strength of the support, 0..1."""
    citations: tuple[int, ...] = ()
    """Numbers of the citations (in an `Answer`) or passages (from a `Verifier`) that support it."""
    evidence: Evidence | None = None
    reason: str = ""
    """Why it is not supported, such as `number 30 is not in the passage`; empty where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the customer gets. Abstaining is an answer, never an exception."""

    text: str
    status: Status
    reason: str
    """Why this status, in a few words for the operator."""
    understanding: Understanding
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    confidence: float = 0.0
    """Estimated probability that the passages answer the question, 0..1; 0 where nothing was searched."""
    options: tuple[str, ...] = ()
    """What the customer may choose from, where the answer asks."""
    related: tuple[Related, ...] = ()
    state: State = field(default_factory=State)
    """Where the conversation stands now; a caller without a session gives it with the next call."""
    handover: Handover | None = None
    """What a person is given, where one takes over."""
    session: str | None = None
    trace_id: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists with the field names above, ready for `json.dumps`."""
        plain: dict[str, Any] = to_plain(self)
        return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What `Bot.stream` yields: checked sentences as they are ready, then the whole answer, last and once."""

    kind: Literal["step", "sentence", "answer"]
    text: str = ""
    """The sentence with its citation marks, or the name of the step that begins."""
    answer: Answer | None = None


def to_plain(value: Any) -> Any:
    """Dataclasses, mappings and tuples to what JSON knows."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: to_plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    return value
