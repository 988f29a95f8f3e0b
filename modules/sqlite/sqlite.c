/* SPDX-License-Identifier: MIT */
/* sqlite.c - the calls of <eddy/sqlite.h>: each is a job for the thread of its connection. */
#define EDDY_LIBRARY
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connection.h"
#include "rows.h"

/* ==== on the thread ==== */

static void open_database(struct job *job)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    sqlite3 *handle = NULL;
    int result = sqlite3_open_v2(job->text, &handle, flags, NULL);
    connection_set(job->db, handle);
    if (result == SQLITE_OK)
        return;
    job_fail(job, result);
    if ((result & 0xff) == SQLITE_CANTOPEN && sqlite3_system_errno(handle))
        job->code = sqlite3_system_errno(handle);
}

static void close_database(struct job *job)
{
    sqlite3 *handle = job->db->handle;
    connection_set(job->db, NULL);
    sqlite3_close_v2(handle);
}

static void execute(struct job *job)
{
    int result = sqlite3_exec(job->db->handle, job->text, NULL, NULL, NULL);
    if (result != SQLITE_OK)
        job_fail(job, result);
}

static int bind(sqlite3_stmt *statement, int place, const eddy_sqlite_value *value)
{
    const char *data = value->u.bytes.data ? value->u.bytes.data : "";
    switch (value->kind) {
    case EDDY_SQLITE_INTEGER: return sqlite3_bind_int64(statement, place, value->u.integer);
    case EDDY_SQLITE_REAL: return sqlite3_bind_double(statement, place, value->u.real);
    case EDDY_SQLITE_TEXT:
        return sqlite3_bind_text64(statement, place, data, value->u.bytes.size, SQLITE_STATIC, SQLITE_UTF8);
    case EDDY_SQLITE_BLOB: return sqlite3_bind_blob64(statement, place, data, value->u.bytes.size, SQLITE_STATIC);
    default: return sqlite3_bind_null(statement, place);
    }
}

static void say(struct job *job, const char *message)
{
    job->code = EINVAL;
    snprintf(job->message, sizeof job->message, "%s", message);
}

static void run_statement(struct job *job, sqlite3_stmt *statement)
{
    int result = SQLITE_OK;
    if (sqlite3_bind_parameter_count(statement) != (int)job->values.count) {
        snprintf(job->message, sizeof job->message, "the statement has %d places for values, %zu were given",
                 sqlite3_bind_parameter_count(statement), job->values.count);
        job->code = EINVAL;
        return;
    }
    for (size_t i = 0; i < job->values.count && result == SQLITE_OK; i++)
        result = bind(statement, (int)i + 1, &job->values.at[i]);
    if (result == SQLITE_OK)
        result = rows_read(statement, &job->rows);
    if (result != SQLITE_DONE)
        job_fail(job, result);
}

/* Blanks, comments and semicolons are no statement. */
static bool has_statement(sqlite3 *handle, const char *text)
{
    sqlite3_stmt *statement = NULL;
    int result = SQLITE_OK;
    while (*text && !statement && result == SQLITE_OK)
        result = sqlite3_prepare_v2(handle, text, -1, &statement, &text);
    sqlite3_finalize(statement);
    return statement || result != SQLITE_OK;
}

static void query(struct job *job)
{
    sqlite3_stmt *statement = NULL;
    const char *rest = NULL;
    int result = sqlite3_prepare_v2(job->db->handle, job->text, -1, &statement, &rest);
    if (result != SQLITE_OK)
        job_fail(job, result);
    else if (!statement)
        say(job, "there is no statement");
    else if (has_statement(job->db->handle, rest))
        say(job, "there are several statements: eddy_sqlite_execute runs them");
    else
        run_statement(job, statement);
    sqlite3_finalize(statement);
}

/* ==== on tasks ==== */

static void end_unless_taken(eddy_sqlite **db)
{
    if (*db)
        connection_end(*db, false);
}

eddy_async_define(eddy_sqlite *, eddy_sqlite_open, (const char *, path))
{
    int error;
    eddy_sqlite *db = connection_new(&error);
    if (!db)
        eddy_raise(error, "a thread for \"%s\"", path);
    eddy_defer(end_unless_taken, &db);
    struct job job = connection_job(db, open_database, path);
    eddy_await(&job);
    if (job.code)
        eddy_raise(job.code, "opening \"%s\": %s", path, job.message);
    eddy_sqlite *opened = db;
    db = NULL;
    return opened;
}

eddy_async_free(eddy_sqlite_open, eddy_sqlite_free);

void eddy_sqlite_free(eddy_sqlite *db)
{
    if (db)
        connection_end(db, false);
}

/* Also if the task is cancelled: the thread closes it then. */
eddy_async_define(void, eddy_sqlite_close, (eddy_sqlite *, db))
{
    struct job job = connection_job(db, close_database, NULL);
    eddy_defer(end_unless_taken, &db);
    eddy_await(&job);
    connection_end(db, true);
    db = NULL;
}

eddy_async_define(eddy_sqlite_rows *, eddy_sqlite_query_values, (eddy_sqlite *, db), (const char *, sql),
                  (struct eddy_sqlite_values, values))
{
    struct job job = connection_job(db, query, sql);
    job.values = values;
    eddy_await(&job);
    if (job.code)
        eddy_raise(job.code, "\"%.100s\": %s", sql, job.message);
    return job.rows;
}

eddy_async_free(eddy_sqlite_query_values, eddy_sqlite_rows_free);

eddy_async_define(void, eddy_sqlite_execute, (eddy_sqlite *, db), (const char *, sql))
{
    struct job job = connection_job(db, execute, sql);
    eddy_await(&job);
    if (job.code)
        eddy_raise(job.code, "\"%.100s\": %s", sql, job.message);
}
