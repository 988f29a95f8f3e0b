/* SPDX-License-Identifier: MIT */
/*
 * driver_uring.c - operations as requests of an io_uring.
 *
 * A wait makes one call of the kernel, which submits the new requests, finishes those that have become possible, and
 * sleeps. As with epoll a wait has two halves: taking completions out of the ring, and delivering.
 * So a descriptor may be closed, and its number used again, by any completion.
 *
 * A request to cancel is queued after all earlier requests, and is submitted before any completion is delivered. So
 * it never reaches an operation that was made later at the same address.
 */
#define _GNU_SOURCE
#include "os/driver_uring.h"

#include <errno.h>

/* ==== why the ring was refused ==== */

static const char *refused_step = "nothing"; /* atomic, like the next one: several threads open drivers */
static int refused_error;

static void refuse(int error, const char *step)
{
    __atomic_store_n(&refused_step, step, __ATOMIC_RELAXED);
    __atomic_store_n(&refused_error, error, __ATOMIC_RELAXED);
}

int driver_uring_refusal(const char **step)
{
    *step = __atomic_load_n(&refused_step, __ATOMIC_RELAXED);
    return __atomic_load_n(&refused_error, __ATOMIC_RELAXED);
}

#if defined(EDDY_WITH_URING)

#include "base/assert.h"
#include "os/clock.h"
#include "os/driver_fault.h"
#include "os/memory.h"
#include "os/net.h"
#include "os/socket_call.h"
#include "os/stranger.h"
#include "os/valgrind.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static struct uring *uring_of(struct driver *driver)
{
    return (struct uring *)driver;
}

/* ==== putting operations into the ring ==== */

/* NULL and *error: no memory, or the descriptor does not exist, and the table does not grow for it. */
static struct uring_watch *make_watch(struct uring *uring, int fd, int *error)
{
    struct uring_watch *watch = uring_find(uring, fd);
    *error = -EBADF;
    if (watch || fd < 0 || fcntl(fd, F_GETFD) < 0)
        return watch;
    *error = -ENOMEM;
    return fd_table_grow(&uring->watches, fd, sizeof *watch);
}

/* The kernel assumes that a call on a ready descriptor does not wait, and makes it on the loop's thread. There it
 * may wait nevertheless: a tty is ready for writing as soon as it has some room. */
static bool belongs_to_a_thread(const struct uring *uring, const struct driver_op *op)
{
    return !uring_is_loose(op) && !uring_find(uring, op->fd)->adopted && stranger_may_wait(op);
}

/* False: there is no room in the ring. */
static bool begin(struct uring *uring, struct driver_op *op)
{
    if (op->kind == DRIVER_RECV_LENT || op->kind == DRIVER_POLL)
        return uring_begin_poll(uring, op);
    struct io_uring_sqe *sqe = ring_request(&uring->ring);
    if (!sqe)
        return false;
    ring_prepare(sqe, op);
    int fault = driver_fault();
    if (fault)
        ring_spoil(sqe, op, fault);
    sqe->user_data = (uintptr_t)op;
    op->state = URING_KERNEL;
    if (belongs_to_a_thread(uring, op))
        sqe->flags |= IOSQE_ASYNC;
    if (!fault && op->kind == DRIVER_SEND && uring_is_zero_copy(uring, uring_find(uring, op->fd), op)) {
        uring_prepare_zero_copy(sqe);
        op->state = URING_ZERO_COPY;
    }
    return true;
}

/* The first reader gets the available bytes; or a multishot request brings them; or there must be no multishot
 * request. */
static bool settle_reader(struct uring *uring, struct uring_watch *watch)
{
    struct driver_op *op;
    while ((op = first_op(&watch->readers)) && op->state == URING_WAITING && uring_has_stock(watch))
        uring_finish_op(uring, op, uring_take_stock(uring, watch, op));
    if (!op || op->state != URING_WAITING)
        return true;
    if (uring_is_many(uring, watch, op))
        return watch->many != MANY_NONE || uring_begin_many(uring, watch, op);
    if (watch->many != MANY_NONE)
        return uring_stop_many(uring, watch, op->fd);
    watch->starved = false;
    return begin(uring, op);
}

