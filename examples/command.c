/* SPDX-License-Identifier: MIT */
/* command.c - runs commands with a time limit, and a filter that is fed and read. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <eddy/keywords.h>

// [command]
/* The output of the command; one that takes longer than `seconds` is killed. */
async(void, show, (const char *, title), (const char *const *, command), (double, seconds))
{
    eddy_error err;
    eddy_buffer output = {0};
    char how[64];
    defer(eddy_buffer_free, &output);
    eddy_exit_status status = await_for(eddy_run_command(command, &output, 65536), seconds, &err);
    if (err.code) {
        printf("%s: %s\n", title, eddy_error_name(err.code));
        return;
    }
    eddy_exit_status_describe(status, how, sizeof how);
    printf("%s: %s, %zu bytes\n%s", title, how, output.size, output.size ? output.data : "");
}
// [command]

// [filter]
/* A program that runs beside this one and ends with the block. */
async(void, sort_lines)
{
    const eddy_process_options options = {.size = sizeof options, .in = EDDY_PIPE, .out = EDDY_PIPE};
    eddy_slice line;
    async_with (sort, eddy_process_scope(EDDY_COMMAND("sort", "-r"), &options, 1)) {
        await(eddy_stream_printf(eddy_process_in(sort), "one\ntwo\nthree\n"));
        await(eddy_stream_write_eof(eddy_process_in(sort)));
        while (await(eddy_stream_read_line(eddy_process_out(sort), &line)))
            printf("sorted: %.*s", (int)line.size, line.data);
    }
}
// [filter]

async(int, main_task)
{
    await(show("echo", EDDY_COMMAND("echo", "hello"), 60));
    await(show("false", EDDY_COMMAND("false"), 60));
    await(show("killed", EDDY_COMMAND("sh", "-c", "kill -9 $$"), 60));
    await(show("too slow", EDDY_COMMAND("sleep", "1000"), 0.2));
    await(show("missing", EDDY_COMMAND("eddy-no-such-program"), 60));
    await(sort_lines());
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
