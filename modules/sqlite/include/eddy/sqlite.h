/* SPDX-License-Identifier: MIT */
/*
 * sqlite.h - SQLite without blocking the loop: each connection has a thread of its own, which runs its statements one
 * after another (C only, since the calls are coroutines).
 *
 * Everything here but eddy_sqlite_free and the functions that read rows suspends. Link with eddy-sqlite; `eddy run`
 * does it by itself. Python: aiosqlite.
 */
#ifndef EDDY_SQLITE_H
#define EDDY_SQLITE_H

#include <eddy.h>
#if defined __cplusplus || defined __STRICT_ANSI__ /* it says what is wrong */
#include <eddy/macros.h>
#endif

#pragma GCC visibility push(default)

typedef struct eddy_sqlite eddy_sqlite;

/* A value that is bound to a `?` of a statement, or read from a row. Since 0.1. */
typedef struct eddy_sqlite_value {
    enum eddy_sqlite_kind {
        EDDY_SQLITE_NULL, EDDY_SQLITE_INTEGER, EDDY_SQLITE_REAL, EDDY_SQLITE_TEXT, EDDY_SQLITE_BLOB
    } kind;
    union {
        int64_t integer;
        double real;
        eddy_slice bytes; /* text, blob; in a row a 0 byte follows */
    } u;
} eddy_sqlite_value;

enum { EDDY_SQLITE_MOST_VALUES = 8 };
struct eddy_sqlite_values {
    size_t count;
    eddy_sqlite_value at[EDDY_SQLITE_MOST_VALUES];
};

/* The whole result of a statement; the caller frees it by eddy_sqlite_rows_free. Since 0.1. */
typedef struct eddy_sqlite_rows {
    size_t count;            /* rows */
    size_t columns;
    const char *const *names; /* of the columns */
    int64_t changes;         /* rows that an INSERT, UPDATE or DELETE has changed */
    int64_t last_id;         /* rowid of the last INSERT on this connection */
    const eddy_sqlite_value *values; /* count * columns, row by row */
} eddy_sqlite_rows;

/* Opens a database, and makes it if there is none. ":memory:" is one without a file. The caller gives it to
 * eddy_sqlite_close or eddy_sqlite_free. Fails with ENOENT, EACCES, ENOMEM, EAGAIN (no thread), and the others below.
 * Python: aiosqlite.connect. Since 0.1. */
eddy_async_declare(eddy_sqlite *, eddy_sqlite_open, (const char *, path));
/* Closes it, after the statements that were begun. No task may use it any more. Since 0.1. */
eddy_async_declare(void, eddy_sqlite_close, (eddy_sqlite *, db));
/* The same without waiting, for defer(eddy_sqlite_free, db). NULL is allowed. Since 0.1. */
EDDY_API void eddy_sqlite_free(eddy_sqlite *db);

/*
 * eddy_sqlite_query(db, sql), eddy_sqlite_query(db, sql, value...): runs one statement with a value for each `?`, at
 * most eight: integers, floating-point numbers, strings, an eddy_slice (a blob), an eddy_sqlite_value. Strings and
 * blobs must live until the await ends. Result: all rows, which the caller frees. Tasks that use one connection take
 * turns, statement by statement; a task with a transaction needs a connection of its own.
 * A cancelled await interrupts its statement (and rolls it back), unless that has ended already.
 * Fails with EINVAL (an error in the statement, the wrong number of values), EEXIST (a constraint), EBUSY (another
 * connection holds a lock for five seconds), EROFS, ENOSPC, EIO, EBADMSG (not a database), EMSGSIZE, ENOMEM, ECANCELED;
 * the message has SQLite's words. Python: aiosqlite's execute and fetchall. Since 0.1.
 */
eddy_async_declare(eddy_sqlite_rows *, eddy_sqlite_query_values, (eddy_sqlite *, db), (const char *, sql),
                   (struct eddy_sqlite_values, values));
