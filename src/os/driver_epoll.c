/* SPDX-License-Identifier: MIT */
/*
 * driver_epoll.c - completions made out of readiness.
 *
 * An operation is tried at once, and again when epoll reports its descriptor. A wait has two halves: it executes all
 * operations that have become possible, without calling `complete`, and then delivers. So no completion changes a
 * list that is being walked, and no event of a batch reaches a descriptor that was closed by a completion and whose
 * number is in use again.
 */
#define _GNU_SOURCE
#include "os/driver_epoll.h"

#include "base/assert.h"
#include "os/clock.h"
#include "os/driver_fault.h"
#include "os/memory.h"
#include "os/net.h"
#include "os/socket_call.h"
#include "os/stranger.h"
#include "os/valgrind.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* The values of driver_op.state. */
enum { STATE_IDLE, STATE_QUEUED, STATE_DONE, STATE_THREAD, STATE_CALLED };

#define READ_EVENTS (EPOLLIN | EPOLLRDHUP)
#define END_EVENTS  (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)
#define WAKE_KEY    UINT64_MAX

static struct epoll *epoll_of(struct driver *driver)
{
    return (struct epoll *)driver;
}

/* ==== the operations ==== */

static int64_t answer(int64_t got)
{
    return got < 0 ? -errno : got;
}

static bool socket_is_tcp(struct epoll_watch *watch, int fd)
{
    if (__builtin_expect(watch->is_tcp == 0, 0))
        watch->is_tcp = epoll_is_tcp(fd) ? 1 : -1;
    return watch->is_tcp > 0;
}

/*
 * TCP returned less than there was room for: its buffer is empty, and later bytes make a new edge. So the next
 * receive need not ask, which saves a server one system call a request. This holds neither for messages, which are
 * short for other reasons, nor after the end of a stream, whose edge has already come.
 */
static inline __attribute__((always_inline)) void note_short_read(struct epoll_watch *watch,
                                                                  const struct driver_op *op, size_t room)
{
    if (watch->registered && watch->adopted && !watch->never_drained)
        watch->drained = op->result > 0 && (size_t)op->result < room && socket_is_tcp(watch, op->fd);
}

/* A buffer is held only while it contains bytes. */
static inline __attribute__((always_inline)) int64_t receive_lent(struct epoll *epoll, struct driver_op *op)
{
    struct lent_buffer *buffer = lent_take(&epoll->lent);
    if (!buffer)
        return -ENOMEM;
    int64_t result = answer(socket_call_receive(op->fd, buffer->data, sizeof buffer->data, MSG_DONTWAIT));
    if (result <= 0) {
        lent_put(&epoll->lent, buffer);
        return result;
    }
    op->u.lent.data = buffer->data;
    epoll->driver.lent++;
    return result;
}

/* Or a thread must make the call (STRANGER_WAITS). */
static bool would_block(const struct driver_op *op)
{
    return op->result == (op->kind == DRIVER_CONNECT ? -EINPROGRESS : -EAGAIN) || op->result == STRANGER_WAITS;
}

/* The call has no flag for "do not wait", and the descriptor may block. */
static bool may_wait(const struct epoll_watch *watch, const struct driver_op *op)
{
    bool has_no_flag = op->kind == DRIVER_READ || op->kind == DRIVER_WRITE || op->kind == DRIVER_ACCEPT;
    return has_no_flag && (!watch || !watch->adopted);
}

static int64_t try_once(struct epoll *epoll, const struct epoll_watch *watch, struct driver_op *op)
{
    if (op->kind == DRIVER_RECV_LENT)
        return receive_lent(epoll, op);
    return may_wait(watch, op) ? stranger_call(op) : epoll_call(op, op->state == STATE_QUEUED);
}

/* Moves only a part of the bytes; see driver_fault. */
static int64_t try_for_less(struct epoll *epoll, const struct epoll_watch *watch, struct driver_op *op)
{
    struct driver_op part = *op;
    if (op->kind != DRIVER_RECV && op->kind != DRIVER_SEND && op->kind != DRIVER_READ && op->kind != DRIVER_WRITE)
        return try_once(epoll, watch, op);
    part.u.buffer.size = driver_short_size(op->fd, op->u.buffer.size);
    return try_once(epoll, watch, &part);
}

