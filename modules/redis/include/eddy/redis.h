/* SPDX-License-Identifier: MIT */
/*
 * redis.h - a client of Redis (Valkey, KeyDB, ...) on streams of Eddy (C only, since the calls are coroutines).
 *
 *     eddy_redis *r = await(eddy_redis_open("redis://localhost"));
 *     defer(eddy_redis_free, r);
 *     await(eddy_redis_execute(r, "SET", "visits", 0));
 *
 * Any number of tasks share one connection: what they send in a pass of the loop leaves in one write, and each gets
 * its own reply. A lost connection is made again when the next command needs it. Link with eddy-redis; `eddy run` does
 * it by itself. Python: redis.asyncio.
 */
#ifndef EDDY_REDIS_H
#define EDDY_REDIS_H

#include <eddy.h>
#if defined __cplusplus || defined __STRICT_ANSI__ /* it says what is wrong */
#include <eddy/macros.h>
#endif

#pragma GCC visibility push(default)

typedef struct eddy_redis eddy_redis;
typedef struct eddy_redis_subscription eddy_redis_subscription;

/* ---- replies ---- */

enum eddy_redis_kind {
    EDDY_REDIS_NULL, EDDY_REDIS_TEXT, EDDY_REDIS_INTEGER, EDDY_REDIS_REAL, EDDY_REDIS_BOOLEAN, EDDY_REDIS_ERROR,
    EDDY_REDIS_ARRAY, EDDY_REDIS_MAP, EDDY_REDIS_SET
};

/* A reply, or a part of one. The members that do not belong to its kind are 0. eddy_redis_reply_free frees a whole
 * reply with all of its parts. Since 0.1. */
typedef struct eddy_redis_reply {
    enum eddy_redis_kind kind;
    size_t count;         /* parts of an array or a set; of a map twice its pairs */
    const struct eddy_redis_reply *items; /* the parts; of a map key, value, key, value */
    eddy_slice text;      /* the bytes of a text or an error; a 0 byte follows */
    int64_t integer;      /* of an integer; of a boolean 0 or 1 */
    double real;          /* of a floating-point number */
} eddy_redis_reply;

/* Frees a reply; NULL is allowed. Since 0.1. */
EDDY_API void eddy_redis_reply_free(eddy_redis_reply *reply);
/* The value: numbers and booleans are converted, a text is read as a number; 0 for all other kinds. Since 0.1. */
EDDY_API int64_t eddy_redis_integer(const eddy_redis_reply *reply);
EDDY_API double eddy_redis_real(const eddy_redis_reply *reply);
/* The bytes of a text or an error; "" for all other kinds. Since 0.1. */
EDDY_API const char *eddy_redis_text(const eddy_redis_reply *reply);
EDDY_API bool eddy_redis_is_null(const eddy_redis_reply *reply);
/* The i-th part; a null reply if there is none. Since 0.1. */
EDDY_API const eddy_redis_reply *eddy_redis_item(const eddy_redis_reply *reply, size_t i);
/* The value of a key of a map, or of what RESP2 has instead: an array of keys and values in turn, or of pairs; a null
 * reply if there is none. Since 0.1. */
EDDY_API const eddy_redis_reply *eddy_redis_field(const eddy_redis_reply *reply, const char *name);

/* ---- opening and closing ---- */

/* For eddy_redis_open; zero is the default of every member. The values here go before those of the URL. Strings are
 * copied. Since 0.1. */
typedef struct eddy_redis_options {
    size_t size;              /* sizeof(eddy_redis_options) */
    const char *user;         /* NULL: "default", or the URL's */
    const char *password;     /* NULL: the URL's; if there is none, AUTH is not sent */
    const char *name;         /* a name for CLIENT LIST; NULL: none */
    int database;             /* 0: the URL's, else 0 */
    int protocol;             /* 2: RESP2; 3: RESP3, or the connection fails; 0: RESP3 if the server has it */
    eddy_tls *tls;            /* for rediss://; it must live until the end; NULL: the system's trust */
    double connect_seconds;   /* seconds for connecting, with the handshake; 0: 10 */
    double reply_seconds;     /* seconds for a reply that is due; then the connection is given up; 0: no limit */
    double first_delay;       /* seconds before connecting again after a failure, doubled by each one; 0: 0.05 */
    double longest_delay;     /* the most; 0: 2 */
    size_t reply_limit;       /* bytes of a reply on the wire, at most; 0: 64 MiB */
    size_t connections;       /* most that eddy_redis_acquire opens; 0: 8 */
} eddy_redis_options;

