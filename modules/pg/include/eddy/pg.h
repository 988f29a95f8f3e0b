/* SPDX-License-Identifier: MIT */
/*
 * pg.h - a client of PostgreSQL: libpq, driven by the loop of Eddy (C only, since the calls are coroutines).
 *
 *     eddy_pg *db = await(eddy_pg_open("postgresql://localhost/shop"));
 *     defer(eddy_pg_free, db);
 *     eddy_pg_rows *rows = await(eddy_pg_query(db, "select name from items where id = $1", 7));
 *
 * An eddy_pg has a few connections, which any number of tasks share: what they send is on its way at once, and each
 * task gets its own rows. A lost connection is made again when the next statement needs one. Link with eddy-pg; `eddy
 * run` does it by itself. Python: asyncpg.
 */
#ifndef EDDY_PG_H
#define EDDY_PG_H

#include <eddy.h>
#if defined __cplusplus || defined __STRICT_ANSI__ /* it says what is wrong */
#include <eddy/macros.h>
#endif

#pragma GCC visibility push(default)

typedef struct eddy_pg eddy_pg;

/* ---- opening and closing ---- */

/* For eddy_pg_open; zero is the default of every member. Strings are copied. Since 0.1. */
typedef struct eddy_pg_options {
    size_t size;              /* sizeof(eddy_pg_options) */
    const char *user;         /* NULL: the URL's */
    const char *password;     /* NULL: the URL's */
    size_t connections;       /* the most that are open at a time; 0: 8 */
    double connect_seconds;   /* seconds for connecting, with looking up the name and logging in; 0: 10 */
    double first_delay;       /* seconds before connecting again after a failure, doubled by each one; 0: 0.05 */
    double longest_delay;     /* the most; 0: 2 */
    size_t statements;        /* prepared statements that each connection keeps, the latest ones; 0: 256 */
    bool keeps_no_statements; /* for a proxy that gives each statement to another connection, as PgBouncer can */
    void (*notice)(const char *text, void *argument); /* gets what the server notes; NULL: it is dropped */
    void *notice_argument;
} eddy_pg_options;

struct eddy_pg_open {
    struct eddy_awaitable awaitable;
    eddy_pg *result;
    const char *url;
    const eddy_pg_options *options;
    struct eddy_manager manager;
    eddy_pg *value;
};
/*
 * await(eddy_pg_open(url)), await(eddy_pg_open(url, &options)): makes the first connection. The result goes to
 * eddy_pg_close or eddy_pg_free. async_with (db, eddy_pg_open(url)) closes it at the end of the block.
 * url: postgresql://[USER[:PASSWORD]@][HOST[:PORT]][/DATABASE][?NAME=VALUE...], or libpq's "host=... dbname=...". What
 * it does not say is taken from PGHOST, PGUSER, PGPASSWORD and the other variables of libpq, and from ~/.pgpass.
 * Fails with EINVAL (the URL), EACCES (no such user, or a wrong password), ENOENT (no such host, socket or database),
 * ECONNREFUSED, EAGAIN (the server starts, or has too many clients), ETIMEDOUT, EIO (anything else: the message has
 * libpq's words), ECANCELED, ENOMEM. Python: asyncpg.create_pool. Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_pg_open eddy_pg_open_with(const char *url, const eddy_pg_options *options);
/* Closes the connections. Statements that wait for their rows fail with ECONNABORTED. Python: Pool.close. Since 0.1. */
eddy_async_declare(void, eddy_pg_close, (eddy_pg *, db));
/* The same without waiting, for defer(eddy_pg_free, db); also after the end of the loop. NULL is allowed. Since 0.1. */
EDDY_API void eddy_pg_free(eddy_pg *db);

/* ---- values ---- */

enum eddy_pg_kind {
    EDDY_PG_NULL, EDDY_PG_BOOLEAN, EDDY_PG_INTEGER, EDDY_PG_REAL, EDDY_PG_TEXT, EDDY_PG_BYTES
};

