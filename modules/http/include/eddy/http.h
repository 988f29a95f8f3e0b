/* SPDX-License-Identifier: MIT */
/*
 * http.h - HTTP/1.1 and WebSocket on Eddy's streams: server and client (C only, since the calls are coroutines).
 *
 *     async(void, hello, (eddy_http_request *, request), (eddy_http_response *, response))
 *     {
 *         eddy_http_printf(response, "Hello, %s\n", eddy_http_param(request, "name"));
 *     }
 *
 * A handler is an async function, called on the task of its connection. What it points to through its request lives
 * until it returns. The messages of a client are read by the letter of RFC 9112: a request that two readers could
 * understand in two ways is answered by 400, and its connection is closed.
 */
#ifndef EDDY_HTTP_H
#define EDDY_HTTP_H

#include <eddy.h>
#if defined __cplusplus || defined __STRICT_ANSI__ /* it says what is wrong */
#include <eddy/macros.h>
#endif

/* Old names of <eddy/curl.h>. */
#undef eddy_http_get
#undef eddy_http_get_with
#undef eddy_http_header
#undef eddy_http_join
#undef eddy_http_options
#undef eddy_http_response
#undef eddy_http_response_free
#undef eddy_http_status_text

#pragma GCC visibility push(default)

/* ---- a message that was received ---- */

/* Its fields ("Accept: text/html"). Since 0.1. */
typedef struct eddy_http_fields eddy_http_fields;
/* Its body, which is read piece by piece or at once. Since 0.1. */
typedef struct eddy_http_body eddy_http_body;

/* The value of a field, without regard to case; "a, b" is one value. NULL: there is no such field. Since 0.1. */
EDDY_API const char *eddy_http_field(const eddy_http_fields *fields, const char *name);
/* The i-th field, from 0 on, in the order of the message. False: there are fewer. Since 0.1. */
EDDY_API bool eddy_http_field_at(const eddy_http_fields *fields, size_t i, const char **name, const char **value);

/*
 * Reads at least one byte of the body, and at most size; 0 at its end. Chunks are taken apart. The first read sends
 * "100 Continue" to a client that waits for it. Fails with EBADMSG (chunks that are not valid), EDDY_INCOMPLETE_READ
 * (the connection ended before the body), ETIMEDOUT, the errors of eddy_stream_read. A handler that lets one of them
 * out is answered by the server: 400, 408. Since 0.1.
 */
eddy_async_declare(size_t, eddy_http_read, (eddy_http_body *, body), (void *, buffer), (size_t, size));
/* The same without a copy: *bytes are valid until the next read. Since 0.1. */
eddy_async_declare(size_t, eddy_http_read_some, (eddy_http_body *, body), (eddy_slice *, bytes));
/* Reads the rest of the body; the bytes live as long as the message, and a 0 byte follows them. Fails with EMSGSIZE if
 * there are more than max_body (the server answers 413), and as above. Since 0.1. */
eddy_async_declare(eddy_slice, eddy_http_read_all, (eddy_http_body *, body));

/* ---- the server's side ---- */

/* What a client asks for. Its strings live until the handler returns. Since 0.1. */
typedef struct eddy_http_request {
    const char *method; /* "GET" */
    const char *path;   /* decoded; begins with "/"; has no "." and ".." between slashes; "*" of OPTIONS */
    const char *query;  /* what follows the "?", as it was sent; NULL: there is no "?" */
    const char *target; /* the whole as it was sent */
    const char *host;   /* of the target or the Host field, with its port; "" for a client of HTTP/1.0 without one */
    int version;        /* 10, 11: HTTP/1.0, HTTP/1.1 */
    int64_t size;       /* bytes of the body; 0: there is none; -1: only its end will tell */
    const eddy_http_fields *fields;
    eddy_http_body *body;
    void *argument;     /* of the route, or else of the server */
    eddy_stream *stream; /* for eddy_stream_peer_name and the facts of TLS; it is the server's to read and write */
} eddy_http_request;

/* What the client will get. The members may be set until the first byte of the body is sent. Since 0.1. */
typedef struct eddy_http_response {
    int status;       /* 200 at first */
    const char *type; /* the Content-Type; NULL: "text/plain; charset=utf-8"; must live until the handler returns */
    int64_t size;     /* bytes that eddy_http_write will send; -1 at first: they are sent in chunks */
    bool closes;      /* the connection ends after this response */
} eddy_http_response;

