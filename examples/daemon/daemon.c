/* SPDX-License-Identifier: MIT */
/*
 * daemon.c - a server under systemd: answers each line with its length.
 *
 * systemd opens the socket (daemon.socket), is told when the server is ready, and ends it by SIGTERM: requests that
 * have begun are answered.  The loop itself feeds the watchdog (daemon.service), so a loop that is stuck is restarted.
 * Without systemd: daemon 7777.
 */
#include <eddy/keywords.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { GRACE = 10 /* seconds for requests that have begun; less than TimeoutStopSec */ };

// [notify]
/* What sd_notify does: a datagram to the service manager, if there is one. */
static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;
    int fd;
    if (length == 0 || length >= sizeof to.sun_path || (fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
        return;
    memcpy(to.sun_path, path, length);
    if (path[0] == '@') /* an abstract name */
        to.sun_path[0] = 0;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(fd);
}

/* Twice as often as systemd requires (WatchdogSec). A loop that is stuck does not send it. */
async(void, feed_watchdog)
{
    const char *period = getenv("WATCHDOG_USEC");
    for (double seconds = period ? atof(period) / 1e6 : 0; seconds > 0;) {
        notify("WATCHDOG=1");
        await(eddy_sleep(seconds / 2));
    }
}
// [notify]

// [handler]
async(void, serve, (eddy_stream *, s), (void *, argument))
{
    eddy_slice line;
    (void)argument;
    for (;;) {
        eddy_stream_set_idle(s, true); /* between requests: may be closed when the server ends */
        if (await(eddy_stream_read_line(s, &line)) == 0)
            return;
        eddy_stream_set_idle(s, false);
        await(eddy_stream_printf(s, "%zu\n", line.size - (line.data[line.size - 1] == '\n')));
    }
}
// [handler]

// [main]
async(void, told_to_end)
{
    async_for (number, eddy_signals(SIGTERM, SIGINT)) {
        (void)number;
        return;
    }
}

async(int, main_task, (int, port))
{
    eddy_server_options options = {
        .size = sizeof options,
        .port = port,
        .inherited = port == 0, /* the sockets that systemd has opened: LISTEN_FDS */
        .max_connections = 10000,
    };
    eddy_server *server = await(eddy_start_server_with_options(serve, (void *)NULL, &options));
    async_with (tasks, eddy_task_group()) {
        eddy_group_spawn(tasks, feed_watchdog());
        struct told_to_end *end = spawn_eager(told_to_end()); /* SIGTERM may come once it is ready */
        notify("READY=1");
        await(end);
        notify("STOPPING=1");
        await(eddy_server_close(server, GRACE));
        eddy_group_cancel(tasks);
    }
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_run(main_task(argc > 1 ? atoi(argv[1]) : 0));
}
// [main]
