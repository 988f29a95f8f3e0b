/* SPDX-License-Identifier: MIT */
/*
 * line.c - see line.h.
 *
 * Each call is a part of the pipeline that ends with a Sync: a transaction of its own, whose error harms no other. If
 * a statement is new, the part prepares it first, and gives back the oldest one of too many.
 *
 * A request to cancel reaches the server beside the connection, and may hit the statement after the one that it is
 * meant for. That one has done nothing then, and is sent again.
 *
 * Invariant: one place in the queue for each Sync that the server has not answered. The loop watches a duplicate of
 * libpq's descriptor, since libpq closes its own whenever it finds the connection broken.
 */
#define EDDY_LIBRARY
#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"
#include "link.h"
#include "pool.h"

enum { LEAST = 16, MOST_ATTEMPTS = 3, LONGEST_KEPT = 16 << 10, MOST_DEALLOCATIONS = 2 };

/* ==== the queue ==== */

static struct sent *place_of(const struct line *line, uint64_t number)
{
    return &line->at[number & (line->capacity - 1)];
}

size_t line_due(const struct line *line)
{
    return (size_t)(line->end - line->first);
}

static bool reserve(struct line *line)
{
    if (line_due(line) < line->capacity)
        return true;
    struct line wider = *line;
    wider.capacity = line->capacity ? line->capacity * 2 : LEAST;
    wider.at = calloc(wider.capacity, sizeof *wider.at);
    if (!wider.at)
        return false;
    for (uint64_t i = line->first; i < line->end; i++)
        *place_of(&wider, i) = *place_of(line, i);
    free(line->at);
    line->at = wider.at;
    line->capacity = wider.capacity;
    return true;
}

/* ==== the end of a connection ==== */

static void unwatch(struct line *line)
{
    if (!line->is_watched)
        return;
    line->is_watched = false;
    eddy_remove_reader(line->descriptor);
    if (line->is_writing)
        eddy_remove_writer(line->descriptor);
    close(line->descriptor);
    line->is_writing = false;
}

/* The server may have said why in an answer to the first call, before it closed the connection. */
static void fail_first(struct line *line, int code, const char *why)
{
    struct call *call = place_of(line, line->first++)->call;
    struct failure failure = {.code = 0};
    if (line->result)
        failure_read(&failure, line->result);
    PQclear(line->result);
    line->result = NULL;
    bool has_said = *failure.state;
    if (call)
        call_fail(call, has_said ? failure.code : code, line->pool->address->label, has_said ? failure.words : why);
}

void line_lose(struct line *line, int code, const char *why)
{
    if (!line->pg)
        return;
    if (line->is_plain) { /* its task uses the connection, and finds that it has ended */
        shutdown(PQsocket(line->pg), SHUT_RDWR);
        line->is_doomed = true;
        return;
    }
    unwatch(line);
    PQfinish(line->pg);
    line->pg = NULL;
    line->wants_cancel = false;
    while (line_due(line))
        fail_first(line, code, why);
    calls_fail(&line->held, code, line->pool->address->label, why);
    pool_note_lost(line->pool, line);
}

static void lose_by_libpq(struct line *line)
{
    char words[300], why[400];
    failure_words(PQerrorMessage(line->pg), words, sizeof words);
    snprintf(why, sizeof why, "%s (%s)",
             "the connection was lost before the rows came, and the statement may have been executed", words);
    line_lose(line, ECONNRESET, why);
}

/* ==== sending ==== */

static void can_write(void *argument);
static void can_read(void *argument);

static bool wait_to_write(struct line *line)
{
    if (!line->is_writing)
        line->is_writing = eddy_add_writer(line->descriptor, can_write, line) == 0;
    return line->is_writing;
}

static void flush(struct line *line)
{
    int left = PQflush(line->pg);
    if (left == 0 && line->is_writing) {
        eddy_remove_writer(line->descriptor);
        line->is_writing = false;
    }
    if (left < 0 || (left > 0 && !wait_to_write(line)))
        lose_by_libpq(line);
}

/* libpq reads while it cannot send, and nobody is told that what it has read is there: so it is looked for. */
static void can_write(void *argument)
{
    struct line *line = argument;
    flush(line);
    if (line->pg)
        can_read(line);
}

/* The same for what it has read while a statement was sent. */
static void look_for_results(struct line *line)
{
    if (line->pg && !line->is_writing && !PQisBusy(line->pg) && !wait_to_write(line))
        lose_by_libpq(line);
}

/* What comes after some has other tables, or another meaning of names: no statement that was prepared is used then. */
static void forget_plans(struct line *line, const struct call *call)
{
    if (call->effect == EFFECT_NO_PLANS)
        statements_clear(&line->statements);
    else if (call->effect == EFFECT_PLANS || (line->is_own && call->effect == EFFECT_NONE))
        statements_retire_all(&line->statements);
}

/* More than are prepared at a time, so the server never has many that are not used. A transaction that has failed would
 * refuse it. False: libpq refuses. */
