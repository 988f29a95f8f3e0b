/* SPDX-License-Identifier: MIT */
/*
 * io.h - the awaited calls on streams and servers, declared with Eddy's keywords (C only).
 *
 * <eddy.h> includes it after the macros that it uses.
 */
#ifndef EDDY_IO_H
#define EDDY_IO_H

#include "dns.h"
#include "macros.h"
#include "server.h"
#include "tls.h"

#pragma GCC visibility push(default)

/*
 * Connects to host (a name or a numeric address) and port. Result: the stream, which the caller must close. If the
 * host has several addresses, the next one is tried when the last one has failed or has not answered for 250 ms.
 * IPv6 and IPv4 take turns, and the first to answer wins (RFC 8305).
 * Suspends.  Fails with ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENOENT (no such host), ECANCELED, ENOMEM, EMFILE.
 * Python: asyncio.open_connection.  Since 0.1.
 */
eddy_async_declare(eddy_stream *, eddy_open_connection, (const char *, host), (int, port));

/* The same with options (NULL: the defaults), which must live until the await ends. Python: open_connection's
 * local_addr, family, happy_eyeballs_delay. Since 0.1. */
eddy_async_declare(eddy_stream *, eddy_open_connection_with_options, (const char *, host), (int, port),
                   (const eddy_connection_options *, options));
/*
 * The same for the path of a Unix socket; "@name": an abstract name. Fails with ENOENT, ECONNREFUSED, EACCES, EAGAIN
 * (the server's queue is full), ENAMETOOLONG. Python: asyncio.open_unix_connection. Since 0.1.
 */
eddy_async_declare(eddy_stream *, eddy_open_unix_connection, (const char *, path));
/*
 * As eddy_open_connection, with TLS: host is the name that the peer's certificate must contain. tls NULL: the
 * system's trust. Suspends. Fails with the errors of eddy_open_connection and eddy_start_tls.
 * Python: open_connection(ssl=...).  Since 0.1.
 */
eddy_async_declare(eddy_stream *, eddy_open_tls_connection, (const char *, host), (int, port), (eddy_tls *, tls));
/*
 * Begins TLS on a live stream, which was plain text until now (or has TLS already). tls determines whether this side
 * is the client or the server (NULL: a client with the system's trust). host: the name that the server's certificate
 * must contain; NULL for a server. No other task may be reading or writing.
 * Suspends. Fails with EDDY_TLS_CERTIFICATE, EDDY_TLS_FAILED, ETIMEDOUT (handshake_seconds), ECONNRESET, ENOMEM,
 * ECANCELED: after these the stream is closed, and the caller still has to call eddy_stream_close. The stream is
 * unchanged after EDDY_STREAM_BUSY, EDDY_STREAM_CLOSED, EINVAL (no host), and after EDDY_TLS_FAILED because a client
 * had not read all plain text: an attacker may have inserted it. For a server unread bytes are the client's hello.
 * Python: StreamWriter.start_tls. Since 0.1.
 */
eddy_async_declare(void, eddy_start_tls, (eddy_stream *, s), (eddy_tls *, tls), (const char *, host));
/*
 * Makes a stream of descriptors, which it takes over and closes: pipes, ttys, a connected socket (in and out are the
 * same). -1: the stream only writes, or only reads. After an error they still belong to the caller. O_NONBLOCK is
 * not changed.
 * Python: loop.connect_read_pipe, connect_write_pipe.  Since 0.1.
 */
eddy_async_declare(eddy_stream *, eddy_open_descriptors, (int, in), (int, out));
/* A pipe: bytes that are written to *writer are read from *reader. Since 0.1. */
eddy_async_declare(void, eddy_open_pipe, (eddy_stream **, reader), (eddy_stream **, writer));
/* Two streams in memory, ends[0] and ends[1], which are connected to each other: for tests, and between tasks. Since
 * 0.1. */
eddy_async_declare(void, eddy_stream_pair, (eddy_stream **, ends));

/* Reads at least one byte and at most size; 0 at the end. Python: StreamReader.read. Since 0.1. */
eddy_async_declare(size_t, eddy_stream_read, (eddy_stream *, s), (void *, buffer), (size_t, size));
/* Reads without a copy: *bytes are the received bytes, valid until the next read; size 0 (the result) at the end. A
 * read that waits holds no memory. Since 0.1. */
