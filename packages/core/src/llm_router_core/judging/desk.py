"""The judge's desk of a long-lived process: answers come in without waiting, and are judged one after the other.

The desk is bounded. When answers come faster than the judge reads, the newest are left unjudged: a sample of a sample
is still a sample, and memory stays flat.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from llm_router_core.clock import Clock
from llm_router_core.conversation import AttemptFailed, Done, Event, TextDelta, ToolCallEvent
from llm_router_core.judging.judge import Judge, Subject, judge_later, wants
from llm_router_core.storage.database import Database

WAITING = 32
MAX_ANSWER_KEPT = 64 * 1024  # characters of one answer held in memory


class Desk:
    """Takes delivered answers for judging. Run `serve` in the process's task group; `offer` never waits."""

    def __init__(self, judge: Judge, db: Database, clock: Clock) -> None:
        self.judge = judge
        self._db = db
        self._clock = clock
        streams = anyio.create_memory_object_stream[Subject](WAITING)
        self._put: MemoryObjectSendStream[Subject] = streams[0]
        self._take: MemoryObjectReceiveStream[Subject] = streams[1]

    def wants(self, decision_id: str) -> bool:
        """Whether this decision's answer is among the judged share."""
        return wants(self.judge, decision_id)

    def offer(self, subject: Subject) -> bool:
        """Put an answer on the desk; False when the desk is full or closed, and the answer stays unjudged."""
        try:
            self._put.send_nowait(subject)
        except (anyio.WouldBlock, anyio.ClosedResourceError, anyio.BrokenResourceError):
            return False
        return True

    async def serve(self) -> None:
        """Judge what is offered until `close` or cancellation."""
        async with self._take:
            async for subject in self._take:
                await judge_later(subject, self.judge, self._db, self._clock)

    def close(self) -> None:
        """Take nothing more; `serve` ends after what is on the desk."""
        self._put.close()


@dataclass(slots=True)
class Answer:
    """The text of an answer while its events pass by. Feed it every event; it is complete after `Done`."""

    pieces: list[str] = field(default_factory=list)
    size: int = 0
    is_complete: bool = False
    has_tool_call: bool = False

    def see(self, event: Event) -> None:
        """Takes in one event. What a failed attempt had shown is void."""
        if isinstance(event, TextDelta):
            if self.size < MAX_ANSWER_KEPT:
                self.pieces.append(event.text[: MAX_ANSWER_KEPT - self.size])
            self.size += len(event.text)
        elif isinstance(event, AttemptFailed):
            self.pieces.clear()
            self.size, self.has_tool_call = 0, False
        elif isinstance(event, ToolCallEvent):
            self.has_tool_call = True
        self.is_complete = isinstance(event, Done)

    @property
    def is_judgeable(self) -> bool:
        """A complete answer in words. A call for a tool is not an answer yet."""
        return self.is_complete and not self.has_tool_call

    @property
    def text(self) -> str:
        """What was said, cut at `MAX_ANSWER_KEPT`."""
        return "".join(self.pieces)
