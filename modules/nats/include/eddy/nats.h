/* SPDX-License-Identifier: MIT */
/*
 * nats.h - a client of NATS and of its JetStream on streams of Eddy (C only, since the calls are coroutines).
 *
 *     eddy_nats *n = await(eddy_nats_open("nats://localhost"));
 *     defer(eddy_nats_free, n);
 *     await(eddy_nats_publish(n, "news", "hello"));
 *
 * Any number of tasks share one connection: what they send in a pass of the loop leaves in one write. A lost
 * connection is made again, with another server of the URL if need be, and its subscriptions with it. Link with
 * eddy-nats; `eddy run` does it by itself. Python: nats-py.
 */
#ifndef EDDY_NATS_H
#define EDDY_NATS_H

#include <eddy.h>
#if defined __cplusplus || defined __STRICT_ANSI__ /* it says what is wrong */
#include <eddy/macros.h>
#endif

#pragma GCC visibility push(default)

typedef struct eddy_nats eddy_nats;
typedef struct eddy_nats_subscription eddy_nats_subscription;
typedef struct eddy_nats_consumer eddy_nats_consumer;
typedef struct eddy_nats_kv eddy_nats_kv;

/* ---- messages ---- */

/* A message that has arrived. eddy_nats_message_free frees it with all that it points to. Since 0.1. */
typedef struct eddy_nats_message {
    const char *subject;
    const char *reply;    /* the subject on which an answer is expected; "": no answer is expected */
    eddy_slice data;      /* a 0 byte follows */
    int status;           /* of a reply by the server itself, as 503; 0: it is a message of a program */
    uint64_t missed;      /* messages before this one that were dropped, since too many waited; see pending_limit */
    bool after_gap;       /* the connection was lost and made again since the last message: some may be missing */
    struct eddy_nats_message *next; /* the library's, as all that follows */
    eddy_nats *client;
    const char *headers;  /* name, 0, value, 0, ...; an empty name ends them */
    size_t bytes;
    uint64_t revision;
} eddy_nats_message;

/* Frees a message; NULL is allowed. Since 0.1. */
EDDY_API void eddy_nats_message_free(eddy_nats_message *m);
/* The value of a header, whose name is compared without regard to case; NULL: there is none. Since 0.1. */
EDDY_API const char *eddy_nats_header_of(const eddy_nats_message *m, const char *name);

/* A header of a message to be sent. Since 0.1. */
typedef struct eddy_nats_header {
    const char *name, *value;
} eddy_nats_header;

/* A message to be sent; all but the subject may be 0. Its strings must live until the await ends. Since 0.1. */
typedef struct eddy_nats_outgoing {
    const char *subject;
    const char *reply;               /* where an answer is expected; NULL: no answer is expected */
    eddy_slice data;
    const eddy_nats_header *headers;
    size_t header_count;
    const char *id;                  /* for eddy_nats_store: a second message with it is dropped; NULL: none */
} eddy_nats_outgoing;

/* ---- opening and closing ---- */

/* For eddy_nats_open; zero is the default of every member. The values here go before those of the URL. Strings are
 * copied. Since 0.1. */
typedef struct eddy_nats_options {
    size_t size;              /* sizeof(eddy_nats_options) */
    const char *user;         /* NULL: the URL's */
    const char *password;     /* NULL: the URL's */
    const char *token;        /* NULL: the URL's */
    const char *nkey_seed;    /* "SU...": the server's challenge is signed with it, by libsodium; NULL: no nkey */
    const char *credentials;  /* path of a file of credentials (a JWT and a seed), as nsc writes it; NULL: none */
    const char *name;         /* a name for the server's list of clients; NULL: none */
    eddy_tls *tls;            /* for TLS; it must live until the end; NULL: the system's trust */
    double connect_seconds;   /* seconds for connecting to one server, with the login; 0: 10 */
    double ping_seconds;      /* a server that is silent so long gets a PING, and is lost after twice that; 0: 60 */
    double first_delay;       /* seconds before connecting again after a failure, doubled by each one; 0: 0.05 */
    double longest_delay;     /* the most; 0: 2 */
    size_t pending_limit;     /* bytes that wait in a subscription, at most; more is dropped; 0: 64 MiB */
    size_t unsent_limit;      /* bytes that wait to be sent, at most; then publishing waits; 0: 8 MiB */
    bool no_echo;             /* what this client publishes does not come to its own subscriptions */
} eddy_nats_options;