/* EAGAIN cannot be injected: this driver would wait for an edge that does not come. */
static int64_t try(struct epoll *epoll, const struct epoll_watch *watch, struct driver_op *op)
{
    int fault = driver_fault();
    if (fault < 0 && fault != -EAGAIN)
        return fault;
    return fault == DRIVER_SHORT ? try_for_less(epoll, watch, op) : try_once(epoll, watch, op);
}

/* What servers do most, without the questions that only other operations and faults need. */
static inline bool attempt_to_lend(struct epoll *epoll, struct epoll_watch *watch, struct driver_op *op)
{
    do
        op->result = receive_lent(epoll, op);
    while (op->result == -EINTR);
    if (op->result == -EAGAIN)
        return false;
    if (watch)
        note_short_read(watch, op, LENT_SIZE);
    return true;
}

static inline bool attempt_to_accept(struct driver_op *op)
{
    do
        op->result = answer(accept4(op->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
    while (op->result == -EINTR);
    return op->result != -EAGAIN;
}

static __attribute__((noinline)) bool attempt_otherwise(struct epoll *epoll, struct epoll_watch *watch,
                                                        struct driver_op *op)
{
    do
        op->result = try(epoll, watch, op);
    while (op->result == -EINTR);
    if (would_block(op))
        return false;
    if (watch && op->kind == DRIVER_RECV && op->u.buffer.flags == 0)
        note_short_read(watch, op, op->u.buffer.size);
    else if (watch && op->kind == DRIVER_RECV_LENT)
        note_short_read(watch, op, LENT_SIZE);
    return true;
}

/* False: the call would block. */
static inline __attribute__((always_inline)) bool attempt(struct epoll *epoll, struct epoll_watch *watch,
                                                          struct driver_op *op)
{
    if (op->kind == DRIVER_RECV_LENT && !__builtin_expect(driver_calls_are_counted, 0))
        return attempt_to_lend(epoll, watch, op);
    if (op->kind == DRIVER_ACCEPT && !may_wait(watch, op) && !op->u.address.data &&
        !__builtin_expect(driver_calls_are_counted, 0))
        return attempt_to_accept(op);
    return attempt_otherwise(epoll, watch, op);
}

/* ==== watches ==== */

static struct epoll_watch *find_watch(const struct epoll *epoll, int fd)
{
    return fd_table_find(&epoll->watches, fd, sizeof(struct epoll_watch));
}

static struct epoll_watch *make_watch(struct epoll *epoll, int fd)
{
    return fd_table_make(&epoll->watches, fd, sizeof(struct epoll_watch));
}

static struct list *queue_of(struct epoll_watch *watch, const struct driver_op *op)
{
    switch (op->kind) {
    case DRIVER_ACCEPT:
    case DRIVER_RECV:
    case DRIVER_RECV_LENT:
    case DRIVER_RECVMSG:
    case DRIVER_READ: return &watch->readers;
    case DRIVER_POLL: return &watch->pollers;
    default: return &watch->writers;
    }
}

static bool has_operations(const struct epoll_watch *watch)
{
    return !list_is_empty(&watch->readers) || !list_is_empty(&watch->writers) || !list_is_empty(&watch->pollers);
}

/* An ordinary receive goes on waiting when urgent data comes. */
static uint32_t events_of_reader(const struct driver_op *op)
{
    int flags = op->kind == DRIVER_RECV ? op->u.buffer.flags : op->kind == DRIVER_RECVMSG ? op->u.message.flags : 0;
    return (flags & MSG_OOB) != 0 ? READ_EVENTS | EPOLLPRI : READ_EVENTS;
}

/* True: there is a first operation, and no thread makes its call. */
static bool waits_for_event(const struct list *queue)
{
    return !list_is_empty(queue) && first_op(queue)->state != STATE_CALLED;
}

static uint32_t events_of_queues(const struct epoll_watch *watch)
{
    uint32_t events = 0;
    if (waits_for_event(&watch->readers))
        events |= events_of_reader(first_op(&watch->readers));
    if (waits_for_event(&watch->writers))
        events |= EPOLLOUT;
    LIST_EACH(const struct driver_op, op, &watch->pollers, link)
        events |= op->u.poll.events;
    return events;
}

static int control(struct epoll *epoll, int request, struct epoll_watch *watch, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events,
                                .data.u64 = (uint64_t)watch->generation << 32 | (uint32_t)fd};
    return epoll_ctl(epoll->fd, request, fd, &event) == 0 ? 0 : -errno;
}

/* Only polls are in the queues that are submitted again after each event, and one of them was. */
static bool polls_go_on(const struct epoll_watch *watch)
{
    bool again = false;
    LIST_EACH(const struct driver_op, op, &watch->pollers, link) {
        if (!op->u.poll.watches)
            return false;
        again |= op->u.poll.again;
    }
    return again && list_is_empty(&watch->readers) && list_is_empty(&watch->writers);
}

/*
 * The number of a descriptor that is not adopted may have been closed and used again without the
 * driver's knowledge. So the descriptor is registered at each queueing, and each registration is good
 * for one event. The exception is a poll that is submitted again and again: its registration remains.
 */
static int arm_foreign(struct epoll *epoll, struct epoll_watch *watch, int fd)
{
    uint32_t kept = polls_go_on(watch) ? events_of_queues(watch) : 0;
    uint32_t events = kept ? kept : events_of_queues(watch) | EPOLLONESHOT;
    int error =
        control(epoll, watch->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watch, fd, events);
    if (error == -ENOENT || error == -EEXIST)
        error = control(epoll, error == -ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, watch, fd, events);
    watch->registered = !error;
    watch->kept = error ? 0 : kept;
    return error;
}

static bool is_kept(const struct epoll_watch *watch, const struct driver_op *op)
{
    return op->kind == DRIVER_POLL && op->u.poll.again && watch->kept && (op->u.poll.events & ~watch->kept) == 0;
}

static void unregister(struct epoll *epoll, struct epoll_watch *watch, int fd)
{
    epoll_ctl(epoll->fd, EPOLL_CTL_DEL, fd, NULL);
    watch->registered = false;
    watch->kept = 0;
}

static int arm(struct epoll *epoll, struct epoll_watch *watch, int fd)
{
    if (!watch->adopted)
        return arm_foreign(epoll, watch, fd);
    if (watch->registered)
        return 0;
    uint32_t events = READ_EVENTS | EPOLLPRI | EPOLLOUT | EPOLLET;
    int error = control(epoll, EPOLL_CTL_ADD, watch, fd, events);
    if (error == -EEXIST) /* it was watched before it was adopted */
        error = control(epoll, EPOLL_CTL_MOD, watch, fd, events);
    watch->registered = !error;
    return error;
}

/* Puts an operation that would block into its queue. Returns 0 or a negative errno value. */
static int enqueue(struct epoll *epoll, struct driver_op *op)
{
    struct epoll_watch *watch = make_watch(epoll, op->fd);
    if (!watch)
        return -ENOMEM;
    struct list *queue = queue_of(watch, op);
    list_add_last(queue, &op->link);
    int error = is_kept(watch, op) ? 0 : arm(epoll, watch, op->fd);
    if (error)
        list_remove(queue, &op->link);
    else
        op->state = STATE_QUEUED;
    return error;
}

/* Only if all queues are empty; otherwise it would overtake. */
static int64_t send_now(struct driver *driver, int fd, const void *data, size_t size)
{
    const struct epoll_watch *watch = find_watch(epoll_of(driver), fd);
    if (!watch || !watch->adopted || !list_is_empty(&watch->writers))
        return -EAGAIN;
    int64_t result = answer(socket_call_send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL));
    return result == -EINTR ? -EAGAIN : result;
}

