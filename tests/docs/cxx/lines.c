/* SPDX-License-Identifier: MIT */
/* lines.c - the part in C: the async functions, and plain functions that start them. */
#include <eddy/keywords.h>
#include "lines.h"

async(void, main_task, (int, fd), (line_function, f), (void *, who))
{
    eddy_stream *s = await(eddy_open_descriptors(fd, -1));
    defer(eddy_stream_abort, s);
    for (eddy_slice line; await(eddy_stream_read_line(s, &line));)
        f(who, line.data, line.size);
}

int read_lines(int fd, line_function f, void *who)
{
    return eddy_run(main_task(fd, f, who));
}
