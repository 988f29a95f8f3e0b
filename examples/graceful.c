/* SPDX-License-Identifier: MIT */
/* graceful.c - a program that stops in order when told to: SIGTERM or Ctrl-C; SIGHUP makes it read its settings. */
#include <signal.h>
#include <stdio.h>

#include <eddy/keywords.h>

struct service {
    int settings; /* how often the settings were read */
    int served;
};

async(void, serve, (struct service *, service))
{
    for (;;) {
        await(eddy_sleep(0.01));
        service->served++;
    }
}

// [signals]
/* Returns when the program should end. */
async(int, obey_signals, (struct service *, service))
{
    async_for (number, eddy_signals(SIGTERM, SIGINT, SIGHUP)) {
        if (number != SIGHUP)
            return number;
        printf("settings read: %d\n", ++service->settings);
    }
    return 0;
}

async(int, main_task)
{
    struct service service = {.settings = 0};
    struct serve *server = spawn(serve(&service));
    int number = await(obey_signals(&service));
    printf("asked to end by %s\n", number == SIGTERM ? "SIGTERM" : "Ctrl-C");
    eddy_cancel(server); /* its clean-up runs */
    eddy_error err;
    await(server, &err);
    printf("it was %s and had %s\n", eddy_error_name(err.code), service.served > 0 ? "served" : "not served");
    return 0;
}
// [signals]

/* Sends the signals that normally come from outside. */
async(void, stand_in)
{
    const int numbers[] = {SIGHUP, SIGHUP, SIGTERM};
    for (int i = 0; i < 3; i++) {
        await(eddy_sleep(0.1));
        raise(numbers[i]);
    }
}

async(int, demonstrate)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, stand_in());
        await(main_task());
    }
    return 0;
}

int main(void)
{
    return eddy_run(demonstrate());
}