static bool deallocate(struct line *line, struct sent *sent)
{
    char name[STATEMENT_NAME], sql[STATEMENT_NAME + 16];
    bool is_sent = true;
    if (PQtransactionStatus(line->pg) == PQTRANS_INERROR)
        return true;
    while (is_sent && sent->preparations < MOST_DEALLOCATIONS && statements_shrink(&line->statements, name)) {
        snprintf(sql, sizeof sql, "deallocate %s", name);
        is_sent = PQsendQueryParams(line->pg, sql, 0, NULL, NULL, NULL, NULL, 0);
        sent->preparations++;
    }
    return is_sent;
}

/* With what has to be prepared before it. */
static bool send_statement(struct line *line, struct call *call, struct sent *sent)
{
    bool keeps = call->effect == EFFECT_KEPT && !line->pool->address->limits.keeps_no_statements &&
                 strnlen(call->sql, LONGEST_KEPT) < LONGEST_KEPT;
    forget_plans(line, call);
    struct statement *s = keeps ? statements_get(&line->statements, call->sql) : NULL;
    sent->statement = s ? s->number : 0;
    bool is_new = s && !s->is_sent;
    if (is_new && !deallocate(line, sent))
        return false;
    if (is_new)
        s->is_sent = true;
    sent->preparations += is_new;
    sent->is_preparing = is_new;
    return call_send(call, line->pg, s ? s->name : NULL, is_new);
}

static void send_now(struct line *line, struct call *call)
{
    if (!reserve(line)) {
        call_fail(call, ENOMEM, line->pool->address->label, "there is no memory for a statement");
        return;
    }
    call->line = line;
    call->number = line->end++;
    call->attempts++;
    struct sent *sent = place_of(line, call->number);
    *sent = (struct sent){.call = call};
    if (send_statement(line, call, sent) && PQpipelineSync(line->pg)) {
        flush(line);
        look_for_results(line);
    } else {
        lose_by_libpq(line);
    }
}

static bool is_held(const struct line *line)
{
    return line->is_own && (line->is_cancelling || line->wants_cancel);
}

void line_send(struct line *line, struct call *call)
{
    call->line = NULL;
    if (!line->pg)
        call_fail(call, ECONNRESET, line->pool->address->label,
                  "this connection was lost: leave the block, and begin again");
    else if (line->is_plain)
        call_fail(call, EBUSY, line->pool->address->label, "a COPY or a script runs on this connection");
    else if (is_held(line) || line->held.first)
        calls_add(&line->held, call);
    else
        send_now(line, call);
}

static void send_held(struct line *line)
{
    for (struct call *call; line->pg && (call = line->held.first) && !is_held(line);) {
        calls_remove(&line->held, call);
        send_now(line, call);
    }
}

/* ==== receiving ==== */

static bool is_error(const PGresult *result, const char *state)
{
    const char *its = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    return its && strcmp(its, state) == 0;
}

static bool is_deallocated(const struct line *line, const struct sent *sent)
{
    return sent->statement && is_error(line->result, "26000");
}

/* Its result has other columns than when it was prepared. */
static bool is_outdated(const struct line *line, const struct sent *sent)
{
    return sent->statement && is_error(line->result, "0A000");
}

/* Its cancellation is that of a request that was not confirmed. There is one cancellation of each; so what else cancels
 * statements, such as a time limit of the server's, is taken for it once only. */
static bool take_doubt(struct line *line)
{
    bool is_doubtful = line->doubts && is_error(line->result, "57014");
    line->doubts -= is_doubtful;
    return is_doubtful;
}

/* By a request to cancel another statement. */
static bool was_hit(struct line *line, const struct call *call)
{
    if (call->is_repeatable && call->number < line->suspects)
        return is_error(line->result, "57014");
    return call->is_repeatable && call->attempts < MOST_ATTEMPTS && take_doubt(line);
}

/* It has done nothing, for a reason that is none of its own. In a transaction that would come too late. A COMMIT is
 * never repeated: the server would say that it has committed, when it has rolled back. */
static bool is_sent_again(struct line *line, const struct sent *sent)
{
    const struct call *call = sent->call;
    bool is_stale = is_deallocated(line, sent) || is_outdated(line, sent);
    if (line->is_own && PQtransactionStatus(line->pg) != PQTRANS_IDLE)
        return false;
    return was_hit(line, call) || (is_stale && call->attempts < MOST_ATTEMPTS);
}

static void finish_call(struct line *line, const struct sent *sent)
{
    struct call *call = sent->call;
    PGresult *result = line->result;
    bool again = is_sent_again(line, sent);
    line->result = NULL;
    if (again) {
        PQclear(result);
        line_send(line, call);
    } else if (result) {
        call_finish(call, result, line->pool->address->label);
    } else {
        call_fail(call, EBADMSG, line->pool->address->label, "the server has not answered the statement");
    }
}

static void note_preparation(struct line *line, const struct sent *sent)
{
    if (line->successes < sent->preparations || is_deallocated(line, sent))
        statements_forget(&line->statements, sent->statement);
    else if (sent->is_preparing)
        statements_confirm(&line->statements, sent->statement);
    if (is_outdated(line, sent))
        statements_retire(&line->statements, sent->statement);
}

