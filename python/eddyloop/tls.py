# SPDX-License-Identifier: MIT
"""TLS: asyncio's own protocol, by CPython's ssl module, whose messages the extension carries (src/tls.c).

The handshake, the end, flow control and errors are asyncio's code. What is overridden tells the extension in which state that
is, or is called by it when something else is to be done than to receive or to send one message.
"""
import ssl
from asyncio import sslproto

from . import _core

_NEEDED = ('_set_state', '_set_app_protocol', '_get_app_transport', '_set_read_buffer_limits', '_set_write_buffer_limits',
           '_do_write', '_process_outgoing', '_control_ssl_reading', '_call_eof_received', '_start_shutdown', '_fatal_error',
           '_write_appdata', 'buffer_updated')
_missing = [name for name in _NEEDED if not hasattr(sslproto.SSLProtocol, name)]
if _missing:
    raise ImportError('eddyloop does not know the TLS of this asyncio, whose SSLProtocol has no ' + ', '.join(_missing))

SMALLEST_INCOMING = 1 << 16  # bytes: with a lower limit asyncio's code looks after each message whether it is reached


class SSLTransport(sslproto._SSLProtocolTransport):
    """What the program sees; its `write` is the extension's. Programs look for 'SSL' in the name, as CPython's own tests do."""

    def __init__(self, loop, protocol):
        super().__init__(loop, protocol)
        self.write = protocol._eddy_write

    def close(self):
        super().close()
        if self._ssl_protocol is None:  # from CPython 3.12 on: the last close() lets the protocol go
            self.__dict__.pop('write', None)


class TLSProtocol(_core.Tls, sslproto.SSLProtocol):

    def __init__(self, *args, **kwargs):
        self.max_size = 0  # asyncio makes a buffer of so many bytes; the extension needs none
        super().__init__(*args, **kwargs)
        del self.max_size
        is_plain = type(self._sslobj) is ssl.SSLObject  # else it may have methods of its own
        self._eddy_setup(self._incoming, self._outgoing, self._sslobj._sslobj if is_plain else None)

    # --- what the extension must know ---

    def _set_state(self, new_state):
        super()._set_state(new_state)
        self._eddy_is_wrapped = new_state is sslproto.SSLProtocolState.WRAPPED

    def _set_app_protocol(self, app_protocol):
        super()._set_app_protocol(app_protocol)
        self._eddy_set_receiver(None if self._app_protocol_is_buffer else app_protocol)

    def _set_read_buffer_limits(self, high=None, low=None):
        super()._set_read_buffer_limits(high, low)
        self._eddy_note_limits()

    def _set_write_buffer_limits(self, high=None, low=None):
        super()._set_write_buffer_limits(high, low)
        self._eddy_note_limits()

    def _eddy_note_limits(self):
        self._eddy_has_usual_limits = (getattr(self, '_incoming_high_water', 0) >= SMALLEST_INCOMING
                                       and getattr(self, '_outgoing_high_water', 0) > 0)

    def _get_app_transport(self):
        if self._app_transport is None and not self._app_transport_created:
            self._app_transport = SSLTransport(self._loop, self)
            self._app_transport_created = True
        return super()._get_app_transport()

    def connection_made(self, transport):
        self._eddy_set_below(transport)
        super().connection_made(transport)

    def connection_lost(self, exc):
        super().connection_lost(exc)
        self._eddy_set_below(None)
        self._eddy_set_receiver(None)

    # --- what the extension asks for ---

    def _eddy_write_slowly(self, data):
        sslproto._SSLProtocolTransport.write(_Writer(self), data)

    def _eddy_settle(self):
        """After a message: sends what it has caused."""
        try:
            if self._write_backlog:
                self._do_write()
            else:
                self._process_outgoing()
            self._control_ssl_reading()
        except Exception as exc:
            self._eddy_failed(exc)

    def _eddy_ended(self):
        """The peer has said its end."""
        try:
            self._call_eof_received()
            self._start_shutdown()
        except Exception as exc:
            self._eddy_failed(exc)
        else:
            self._eddy_settle()

    def _eddy_failed(self, exc):
        self._fatal_error(exc, 'Fatal error on SSL protocol')


class _Writer:
    """What asyncio's `write` of a transport looks at."""

    def __init__(self, protocol):
        self._ssl_protocol = protocol


async def upgrade(loop, transport, protocol, sslcontext, server_side, server_hostname, **timeouts):
    """loop.start_tls for the extension's transport. Bytes that arrive from now on are the handshake's."""
    waiter = loop.create_future()
    tls = TLSProtocol(loop, protocol, sslcontext, waiter, server_side, server_hostname, call_connection_made=False, **timeouts)
    transport.pause_reading()
    transport.set_protocol(tls)
    steps = loop.call_soon(tls.connection_made, transport), loop.call_soon(transport.resume_reading)
    try:
        await waiter
    except BaseException:
        transport.close()
        for step in steps:
            step.cancel()
        raise
    return tls._app_transport
