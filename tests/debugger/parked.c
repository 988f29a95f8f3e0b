/* SPDX-License-Identifier: MIT */
/*
 * parked.c - tasks that wait in all kinds of ways, on two loops. Then it calls all_parked, where gdb stops it.
 *
 * The program defines a struct task to check that the script does not confuse it with the library's own.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <eddy/keywords.h>

struct task {
    char mine[3];
};
struct stack {
    struct task *next;
};

typedef queue_of(int) int_queue;
typedef future_of(int) int_future;

struct stack of_the_program;
static int_queue queue;
static int_future *future;
static eddy_lock lock = EDDY_LOCK_INIT;
static eddy_event event = EDDY_EVENT_INIT;
eddy_address address;
eddy_error error;
static pthread_barrier_t both;

void all_parked(void);
__attribute__((noinline)) void all_parked(void)
{
    __asm__ volatile("" ::: "memory");
}

void in_a_step(void);
__attribute__((noinline)) void in_a_step(void)
{
    __asm__ volatile("" ::: "memory");
}

static void step(void *unused)
{
    (void)unused;
    in_a_step();
}

/* Three stacks: one for the call, one for the generator, one for the task. */
generator(int, steps)
{
    eddy_call_on_big_stack(step, NULL);
    yield(1);
}

async(void, napper, (int, depth))
{
    if (depth)
        await(napper(depth - 1));
    else
        await(eddy_sleep(5000));
}

async(void, reader)
{
    (void)await(eddy_queue_get(&queue));
}

struct napper *deep_task;
struct reader *reader_task;

async(void, locker)
{
    async_with (held, eddy_lock_hold(&lock)) {
        (void)held;
        await(eddy_event_wait(&event));
    }
}

async(int, awaiter)
{
    return await(future);
}

async_generator(int, ticks)
{
    yield(1);
    await(eddy_sleep(6000));
    yield(2);
}

async(void, consumer)
{
    async_for (x, ticks())
        (void)x;
}

async(void, group_of)
{
    async_with (group, eddy_task_group())
        eddy_group_spawn(group, napper(0));
}

blocking(int, in_a_thread, (int, fd))
{
    char byte;
    return (int)read(fd, &byte, 1);
}

async(void, receiver, (int, fd))
{
    char byte;
    (void)await(eddy_recv(fd, &byte, 1, 0));
}

async(void, shielded, (struct reader *, other))
{
    await_shielded(other);
}

async(int, gatherer, (struct napper *, a), (struct reader *, b))
{
    await(eddy_gather(a, b));
    return 0;
}

async(void, stopper)
{
    for (int i = 0; i < 3; i++)
        await(eddy_sleep(0.01));
    pthread_barrier_wait(&both);
    all_parked();
    _exit(0);
}

async(void, other_main)
{
    struct napper *t = spawn(napper(1));
    eddy_task_set_name(t, "of the other loop");
    await(eddy_sleep(0.01));
    pthread_barrier_wait(&both);
    await(t);
}

static void *other_loop(void *unused)
{
    eddy_loop_options options = {.size = sizeof options, .no_signals = true};
    eddy_error err;
    eddy_run_with(&options, other_main(), &err);
    return unused;
}

async(int, main_task)
{
    int pipe_ends[2], sockets[2];
    if (pipe(pipe_ends) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets))
        throw(EDDY_INVALID_STATE, "no pipe");
    for_each (x, steps())
        (void)x;
    eddy_queue_init(&queue, 10);
    eddy_queue_try_put(&queue, 7);
    eddy_queue_try_get(&queue, &(int){0});
    future = eddy_future_new(int_future);
    struct napper *deep = spawn(napper(3));
    eddy_task_set_name(deep, "deep");
    struct reader *r = spawn(reader());
    deep_task = deep;
    reader_task = r;
    eddy_detach(spawn(locker()));
    eddy_detach(spawn(locker()));
    eddy_detach(spawn(awaiter()));
    eddy_detach(spawn(consumer()));
    eddy_detach(spawn(group_of()));
    eddy_detach(spawn(in_a_thread(pipe_ends[0])));
    eddy_detach(spawn(receiver(sockets[0])));
    eddy_detach(spawn(shielded(r)));
    eddy_detach(spawn(gatherer(deep, r)));
    eddy_detach(spawn(eddy_sleep(7000)));
    eddy_detach(spawn(stopper()));
    return await(awaiter());
}

int main(void)
{
    pthread_t thread;
    eddy_address_ip(&address, "127.0.0.1", 8080);
    error = (eddy_error){.code = EDDY_QUEUE_SHUT_DOWN, .message = "get"};
    pthread_barrier_init(&both, NULL, 2);
    if (pthread_create(&thread, NULL, other_loop, NULL))
        return 1;
    return eddy_run(main_task());
}
