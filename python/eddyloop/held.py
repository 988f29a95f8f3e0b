# SPDX-License-Identifier: MIT
"""Virtual time stands still while a thread of run_in_executor works, and goes on while that thread waits for a coroutine.

Invariant: of each Work there is one hold of the clock while it runs and waits for no coroutine.
"""
import threading

_COROUTINE = 'run_coroutine_threadsafe.<locals>.callback'  # what that function gives to call_soon_threadsafe
_here = threading.local()  # work: what this thread of an executor does


class Work:
    """A call of run_in_executor."""

    def __init__(self, loop):
        self._loop, self._lock = loop, threading.Lock()
        self._holds = self._over = False

    def run(self, func, *args):
        """On the thread."""
        _here.work = self
        try:
            return func(*args)
        finally:
            _here.work = None

    def begin(self, _=None):
        with self._lock:
            if not self._holds and not self._over:
                self._holds = True
                self._loop._eddy_hold()

    def _let_go(self):
        if self._holds:
            self._holds = False
            self._loop._eddy_release()

    def end(self, _=None):
        with self._lock:
            self._over = True
            self._let_go()

    def lend(self, future):
        """Until the future is done the clock goes."""
        if not future.done():
            with self._lock:
                self._let_go()
            future.add_done_callback(self.begin)


def note_call(loop, callback):
    """call_soon_threadsafe(callback) is called on another thread than the loop's."""
    work = getattr(_here, 'work', None)
    if work is not None and getattr(callback, '__qualname__', None) == _COROUTINE:
        cells = dict(zip(callback.__code__.co_freevars, callback.__closure__))
        loop.call_soon_threadsafe(work.lend, cells['future'].cell_contents)
