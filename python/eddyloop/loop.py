# SPDX-License-Identifier: MIT
"""The loop: asyncio's own, whose engine is Eddy's.

Core (the extension) has the calls, the timers, the passes, and readers and writers; stream sockets and servers are the
extension's, too. Whatever is not overridden here or there is CPython's code.
"""
import asyncio
import concurrent.futures
import functools
import os
import selectors
import signal
import socket
import ssl
import sys
import threading
import weakref
from asyncio import constants, events, exceptions, selector_events, trsock, unix_events

from . import _core, held, tls


class _Watches:
    """What asyncio asks of a selector, answered from the readers and writers that Core keeps."""

    def __init__(self, loop):
        self._loop = weakref.ref(loop)

    def get_map(self):
        return {}

    def get_key(self, fileobj):
        loop = self._loop()
        reader, writer = loop._eddy_watches(fileobj) if loop is not None else (None, None)
        if reader is None and writer is None:
            raise KeyError(f'{fileobj!r} is not registered')
        events = (selectors.EVENT_READ if reader else 0) | (selectors.EVENT_WRITE if writer else 0)
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        return selectors.SelectorKey(fileobj, fd, events, (reader, writer))

    def close(self):
        pass


class DatagramTransport(selector_events._SelectorDatagramTransport):
    """asyncio's own, whose reading and sending are the extension's until the socket is closed."""

    def __init__(self, loop, sock, protocol, address=None, waiter=None, extra=None):
        try:
            connected = bool(sock.getpeername()) if 'peername' not in (extra or {}) else bool(extra['peername'])
        except OSError:
            connected = False
        datagrams = _core.Datagrams(loop, self, sock.fileno(), sock.family, connected, super().sendto)
        self._eddy_datagrams = datagrams
        self._read_ready = datagrams.read_ready
        self.sendto = datagrams.sendto
        super().__init__(loop, sock, protocol, address, waiter, extra)

    def _call_connection_lost(self, exc):
        try:
            if self._protocol_connected:
                self._protocol.connection_lost(exc)
        finally:
            self._protocol_connected = False
            self._eddy_datagrams.end()
            del self._read_ready, self.sendto, self._eddy_datagrams  # they refer to this object
            super()._call_connection_lost(exc)


