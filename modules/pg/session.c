/* SPDX-License-Identifier: MIT */
/*
 * session.c - connections that one task has for itself, transactions, scripts.
 *
 * Invariant: a connection that goes back to the others is in no transaction, nothing is due on it, and no setting,
 * cursor, lock or temporary table is left on it. If that cannot be had soon, it is closed.
 */
#define EDDY_LIBRARY
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"

enum { SECONDS_TO_CLEAN = 5 };

/* ==== a connection of one's own ==== */

eddy_async_define(eddy_pg *, session_begin, (eddy_pg *, of))
{
    if (of->line)
        return of;
    eddy_pg *own = calloc(1, sizeof *own);
    if (!own)
        eddy_raise(ENOMEM, "%s: there is no memory for a connection", of->pool->address->label);
    eddy_error err;
    own->pool = of->pool;
    own->line = eddy_await_always(pool_acquire(of->pool), &err);
    if (!err.code)
        return own;
    free(own);
    eddy_reraise(&err);
}

static void release(eddy_pg *own, bool reusable)
{
    pool_release(own->pool, own->line, reusable);
    free(own);
}

static bool is_quiet(const struct line *line)
{
    return line->pg && !line_due(line) && !line->held.first && !line->is_cancelling && !line->is_plain &&
           PQtransactionStatus(line->pg) == PQTRANS_IDLE;
}

eddy_async(void, run, (eddy_pg *, own), (const char *, sql))
{
    struct call call = {.own = own->line, .sql = sql, .effect = EFFECT_SESSION, .is_repeatable = true};
    eddy_pg_rows_free(eddy_await(pool_call(own->pool, call)));
}

/* The server answers in order: what was given up before has ended then. */
eddy_async(void, settle, (eddy_pg *, own))
{
    if (own->line->pg && (line_due(own->line) || own->line->is_cancelling))
        eddy_await(run(own, "select"));
}

eddy_async(void, clean, (eddy_pg *, own))
{
    eddy_await(settle(own));
    if (own->line->pg && PQtransactionStatus(own->line->pg) != PQTRANS_IDLE)
        eddy_await(run(own, "rollback"));
    if (own->is_changed)
        eddy_await(run(own, "discard all"));
    if (own->is_changed)
        statements_clear(&own->line->statements);
}

eddy_async(void, clean_in_time, (eddy_pg *, own))
{
    eddy_async_with (shield, eddy_shield(SECONDS_TO_CLEAN)) {
        (void)shield;
        eddy_await(clean(own));
    }
}

eddy_async_define(void, session_end, (eddy_pg *, own), (eddy_pg *, of))
{
    eddy_error err = {.code = 0};
    if (own == of)
        return;
    if (own->line->pg && (own->is_changed || !is_quiet(own->line))) /* a failure here hides the words of earlier ones */
        eddy_await_always(clean_in_time(own), &err);
    release(own, !err.code && is_quiet(own->line));
    if (err.code == ECANCELED) /* the request to cancel the task is not lost */
        eddy_reraise(&err);
}

/* ==== without a pipeline ==== */

eddy_async_define(void, session_make_plain, (eddy_pg *, own))
{
    eddy_error err;
    const char *label = own->pool->address->label;
    if (own->line->is_plain)
        eddy_raise(EBUSY, "%s: a COPY or a script runs on this connection", label);
    eddy_await(settle(own), &err); /* in a transaction that has failed it fails, too */
    if (err.code == ECANCELED)
        eddy_reraise(&err);
    if (!line_make_plain(own->line))
        eddy_raise(ECONNRESET, "%s: this connection was lost, or another task uses it", label);
}

/* A connection on which something is still under way is of no more use. The server would go on until it wants to
 * send something: so it is told. */
void session_make_line(eddy_pg *own)
{
    struct line *line = own->line;
    PGTransactionStatusType status = line->pg ? PQtransactionStatus(line->pg) : PQTRANS_UNKNOWN;
    if (status == PQTRANS_ACTIVE && !line->is_cancelling)
        eddy_detach(eddy_spawn_eager(line_cancel(line)));
    line->is_doomed |= status == PQTRANS_ACTIVE || status == PQTRANS_UNKNOWN;
    line_make_line(line);
}

/* ==== blocks ==== */

