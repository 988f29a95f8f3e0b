/* SPDX-License-Identifier: MIT */
/* awaitable_object.c - an awaitable type of the program: await starts it, and it reports its completion. */
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>

struct parcel {
    struct eddy_awaitable awaitable; /* first, so that await finds it */
    const char *result;              /* the result of await */
    const char *text;
    double seconds;
    eddy_handle *timer; /* runs while the parcel is on its way */
};

static void deliver(void *argument)
{
    struct parcel *parcel = argument;
    parcel->result = parcel->text;
    eddy_complete(parcel);
}

static void start(struct eddy_awaitable *awaitable)
{
    struct parcel *parcel = (struct parcel *)awaitable;
    parcel->timer = eddy_call_later(parcel->seconds, deliver, parcel);
    if (!parcel->timer)
        eddy_complete_error(parcel, ENOMEM);
}

/* The task that waits was cancelled. */
static void cancel(struct eddy_awaitable *awaitable)
{
    struct parcel *parcel = (struct parcel *)awaitable;
    eddy_handle_cancel(parcel->timer);
    eddy_complete_error(parcel, ECANCELED, "parcel \"%s\" was sent back", parcel->text);
}

static const struct eddy_awaitable_type parcel_type = {
    .name = "parcel", .start = start, .cancel = cancel};

static struct parcel parcel(const char *text, double seconds)
{
    return (struct parcel){
        .awaitable = {.awaitable = {.type = &parcel_type}}, .text = text, .seconds = seconds};
}

async(void, main_task)
{
    double began = eddy_time();
    puts(await(parcel("book", 2)));
    puts(await(parcel("lamp", 3)));
    printf("%.0f seconds\n", eddy_time() - began);
}

int main(void)
{
    return eddy_run(main_task());
}