/* A value for a $1, $2, ... of a statement. Since 0.1. */
typedef struct eddy_pg_value {
    enum eddy_pg_kind kind;
    bool is_unsigned;   /* of an integer */
    union {
        int64_t integer; /* also 0 and 1 of a boolean */
        double real;
        const char *text;
        eddy_slice bytes;
    } u;
} eddy_pg_value;

enum { EDDY_PG_MOST_VALUES = 12 };
struct eddy_pg_values {
    size_t count;
    eddy_pg_value at[EDDY_PG_MOST_VALUES];
};

/* A column of a result. kind: of the type, whose number in the server's catalogue is `type`; text for all types that
 * have no other kind here (numeric, timestamp, uuid, json, arrays, ...). Since 0.1. */
typedef struct eddy_pg_column {
    const char *name;
    unsigned type;
    enum eddy_pg_kind kind;
} eddy_pg_column;

/* The whole result of a statement; the caller frees it by eddy_pg_rows_free. Since 0.1. */
typedef struct eddy_pg_rows {
    size_t count;                 /* rows */
    size_t columns;
    const eddy_pg_column *column; /* the columns */
    int64_t changes;              /* rows that an INSERT, UPDATE, DELETE, MERGE or COPY has changed */
    const char *tag;              /* what the server has done: "INSERT 0 1" */
} eddy_pg_rows;

/* NULL is allowed. Since 0.1. */
EDDY_API void eddy_pg_rows_free(eddy_pg_rows *rows);
/* A value of a row, converted as its text reads; 0, false and "" for NULL. bytes: those of a bytea, else the text; a 0
 * byte follows. text: as the server writes it; of a bytea its bytes. row and column count from 0 and must exist. Since
 * 0.1. */
EDDY_API int64_t eddy_pg_integer(const eddy_pg_rows *rows, size_t row, size_t column);
EDDY_API double eddy_pg_real(const eddy_pg_rows *rows, size_t row, size_t column);
EDDY_API bool eddy_pg_boolean(const eddy_pg_rows *rows, size_t row, size_t column);
EDDY_API const char *eddy_pg_text(const eddy_pg_rows *rows, size_t row, size_t column);
EDDY_API eddy_slice eddy_pg_bytes(const eddy_pg_rows *rows, size_t row, size_t column);
EDDY_API bool eddy_pg_is_null(const eddy_pg_rows *rows, size_t row, size_t column);
/* The number of the column of this name; -1 if there is none. Since 0.1. */
EDDY_API int eddy_pg_find_column(const eddy_pg_rows *rows, const char *name);

/* ---- statements ---- */

/*
 * eddy_pg_query(db, sql), eddy_pg_query(db, sql, value...): runs one statement with a value for each $1, $2, ..., at
 * most twelve: integers, floating-point numbers, booleans, strings (also for numeric, timestamp, json, arrays: as the
 * server reads them), an eddy_slice (a bytea), an eddy_pg_value; a NULL string is NULL. They must live until the await
 * ends. Result: all rows, which the caller frees.
 * Tasks that use one eddy_pg do not wait for each other; each statement is a transaction of its own. Those that are
 * run often are prepared once a connection.
 * A cancelled await returns at once, and the server is told to give up the statement, if it has not ended.
 * Fails with the server's error, whose SQLSTATE and words are in the message: EINVAL (an error in the statement or a
 * value), ENOENT (no such table, column, function), EEXIST (a constraint), EAGAIN (a deadlock, or the transaction
 * cannot be serialized: repeat it), EBUSY (a lock), EACCES, EROFS, ENOSPC, EMSGSIZE (also: more than 1 GiB of values),
 * ETIMEDOUT (statement_timeout, or another client has cancelled it), EIO (all others). Also with EINVAL if the
 * statement is about the whole connection that other tasks use, ECONNRESET (the connection was lost before the rows
 * came; the statement may have been executed), the errors of eddy_pg_open (there is no connection, and none can be
 * made), ECONNABORTED (it is closed), ECANCELED, ENOMEM. Python: Connection.fetch. Since 0.1.
 */
