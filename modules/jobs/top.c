/* SPDX-License-Identifier: MIT */
/*
 * top.c - see top.h.
 *
 * Invariant: a rate comes from two counts of deliveries that have ended, which JetStream makes, and the time between
 * them; so it holds for all workers together, also for those that do not answer.
 */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include "top.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "remote.h"

enum { MOST_ROWS = 1000, SUBJECT = 320, NAME = 200 };
#define ANSWERS 0.5 /* seconds in which workers answer, and between the first two counts */
#define REFRESH 1.5 /* seconds more until the next picture */

struct row {
    char function[NAME + 1];
    uint64_t queued, delayed, running, dead;
    uint64_t ended;  /* deliveries of its jobs, ever */
};

/* All functions at one moment. */
struct rows {
    struct row row[MOST_ROWS];
    size_t count;
    double taken_at;
};

struct answer {
    char name[96];
    unsigned long long running, slots;
};

/* What workers say of themselves. */
struct answers {
    struct answer answer[MOST_ROWS];
    size_t count;
};

/* All that is shown. */
struct picture {
    struct rows now, before;
    struct answers workers;
};

/* ==== functions ==== */

/* NULL: there are too many. */
static struct row *row_of(struct rows *rows, const char *function, size_t size)
{
    size = size < NAME ? size : NAME;
    for (size_t i = 0; i < rows->count; i++)
        if (strlen(rows->row[i].function) == size && memcmp(rows->row[i].function, function, size) == 0)
            return &rows->row[i];
    if (rows->count == MOST_ROWS)
        return NULL;
    struct row *row = &rows->row[rows->count++];
    *row = (struct row){.queued = 0};
    memcpy(row->function, function, size);
    return row;
}

/* The answer to a request; NULL: there is no such stream. */
eddy_async(eddy_nats_message *, ask, (eddy_nats *, n), (const char *, request), (const char *, json))
{
    eddy_error err;
    eddy_nats_message *m = eddy_await_for(eddy_nats_api(n, request, json), command_patience, &err);
    if (err.code == ETIMEDOUT)
        eddy_raise(ETIMEDOUT, COMMAND_SILENCE, command_patience);
    if (err.code && err.code != ENOENT)
        eddy_reraise(&err);
    return err.code ? NULL : m;
}

eddy_async_free(ask, eddy_nats_message_free);

/* The next pair of "subjects":{"a.b":3,...}; false: there is none. *at: where to go on. */
static bool next_subject(const char **at, char subject[SUBJECT], uint64_t *count)
{
    int used = 0;
    unsigned long long value;
    if (sscanf(*at, " \"%319[^\"]\" : %llu%n", subject, &value, &used) != 2)
        return false;
    *count = value;
    *at += used;
    *at += **at == ',';
    return true;
}

static const char *first_subject(const eddy_nats_message *m)
{
    static const char mark[] = "\"subjects\":{";
    const char *found = m ? strstr(m->data.data, mark) : NULL;
    return found ? found + sizeof mark - 1 : "";
}

/* Adds to a member of each function, at `offset`, the messages of a stream whose subjects are eddy.WORD.FUNCTION... The
 * server tells them in pages. */
eddy_async(void, count_messages, (eddy_nats *, n), (struct rows *, rows), (const char *, stream), (size_t, offset))
{
    char request[64], json[80], subject[SUBJECT];
    uint64_t count, seen = 0, total = 1;
    snprintf(request, sizeof request, "STREAM.INFO.%s", stream);
    for (uint64_t before = 1; seen < total && seen != before;) {
        before = seen;
        snprintf(json, sizeof json, "{\"subjects_filter\":\">\",\"offset\":%llu}", (unsigned long long)seen);
        eddy_nats_message *m = eddy_await(ask(n, request, json));
        eddy_defer(eddy_nats_message_free, m);
        if (!m || !eddy_nats_json_number(m->data.data, "total", &total))
            return;
        for (const char *at = first_subject(m); next_subject(&at, subject, &count); seen++) {
            const char *function = strncmp(subject, "eddy.", 5) == 0 ? strchr(subject + 5, '.') : NULL;
            struct row *row = function ? row_of(rows, function + 1, strcspn(function + 1, ".")) : NULL;
            if (row)
                *(uint64_t *)(void *)((char *)row + offset) += count;
        }
    }
}

/* One consumer, FUNCTION-SIGNATURE-PRIORITY. */
static void add_consumer(struct rows *rows, const char *json)
{
    char name[NAME + 60];
    uint64_t running = 0, delivered = 0;
    const char *mark = strstr(json, "\"name\":\"");
    if (!mark || sscanf(mark, "\"name\":\"%259[^\"]", name) != 1)
        return;
    struct row *row = row_of(rows, name, strcspn(name, "-"));
    eddy_nats_json_number(json, "num_ack_pending", &running);
    eddy_nats_json_number(json, "delivered.consumer_seq", &delivered);
    if (!row)
        return;
    row->running += running;
    row->ended += delivered > running ? delivered - running : 0;
}