static void finish_first(struct line *line)
{
    struct sent sent = *place_of(line, line->first++);
    line->wants_cancel = false;
    pool_note_answer(line->pool);
    note_preparation(line, &sent);
    if (sent.call)
        finish_call(line, &sent);
    else if (!line->is_cancelling)
        take_doubt(line); /* the request has hit what it was meant for */
    PQclear(line->result);
    line->result = NULL;
    line->successes = 0;
}

/* An error comes first, and what was aborted by it afterwards. */
static void take(struct line *line, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    bool has_error = line->result && PQresultStatus(line->result) == PGRES_FATAL_ERROR;
    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        finish_first(line);
    } else if (has_error) {
        PQclear(result);
    } else {
        PQclear(line->result);
        line->result = result;
        line->successes += status == PGRES_COMMAND_OK;
    }
}

/* NULL ends the results of each part of a call; more than one at a time means that there are no more. */
static void take_all(struct line *line)
{
    for (int ends = 0; line->pg && line_due(line) && ends < 2 && !PQisBusy(line->pg);) {
        PGresult *result = PQgetResult(line->pg);
        ends = result ? 0 : ends + 1;
        if (link_is_copying(result)) { /* libpq would give this result without end */
            PQclear(result);
            line_lose(line, EINVAL, "the connection was closed: COPY is what eddy_pg_copy does");
        } else if (result) {
            take(line, result);
        }
    }
}

static void look_for_given_up(struct line *line)
{
    bool is_given_up = line->pg && line_due(line) && !place_of(line, line->first)->call;
    if (is_given_up && line->first >= line->asked && !line->wants_cancel && !line->is_cancelling) {
        line->wants_cancel = true;
        pool_wake(line->pool);
    }
}

static void can_read(void *argument)
{
    struct line *line = argument;
    if (!PQconsumeInput(line->pg)) {
        take_all(line);
        if (line->pg)
            lose_by_libpq(line);
        return;
    }
    for (PGnotify *n; (n = PQnotifies(line->pg));) /* takes notices, too, also if no call is due */
        PQfreemem(n);
    take_all(line);
    if (line->pg && PQstatus(line->pg) == CONNECTION_BAD)
        lose_by_libpq(line);
    if (line->pg && line->is_writing)
        flush(line);
    look_for_given_up(line);
    send_held(line);
    pool_serve(line->pool);
}

/* ==== giving up ==== */

void line_give_up(struct line *line, struct call *call)
{
    if (call->line)
        place_of(line, call->number)->call = NULL;
    else
        calls_remove(&line->held, call);
    look_for_given_up(line);
}

static void end_cancel(struct line *line)
{
    line->is_cancelling = false;
    if (line->is_gone) {
        line_free(line);
        return;
    }
    look_for_given_up(line);
    send_held(line);
    pool_serve(line->pool);
}

eddy_async_define(void, line_cancel, (struct line *, line))
{
    eddy_error err = {.code = 0};
    uint64_t before = line->suspects;
    bool was_sent = false;
    line->wants_cancel = false;
    line->is_cancelling = true;
    line->asked = line->first + (line_due(line) > 0); /* a COPY has no place in the queue */
    line->suspects = UINT64_MAX;
    double seconds = line->pool->address->limits.connect_seconds;
    if (line->pg)
        eddy_await_always(cancel_ask(line->pg, line->key, seconds, &was_sent), &err);
    bool was_heard = was_sent && !err.code; /* it can hit nothing that is sent from now on */
    line->suspects = was_heard ? line->end : before;
    line->doubts += was_sent && !was_heard;
    end_cancel(line);
}

/* ==== being made and freed ==== */

static bool watch(struct line *line)
{
    if (!PQenterPipelineMode(line->pg))
        return false;
    line->descriptor = fcntl(PQsocket(line->pg), F_DUPFD_CLOEXEC, 0);
    if (line->descriptor >= 0 && eddy_add_reader(line->descriptor, can_read, line) == 0)
        return line->is_watched = true;
    if (line->descriptor >= 0)
        close(line->descriptor);
    return false;
}

struct line *line_new(struct pool *pool, PGconn *pg, struct key key)
{
    struct line *line = calloc(1, sizeof *line);
    if (!line) {
        PQfinish(pg);
        return NULL;
    }
    line->pg = pg;
    line->key = key;
    line->pool = pool;
    line->statements.most = pool->address->limits.statements;
    calls_init(&line->held);
    if (watch(line))
        return line;
    PQfinish(pg);
    free(line);
    return NULL;
}

void line_free(struct line *line)
{
    if (!line)
        return;
    if (line->is_cancelling) {
        line->is_gone = true;
        return;
    }
    statements_clear(&line->statements);
    free(line->at);
    free(line);
}

bool line_make_plain(struct line *line)
{
    if (!line->pg || line_due(line) || !PQexitPipelineMode(line->pg))
        return false;
    unwatch(line);
    line->is_plain = true;
    return true;
}

void line_make_line(struct line *line)
{
    line->is_plain = false;
    if (line->pg && (line->is_doomed || PQstatus(line->pg) != CONNECTION_OK || !watch(line)))
        line_lose(line, ECONNRESET, "the connection was lost");
}
