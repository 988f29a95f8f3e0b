/* SPDX-License-Identifier: MIT */
/*
 * routes.c - a table of async handlers: functions as values, looked up by name, wrapped, called, awaited.
 *
 * `async_type` names the type of the handlers; `handler_of(f)` turns an async function into a value of that type,
 * and does not compile if the function has another signature. A row may have a wrapper around its handler, like a
 * decorator in Python.
 */
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct request {
    const char *path, *user;
};

struct response {
    int status;
    char text[64];
};

async_type(struct response, handler, (struct request, request));
async_type(struct response, wrapper, (handler, inner), (struct request, request));

struct route {
    const char *path;
    handler handle;
    wrapper wrap; /* NULL: none */
};

/* ---- the handlers ---- */

async(struct response, index_page, (struct request, request))
{
    struct response response = {.status = 200};
    snprintf(response.text, sizeof response.text, "welcome, %s", request.user ? request.user : "stranger");
    return response;
}

async(struct response, report, (struct request, request))
{
    await(eddy_sleep(2)); /* stands for a distant database */
    struct response response = {.status = 200};
    snprintf(response.text, sizeof response.text, "a report for %s", request.user);
    return response;
}

async(struct response, broken, (struct request, request))
{
    throw(EIO, "the disk behind %s is gone", request.path);
}

/* ---- the wrappers ---- */

async(struct response, with_login, (handler, inner), (struct request, request))
{
    if (!request.user)
        return (struct response){401, "who are you?"};
    return await(inner(request));
}

async(struct response, with_deadline, (handler, inner), (struct request, request))
{
    eddy_error err;
    struct response response = await_for(inner(request), 1.0, &err);
    if (err.code == ETIMEDOUT)
        return (struct response){504, "too slow"};
    if (err.code)
        rethrow(&err);
    return response;
}

/* ---- the server's heart ---- */

async(struct response, dispatch, (const struct route *, routes), (struct request, request))
{
    for (const struct route *route = routes; route->path; route++) {
        if (strcmp(route->path, request.path) != 0)
            continue;
        eddy_error err;
        struct response response =
            route->wrap ? await(route->wrap(route->handle, request), &err) : await(route->handle(request), &err);
        if (err.code) {
            response.status = 500;
            snprintf(response.text, sizeof response.text, "%s", err.message);
        }
        return response;
    }
    return (struct response){404, "no such page"};
}

async(void, serve, (const struct route *, routes), (struct request, request))
{
    struct response response = await(dispatch(routes, request));
    printf("%-10s %-5s %d %s\n", request.path, request.user ? request.user : "-", response.status, response.text);
}

async(void, main_task)
{
    const struct route routes[] = {
        {"/", handler_of(index_page), NULL},
        {"/report", handler_of(report), wrapper_of(with_login)},
        {"/quick", handler_of(report), wrapper_of(with_deadline)},
        {"/broken", handler_of(broken), NULL},
        {NULL, NULL, NULL},
    };
    const struct request requests[] = {{"/", NULL},       {"/", "ann"},     {"/report", NULL}, {"/report", "bob"},
                                       {"/quick", "eve"}, {"/broken", "x"}, {"/none", NULL}};
    async_with (group, eddy_task_group()) {
        for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
            eddy_group_spawn(group, serve(routes, requests[i])); /* all at once: slow ones are answered last */
    }
}

int main(void)
{
    return eddy_run(main_task());
}