/* Begins the operations that can begin. False: there is no room in the ring. */
static bool settle(struct uring *uring, struct uring_watch *watch)
{
    struct driver_op *writer = first_op(&watch->writers);
    return settle_reader(uring, watch) &&
           (!writer || writer->state != URING_WAITING || begin(uring, writer));
}

static bool must_be_threaded(const struct uring *uring, const struct driver_op *op)
{
    int opcode = ring_opcode(op);
    return opcode < 0 || !ring_knows(&uring->ring, opcode);
}

/* True: it has failed at once. */
static bool submit_to_threads(struct uring *uring, struct driver_op *op)
{
    op->state = URING_THREAD;
    if (!file_threads_submit(&uring->files, &uring->driver, op))
        return false; /* a thread may have written the result by now */
    op->state = URING_IDLE;
    return true;
}

/* A poll for input completes at once if the stock has input. Otherwise the multishot is stopped, which would take
 * the input that the poll waits for. 0: the kernel must be asked. */
static int64_t poll_at_once(struct uring *uring, const struct driver_op *op)
{
    int error;
    struct uring_watch *watch = make_watch(uring, op->fd, &error);
    if (!watch)
        return error;
    if (op->u.poll.is_new && fcntl(op->fd, F_GETFD) < 0)
        return -EBADF;
    if ((op->u.poll.events & POLLIN) == 0)
        return 0;
    if (uring_has_stock(watch))
        return POLLIN;
    uring_stop_many(uring, watch, op->fd);
    return 0;
}

/* Refuses what pread(2) would refuse and a ring would do: reading from a descriptor without positions, and from -1, the
 * descriptor's own position. */
static int64_t wrong_position(const struct driver_op *op)
{
    if (op->kind != DRIVER_PREAD && op->kind != DRIVER_PWRITE)
        return 0;
    if (op->u.file->offset < 0)
        return -EINVAL;
    return op->u.file->positioned || lseek(op->fd, 0, SEEK_CUR) >= 0 ? 0 : -errno;
}

static bool submit_loose(struct uring *uring, struct driver_op *op)
{
    op->result = op->kind == DRIVER_POLL ? poll_at_once(uring, op) : wrong_position(op);
    if (op->result != 0) {
        op->state = URING_IDLE;
        return true;
    }
    if (driver_kind_is_of_files(op->kind) && must_be_threaded(uring, op))
        return submit_to_threads(uring, op);
    begin(uring, op); /* if the ring has no room, the state says that it waits */
    list_add_last(uring_list_of(uring, op), &op->link);
    return false;
}

static bool submit(struct driver *driver, struct driver_op *op)
{
    struct uring *uring = uring_of(driver);
    op->state = URING_WAITING;
    if (uring_is_loose(op))
        return submit_loose(uring, op);
    int error;
    struct uring_watch *watch = make_watch(uring, op->fd, &error);
    if (!watch) {
        op->result = error;
        op->state = URING_IDLE;
        return true;
    }
    struct list *queue = uring_queue_of(watch, op);
    if (queue == &watch->readers && list_is_empty(queue) && uring_has_stock(watch)) {
        op->result = uring_take_stock(uring, watch, op);
        op->state = URING_IDLE;
        return true;
    }
    list_add_last(queue, &op->link);
    if (first_op(queue) == op && !settle(uring, watch))
        uring_unsettle(uring, op->fd);
    return false;
}

/* ==== cancelling ==== */

static bool is_in_kernel(const struct driver_op *op)
{
    return op->state == URING_KERNEL || op->state == URING_POLLING || op->state == URING_PATIENT ||
           op->state == URING_ZERO_COPY;
}