eddy_async_declare(size_t, eddy_stream_read_some, (eddy_stream *, s), (eddy_slice *, bytes));
/* Reads exactly size bytes (the result), else fails with EDDY_INCOMPLETE_READ; the received bytes are
 * in the buffer and in eddy_stream_partial. Python: readexactly. Since 0.1. */
eddy_async_declare(size_t, eddy_stream_read_exactly, (eddy_stream *, s), (void *, buffer), (size_t, size));
/* Reads up to and including the separator. *line is valid until the next read. If the stream ends
 * without a separator: EDDY_INCOMPLETE_READ, and *line is the rest. Over the limit:
 * EDDY_LIMIT_OVERRUN; reads of bytes still get the line, and the next read of a line begins after it.
 * Result: line->size.  Python: readuntil.  Since 0.1. */
eddy_async_declare(size_t, eddy_stream_read_until, (eddy_stream *, s), (const char *, separator),
                   (eddy_slice *, line));
/* The same for several separators: the line ends at the one that ends first. Python: readuntil with a tuple. Since
 * 0.1. */
eddy_async_declare(size_t, eddy_stream_read_until_any, (eddy_stream *, s), (const eddy_slice *, separators),
                   (size_t, count), (eddy_slice *, line));
/* Reads a line with its "\n"; the last line may lack it; size 0 (the result) at the end. Python: readline. Since
 * 0.1. */
eddy_async_declare(size_t, eddy_stream_read_line, (eddy_stream *, s), (eddy_slice *, line));
/* Drops a line of any length: the rest of that line if the last read failed with EDDY_LIMIT_OVERRUN, else the next
 * one. Result: the number of bytes, "\n" included; 0 at the end. Since 0.1. */
eddy_async_declare(size_t, eddy_stream_skip_line, (eddy_stream *, s));
/* Writes all bytes, or fails; suspends while the peer does not read.  Python: write and drain.  Since 0.1. */
eddy_async_declare(void, eddy_stream_write, (eddy_stream *, s), (const void *, data), (size_t, size));
/* The same for several parts, without joining them first. Python: writelines and drain. Since 0.1. */
eddy_async_declare(void, eddy_stream_writev, (eddy_stream *, s), (const eddy_slice *, parts), (size_t, count));
/*
 * Sends size bytes of a file from offset on, which counts from its beginning; fewer if the file ends (SIZE_MAX: to
 * the end). Result: the number of bytes. A TCP or Unix stream takes them from the kernel's memory of the file,
 * without a copy; any other stream writes copies. The position of fd is not used. Python: loop.sendfile. Since 0.1.
 */
eddy_async_declare(size_t, eddy_sendfile, (eddy_stream *, s), (int, fd), (int64_t, offset), (size_t, size));
/*
 * For Unix streams: sends size bytes, at least one, and with the first byte copies of descriptors, at most
 * EDDY_DESCRIPTORS_MAX. Fails with EOPNOTSUPP for other streams. Python: socket.send_fds. Since 0.1.
 */
eddy_async_declare(void, eddy_stream_send_descriptors, (eddy_stream *, s), (const void *, data), (size_t, size),
                   (const int *, fds), (size_t, count));
/*
 * Like eddy_stream_read, and also receives the descriptors that came with those bytes. *count is the room in fds,
 * and is set to the number received. They are close-on-exec and belong to the caller. Descriptors beyond the room
 * are closed. Those that arrive while another call reads are closed by the kernel. Python: socket.recv_fds. Since
 * 0.1.
 */
eddy_async_declare(size_t, eddy_stream_receive_descriptors, (eddy_stream *, s), (void *, buffer), (size_t, size),
                   (int *, fds), (size_t *, count));
/* Ends the sending direction; reading goes on. Python: StreamWriter.write_eof. Since 0.1. */
eddy_async_declare(void, eddy_stream_write_eof, (eddy_stream *, s));
/* Closes the descriptor and frees the stream; NULL is allowed.  Python: close and wait_closed.  Since 0.1. */
eddy_async_declare(void, eddy_stream_close, (eddy_stream *, s));

