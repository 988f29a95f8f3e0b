/* SPDX-License-Identifier: MIT */
/*
 * glib.c - a GLib main loop runs Eddy's tasks; then, the other way round, an Eddy task runs GLib's main context.
 *
 * cc glib.c $(pkg-config --cflags --libs eddy glib-2.0) -lm
 */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <eddy/keywords.h>

/* ---- Eddy as a GLib source ---- */

struct eddy_source {
    GSource base;
    eddy_loop *loop;
    gpointer descriptor; /* GLib's tag for the descriptor */
};

static gboolean prepare(GSource *source, gint *timeout)
{
    double seconds = eddy_loop_deadline(((struct eddy_source *)source)->loop);
    *timeout = isinf(seconds) ? -1 : (gint)ceil(seconds * 1000);
    return *timeout == 0;
}

static gboolean check(GSource *source)
{
    struct eddy_source *own = (struct eddy_source *)source;
    return g_source_query_unix_fd(source, own->descriptor) || eddy_loop_deadline(own->loop) == 0;
}

static gboolean dispatch(GSource *source, GSourceFunc unused, gpointer unused_too)
{
    (void)unused, (void)unused_too;
    eddy_loop_step(((struct eddy_source *)source)->loop, 0);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs functions = {.prepare = prepare, .check = check, .dispatch = dispatch};

static GSource *watch_eddy(eddy_loop *loop)
{
    struct eddy_source *source = (struct eddy_source *)g_source_new(&functions, sizeof *source);
    source->loop = loop;
    source->descriptor = g_source_add_unix_fd(&source->base, eddy_loop_descriptor(loop), G_IO_IN);
    g_source_attach(&source->base, NULL);
    return &source->base;
}

static int messages, ticks;

async(void, converse, (GMainLoop *, glib))
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
    g_main_loop_quit(glib);
}

static void begin(void *glib)
{
    eddy_detach(spawn(converse(glib)));
}

/* ---- the other way round ---- */

static gboolean tick(gpointer unused)
{
    (void)unused;
    return ++ticks < 3;
}

async(void, run_glib, (GMainContext *, context))
{
    GPollFD fds[64];
    for (ticks = 0, g_timeout_add(10, tick, NULL); ticks < 3;) {
        gint priority, timeout;
        g_main_context_prepare(context, &priority);
        int count = MIN(g_main_context_query(context, priority, &timeout, fds, 64), 64);
        int set = epoll_create1(EPOLL_CLOEXEC);
        for (int i = 0; i < count; i++) /* the bits of GLib and of poll are the same */
            epoll_ctl(set, EPOLL_CTL_ADD, fds[i].fd, &(struct epoll_event){.events = fds[i].events});
        eddy_error err; /* only says that the time is over */
        await_for(eddy_poll(set, EPOLLIN), timeout < 0 ? INFINITY : timeout / 1e3, &err);
        g_poll(fds, (guint)count, 0);
        close(set);
        if (g_main_context_check(context, priority, fds, count))
            g_main_context_dispatch(context);
    }
}

int main(void)
{
    eddy_error err;
    GMainLoop *glib = g_main_loop_new(NULL, FALSE);
    eddy_loop *loop = eddy_loop_open(NULL, &err);
    if (!loop)
        return 1;
    GSource *source = watch_eddy(loop);
    eddy_call_soon_threadsafe(loop, begin, glib);
    g_main_loop_run(glib);
    printf("under GLib: %d messages of Eddy's tasks\n", messages);
    g_source_destroy(source);
    g_source_unref(source);
    eddy_loop_run(loop, run_glib(g_main_context_default()), &err);
    printf("under Eddy: %d calls of GLib's timer\n", ticks);
    g_main_loop_unref(glib);
    return eddy_loop_close(loop);
}
