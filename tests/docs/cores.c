/* SPDX-License-Identifier: MIT */
/* cores.c - a server on several cores: each thread has a loop, and all loops listen on one port */
#include <eddy/keywords.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { CORES = 4, CLIENTS = 40 };

// [worker]
struct worker {
    pthread_t thread;
    eddy_server_options options;
    eddy_loop *main_loop; /* is told when the server listens */
    int served;           /* written by its own loop only; read after pthread_join */
};

/* These belong to the main loop; other threads touch them only by posted calls. */
static int listening = 1;
static eddy_event all_listen;

static void one_more_listens(void *unused)
{
    (void)unused;
    if (++listening == CORES)
        eddy_event_set(&all_listen);
}

async(void, greet, (eddy_stream *, s), (struct worker *, worker))
{
    worker->served++;
    await(eddy_stream_printf(s, "hello\n"));
}

async(void, told_to_end)
{
    async_for (number, eddy_signals(SIGTERM)) { /* each loop that asked for a signal gets it */
        (void)number;
        return;
    }
}

async(int, work, (struct worker *, worker))
{
    eddy_server *server = await(eddy_start_server_with_options(greet, worker, &worker->options));
    struct told_to_end *end = spawn_eager(told_to_end());
    eddy_call_soon_threadsafe(worker->main_loop, one_more_listens, NULL);
    await(end);
    await(eddy_server_close(server, 5));
    return 0;
}

static void *run_worker(void *worker)
{
    eddy_run(work((struct worker *)worker));
    return NULL;
}
// [worker]

/* A client of this test. */
async(void, visit, (int, port))
{
    eddy_slice line;
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", port));
    defer(eddy_stream_abort, s);
    await(eddy_stream_read_line(s, &line));
}

// [start]
/* The first worker runs on the main thread. */
async(int, main_task, (struct worker *, workers))
{
    eddy_server_options options = {
        .size = sizeof options,
        .host = "127.0.0.1",
        .reuse_port = true, /* the kernel distributes the connections among all listeners */
    };
    eddy_server *server = await(eddy_start_server_with_options(greet, workers, &options));
    options.port = eddy_server_port(server);
    for (struct worker *worker = workers + 1; worker < workers + CORES; worker++) {
        worker->options = options;
        worker->main_loop = eddy_current_loop();
        int error = pthread_create(&worker->thread, NULL, run_worker, worker);
        if (error)
            throw(error, "pthread_create");
    }
    await(eddy_event_wait(&all_listen));
    // [start]
    for (int i = 0; i < CLIENTS; i++)
        await(visit(options.port));
    kill(getpid(), SIGTERM);
    await(eddy_server_close(server, 5));
    return 0;
}

int main(void)
{
    struct worker workers[CORES] = {0};
    int status = eddy_run(main_task(workers)), served = workers[0].served;
    for (int i = 1; i < CORES && status == 0; i++) {
        pthread_join(workers[i].thread, NULL);
        served += workers[i].served;
    }
    printf("%d served\n", served);
    return status;
}
