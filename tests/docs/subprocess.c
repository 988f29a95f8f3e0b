/* SPDX-License-Identifier: MIT */
/* subprocess.c - sorts lines by another program, without a task for it */
#include <eddy/keywords.h>
#include <stdio.h>

static eddy_event over;

// [protocol]
static void made(eddy_subprocess *p)
{
    eddy_transport *in = eddy_subprocess_pipe(p, 0);
    eddy_transport_write(in, "pear\napple\nfig\n", 15);
    eddy_transport_write_eof(in); /* sort begins when its input has ended */
}

static void received(eddy_subprocess *p, int fd, const char *data, size_t size)
{
    (void)p;
    printf("%s: %.*s", fd == 1 ? "output" : "errors", (int)size, data);
}

static void exited(eddy_subprocess *p, eddy_exit_status status, int error)
{
    char words[64];
    (void)p;
    eddy_exit_status_describe(status, words, sizeof words);
    if (error || status.code != 0)
        fprintf(stderr, "sort: %s\n", error ? eddy_error_name(error) : words);
}

static void lost(eddy_subprocess *p, int error) /* it has ended, and all of its output has come */
{
    (void)p;
    (void)error;
    eddy_event_set(&over);
}

static const struct eddy_subprocess_protocol sorting = {
    .made = made, .received = received, .exited = exited, .lost = lost};
// [protocol]

async(void, main_task)
{
    // [start]
    const eddy_process_options options = {.size = sizeof options, .in = EDDY_PIPE, .out = EDDY_PIPE};
    int error = eddy_subprocess_start(NULL, EDDY_COMMAND("sort"), &options, &sorting, NULL);
    if (error)
        throw(error, "starting sort");
    // [start]
    await(eddy_event_wait(&over));
}

int main(void)
{
    return eddy_run(main_task());
}
