/* SPDX-License-Identifier: MIT */
/*
 * web_chat.c - a chat over WebSockets:  web_chat [PORT], then open the page it prints in two windows.
 *
 * What one person says goes into the queue of each other one, and a task for each person sends from there: a slow
 * reader loses messages, and does not hold up the others. Ctrl-C or SIGTERM ends it; the browsers are told so.
 */
#include <eddy/keywords.h>
#include <eddy/http.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char page[] =
    "<!doctype html><meta charset=utf-8><title>Chat</title>\n"
    "<form><input autofocus placeholder=\"say something\"></form><pre></pre>\n"
    "<script>\n"
    "const socket = new WebSocket(`ws://${location.host}/chat`), field = document.querySelector('input');\n"
    "const show = line => document.querySelector('pre').append(line + '\\n');\n"
    "socket.onmessage = event => show(event.data);\n"
    "socket.onclose = event => show(`closed: ${event.code}`);\n"
    "document.forms[0].onsubmit = () => { socket.send(field.value); field.value = ''; return false; };\n"
    "</script>\n";

struct line {
    char text[300];
};
typedef queue_of(struct line) lines;

struct person {
    lines to_send;
    struct person *next, **link;
};

static struct person *everybody;

// [chat]
static void tell_all(const char *words)
{
    struct line line;
    snprintf(line.text, sizeof line.text, "%s", words);
    for (struct person *one = everybody; one; one = one->next)
        if (!eddy_queue_full(&one->to_send))
            eddy_queue_try_put(&one->to_send, line);
}

static void leave(struct person *person)
{
    if ((*person->link = person->next))
        person->next->link = person->link;
    eddy_queue_free(&person->to_send);
}

async(void, pass_on, (eddy_http_websocket *, ws), (struct person *, person))
{
    for (;;) {
        struct line line = await(eddy_queue_get(&person->to_send));
        await(eddy_http_websocket_send(ws, line.text));
    }
}

async(void, chat, (eddy_http_request *, request), (eddy_http_response *, response))
{
    const eddy_http_websocket_options options = {.max_message = sizeof(struct line) - 1};
    eddy_http_websocket *ws = await(eddy_http_websocket_accept(request, response, &options));
    struct person person = {.next = everybody, .link = &everybody};
    eddy_queue_init(&person.to_send, 100);
    if (everybody)
        everybody->link = &person.next;
    everybody = &person;
    defer(leave, &person);
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, pass_on(ws, &person));
        async_for (message, eddy_http_messages(ws))
            tell_all(message.data);
        eddy_group_cancel(group); /* the person has gone */
    }
}
// [chat]

async(void, home, (eddy_http_request *, request), (eddy_http_response *, response))
{
    (void)request;
    response->type = "text/html; charset=utf-8";
    eddy_http_append(response, page, sizeof page - 1);
}

async(int, main_task, (int, port))
{
    static const eddy_http_route routes[] = {
        {EDDY_HTTP_ROUTE("GET", "/", home)},
        {EDDY_HTTP_ROUTE("GET", "/chat", chat)},
        {0},
    };
    eddy_error err;
    eddy_http_server *server = await(
        eddy_http_start_server(&(eddy_http_server_options){.host = "127.0.0.1", .port = port, .routes = routes}));
    printf("http://127.0.0.1:%d/\n", eddy_server_port(eddy_http_server_of(server)));
    fflush(stdout);
    async_for (number, eddy_signals(SIGTERM, SIGINT), &err)
        break;
    await(eddy_http_server_close(server, 5));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 || (argc > 1 && argv[1][strspn(argv[1], "0123456789")])) {
        fprintf(stderr, "usage: web_chat [PORT]\n");
        return 2;
    }
    return eddy_run(main_task(argc > 1 ? atoi(argv[1]) : 0));
}