eddy_async_declare(eddy_pg_rows *, eddy_pg_query_values, (eddy_pg *, db), (const char *, sql),
                   (struct eddy_pg_values, values));
/* The same for any number of values. Since 0.1. */
eddy_async_declare(eddy_pg_rows *, eddy_pg_query_array, (eddy_pg *, db), (const char *, sql),
                   (const eddy_pg_value *, values), (size_t, count));
/* eddy_pg_execute(db, sql, value...): the same, and the rows are dropped. Result: `changes`. Python:
 * Connection.execute. Since 0.1. */
eddy_async_declare(int64_t, eddy_pg_execute_values, (eddy_pg *, db), (const char *, sql),
                   (struct eddy_pg_values, values));
/* Runs any number of statements without values, and drops their rows: a schema. They are one transaction, unless there
 * is a BEGIN among them. Fails as above. Python: Connection.execute. Since 0.1. */
eddy_async_declare(void, eddy_pg_script, (eddy_pg *, db), (const char *, sql));
/* True: the server has refused a statement with this SQLSTATE, as "23505". Since 0.1. */
EDDY_API bool eddy_pg_is_state(const eddy_error *err, const char *sqlstate);

/* ---- a connection of one's own, transactions ---- */

struct eddy_pg_acquire {
    struct eddy_manager manager;
    eddy_pg *value;
    eddy_pg *of;
    const char *mode; /* of a transaction: what follows BEGIN; NULL: nothing */
};
/*
 * async_with (own, eddy_pg_acquire(db)): a connection that no other task uses, for SET, cursors, advisory locks,
 * temporary tables. It is as new again for the next one. Waits while all connections are in use; one is left for the
 * statements of the other tasks, if there are several. When it is lost, its statements fail with ECONNRESET until the
 * block ends. Fails as eddy_pg_open. Python: Pool.acquire. Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_pg_acquire eddy_pg_acquire(eddy_pg *db);
/*
 * async_with (tx, eddy_pg_transaction(db)): a transaction, on a connection that no other task uses. The end of the
 * block commits, as does a return from it; a failure that leaves it, or a cancellation, rolls back. In a transaction,
 * eddy_pg_transaction(tx) is a part that can fail alone (a savepoint). A second argument follows BEGIN:
 * eddy_pg_transaction(db, "isolation level serializable").
 * The block fails with EINVAL if a statement had failed and the error was caught inside: the server has rolled back;
 * with EAGAIN if the server cannot serialize it; with ECONNRESET if the connection was lost while it was committed.
 * Python: Connection.transaction. Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_pg_acquire eddy_pg_transaction_with(eddy_pg *db, const char *mode);

/* ---- COPY ---- */

typedef struct eddy_pg_data eddy_pg_data;

struct eddy_pg_copy {
    struct eddy_manager manager;
    eddy_pg_data *value;
    eddy_pg *of;
    const char *sql;
};
/*
 * async_with (data, eddy_pg_copy(db, "copy items from stdin")), ... "copy items to stdout": many rows, piece by piece,
 * on a connection that the task has for itself meanwhile. The end of the block ends COPY FROM; a failure or a
 * cancellation that leaves it gives the COPY up, so that no row is kept. db may be a transaction. Fails as
 * eddy_pg_query; with EINVAL if it is another statement. Python: copy_to_table, copy_from_query. Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_pg_copy eddy_pg_copy(eddy_pg *db, const char *sql);
/* For COPY FROM: sends bytes, which need not be whole rows. Waits while the server is slower. Errors in the rows are
 * reported at the end. Since 0.1. */