/* The part of the path that a route calls ":name", or "*"; decoded. NULL: the route has none. Since 0.1. */
EDDY_API const char *eddy_http_param(const eddy_http_request *request, const char *name);
/* The first value of a name in the query, decoded, "" if it has none. NULL: there is no such name, or no memory.
 * Since 0.1. */
EDDY_API const char *eddy_http_query(eddy_http_request *request, const char *name);

/*
 * Adds a field. False: name or value has characters that no field may have, the field is one that the server writes
 * (Content-Length, Transfer-Encoding, Connection, Date), or there is no memory; then the response fails, too. Never
 * suspends. Since 0.1.
 */
EDDY_API bool eddy_http_add_field(eddy_http_response *response, const char *name, const char *value);
/* Append to the body, which is sent when the handler returns. False: no memory; then the response fails, too. Never
 * suspend. Since 0.1. */
EDDY_API bool eddy_http_append(eddy_http_response *response, const void *data, size_t size);
EDDY_API bool eddy_http_printf(eddy_http_response *response, const char *format, ...) EDDY_PRINTF(2, 3);
/*
 * Sends a part of the body now, and the head before the first one; suspends while the client does not read. Without
 * response->size the body goes in chunks. Fails with EMSGSIZE (more than response->size), EINVAL (a field that was not
 * valid), ETIMEDOUT (the client takes nothing), the errors of eddy_stream_write. Since 0.1.
 */
eddy_async_declare(void, eddy_http_write, (eddy_http_response *, response), (const void *, data), (size_t, size));
/*
 * Answers by a file: its part that a Range asks for, 304 if the client has it already (If-None-Match,
 * If-Modified-Since), 404 if there is no such file. folder: a descriptor of the folder that the path, relative or with
 * a "/" in front, does not leave: symbolic links are followed if they are relative and stay below it. A path that ends
 * with "/" means the "index.html" there. The type goes by the ending of the name, unless response->type is set. Since
 * 0.1.
 */
eddy_async_declare(void, eddy_http_send_file, (eddy_http_response *, response), (int, folder), (const char *, path));

/* The type of handlers; eddy_async_as(eddy_http_handler, f) makes one of an async function. Since 0.1. */
eddy_async_type(void, eddy_http_handler, (eddy_http_request *, request), (eddy_http_response *, response));

/* A row of the table of routes. The first that fits is taken. Since 0.1. */
typedef struct eddy_http_route {
    const char *method;        /* "GET" (which answers HEAD, too); NULL: any */
    const char *path;          /* "/users/:name/notes"; a last "*" takes all that is left: "/files/" "*" */
    eddy_http_handler handler; /* NULL: the end of the table */
    void *argument;            /* request->argument; NULL: the server's */
} eddy_http_route;
/* A row: {EDDY_HTTP_ROUTE("GET", "/users/:name", function)}. Since 0.1. */
#define EDDY_HTTP_ROUTE(method, path, function) (method), (path), eddy_async_as(eddy_http_handler, function), NULL

/* A line of the access log. Its strings live until the call returns. Since 0.1. */
typedef struct eddy_http_access {
    const eddy_http_request *request; /* NULL: it could not be read */
    eddy_stream *stream;  /* the client's */
    int status;
    uint64_t sent;        /* bytes of the body */
    double seconds;       /* from the end of the head to the end of the response */
    const char *refusal;  /* why it was refused by the server; NULL: it was not */
} eddy_http_access;
/* Writes it as a line of the Common Log Format's combined form, without its end. Returns the length as snprintf does.
 * Since 0.1. */
EDDY_API size_t eddy_http_access_format(const eddy_http_access *access, char *buffer, size_t size);

/* All zero but the port and the routes is a good server. Since 0.1. */
typedef struct eddy_http_server_options {
    const char *host;             /* a name or an address; NULL, "": every address */
    int port;                     /* 0: the kernel chooses */
    const eddy_server_options *listen; /* listens there instead; NULL: at host and port */
    eddy_tls *tls;                /* NULL: plain text */
    const eddy_http_route *routes; /* ended by a row without handler; they live as long as the server */
    eddy_http_handler handler;    /* of requests that no route takes; NULL: 404 */
    void *argument;               /* request->argument */
    const char *name;             /* the Server field; NULL: "eddy"; "": none */
    size_t max_line;              /* bytes of the first line of a request; 0: 8192 */
    size_t max_head;              /* bytes of a head; 0: 16384; at most 65535 */
    size_t max_fields;            /* fields of a head; 0: 100 */
    size_t max_body;              /* bytes that eddy_http_read_all takes; 0: 1 MiB */
    double idle_seconds;          /* a connection without a request; 0: 60 */
    double head_seconds;          /* from the first byte of a head to its last; 0: 10 */
    double body_seconds;          /* without a byte of a body; 0: 30 */
    double send_seconds;          /* for a client to take 256 KiB; 0: 60 */
    bool gzip;                    /* bodies of text are compressed for clients that ask for it */
    void (*log)(const eddy_http_access *access, void *argument); /* called after each response; NULL: no log */
    void *log_argument;
} eddy_http_server_options;

