/* SPDX-License-Identifier: MIT */
/*
 * command.c - the program eddy-jobs, which `eddy jobs` runs: what is queued, runs and was given up, by function; and
 * what becomes of jobs that were given up, the dead letters.
 *
 * Invariant: a dead letter is removed after its job was stored again, under an id that a second attempt has, too.
 */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote.h"
#include "top.h"

static const char help[] =
    "usage: eddy jobs [--server URL] [--timeout SECONDS] COMMAND\n"
    "\n"
    "Looks after the jobs of programs that include <eddy/jobs.h>. A job whose workers were lost too\n"
    "often is given up: it becomes a dead letter, which stays until it is retried or deleted.\n"
    "\n"
    "  list              the dead letters: ID, function, reason\n"
    "  retry ID|all      queues their jobs again; nobody waits for their results any more\n"
    "  delete ID|all     deletes them\n"
    "  top               jobs by function, and workers; once, or on a terminal again and again\n"
    "\n"
    "  --server URL      the NATS server, nats://HOST; else EDDY_JOBS says it\n"
    "  --timeout SECONDS how long the server may take for an answer; 10\n"
    "  -h, --help        this text\n"
    "\n"
    "exit status: 0; 1 if the server does not answer, or has no such dead letter; 2 for a wrong\n"
    "command line\n";

double command_patience = 10;

/* What the command line says. */
struct order {
    const char *server, *command, *id; /* id NULL: none was given */
    const char *timeout;               /* NULL: as usual */
};

/* ==== dead letters ==== */

typedef struct letter {
    eddy_nats *client;
    eddy_nats_message *message;
    unsigned long long number; /* its ID: the sequence number in the stream */
} letter;

static const char *header(const eddy_nats_message *m, const char *name)
{
    const char *value = eddy_nats_header_of(m, name);
    return value ? value : "";
}

eddy_async(void, show, (const letter *, l))
{
    const char *subject = l->message->subject, *last = strrchr(subject, '.');
    printf("%-8llu %-24s %s\n", l->number, last ? last + 1 : subject, header(l->message, "Eddy-Reason"));
}

eddy_async(void, throw_away, (const letter *, l))
{
    (void)eddy_await(eddy_nats_stream_remove(l->client, DEAD, l->number));
}

/* The failure that its caller got would keep the new result from being stored: that of a key is replaced by it, another
 * one is removed. Returns the revision of the first. */
eddy_async(uint64_t, make_room, (eddy_nats *, n), (const char *, result))
{
    bool is_kept = remote_is_kept(result);
    eddy_nats_message *m = eddy_await(eddy_nats_stream_last(n, is_kept ? KEPT : RESULTS, result));
    eddy_defer(eddy_nats_message_free, m);
    bool has_failed = m && eddy_nats_header_of(m, "Eddy-Error");
    if (has_failed && !is_kept)
        (void)eddy_await(eddy_nats_stream_remove(n, RESULTS, m->revision));
    return has_failed && is_kept ? m->revision : 0;
}

eddy_async(void, store_again, (const letter *, l), (const char *, subject), (const char *, result))
{
    char id[200], after[24];
    eddy_error err;
    bool is_kept = remote_is_kept(result);
    snprintf(id, sizeof id, "%.100s-%llu", header(l->message, "Eddy-Id"), l->number);
    snprintf(after, sizeof after, "%llu", (unsigned long long)eddy_await(make_room(l->client, result)));
    eddy_nats_header headers[4];
    eddy_nats_outgoing job = {.subject = subject, .id = id, .headers = headers, .data = l->message->data};
    job.header_count = remote_job_headers(headers, id, result, is_kept ? after : NULL);
    (void)eddy_await(eddy_nats_store(l->client, &job), &err);
    if (is_kept && err.code == EEXIST)
        eddy_raise(EBUSY, "the dead letter %llu stays: another job of its key is queued or runs", l->number);
    if (err.code)
        eddy_reraise(&err);
}

/* The subject of the job that a letter holds. One of the first form, eddy.jobs.FUNCTION.SIGNATURE, gets what it has
 * today: a priority, and the digest of its key. */
static void subject_of_job(const eddy_nats_message *m, char subject[420])
{
    const char *was = header(m, "Eddy-Subject"), *result = header(m, "Eddy-Result");
    bool is_first_form = true;
    int dots = 0;
    for (const char *at = was; (at = strchr(at, '.')); at++)
        is_first_form = ++dots <= 3;
    snprintf(subject, 420, "%.340s%s%s", was, is_first_form ? ".normal." : "",
             !is_first_form ? "" : remote_is_kept(result) ? strrchr(result, '.') + 1 : "-");
}

eddy_async(void, queue_again, (const letter *, l))
{
    const eddy_nats_message *m = l->message;
    const char *result = header(m, "Eddy-Result");
    char subject[420];
    if (strncmp(header(m, "Eddy-Subject"), "eddy.jobs.", 10) != 0 || !*result)
        eddy_raise(EBADMSG, "the dead letter %llu is not one of Eddy's", l->number);
    if (*header(m, "Eddy-Without"))
        eddy_raise(EBADMSG, "the dead letter %llu cannot be retried: its arguments were too large to be kept; "
                            "delete it", l->number);
    subject_of_job(m, subject);
    eddy_await(store_again(l, subject, result));
    eddy_await(throw_away(l));
}

/* Does what is ordered with one letter. True: it was there. */
eddy_async(bool, treat_when_answered, (eddy_nats *, n), (const char *, command), (uint64_t, number))
{
    letter l = {.client = n, .message = eddy_await(eddy_nats_stream_get(n, DEAD, number)), .number = number};
    if (!l.message)
        return false;
    eddy_defer(eddy_nats_message_free, l.message);
    if (strcmp(command, "list") == 0)
        eddy_await(show(&l));
    else if (strcmp(command, "retry") == 0)
        eddy_await(queue_again(&l));
    else
        eddy_await(throw_away(&l));
    return true;
}

