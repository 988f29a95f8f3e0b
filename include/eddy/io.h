/* SPDX-License-Identifier: MIT */
/*
 * io.h - the stream and server calls that are awaited, declared in Eddy's own language (C only).
 *
 * Included by <eddy.h> after the macros it is written with.
 */
#ifndef EDDY_IO_H
#define EDDY_IO_H

#include "dns.h"
#include "macros.h"
#include "server.h"
#include "tls.h"

#pragma GCC visibility push(default)

/*
 * Connects to host (a name or a numeric address) and port.  Result: the stream, the caller's to close.
 * Of several addresses the next is tried when the last has failed or has not answered for 250 ms, families taking
 * turns, and the first to answer wins (RFC 8305).
 * Suspends.  Fails with ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENOENT (no such host), ECANCELED, ENOMEM, EMFILE.
 * Python: asyncio.open_connection.  Since 0.1.
 */
eddy_async_declare(eddy_stream *, eddy_open_connection, (const char *, host), (int, port));

/* The same with options (NULL: the usual ones), which live until it is awaited.  Python: open_connection's local_addr,
 * family, happy_eyeballs_delay.  Since 0.1. */
eddy_async_declare(eddy_stream *, eddy_open_connection_with_options, (const char *, host), (int, port),
                   (const eddy_connection_options *, options));
/*
 * The same by the path of a Unix socket; "@name": an abstract one.  Fails with ENOENT, ECONNREFUSED, EACCES, EAGAIN
 * (the server's queue is full), ENAMETOOLONG.  Python: asyncio.open_unix_connection.  Since 0.1.
 */
eddy_async_declare(eddy_stream *, eddy_open_unix_connection, (const char *, path));
/*
 * As eddy_open_connection, with TLS: host is the name that the peer's certificate must contain.  tls NULL: the system's
 * trust.  Suspends.  Fails with what eddy_open_connection and eddy_start_tls say.
 * Python: open_connection(ssl=...).  Since 0.1.
 */
eddy_async_declare(eddy_stream *, eddy_open_tls_connection, (const char *, host), (int, port), (eddy_tls *, tls));
/*
 * TLS from here on, over a live stream that is plain until now (or has TLS of its own): as the client or the server
 * that tls is for (NULL: a client with the system's trust).  host: the name that the server's certificate must contain;
 * NULL for a server.  No other task may be reading or writing.
 * Suspends.  Fails with EDDY_TLS_CERTIFICATE, EDDY_TLS_FAILED, ETIMEDOUT (handshake_seconds), ECONNRESET, ENOMEM,
 * ECANCELED: the stream is closed then, and the caller still has to call eddy_stream_close.  The stream is
 * unchanged after EDDY_STREAM_BUSY, EDDY_STREAM_CLOSED, EINVAL (no host), and after EDDY_TLS_FAILED because a client
 * had not read all plaintext: an attacker may have put it there.  For a server unread bytes are the client's hello.
 * Python: StreamWriter.start_tls.  Since 0.1.
 */
eddy_async_declare(void, eddy_start_tls, (eddy_stream *, s), (eddy_tls *, tls), (const char *, host));
/*
 * A stream of descriptors, which it takes over and closes: pipes, ttys, a connected socket (in and out the same).
 * -1: it reads, or writes, only.  When it fails they stay the caller's.  O_NONBLOCK stays as it is.
 * Python: loop.connect_read_pipe, connect_write_pipe.  Since 0.1.
 */
eddy_async_declare(eddy_stream *, eddy_open_descriptors, (int, in), (int, out));
/* A pipe: what is written to *writer is read from *reader.  Since 0.1. */
eddy_async_declare(void, eddy_open_pipe, (eddy_stream **, reader), (eddy_stream **, writer));
/* Two streams in memory, ends[0] and ends[1], each the other's peer: for tests, and between tasks.  Since 0.1. */
eddy_async_declare(void, eddy_stream_pair, (eddy_stream **, ends));

/* At least one byte and at most size; 0 at the end.  Python: StreamReader.read.  Since 0.1. */
eddy_async_declare(size_t, eddy_stream_read, (eddy_stream *, s), (void *, buffer), (size_t, size));
/* What has come, where it lies: *bytes is valid until the next read, size 0 (the result) at the end.  Nothing is
 * copied, and no memory is held while nothing comes.  Since 0.1. */