struct eddy_nats_open {
    struct eddy_awaitable awaitable;
    eddy_nats *result;
    const char *url;
    const eddy_nats_options *options;
    struct eddy_manager manager;
    eddy_nats *value;
};
/*
 * await(eddy_nats_open(url)), await(eddy_nats_open(url, &options)): connects to the first server that answers. The
 * result goes to eddy_nats_close or eddy_nats_free. async_with (n, eddy_nats_open(url)) closes it at the end of the
 * block. url: nats://[USER:PASSWORD@]HOST[:PORT], nats://TOKEN@HOST, tls:// with TLS; several are separated by commas.
 * Fails with EINVAL (the URL), EACCES (the server refuses the login), the errors of eddy_open_connection and
 * eddy_open_tls_connection, EBADMSG (the server does not speak the protocol of NATS), ENOSYS (nkey_seed without
 * libsodium), ETIMEDOUT, ECANCELED, ENOMEM. Python: nats.connect. Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_nats_open eddy_nats_open_with(const char *url, const eddy_nats_options *options);
/* Sends what was published, for at most connect_seconds, and closes the connection. Requests that wait for an answer
 * fail with ECONNABORTED. Python: Client.drain. Since 0.1. */
eddy_async_declare(void, eddy_nats_close, (eddy_nats *, n));
/* Closes it at once: what was not sent is lost. For defer(eddy_nats_free, n); also after the end of the loop. NULL is
 * allowed. Python: Client.close. Since 0.1. */
EDDY_API void eddy_nats_free(eddy_nats *n);
/* Bytes of data and headers that the server takes in one message. Since 0.1. */
EDDY_API size_t eddy_nats_message_limit(const eddy_nats *n);
/* How often a lost connection was made again. Since 0.1. */
EDDY_API uint64_t eddy_nats_reconnects(const eddy_nats *n);

/* ---- publish, request ---- */

/*
 * eddy_nats_publish(n, subject, data): sends a message to all that have subscribed to its subject. data: a string, or
 * an eddy_slice of any bytes. Returns when the message has been queued; while there is no connection, it waits for the
 * next one. Suspends only while more than unsent_limit bytes wait.
 * Fails with EINVAL (the subject), EMSGSIZE (larger than the server takes), ECONNABORTED (closed), ECANCELED, ENOMEM.
 * Python: Client.publish. Since 0.1.
 */
eddy_async_declare(void, eddy_nats_publish_bytes, (eddy_nats *, n), (const char *, subject), (eddy_slice, data));
/* The same with headers and a subject for the answer. Since 0.1. */
eddy_async_declare(void, eddy_nats_send, (eddy_nats *, n), (const eddy_nats_outgoing *, message));
/* eddy_nats_respond(m, data): answers a message that asks for it. Fails with EINVAL (it asks for none) and as
 * eddy_nats_publish. Python: Msg.respond. Since 0.1. */
eddy_async_declare(void, eddy_nats_respond_bytes, (const eddy_nats_message *, m), (eddy_slice, data));
/*
 * eddy_nats_request(n, subject, data): publishes a message and waits for the first answer, which the caller frees. For
 * a time limit there is await_for. Fails with EHOSTUNREACH (nobody has subscribed to the subject), ECONNRESET (the
 * connection was lost before the answer), and as eddy_nats_publish. Python: Client.request. Since 0.1.
 */
eddy_async_declare(eddy_nats_message *, eddy_nats_request_bytes, (eddy_nats *, n), (const char *, subject),
                   (eddy_slice, data));
