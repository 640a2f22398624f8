"""Keys, pastes and mouse events are handled strictly one after the other.

Textual passes a key to the focused widget as soon as it has been read, and runs its action when it has bubbled back up
to the program. A second key of the same burst (over SSH keys arrive in chunks) is on its way by then, to the screen
that was there before: `/d` and `y` on Home opened the search, then the question whether to delete, and answered it.
So the program holds input back: the next event is let in when everything that the last one set off is done. That is
when no widget has a message left, no screen is being mounted, and no worker runs that may still open a dialog. A
worker that waits for a person's answer is no reason to wait.

Nothing of this is public in Textual, whose own tests guess it from the load of the processor. The wait is bounded: what
takes longer than PATIENCE (URGENT where ctrl+q waits) is not waited for again until it has come to rest.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from textual import events
from textual.message_pump import MessagePump
from textual.widgets import Input
from textual.worker import Worker

if TYPE_CHECKING:
    from textual.app import App

HELD = (events.Key, events.Paste, events.MouseEvent)
PATIENCE = 3.0  # seconds that an event waits at most for what the one before set off
URGENT = 0.5  # the same where the person wants to leave
GROUP = "input"
LEAVING = ("ctrl+q", "ctrl+c")
ROUNDS = 50  # turns of the event loop in which it is looked again at once, before it is looked less and less often
PAUSE, LONGEST_PAUSE = 0.002, 0.03


class InputQueue:
    """Holds input back until the program is ready for it."""

    def __init__(self, app: "App[Any]") -> None:
        """`app` asks `holds` about every event and handles those that are not held."""
        self._app = app
        self._waiting: deque[events.Event] = deque()
        self._admitted: events.Event | None = None
        self._news = asyncio.Event()
        self._worker: Worker[None] | None = None
        self._answers: WeakKeyDictionary[Worker[Any], Callable[[], bool]] = WeakKeyDictionary()
        self._awaited: WeakKeyDictionary[Worker[Any], bool] = WeakKeyDictionary()
        self._overdue: WeakSet[Any] = WeakSet()

    def holds(self, event: events.Event) -> bool:
        """Return whether an event has to wait; it comes again when it is its turn."""
        if event is self._admitted:
            self._admitted = None
            return False
        last = self._waiting[-1] if self._waiting else None
        if isinstance(event, events.MouseMove) and isinstance(last, events.MouseMove):
            self._waiting.pop()
        self._waiting.append(event)
        self._news.set()
        if self._worker is None:
            self._worker = self._app.run_worker(self._work_off(), name="input", group=GROUP)
        return True

    def wait_for(self, worker: Worker[Any], *, text: bool = True) -> None:
        """Let the next event wait for a thread that may open another screen or move the focus.

        `text`: what is typed into the field that has the focus waits as well.
        """
        self._awaited[worker] = text

    def asks(self, worker: Worker[Any], still: Callable[[], bool]) -> None:
        """Take in that a worker waits for the person as long as `still` is true."""
        self._answers[worker] = still

    async def _work_off(self) -> None:
        typed = False
        while await self._news.wait():
            event = self._waiting[0]
            if not (typed and self._is_text(event)):
                await self._ready()
            self._waiting.popleft()
            if not self._waiting:
                self._news.clear()
            typed = self._is_text(event)
            self._admitted = event
            self._app.post_message(event)
            while self._admitted is event:
                await asyncio.sleep(0)

    def _is_text(self, event: events.Event) -> bool:
        """Return whether an event only adds a sign to the field that has the focus: such events follow at once."""
        sign = isinstance(event, events.Key) and event.is_printable and event.key != "question_mark"
        return sign and isinstance(self._app.focused, Input)

    async def _ready(self) -> None:
        began, rounds = time.monotonic(), 0
        while busy := list(self._busy()):
            leaving = any(isinstance(each, events.Key) and each.key in LEAVING for each in self._waiting)
            if time.monotonic() - began > (URGENT if leaving else PATIENCE):
                self._overdue.update(busy)
                return
            rounds += 1
            await asyncio.sleep(0 if rounds < ROUNDS else min(PAUSE * (rounds - ROUNDS + 1), LONGEST_PAUSE))

    def _busy(self) -> Iterator[Any]:
        """Yield what may still open, close or focus something; what was too slow once is left out until it rests."""
        typing = bool(self._waiting) and self._is_text(self._waiting[0])
        for worker in (*self._app.workers, *self._awaited):
            # one that is cancelled before its task has run at all stays RUNNING for ever
            over = worker.is_finished or (worker._task is not None and worker._task.done())
            if over or worker is self._worker:
                self._overdue.discard(worker)
            elif worker not in self._overdue and self._may_open(worker, typing):
                yield worker
        for pump in (self._app, *self._app._registry):
            after_refresh = self._app.screen._callbacks if pump is self._app.screen else ()
            if _rests(pump) and not after_refresh:
                self._overdue.discard(pump)
            elif pump not in self._overdue:
                yield pump

    def _may_open(self, worker: Worker[Any], typing: bool) -> bool:
        if worker in self._awaited:
            return self._awaited[worker] or not typing
        still = self._answers.get(worker)
        return not (worker._thread_worker or isinstance(worker.node, Input) or (still is not None and still()))


def _rests(pump: MessagePump) -> bool:
    """Return whether a widget has nothing to do: it waits for a message, or it is going away."""
    if pump._closing or pump._closed:
        return True
    if not (pump._running and pump._is_mounted):
        return False
    waits = bool(pump._message_queue.ready_event._waiters)
    return waits and pump._message_queue.empty() and not pump._next_callbacks