static bool is_receive(const struct driver_op *op)
{
    return op->kind == DRIVER_RECV || op->kind == DRIVER_RECV_LENT;
}

/* Operations of the same direction wait already, or it is known that no bytes are available. */
static bool must_queue(struct epoll_watch *watch, const struct driver_op *op)
{
    if (op->kind == DRIVER_POLL) /* epoll tells at once of what is ready, but for edges that have been told */
        return op->u.poll.watches && (watch ? !watch->adopted : op->u.poll.again);
    if (!watch)
        return false;
    return !list_is_empty(queue_of(watch, op)) || (watch->drained && is_receive(op));
}

/* A file that epoll does not watch (a regular file: EPERM) never blocks, and is no socket. The results are a ring's. */
static int64_t result_of_refusal(const struct driver_op *op, int error)
{
    unsigned is = op->kind == DRIVER_POLL ? op->u.poll.events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM) : 0;
    if (error == -EPERM && op->kind == DRIVER_POLL)
        return is ? (int64_t)is : -EINVAL;
    if (error == -EPERM && (op->kind == DRIVER_READ || op->kind == DRIVER_WRITE))
        return stranger_call_plainly(op);
    return error == -EPERM && op->kind == DRIVER_ACCEPT ? -ENOTSOCK : error;
}