/* The same with headers; its member reply is not used. Since 0.1. */
eddy_async_declare(eddy_nats_message *, eddy_nats_ask, (eddy_nats *, n), (const eddy_nats_outgoing *, message));
/* Waits until the server has taken all that was published before. Fails with EACCES (the server refused some of it
 * since the last flush, by its rules; the message has its words), ECONNRESET, ECONNABORTED, ECANCELED.
 * Python: Client.flush. Since 0.1. */
eddy_async_declare(void, eddy_nats_flush, (eddy_nats *, n));

/* ---- subscribe ---- */

/*
 * eddy_nats_subscribe(n, "news.*"), eddy_nats_subscribe(n, "work", "queue"): subscribes to a subject; with the name of
 * a queue group each message goes to one of its members. The caller frees the result by eddy_nats_unsubscribe before
 * the client. After a lost connection it is subscribed again. Fails with EINVAL, ECONNABORTED, ENOMEM. Never suspends.
 * Python: Client.subscribe. Since 0.1.
 */
eddy_async_declare(eddy_nats_subscription *, eddy_nats_subscribe_to, (eddy_nats *, n), (const char *, subject),
                   (const char *, queue));
/* Waits for the next message, which the caller frees. Several tasks may wait; each message goes to one of them. Fails
 * with EACCES (the server refuses the subscription), ECONNABORTED (the client is closed), ECANCELED. A cancelled call
 * loses no message. Python: Subscription.next_msg. Since 0.1. */
eddy_async_declare(eddy_nats_message *, eddy_nats_receive, (eddy_nats_subscription *, s));
/* Ends the subscription and frees messages that wait; never suspends. NULL is allowed. Since 0.1. */
EDDY_API void eddy_nats_unsubscribe(eddy_nats_subscription *s);

/* ---- JetStream: streams ---- */

/* When JetStream drops a message by itself. */
enum eddy_nats_retention { EDDY_NATS_LIMITS, EDDY_NATS_INTEREST, EDDY_NATS_WORK_QUEUE };
enum { EDDY_NATS_MOST_SUBJECTS = 8 };

/* For eddy_nats_stream_create; zero is no limit. Since 0.1. */
typedef struct eddy_nats_stream_options {
    size_t size;                     /* sizeof(eddy_nats_stream_options) */
    const char *name;                /* letters, digits, - and _ */
    const char *subjects[EDDY_NATS_MOST_SUBJECTS]; /* NULL ends them; none: the name */
    enum eddy_nats_retention retention; /* by limits; while consumers want it; until one has acknowledged it */
    bool in_memory;                  /* else in files */
    bool discard_new;                /* at a limit new messages are refused, else old ones are dropped */
    int replicas;                    /* servers that hold it; 0: 1 */
    uint64_t max_messages, max_bytes, max_per_subject;
    double max_age;                  /* seconds */
    double duplicate_window;         /* seconds in which a second message of the same id is dropped; 0: 120 */
} eddy_nats_stream_options;

/* What a stream holds. Since 0.1. */
typedef struct eddy_nats_stream_state {
    uint64_t messages, bytes;
    uint64_t first, last;  /* sequence numbers */
    uint64_t consumers;
} eddy_nats_stream_state;

/* Creates a stream, or changes it if there is one of that name. Fails with EINVAL, ENOSPC (no storage), EHOSTUNREACH
 * (the server has no JetStream), EACCES, and as eddy_nats_request. Python: JetStreamContext.add_stream. Since 0.1. */
eddy_async_declare(void, eddy_nats_stream_create, (eddy_nats *, n), (const eddy_nats_stream_options *, options));
/* Deletes a stream with its messages and consumers. Fails with ENOENT (there is none) and as above. Since 0.1. */
eddy_async_declare(void, eddy_nats_stream_delete, (eddy_nats *, n), (const char *, stream));
/* Deletes its messages; subject: only those, which may have wildcards; NULL: all. Since 0.1. */
eddy_async_declare(void, eddy_nats_stream_purge, (eddy_nats *, n), (const char *, stream), (const char *, subject));
eddy_async_declare(eddy_nats_stream_state, eddy_nats_stream_info, (eddy_nats *, n), (const char *, stream));
/* The message of a sequence number, or the last one of a subject; NULL: there is none. The caller frees it. Since
 * 0.1. */
