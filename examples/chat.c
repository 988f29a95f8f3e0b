/* SPDX-License-Identifier: MIT */
/*
 * chat.c - a chat server, where each line is a message: chat 7777, then `nc localhost 7777` as often as there are
 * people.
 *
 * The first line is the name. A message goes into the queue of each other person, and a task for each person writes
 * from there. A slow reader loses messages, and does not hold up the others. SIGTERM or Ctrl-C ends it. Without a
 * port it runs a demonstration with three people.
 */
#include <eddy/keywords.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LINE = 200, MOST_WAITING = 100 };
struct message {
    char text[MOST_LINE + 64];
};
typedef queue_of(struct message) message_queue;

struct person {
    char name[32];
    message_queue to_say; /* lines that were not sent to the person yet */
    struct person *next, **link;
};

__attribute__((format(printf, 3, 4))) static void tell_others(struct person *everybody, const struct person *from,
                                                              const char *format, ...)
{
    struct message message;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message.text, sizeof message.text, format, arguments);
    va_end(arguments);
    for (struct person *one = everybody; one; one = one->next)
        if (one != from && !eddy_queue_full(&one->to_say) && !eddy_queue_try_put(&one->to_say, message))
            fprintf(stderr, "no memory for a message to %s\n", one->name);
}

static void enter(struct person **everybody, struct person *person)
{
    person->link = everybody;
    if ((person->next = *everybody))
        person->next->link = &person->next;
    *everybody = person;
}

static void leave(struct person *person)
{
    if ((*person->link = person->next))
        person->next->link = person->link;
    eddy_queue_free(&person->to_say);
}

async(void, pass_on, (eddy_stream *, s), (struct person *, person))
{
    for (;;) {
        struct message message = await(eddy_queue_get(&person->to_say));
        await(eddy_stream_write(s, message.text, strlen(message.text)));
    }
}

async(void, attend, (eddy_stream *, s), (struct person **, everybody))
{
    eddy_slice line;
    struct person person = {0};
    eddy_stream_set_limit(s, MOST_LINE);
    eddy_stream_set_idle(s, true); /* a person who has not begun a line does not delay the end */
    if (await(eddy_stream_read_line(s, &line)) < 2)
        return;
    snprintf(person.name, sizeof person.name, "%.*s", (int)line.size - 1, line.data);
    eddy_queue_init(&person.to_say, MOST_WAITING);
    enter(everybody, &person);
    defer(leave, &person);
    tell_others(*everybody, &person, "%s is here\n", person.name);
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, pass_on(s, &person));
        while (await(eddy_stream_read_line(s, &line)))
            tell_others(*everybody, &person, "%s: %.*s", person.name, (int)line.size, line.data);
        eddy_group_cancel(group);
    }
    tell_others(*everybody, &person, "%s has gone\n", person.name);
}

/* A person of the demonstration. */
async(void, visit, (int, port), (const char *, name), (double, after), (const char *, words))
{
    eddy_error err;
    eddy_slice line;
    await(eddy_sleep(after));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", port));
    defer(eddy_stream_abort, s);
    await(eddy_stream_printf(s, "%s\n", name));
    await(eddy_sleep(3));
    await(eddy_stream_printf(s, "%s\n", words));
    eddy_stream_set_deadline(s, eddy_time() + 3);
    while (await(eddy_stream_read_line(s, &line), &err))
        printf("%s reads: %.*s", name, (int)line.size, line.data);
    if (err.code != ETIMEDOUT && err.code != 0)
        rethrow(&err);
}

async(void, show, (int, port))
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, visit(port, "ann", 0, "who was that?"));
        eddy_group_spawn(group, visit(port, "bob", 1, "me"));
        eddy_group_spawn(group, visit(port, "eve", 2, "good night"));
    }
}

async(int, told_to_end)
{
    async_for (number, eddy_signals(SIGTERM, SIGINT))
        return number;
    return 0;
}

async(int, main_task, (bool, shows), (int, port))
{
    struct person *everybody = NULL;
    eddy_server *server = await(eddy_start_server(attend, &everybody, shows ? "127.0.0.1" : "", port));
    if (shows) {
        await(show(eddy_server_port(server)));
    } else {
        printf("listening on %d\n", eddy_server_port(server));
        fflush(stdout);
        (void)await(told_to_end());
    }
    await(eddy_server_close(server, 1));
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_run(main_task(argc < 2, argc > 1 ? atoi(argv[1]) : 0));
}
