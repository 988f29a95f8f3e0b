/* SPDX-License-Identifier: MIT */
/*
 * exchange.h - a server, and a request with its response on one of its connections.
 *
 * Invariant: an exchange lies in the frame of its connection's handler and is used again for the next request; what
 * belongs to one message alone lies in its arena, or is freed by exchange_end. The head of the response is sent once,
 * before the first byte of the body, and not changed afterwards.
 */
#ifndef EDDY_HTTP_EXCHANGE_H
#define EDDY_HTTP_EXCHANGE_H

#include <time.h>

#include "head.h"
#include "input.h"
#include "target.h"

struct deflater;

struct eddy_http_server {
    eddy_server *listening;      /* NULL until it has begun */
    eddy_http_server_options options;
    struct head_limits limits;
    struct deflater *deflater;   /* NULL: nothing was compressed yet */
    time_t second;               /* of the stamp */
    size_t stamp_size;
    char stamp[192];             /* the fields Date and Server */
    /* TLS, which comes before the handler; see start.c */
    bool (*upgrade)(eddy_stream *s, void *argument, struct eddy_failure **failure);
    void (*upgrade_release)(void *argument);
    void *upgrade_argument;
};

enum progress { UNSENT, SENDING, SENT };
enum framing { BY_NOTHING, BY_SIZE, BY_CHUNKS, BY_THE_END };

struct exchange {
    eddy_http_request request;
    eddy_http_response response;
    struct eddy_http_server *server;
    struct input input;
    /* the request */
    struct head head;
    struct target target;
    struct eddy_http_body body;
    double since;            /* when the head was complete */
    bool readable;           /* request is filled */
    /* the response */
    enum progress progress;
    enum framing framing;    /* how the client knows the end of the body, once the head is sent */
    bool keeps;              /* another request may follow on this connection */
    bool headless;           /* the body is not sent, since the method is HEAD or for the status */
    int failed;              /* a code: a call that cannot raise has failed; 0: none has */
    const char *failed_why;
    const char *refusal;     /* why the server answers instead of a handler; NULL: it does not */
    eddy_buffer fields;      /* lines that were added */
    eddy_buffer out;         /* bytes of the body that wait to be sent */
    uint64_t sent;           /* bytes of the body */
    struct eddy_http_websocket *websocket; /* that the connection has become; NULL: it is none */
    struct arena arena;
};

void exchange_open(struct exchange *x, struct eddy_http_server *server, eddy_stream *s);
/* Forgets the last message; the bytes after it stay. */
void exchange_reset(struct exchange *x);
void exchange_end(struct exchange *x);
static inline struct exchange *exchange_of(const eddy_http_response *response)
{
    return (struct exchange *)(void *)((char *)(uintptr_t)response - offsetof(struct exchange, response));
}

/* ==== reading, by request.c ==== */

/* Waits for the next request. False: the client has gone, or has been idle for too long. A request that is refused
 * has head.refused. */
async_declare(bool, exchange_read, (struct exchange *, x));

/* ==== responding, by response.c ==== */

/* Answers by a status and its name instead of a handler's response, and closes. why: for the log. */
async_declare(void, exchange_refuse, (struct exchange *, x), (int, status), (const char *, why));
/* Sends what is left of the response. */
async_declare(void, exchange_finish, (struct exchange *, x));
/* Sends the head, and with it the first bytes of the body; framing by response.size. */
async_declare(void, exchange_send_head, (struct exchange *, x), (const void *, data), (size_t, size));
/* Remembers that a call failed which cannot raise. Returns false. */
bool exchange_fail(struct exchange *x, int code, const char *why);
/* A write has failed, and the handler may go on: the rest of the response is not sent, and the connection ends. */
void exchange_lose(struct exchange *x, int code);

/* The fields Date and Server, made once a second. */
eddy_slice stamp_of(struct eddy_http_server *server);
enum { DATE_ROOM = 40 };
/* "Sun, 06 Nov 1994 08:49:37 GMT", into DATE_ROOM bytes. */
void date_format(time_t when, char *text);
/* The time that such a text names; -1: it names none. */
time_t date_read(const char *text);

/* Compresses the body if the client, the type and the size allow it. False: it stays as it is. */
bool exchange_deflate(struct exchange *x);
void deflater_free(struct deflater *deflater);

#endif
