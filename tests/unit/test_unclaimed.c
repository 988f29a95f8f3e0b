/* SPDX-License-Identifier: MIT */
/* test_unclaimed.c - rules of the library's own objects that are never taken: none remains open, no descriptor, no
 * child. */
#include <netdb.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run_clean.h"

enum maker {
    OPENS_FILE,
    CONNECTS,
    CONNECTS_BY_PATH,
    TAKES_DESCRIPTORS,
    LOOKS_UP,
    STARTS_SERVER,
    STARTS_PROCESS,
    MAKERS
};

async(void, end, (eddy_stream *, s), (void *, argument))
{
    (void)s, (void)argument;
}

/* The listener, and the object that is taken over. */
struct world {
    eddy_server *server, *unix_server;
    int fds[2], port;
    char path[64];
};

/* A child that has not been reaped; the loop reaps it when it has ended. */
static bool has_child(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* A task that makes one of the objects. */
static eddy_task *spawn_maker(enum maker maker, struct world *world)
{
    static const char *const words[] = {"true", NULL};
    switch (maker) {
    case OPENS_FILE: return eddy_task_of(spawn(eddy_file_open("/dev/null", 0)));
    case CONNECTS: return eddy_task_of(spawn(eddy_open_connection("127.0.0.1", world->port)));
    case CONNECTS_BY_PATH: return eddy_task_of(spawn(eddy_open_unix_connection(world->path)));
    case TAKES_DESCRIPTORS: return eddy_task_of(spawn(eddy_open_descriptors(world->fds[0], world->fds[0])));
    case LOOKS_UP: return eddy_task_of(spawn(eddy_getaddrinfo("127.0.0.1", "80", NULL)));
    case STARTS_SERVER: return eddy_task_of(spawn(eddy_start_server(end, NULL, "127.0.0.1", 0)));
    default: return eddy_task_of(spawn(eddy_process_start(words, NULL)));
    }
}

async(void, nobody_takes, (enum maker, maker), (bool, detached))
{
    struct world world = {.fds = {-1, -1}};
    eddy_error err;
    snprintf(world.path, sizeof world.path, "@eddy-unclaimed-%d", (int)getpid());
    world.server = await(eddy_start_server(end, NULL, "127.0.0.1", 0));
    world.unix_server = await(eddy_start_unix_server(end, NULL, world.path));
    world.port = eddy_server_port(world.server);
    if (maker == TAKES_DESCRIPTORS)
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, world.fds) == 0);
    size_t tasks = eddy_all_tasks(NULL, NULL);
    eddy_task *t = eddy_keep(spawn_maker(maker, &world));
    if (detached)
        eddy_detach(t);
    else
        await(eddy_wait(&t, 1, EDDY_ALL_COMPLETED), &err);
    if (!detached)
        eddy_detach(t);
    while (eddy_all_tasks(NULL, NULL) > tasks || has_child())
        await(eddy_sleep(0.001));
    if (world.fds[1] >= 0)
        close(world.fds[1]);
    await(eddy_server_close(world.server, 5));
    await(eddy_server_close(world.unix_server, 5));
}

static void results_that_are_not_taken_are_closed(void **state)
{
    (void)state;
    for (int maker = 0; maker < MAKERS; maker++)
        for (int detached = 0; detached < 2; detached++)
            RUN_CLEAN(nobody_takes(maker, detached));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_that_are_not_taken_are_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