eddy_async_declare(eddy_nats_message *, eddy_nats_stream_get, (eddy_nats *, n), (const char *, stream),
                   (uint64_t, sequence));
eddy_async_declare(eddy_nats_message *, eddy_nats_stream_last, (eddy_nats *, n), (const char *, stream),
                   (const char *, subject));
/* Deletes one message. False: there was none. Since 0.1. */
eddy_async_declare(bool, eddy_nats_stream_remove, (eddy_nats *, n), (const char *, stream), (uint64_t, sequence));

/* Where a stored message is. Since 0.1. */
typedef struct eddy_nats_stored {
    uint64_t sequence;
    bool duplicate;   /* a message with its id had been stored before, at that sequence number */
} eddy_nats_stored;
/* Publishes a message and waits until a stream has stored it. Fails with EHOSTUNREACH (no stream has this subject),
 * ENOSPC (it is full), EEXIST (an expectation in a header is not met), EMSGSIZE, and as eddy_nats_request.
 * Python: JetStreamContext.publish. Since 0.1. */
eddy_async_declare(eddy_nats_stored, eddy_nats_store, (eddy_nats *, n), (const eddy_nats_outgoing *, message));
/* A request of JetStream's API: what follows "$JS.API." and the JSON. The answer is the server's JSON. Fails if that
 * is an error. Since 0.1. */
eddy_async_declare(eddy_nats_message *, eddy_nats_api, (eddy_nats *, n), (const char *, name), (const char *, json));
/* Reads a value of a JSON text by its path, as "state.messages": the number, or false. Since 0.1. */
EDDY_API bool eddy_nats_json_number(const char *json, const char *path, uint64_t *value);

/* ---- JetStream: consumers ---- */

/* Where a new consumer begins. */
enum eddy_nats_from { EDDY_NATS_ALL, EDDY_NATS_NEW, EDDY_NATS_LAST, EDDY_NATS_LAST_PER_SUBJECT };

/* For eddy_nats_consume. Since 0.1. */
typedef struct eddy_nats_consumer_options {
    size_t size;            /* sizeof(eddy_nats_consumer_options) */
    const char *stream;
    const char *name;       /* a durable consumer, for all that use the name; NULL: one of its own */
    const char *filter;     /* only messages of this subject; NULL: all */
    enum eddy_nats_from from;
    bool no_ack;            /* messages count as acknowledged when they are delivered */
    double ack_wait;        /* seconds after which a message without a sign of life is delivered again; 0: 30 */
    uint64_t max_deliver;   /* deliveries of one message; 0: no limit */
    uint64_t max_pending;   /* messages delivered and not acknowledged, at most; 0: 1000 */
    size_t prefetch;        /* messages that are fetched before a task asks for them; 0: none */
} eddy_nats_consumer_options;

/* Creates a consumer, or uses the durable one of that name, whose options are set to these. The caller frees it. Fails
 * with ENOENT (there is no such stream), EINVAL, and as eddy_nats_stream_create.
 * Python: JetStreamContext.pull_subscribe. Since 0.1. */
eddy_async_declare(eddy_nats_consumer *, eddy_nats_consume, (eddy_nats *, n),
                   (const eddy_nats_consumer_options *, options));
/* Waits for the next message, which the caller acknowledges and frees. Not more messages are fetched than tasks wait,
 * and prefetch. Fails with ENOENT (the consumer was deleted), ECONNABORTED, EACCES, ECANCELED. Python: fetch. Since
 * 0.1. */
eddy_async_declare(eddy_nats_message *, eddy_nats_next, (eddy_nats_consumer *, c));
/* Frees it; messages that wait go back to the server. A durable consumer remains there. NULL is allowed. Since 0.1. */
EDDY_API void eddy_nats_consumer_free(eddy_nats_consumer *c);
/* Deletes a durable consumer. Fails with ENOENT and as eddy_nats_stream_create. Since 0.1. */
eddy_async_declare(void, eddy_nats_consumer_delete, (eddy_nats *, n), (const char *, stream), (const char *, name));

