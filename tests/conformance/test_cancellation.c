/* SPDX-License-Identifier: MIT */
/*
 * test_cancellation.c - a task awaits an operation and is cancelled: each kind of operation, at each point of its life.
 *
 * The hooks of driver.h tell in which state the operation is. Whatever the point, one of two things holds
 * afterwards: either the await failed with ECANCELED, and what the operation still brought is closed or is left for
 * the next caller; or the await gave its result, and the request is delivered at the next await. Descriptors, blocks
 * of memory, lent buffers, operations, tasks and bytes are counted.
 *
 * The table is printed.  A new kind of operation does not compile (or fails) until it has its row.
 */
#define _GNU_SOURCE
#include "../unit/run_clean.h"

#include "core/loop.h"
#include "io/file.h"
#include "io/socket.h"
#include "os/driver_uring.h"
#include "os/file_op.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(DRIVER_KINDS == 21, "a kind of operation was added: give it its row in every switch of this file");

static const char *const names[] = {
    [DRIVER_POLL] = "poll",         [DRIVER_ACCEPT] = "accept",     [DRIVER_CONNECT] = "connect",
    [DRIVER_RECV] = "recv",         [DRIVER_RECV_LENT] = "recv, lent", [DRIVER_SEND] = "send",
    [DRIVER_RECVMSG] = "recvmsg",   [DRIVER_SENDMSG] = "sendmsg",   [DRIVER_READ] = "read",
    [DRIVER_WRITE] = "write",       [DRIVER_PREAD] = "pread",       [DRIVER_PWRITE] = "pwrite",
    [DRIVER_OPEN] = "open",         [DRIVER_FSYNC] = "fsync",       [DRIVER_STAT] = "stat",
    [DRIVER_RENAME] = "rename",     [DRIVER_UNLINK] = "unlink",     [DRIVER_MKDIR] = "mkdir",
    [DRIVER_TRUNCATE] = "truncate", [DRIVER_LIST] = "list",         [DRIVER_COPY] = "copy",
};

enum point { NOT_SUBMITTED, SUBMITTED, IN_THE_KERNEL, COMPLETED, DELIVERED, POINTS };
static const char *const points[] = {"not submitted", "submitted", "in the kernel", "completed", "delivered"};

enum { FILLERS = 4, MESSAGE = 5 };

static struct cell {
    enum driver_op_kind kind;
    enum point point;
    int fd, peer;            /* the operation's descriptor, and the peer's; -1: none */
    int fillers[FILLERS];    /* connections that keep the backlog full */
    struct sockaddr_in address;
    size_t filled;           /* bytes sent before, so that the next send must wait */
    char folder[32], path[48], other[48];
    char data[4096];         /* the bytes that are sent, or the buffer that they are received into */
    struct iovec part;
    struct msghdr message;
    struct driver_file file;
    struct task *task;       /* that awaits */
    bool submitted;          /* the operation did not complete in the call that began it */
    bool in_flight;          /* the driver has it */
    bool cancelled;          /* the request to cancel has been made */
    bool stimulated;         /* the operation can complete */
    bool finished;           /* the await gave its result */
    bool pending;            /* and the next await was cancelled */
    int64_t result;
    eddy_stream *stream;     /* the stream of fd; NULL: there is none */
    int gate;                /* an eventfd; -1: none */
    enum { BY_NOBODY, BY_THREAD, BY_RING } holder; /* who waits at the gate with the operation */
    bool running;            /* atomic: a thread is about to execute it */
} cell;

/* ==== the points ==== */

/* A request on files that was just made waits for another one, which ends when the gate opens. */
static void hold_in_ring(struct driver *driver)
{
#if defined(EDDY_WITH_URING)
    struct io_uring *io = &((struct uring *)driver)->ring.io;
    struct io_uring_sqe *before = &io->sq.sqes[(io->sq.sqe_tail - 1) & io->sq.ring_mask];
    struct io_uring_sqe *request = io_uring_get_sqe(io);
    *request = *before;
    io_uring_prep_poll_add(before, cell.gate, POLLIN);
    before->flags |= IOSQE_IO_LINK;
    before->user_data = RING_NOBODY;
#else
    (void)driver;
#endif
}

static void ask(void)
{
    if (!cell.cancelled)
        task_cancel(cell.task, "by the test");
    cell.cancelled = true;
}

static bool in_kernel(void)
{
    return cell.in_flight && (cell.holder != BY_THREAD || __atomic_load_n(&cell.running, __ATOMIC_SEQ_CST));
}

/* Runs on a thread of the driver. */
static void hold_thread(void)
{
    uint64_t opened;
    __atomic_store_n(&cell.running, true, __ATOMIC_SEQ_CST);
    if (cell.holder == BY_THREAD)
        (void)!read(cell.gate, &opened, sizeof opened);
}