eddy_async_declare(void, eddy_pg_write, (eddy_pg_data *, data), (const void *, bytes), (size_t, size));
/* For COPY FROM: that was all; the block need not end for that. Result: the number of rows. Since 0.1. */
eddy_async_declare(int64_t, eddy_pg_finish, (eddy_pg_data *, data));
/* For COPY TO: waits for a row (true); false: there are no more. *bytes is valid until the next one. Since 0.1. */
eddy_async_declare(bool, eddy_pg_read, (eddy_pg_data *, data), (eddy_slice *, bytes));

/* ---- notifications ---- */

typedef struct eddy_pg_subscription eddy_pg_subscription;

/* What another session has sent by NOTIFY; valid until the next one is received. Since 0.1. */
typedef struct eddy_pg_notification {
    eddy_slice channel;
    eddy_slice payload;  /* a 0 byte follows each of the two */
    int sender;          /* the number of the server's process that sent it */
    bool after_gap;      /* the connection was lost and made again since the last one: some may be missing */
} eddy_pg_notification;

struct eddy_pg_names {
    size_t count;
    const char *at[EDDY_PG_MOST_VALUES];
};
/* eddy_pg_listen(db, "news", ...): listens to at most twelve channels, on a connection of its own, which is none of the
 * client's `connections`. The caller gives the result to eddy_pg_unlisten. Fails as eddy_pg_open. Python:
 * Connection.add_listener. Since 0.1. */
eddy_async_declare(eddy_pg_subscription *, eddy_pg_listen_names, (eddy_pg *, db), (struct eddy_pg_names, names));
/* Waits for the next notification (true). A lost connection is made again, with growing delays. Fails with EACCES,
 * EDDY_STREAM_BUSY (another task receives), ECANCELED, ENOMEM. A cancelled call loses none. Since 0.1. */
eddy_async_declare(bool, eddy_pg_receive, (eddy_pg_subscription *, s), (eddy_pg_notification *, notification));
/* Ends the subscription and its connection; never suspends. NULL is allowed. Since 0.1. */
EDDY_API void eddy_pg_unlisten(eddy_pg_subscription *s);
/* Sends a notification; in a transaction when it commits. payload: at most 7999 bytes. Fails as eddy_pg_query. Since
 * 0.1. */
eddy_async_declare(void, eddy_pg_notify, (eddy_pg *, db), (const char *, channel), (const char *, payload));

#pragma GCC visibility pop

/* async_for (bytes, eddy_pg_pieces(data)): all that COPY TO sends, row by row. */
eddy_async_generator(eddy_slice, ed_pg_pieces, (eddy_pg_data *, data))
{
    eddy_slice bytes;
    while (eddy_await(eddy_pg_read(data, &bytes)))
        eddy_yield(bytes);
}
#define eddy_pg_pieces(data) ed_pg_pieces(data)

/* async_for (n, eddy_pg_notifications(s)): all notifications, without end. */
eddy_async_generator(eddy_pg_notification, ed_pg_notifications, (eddy_pg_subscription *, s))
{
    eddy_pg_notification notification;
    while (eddy_await(eddy_pg_receive(s, &notification)))
        eddy_yield(notification);
}
#define eddy_pg_notifications(s) ed_pg_notifications(s)
#define eddy_pg_listen(db, ...) \
    eddy_pg_listen_names((db), (struct eddy_pg_names){ED_NARGS(__VA_ARGS__), {__VA_ARGS__}})

/* ---- the values ---- */