static bool submit_to_threads(struct epoll *epoll, struct driver_op *op)
{
    op->state = STATE_THREAD;
    if (!file_threads_submit(&epoll->files, &epoll->driver, op))
        return false; /* a thread may have written the result by now */
    op->state = STATE_IDLE;
    return true;
}

/* The operation remains the first of its queue meanwhile. Returns 0 or a negative errno value. */
static int call_by_thread(struct epoll *epoll, struct driver_op *op)
{
    struct blocking_call *made = memory_alloc_zeroed(sizeof *made);
    if (!made)
        return -ENOMEM;
    op->state = STATE_CALLED; /* set before a thread can end it */
    int error = file_threads_submit_job(&epoll->files, &epoll->driver, op, &made->job);
    if (error) {
        memory_free(made);
        return error;
    }
    list_add_first(&epoll->calls, &made->link);
    return 0;
}

static struct blocking_call *find_call(struct epoll *epoll, const struct driver_op *op)
{
    LIST_EACH(struct blocking_call, made, &epoll->calls, link)
        if (made->job.op == op)
            return made;
    EDDY_INVARIANT(!"an operation that a thread carries out has a blocking_call");
    return NULL;
}

static void free_call(struct epoll *epoll, struct blocking_call *made)
{
    list_remove(&epoll->calls, &made->link);
    memory_free(made);
}

/* The call would block, or a thread must make it. */
static int wait_for_turn(struct epoll *epoll, struct driver_op *op, bool by_thread)
{
    int error = enqueue(epoll, op);
    if (!error && by_thread) {
        error = call_by_thread(epoll, op);
        if (error)
            list_remove(queue_of(find_watch(epoll, op->fd), op), &op->link);
    }
    return error;
}

/* The next event makes the call: the descriptor is registered, and is known to have no bytes. */
static inline bool waits_for_bytes(const struct epoll_watch *watch, const struct driver_op *op)
{
    return op->kind == DRIVER_RECV_LENT && watch && watch->drained && list_is_empty(&watch->readers);
}

static __attribute__((noinline)) bool submit_otherwise(struct epoll *epoll, struct epoll_watch *watch,
                                                       struct driver_op *op)
{
    op->state = STATE_IDLE;
    if (driver_kind_is_of_files(op->kind))
        return submit_to_threads(epoll, op);
    if (!must_queue(watch, op) && attempt(epoll, watch, op))
        return true;
    int error = wait_for_turn(epoll, op, op->result == STRANGER_WAITS);
    if (!error)
        return false;
    op->state = STATE_IDLE;
    op->result = result_of_refusal(op, error);
    return true;
}

bool epoll_submit(struct driver *driver, struct driver_op *op)
{
    struct epoll *epoll = epoll_of(driver);
    struct epoll_watch *watch = find_watch(epoll, op->fd);
    if (!waits_for_bytes(watch, op))
        return submit_otherwise(epoll, watch, op);
    EDDY_INVARIANT(watch->registered && watch->adopted);
    list_add_last(&watch->readers, &op->link);
    op->state = STATE_QUEUED;
    return false;
}

void epoll_finish_op(struct epoll *epoll, struct driver_op *op)
{
    EDDY_INVARIANT(op->state != STATE_DONE);
    list_add_last(&epoll->done, &op->link);
    op->state = STATE_DONE;
}

static void finish_op(struct epoll *epoll, struct list *queue, struct driver_op *op)
{
    list_remove(queue, &op->link);
    epoll_finish_op(epoll, op);
}

struct driver_op *epoll_first_reader(const struct epoll *epoll, int fd)
{
    const struct epoll_watch *watch = find_watch(epoll, fd);
    return watch ? first_op(&watch->readers) : NULL;
}

size_t epoll_waiting_readers(const struct epoll *epoll, int fd)
{
    const struct epoll_watch *watch = find_watch(epoll, fd);
    return watch ? list_count(&watch->readers) : 0;
}

