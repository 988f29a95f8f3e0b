/* SPDX-License-Identifier: MIT */
/* cut.c - a write that is cut short by its timeout, and then continued */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <eddy/keywords.h>

enum { SIZE = 200000 };

// [cut]
async(void, send_patiently, (eddy_stream *, s), (const char *, data), (size_t, size))
{
    eddy_error err;
    for (size_t sent = 0; sent < size; sent += eddy_stream_sent(s)) {
        await_for(eddy_stream_write(s, data + sent, size - sent), 0.5, &err);
        if (!err.code)
            return;
        if (err.code != ETIMEDOUT)
            rethrow(&err);
        puts("the peer is slow");
        eddy_stream_continue(s); /* without this call the next write fails with EDDY_WRITE_CUT */
    }
}
// [cut]

async(void, reader, (eddy_stream *, s))
{
    static char buffer[SIZE];
    await(eddy_sleep(0.75));
    await(eddy_stream_read_exactly(s, buffer, SIZE));
    puts("all is there");
}

async(int, main_task)
{
    static char data[SIZE];
    eddy_stream *ends[2];
    await(eddy_stream_pair(ends));
    struct reader *t = spawn(reader(ends[1]));
    await(send_patiently(ends[0], data, SIZE));
    await(t);
    await(eddy_stream_close(ends[0]));
    await(eddy_stream_close(ends[1]));
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
