/* SPDX-License-Identifier: MIT */
/* higher_order.c - async functions as values: in tables, as parameters, in structs, converted with a check. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

struct request {
    const char *path;
    int depth;
};

struct response {
    int status;
    char text[40];
};

async_type(struct response, handler, (struct request, request));
async_type(int, operation, (int, n));
async_type(void, action);
async_type(void *, finder, (const char *, name), (void **, table));

async(struct response, index_page, (struct request, request))
{
    await(eddy_sleep(0));
    return (struct response){200 + request.depth, "index"};
}

async(struct response, echo, (struct request, request))
{
    struct response response = {.status = 200 + request.depth};
    snprintf(response.text, sizeof response.text, "%s", request.path);
    return response;
}

async(struct response, broken, (struct request, request))
{
    throw(EIO, "no %s", request.path);
}

async(int, increment, (int, number)) /* another parameter name: the same type */
{
    return number + 1;
}

async(int, square, (int, n))
{
    await(eddy_sleep(0));
    return n * n;
}

async(void, act)
{
    note("act ");
}

async(void *, find_second, (const char *, name), (void **, table))
{
    return *name == 's' ? table[1] : NULL;
}

async(int, twice, (operation, function), (int, n))
{
    return await(function(await(function(n))));
}

async(int, with_retries, (operation, function), (int, n), (int, tries))
{
    eddy_error err;
    int v = await(function(n), &err);
    if (err.code && tries > 1)
        return await(with_retries(function, n, tries - 1));
    if (err.code)
        rethrow(&err);
    return v;
}

static int failures_left;

async(int, flaky, (int, n))
{
    if (failures_left-- > 0)
        throw(EAGAIN, "again");
    return n;
}

struct route {
    const char *path;
    handler handle;
};

async(struct response, dispatch, (const struct route *, routes), (int, count), (struct request, request))
{
    for (int i = 0; i < count; i++)
        if (!strcmp(routes[i].path, request.path))
            return await(routes[i].handle(request));
    return (struct response){404, ""};
}

static const struct route fixed[] = {{"/echo", async_as(handler, echo)}, {"/broken", async_as(handler, broken)}};

/* The other places in which C wants a constant, before the function is defined. */
async_declare(int, defined_later, (int, n));
static const operation only_functions[] = {async_as(operation, increment),
                                           [2] = eddy_async_as(operation, defined_later)};
static const operation rows_of_functions[2][1] = {{async_as(operation, square)}, {async_as(operation, defined_later)}};
static const operation *const address_of_table = only_functions;
/* The short spelling that decision 042 shows. */
#define constant_operation(function) async_as(operation, function)
static const operation in_short[] = {constant_operation(increment)};

async_define(int, defined_later, (int, n))
{
    await(eddy_sleep(0));
    return n * 10;
}

async(void, constants)
{
    CHECK(await(only_functions[0](5)) == 6 && only_functions[1] == NULL && await(only_functions[2](5)) == 50);
    CHECK(await(rows_of_functions[0][0](5)) == 25 && await(rows_of_functions[1][0](5)) == 50);
    CHECK(await(address_of_table[2](6)) == 60 && await(in_short[0](6)) == 7);
    const operation *compound = (const operation[]){async_as(operation, square), async_as(operation, defined_later)};
    CHECK(await(compound[0](6)) == 36 && await(compound[1](6)) == 60);
}

async(void, static_tables)
{
    await(constants());
    struct response r = await(dispatch(fixed, 2, (struct request){"/echo", 3}));
    CHECK(r.status == 203);
    static const struct route inside[] = {{"/", async_as(handler, index_page)}};
    r = await(inside[0].handle((struct request){"/", 1}));
    CHECK(r.status == 201 && !strcmp(r.text, "index"));
}

async(void, tables)
{
    await(static_tables());
    eddy_error err;
    struct route routes[] = {
        {"/", handler_of(index_page)}, {"/echo", async_as(handler, echo)}, {"/broken", handler_of(broken)}};
    struct response r = await(dispatch(routes, 3, (struct request){"/", 0}));
    CHECK(r.status == 200 && !strcmp(r.text, "index"));
    r = await(dispatch(routes, 3, (struct request){"/echo", 7}));
    CHECK(r.status == 207 && !strcmp(r.text, "/echo"));
    r = await(dispatch(routes, 3, (struct request){"/none", 0}));
    CHECK(r.status == 404);
    await(dispatch(routes, 3, (struct request){"/broken", 0}), &err);
    CHECK(err.code == EIO && !strcmp(err.message, "no /broken"));
    struct handler *t = spawn(routes[1].handle((struct request){"spawned", 1})); /* a handle of the function's type */
    r = await(t);
    CHECK(r.status == 201 && !strcmp(r.text, "spawned"));
}

async(void, parameters)
{
    CHECK(await(twice(operation_of(increment), 5)) == 7 && await(twice(operation_of(square), 3)) == 81);
    failures_left = 2;
    CHECK(await(with_retries(operation_of(flaky), 9, 3)) == 9);
    failures_left = 3;
    eddy_error err;
    await(with_retries(async_as(operation, flaky), 9, 3), &err);
    CHECK(err.code == EAGAIN);
    operation chosen = failures_left < 0 ? operation_of(square) : operation_of(increment);
    struct operation value = chosen(4); /* stored, and run later */
    CHECK(await(value) == 5);
    action a = action_of(act);
    await(a());
    await(a());
    CHECK_LOG("act act ");
    void *table[] = {&err, &value};
    finder f = finder_of(find_second);
    CHECK(await(f("second", table)) == &value && await(f("first", table)) == NULL);
    int slot = 0;
    async_with (group, eddy_task_group())
        eddy_group_spawn(group, chosen(41), &slot);
    CHECK(slot == 42);
}

async(int, main_task)
{
    await(tables());
    await(parameters());
    return 0;
}

/* What the compiler cannot know is checked at the conversion: this function's type does not fit. */
static void convert_wrongly(void)
{
    void *volatile hidden = (void *)(uintptr_t)echo;
    operation o = operation_of(hidden);
    (void)o;
}

int main(void)
{
    CHECK(check_aborts(convert_wrongly, "echo"));
    CHECK(check_aborts(convert_wrongly, "operation"));
    return eddy_run(main_task());
}