static struct eddy_pg_acquire *acquire_of(struct eddy_manager *manager)
{
    return (struct eddy_pg_acquire *)(void *)manager;
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_pg_acquire *self = acquire_of(manager);
    self->value = eddy_await(session_begin(self->of), err);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_pg_acquire *self = acquire_of(manager);
    eddy_error ending;
    self->value->is_changed |= self->value != self->of; /* advisory locks are not seen here */
    eddy_await(session_end(self->value, self->of), err->code ? &ending : err);
}

struct eddy_pg_acquire eddy_pg_acquire(eddy_pg *db)
{
    return (struct eddy_pg_acquire){.manager = {.enter = enter, .exit = leave}, .of = db};
}

/* ==== transactions ==== */

eddy_async(void, begin, (eddy_pg *, own), (const char *, mode))
{
    char sql[256];
    int size = own->depth ? snprintf(sql, sizeof sql, "savepoint eddy%u", own->depth)
                          : snprintf(sql, sizeof sql, "begin %s", mode ? mode : "");
    if (size >= (int)sizeof sql)
        eddy_raise(EINVAL, "%s: what follows BEGIN is too long", own->pool->address->label);
    if (own->depth && mode)
        eddy_raise(EINVAL, "%s: a part of a transaction has no mode of its own", own->pool->address->label);
    eddy_await(run(own, sql));
    own->depth++;
}

/* The server answers COMMIT by ROLLBACK if a statement has failed. */
eddy_async(void, commit, (eddy_pg *, own))
{
    char sql[64] = "commit";
    if (own->depth)
        snprintf(sql, sizeof sql, "release savepoint eddy%u", own->depth);
    struct call call = {.own = own->line, .sql = sql, .effect = EFFECT_SESSION};
    eddy_pg_rows *rows = eddy_await(pool_call(own->pool, call));
    bool is_committed = strcmp(rows->tag, "ROLLBACK") != 0;
    eddy_pg_rows_free(rows);
    if (!is_committed)
        eddy_raise(EINVAL, "%s: the transaction was rolled back, since a statement in it had failed",
                   own->pool->address->label);
}

/* A savepoint remains after ROLLBACK TO, and many of them make a transaction slow. */
eddy_async(void, roll_back_part, (eddy_pg *, own))
{
    char sql[64];
    snprintf(sql, sizeof sql, "rollback to savepoint eddy%u", own->depth);
    eddy_await(run(own, sql));
    if (own->is_changed) /* tables may be as they were before */
        statements_retire_all(&own->line->statements);
    snprintf(sql, sizeof sql, "release savepoint eddy%u", own->depth);
    eddy_await(run(own, sql));
}

eddy_async(void, roll_back, (eddy_pg *, own))
{
    eddy_async_with (shield, eddy_shield(SECONDS_TO_CLEAN)) {
        (void)shield;
        if (own->depth)
            eddy_await(roll_back_part(own));
        else
            eddy_await(run(own, "rollback"));
    }
}

static void enter_transaction(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_pg_acquire *self = acquire_of(manager);
    eddy_error ending;
    self->value = eddy_await(session_begin(self->of), err);
    if (err->code)
        return;
    eddy_await(begin(self->value, self->mode), err);
    if (err->code)
        eddy_await(session_end(self->value, self->of), &ending);
}

static void leave_transaction(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_pg_acquire *self = acquire_of(manager);
    eddy_pg *own = self->value;
    eddy_error ending = {.code = 0}, rest;
    bool commits = !err->code;
    own->depth--;
    if (commits)
        eddy_await(commit(own), err);
    bool has_ended = commits && !own->depth && is_quiet(own->line); /* a COMMIT that fails rolls back */
    if (err->code && own->line->pg && !has_ended)
        eddy_await(roll_back(own), &ending);
    if (ending.code) /* nobody knows what state it is in */
        line_lose(own->line, ECONNABORTED, "the connection was closed, since ROLLBACK was not answered");
    eddy_await(session_end(own, self->of), err->code ? &rest : err);
}

struct eddy_pg_acquire eddy_pg_transaction_with(eddy_pg *db, const char *mode)
{
    return (struct eddy_pg_acquire){
        .manager = {.enter = enter_transaction, .exit = leave_transaction}, .of = db, .mode = mode};
}