/* No operation accepts any more: further connections remain in the kernel, for other processes that listen there. If
 * the ring has no room for the cancel, the multishot goes on until its stock is full. */
static void stop_accepting(struct uring *uring, const struct driver_op *op)
{
    struct uring_watch *watch = op->kind == DRIVER_ACCEPT ? uring_find(uring, op->fd) : NULL;
    if (watch && list_is_empty(&watch->readers))
        uring_stop_many(uring, watch, op->fd);
}

static void cancel(struct driver *driver, struct driver_op *op)
{
    struct uring *uring = uring_of(driver);
    if (op->cancelled)
        return;
    op->cancelled = true;
    if (op->state == URING_THREAD && file_threads_take_back(&uring->files, op)) {
        op->result = -ECANCELED;
        uring_op_is_done(uring, op);
    } else if (op->state == URING_WAITING) {
        uring_finish_op(uring, op, -ECANCELED);
        stop_accepting(uring, op);
    } else if (is_in_kernel(op) && !uring_send_cancel(uring, (uintptr_t)op)) {
        uring->lost_cancel = true;
    }
}

/* False: there is still no room. */
static bool cancel_again(struct uring *uring, const struct list *operations)
{
    LIST_EACH(struct driver_op, op, operations, link)
        if (((op->cancelled && is_in_kernel(op)) || op->state == URING_TOLD) &&
            !uring_send_cancel(uring, (uintptr_t)op))
            return false;
    return true;
}

/* Some of them have been cancelled already: a second cancel does no harm. */
static void find_lost_cancels(struct uring *uring)
{
    bool all = cancel_again(uring, &uring->loose);
    for (int fd = 0; all && (size_t)fd < uring->watches.count; fd++)
        all = cancel_again(uring, &uring_find(uring, fd)->readers) &&
              cancel_again(uring, &uring_find(uring, fd)->writers) &&
              cancel_again(uring, &uring_find(uring, fd)->pollers);
    uring->lost_cancel = !all;
}

/* ==== operations that could not begin so far ==== */

/* The poll is a multishot: it reports each write to the eventfd, which is never read. */
static void arm_wake(struct uring *uring)
{
    struct io_uring_sqe *sqe = ring_request(&uring->ring);
    uring->wake_armed = sqe;
    if (!sqe)
        return;
    io_uring_prep_poll_multishot(sqe, uring->wakeup.fd, POLLIN);
    sqe->user_data = RING_WAKE;
}

static void settle_all(struct uring *uring)
{
    if (uring->lost_cancel)
        find_lost_cancels(uring);
    while (uring->unsettled >= 0) {
        struct uring_watch *watch = uring_find(uring, uring->unsettled);
        if (!settle(uring, watch))
            return;
        watch->unsettled = false;
        uring->unsettled = watch->next_unsettled;
    }
    for (struct driver_op *op; (op = first_op(&uring->waiting));) {
        if (!begin(uring, op))
            return;
        list_remove(&uring->waiting, &op->link);
        list_add_last(uring_list_of(uring, op), &op->link);
    }
    if (!uring->wake_armed)
        arm_wake(uring);
    if (uring->suspects >= 0 && !uring->asking)
        uring_arm_ask(uring);
}

/* ==== taking completions out of the ring ==== */

/* Takes a buffer only when there are bytes to receive. */
static int64_t receive_lent(struct uring *uring, struct driver_op *op)
{
    struct lent_buffer *buffer = lent_take(&uring->lent);
    if (!buffer)
        return -ENOMEM;
    int64_t result = socket_call_receive(op->fd, buffer->data, sizeof buffer->data, MSG_DONTWAIT);
    if (result <= 0) {
        result = result < 0 ? -errno : 0;
        lent_put(&uring->lent, buffer);
        return result;
    }
    op->u.lent.data = buffer->data;
    op->u.lent.id = 0;
    uring->driver.lent++;
    return result;
}