static void on_point(enum driver_point point, struct driver *driver, struct driver_op *op)
{
    if (point == DRIVER_AT_RUNNING) {
        hold_thread();
        return;
    }
    bool ours = cell.task && op == &cell.task->wait.op;
    if (ours && point == DRIVER_AT_SUBMITTED)
        cell.in_flight = cell.submitted = true;
    if (ours && point == DRIVER_AT_SUBMITTED && cell.holder == BY_RING)
        hold_in_ring(driver);
    if (ours && point == DRIVER_AT_DONE && cell.point == COMPLETED)
        ask();
    if (ours && point == DRIVER_AT_DONE)
        cell.in_flight = false;
    if (ours && point == DRIVER_AT_DELIVERED && cell.point == DELIVERED)
        ask();
    if (point == DRIVER_AT_WAIT && cell.point == SUBMITTED && cell.in_flight)
        ask();
    if (point == DRIVER_AT_WAITED && cell.point == IN_THE_KERNEL && in_kernel())
        ask();
}

/* ==== the objects that are operated on ==== */

static bool is_send(enum driver_op_kind kind)
{
    return kind == DRIVER_SEND || kind == DRIVER_SENDMSG || kind == DRIVER_WRITE;
}

static bool is_receive(enum driver_op_kind kind)
{
    return kind == DRIVER_RECV || kind == DRIVER_RECV_LENT || kind == DRIVER_RECVMSG || kind == DRIVER_READ;
}

static bool make_listener(int backlog)
{
    socklen_t size = sizeof cell.address;
    cell.address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&cell.address, size) != 0 || listen(fd, backlog) != 0 ||
        getsockname(fd, (struct sockaddr *)&cell.address, &size) != 0)
        return false;
    return (*(cell.kind == DRIVER_ACCEPT ? &cell.fd : &cell.peer) = fd) >= 0;
}

static int call_it(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    connect(fd, (struct sockaddr *)&cell.address, sizeof cell.address);
    return fd;
}

/* A full backlog drops the next connection attempt, which then waits. */
static bool make_busy_listener(void)
{
    cell.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (!make_listener(0))
        return false;
    for (int i = 0; i < FILLERS; i++)
        cell.fillers[i] = call_it();
    return true;
}

static bool make_ends(void)
{
    int ends[2];
    if (cell.kind == DRIVER_READ || cell.kind == DRIVER_WRITE) {
        if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
            return false;
        cell.fd = ends[cell.kind == DRIVER_WRITE];
        cell.peer = ends[cell.kind == DRIVER_READ];
    } else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    } else {
        cell.fd = ends[0];
        cell.peer = ends[1];
    }
    for (ssize_t sent; is_send(cell.kind) && (sent = write(cell.fd, cell.data, sizeof cell.data)) > 0;)
        cell.filled += (size_t)sent;
    return true;
}