/* Acknowledge a message of a consumer: it is done; not done, deliver it again after so many seconds; being worked on,
 * so ack_wait begins anew; never deliver it again. They never suspend. Return 0, EINVAL (it is not a message of a
 * consumer), ECONNABORTED (the client is closed) or ENOMEM. Python: Msg.ack, nak, in_progress, term. Since 0.1. */
EDDY_API int eddy_nats_ack(const eddy_nats_message *m);
EDDY_API int eddy_nats_nak(const eddy_nats_message *m, double seconds);
EDDY_API int eddy_nats_progress(const eddy_nats_message *m);
EDDY_API int eddy_nats_terminate(const eddy_nats_message *m);
/* The first of these, and waits until the server has written it down. Fails as eddy_nats_request.
 * Python: Msg.ack_sync. Since 0.1. */
eddy_async_declare(void, eddy_nats_ack_surely, (const eddy_nats_message *, m));

/* What JetStream says of a delivered message. Since 0.1. */
typedef struct eddy_nats_delivery {
    uint64_t sequence;    /* in the stream; 0: it is not a message of JetStream */
    uint64_t deliveries;  /* this one included */
    uint64_t pending;     /* messages that the consumer has not had yet */
    double stored_at;     /* seconds since 1970 */
} eddy_nats_delivery;
EDDY_API eddy_nats_delivery eddy_nats_delivery_of(const eddy_nats_message *m);

/* ---- JetStream: keys and values ---- */

/* For eddy_nats_kv_open, of a bucket that does not exist yet. Since 0.1. */
typedef struct eddy_nats_kv_options {
    size_t size;        /* sizeof(eddy_nats_kv_options) */
    uint64_t history;   /* values kept for each key; 0: 1 */
    double max_age;     /* seconds until a value is dropped; 0: never */
    uint64_t max_bytes; /* of the bucket; 0: no limit */
    bool in_memory;     /* else in files */
    int replicas;       /* servers that hold it; 0: 1 */
} eddy_nats_kv_options;

/* Opens a bucket, which is created if there is none; options NULL: all zero. The caller frees it before the client.
 * Fails as eddy_nats_stream_create. Python: JetStreamContext.create_key_value. Since 0.1. */
eddy_async_declare(eddy_nats_kv *, eddy_nats_kv_open, (eddy_nats *, n), (const char *, bucket),
                   (const eddy_nats_kv_options *, options));
EDDY_API void eddy_nats_kv_free(eddy_nats_kv *kv);
/* The value of a key, which the caller frees; NULL: there is none. Python: KeyValue.get. Since 0.1. */
eddy_async_declare(eddy_nats_message *, eddy_nats_kv_get, (eddy_nats_kv *, kv), (const char *, key));
/* eddy_nats_kv_put(kv, key, data): sets it; the result is its revision. _create only if there is no value, _update
 * only if its revision is still that; else EEXIST. Python: KeyValue.put, create, update. Since 0.1. */
eddy_async_declare(uint64_t, eddy_nats_kv_put_bytes, (eddy_nats_kv *, kv), (const char *, key), (eddy_slice, data));
eddy_async_declare(uint64_t, eddy_nats_kv_create_bytes, (eddy_nats_kv *, kv), (const char *, key), (eddy_slice, data));
eddy_async_declare(uint64_t, eddy_nats_kv_update_bytes, (eddy_nats_kv *, kv), (const char *, key), (eddy_slice, data),
                   (uint64_t, revision));
/* Deletes a value. Python: KeyValue.delete. Since 0.1. */
eddy_async_declare(void, eddy_nats_kv_delete, (eddy_nats_kv *, kv), (const char *, key));
/* A consumer of the values of these keys ("*", "user.>") and of their changes: eddy_nats_next; eddy_nats_kv_key tells
 * the key of a message, and eddy_nats_kv_is_deleted whether it tells of a deletion. Python: KeyValue.watch. Since
 * 0.1. */