struct eddy_redis_open {
    struct eddy_awaitable awaitable;
    eddy_redis *result;
    const char *url;
    const eddy_redis_options *options;
    struct eddy_manager manager;
    eddy_redis *value;
};
/*
 * await(eddy_redis_open(url)), await(eddy_redis_open(url, &options)): connects. The result goes to eddy_redis_close or
 * eddy_redis_free. async_with (r, eddy_redis_open(url)) closes it at the end of the block.
 * url: redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], rediss:// with TLS, unix://PATH[?db=DATABASE].
 * Fails with EINVAL (the URL), EACCES (no such user, or a wrong password), the errors of eddy_open_connection and
 * eddy_open_tls_connection, EBADMSG (the server is not Redis), ETIMEDOUT, ECANCELED, ENOMEM.
 * Python: redis.asyncio.from_url. Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_redis_open eddy_redis_open_with(const char *url, const eddy_redis_options *options);
/* Closes the connections. Commands that wait for a reply fail with ECONNABORTED. Since 0.1. */
eddy_async_declare(void, eddy_redis_close, (eddy_redis *, r));
/* The same without waiting, for defer(eddy_redis_free, r); also after the end of the loop. NULL is allowed. Since
 * 0.1. */
EDDY_API void eddy_redis_free(eddy_redis *r);

/* ---- commands ---- */

/* A word of a command: text, bytes or a number. Since 0.1. */
typedef struct eddy_redis_word {
    enum { ED_REDIS_BYTES, ED_REDIS_SIGNED, ED_REDIS_UNSIGNED, ED_REDIS_REAL } kind;
    union {
        eddy_slice bytes; /* data NULL: there is none, an error */
        int64_t integer;
        uint64_t natural;
        double real;
    } u;
} eddy_redis_word;

enum { EDDY_REDIS_MOST_WORDS = 12 };
struct eddy_redis_words {
    size_t count;
    eddy_redis_word at[EDDY_REDIS_MOST_WORDS];
};

/*
 * eddy_redis_command(r, "SET", key, value, ...): sends a command and waits for its reply, which the caller frees. Its
 * words are the arguments, at most 12: strings, integers, floating-point numbers, and for any bytes an eddy_slice or
 * eddy_redis_bytes(data, size). There is no format: a blank or a % in a word is a blank or a %. Strings and bytes must
 * live until the await ends.
 * Tasks that use one connection do not wait for each other; commands are sent in the order of the calls.
 * A cancelled await returns at once. Its reply is dropped when it comes; the server may have executed the command.
 * Fails with the server's error, whose words are in the message: EACCES (NOAUTH, NOPERM), EROFS (READONLY), ENOSPC
 * (OOM), EAGAIN (BUSY, LOADING, TRYAGAIN, MASTERDOWN, CLUSTERDOWN), EXDEV (MOVED, ASK, CROSSSLOT), ENOENT (NOSCRIPT),
 * EEXIST (BUSYGROUP, BUSYKEY), EIO (MISCONF), EINVAL (all others). Also with EINVAL if it is a command about the whole
 * connection that other tasks use, ECONNRESET (the connection was lost before the reply; the command may have been
 * executed), the errors of eddy_redis_open (there is no connection, and none can be made), EMSGSIZE (reply_limit),
 * EBADMSG (no reply of Redis), ETIMEDOUT (reply_seconds), ECONNABORTED (it is closed), ECANCELED, ENOMEM.
 * Python: Redis.execute_command. Since 0.1.
 */
eddy_async_declare(eddy_redis_reply *, eddy_redis_command_words, (eddy_redis *, r), (struct eddy_redis_words, words));
/* eddy_redis_execute(r, "SET", key, value, ...): the same, and the reply is dropped. Since 0.1. */
eddy_async_declare(void, eddy_redis_execute_words, (eddy_redis *, r), (struct eddy_redis_words, words));
/* The same for any number of words, which are strings or bytes. Since 0.1. */
eddy_async_declare(eddy_redis_reply *, eddy_redis_command_array, (eddy_redis *, r), (const eddy_slice *, words),
                   (size_t, count));

/* ---- several commands at once ---- */

/* Commands that are sent together. All zero: empty. Since 0.1. */
typedef struct eddy_redis_batch {
    eddy_buffer bytes;
    size_t count;  /* commands */
    int error;     /* an errno value: a command was not added, and sending the batch will fail; 0: none */
} eddy_redis_batch;

/* eddy_redis_add(&batch, "SET", key, value, ...): adds a command, whose words are copied. Since 0.1. */
EDDY_API void eddy_redis_add_words(eddy_redis_batch *batch, struct eddy_redis_words words);
/* Frees it; it is empty afterwards. Since 0.1. */
EDDY_API void eddy_redis_batch_free(eddy_redis_batch *batch);
/* Sends the commands in one piece. Result: an array with a reply for each, in their order; errors of the server are
 * among them. Fails as eddy_redis_command otherwise. Python: pipeline(transaction=False). Since 0.1. */
