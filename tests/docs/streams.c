/* SPDX-License-Identifier: MIT */
/* streams.c - streams in memory, pipes, and the less usual ways to read and write */
#include <eddy/keywords.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

// [some]
/* The bytes are written from the buffer they arrived in; an idle connection holds no buffer. */
async(void, echo, (eddy_stream *, s))
{
    for (eddy_slice bytes; await(eddy_stream_read_some(s, &bytes));)
        await(eddy_stream_write(s, bytes.data, bytes.size));
}
// [some]

// [any]
async(void, read_fields, (eddy_stream *, s))
{
    static const eddy_slice ends[] = {{",", 1}, {"\r\n", 2}};
    eddy_slice field;
    eddy_error err;
    while (await(eddy_stream_read_until_any(s, ends, 2, &field), &err))
        printf("field: %d bytes\n", (int)field.size);
    if (err.code == EDDY_INCOMPLETE_READ)
        printf("left over: %d bytes\n", (int)eddy_stream_partial(s).size);
}
// [any]

// [writev]
async(void, send_message, (eddy_stream *, s), (const char *, body))
{
    char head[32];
    int size = snprintf(head, sizeof head, "length %zu\n", strlen(body));
    eddy_slice parts[] = {{head, (size_t)size}, {body, strlen(body)}};
    await(eddy_stream_writev(s, parts, 2));
}
// [writev]

// [deadline]
async(void, read_request, (eddy_stream *, s), (eddy_slice *, line))
{
    eddy_stream_set_deadline(s, eddy_time() + 10); /* limits the whole request, however slowly its bytes arrive */
    await(eddy_stream_read_line(s, line));
    eddy_stream_set_deadline(s, INFINITY);
}
// [deadline]

// [pair]
async(void, over_memory)
{
    eddy_stream *ends[2];
    eddy_slice line;
    await(eddy_stream_pair(ends));
    defer(eddy_stream_abort, ends[0]);
    defer(eddy_stream_abort, ends[1]);
    struct echo *mirror = spawn(echo(ends[1]));
    await(eddy_stream_printf(ends[0], "hello\n"));
    await(eddy_stream_read_line(ends[0], &line));
    printf("%.*s", (int)line.size, line.data);
    await(eddy_stream_write_eof(ends[0]));
    await(mirror);
}
// [pair]

async(void, over_a_pipe)
{
    eddy_slice line;
    eddy_error err;
    eddy_stream *reader, *writer;
    await(eddy_open_pipe(&reader, &writer));
    defer(eddy_stream_abort, reader);
    await(send_message(writer, "a,bc\r\nrest"));
    await(read_request(reader, &line));
    printf("%.*s", (int)line.size, line.data);
    await(eddy_stream_close(writer));
    await(read_fields(reader));
    eddy_stream_set_deadline(reader, eddy_time());
    await(eddy_stream_read_line(reader, &line), &err);
    printf("%s\n", eddy_error_name(err.code));
}

async(int, main_task)
{
    await(over_memory());
    await(over_a_pipe());
    return 0;
}

int main(void) { return eddy_run(main_task()); }
