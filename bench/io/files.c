/* SPDX-License-Identifier: MIT */
/* files.c - `files copy|send PATH`: copies a file, or sends it over a connection, by Eddy; see file_bench.h. */
#include <eddy/keywords.h>

#include "file_bench.h"

async(void, copy, (const char *, path))
{
    char other[512];
    file_require(await(eddy_copy_file(path, file_other(path, other))) == file_size(path), "all of it was copied");
}

async(void, send_file, (const char *, path))
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", file_reader()));
    defer(eddy_stream_abort, s);
    file_require(await(eddy_sendfile(s, fd, 0, SIZE_MAX)) == file_size(path), "all of it was sent");
    close(fd);
}

async(int, main_task, (int, argc), (char **, argv))
{
    const char *what = file_arguments(argc, argv);
    file_begin();
    if (!strcmp(what, "copy"))
        await(copy(argv[2]));
    else
        await(send_file(argv[2]));
    file_end();
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_run(main_task(argc, argv));
}
