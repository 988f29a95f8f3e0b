/* SPDX-License-Identifier: MIT */
/* loop.c - calls that the loop makes, descriptors that it watches, and a loop with options */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <eddy/keywords.h>

// [call]
static void say(const char *text)
{
    printf("%.1f %s\n", eddy_time(), text);
}

async(void, calls)
{
    double start = eddy_time();
    eddy_call_soon(say, "soon");
    eddy_handle *never = eddy_call_later(2, say, "never");
    eddy_call_at(start + 1, say, "a second later");
    eddy_handle_cancel(never);
    await(eddy_sleep(3));
}
// [call]

// [reader]
static void readable(int fd)
{
    char byte;
    if (read(fd, &byte, 1) == 1)
        printf("got '%c'\n", byte);
    else
        eddy_remove_reader(fd);
}

async(void, watch_a_pipe)
{
    int ends[2];
    if (pipe(ends) != 0)
        throw(errno, "a pipe");
    int error = eddy_add_reader(ends[0], readable, ends[0]);
    if (error)
        throw(error, "watching a pipe");
    if (write(ends[1], "ab", 2) != 2)
        throw(EIO, "writing to a pipe");
    close(ends[1]);
    await(eddy_sleep(0.1));
    eddy_remove_reader(ends[0]); /* before fd is closed */
    close(ends[0]);
}
// [reader]

// [handler]
static void unseen(const eddy_error *error, void *argument)
{
    char text[1000];
    eddy_error_format(error, text, sizeof text);
    fprintf(argument, "nobody saw %s\n", eddy_error_name(error->code));
}

async(void, fails)
{
    throw(EIO, "in the background");
}

async(void, with_handler)
{
    eddy_set_exception_handler(unseen, stdout);
    eddy_detach(spawn(fails()));
    await(eddy_sleep(1));
}
// [handler]

// [options]
static void *take(void *count, size_t size)
{
    ++*(int *)count;
    return malloc(size);
}

static void give(void *count, void *block, size_t size)
{
    (void)size;
    --*(int *)count;
    free(block);
}

async(int, main_task)
{
    printf("version %s, driver %s\n", eddy_version(), eddy_loop_driver(eddy_current_loop()));
    await(calls());
    await(watch_a_pipe());
    await(with_handler());
    return 0;
}

int main(void)
{
    int blocks = 0;
    eddy_allocator allocator = {take, give, &blocks};
    eddy_loop_options options = {.size = sizeof options, .driver = "sim", .allocator = &allocator};
    int status = eddy_run_with(&options, main_task());
    printf("%d blocks left\n", blocks);
    return status;
}
// [options]
