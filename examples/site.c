/* SPDX-License-Identifier: MIT */
/*
 * site.c - the site of site.h as a program:  site [PORT]
 *
 * Prints its address; Ctrl-C or SIGTERM stops it, after the requests that are under way.
 */
#include "site.h"

#include <signal.h>

async(void, stop, (eddy_server *, site))
{
    await(eddy_server_close(site, 5));
}

/* Until SIGTERM; Ctrl-C cancels the main task instead. */
async(void, told_to_end)
{
    async_for (number, eddy_signals(SIGTERM)) {
        (void)number;
        return;
    }
}

async(int, main_task, (int, port))
{
    eddy_error err;
    eddy_server *site = await(site_start(port));
    printf("http://127.0.0.1:%d/  (Ctrl-C or SIGTERM ends it)\n", eddy_server_port(site));
    fflush(stdout);
    await_always(told_to_end(), &err);
    await(stop(site));
    if (err.code)
        rethrow(&err); /* Ctrl-C: status 130 */
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_run(main_task(argc > 1 ? atoi(argv[1]) : 0));
}