eddy_async_declare(eddy_redis_reply *, eddy_redis_pipeline, (eddy_redis *, r), (const eddy_redis_batch *, batch));
/* The same between MULTI and EXEC: the server executes all of them or none, and no other command in between. Result:
 * as above; null: a key that the connection had been told to WATCH has changed, and none was executed. Fails with the
 * error of the first command that the server refuses. Python: pipeline(transaction=True). Since 0.1. */
eddy_async_declare(eddy_redis_reply *, eddy_redis_transaction, (eddy_redis *, r), (const eddy_redis_batch *, batch));

/* A Lua script: eddy_redis_script s = {.source = "return redis.call('GET', KEYS[1])"}. Of one loop. Since 0.1. */
typedef struct eddy_redis_script {
    const char *source;
    char digest[41];     /* "" until the server has told it */
} eddy_redis_script;
/* eddy_redis_eval(r, &script, keys, key..., argument...): runs it. keys: the number of keys; at most nine words follow.
 * The source is sent only to a server that does not know it. Fails as eddy_redis_command. Python: register_script.
 * Since 0.1. */
eddy_async_declare(eddy_redis_reply *, eddy_redis_eval_words, (eddy_redis *, r), (eddy_redis_script *, script),
                   (size_t, keys), (struct eddy_redis_words, words));

/* ---- a connection of one's own ---- */

struct eddy_redis_acquire {
    struct eddy_manager manager;
    eddy_redis *value;
    eddy_redis *of;
};
/*
 * async_with (own, eddy_redis_acquire(r)): a connection that no other task uses, for WATCH, for commands that block the
 * connection (BLPOP, XREAD BLOCK), for SELECT. It is kept for the next one if the block leaves it as it was. Waits
 * while all `connections` are in use. It is not made again within the block: when it is lost, its commands fail with
 * ECONNRESET. Fails as eddy_redis_open. Python: Redis.client(). Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_redis_acquire eddy_redis_acquire(eddy_redis *r);

/* ---- publish and subscribe ---- */

/* A published message; valid until the next one is received. Since 0.1. */
typedef struct eddy_redis_message {
    eddy_slice channel;
    eddy_slice pattern; /* the one that it matches, of a subscription to patterns; else empty */
    eddy_slice payload; /* a 0 byte follows each of the three */
    bool after_gap;     /* the connection was lost and made again since the last message: some may be missing */
} eddy_redis_message;

/* eddy_redis_subscribe(r, "news", ...), eddy_redis_psubscribe(r, "news.*", ...): subscribes to at most 12 channels
 * (patterns), on a connection of its own. The caller frees the result. Fails as eddy_redis_open.
 * Python: PubSub.subscribe, PubSub.psubscribe. Since 0.1. */
eddy_async_declare(eddy_redis_subscription *, eddy_redis_subscribe_words, (eddy_redis *, r), (const char *, command),
                   (struct eddy_redis_words, words));
/* Waits for the next message (true). A lost connection is made again, with growing delays. Fails with EACCES, EBADMSG,
 * EMSGSIZE, EDDY_STREAM_BUSY (another task receives), ECANCELED, ENOMEM. A cancelled call loses no message.
 * Python: PubSub.get_message. Since 0.1. */
eddy_async_declare(bool, eddy_redis_receive, (eddy_redis_subscription *, s), (eddy_redis_message *, message));
/* Ends the subscription and its connection; never suspends. NULL is allowed. Since 0.1. */
EDDY_API void eddy_redis_unsubscribe(eddy_redis_subscription *s);

#pragma GCC visibility pop

/* async_for (message, eddy_redis_messages(s)): all messages, without end. */
eddy_async_generator(eddy_redis_message, ed_redis_messages, (eddy_redis_subscription *, s))
{
    eddy_redis_message message;
    while (eddy_await(eddy_redis_receive(s, &message)))
        eddy_yield(message);
}
#define eddy_redis_messages(s) ed_redis_messages(s)

/* ---- the words ---- */