static bool make_file(void)
{
    strcpy(cell.folder, "/tmp/eddy-cancel-XXXXXX");
    if (!mkdtemp(cell.folder))
        return false;
    snprintf(cell.path, sizeof cell.path, "%s/one", cell.folder);
    snprintf(cell.other, sizeof cell.other, "%s/two", cell.folder);
    int file = open(cell.path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    cell.fd = cell.kind == DRIVER_LIST ? open(cell.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : dup(file);
    fcntl(cell.fd, F_SETFD, FD_CLOEXEC);
    close(file);
    return cell.fd >= 0;
}

static bool make_what(void)
{
    switch (cell.kind) {
    case DRIVER_ACCEPT: return make_listener(8);
    case DRIVER_CONNECT: return make_busy_listener();
    case DRIVER_POLL:
    case DRIVER_RECV:
    case DRIVER_RECV_LENT:
    case DRIVER_RECVMSG:
    case DRIVER_READ:
    case DRIVER_SEND:
    case DRIVER_SENDMSG:
    case DRIVER_WRITE: return make_ends();
    default: return make_file();
    }
}

static void drain(void)
{
    char rest[4096];
    for (ssize_t got; (got = read(cell.peer, rest, sizeof rest)) > 0;)
        cell.filled -= (size_t)got;
}

/* The fillers are closed before the connections that were let in: otherwise they try again and fill the backlog for
 * good. */
static void make_room(void)
{
    for (int i = 0; i < FILLERS; i++) {
        close(cell.fillers[i]);
        cell.fillers[i] = -1;
    }
    for (int fd; (fd = accept(cell.peer, NULL, NULL)) >= 0;)
        close(fd);
}

/* After this the operation can complete. Operations on files always can. */
static void stimulate(void)
{
    if (cell.stimulated)
        return;
    cell.stimulated = true;
    if (cell.kind == DRIVER_ACCEPT)
        cell.peer = call_it();
    else if (cell.kind == DRIVER_CONNECT)
        make_room();
    else if (is_receive(cell.kind) || cell.kind == DRIVER_POLL)
        (void)!write(cell.peer, "hello", MESSAGE);
    else if (is_send(cell.kind))
        drain();
}

/* ==== the operation ==== */

static struct operation on_a_file(void)
{
    struct driver_file *file = &cell.file;
    int fd = cell.fd;
    *file = (struct driver_file){
        .path = cell.path, .other = cell.other, .data = cell.data, .size = MESSAGE, .mode = 0700};
    switch (cell.kind) {
    case DRIVER_OPEN:
    case DRIVER_STAT:
    case DRIVER_RENAME:
    case DRIVER_UNLINK: fd = AT_FDCWD; break;
    case DRIVER_MKDIR: file->path = cell.other; fd = AT_FDCWD; break;
    case DRIVER_LIST: file->size = sizeof cell.data; break;
    case DRIVER_COPY: file->flags = fd; file->offset = MESSAGE; break; /* to the same file, from its end on */
    default: break;
    }
    return file_operation(cell.kind, fd, file);
}

static struct msghdr *message(void)
{
    cell.part = (struct iovec){cell.data, is_send(cell.kind) ? sizeof cell.data : MESSAGE};
    cell.message = (struct msghdr){.msg_iov = &cell.part, .msg_iovlen = 1};
    return &cell.message;
}

/* By the public function if there is one. */
async(int64_t, operate)
{
    int fd = cell.fd;
    switch (cell.kind) {
    case DRIVER_POLL: return await(eddy_poll(fd, POLLIN));
    case DRIVER_ACCEPT: return await(eddy_accept(fd));
    case DRIVER_CONNECT:
        await(eddy_connect(fd, (struct sockaddr *)&cell.address, sizeof cell.address));
        return 0;
    case DRIVER_RECV: return (int64_t)await(eddy_recv(fd, cell.data, MESSAGE, 0));
    case DRIVER_RECV_LENT: return (int64_t)await(eddy_stream_read(cell.stream, cell.data, MESSAGE));
    case DRIVER_SEND: return (int64_t)await(eddy_send_bytes(fd, cell.data, sizeof cell.data, 0));
    case DRIVER_RECVMSG: return await(socket_recvmsg(fd, message(), 0));
    case DRIVER_SENDMSG: return await(socket_sendmsg(fd, message(), 0));
    case DRIVER_READ: return await(socket_read(fd, cell.data, MESSAGE));
    case DRIVER_WRITE: return await(socket_write(fd, cell.data, sizeof cell.data));
    default: return await(on_a_file());
    }
}

async(void, awaiting)
{
    eddy_error err;
    cell.result = await(operate());
    cell.finished = true;
    await_always(eddy_sleep(0.0), &err);
    cell.pending = err.code == ECANCELED;
}

/* ==== what is left ==== */

/* A connection that was not taken is closed, or is left for the next accept. */
static bool connection_is_kept_or_closed(void)
{
    if (!cell.finished) {
        struct pollfd ended = {.fd = cell.peer, .events = POLLIN | POLLRDHUP};
        struct pollfd waits = {.fd = cell.fd, .events = POLLIN};
        if (poll(&waits, 1, 0) == 1)
            cell.result = accept(cell.fd, NULL, NULL);
        else
            return poll(&ended, 1, 1000) == 1;
    }
    return cell.result >= 0 && close((int)cell.result) == 0;
}

/* Every byte was received by the task, or is left for the next reader. */
async(bool, bytes_are_kept)
{
    char rest[16];
    int64_t got = cell.finished ? cell.result : 0;
    if (got == MESSAGE)
        return true;
    if (cell.stream)
        got = (int64_t)await(eddy_stream_read(cell.stream, rest, sizeof rest));
    return cell.stream ? got == MESSAGE && memcmp(rest, "hello", MESSAGE) == 0
                       : got == 0 && read(cell.fd, rest, sizeof rest) == MESSAGE && memcmp(rest, "hello", MESSAGE) == 0;
}

static bool bytes_are_as_said(void)
{
    if (cell.finished)
        cell.filled += (size_t)cell.result;
    drain();
    return cell.filled == 0;
}

/* The contents of the file agree with what the task was told. */
static bool file_is_as_said(void)
{
    struct stat facts;
    bool done = cell.finished && cell.result >= 0;
    switch (cell.kind) {
    case DRIVER_PWRITE: return stat(cell.path, &facts) == 0 && facts.st_size == (done ? MESSAGE : 0);
    case DRIVER_OPEN: return !done || close((int)cell.result) == 0;
    case DRIVER_UNLINK: return (access(cell.path, F_OK) != 0) == done;
    case DRIVER_RENAME:
    case DRIVER_MKDIR: return (access(cell.other, F_OK) == 0) == done;
    default: return !cell.finished || cell.result >= 0;
    }
}

async(bool, all_is_accounted_for)
{
    stimulate();
    if (cell.kind == DRIVER_ACCEPT)
        return connection_is_kept_or_closed();
    if (is_receive(cell.kind))
        return await(bytes_are_kept());
    if (is_send(cell.kind))
        return bytes_are_as_said();
    return !driver_kind_is_of_files(cell.kind) || file_is_as_said();
}

/* ==== one cell of the table ==== */

/* Waits until the request has been made, or until there is no operation left to cancel. */
async(void, reach_the_point, (struct awaiting *, task))
{
    if (cell.point == NOT_SUBMITTED)
        ask();
    await(eddy_sleep(0.0));
    while (!cell.cancelled && !eddy_done(task)) {
        if (cell.point >= COMPLETED)
            stimulate();
        await(eddy_sleep(0.001));
    }
}

async(const char *, outcome)
{
    eddy_error err;
    struct awaiting *task = spawn(awaiting());
    cell.task = task_of_handle(task);
    await(reach_the_point(task));
    (void)!write(cell.gate, &(uint64_t){1}, sizeof(uint64_t));
    await(task, &err);
    bool failed = err.code == ECANCELED;
    CHECK(failed != cell.finished);
    if (cell.point != NOT_SUBMITTED && !cell.submitted) { /* it completed in the call that began it */
        CHECK(cell.finished && !cell.cancelled);
        return "at once";
    }
    CHECK(cell.cancelled && (failed || cell.pending));
    return failed ? "cancelled" : "result";
}

static const char *seen; /* the outcome */

static void clean_up(struct cell *unused)
{
    (void)unused;
    driver_hook = NULL;
    if (cell.stream)
        eddy_stream_abort(cell.stream);
    else if (cell.fd >= 0)
        socket_close(current.loop, cell.fd);
    close(cell.gate);
    if (cell.peer >= 0)
        close(cell.peer);
    for (int i = 0; i < FILLERS; i++)
        if (cell.fillers[i] >= 0)
            close(cell.fillers[i]);
    if (cell.folder[0]) {
        unlink(cell.path);
        remove(cell.other);
        rmdir(cell.folder);
    }
}

/* Operations on files would complete too soon. */
static void choose_holder(const char *driver)
{
    bool no_request = cell.kind >= DRIVER_TRUNCATE;
    if (!driver_kind_is_of_files(cell.kind) || cell.point != IN_THE_KERNEL)
        return;
    if (strcmp(driver, "epoll") == 0 || (strcmp(driver, "uring") == 0 && no_request))
        cell.holder = BY_THREAD;
    else if (strcmp(driver, "uring") == 0)
        cell.holder = BY_RING;
}

async(void, run_cell)
{
    struct driver *driver = current.loop->driver;
    size_t tasks = current.loop->task_count;
    defer(clean_up, &cell);
    CHECK(make_what());
    driver_adopt(driver, cell.fd);
    if (cell.kind == DRIVER_RECV_LENT)
        cell.stream = await(eddy_open_descriptors(cell.fd, cell.fd));
    choose_holder(driver->type->name);
    cell.gate = eventfd(0, EFD_CLOEXEC);
    driver_hook = on_point;
    seen = await(outcome());
    driver_hook = NULL;
    CHECK(await(all_is_accounted_for()));
    CHECK(driver->lent == 0 && current.loop->task_count == tasks);
}

static const char *cell_of(enum driver_op_kind kind, enum point point)
{
    cell = (struct cell){.kind = kind, .point = point, .fd = -1, .peer = -1, .gate = -1};
    for (int i = 0; i < FILLERS; i++)
        cell.fillers[i] = -1;
    seen = "?";
    RUN_CLEAN(run_cell());
    return seen;
}

static void a_cancelled_operation_loses_nothing(void **state)
{
    (void)state;
    assert_int_equal(sizeof names / sizeof names[0], DRIVER_KINDS);
    printf("%-12s", "");
    for (int point = 0; point < POINTS; point++)
        printf("%-15s", points[point]);
    for (int kind = 0; kind < DRIVER_KINDS; kind++) {
        assert_non_null(names[kind]);
        printf("\n%-12s", names[kind]);
        for (int point = 0; point < POINTS; point++) {
            printf("%-15s", cell_of((enum driver_op_kind)kind, (enum point)point));
            fflush(stdout);
        }
    }
    putchar('\n');
}

int main(void)
{
    const struct CMUnitTest rules[] = {cmocka_unit_test(a_cancelled_operation_loses_nothing)};
    return cmocka_run_group_tests_name("cancellation", rules, NULL, NULL);
}
