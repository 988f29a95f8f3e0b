/* SPDX-License-Identifier: MIT */
/* pg.c - the calls of <eddy/pg.h> that open a client and run single statements. */
#define EDDY_LIBRARY
#include <errno.h>
#include <string.h>

#include "link.h"
#include "pool.h"

/* The protocol's; and the server closes the connection, which other tasks use, at a message of more bytes. The bytes
 * beside a value are its size and format, and the digits of a number. */
enum { MOST_PARAMETERS = 65535, MOST_BYTES = 0x3ffffffe, BYTES_BESIDE = 64 };

/* ==== opening ==== */

static void drop_address(struct address **address)
{
    address_drop(*address);
}

eddy_async(eddy_pg *, open_client, (const char *, url), (const eddy_pg_options *, options))
{
    int code;
    char why[256];
    struct address *address = address_new(url, options, &code, why);
    if (!address) /* the URL may have a password in it */
        eddy_raise(code, "eddy_pg_open: %s", why);
    eddy_defer(drop_address, &address);
    struct pool *pool = eddy_await(pool_open(address));
    return &pool->handle;
}

eddy_async_free(open_client, eddy_pg_free);

static struct eddy_pg_open *open_of(struct eddy_manager *manager)
{
    return (struct eddy_pg_open *)(void *)((char *)manager - offsetof(struct eddy_pg_open, manager));
}

static void run_open(struct eddy_awaitable *a)
{
    struct eddy_pg_open *self = (struct eddy_pg_open *)(void *)a;
    struct open_client body = open_client(self->url, self->options);
    self->awaitable.awaitable.failure = eddy_run_here(&body.awaitable);
    self->result = body.result;
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_pg_open *self = open_of(manager);
    self->value = eddy_await(open_client(self->url, self->options), err);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    eddy_error closing;
    (void)err;
    eddy_await(eddy_pg_close(open_of(manager)->value), &closing);
}

/* The body is that of open_client, so that its async_free counts here, too: the results lie at the same place. */
_Static_assert(offsetof(struct eddy_pg_open, result) == offsetof(struct open_client, result), "where results are");
static const struct eddy_awaitable_type open_type = {.name = "eddy_pg_open",
                                                     .run = run_open,
                                                     .undo = eddy_free_unclaimed,
                                                     .body = (void (*)(void))open_client__body,
                                                     .kind = EDDY_COROUTINE};

struct eddy_pg_open eddy_pg_open_with(const char *url, const eddy_pg_options *options)
{
    return (struct eddy_pg_open){
        EDDY_AWAITABLE_INIT(&open_type), .url = url, .options = options, .manager = {.enter = enter, .exit = leave}};
}

eddy_async_define(void, eddy_pg_close, (eddy_pg *, db))
{
    if (db->line)
        eddy_raise(EINVAL, "%s: a connection of eddy_pg_acquire is closed by the end of its block",
                   db->pool->address->label);
    eddy_await(pool_close(db->pool));
}

void eddy_pg_free(eddy_pg *db)
{
    if (db && !db->line)
        pool_free(db->pool);
}

/* ==== statements ==== */

static bool is_too_long(const struct call *call)
{
    size_t left = MOST_BYTES - BYTES_BESIDE;
    if (strnlen(call->sql, left) == left)
        return true;
    for (size_t i = 0; i < call->count; i++) {
        const eddy_pg_value *value = &call->values[i];
        size_t size = value->kind == EDDY_PG_BYTES ? value->u.bytes.size : BYTES_BESIDE;
        if (value->kind == EDDY_PG_TEXT)
            size = value->u.text ? strnlen(value->u.text, left) : 0;
        if (size + BYTES_BESIDE >= left) /* sizes of slices are below SIZE_MAX / 2 */
            return true;
        left -= size + BYTES_BESIDE;
    }
    return false;
}

/* NULL: it may be sent. */
static const char *reason_against(eddy_pg *db, const struct call *call)
{
    if (!call->sql)
        return "there is no statement";
    if (call->count > MOST_PARAMETERS)
        return "there are more than 65535 values";
    if (call->effect == EFFECT_COPY)
        return "COPY is what eddy_pg_copy does";
    bool is_of_session =
        call->effect == EFFECT_SESSION || call->effect == EFFECT_PLANS || call->effect == EFFECT_NO_PLANS;
    if (is_of_session && !db->line)
        return "it is about the whole connection, which other tasks use: eddy_pg_acquire gives one of your own, "
               "eddy_pg_transaction begins and commits, and eddy_pg_listen listens";
    return NULL;
}

eddy_async_define(eddy_pg_rows *, eddy_pg_query_array, (eddy_pg *, db), (const char *, sql),
                  (const eddy_pg_value *, values), (size_t, count))
{
    struct call call = {.own = db->line, .sql = sql, .values = values, .count = count};
    call.effect = sql ? statement_effect(sql) : EFFECT_NONE;
    call.is_repeatable = call.effect == EFFECT_KEPT;
    const char *why = reason_against(db, &call);
    if (why)
        eddy_raise(EINVAL, "%s: \"%.60s\": %s", db->pool->address->label, sql ? sql : "", why);
    if (is_too_long(&call))
        eddy_raise(EMSGSIZE, "%s: \"%.60s\": PostgreSQL takes at most 1 GiB in a statement, and as much in all of its "
                   "values: eddy_pg_copy takes any size", db->pool->address->label, sql);
    db->is_changed |= call.effect != EFFECT_KEPT; /* CREATE TEMPORARY, DO and CALL leave things, too */
    return eddy_await(pool_call(db->pool, call));
}

eddy_async_free(eddy_pg_query_array, eddy_pg_rows_free);

eddy_async_define(eddy_pg_rows *, eddy_pg_query_values, (eddy_pg *, db), (const char *, sql),
                  (struct eddy_pg_values, values))
{
    return eddy_await(eddy_pg_query_array(db, sql, values.at, values.count));
}

eddy_async_free(eddy_pg_query_values, eddy_pg_rows_free);

eddy_async_define(int64_t, eddy_pg_execute_values, (eddy_pg *, db), (const char *, sql),
                  (struct eddy_pg_values, values))
{
    eddy_pg_rows *rows = eddy_await(eddy_pg_query_array(db, sql, values.at, values.count));
    int64_t changes = rows->changes;
    eddy_pg_rows_free(rows);
    return changes;
}
