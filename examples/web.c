/* SPDX-License-Identifier: MIT */
/*
 * web.c - a small site:  web [PORT [FOLDER]]
 *
 *     curl localhost:8080/hello/Ada                    a route with a parameter
 *     curl -d 'buy milk' localhost:8080/notes          a body that is read as a whole; then GET /notes/1
 *     curl -T large.iso localhost:8080/count           a body that is read piece by piece
 *     curl -N localhost:8080/ticks                     a response that is sent piece by piece
 *     curl localhost:8080/files/                       the files of FOLDER (.)
 * Ctrl-C or SIGTERM ends it: idle connections at once, the others after their response.
 */
#include <eddy/keywords.h>
#include <eddy/http.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { MOST_NOTES = 1000 };
static char *notes[MOST_NOTES];
static int count;

// [hello]
async(void, hello, (eddy_http_request *, request), (eddy_http_response *, response))
{
    eddy_http_printf(response, "Hello, %s\n", eddy_http_param(request, "name"));
}
// [hello]

// [notes]
async(void, add_note, (eddy_http_request *, request), (eddy_http_response *, response))
{
    eddy_slice text = await(eddy_http_read_all(request->body)); /* too long: the client gets 413 */
    if (count == MOST_NOTES || !(notes[count] = strdup(text.data)))
        throw(ENOMEM, "%d notes are enough", count);
    char place[32];
    snprintf(place, sizeof place, "/notes/%d", ++count);
    response->status = 201;
    eddy_http_add_field(response, "Location", place);
}

async(void, show_note, (eddy_http_request *, request), (eddy_http_response *, response))
{
    int number = atoi(eddy_http_param(request, "number"));
    if (number < 1 || number > count) {
        response->status = 404;
        eddy_http_printf(response, "There is no note %d\n", number);
        return;
    }
    eddy_http_printf(response, "%s\n", notes[number - 1]);
}
// [notes]

// [pieces]
async(void, count_bytes, (eddy_http_request *, request), (eddy_http_response *, response))
{
    size_t size = 0;
    eddy_slice piece;
    while (await(eddy_http_read_some(request->body, &piece)))
        size += piece.size;
    eddy_http_printf(response, "%zu bytes\n", size);
}

async(void, ticks, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    for (int i = 1; i <= 5; i++) {
        eddy_http_printf(response, "tick %d\n", i);
        await(eddy_http_write(response, "", 0)); /* sends what was printed */
        await(eddy_sleep(1));
    }
}
// [pieces]

// [files]
async(void, files, (eddy_http_request *, request), (eddy_http_response *, response))
{
    int folder = *(int *)request->argument;
    await(eddy_http_send_file(response, folder, eddy_http_param(request, "*")));
}
// [files]

static void write_log(const eddy_http_access *access, void *argument)
{
    char line[1000];
    eddy_http_access_format(access, line, sizeof line);
    fprintf(argument, "%s\n", line);
}

// [main]
async(int, main_task, (int, port), (int, folder))
{
    const eddy_http_route routes[] = {
        {EDDY_HTTP_ROUTE("GET", "/hello/:name", hello)},
        {EDDY_HTTP_ROUTE("POST", "/notes", add_note)},
        {EDDY_HTTP_ROUTE("GET", "/notes/:number", show_note)},
        {EDDY_HTTP_ROUTE("PUT", "/count", count_bytes)},
        {EDDY_HTTP_ROUTE("GET", "/ticks", ticks)},
        {"GET", "/files/*", eddy_async_as(eddy_http_handler, files), &folder},
        {0},
    };
    eddy_error err;
    eddy_http_server *server = await(eddy_http_start_server(&(eddy_http_server_options){
        .host = "127.0.0.1", .port = port, .routes = routes, .gzip = true, .log = write_log, .log_argument = stderr}));
    printf("http://127.0.0.1:%d/hello/Ada\n", eddy_server_port(eddy_http_server_of(server)));
    fflush(stdout);
    async_for (number, eddy_signals(SIGTERM, SIGINT), &err)
        break;
    await(eddy_http_server_close(server, 5));
    return 0;
}
// [main]

int main(int argc, char **argv)
{
    if (argc > 3 || (argc > 1 && argv[1][strspn(argv[1], "0123456789")])) {
        fprintf(stderr, "usage: web [PORT [FOLDER]]\n");
        return 2;
    }
    int folder = open(argc > 2 ? argv[2] : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        perror(argc > 2 ? argv[2] : ".");
        return 1;
    }
    return eddy_run(main_task(argc > 1 ? atoi(argv[1]) : 0, folder));
}
