/* SPDX-License-Identifier: MIT */
/*
 * handover.c - privilege separation: a keeper opens files for a worker that may not, and hands the descriptors over.
 *
 * They talk over a Unix socket: a line with a name goes there, a descriptor comes back along with the answer. The
 * keeper opens only files on its list. Here both run in one process, for demonstration; a real program forks the
 * worker and drops its privileges.
 */
#include <eddy/keywords.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const allowed[] = {"/proc/self/comm", "/dev/zero"};

static void close_descriptor(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static int open_if_allowed(const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (strlen(allowed[i]) == size && memcmp(allowed[i], name, size) == 0)
            return open(allowed[i], O_RDONLY | O_CLOEXEC);
    return -1;
}

/* ---- the keeper: a server at an abstract Unix socket ---- */

async(void, keep, (eddy_stream *, s), (int *, refused))
{
    for (eddy_slice line; await(eddy_stream_read_line(s, &line)) > 1;) {
        int fd = open_if_allowed(line.data, line.size - 1);
        defer(close_descriptor, &fd); /* the peer has a copy of the descriptor */
        if (fd < 0)
            ++*refused;
        // [send]
        await(eddy_stream_send_descriptors(s, fd < 0 ? "-" : "+", 1, &fd, fd < 0 ? 0 : 1));
        // [send]
    }
}

/* ---- the worker ---- */

async(int, ask_for, (eddy_stream *, keeper), (const char *, name))
{
    await(eddy_stream_printf(keeper, "%s\n", name));
    // [receive]
    char answer;
    int fd = -1;
    size_t count = 1;
    await(eddy_stream_receive_descriptors(keeper, &answer, 1, &fd, &count));
    // [receive]
    return count == 1 && answer == '+' ? fd : -1;
}

async(void, work, (const char *, path))
{
    static const char *const names[] = {"/proc/self/comm", "/etc/shadow", "/dev/zero"};
    eddy_stream *keeper = await(eddy_open_unix_connection(path));
    defer(eddy_stream_abort, keeper);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[4];
        int fd = await(ask_for(keeper, names[i]));
        defer(close_descriptor, &fd);
        if (fd < 0) {
            printf("%s: the keeper says no\n", names[i]);
            continue;
        }
        size_t size = await(eddy_pread(fd, text, sizeof text, 0));
        printf("%s: %zu bytes, the first is %d\n", names[i], size, text[0]);
    }
}

async(int, main_task)
{
    char path[64];
    int refused = 0;
    snprintf(path, sizeof path, "@handover-%d", (int)getpid());
    eddy_server *server = await(eddy_start_unix_server(keep, &refused, path));
    await(work(path));
    await(eddy_server_close(server, 1));
    printf("%d request refused\n", refused);
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