eddy_async_declare(size_t, eddy_stream_read_some, (eddy_stream *, s), (eddy_slice *, bytes));
/* Exactly size bytes (the result), else EDDY_INCOMPLETE_READ, with what came in the buffer and in
 * eddy_stream_partial.  Python: readexactly.  Since 0.1. */
eddy_async_declare(size_t, eddy_stream_read_exactly, (eddy_stream *, s), (void *, buffer), (size_t, size));
/* Up to and including the separator.  *line is valid until the next read.  At the end without one:
 * EDDY_INCOMPLETE_READ, *line being what came; over the limit: EDDY_LIMIT_OVERRUN; reads of bytes
 * still get the line, and the next read of a line begins after it.
 * Result: line->size.  Python: readuntil.  Since 0.1. */
eddy_async_declare(size_t, eddy_stream_read_until, (eddy_stream *, s), (const char *, separator),
                   (eddy_slice *, line));
/* The same up to the first of several separators, the line being the one that ends first.  Python: readuntil with a
 * tuple.  Since 0.1. */
eddy_async_declare(size_t, eddy_stream_read_until_any, (eddy_stream *, s), (const eddy_slice *, separators),
                   (size_t, count), (eddy_slice *, line));
/* A line with its "\n"; the last may lack it; size 0 (the result) at the end.  Python: readline.  Since 0.1. */
eddy_async_declare(size_t, eddy_stream_read_line, (eddy_stream *, s), (eddy_slice *, line));
/* Drops a line, however long: if the last read failed with EDDY_LIMIT_OVERRUN, the rest of that line, else the next
 * one.  Result: how many bytes, with the "\n"; 0 at the end.  Since 0.1. */
eddy_async_declare(size_t, eddy_stream_skip_line, (eddy_stream *, s));
/* Writes all bytes, or fails; suspends while the peer does not read.  Python: write and drain.  Since 0.1. */
eddy_async_declare(void, eddy_stream_write, (eddy_stream *, s), (const void *, data), (size_t, size));
/* The same of several parts, without putting them together first.  Python: writelines and drain.  Since 0.1. */
eddy_async_declare(void, eddy_stream_writev, (eddy_stream *, s), (const eddy_slice *, parts), (size_t, count));
/*
 * size bytes of a file from offset on, which counts from its beginning, or fewer if it ends (SIZE_MAX: to the end).
 * Result: how many.  A TCP or Unix stream takes them from the kernel's memory of the file, without a copy; any other
 * stream is written to.  The position of fd is not used.  Python: loop.sendfile.  Since 0.1.
 */
eddy_async_declare(size_t, eddy_sendfile, (eddy_stream *, s), (int, fd), (int64_t, offset), (size_t, size));
/*
 * Of Unix streams: size bytes, at least one, and with the first of them copies of descriptors, at most
 * EDDY_DESCRIPTORS_MAX.  Fails with EOPNOTSUPP for other streams.  Python: socket.send_fds.  Since 0.1.
 */
eddy_async_declare(void, eddy_stream_send_descriptors, (eddy_stream *, s), (const void *, data), (size_t, size),
                   (const int *, fds), (size_t, count));
/*
 * As eddy_stream_read, and the descriptors that came with those bytes: *count has the room in fds, and is set to how
 * many came; they are close-on-exec and the caller's.  More than there is room for are closed.  Those that come while
 * another call reads are closed by the kernel.  Python: socket.recv_fds.  Since 0.1.
 */
eddy_async_declare(size_t, eddy_stream_receive_descriptors, (eddy_stream *, s), (void *, buffer), (size_t, size),
                   (int *, fds), (size_t *, count));
/* Nothing more will be sent; reading goes on.  Python: StreamWriter.write_eof.  Since 0.1. */
eddy_async_declare(void, eddy_stream_write_eof, (eddy_stream *, s));
/* Closes the descriptor and frees the stream; NULL is allowed.  Python: close and wait_closed.  Since 0.1. */
eddy_async_declare(void, eddy_stream_close, (eddy_stream *, s));