typedef struct eddy_http_server eddy_http_server;

/*
 * await(eddy_http_start_server(&options)): listens, and answers from the next pass on. The options may go when it
 * returns; the routes may not. Fails with EINVAL (an option, a route), and as eddy_start_server. Since 0.1.
 */
eddy_async_declare(eddy_http_server *, eddy_http_start_server_with, (const eddy_http_server_options *, options),
                   (size_t, options_size));
/* Variadic: &(eddy_http_server_options){.port = 80, .routes = routes} is several macro arguments. */
#define eddy_http_start_server(...) eddy_http_start_server_with((__VA_ARGS__), sizeof(eddy_http_server_options))
/* For eddy_server_port, eddy_server_connections, ... Since 0.1. */
EDDY_API eddy_server *eddy_http_server_of(const eddy_http_server *server);
/* Accepts no more; idle connections end at once, others after their request, at the latest after grace_seconds.
 * NULL is allowed. Since 0.1. */
eddy_async_declare(void, eddy_http_server_close, (eddy_http_server *, server), (double, grace_seconds));

/* ---- the client's side ---- */

/* Requests to servers, and connections that are kept for the next ones. Tasks may share it. Since 0.1. */
typedef struct eddy_http_client eddy_http_client;

/* Zero is the default of every member. Since 0.1. */
typedef struct eddy_http_client_options {
    eddy_tls *tls;          /* for https; NULL: the system's trust */
    const char *agent;      /* the field User-Agent; NULL: "eddy"; "": none */
    bool plain;             /* compression is not asked for */
    int max_redirects;      /* 0: 10; below 0: a redirect is a reply like others */
    size_t max_idle;        /* connections that are kept; 0: 8 */
    size_t max_body;        /* bytes that eddy_http_read_all takes; 0: 64 MiB */
    double connect_seconds; /* 0: 30 */
    double head_seconds;    /* from the request to the head of the reply; 0: 60 */
    double body_seconds;    /* without a byte of a body; 0: 30 */
    double send_seconds;    /* for the server to take 256 KiB; 0: 60 */
    double idle_seconds;    /* that a connection is kept; 0: 15 */
} eddy_http_client_options;

struct eddy_http_open {
    struct eddy_awaitable awaitable;
    eddy_http_client *result;
    struct eddy_manager manager;
    eddy_http_client *value; /* of async_with */
    const char *url;
    eddy_http_client_options options;
};
/*
 * await(eddy_http_open(url)), await(eddy_http_open(url, &options)): a client whose requests may name a path at that URL
 * ("http://host:port/path"). async_with (client, eddy_http_open(url)) closes it at the end of the block. Makes no
 * connection yet. Fails with EINVAL (the URL), ENOMEM. Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_http_open eddy_http_open_with(const char *url,
                                                                 const eddy_http_client_options *options,
                                                                 size_t options_size);
#define eddy_http_open(...) ED_CAT(ED_HTTP_OPEN_, ED_IS_ONE(__VA_ARGS__))(__VA_ARGS__)
#define ED_HTTP_OPEN_1(url) eddy_http_open_with((url), NULL, 0)
#define ED_HTTP_OPEN_M(url, ...) eddy_http_open_with((url), (__VA_ARGS__), sizeof(eddy_http_client_options))
/* Closes what is idle; replies that are not freed may still be read. NULL is allowed. Since 0.1. */
eddy_async_declare(void, eddy_http_close, (eddy_http_client *, client));
/* The same as a function, for defer(eddy_http_client_free, client). Since 0.1. */
EDDY_API void eddy_http_client_free(eddy_http_client *client);

/* Where a source of a request puts the bytes. Since 0.1. */
typedef struct eddy_http_upload eddy_http_upload;
/* Sends a part of the body; suspends while the server does not read. Fails as eddy_stream_write; EMSGSIZE: more than
 * the size of the call; nothing of it is sent, and the source may go on. Since 0.1. */
eddy_async_declare(void, eddy_http_upload_write, (eddy_http_upload *, upload), (const void *, data), (size_t, size));
/* The type of sources; eddy_async_as(eddy_http_source, f). Since 0.1. */
eddy_async_type(void, eddy_http_source, (eddy_http_upload *, upload), (void *, argument));