class Loop(_core.Core, asyncio.SelectorEventLoop):
    """asyncio's event loop on Eddy's engine. `driver`: 'uring', 'epoll' or 'sim'; None: EDDY_DRIVER, else the best here."""

    def __init__(self, selector=None, *, driver=None):
        self._ssock = self._csock = None
        super().__init__(_Watches(self))
        self._eddy_listeners = {}

    def __repr__(self):
        return (f'<{self.__class__.__name__} driver={self.eddy_driver} running={self.is_running()} '
                f'closed={self.is_closed()} debug={self.get_debug()}>')

    # --- signals ---

    def _make_self_pipe(self):
        """Not before it is needed: a loop that no signal can reach has no pipe."""

    def _close_self_pipe(self):
        if self._ssock is not None:
            super()._close_self_pipe()

    def add_signal_handler(self, sig, callback, *args):
        self._eddy_open_pipe()
        return super().add_signal_handler(sig, callback, *args)

    def _eddy_open_pipe(self):
        if self._ssock is None:
            super()._make_self_pipe()

    def _eddy_begin_signals(self):
        """Core is about to run passes. CPython notes a signal and writes a byte to its wakeup descriptor: so one that comes
        just before the loop waits ends the wait. Returns what _eddy_end_signals puts back; None: nothing was changed."""
        if threading.get_ident() != threading.main_thread().ident:
            return None
        self._eddy_open_pipe()
        try:
            before = signal.set_wakeup_fd(self._csock.fileno())
        except ValueError:  # a sub-interpreter: no signal comes here
            return None
        if before != -1 and before != self._csock.fileno():
            signal.set_wakeup_fd(before)  # somebody else's: its owner wakes what it has to
            return None
        return before

    def _eddy_end_signals(self, before):
        if before is not None and not self._signal_handlers and self._csock is not None:
            signal.set_wakeup_fd(before)

    # --- debug mode: the extension asks for these only there ---

    def _eddy_check(self, callback, method):
        if method != 'call_soon_threadsafe':
            self._check_thread()
        self._check_callback(callback, method)

    def _add_callback_signalsafe(self, handle):
        self._add_callback(handle)
        self._write_to_self()

    def _call_soon(self, callback, args, context):
        return self._eddy_call_soon(callback, *args, context=context)

    # --- stream sockets ---

    def _eddy_socket(self, sock):
        return trsock.TransportSocket(sock)

    def _eddy_transport(self, sock, protocol, waiter=None, extra=None, server=None):
        extra = dict(extra) if extra else {}
        extra['socket'] = trsock.TransportSocket(sock)
        extra['sockname'] = _name_or_none(sock.getsockname)
        if 'peername' not in extra:
            extra['peername'] = _name_or_none(sock.getpeername)
        transport = _core.SocketTransport(self, sock, protocol, waiter, extra, server)
        self._transports[sock.fileno()] = transport
        return transport

    def _make_socket_transport(self, sock, protocol, waiter=None, *, extra=None, server=None):
        self._ensure_fd_no_transport(sock)
        return self._eddy_transport(sock, protocol, waiter, extra, server)

    def _make_ssl_transport(self, rawsock, protocol, sslcontext, waiter=None, *, server_side=False,
                            server_hostname=None, extra=None, server=None,
                            ssl_handshake_timeout=constants.SSL_HANDSHAKE_TIMEOUT,
                            ssl_shutdown_timeout=constants.SSL_SHUTDOWN_TIMEOUT):
        self._ensure_fd_no_transport(rawsock)
        ssl_protocol = tls.TLSProtocol(self, protocol, sslcontext, waiter, server_side, server_hostname,
                                       ssl_handshake_timeout=ssl_handshake_timeout,
                                       ssl_shutdown_timeout=ssl_shutdown_timeout)
        self._eddy_transport(rawsock, ssl_protocol, extra=extra, server=server)
        return ssl_protocol._app_transport

    async def start_tls(self, transport, protocol, sslcontext, *, server_side=False, server_hostname=None,
                        ssl_handshake_timeout=None, ssl_shutdown_timeout=None):
        if type(transport) is not _core.SocketTransport or not isinstance(sslcontext, ssl.SSLContext):
            return await super().start_tls(transport, protocol, sslcontext, server_side=server_side,
                                           server_hostname=server_hostname, ssl_handshake_timeout=ssl_handshake_timeout,
                                           ssl_shutdown_timeout=ssl_shutdown_timeout)
        return await tls.upgrade(self, transport, protocol, sslcontext, server_side, server_hostname,
                                 ssl_handshake_timeout=ssl_handshake_timeout, ssl_shutdown_timeout=ssl_shutdown_timeout)

    async def _sendfile_native(self, transp, file, offset, count):
        waiter = transp._make_empty_waiter()
        resume_reading, saved = transp.is_reading(), None
        try:
            transp.pause_reading()
            await waiter
            saved = self._transports.pop(transp._sock_fd, None)
            return await self.sock_sendfile(transp._sock, file, offset, count, fallback=False)
        finally:
            transp._reset_empty_waiter()
            if resume_reading:
                transp.resume_reading()
            if saved is not None and transp._sock_fd >= 0:  # else it was closed meanwhile
                self._transports[transp._sock_fd] = transp

    def _make_datagram_transport(self, sock, protocol, address=None, waiter=None, extra=None):
        if type(sock) is not socket.socket or sock.family not in (socket.AF_INET, socket.AF_INET6):
            return super()._make_datagram_transport(sock, protocol, address, waiter, extra)
        return DatagramTransport(self, sock, protocol, address, waiter, extra)

    async def sock_accept(self, sock):
        if type(sock) is not socket.socket or self._debug:
            return await super().sock_accept(sock)
        while True:
            try:
                conn, address = sock.accept()
            except (BlockingIOError, InterruptedError):
                await self._eddy_ready(sock, False)
            else:
                conn.setblocking(False)
                return conn, address

    async def sock_connect(self, sock, address):
        if type(sock) is not socket.socket or self._debug:
            return await super().sock_connect(sock, address)
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            found = await self._ensure_resolved(address, family=sock.family, type=sock.type, proto=sock.proto, loop=self)
            address = found[0][4]
        try:
            return sock.connect(address)
        except (BlockingIOError, InterruptedError):
            await self._eddy_ready(sock, True)
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, f'Connect call failed {address}')

    async def _sock_sendfile_native(self, sock, file, offset, count):
        if type(sock) is not socket.socket or self._debug or not hasattr(unix_events.os, 'sendfile'):
            return await super()._sock_sendfile_native(sock, file, offset, count)
        try:
            fd = file.fileno()
            size = os.fstat(fd).st_size
        except (AttributeError, OSError):
            raise exceptions.SendfileNotAvailableError('not a regular file')
        if not (count or size):
            return 0
        return await self._eddy_sendfile(sock, file, fd, offset, count or sys.maxsize)

    # --- subprocesses ---

    async def _make_subprocess_transport(self, protocol, args, shell, stdin, stdout, stderr, bufsize, extra=None, **kwargs):
        """The end of a process is the readiness of its pidfd: no thread waits for it. A child watcher that the program has
        chosen is obeyed."""
        if not _watches_by_default() or not _has_pidfd():
            return await super()._make_subprocess_transport(protocol, args, shell, stdin, stdout, stderr, bufsize, extra,
                                                            **kwargs)
        waiter = self.create_future()
        transport = unix_events._UnixSubprocessTransport(self, protocol, args, shell, stdin, stdout, stderr, bufsize,
                                                         waiter=waiter, extra=extra, **kwargs)
        pid = transport.get_pid()
        pidfd = os.pidfd_open(pid)
        self._add_reader(pidfd, self._eddy_process_ended, pid, pidfd, transport)
        try:
            await waiter
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:
            transport.close()
            await transport._wait()
            raise
        return transport

    def _eddy_process_ended(self, pid, pidfd, transport):
        self._remove_reader(pidfd)
        os.close(pidfd)
        try:
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except ChildProcessError:  # somebody else has waited for it
            status = 255
        transport._process_exited(status)

    # --- servers ---

    def _start_serving(self, protocol_factory, sock, sslcontext=None, server=None, backlog=100,
                       ssl_handshake_timeout=constants.SSL_HANDSHAKE_TIMEOUT,
                       ssl_shutdown_timeout=constants.SSL_SHUTDOWN_TIMEOUT):
        tls = None
        if sslcontext is not None:
            tls = (sslcontext, ssl_handshake_timeout, ssl_shutdown_timeout)
        self._eddy_listeners[sock.fileno()] = _core.Listener(self, sock, protocol_factory, server, tls)

    def _stop_serving(self, sock):
        listener = self._eddy_listeners.pop(sock.fileno(), None)
        if listener is not None:
            listener.stop()
        super()._stop_serving(sock)

    # --- virtual time ---

    def run_in_executor(self, executor, func, *args):
        """In the simulation the clock stands still while the thread works."""
        if self.eddy_driver != 'sim':
            return super().run_in_executor(executor, func, *args)
        if self._debug:
            self._check_callback(func, 'run_in_executor')
        work = held.Work(self)
        if executor is None or isinstance(executor, concurrent.futures.ThreadPoolExecutor):
            func, args = work.run, (func, *args)
        future = super().run_in_executor(executor, func, *args)
        work.begin()
        future.add_done_callback(work.end)
        return future

    def _eddy_called_by_thread(self, callback):
        """In the simulation, on another thread: call_soon_threadsafe(callback)."""
        held.note_call(self, callback)

    # --- the end ---

    def close(self):
        if self.is_running() or self.is_closed():
            super().close()
            return
        for listener in self._eddy_listeners.values():
            listener.stop()
        self._eddy_listeners.clear()
        super().close()
        self._eddy_shutdown()


def _watches_by_default():
    """No child watcher was chosen: there is none yet, or it is the one that CPython makes by itself."""
    watcher = getattr(events.get_event_loop_policy(), '_watcher', None)
    return watcher is None or type(watcher) in (unix_events.ThreadedChildWatcher, unix_events.PidfdChildWatcher)


@functools.lru_cache(maxsize=None)
def _has_pidfd():
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


def _name_or_none(name):
    """The address of one end of a socket; None where there is none."""
    try:
        return name()
    except OSError:
        return None
