"""Calling a person: the answer that says so, and the packet that the person gets."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ragbot.dialogue.handover import triggers
from ragbot.dialogue.handover.hours import Hours, read_hours
from ragbot.dialogue.handover.packet import Conversation, make_packet, reply
from ragbot.inquiry import Inquiry
from ragbot.settings import Settings
from ragbot.types import Answer, Hit, Trigger


class Desk:
    """Calls people by the settings. Threads may share it."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives seconds since the epoch. Raises `SettingsError` where the office hours are malformed."""
        self._settings = settings
        self._hours: Hours = read_hours(settings.handover)
        self._clock = clock

    def call(
        self,
        inquiry: Inquiry,
        trigger: Trigger,
        *,
        reason: str = "",
        hits: Sequence[Hit] = (),
        fields: Mapping[str, str] | None = None,
        lead: str = "",
    ) -> Answer:
        """The answer that hands over. With a packet, unless what called before calls again: then it says that
        somebody was told. `lead` is said first; `reason` is for the operator; `fields` are those of a form that has
        ended."""
        now = self._clock()
        open_at = self._hours.open_at(now)
        conversation = Conversation(
            message=inquiry.message,
            history=inquiry.history,
            state=inquiry.state,
            language=inquiry.language,
            intent=inquiry.intent,
            mood=inquiry.mood,
            hits=hits,
            fields=fields or {},
            profile=inquiry.profile,
            session=inquiry.session,
            trace_id=inquiry.trace.trace_id,
        )
        first = triggers.calls(trigger, inquiry.state, inquiry.history)
        text = reply(
            conversation,
            trigger,
            self._settings.handover,
            contact=self._settings.answer.contact,
            now=now,
            open_at=open_at,
            again=not first,
        )
        packet = None
        if first:
            packet = make_packet(
                conversation, trigger, identity=secrets.token_hex(12), now=now, open_at=open_at
            )
        answer = inquiry.answer(
            f"{lead}\n{text}" if lead else text,
            "handoff",
            reason or (packet.reason if packet is not None else "a person was called before"),
            state=triggers.handed_over(inquiry.state),
            handover=packet,
        )
        return replace(answer, hits=tuple(hits))