void epoll_complete_reader(struct epoll *epoll, struct driver_op *op, int64_t result)
{
    op->result = result;
    finish_op(epoll, &find_watch(epoll, op->fd)->readers, op);
}

static void call_ended(struct epoll *epoll, struct driver_op *op);

void epoll_cancel(struct driver *driver, struct driver_op *op)
{
    struct epoll *epoll = epoll_of(driver);
    op->cancelled = true;
    if (op->state == STATE_THREAD) {
        if (file_threads_take_back(&epoll->files, op)) {
            op->result = -ECANCELED;
            epoll_finish_op(epoll, op);
        }
        return;
    }
    if (op->state == STATE_CALLED && file_threads_take_back_job(&epoll->files, &find_call(epoll, op)->job)) {
        op->result = -EAGAIN;
        call_ended(epoll, op);
    }
    if (op->state != STATE_QUEUED)
        return;
    op->result = -ECANCELED;
    finish_op(epoll, queue_of(find_watch(epoll, op->fd), op), op);
}

void epoll_adopt(struct driver *driver, int fd)
{
    struct epoll_watch *watch = make_watch(epoll_of(driver), fd);
    if (!watch)
        return; /* no memory: the descriptor is watched like a foreign one */
    EDDY_ASSERT(!has_operations(watch),
                "descriptor %d is adopted while operations on it are in flight", fd);
    if (watch->kept) /* epoll would report it until it is armed for the first time */
        unregister(epoll_of(driver), watch, fd);
    *watch = (struct epoll_watch){.generation = watch->generation + 1, .adopted = true};
}

void epoll_release(struct driver *driver, int fd)
{
    struct epoll *epoll = epoll_of(driver);
    struct epoll_watch *watch = find_watch(epoll, fd);
    if (!watch)
        return;
    EDDY_ASSERT(!has_operations(watch), "descriptor %d is released while operations on it are in flight", fd);
    if (watch->registered)
        epoll_ctl(epoll->fd, EPOLL_CTL_DEL, fd, NULL);
    *watch = (struct epoll_watch){.generation = watch->generation + 1};
}

static void arm_again(struct epoll *epoll, struct epoll_watch *watch, int fd);

/* Epoll would go on reporting a descriptor that was closed, as long as another process has its open file. */
void epoll_end_polls(struct driver *driver, int fd)
{
    struct epoll *epoll = epoll_of(driver);
    struct epoll_watch *watch = find_watch(epoll, fd);
    if (!watch || !watch->kept)
        return;
    if (!has_operations(watch))
        unregister(epoll, watch, fd);
    else if (events_of_queues(watch) != watch->kept)
        arm_again(epoll, watch, fd);
}

bool epoll_is_busy(struct driver *driver, int fd)
{
    const struct epoll_watch *watch = find_watch(epoll_of(driver), fd);
    return watch && has_operations(watch);
}

void epoll_close_fd(struct driver *driver, int fd)
{
    struct epoll_watch *watch = find_watch(epoll_of(driver), fd);
    if (watch) {
        EDDY_ASSERT(!has_operations(watch),
                    "descriptor %d is closed while operations on it are in flight", fd);
        if (watch->registered && !watch->adopted) /* other processes may share its open file */
            epoll_ctl(epoll_of(driver)->fd, EPOLL_CTL_DEL, fd, NULL);
        *watch = (struct epoll_watch){.generation = watch->generation + 1};
    }
    close(fd);
}

void epoll_give_back(struct driver *driver, void *data, unsigned id)
{
    (void)id;
    EDDY_ASSERT(driver->lent > 0, "a buffer is given back that was not lent");
    driver->lent--;
    lent_put(&epoll_of(driver)->lent, lent_of(data));
}

/* ==== waiting ==== */

/* True: the operation has its result. */
static bool go_on(struct epoll *epoll, struct epoll_watch *watch, struct driver_op *op)
{
    if (attempt(epoll, watch, op))
        return true;
    int error = op->result == STRANGER_WAITS ? call_by_thread(epoll, op) : 0;
    if (error)
        op->result = error;
    return error;
}

