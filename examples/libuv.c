/* SPDX-License-Identifier: MIT */
/*
 * libuv.c - a libuv loop runs Eddy's tasks beside its own timers and sockets.
 *
 * cc libuv.c $(pkg-config --cflags --libs eddy libuv) -lm
 */
#include <math.h>
#include <stdio.h>
#include <uv.h>
#include <eddy/keywords.h>

/* ---- Eddy under libuv: a step after each wait ---- */

struct guest {
    eddy_loop *loop;
    uv_poll_t readable;   /* the descriptor of the loop */
    uv_timer_t deadline;
    uv_prepare_t before;  /* called before each wait of libuv */
    uv_check_t after;
};

static void nothing_to_read(uv_poll_t *unused, int status, int events)
{
    (void)unused, (void)status, (void)events; /* the check that follows takes the step */
}

static void time_is_over(uv_timer_t *unused)
{
    (void)unused;
}

static void before_wait(uv_prepare_t *prepare)
{
    struct guest *guest = prepare->data;
    double seconds = eddy_loop_deadline(guest->loop);
    if (isinf(seconds))
        uv_timer_stop(&guest->deadline);
    else
        uv_timer_start(&guest->deadline, time_is_over, (uint64_t)ceil(seconds * 1000), 0);
}

static void after_wait(uv_check_t *check)
{
    eddy_loop_step(((struct guest *)check->data)->loop, 0);
}

static void guest_begin(struct guest *guest, uv_loop_t *host)
{
    uv_poll_init(host, &guest->readable, eddy_loop_descriptor(guest->loop));
    uv_timer_init(host, &guest->deadline);
    uv_prepare_init(host, &guest->before);
    uv_check_init(host, &guest->after);
    guest->before.data = guest->after.data = guest;
    uv_poll_start(&guest->readable, UV_READABLE, nothing_to_read);
    uv_prepare_start(&guest->before, before_wait);
    uv_check_start(&guest->after, after_wait);
}

static void guest_end(struct guest *guest)
{
    uv_close((uv_handle_t *)&guest->readable, NULL);
    uv_close((uv_handle_t *)&guest->deadline, NULL);
    uv_close((uv_handle_t *)&guest->before, NULL);
    uv_close((uv_handle_t *)&guest->after, NULL);
}

/* ---- a program with parts of both ---- */

static int messages, ticks;

async(void, converse, (struct guest *, guest))
{
    eddy_stream *ends[2];
    char byte = 'x';
    await(eddy_stream_pair(ends));
    for (; messages < 3; messages++) {
        await(eddy_stream_write(ends[1], &byte, 1));
        await(eddy_stream_read(ends[0], &byte, 1));
        await(eddy_sleep(0.01));
    }
    await(eddy_stream_close(ends[0]));
    await(eddy_stream_close(ends[1]));
    guest_end(guest); /* libuv's loop ends after its own timer */
}

static void begin(void *guest)
{
    eddy_detach(spawn(converse(guest)));
}

static void tick(uv_timer_t *timer)
{
    if (++ticks == 3)
        uv_close((uv_handle_t *)timer, NULL);
}

int main(void)
{
    eddy_error err;
    uv_timer_t timer;
    struct guest guest = {.loop = eddy_loop_open(NULL, &err)};
    if (!guest.loop)
        return 1;
    guest_begin(&guest, uv_default_loop());
    uv_timer_init(uv_default_loop(), &timer);
    uv_timer_start(&timer, tick, 5, 5);
    eddy_call_soon_threadsafe(guest.loop, begin, &guest);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    printf("%d messages of Eddy's tasks, %d calls of libuv's timer\n", messages, ticks);
    return eddy_loop_close(guest.loop) || uv_loop_close(uv_default_loop());
}