/* In pages, too. */
eddy_async(void, count_deliveries, (eddy_nats *, n), (struct rows *, rows))
{
    static const char mark[] = "{\"stream_name\":";
    char json[40];
    uint64_t seen = 0, total = 1;
    for (uint64_t before = 1; seen < total && seen != before;) {
        before = seen;
        snprintf(json, sizeof json, "{\"offset\":%llu}", (unsigned long long)seen);
        eddy_nats_message *m = eddy_await(ask(n, "CONSUMER.LIST." JOBS, json));
        eddy_defer(eddy_nats_message_free, m);
        if (!m || !eddy_nats_json_number(m->data.data, "total", &total))
            return;
        for (const char *at = m->data.data; (at = strstr(at, mark)); at += sizeof mark - 1, seen++)
            add_consumer(rows, at);
    }
}

static int by_function(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->function, ((const struct row *)b)->function);
}

/* A job that runs is in the stream, too. */
eddy_async(void, count_all, (eddy_nats *, n), (struct rows *, rows))
{
    rows->count = 0;
    eddy_await(count_messages(n, rows, JOBS, offsetof(struct row, queued)));
    eddy_await(count_messages(n, rows, LATER, offsetof(struct row, delayed)));
    eddy_await(count_messages(n, rows, DEAD, offsetof(struct row, dead)));
    eddy_await(count_deliveries(n, rows));
    for (size_t i = 0; i < rows->count; i++) {
        struct row *row = &rows->row[i];
        row->running = row->running < row->queued ? row->running : row->queued;
        row->queued -= row->running;
    }
    qsort(rows->row, rows->count, sizeof rows->row[0], by_function);
    rows->taken_at = eddy_time();
}

/* ==== workers ==== */

static void end_subscription(eddy_nats_subscription **s)
{
    eddy_nats_unsubscribe(*s);
}

/* "NAME RUNNING SLOTS". */
static void add_answer(struct answers *answers, const eddy_nats_message *m)
{
    struct answer a;
    if (answers->count < MOST_ROWS && sscanf(m->data.data, "%95s %llu %llu", a.name, &a.running, &a.slots) == 3)
        answers->answer[answers->count++] = a;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct answer *)a)->name, ((const struct answer *)b)->name);
}

/* Those that have not answered in time are not shown. */
eddy_async(void, ask_workers, (eddy_nats *, n), (struct answers *, answers))
{
    char inbox[64];
    eddy_error err;
    snprintf(inbox, sizeof inbox, "_INBOX.eddy-jobs-%d-%.0f", (int)getpid(), eddy_time() * 1000);
    eddy_nats_subscription *s = eddy_await(eddy_nats_subscribe(n, inbox));
    eddy_defer(end_subscription, &s);
    answers->count = 0;
    eddy_await(eddy_nats_send(n, &(eddy_nats_outgoing){.subject = REMOTE_WORKERS, .reply = inbox}));
    for (double left, until = eddy_time() + ANSWERS; (left = until - eddy_time()) > 0;) {
        eddy_nats_message *m = eddy_await_for(eddy_nats_receive(s), left, &err);
        if (err.code && err.code != ETIMEDOUT)
            eddy_reraise(&err);
        if (err.code)
            break;
        add_answer(answers, m);
        eddy_nats_message_free(m);
    }
    qsort(answers->answer, answers->count, sizeof answers->answer[0], by_name);
}

/* ==== the picture ==== */

/* Jobs of a function that ended in a second. */
static double rate_of(struct picture *p, const struct row *now)
{
    const struct row *before = row_of(&p->before, now->function, strlen(now->function));
    double seconds = p->now.taken_at - p->before.taken_at;
    return before && now->ended > before->ended && seconds > 0 ? (double)(now->ended - before->ended) / seconds : 0;
}

/* A function of which there is nothing to tell is not shown. */
static void print_functions(struct picture *p)
{
    printf("%-32s %10s %10s %10s %10s %10s\n", "function", "queued", "running", "delayed", "dead", "per second");
    for (size_t i = 0; i < p->now.count; i++) {
        const struct row *r = &p->now.row[i];
        double rate = rate_of(p, r);
        if (r->queued || r->running || r->delayed || r->dead || rate > 0)
            printf("%-32s %10llu %10llu %10llu %10llu %10.1f\n", r->function, (unsigned long long)r->queued,
                   (unsigned long long)r->running, (unsigned long long)r->delayed, (unsigned long long)r->dead, rate);
    }
}

static void print_workers(const struct answers *answers)
{
    printf("\n%-32s %10s %10s\n", "worker", "running", "slots");
    for (size_t i = 0; i < answers->count; i++)
        printf("%-32s %10llu %10llu\n", answers->answer[i].name, answers->answer[i].running, answers->answer[i].slots);
    if (!answers->count)
        puts("no worker answers");
}

eddy_async(void, show, (eddy_nats *, n), (struct picture *, p), (bool, is_terminal))
{
    eddy_await(ask_workers(n, &p->workers));
    eddy_await(count_all(n, &p->now));
    if (is_terminal)
        fputs("\033[H\033[J", stdout);
    print_functions(p);
    print_workers(&p->workers);
    fflush(stdout);
}

eddy_async_define(void, top, (eddy_nats *, n))
{
    bool is_terminal = isatty(STDOUT_FILENO);
    struct picture *p = malloc(sizeof *p);
    eddy_defer(free, p);
    if (!p)
        eddy_raise(ENOMEM, "there is no memory for the functions");
    eddy_await(count_all(n, &p->before));
    eddy_await(show(n, p, is_terminal));
    while (is_terminal) {
        p->before = p->now;
        eddy_await(eddy_sleep(REFRESH));
        eddy_await(show(n, p, is_terminal));
    }
}