static __attribute__((nonnull)) void run_in_order(struct epoll *epoll, struct epoll_watch *watch, struct list *queue)
{
    for (struct driver_op *op; (op = first_op(queue)) && op->state != STATE_CALLED && go_on(epoll, watch, op);)
        epoll_finish_op(epoll, container_of(list_take_first(queue), struct driver_op, link));
}

/* What epoll tells is what poll(2) would say, but for edges, which may be older than what was done since. */
static bool has_event(struct epoll *epoll, struct epoll_watch *watch, struct driver_op *op, uint32_t events)
{
    if (watch->adopted || !op->u.poll.watches)
        return attempt(epoll, watch, op);
    op->result = events & (op->u.poll.events | POLLERR | POLLHUP);
    return op->result != 0;
}

/* True: one has completed. */
static bool run_pollers(struct epoll *epoll, struct epoll_watch *watch, uint32_t events)
{
    bool any = false;
    for (struct driver_op *op = first_op(&watch->pollers), *next; op; op = next) {
        next = LIST_NEXT(op, struct driver_op, link);
        if (has_event(epoll, watch, op, events)) {
            finish_op(epoll, &watch->pollers, op);
            any = true;
        }
    }
    return any;
}

static void fail_all(struct epoll *epoll, struct list *queue, int error)
{
    for (struct driver_op *op; (op = first_op(queue));) {
        op->result = error;
        finish_op(epoll, queue, op);
    }
}

static void arm_again(struct epoll *epoll, struct epoll_watch *watch, int fd)
{
    int error = events_of_queues(watch) != 0 ? arm_foreign(epoll, watch, fd) : 0;
    if (!error)
        return;
    fail_all(epoll, &watch->readers, error);
    fail_all(epoll, &watch->writers, error);
    fail_all(epoll, &watch->pollers, error);
}

/* A thread has made the call: the next operation of the queue has its turn. */
static void call_ended(struct epoll *epoll, struct driver_op *op)
{
    int fd = op->fd;
    struct epoll_watch *watch = find_watch(epoll, fd);
    struct list *queue = queue_of(watch, op);
    free_call(epoll, find_call(epoll, op));
    op->state = STATE_QUEUED;
    if (op->result == -EAGAIN && op->cancelled)
        op->result = -ECANCELED;
    if (op->result != -EAGAIN)
        finish_op(epoll, queue, op);
    run_in_order(epoll, watch, queue);
    if (!watch->adopted)
        arm_again(epoll, watch, fd);
}

/* A registration that is kept needs no call of the kernel, unless it reports what no poll waits for now. */
static void after_event(struct epoll *epoll, struct epoll_watch *watch, int fd, bool any)
{
    if (watch->kept && any)
        return;
    if (watch->kept && !has_operations(watch))
        unregister(epoll, watch, fd);
    else
        arm_again(epoll, watch, fd);
}

