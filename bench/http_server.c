/* SPDX-License-Identifier: MIT */
/*
 * http_server.c - what http_requests.py asks eddy-http for: http_server FOLDER
 *
 * Prints its port; / is a small answer, /files/NAME a file of the folder. Runs until it is ended.
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <eddy/http.h>
#include <eddy/keywords.h>

static int folder;

async(void, hello, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    eddy_http_append(response, "Hello\n", 6);
}

async(void, file, (eddy_http_request *, request), (eddy_http_response *, response))
{
    await(eddy_http_send_file(response, folder, eddy_http_param(request, "*")));
}

static const eddy_http_route routes[] = {
    {EDDY_HTTP_ROUTE("GET", "/", hello)}, {EDDY_HTTP_ROUTE("GET", "/files/*", file)}, {0}};

async(void, serve)
{
    eddy_http_server *server =
        await(eddy_http_start_server(&(eddy_http_server_options){.host = "127.0.0.1", .routes = routes}));
    printf("%d\n", eddy_server_port(eddy_http_server_of(server)));
    fflush(stdout);
    await(eddy_sleep(INFINITY));
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    return folder < 0 ? 2 : eddy_run(serve());
}
