# SPDX-License-Identifier: MIT
"""What the extension calls when something is rare enough to be said in Python: errors, debug mode, TLS at accept."""
import asyncio
import socket
import ssl
import sys
import warnings
from asyncio import base_events, constants, exceptions, format_helpers, protocols
from asyncio.log import logger

from . import _core


def report(handle, exc):
    """A callback raised `exc`; as Handle._run of asyncio."""
    source = format_helpers._format_callback_source(handle._callback, handle._args)
    context = {'message': f'Exception in callback {source}', 'exception': exc, 'handle': handle}
    if handle._source_traceback:
        context['source_traceback'] = handle._source_traceback
    handle._loop.call_exception_handler(context)


def debug_run(handle):
    """Runs a handle in debug mode; as BaseEventLoop._run_once of asyncio."""
    loop = handle._loop
    try:
        loop._current_handle = handle
        began = loop.time()
        handle._run()
        took = loop.time() - began
        if took >= loop.slow_callback_duration:
            base_events.logger.warning('Executing %s took %.3f seconds', base_events._format_handle(handle), took)
    finally:
        loop._current_handle = None
        handle = None  # else an exception's frames lead here, and from here to the exception: a circle


if sys.version_info >= (3, 13):
    def attach(server, transport, begins):
        """A connection of `server` begins or ends."""
        (server._attach if begins else server._detach)(transport)
else:
    def attach(server, transport, begins):
        """A connection of `server` begins or ends."""
        (server._attach if begins else server._detach)()


def made_failed(loop, transport, protocol, exc):
    """connection_made raised `exc`: told as by asyncio, where it is a callback. The connection goes on, as there."""
    handle = asyncio.Handle(protocol.connection_made, (transport,), loop)
    report(handle, exc)


def fatal(loop, transport, protocol, exc, message):
    """A transport ends by an error; as _SelectorTransport._fatal_error of asyncio."""
    if loop is None:
        return
    if isinstance(exc, OSError):
        if loop.get_debug():
            logger.debug('%r: %s', transport, message, exc_info=True)
    else:
        loop.call_exception_handler({'message': message, 'exception': exc, 'transport': transport,
                                     'protocol': protocol})


def make_socket(fd):
    return socket.socket(fileno=fd)


def accepted_ssl(loop, fd, factory, server, tls):
    """A connection for a server with TLS: asyncio's own code shakes hands."""
    context, handshake, shutdown = tls
    loop.create_task(loop._accept_connection2(factory, socket.socket(fileno=fd), {}, context, server, handshake, shutdown))


def accept_error(loop, exc, listener=None):
    """With a listener: it accepts again after a while; else a connection could not be made."""
    if listener is not None:
        loop.call_exception_handler({'message': 'socket.accept() out of system resource', 'exception': exc})
        loop.call_later(constants.ACCEPT_RETRY_DELAY, listener.resume)
    elif loop.get_debug():  # as asyncio
        loop.call_exception_handler({'message': 'Error on transport creation for incoming connection', 'exception': exc})


def datagram_error(loop, transport, exc):
    """A protocol's datagram_received raised `exc`."""
    loop.call_exception_handler({'message': 'protocol.datagram_received() failed', 'exception': exc, 'transport': transport})


def warn_lost():
    logger.warning('socket.send() raised exception.')


def unclosed(transport, server):
    warnings.warn(f'unclosed transport {transport!r}', ResourceWarning, source=transport)


_core._set_helpers(report=report, debug_run=debug_run, attach=attach, fatal=fatal, make_socket=make_socket,
                   accepted_ssl=accepted_ssl, accept_error=accept_error, made_failed=made_failed,
                   buffered_protocol=protocols.BufferedProtocol, warn_lost=warn_lost, unclosed=unclosed, datagram_error=datagram_error,
                   ssl_again=(ssl.SSLWantReadError, ssl.SSLSyscallError), no_sendfile=exceptions.SendfileNotAvailableError)
_core.SocketTransport._start_tls_compatible = True
_core.SocketTransport._sendfile_compatible = constants._SendfileMode.TRY_NATIVE
assert asyncio.BaseTransport in _core.SocketTransport.__mro__