static inline eddy_pg_value ed_pg_signed(int64_t value)
{
    return (eddy_pg_value){.kind = EDDY_PG_INTEGER, .u.integer = value};
}
static inline eddy_pg_value ed_pg_unsigned(uint64_t value)
{
    return (eddy_pg_value){.kind = EDDY_PG_INTEGER, .is_unsigned = true, .u.integer = (int64_t)value};
}
static inline eddy_pg_value ed_pg_boolean(bool value)
{
    return (eddy_pg_value){.kind = EDDY_PG_BOOLEAN, .u.integer = value};
}
static inline eddy_pg_value ed_pg_real(double value)
{
    return (eddy_pg_value){.kind = EDDY_PG_REAL, .u.real = value};
}
static inline eddy_pg_value ed_pg_text(const char *value)
{
    return (eddy_pg_value){.kind = value ? EDDY_PG_TEXT : EDDY_PG_NULL, .u.text = value};
}
static inline eddy_pg_value ed_pg_bytes(eddy_slice value)
{
    return (eddy_pg_value){.kind = EDDY_PG_BYTES, .u.bytes = value};
}
static inline eddy_pg_value ed_pg_same(eddy_pg_value value)
{
    return value;
}
#define ED_PG_VALUE(x) \
    _Generic((x), char *: ed_pg_text, const char *: ed_pg_text, void *: ed_pg_text /* NULL */, \
        float: ed_pg_real, double: ed_pg_real, long double: ed_pg_real, bool: ed_pg_boolean, \
        unsigned long: ed_pg_unsigned, unsigned long long: ed_pg_unsigned, \
        eddy_slice: ed_pg_bytes, eddy_pg_value: ed_pg_same, default: ed_pg_signed)(x)

#define ED_PG_0() {.kind = EDDY_PG_NULL}
#define ED_PG_1(x) ED_PG_VALUE(x)
#define ED_PG_2(x, ...) ED_PG_VALUE(x), ED_PG_1(__VA_ARGS__)
#define ED_PG_3(x, ...) ED_PG_VALUE(x), ED_PG_2(__VA_ARGS__)
#define ED_PG_4(x, ...) ED_PG_VALUE(x), ED_PG_3(__VA_ARGS__)
#define ED_PG_5(x, ...) ED_PG_VALUE(x), ED_PG_4(__VA_ARGS__)
#define ED_PG_6(x, ...) ED_PG_VALUE(x), ED_PG_5(__VA_ARGS__)
#define ED_PG_7(x, ...) ED_PG_VALUE(x), ED_PG_6(__VA_ARGS__)
#define ED_PG_8(x, ...) ED_PG_VALUE(x), ED_PG_7(__VA_ARGS__)
#define ED_PG_9(x, ...) ED_PG_VALUE(x), ED_PG_8(__VA_ARGS__)
#define ED_PG_10(x, ...) ED_PG_VALUE(x), ED_PG_9(__VA_ARGS__)
#define ED_PG_11(x, ...) ED_PG_VALUE(x), ED_PG_10(__VA_ARGS__)
#define ED_PG_12(x, ...) ED_PG_VALUE(x), ED_PG_11(__VA_ARGS__)
#define ED_PG_VALUES(...) \
    ((struct eddy_pg_values){ED_NARGS(__VA_ARGS__), {ED_OVERLOAD(ED_PG_, __VA_ARGS__)(__VA_ARGS__)}})

/* Variadic: &(eddy_pg_options){.user = "me", .connections = 2} is several macro arguments. */
#define eddy_pg_open(...) ED_CAT(ED_PG_OPEN_, ED_IS_ONE(__VA_ARGS__))(__VA_ARGS__)
#define ED_PG_OPEN_1(url) eddy_pg_open_with((url), NULL)
#define ED_PG_OPEN_M(url, ...) eddy_pg_open_with((url), (__VA_ARGS__))
#define eddy_pg_query(db, sql, ...) eddy_pg_query_values((db), (sql), ED_PG_VALUES(__VA_ARGS__))
#define eddy_pg_execute(db, sql, ...) eddy_pg_execute_values((db), (sql), ED_PG_VALUES(__VA_ARGS__))
#define eddy_pg_transaction(...) ED_CAT(ED_PG_BEGIN_, ED_IS_ONE(__VA_ARGS__))(__VA_ARGS__)
#define ED_PG_BEGIN_1(db) eddy_pg_transaction_with((db), NULL)
#define ED_PG_BEGIN_M(db, mode) eddy_pg_transaction_with((db), (mode))

#endif