/* Runs any number of statements without values, and drops their rows: a schema, BEGIN, COMMIT. Fails as above; what
 * was run before the failure stays. Python: executescript. Since 0.1. */
eddy_async_declare(void, eddy_sqlite_execute, (eddy_sqlite *, db), (const char *, sql));

EDDY_API void eddy_sqlite_rows_free(eddy_sqlite_rows *rows);
/* A value of a row: NULL and other kinds are converted as SQLite does for numbers. text: "" for anything but text and
 * blobs. row and column count from 0 and must exist. Since 0.1. */
EDDY_API int64_t eddy_sqlite_integer(const eddy_sqlite_rows *rows, size_t row, size_t column);
EDDY_API double eddy_sqlite_real(const eddy_sqlite_rows *rows, size_t row, size_t column);
EDDY_API const char *eddy_sqlite_text(const eddy_sqlite_rows *rows, size_t row, size_t column);
EDDY_API bool eddy_sqlite_is_null(const eddy_sqlite_rows *rows, size_t row, size_t column);

#pragma GCC visibility pop

/* ---- the words ---- */

static inline eddy_sqlite_value ed_sqlite_integer(int64_t value)
{
    return (eddy_sqlite_value){.kind = EDDY_SQLITE_INTEGER, .u.integer = value};
}
static inline eddy_sqlite_value ed_sqlite_real(double value)
{
    return (eddy_sqlite_value){.kind = EDDY_SQLITE_REAL, .u.real = value};
}
static inline eddy_sqlite_value ed_sqlite_text(const char *value)
{
    if (!value)
        return (eddy_sqlite_value){.kind = EDDY_SQLITE_NULL};
    return (eddy_sqlite_value){.kind = EDDY_SQLITE_TEXT, .u.bytes = {value, __builtin_strlen(value)}};
}
static inline eddy_sqlite_value ed_sqlite_blob(eddy_slice value)
{
    return (eddy_sqlite_value){.kind = EDDY_SQLITE_BLOB, .u.bytes = value};
}
static inline eddy_sqlite_value ed_sqlite_same(eddy_sqlite_value value)
{
    return value;
}
#define ED_SQLITE_VALUE(x) \
    _Generic((x), char *: ed_sqlite_text, const char *: ed_sqlite_text, void *: ed_sqlite_text /* NULL */, \
        float: ed_sqlite_real, double: ed_sqlite_real, \
        eddy_slice: ed_sqlite_blob, eddy_sqlite_value: ed_sqlite_same, default: ed_sqlite_integer)(x)

#define ED_SQLITE_0() {.kind = EDDY_SQLITE_NULL}
#define ED_SQLITE_1(x) ED_SQLITE_VALUE(x)
#define ED_SQLITE_2(x, ...) ED_SQLITE_VALUE(x), ED_SQLITE_1(__VA_ARGS__)
#define ED_SQLITE_3(x, ...) ED_SQLITE_VALUE(x), ED_SQLITE_2(__VA_ARGS__)
#define ED_SQLITE_4(x, ...) ED_SQLITE_VALUE(x), ED_SQLITE_3(__VA_ARGS__)
#define ED_SQLITE_5(x, ...) ED_SQLITE_VALUE(x), ED_SQLITE_4(__VA_ARGS__)
#define ED_SQLITE_6(x, ...) ED_SQLITE_VALUE(x), ED_SQLITE_5(__VA_ARGS__)
#define ED_SQLITE_7(x, ...) ED_SQLITE_VALUE(x), ED_SQLITE_6(__VA_ARGS__)
#define ED_SQLITE_8(x, ...) ED_SQLITE_VALUE(x), ED_SQLITE_7(__VA_ARGS__)
#define eddy_sqlite_query(db, sql, ...) \
    eddy_sqlite_query_values( \
        (db), (sql), \
        (struct eddy_sqlite_values){ED_NARGS(__VA_ARGS__), {ED_OVERLOAD(ED_SQLITE_, __VA_ARGS__)(__VA_ARGS__)}})

#endif