/* A request; what it points to must live until the await ends. Since 0.1. */
typedef struct eddy_http_call {
    const char *method;        /* NULL: "GET", or "POST" if there is a body */
    const char *const *fields; /* lines "Name: value", followed by NULL */
    const void *body;
    size_t size;               /* of the body, or of what the source sends (0: it goes in chunks) */
    eddy_http_source source;   /* sends the body piece by piece instead */
    void *argument;            /* of the source */
} eddy_http_call;

/* What a server has answered; the body arrives while it is read. Since 0.1. */
typedef struct eddy_http_reply {
    int status;
    const char *reason;  /* as the server worded it */
    int version;         /* 10, 11: HTTP/1.0, HTTP/1.1 */
    int64_t size;        /* bytes of the body; -1: only its end will tell */
    const eddy_http_fields *fields;
    eddy_http_body *body;
    const char *url;     /* of the reply, after the redirects */
    int redirects;       /* how many there were */
} eddy_http_reply;

/*
 * await(eddy_http_get(client, url)), await(eddy_http_send(client, url, &call)): sends a request and waits for the head
 * of the reply, which the caller frees. A reply of any status is a result. url: absolute, or relative to that of the
 * client. Redirects are followed, not from https to http; secrets (Authorization, Cookie) do not go to other servers.
 * A request that can be repeated is, if a kept connection turns out to be closed. Fails with EINVAL (URL, method, a
 * field), EBADMSG (the reply is not valid), EDDY_INCOMPLETE_READ (the server has closed the connection), ELOOP (too
 * many redirects), ETIMEDOUT, ECANCELED, ENOMEM, and the errors of eddy_open_connection, eddy_open_tls_connection.
 * Python: aiohttp.ClientSession.request. Since 0.1.
 */
eddy_async_declare(eddy_http_reply *, eddy_http_call_with, (eddy_http_client *, client), (const char *, url),
                   (const eddy_http_call *, call), (size_t, call_size));
#define eddy_http_get(client, url) eddy_http_call_with((client), (url), NULL, 0)
#define eddy_http_send(client, url, ...) eddy_http_call_with((client), (url), (__VA_ARGS__), sizeof(eddy_http_call))
/* Frees it. The connection is kept if the body was read to its end. NULL is allowed. Since 0.1. */
EDDY_API void eddy_http_reply_free(eddy_http_reply *reply);

/* ---- WebSocket (RFC 6455) ---- */

/* A connection that has become a WebSocket. Tasks may share it: any number of them send, one receives. Since 0.1. */
typedef struct eddy_http_websocket eddy_http_websocket;

/* A message that has arrived. Since 0.1. */
typedef struct eddy_http_message {
    const char *data; /* valid until the next message is received; a 0 byte follows */
    size_t size;
    bool text;        /* it is UTF-8; false: bytes */
} eddy_http_message;

/* Zero is the default of every member. Since 0.1. */
typedef struct eddy_http_websocket_options {
    const char *protocols;     /* "chat, superchat", best first; NULL: none */
    const char *const *fields; /* client: lines "Name: value" of the request, followed by NULL; NULL: none */
    bool any_origin;           /* server: pages of other sites may connect, too */
    size_t max_message;        /* bytes of a message that is received; 0: 1 MiB */
    double idle_seconds;       /* without a byte of the peer, which gets a ping at half of it; 0: 60 */
    double send_seconds;       /* for the peer to take 256 KiB; 0: 60 */
    double close_seconds;      /* for the peer to answer a close; 0: 2 */
} eddy_http_websocket_options;

/*
 * In a handler: await(eddy_http_websocket_accept(request, response, NULL)), or with &options instead of NULL. Answers
 * by 101. The WebSocket belongs to the server, which closes it when the handler returns: by the code 1000; 1011 if the
 * handler fails; 1001 if the server closes. Fails with EBADMSG if the request asks for no WebSocket, or comes from
 * a page of another site (a handler that lets it out is answered by the server: 400, 403, 426); ENOSYS: the module was
 * built without libwslay; ENOMEM, the errors of eddy_stream_write. Since 0.1.
 */
eddy_async_declare(eddy_http_websocket *, eddy_http_websocket_accept_with, (eddy_http_request *, request),
                   (eddy_http_response *, response), (const eddy_http_websocket_options *, options),
                   (size_t, options_size));