eddy_async_declare(eddy_nats_consumer *, eddy_nats_kv_watch, (eddy_nats_kv *, kv), (const char *, keys));
EDDY_API const char *eddy_nats_kv_key(const eddy_nats_kv *kv, const eddy_nats_message *m);
EDDY_API bool eddy_nats_kv_is_deleted(const eddy_nats_message *m);
/* The revision of a value of a bucket. Since 0.1. */
EDDY_API uint64_t eddy_nats_kv_revision(const eddy_nats_message *m);

#pragma GCC visibility pop

/* async_for (m, eddy_nats_messages(s)): all messages, without end; each is valid until the next one. */
eddy_async_generator(const eddy_nats_message *, ed_nats_messages, (eddy_nats_subscription *, s))
{
    for (;;) {
        eddy_nats_message *m = eddy_await(eddy_nats_receive(s));
        eddy_defer(eddy_nats_message_free, m);
        eddy_yield(m);
    }
}
#define eddy_nats_messages(s) ed_nats_messages(s)
/* async_for (m, eddy_nats_deliveries(c)): the same of a consumer. */
eddy_async_generator(const eddy_nats_message *, ed_nats_deliveries, (eddy_nats_consumer *, c))
{
    for (;;) {
        eddy_nats_message *m = eddy_await(eddy_nats_next(c));
        eddy_defer(eddy_nats_message_free, m);
        eddy_yield(m);
    }
}
#define eddy_nats_deliveries(c) ed_nats_deliveries(c)

/* ---- data: a string, or bytes ---- */

static inline eddy_slice ed_nats_text(const char *text)
{
    return (eddy_slice){text, text ? __builtin_strlen(text) : 0};
}
static inline eddy_slice ed_nats_bytes(eddy_slice bytes)
{
    return bytes;
}
#define ED_NATS_DATA(x) _Generic((x), eddy_slice: ed_nats_bytes, char *: ed_nats_text, const char *: ed_nats_text)(x)

/* Variadic: &(eddy_nats_options){.user = "me", .password = "x"} is several macro arguments. */
#define eddy_nats_open(...) ED_CAT(ED_NATS_OPEN_, ED_IS_ONE(__VA_ARGS__))(__VA_ARGS__)
#define ED_NATS_OPEN_1(url) eddy_nats_open_with((url), NULL)
#define ED_NATS_OPEN_M(url, ...) eddy_nats_open_with((url), (__VA_ARGS__))
#define eddy_nats_publish(n, subject, ...) eddy_nats_publish_bytes((n), (subject), ED_NATS_DATA((__VA_ARGS__)))
#define eddy_nats_request(n, subject, ...) eddy_nats_request_bytes((n), (subject), ED_NATS_DATA((__VA_ARGS__)))
#define eddy_nats_respond(m, ...) eddy_nats_respond_bytes((m), ED_NATS_DATA((__VA_ARGS__)))
#define eddy_nats_subscribe(n, ...) ED_CAT(ED_NATS_SUBSCRIBE_, ED_IS_ONE(__VA_ARGS__))((n), __VA_ARGS__)
#define ED_NATS_SUBSCRIBE_1(n, subject) eddy_nats_subscribe_to(n, (subject), NULL)
#define ED_NATS_SUBSCRIBE_M(n, subject, queue) eddy_nats_subscribe_to(n, (subject), (queue))
#define eddy_nats_kv_put(kv, key, ...) eddy_nats_kv_put_bytes((kv), (key), ED_NATS_DATA((__VA_ARGS__)))
#define eddy_nats_kv_create(kv, key, ...) eddy_nats_kv_create_bytes((kv), (key), ED_NATS_DATA((__VA_ARGS__)))
#define eddy_nats_kv_update(kv, key, data, revision) \
    eddy_nats_kv_update_bytes((kv), (key), ED_NATS_DATA(data), (revision))

#endif