static inline eddy_redis_word ed_redis_signed(int64_t value)
{
    return (eddy_redis_word){.kind = ED_REDIS_SIGNED, .u.integer = value};
}
static inline eddy_redis_word ed_redis_unsigned(uint64_t value)
{
    return (eddy_redis_word){.kind = ED_REDIS_UNSIGNED, .u.natural = value};
}
static inline eddy_redis_word ed_redis_real(double value)
{
    return (eddy_redis_word){.kind = ED_REDIS_REAL, .u.real = value};
}
static inline eddy_redis_word ed_redis_string(const char *value)
{
    return (eddy_redis_word){.kind = ED_REDIS_BYTES, .u.bytes = {value, value ? __builtin_strlen(value) : 0}};
}
static inline eddy_redis_word ed_redis_bytes(eddy_slice value)
{
    return (eddy_redis_word){.kind = ED_REDIS_BYTES, .u.bytes = {value.size ? value.data : "", value.size}};
}
/* A word of any bytes. Since 0.1. */
static inline eddy_redis_word eddy_redis_bytes(const void *data, size_t size)
{
    return ed_redis_bytes((eddy_slice){(const char *)data, size});
}
static inline eddy_redis_word ed_redis_same(eddy_redis_word value)
{
    return value;
}
#define ED_REDIS_WORD(x) \
    _Generic((x), char *: ed_redis_string, const char *: ed_redis_string, float: ed_redis_real, double: ed_redis_real, \
        unsigned long: ed_redis_unsigned, unsigned long long: ed_redis_unsigned, eddy_slice: ed_redis_bytes, \
        eddy_redis_word: ed_redis_same, default: ed_redis_signed)(x)
#define ED_REDIS_1(x) ED_REDIS_WORD(x)
#define ED_REDIS_2(x, ...) ED_REDIS_WORD(x), ED_REDIS_1(__VA_ARGS__)
#define ED_REDIS_3(x, ...) ED_REDIS_WORD(x), ED_REDIS_2(__VA_ARGS__)
#define ED_REDIS_4(x, ...) ED_REDIS_WORD(x), ED_REDIS_3(__VA_ARGS__)
#define ED_REDIS_5(x, ...) ED_REDIS_WORD(x), ED_REDIS_4(__VA_ARGS__)
#define ED_REDIS_6(x, ...) ED_REDIS_WORD(x), ED_REDIS_5(__VA_ARGS__)
#define ED_REDIS_7(x, ...) ED_REDIS_WORD(x), ED_REDIS_6(__VA_ARGS__)
#define ED_REDIS_8(x, ...) ED_REDIS_WORD(x), ED_REDIS_7(__VA_ARGS__)
#define ED_REDIS_9(x, ...) ED_REDIS_WORD(x), ED_REDIS_8(__VA_ARGS__)
#define ED_REDIS_10(x, ...) ED_REDIS_WORD(x), ED_REDIS_9(__VA_ARGS__)
#define ED_REDIS_11(x, ...) ED_REDIS_WORD(x), ED_REDIS_10(__VA_ARGS__)
#define ED_REDIS_12(x, ...) ED_REDIS_WORD(x), ED_REDIS_11(__VA_ARGS__)
#define ED_REDIS_WORDS(...) \
    ((struct eddy_redis_words){ED_NARGS(__VA_ARGS__), {ED_OVERLOAD(ED_REDIS_, __VA_ARGS__)(__VA_ARGS__)}})

/* Variadic: &(eddy_redis_options){.user = "me", .database = 2} is several macro arguments. */
#define eddy_redis_open(...) ED_CAT(ED_REDIS_OPEN_, ED_IS_ONE(__VA_ARGS__))(__VA_ARGS__)
#define ED_REDIS_OPEN_1(url) eddy_redis_open_with((url), NULL)
#define ED_REDIS_OPEN_M(url, ...) eddy_redis_open_with((url), (__VA_ARGS__))
#define eddy_redis_command(r, ...) eddy_redis_command_words((r), ED_REDIS_WORDS(__VA_ARGS__))
#define eddy_redis_execute(r, ...) eddy_redis_execute_words((r), ED_REDIS_WORDS(__VA_ARGS__))
#define eddy_redis_add(batch, ...) eddy_redis_add_words((batch), ED_REDIS_WORDS(__VA_ARGS__))
#define eddy_redis_eval(r, script, keys, ...) \
    eddy_redis_eval_words((r), (script), (keys), ED_CAT(ED_REDIS_ANY_, ED_IS_NONE(__VA_ARGS__))(__VA_ARGS__))
#define ED_REDIS_ANY_0(...) ED_REDIS_WORDS(__VA_ARGS__)
#define ED_REDIS_ANY_1(...) ((struct eddy_redis_words){0})
#define eddy_redis_subscribe(r, ...) eddy_redis_subscribe_words((r), "SUBSCRIBE", ED_REDIS_WORDS(__VA_ARGS__))
#define eddy_redis_psubscribe(r, ...) eddy_redis_subscribe_words((r), "PSUBSCRIBE", ED_REDIS_WORDS(__VA_ARGS__))

#endif