/* The call was interrupted, or would have had to wait: it is made again when the descriptor is ready. */
static bool is_passing(const struct driver_op *op, int64_t result)
{
    if (result == -EINTR)
        return true;
    return result == -EAGAIN && !driver_kind_is_of_files(op->kind) && op->kind != DRIVER_CONNECT;
}

/* The kernel has cancelled an operation on its own: it had no thread to execute it. */
static int64_t refused(struct uring *uring, struct driver_op *op)
{
    const struct uring_watch *watch = uring_find(uring, op->fd);
    if (op->kind == DRIVER_POLL) /* see tell_pollers */
        return watch && uring_has_stock(watch) ? POLLIN : -EINTR;
    if (op->kind == DRIVER_CONNECT)
        return -EAGAIN;
    if (op->result == -ECANCELED)
        return -ECANCELED;
    op->result = -ECANCELED; /* once */
    return -EAGAIN;
}

/* The same for an operation on a file: a thread of the driver executes it. */
static void carry_out_otherwise(struct uring *uring, struct driver_op *op)
{
    list_remove(&uring->loose, &op->link);
    if (submit_to_threads(uring, op))
        uring_op_is_done(uring, op);
}

static void completed(struct uring *uring, struct driver_op *op, int64_t result)
{
    EDDY_INVARIANT(op->state != URING_IDLE && op->state != URING_WAITING && op->state != URING_DONE);
    if (op->kind != DRIVER_POLL && uring_is_polled(op) && result >= 0)
        result = op->kind == DRIVER_RECV_LENT && !op->cancelled ? receive_lent(uring, op) : -EINTR;
    if (result == -ECANCELED && !op->cancelled && driver_kind_is_of_files(op->kind)) {
        carry_out_otherwise(uring, op);
        return;
    }
    if (result == -ECANCELED && !op->cancelled)
        result = refused(uring, op);
    if (!is_passing(op, result))
        uring_finish_op(uring, op, result);
    else if (op->cancelled)
        uring_finish_op(uring, op, -ECANCELED);
    else if (result == -EINTR ? !begin(uring, op) : !uring_begin_poll(uring, op))
        uring_begin_later(uring, op);
}

static void operation_completed(struct uring *uring, struct ring_completion *completion)
{
    struct driver_op *op = (struct driver_op *)(uintptr_t)completion->data;
    if (op->state == URING_ZERO_COPY ? uring_zero_copy_goes_on(uring_find(uring, op->fd), op, completion)
                                     : uring_is_polled(op) && !uring_poll_completed(uring, op, completion))
        return;
    completed(uring, op, completion->result);
}

static void handle(struct uring *uring, struct ring_completion *completion)
{
    switch (completion->data & RING_TAGS) {
    case RING_OPERATION: operation_completed(uring, completion); break;
    case RING_ACCEPTED:
    case RING_RECEIVED: uring_many_completed(uring, completion); break;
    case RING_ASK: uring_ask(uring); break;
    case RING_WAKE: uring->wake_armed = (completion->flags & IORING_CQE_F_MORE) != 0; break;
    default: break; /* the answer to a cancel is not needed: the operation has its own completion */
    }
}

static void reap(struct uring *uring)
{
    struct ring_completion completion;
    while (ring_next(&uring->ring, &completion))
        handle(uring, &completion);
    for (struct driver_op *op; uring->files.pool && (op = file_threads_next(&uring->files));)
        uring_op_is_done(uring, op);
}

/* ==== a host that waits ==== */

static bool host_waits(struct driver *driver, int64_t deadline)
{
    struct uring *uring = uring_of(driver);
    (void)deadline;
    settle_all(uring);
    ring_enter(&uring->ring, 0, 0);
    return !list_is_empty(&uring->done) || ring_has_news(&uring->ring) || wakeup_is_rung(&uring->wakeup);
}

/* ==== waiting ==== */

