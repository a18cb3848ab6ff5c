"""Config is read without threads: what answers at once is asked when the answer is needed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any

import pytest

from components.ahead import Ahead


class Answer(Future[Any]):
    """The answer to a question that is put when somebody needs it."""

    def __init__(self, question: Callable[[], Any]) -> None:
        super().__init__()
        self._question = question

    def result(self, timeout: float | None = None) -> Any:
        if not self.done():
            try:
                self.set_result(self._question())
            except Exception as error:
                self.set_exception(error)
        return super().result(timeout)


class InTurn(Ahead):
    """Puts every question too, but none in a thread with an event loop of its own: a third of the tests' time."""

    def __init__(self) -> None:
        self._put: list[Answer] = []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for answer in self._put:  # more come meanwhile
            with contextlib.suppress(Exception):
                answer.result()

    def begin(self, question: Callable[..., Any], *about: Any) -> Future[Any]:
        self._put.append(Answer(lambda: question(*about)))
        return self._put[-1]


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["stack_config.load"], "Ahead", InTurn)
