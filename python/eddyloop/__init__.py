# SPDX-License-Identifier: MIT
"""An asyncio event loop on Eddy's engine: eddyloop.run(main()), or asyncio.run(main(), loop_factory=eddyloop.new_event_loop).

EDDY_DRIVER chooses what waits: uring, epoll, or sim, in which time is virtual and the order of ready calls comes from
EDDY_SEED. Everything that is not about waiting is CPython's own code.
"""
import sys

# The extension writes into slots of asyncio's objects, and loop.py overrides methods of asyncio's loop that are not public:
# each version of CPython is tried before it is listed.
TRIED = ((3, 11), (3, 12), (3, 13))


def _refusal():
    """Why this interpreter cannot have the loop; None if it can."""
    if sys.implementation.name != 'cpython':
        return 'eddyloop is for CPython; this is %s' % sys.implementation.name
    if sys.version_info[:2] not in TRIED:
        return ('eddyloop was tried on CPython %s; this is %d.%d: use asyncio\'s own loop, or an eddyloop that knows it'
                % (', '.join('%d.%d' % version for version in TRIED), *sys.version_info[:2]))
    if not getattr(sys, '_is_gil_enabled', lambda: True)():
        return 'eddyloop needs the global interpreter lock: start this interpreter with PYTHON_GIL=1'
    return None


if _refusal():
    raise ImportError(_refusal())

import asyncio  # noqa: E402  after the refusal, which is then the only thing that is said

from . import helpers, streams  # noqa: E402, F401  the extension needs them before the first loop
from .doctor import doctor  # noqa: E402
from .loop import Loop  # noqa: E402

__version__ = '0.1.0'
__all__ = ('EventLoopPolicy', 'Loop', 'doctor', 'install', 'new_event_loop', 'run')


def new_event_loop():
    """A loop of Eddy's: for asyncio.Runner(loop_factory=...), asyncio.run, uvicorn --loop eddyloop:new_event_loop."""
    return Loop()


class EventLoopPolicy(asyncio.DefaultEventLoopPolicy):
    """asyncio's policy, whose loops are Eddy's."""
    _loop_factory = Loop


def install():
    """Makes every loop that asyncio makes from now on one of Eddy's."""
    asyncio.set_event_loop_policy(EventLoopPolicy())


def run(main, *, debug=None):
    """asyncio.run on a loop of Eddy's."""
    with asyncio.Runner(debug=debug, loop_factory=new_event_loop) as runner:
        return runner.run(main)