#define eddy_http_websocket_accept(request, response, ...) \
    eddy_http_websocket_accept_with((request), (response), (__VA_ARGS__), sizeof(eddy_http_websocket_options))
/*
 * await(eddy_http_websocket_open(client, url, NULL)), or with &options. url: ws, wss, http or https, or relative to
 * that of the client. The caller frees the WebSocket. Fails with EDDY_HTTP_FAILED (the server answers otherwise),
 * EBADMSG (the answer is not valid), ENOSYS, EINVAL, and as eddy_http_get. Since 0.1.
 */
eddy_async_declare(eddy_http_websocket *, eddy_http_websocket_open_with, (eddy_http_client *, client),
                   (const char *, url), (const eddy_http_websocket_options *, options), (size_t, options_size));
#define eddy_http_websocket_open(client, url, ...) \
    eddy_http_websocket_open_with((client), (url), (__VA_ARGS__), sizeof(eddy_http_websocket_options))

/*
 * Waits for the next message. False: the peer has closed the WebSocket, or the server of this handler closes. Pings are
 * answered. Fails with EBADMSG (the peer breaks the rules), EMSGSIZE (more than max_message), EDDY_INCOMPLETE_READ
 * (the connection ended without a close), ETIMEDOUT (the peer is silent), EDDY_INVALID_STATE (another task receives),
 * ENOMEM, the errors of eddy_stream_read. Python: websockets.recv. Since 0.1.
 */
eddy_async_declare(bool, eddy_http_websocket_receive, (eddy_http_websocket *, ws), (eddy_http_message *, message));

/* The messages until the end: async_for (message, eddy_http_messages(ws)) ... Fails as
 * eddy_http_websocket_receive. Since 0.1. */
struct eddy_http_messages {
    __extension__ union {
        struct eddy_async_generator async_generator;
        struct eddy_generator ed_common;
    };
    eddy_http_message value, sent;
    eddy_void result;
    __extension__ struct {
        eddy_http_websocket *ws;
    } args;
};
EDDY_API EDDY_MUST_USE struct eddy_http_messages eddy_http_messages(eddy_http_websocket *ws);

/*
 * Send a message: a string, a text of UTF-8, bytes. Suspend while the peer does not read. A cancelled call may leave
 * the message to the next one, which sends it first; it is never cut. Fail with EPIPE (the WebSocket is closed), EINVAL
 * (no UTF-8), ETIMEDOUT (the peer takes nothing), ENOMEM, the errors of eddy_stream_write. Since 0.1.
 */
eddy_async_declare(void, eddy_http_websocket_send, (eddy_http_websocket *, ws), (const char *, text));
eddy_async_declare(void, eddy_http_websocket_send_text, (eddy_http_websocket *, ws), (const char *, text),
                   (size_t, size));
eddy_async_declare(void, eddy_http_websocket_send_bytes, (eddy_http_websocket *, ws), (const void *, data),
                   (size_t, size));
/* Sends a ping; the peer answers, which keeps the connection alive. Fails as sending. Since 0.1. */
eddy_async_declare(void, eddy_http_websocket_ping, (eddy_http_websocket *, ws));
/*
 * Sends a close and waits for that of the peer, unless another task receives. code: 1000 is the usual one; 3000 to 4999
 * are the program's. reason: at most 123 bytes; NULL: none. Messages that arrive meanwhile are dropped. Does nothing
 * if the WebSocket is closed or has failed; NULL is allowed. Fails with EINVAL (code, reason), ENOMEM, ECANCELED, the
 * errors of eddy_stream_write. Since 0.1.
 */
eddy_async_declare(void, eddy_http_websocket_close, (eddy_http_websocket *, ws), (int, code), (const char *, reason));
/* Frees that of a client and ends its connection; closing is orderly after eddy_http_websocket_close. NULL, and that of
 * a handler, are left alone. Since 0.1. */
EDDY_API void eddy_http_websocket_free(eddy_http_websocket *ws);
/* Of the peer's close: its code (1005: it had none; 1006: no close has come; 1001 also if the server of this handler
 * closes) and its reason, "" if there is none. Since 0.1. */
EDDY_API int eddy_http_websocket_code(const eddy_http_websocket *ws);
EDDY_API const char *eddy_http_websocket_reason(const eddy_http_websocket *ws);
/* The protocol that both sides have; "": none. Since 0.1. */
EDDY_API const char *eddy_http_websocket_protocol(const eddy_http_websocket *ws);

/* "Not Found"; "" for an unknown status. Since 0.1. */
EDDY_API const char *eddy_http_reason(int status);

#pragma GCC visibility pop

#endif