static inline __attribute__((always_inline)) void handle_event(struct epoll *epoll, const struct epoll_event *event)
{
    int fd = (int)(uint32_t)event->data.u64;
    struct epoll_watch *watch = find_watch(epoll, fd);
    EDDY_INVARIANT(watch);
    if (watch->generation != (uint32_t)(event->data.u64 >> 32))
        return;
    if ((event->events & END_EVENTS) != 0)
        watch->never_drained = true;
    if ((event->events & (EPOLLIN | END_EVENTS)) != 0) {
        watch->drained = false;
        run_in_order(epoll, watch, &watch->readers);
    }
    if ((event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 && !list_is_empty(&watch->writers))
        run_in_order(epoll, watch, &watch->writers);
    bool any = !list_is_empty(&watch->pollers) && run_pollers(epoll, watch, event->events);
    if (!watch->adopted)
        after_event(epoll, watch, fd, any);
}

static __attribute__((noinline)) void take_from_threads(struct epoll *epoll)
{
    for (struct driver_op *op; (op = file_threads_next(&epoll->files));)
        (op->state == STATE_CALLED ? call_ended : epoll_finish_op)(epoll, op);
}

static inline int sleep_for(struct epoll *epoll, int64_t span)
{
    if (span > 0 && span != CLOCK_NEVER)
        return epoll_sleep(epoll, span);
    return (int)answer(epoll_wait(epoll->fd, epoll->events, EPOLL_ROOM, span > 0 ? -1 : 0));
}

static inline __attribute__((always_inline)) int gather(struct epoll *epoll, int64_t span, bool *woken)
{
    int count = sleep_for(epoll, !list_is_empty(&epoll->done) ? 0 : span);
    *woken = wakeup_take(&epoll->wakeup);
    if (count < 0)
        return count == -EINTR ? 0 : count;
    for (int i = 0; i < count; i++)
        if (epoll->events[i].data.u64 != WAKE_KEY)
            handle_event(epoll, &epoll->events[i]);
    if (file_threads_have_ended(&epoll->files))
        take_from_threads(epoll);
    return 0;
}

int epoll_gather(struct epoll *epoll, int64_t span, bool *woken)
{
    return gather(epoll, span, woken);
}

void epoll_deliver(struct epoll *epoll)
{
    driver_deliver_all(&epoll->driver, &epoll->done);
}

static int wait_until(struct driver *driver, int64_t deadline)
{
    struct epoll *epoll = epoll_of(driver);
    bool woken;
    int64_t span =
        deadline == CLOCK_NEVER || deadline == 0 ? deadline : deadline - clock_monotonic();
    int error = gather(epoll, span, &woken);
    if (!list_is_empty(&epoll->done))
        epoll_deliver(epoll);
    return error;
}

void epoll_wake(struct driver *driver)
{
    wakeup_ring(&epoll_of(driver)->wakeup);
}

/* ==== a host that waits ==== */

int epoll_descriptor(struct driver *driver)
{
    return epoll_of(driver)->fd;
}

static bool host_waits(struct driver *driver, int64_t deadline)
{
    (void)deadline;
    return !list_is_empty(&epoll_of(driver)->done) || wakeup_is_rung(&epoll_of(driver)->wakeup);
}

/* ==== opening and closing ==== */

int epoll_watch_signal(struct epoll *epoll, int fd, unsigned events)
{
    struct epoll_event event = {.events = events, .data.u64 = WAKE_KEY};
    return epoll_ctl(epoll->fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

/* Returns 0, or an errno value: a sandbox may allow every call except epoll_wait. */
static int watch_wakeup(struct epoll *epoll)
{
    int error = epoll_watch_signal(epoll, epoll->wakeup.fd, EPOLLIN | EPOLLET);
    if (error)
        return error;
    return epoll_wait(epoll->fd, epoll->events, 1, 0) < 0 ? errno : 0;
}

int epoll_init(struct epoll *epoll, const struct driver_type *type)
{
    epoll->driver.type = type;
    /* Valgrind does not know epoll_pwait2, and would report that on standard error. */
    epoll->coarse = RUNNING_ON_VALGRIND != 0;
    epoll->fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll->fd < 0)
        return errno;
    int error = wakeup_open(&epoll->wakeup);
    if (!error && (error = watch_wakeup(epoll)) != 0)
        wakeup_close(&epoll->wakeup);
    if (error)
        close(epoll->fd);
    return error;
}

void epoll_finish(struct epoll *epoll)
{
    file_threads_free(&epoll->files); /* joined first: they wake the driver */
    wakeup_close(&epoll->wakeup);
    close(epoll->fd);
    fd_table_free(&epoll->watches);
    lent_free(&epoll->lent);
}

static struct driver *open_driver(const struct driver_options *options, int *error)
{
    struct epoll *epoll = memory_alloc_zeroed(sizeof *epoll);
    *error = epoll ? epoll_init(epoll, &driver_epoll) : ENOMEM;
    if (*error) {
        memory_free(epoll);
        return NULL;
    }
    epoll->driver.seed = options->seed;
    return &epoll->driver;
}

static void close_driver(struct driver *driver)
{
    epoll_finish(epoll_of(driver));
    memory_free(driver);
}

const struct driver_type driver_epoll = {
    .name = "epoll",
    .open = open_driver,
    .close = close_driver,
    .submit = epoll_submit,
    .cancel = epoll_cancel,
    .wait = wait_until,
    .wake = epoll_wake,
    .descriptor = epoll_descriptor,
    .host_waits = host_waits,
    .adopt = epoll_adopt,
    .release = epoll_release,
    .is_busy = epoll_is_busy,
    .close_fd = epoll_close_fd,
    .end_polls = epoll_end_polls,
    .give_back = epoll_give_back,
    .send_now = send_now,
    .net = &net_kernel,
};