/* A letter whose job was stored and that was not deleted in time can be retried again: the job has the same id. */
eddy_async(bool, treat, (eddy_nats *, n), (const char *, command), (uint64_t, number))
{
    eddy_error err;
    bool was_there = eddy_await_for(treat_when_answered(n, command, number), command_patience, &err);
    if (err.code == ETIMEDOUT)
        eddy_raise(ETIMEDOUT, COMMAND_SILENCE, command_patience);
    if (err.code)
        eddy_reraise(&err);
    return was_there;
}

/* All of a stream that does not exist are none. */
eddy_async(eddy_nats_stream_state, state_of, (eddy_nats *, n), (const char *, stream))
{
    eddy_error err;
    eddy_nats_stream_state state = eddy_await_for(eddy_nats_stream_info(n, stream), command_patience, &err);
    if (err.code == ETIMEDOUT)
        eddy_raise(ETIMEDOUT, COMMAND_SILENCE, command_patience);
    if (err.code && err.code != ENOENT)
        eddy_reraise(&err);
    return err.code ? (eddy_nats_stream_state){.first = 1} : state;
}

/* Returns how many there were. */
eddy_async(size_t, treat_all, (eddy_nats *, n), (const char *, command))
{
    eddy_nats_stream_state state = eddy_await(state_of(n, DEAD));
    size_t count = 0;
    for (uint64_t number = state.first; state.messages && number <= state.last; number++)
        count += eddy_await(treat(n, command, number));
    return count;
}

eddy_async(void, list, (eddy_nats *, n))
{
    if (!eddy_await(treat_all(n, "list")))
        puts("there are no dead letters");
}

eddy_async(void, change, (eddy_nats *, n), (const struct order *, order))
{
    char *end;
    size_t count;
    if (strcmp(order->id, "all") == 0) {
        count = eddy_await(treat_all(n, order->command));
    } else {
        unsigned long long number = strtoull(order->id, &end, 10);
        eddy_nats_stream_state state = eddy_await(state_of(n, DEAD));
        if (*end || !number || !state.messages || !eddy_await(treat(n, order->command, number)))
            eddy_raise(ENOENT, "there is no dead letter %s; eddy jobs list shows them", order->id);
        count = 1;
    }
    printf("%zu dead letter%s %s\n", count, count == 1 ? "" : "s",
           strcmp(order->command, "retry") == 0 ? "queued again" : "deleted");
}

/* ==== the command line ==== */

eddy_async(void, obey, (const struct order *, order))
{
    eddy_async_with (n, eddy_nats_open(order->server)) {
        if (strcmp(order->command, "list") == 0)
            eddy_await(list(n));
        else if (strcmp(order->command, "top") == 0)
            eddy_await(top(n));
        else
            eddy_await(change(n, order));
    }
}

eddy_async(int, run, (const struct order *, order))
{
    eddy_error err;
    eddy_await(obey(order), &err);
    if (!err.code && fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    if (!err.code)
        fputs("eddy jobs: cannot write to standard output\n", stderr);
    else if (err.code == ENOENT || err.code == ETIMEDOUT) /* its message says all */
        fprintf(stderr, "eddy jobs: %s\n", err.message);
    else
        fprintf(stderr, "eddy jobs: %s%s%s\n", err.message, *err.message ? ": " : "", eddy_error_text(err.code));
    return 1;
}

/* False: it is no such number. */
static bool read_seconds(const char *text)
{
    char *end;
    command_patience = strtod(text, &end);
    return end != text && !*end && command_patience > 0 && command_patience < 1e9;
}

/* False: *why says what is wrong. */
static bool read_order(struct order *order, int argc, char **argv, const char **why)
{
    static const char *const commands[] = {"list", "top", "retry", "delete"};
    const char *words[2] = {NULL, NULL};
    int count = 0;
    *order = (struct order){.server = getenv("EDDY_JOBS")};
    for (int i = 1; i < argc; i++) {
        *why = "there are too many arguments, or an unknown option";
        if (strcmp(argv[i], "--server") == 0 && i + 1 < argc)
            order->server = argv[++i];
        else if (strcmp(argv[i], "--timeout") == 0 && i + 1 < argc)
            order->timeout = argv[++i];
        else if (count == 2 || argv[i][0] == '-')
            return false;
        else
            words[count++] = argv[i];
    }
    order->id = words[1];
    for (size_t i = 0; i < sizeof commands / sizeof commands[0] && words[0]; i++)
        if (strcmp(words[0], commands[i]) == 0)
            order->command = commands[i];
    bool takes_id = order->command && (strcmp(order->command, "retry") == 0 || strcmp(order->command, "delete") == 0);
    *why = !order->command           ? "the command is list, retry, delete or top"
           : takes_id && !order->id  ? "the ID of a dead letter is missing, or the word all"
           : !takes_id && order->id  ? "list and top take no ID"
           : order->timeout && !read_seconds(order->timeout)
               ? "--timeout is a number of seconds above 0"
           : !order->server || !*order->server
               ? "the server is missing: set EDDY_JOBS to nats://HOST, or give --server nats://HOST"
               : NULL;
    return !*why;
}

int main(int argc, char **argv)
{
    struct order order;
    const char *why;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help, stdout);
            return fflush(stdout) == 0 ? 0 : 1;
        }
    if (!read_order(&order, argc, argv, &why)) {
        fprintf(stderr, "eddy jobs: %s; see eddy jobs --help\n", why);
        return 2;
    }
    return eddy_run(run(&order));
}
