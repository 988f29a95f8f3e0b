/* SPDX-License-Identifier: MIT */
/* sendfile.c - a file is sent to a stream, and received at the other end */
#include <eddy/keywords.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_file(int *fd)
{
    close(*fd);
}

// [serve]
async(void, serve_file, (eddy_stream *, s), (int *, fd))
{
    struct stat facts;
    if (fstat(*fd, &facts) != 0)
        return;
    await(eddy_stream_printf(s, "%lld bytes\n", (long long)facts.st_size));
    await(eddy_sendfile(s, *fd, 0, SIZE_MAX));
}
// [serve]

async(int, main_task)
{
    char path[] = "/tmp/eddy-sendfile-XXXXXX", text[16];
    int fd = mkstemp(path);
    defer(close_file, &fd);
    unlink(path);
    await(eddy_pwrite(fd, "what it says", 12, 0));
    eddy_server *server = await(eddy_start_server(serve_file, &fd, "127.0.0.1", 0));
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    defer(eddy_stream_abort, s);
    eddy_slice line;
    await(eddy_stream_read_line(s, &line));
    printf("%.*s", (int)line.size, line.data);
    await(eddy_stream_read_exactly(s, text, 12));
    printf("%.12s\n", text);
    await(eddy_server_close(server, 1));
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
