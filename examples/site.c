/* SPDX-License-Identifier: MIT */
/*
 * site.c - the site of site.h as a program:  site [PORT]
 *
 * Says where it can be visited; Ctrl-C stops it, after the requests that are under way.
 */
#include "site.h"

#include <math.h>

async(void, stop, (eddy_server *, site))
{
    await(eddy_server_close(site, 5));
}

async(int, main_task, (int, port))
{
    eddy_error err;
    eddy_server *site = await(site_start(port));
    printf("http://127.0.0.1:%d/  (Ctrl-C ends it)\n", eddy_server_port(site));
    fflush(stdout);
    await_always(eddy_sleep(INFINITY), &err);
    await(stop(site));
    rethrow(&err);
}

int main(int argc, char **argv)
{
    return eddy_run(main_task(argc > 1 ? atoi(argv[1]) : 0));
}
