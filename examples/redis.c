/* SPDX-License-Identifier: MIT */
/*
 * redis.c - a client of Redis, by its protocol RESP2:
 *
 *     redis HOST:PORT COMMAND [ARGUMENT...]     one command, and its reply
 *     redis HOST:PORT                           a pipeline: a thousand commands under way at a time
 */
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIPELINE = 1000, DEPTH = 8 }; /* how deep arrays may be nested */

/* A command is an array of strings, each with its length in front. */
async(void, send_command, (eddy_stream *, s), (char **, words), (int, count))
{
    eddy_buffer text = {0};
    defer(eddy_buffer_free, &text);
    char head[32];
    bool fits = eddy_buffer_append(&text, head, (size_t)snprintf(head, sizeof head, "*%d\r\n", count));
    for (int i = 0; i < count && fits; i++)
        fits = eddy_buffer_append(&text, head, (size_t)snprintf(head, sizeof head, "$%zu\r\n", strlen(words[i]))) &&
               eddy_buffer_append(&text, words[i], strlen(words[i])) && eddy_buffer_append(&text, "\r\n", 2);
    if (!fits)
        throw(ENOMEM, "a command of %d words", count);
    await(eddy_stream_write(s, text.data, text.size));
}

async(void, print_bulk, (eddy_stream *, s), (long long, size))
{
    char *text = malloc((size_t)size + 2);
    if (!text)
        throw(ENOMEM, "a string of %lld bytes", size);
    defer(free, text);
    await(eddy_stream_read_exactly(s, text, (size_t)size + 2));
    putchar('"');
    fwrite(text, 1, (size_t)size, stdout);
    puts("\"");
}

/* The line's kind is its first byte; its number, if it has one, goes to *number. */
async(char, read_head, (eddy_stream *, s), (eddy_slice *, line), (long long *, number))
{
    await(eddy_stream_read_until(s, "\r\n", line));
    *number = strtoll(line->data + 1, NULL, 10);
    return line->data[0];
}

async(void, print_reply, (eddy_stream *, s), (int, depth))
{
    eddy_slice line;
    long long number, i;
    char kind = await(read_head(s, &line, &number));
    if (kind == '+' || kind == '-')
        printf("%s%.*s\n", kind == '-' ? "error: " : "", (int)line.size - 3, line.data + 1);
    else if (kind == ':')
        printf("%lld\n", number);
    else if ((kind != '$' && kind != '*') || depth > DEPTH)
        throw(EBADMSG, "a reply of kind '%c', %d arrays deep", kind, depth);
    else if (number < 0)
        puts("(nil)");
    else if (kind == '$')
        await(print_bulk(s, number));
    else
        for (i = 0; i < number; i++) {
            printf("%*s%lld) ", i ? 3 * depth : 0, "", i + 1);
            await(print_reply(s, depth + 1));
        }
}

async(void, send_many, (eddy_stream *, s), (int, count))
{
    for (int i = 0; i < count; i++)
        await(send_command(s, (char *[]){"INCR", "eddy:counter"}, 2));
}

/* The next command is sent without waiting for a reply: one task sends, the other reads. */
async(void, pipeline, (eddy_stream *, s), (int, count))
{
    eddy_slice line;
    long long first = 0, number = 0;
    struct send_many *sender = spawn(send_many(s, count));
    for (int i = 0; i < count; i++) {
        if (await(read_head(s, &line, &number)) != ':')
            throw(EBADMSG, "INCR: %.*s", (int)line.size - 3, line.data + 1);
        first = i ? first : number;
    }
    await(sender);
    printf("%d replies, %s\n", count, number == first + count - 1 ? "in order" : "out of order");
}

async(void, main_task, (char *, place), (char **, words), (int, count))
{
    char *colon = strrchr(place, ':');
    if (!colon)
        throw(EINVAL, "HOST:PORT, not %s", place);
    *colon = 0;
    eddy_stream *s = await(eddy_open_connection(place, atoi(colon + 1)));
    defer(eddy_stream_abort, s);
    if (count == 0) {
        await(pipeline(s, PIPELINE));
    } else {
        await(send_command(s, words, count));
        await(print_reply(s, 0));
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return eddy_run(main_task(argv[1], argv + 2, argc - 2));
    fprintf(stderr, "usage: redis HOST:PORT [COMMAND [ARGUMENT...]]\n");
    return 2;
}
