# SPDX-License-Identifier: MIT
"""Classes for asyncio's streams on transports of the extension: see src/stream.h.

A reader, writer or protocol that is exactly asyncio's gets one of them when its connection begins; not in debug mode. They add
no attribute, so that asyncio's own methods work on them as before.
"""
import asyncio
import collections.abc
from asyncio import streams

from . import _core


def _methods(base, *names):
    return {name: _core.StreamMethod(name, getattr(base, name)) for name in names}


def _derive(base, *names):
    """Says that it is `base`, which it is for everyone but the extension."""
    return type(base.__name__, (base,), dict(_methods(base, *names), __module__=base.__module__, __doc__=base.__doc__))


StreamReader = _derive(asyncio.StreamReader, 'read', 'readexactly', 'readline')
StreamWriter = _derive(asyncio.StreamWriter, 'drain')
StreamReaderProtocol = _derive(streams.StreamReaderProtocol, '_drain_helper')

collections.abc.Coroutine.register(_core.Reading)  # so that a task can run it
_core._set_streams(StreamReader, StreamWriter, StreamReaderProtocol)
