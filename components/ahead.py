"""Questions to AWS that are put before their answers are needed, beside each other."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Ahead:
    """Puts questions, each in a thread of its own, as the SDK's plain functions wait for their answers.

    It ends when every question has been answered: the SDK does not end a program before.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._threads = ThreadPoolExecutor(max_workers=32)

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for every answer."""
        self._threads.shutdown()

    def begin(self, question: Callable[..., T], *about: Any) -> Future[T]:
        """Put a question."""
        # The SDK finds the engine in context variables, and runs its event loop in the thread that waits.
        return self._threads.submit(contextvars.copy_context().run, _ask, question, *about)


def _ask(question: Callable[..., T], *about: Any) -> T:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return question(*about)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
