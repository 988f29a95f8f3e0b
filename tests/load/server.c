/* SPDX-License-Identifier: MIT */
/*
 * server.c - the server that clients.c puts under load. A request is a line:
 *
 *     ECHO n     followed by n bytes, which come back
 *     GIVE n     n bytes come back
 *     STATE      "blocks descriptors connections kilobytes": what the process holds, in kilobytes resident
 *
 * Prints "listening PORT" when it listens. A client that takes longer than PATIENCE for a request is disconnected.
 */
#include <dirent.h>
#include <eddy/keywords.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/memory.h"

enum { PATIENCE = 30 };

static eddy_server *server;

static int open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (folder && readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* Without memory that has been freed and that malloc keeps. */
static long resident(void)
{
    long pages = 0, all;
    malloc_trim(0);
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld %ld", &all, &pages) != 2)
        pages = 0;
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

async(void, echo, (eddy_stream *, s), (size_t, size))
{
    char part[1024];
    while (size) {
        size_t got = await(eddy_stream_read(s, part, size < sizeof part ? size : sizeof part));
        if (got == 0)
            throw(EDDY_INCOMPLETE_READ, "%zu bytes are missing", size);
        await(eddy_stream_write(s, part, got));
        size -= got;
    }
}

async(void, give, (eddy_stream *, s), (size_t, size))
{
    static const char bytes[65536];
    while (size) {
        size_t part = size < sizeof bytes ? size : sizeof bytes;
        await(eddy_stream_write(s, bytes, part));
        size -= part;
    }
}

/* False: the client has disconnected. */
async(bool, answer, (eddy_stream *, s))
{
    char text[64], word[8];
    size_t size = 0;
    eddy_slice line;
    if (await(eddy_stream_read_line(s, &line)) == 0)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)line.size, line.data);
    int count = sscanf(text, "%7s %zu", word, &size);
    if (count == 2 && !strcmp(word, "ECHO"))
        await(echo(s, size));
    else if (count == 2 && !strcmp(word, "GIVE"))
        await(give(s, size));
    else if (count == 1 && !strcmp(word, "STATE"))
        await(eddy_stream_printf(s, "%ld %d %zu %ld\n", memory_live_blocks(), open_descriptors(),
                                 eddy_server_connections(server), resident()));
    else
        throw(EBADMSG, "no request: %s", text);
    return true;
}

async(void, serve, (eddy_stream *, s), (void *, nothing))
{
    eddy_error err = {0}; /* for a client that misbehaves: it is disconnected */
    (void)nothing;
    do
        eddy_stream_set_deadline(s, eddy_time() + PATIENCE);
    while (await(answer(s), &err) && !err.code);
}

async(void, main_task)
{
    server = await(eddy_start_server(serve, (void *)NULL, "127.0.0.1", 0));
    printf("listening %d\n", eddy_server_port(server));
    fflush(stdout);
    await(eddy_sleep(INFINITY));
}

int main(void)
{
    return eddy_run(main_task());
}