static int64_t span_until(int64_t deadline)
{
    if (deadline == CLOCK_NEVER || deadline == 0)
        return deadline;
    int64_t span = deadline - clock_monotonic();
    return span > 0 ? span : 0;
}

/* Enters the ring once. *over: there is something to deliver, or no reason to wait any longer. */
static int look(struct uring *uring, int64_t deadline, bool *over)
{
    bool news = !list_is_empty(&uring->done) || wakeup_is_rung(&uring->wakeup);
    int64_t span = news ? 0 : span_until(deadline);
    int error = ring_enter(&uring->ring, 1, span);
    reap(uring);
    settle_all(uring);
    *over = span == 0 || error == -EINTR || !list_is_empty(&uring->done);
    bool passing = error == -EINTR || error == -ETIME || error == -EBUSY || error == -EAGAIN;
    return passing ? 0 : error;
}

static int wait_until(struct driver *driver, int64_t deadline)
{
    struct uring *uring = uring_of(driver);
    bool over = false;
    int error = 0;
    settle_all(uring);
    while (!over && !error)
        error = look(uring, deadline, &over);
    wakeup_take(&uring->wakeup);
    driver_deliver_all(&uring->driver, &uring->done);
    return error;
}

static void wake(struct driver *driver)
{
    wakeup_ring(&uring_of(driver)->wakeup);
}

/* ==== moving to another ring ==== */

/* The old ring contains only the poll of the wake-up. */
static int make_anew(struct uring *uring, enum ring_use use)
{
    const char *step;
    struct ring ring = {0};
    if (uring->driver.in_flight != 0 || uring->driver.lent != 0 || uring->many != 0 || !list_is_empty(&uring->done))
        return EBUSY;
    int error = ring_open(&ring, &step, use);
    if (error != 0)
        return error;
    ring_close(&uring->ring);
    ring_buffers_free(&uring->buffers);
    uring->ring = ring;
    uring->buffers = (struct ring_buffers){.capacity = uring->buffers.capacity};
    uring->wake_armed = uring->asking = false;
    uring->use = use;
    return 0;
}

/* A ring belongs to the thread that made it. */
static int move(struct driver *driver)
{
    struct uring *uring = uring_of(driver);
    return make_anew(uring, uring->use == RING_POLLED ? RING_POLLED : RING_MOVES);
}

static int descriptor(struct driver *driver)
{
    struct uring *uring = uring_of(driver);
    int error = uring->use == RING_POLLED ? 0 : make_anew(uring, RING_POLLED);
    return error != 0 ? -error : uring->ring.io.ring_fd;
}

/* ==== descriptors and buffers ==== */

static bool has_operations(const struct uring_watch *watch)
{
    return !list_is_empty(&watch->readers) || !list_is_empty(&watch->writers);
}

/* Takes the completions that wait in the kernel out of it, without delivering them. */
static void reap_now(struct uring *uring)
{
    ring_enter(&uring->ring, 0, 0);
    reap(uring);
}

/* `fd` will belong to other code: its multishot is stopped, what it brought is closed or recycled, and what it still
 * brings is ignored. */
static void forget(struct uring *uring, struct uring_watch *watch, int fd)
{
    while (!uring_stop_many(uring, watch, fd)) /* the kernel takes no more before some completions are taken */
        reap_now(uring);
    if (watch->many != MANY_NONE) /* until then the kernel holds the socket, and the peer would not see its end */
        reap_now(uring);
    uring_drop_stock(uring, watch);
    watch->generation++;
    watch->adopted = false;
}

static void adopt(struct driver *driver, int fd)
{
    int error;
    struct uring_watch *watch = make_watch(uring_of(driver), fd, &error);
    if (!watch)
        return; /* no memory: the descriptor is treated like a foreign one */
    EDDY_ASSERT(!has_operations(watch), "descriptor %d is adopted while operations on it are in flight", fd);
    forget(uring_of(driver), watch, fd);
    watch->adopted = true;
}