struct eddy_stream_printf {
    struct eddy_awaitable awaitable;
    eddy_void result;
    eddy_stream *stream;
    char *text;   /* formatted when the value was made; NULL: there was no memory */
    size_t size;
};
/* eddy_stream_write of a formatted text.  Python: writer.write(f"...").  Since 0.1. */
EDDY_API EDDY_MUST_USE struct eddy_stream_printf eddy_stream_printf(eddy_stream *s, const char *format, ...)
    EDDY_PRINTF(2, 3);

/* Stops accepting, waits at most grace_seconds for the handlers, then cancels them, and frees the server. NULL is
 * allowed. Python: Server.close and wait_closed. Since 0.1. */
eddy_async_declare(void, eddy_server_close, (eddy_server *, server), (double, grace_seconds));

/*
 * Low-level operations on the caller's descriptor. Results are those of the system calls (perhaps fewer bytes than
 * asked for; 0 from a read: the end); errors are raised. They suspend; their arguments must live until they have
 * ended.
 * Python: loop.sock_recv, sock_sendall's step, sock_accept, sock_connect, sock_recvfrom, sock_sendto.  Since 0.1.
 */
struct sockaddr;
struct msghdr;
eddy_async_declare(size_t, eddy_recv, (int, fd), (void *, buffer), (size_t, size), (int, flags));
eddy_async_declare(size_t, eddy_send_bytes, (int, fd), (const void *, data), (size_t, size), (int, flags));
eddy_async_declare(int, eddy_accept, (int, fd));
eddy_async_declare(void, eddy_connect, (int, fd), (const struct sockaddr *, address), (unsigned, length));
/* Receives a datagram, or the part of it that fits into size bytes; *from: its sender (from may be NULL). Since 0.1. */
eddy_async_declare(size_t, eddy_recvfrom, (int, fd), (void *, buffer), (size_t, size), (int, flags),
                   (eddy_address *, from));
eddy_async_declare(size_t, eddy_sendto, (int, fd), (const void *, data), (size_t, size), (int, flags),
                   (const eddy_address *, to));
/* Received descriptors are close-on-exec. Since 0.1. */
eddy_async_declare(size_t, eddy_recvmsg, (int, fd), (struct msghdr *, message), (int, flags));
eddy_async_declare(size_t, eddy_sendmsg, (int, fd), (const struct msghdr *, message), (int, flags));
/* Reads or writes at the descriptor's position. A write to a pipe without readers fails with EPIPE. Python: os.read,
 * os.write. Since 0.1. */
eddy_async_declare(size_t, eddy_read, (int, fd), (void *, buffer), (size_t, size));
eddy_async_declare(size_t, eddy_write, (int, fd), (const void *, data), (size_t, size));
/* For files: reads or writes at offset, in bytes from the beginning. The ring or a thread does it, so that a slow
 * disk does not hold up the loop. Python: os.pread, os.pwrite. Since 0.1. */
eddy_async_declare(size_t, eddy_pread, (int, fd), (void *, buffer), (size_t, size), (int64_t, offset));
eddy_async_declare(size_t, eddy_pwrite, (int, fd), (const void *, data), (size_t, size), (int64_t, offset));
/* Waits until fd has one of events (POLLIN, POLLOUT, ...); result: the events it has.  Since 0.1. */
eddy_async_declare(int, eddy_poll, (int, fd), (int, events));

/*
 * As getaddrinfo(3): host NULL: this machine; service: a name or number, or NULL; hints may be NULL. Result: the
 * list, which the caller frees: defer(freeaddrinfo, list). Numeric addresses are answered at once, else it suspends.
 * Fails with ENOENT (no such host, or none with such an address), EAGAIN (the name server does not answer), EIO (it
 * refuses), EINVAL (the hints), ENOMEM, ECANCELED; the message has the resolver's own words.
 * Python: loop.getaddrinfo.  Since 0.1.
 */
struct addrinfo;
eddy_async_declare(struct addrinfo *, eddy_getaddrinfo, (const char *, host), (const char *, service),
                   (const struct addrinfo *, hints));
/*
 * As getnameinfo(3): flags: NI_ values; it returns at once with NI_NUMERICHOST and NI_NUMERICSERV, else it suspends.
 * Fails as eddy_getaddrinfo. Python: loop.getnameinfo. Since 0.1.
 */
eddy_async_declare(struct eddy_host_name, eddy_getnameinfo, (const struct sockaddr *, address), (unsigned, length),
                   (int, flags));

#pragma GCC visibility pop

#endif