struct eddy_stream_printf {
    struct eddy_awaitable awaitable;
    eddy_void result;
    eddy_stream *stream;
    char *text;   /* formatted when the value was made; NULL: no memory */
    size_t size;
};
/* eddy_stream_write of a formatted text.  Python: writer.write(f"...").  Since 0.1. */
EDDY_API EDDY_MUST_USE struct eddy_stream_printf eddy_stream_printf(eddy_stream *s, const char *format, ...)
    EDDY_PRINTF(2, 3);

/* Stops accepting, waits for the handlers, at most grace_seconds, then cancels them; frees the server.  NULL is
 * allowed.  Python: Server.close and wait_closed.  Since 0.1. */
eddy_async_declare(void, eddy_server_close, (eddy_server *, server), (double, grace_seconds));

/*
 * Low-level operations on a descriptor of the caller's.  Results as the system calls' (perhaps fewer bytes
 * than asked for; 0 from a read: the end), errors raised.  They suspend; what they name must
 * live until they have ended.
 * Python: loop.sock_recv, sock_sendall's step, sock_accept, sock_connect, sock_recvfrom, sock_sendto.  Since 0.1.
 */
struct sockaddr;
struct msghdr;
eddy_async_declare(size_t, eddy_recv, (int, fd), (void *, buffer), (size_t, size), (int, flags));
eddy_async_declare(size_t, eddy_send_bytes, (int, fd), (const void *, data), (size_t, size), (int, flags));
eddy_async_declare(int, eddy_accept, (int, fd));
eddy_async_declare(void, eddy_connect, (int, fd), (const struct sockaddr *, address), (unsigned, length));
/* A datagram, or what of it fits into size bytes; *from: its sender (from may be NULL).  Since 0.1. */
eddy_async_declare(size_t, eddy_recvfrom, (int, fd), (void *, buffer), (size_t, size), (int, flags),
                   (eddy_address *, from));
eddy_async_declare(size_t, eddy_sendto, (int, fd), (const void *, data), (size_t, size), (int, flags),
                   (const eddy_address *, to));
/* Descriptors that come along are close-on-exec.  Since 0.1. */
eddy_async_declare(size_t, eddy_recvmsg, (int, fd), (struct msghdr *, message), (int, flags));
eddy_async_declare(size_t, eddy_sendmsg, (int, fd), (const struct msghdr *, message), (int, flags));
/* At the position of the descriptor.  A write to a pipe without readers fails with EPIPE.  Python: os.read, os.write.
 * Since 0.1. */
eddy_async_declare(size_t, eddy_read, (int, fd), (void *, buffer), (size_t, size));
eddy_async_declare(size_t, eddy_write, (int, fd), (const void *, data), (size_t, size));
/* Of files: at offset, in bytes from the beginning; by the ring or by a thread, so that a slow disk does not hold up
 * the loop.  Python: os.pread, os.pwrite.  Since 0.1. */
eddy_async_declare(size_t, eddy_pread, (int, fd), (void *, buffer), (size_t, size), (int64_t, offset));
eddy_async_declare(size_t, eddy_pwrite, (int, fd), (const void *, data), (size_t, size), (int64_t, offset));
/* Waits until fd has one of events (POLLIN, POLLOUT, ...); result: the events it has.  Since 0.1. */
eddy_async_declare(int, eddy_poll, (int, fd), (int, events));

/*
 * As getaddrinfo(3): host NULL: this machine; service: a name or number, or NULL; hints may be NULL.  Result: the list,
 * the caller's, for freeaddrinfo: defer(freeaddrinfo, list).  Numeric addresses are answered at once, else it suspends.
 * Fails with ENOENT (no such host, or none with such an address), EAGAIN (the name server does not answer), EIO (it
 * refuses), EINVAL (the hints), ENOMEM, ECANCELED; the resolver's own words are in the message.
 * Python: loop.getaddrinfo.  Since 0.1.
 */
struct addrinfo;
eddy_async_declare(struct addrinfo *, eddy_getaddrinfo, (const char *, host), (const char *, service),
                   (const struct addrinfo *, hints));
/*
 * As getnameinfo(3): flags: NI_ values; at once with NI_NUMERICHOST and NI_NUMERICSERV, else it suspends.  Fails as
 * eddy_getaddrinfo.  Python: loop.getnameinfo.  Since 0.1.
 */
eddy_async_declare(struct eddy_host_name, eddy_getnameinfo, (const struct sockaddr *, address), (unsigned, length),
                   (int, flags));

#pragma GCC visibility pop

#endif