static void release(struct driver *driver, int fd)
{
    struct uring_watch *watch = uring_find(uring_of(driver), fd);
    if (!watch)
        return;
    EDDY_ASSERT(!has_operations(watch), "descriptor %d is given up while operations on it are in flight", fd);
    forget(uring_of(driver), watch, fd);
}

static bool is_busy(struct driver *driver, int fd)
{
    const struct uring_watch *watch = uring_find(uring_of(driver), fd);
    return watch && (has_operations(watch) || !list_is_empty(&watch->pollers));
}

static void close_fd(struct driver *driver, int fd)
{
    release(driver, fd);
    close(fd);
}

static void give_back(struct driver *driver, void *data, unsigned id)
{
    EDDY_ASSERT(driver->lent > 0, "a buffer is given back that was not lent");
    driver->lent--;
    if (id != 0)
        ring_buffers_put(&uring_of(driver)->buffers, id - 1);
    else
        lent_put(&uring_of(driver)->lent, lent_of(data));
}

/* ==== opening and closing ==== */

static int init(struct uring *uring, const struct driver_options *options, const char **step)
{
    *step = "eventfd";
    uring->unsettled = uring->suspects = -1;
    uring->buffers.capacity = ring_limits.buffers;
    int error = wakeup_open(&uring->wakeup);
    if (error)
        return error;
    uring->use = options->moves ? RING_MOVES : RING_OWN;
    error = ring_open(&uring->ring, step, uring->use);
    if (error)
        wakeup_close(&uring->wakeup);
    return error;
}

static struct driver *open_driver(const struct driver_options *options, int *error)
{
    const char *step = "memory";
    struct uring *uring = NULL;
    *error = ENOSYS;
    if (RUNNING_ON_VALGRIND)
        step = "Valgrind, which does not see what a ring writes";
    else if (!(uring = memory_alloc_zeroed(sizeof *uring)))
        *error = ENOMEM;
    else
        *error = init(uring, options, &step);
    refuse(*error, step);
    if (*error) {
        memory_free(uring);
        return NULL;
    }
    uring->driver.type = &driver_uring;
    uring->driver.seed = options->seed;
    return &uring->driver;
}

static void end_all_many(struct uring *uring)
{
    for (int fd = 0; (size_t)fd < uring->watches.count; fd++)
        forget(uring, uring_find(uring, fd), fd);
    for (int tries = 0; uring->many > 0 && tries < 100; tries++) { /* normally once */
        ring_enter(&uring->ring, 1, CLOCK_SECOND / 100);
        reap(uring);
    }
}

static void close_driver(struct driver *driver)
{
    struct uring *uring = uring_of(driver);
    file_threads_free(&uring->files); /* joined first: they wake the driver */
    end_all_many(uring);
    ring_close(&uring->ring);
    ring_buffers_free(&uring->buffers);
    wakeup_close(&uring->wakeup);
    fd_table_free(&uring->watches);
    lent_free(&uring->lent);
    memory_free(driver);
}

const struct driver_type driver_uring = {
    .name = "uring",
    .open = open_driver,
    .close = close_driver,
    .submit = submit,
    .cancel = cancel,
    .wait = wait_until,
    .wake = wake,
    .descriptor = descriptor,
    .host_waits = host_waits,
    .host_waits_writes = true,
    .move = move,
    .adopt = adopt,
    .release = release,
    .is_busy = is_busy,
    .close_fd = close_fd,
    .give_back = give_back,
    .net = &net_kernel,
};

#else

/* Built without liburing: this driver can never be opened. */
static struct driver *open_driver(const struct driver_options *options, int *error)
{
    (void)options;
    *error = ENOSYS;
    refuse(ENOSYS, "this build, which was made without liburing");
    return NULL;
}

const struct driver_type driver_uring = {.name = "uring", .open = open_driver};

#endif
