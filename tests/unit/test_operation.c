/* SPDX-License-Identifier: MIT */
/*
 * test_operation.c - rules of operations without a task: each kind completes exactly once, in a later pass, with its
 * result or as cancelled, under every way to drive the loop.
 */
#define _GNU_SOURCE /* accept4, pipe2 */
#include <eddy.h>

#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/current.h"
#include "core/loop.h"
#include "run_clean.h"

/* One operation under test, with its objects. It is in separate memory, so that sanitizers detect a late access. */
struct trial {
    struct eddy_operation op; /* first */
    int fds[3];               /* [0]: its descriptor; -1: none */
    int completions;          /* number of final calls of `complete` */
    int calls;                /* all of them */
    int64_t result;           /* of the last */
    bool in_call;             /* a function of the library is running, which must not call `complete` */
    int error;                /* errno value of an error in a completion; 0: none */
    char buffer[64];
    struct sockaddr_un address;
    socklen_t length;
};

static struct trial *trial_of(struct eddy_operation *op)
{
    return (struct trial *)op;
}

static void complete(struct eddy_operation *op)
{
    struct trial *t = trial_of(op);
    if (t->in_call)
        t->error = EDDY_INVALID_STATE;
    t->calls++;
    t->result = op->result;
    t->completions++;
    eddy_operation_give_back(op);
}

/* ==== the kinds ==== */

struct kind {
    const char *name;
    void (*prepare)(struct trial *t);   /* so that it must wait */
    int (*start)(struct trial *t);
    void (*make_ready)(struct trial *t);
    bool is_poll;                       /* it goes on after its first result */
};

static void close_all(struct trial *t)
{
    for (int i = 0; i < 3; i++)
        if (t->fds[i] >= 0)
            close(t->fds[i]);
}

static void make_pair(struct trial *t)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, t->fds), 0);
}

static void put(struct trial *t)
{
    assert_int_equal(write(t->fds[1], "hello", 5), 5);
}

static void make_full_pair(struct trial *t)
{
    static const char bytes[4096];
    make_pair(t);
    while (send(t->fds[0], bytes, sizeof bytes, MSG_NOSIGNAL) > 0) {
    }
}

static void drain(struct trial *t)
{
    char bytes[4096];
    while (recv(t->fds[1], bytes, sizeof bytes, 0) > 0) {
    }
}

/* A Unix socket whose name the kernel chooses. */
static void listen_at(struct trial *t, int i, int backlog)
{
    t->fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    t->address.sun_family = AF_UNIX;
    t->length = sizeof t->address;
    assert_int_equal(bind(t->fds[i], (struct sockaddr *)&t->address, sizeof(sa_family_t)), 0);
    assert_int_equal(getsockname(t->fds[i], (struct sockaddr *)&t->address, &t->length), 0);
    assert_int_equal(listen(t->fds[i], backlog), 0);
}

static int client(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void make_listener(struct trial *t)
{
    listen_at(t, 0, 5);
}

static void come(struct trial *t)
{
    t->fds[1] = client();
    assert_int_equal(connect(t->fds[1], (struct sockaddr *)&t->address, t->length), 0);
}

/* A queue with no room for the second client. */
static void make_full_queue(struct trial *t)
{
    listen_at(t, 2, 0);
    come(t);
    t->fds[0] = client();
}

static void take_first_client(struct trial *t)
{
    close(accept(t->fds[2], NULL, NULL));
}

static void make_pipe(struct trial *t)
{
    assert_int_equal(pipe2(t->fds, O_NONBLOCK | O_CLOEXEC), 0);
}

/* Its end that writes is the first. */
static void make_full_pipe(struct trial *t)
{
    static const char bytes[4096];
    make_pipe(t);
    int reader = t->fds[0];
    t->fds[0] = t->fds[1];
    t->fds[1] = reader;
    while (write(t->fds[0], bytes, sizeof bytes) > 0) {
    }
}

static void drain_pipe(struct trial *t)
{
    char bytes[4096];
    while (read(t->fds[1], bytes, sizeof bytes) > 0) {
    }
}

static int start_recv(struct trial *t)
{
    return eddy_operation_recv(&t->op, t->fds[0], t->buffer, sizeof t->buffer, 0);
}

static int start_recv_lent(struct trial *t)
{
    return eddy_operation_recv_lent(&t->op, t->fds[0]);
}

static void *give_buffer(struct eddy_operation *op, size_t *size)
{
    *size = sizeof trial_of(op)->buffer;
    return trial_of(op)->buffer;
}

static int start_recv_into(struct trial *t)
{
    return eddy_operation_recv_into(&t->op, t->fds[0], give_buffer);
}

static int start_read(struct trial *t)
{
    return eddy_operation_read(&t->op, t->fds[0], t->buffer, sizeof t->buffer);
}

static int start_read_into(struct trial *t)
{
    return eddy_operation_read_into(&t->op, t->fds[0], give_buffer);
}

static int start_write(struct trial *t)
{
    return eddy_operation_write(&t->op, t->fds[0], t->buffer, sizeof t->buffer);
}

static struct msghdr *message_of(struct trial *t) /* lives until the next call */
{
    static struct msghdr message;
    static struct iovec part;
    part = (struct iovec){t->buffer, sizeof t->buffer};
    message = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
    return &message;
}

static int start_recvmsg(struct trial *t)
{
    return eddy_operation_recvmsg(&t->op, t->fds[0], message_of(t), 0);
}

static int start_send(struct trial *t)
{
    return eddy_operation_send(&t->op, t->fds[0], t->buffer, sizeof t->buffer, 0);
}

static int start_sendmsg(struct trial *t)
{
    return eddy_operation_sendmsg(&t->op, t->fds[0], message_of(t), 0);
}

static int start_accept(struct trial *t)
{
    return eddy_operation_accept(&t->op, t->fds[0]);
}

static int start_connect(struct trial *t)
{
    return eddy_operation_connect(&t->op, t->fds[0], (struct sockaddr *)&t->address, t->length);
}

static int start_poll(struct trial *t)
{
    return eddy_operation_poll(&t->op, t->fds[0], POLLIN);
}

static int start_poll_always(struct trial *t)
{
    return eddy_operation_poll_always(&t->op, t->fds[0], POLLIN);
}

static const struct kind kinds[] = {
    {"recv", make_pair, start_recv, put, false},
    {"recv_lent", make_pair, start_recv_lent, put, false},
    {"recv_into", make_pair, start_recv_into, put, false},
    {"read", make_pipe, start_read, put, false},
    {"read_into", make_pipe, start_read_into, put, false},
    {"write", make_full_pipe, start_write, drain_pipe, false},
    {"recvmsg", make_pair, start_recvmsg, put, false},
    {"send", make_full_pair, start_send, drain, false},
    {"sendmsg", make_full_pair, start_sendmsg, drain, false},
    {"accept", make_listener, start_accept, come, false},
    {"connect", make_full_queue, start_connect, take_first_client, false},
    {"poll", make_pair, start_poll, put, false},
    {"poll_always", make_pair, start_poll_always, put, true},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static struct trial *new_trial(const struct kind *kind, bool adopted)
{
    struct trial *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->op.complete = complete;
    t->fds[0] = t->fds[1] = t->fds[2] = -1;
    if (kind) {
        kind->prepare(t);
        if (adopted)
            assert_int_equal(eddy_adopt(t->fds[0]), 0);
    }
    return t;
}

static int start(const struct kind *kind, struct trial *t)
{
    t->in_call = true;
    int error = kind->start(t);
    t->in_call = false;
    return error;
}

static bool cancel(struct trial *t)
{
    t->in_call = true;
    bool was_in_flight = eddy_operation_cancel(&t->op);
    t->in_call = false;
    return was_in_flight;
}

async(void, passes, (int, count))
{
    while (count-- > 0)
        await(eddy_sleep(0));
}

async(void, until_called, (struct trial *, t), (int, calls))
{
    while (t->calls < calls)
        await(eddy_sleep(0.0001));
}

/* Checks that it has completed once, and does not complete again. */
async(void, end_trial, (struct trial *, t))
{
    await(until_called(t, 1));
    await(passes(3));
    CHECK(t->completions == 1 && t->error == 0);
    if (t->fds[0] >= 0)
        CHECK(eddy_release(t->fds[0]) == 0);
    close_all(t);
    free(t);
}

/* ==== the rules ==== */

async(void, is_cancelled_at_once, (const struct kind *, kind), (bool, adopted))
{
    struct trial *t = new_trial(kind, adopted);
    CHECK(start(kind, t) == 0 && cancel(t) && cancel(t));
    CHECK(t->calls == 0);
    await(until_called(t, 1));
    CHECK(t->result == -ECANCELED && !cancel(t));
    await(end_trial(t));
}

async(void, is_cancelled_later, (const struct kind *, kind), (bool, adopted))
{
    struct trial *t = new_trial(kind, adopted);
    CHECK(start(kind, t) == 0);
    await(passes(3));
    CHECK(t->calls == 0 && cancel(t));
    await(until_called(t, 1));
    CHECK(t->result == -ECANCELED);
    await(end_trial(t));
}

/* Takes the available data: only the request to cancel is left. */
static void end_poll(struct eddy_operation *op)
{
    struct trial *t = trial_of(op);
    t->calls++;
    t->completions += op->result < 0;
    t->result = t->calls == 1 ? op->result : t->result;
    if (op->result >= 0) {
        if (read(t->fds[0], t->buffer, sizeof t->buffer) != 5)
            t->error = EIO;
        cancel(t);
    } else if (op->result != -ECANCELED) {
        t->error = (int)-op->result;
    }
}

async(void, completes, (const struct kind *, kind), (bool, adopted))
{
    struct trial *t = new_trial(kind, adopted);
    if (kind->is_poll)
        t->op.complete = end_poll;
    CHECK(start(kind, t) == 0);
    await(passes(2));
    CHECK(t->calls == 0);
    kind->make_ready(t);
    await(until_called(t, 1));
    CHECK(t->result >= 0);
    if (kind->start == start_accept)
        close((int)t->result);
    await(end_trial(t));
}

async(void, completes_in_a_later_pass, (const struct kind *, kind), (bool, adopted))
{
    struct trial *t = new_trial(kind, adopted);
    if (kind->is_poll)
        t->op.complete = end_poll;
    kind->make_ready(t);
    CHECK(start(kind, t) == 0 && t->calls == 0);
    await(until_called(t, 1));
    CHECK(t->result >= 0);
    if (kind->start == start_accept)
        close((int)t->result);
    await(end_trial(t));
}

/* Either may win, and nothing is lost: bytes that were not received are still there. */
async(void, is_cancelled_as_it_completes, (const struct kind *, kind), (int, pause))
{
    struct trial *t = new_trial(kind, true);
    char bytes[5];
    CHECK(start(kind, t) == 0);
    await(passes(2));
    kind->make_ready(t);
    await(passes(pause));
    cancel(t);
    await(until_called(t, 1));
    CHECK(t->result >= 0 || t->result == -ECANCELED);
    if (kind->start == start_accept && t->result >= 0)
        close((int)t->result);
    bool is_left = kind->make_ready == put && !kind->is_poll && kind->start != start_poll && t->result < 0;
    if (is_left && kind->prepare == make_pipe)
        CHECK(await(eddy_read(t->fds[0], bytes, sizeof bytes)) == 5);
    else if (is_left)
        CHECK(await(eddy_recv(t->fds[0], bytes, sizeof bytes, 0)) == 5);
    await(passes(3));
    if (kind->is_poll)
        t->completions -= t->calls - 1; /* each call was counted as one */
    await(end_trial(t));
}

async(void, fails_for_a_bad_descriptor, (const struct kind *, kind))
{
    struct trial *t = new_trial(NULL, false);
    CHECK(start(kind, t) == 0 && t->calls == 0);
    await(until_called(t, 1));
    CHECK(t->result == -EBADF);
    await(end_trial(t));
}

async(void, is_started_once, (const struct kind *, kind))
{
    struct trial *t = new_trial(kind, false);
    CHECK(start(kind, t) == 0 && start(kind, t) == EDDY_INVALID_STATE);
    CHECK(eddy_adopt(t->fds[0]) == EBUSY || kind->start == start_connect); /* it may wait only for a moment */
    cancel(t);
    await(end_trial(t));
}

async(void, obeys_the_laws)
{
    for (int i = 0; i < KINDS; i++)
        for (int adopted = 0; adopted < 2; adopted++) {
            await(is_cancelled_at_once(&kinds[i], adopted));
            await(is_cancelled_later(&kinds[i], adopted));
            await(completes(&kinds[i], adopted));
            await(completes_in_a_later_pass(&kinds[i], adopted));
        }
    for (int i = 0; i < KINDS; i++) {
        await(is_cancelled_as_it_completes(&kinds[i], 0));
        await(is_cancelled_as_it_completes(&kinds[i], 1));
        await(is_cancelled_as_it_completes(&kinds[i], 2));
        await(fails_for_a_bad_descriptor(&kinds[i]));
        await(is_started_once(&kinds[i]));
    }
}

static void each_kind_completes_exactly_once(void **state)
{
    (void)state;
    RUN_CLEAN(obeys_the_laws());
}

/* ==== under a host ==== */

static int done;

async(void, obeys_the_laws_under_a_host)
{
    await(obeys_the_laws());
    done = 1;
}

static void begin(void *unused)
{
    (void)unused;
    eddy_detach(spawn(obeys_the_laws_under_a_host()));
}

static void each_kind_completes_exactly_once_under_a_host(void **state)
{
    (void)state;
    eddy_loop *loop = eddy_loop_open(NULL, NULL);
    assert_non_null(loop);
    struct pollfd entry = {.fd = eddy_loop_descriptor(loop), .events = POLLIN};
    assert_int_equal(eddy_call_soon_threadsafe(loop, begin, NULL), 0);
    for (done = 0; !done;) {
        double deadline = eddy_loop_deadline(loop);
        assert_true(poll(&entry, 1, isinf(deadline) ? -1 : (int)ceil(deadline * 1000)) >= 0);
        assert_int_equal(eddy_loop_step(loop, 0), 0);
    }
    assert_int_equal(eddy_loop_close(loop), 0);
}

/* ==== the end of the loop ==== */

static struct trial *left[KINDS];

static void complete_and_try_again(struct eddy_operation *op)
{
    struct trial *t = trial_of(op);
    complete(op);
    t->error = kinds[0].start(t);
    if (op == &left[0]->op) /* a task is started, and ends before the loop does */
        eddy_detach(spawn(passes(2)));
}

async(void, leaves_all_in_flight, (bool, adopted))
{
    for (int i = 0; i < KINDS; i++) {
        left[i] = new_trial(&kinds[i], adopted);
        left[i]->op.complete = complete_and_try_again;
        CHECK(start(&kinds[i], left[i]) == 0);
    }
    await(passes(2));
}

static void closing_the_loop_completes_them_as_cancelled(void **state)
{
    (void)state;
    for (int adopted = 0; adopted < 2; adopted++) {
        assert_int_equal(eddy_run(leaves_all_in_flight(adopted)), 0);
        for (int i = 0; i < KINDS; i++) {
            assert_int_equal(left[i]->completions, 1);
            assert_int_equal(left[i]->result, -ECANCELED);
            assert_int_equal(left[i]->error, ECANCELED);
            close_all(left[i]);
            free(left[i]);
        }
    }
}

/* ==== one by one ==== */

static void without_a_loop_none_is_started(void **state)
{
    (void)state;
    struct trial *t = new_trial(&kinds[0], false);
    assert_int_equal(start_recv(t), EDDY_NO_LOOP);
    assert_false(eddy_operation_cancel(&t->op));
    assert_int_equal(eddy_adopt(t->fds[0]), EDDY_NO_LOOP);
    assert_int_equal(eddy_release(t->fds[0]), EDDY_NO_LOOP);
    close_all(t);
    free(t);
}

static void receive_again(struct eddy_operation *op)
{
    struct trial *t = trial_of(op);
    t->calls++;
    t->result = op->result;
    if (op->result > 0)
        t->error = start_recv(t);
}

async(void, receives_again_and_again)
{
    struct trial *t = new_trial(&kinds[0], true);
    t->op.complete = receive_again;
    CHECK(start_recv(t) == 0);
    for (int i = 1; i <= 20; i++) {
        put(t);
        await(until_called(t, i));
        CHECK(t->result == 5 && t->error == 0 && memcmp(t->buffer, "hello", 5) == 0);
    }
    shutdown(t->fds[1], SHUT_WR);
    await(until_called(t, 21));
    CHECK(t->result == 0);
    t->completions = 1;
    await(end_trial(t));
}

static void a_completion_may_start_the_next(void **state)
{
    (void)state;
    RUN_CLEAN(receives_again_and_again());
}

static void keep(struct eddy_operation *op)
{
    trial_of(op)->calls++;
    trial_of(op)->completions = 1;
}

async(void, lends_bytes)
{
    struct trial *t = new_trial(&kinds[1], true);
    t->op.complete = keep;
    put(t);
    CHECK(start_recv_lent(t) == 0);
    await(until_called(t, 1));
    CHECK(t->op.result == 5 && memcmp(t->op.data, "hello", 5) == 0);
    CHECK(start_recv_lent(t) == EDDY_INVALID_STATE); /* the bytes have not been given back */
    eddy_operation_give_back(&t->op);
    eddy_operation_give_back(&t->op);
    CHECK(!t->op.data && start_recv_lent(t) == 0);
    put(t);
    await(until_called(t, 2));
    eddy_operation_give_back(&t->op);
    await(end_trial(t));
}

static void lent_bytes_stay_until_they_are_given_back(void **state)
{
    (void)state;
    RUN_CLEAN(lends_bytes());
}

static void *refuse(struct eddy_operation *op, size_t *size)
{
    (void)op;
    (void)size;
    return NULL;
}

async(void, has_no_memory)
{
    struct trial *t = new_trial(&kinds[2], false);
    CHECK(eddy_operation_recv_into(&t->op, t->fds[0], NULL) == EINVAL);
    CHECK(eddy_operation_recv_into(&t->op, t->fds[0], refuse) == 0);
    put(t);
    await(until_called(t, 1));
    CHECK(t->result == -ENOBUFS);
    CHECK(await(eddy_recv(t->fds[0], t->buffer, sizeof t->buffer, 0)) == 5);
    await(end_trial(t));
}

static void no_memory_given_receives_nothing(void **state)
{
    (void)state;
    RUN_CLEAN(has_no_memory());
}

static void count(struct eddy_operation *op)
{
    struct trial *t = trial_of(op);
    t->calls++;
    t->result = op->result;
    t->completions += op->result < 0;
}

async(void, polls_on)
{
    struct trial *t = new_trial(&kinds[0], false);
    t->op.complete = count;
    CHECK(start_poll_always(t) == 0);
    put(t);
    await(until_called(t, 5)); /* readiness is reported in each pass */
    CHECK(t->result == POLLIN && read(t->fds[0], t->buffer, sizeof t->buffer) == 5);
    await(passes(3));
    int calls = t->calls;
    await(passes(5));
    CHECK(t->calls == calls);
    put(t);
    await(until_called(t, calls + 2));
    cancel(t);
    calls = t->calls;
    await(passes(5));
    CHECK(t->calls == calls + 1 && t->result == -ECANCELED);
    await(end_trial(t));
}

static void a_persistent_poll_reports_in_each_pass(void **state)
{
    (void)state;
    RUN_CLEAN(polls_on());
}

static void cancel_and_close(struct eddy_operation *op)
{
    struct trial *t = trial_of(op);
    count(op);
    if (t->calls < 3)
        return;
    eddy_operation_cancel(op);
    close(t->fds[0]);
    t->fds[0] = -1;
}

static bool driver_would_wake(void)
{
    struct pollfd entry = {.fd = driver_descriptor(current.loop->driver), .events = POLLIN};
    return strcmp(current.loop->driver->type->name, "epoll") == 0 && poll(&entry, 1, 0) != 0;
}

/* Somebody else has the same open file, of which epoll would go on reporting. */
async(void, closes_in_its_call)
{
    struct trial *t = new_trial(&kinds[0], false);
    int other = dup(t->fds[0]);
    t->op.complete = cancel_and_close;
    CHECK(start_poll_always(t) == 0);
    put(t);
    await(until_called(t, 4));
    await(passes(2));
    CHECK(t->calls == 4 && t->result == -ECANCELED && !driver_would_wake());
    close(other);
    await(end_trial(t));
}

static void a_persistent_poll_may_be_ended_and_closed_in_its_call(void **state)
{
    (void)state;
    RUN_CLEAN(closes_in_its_call());
}

static void *not_called(struct eddy_operation *op, size_t *size)
{
    trial_of(op)->error = EDDY_INVALID_STATE;
    return refuse(op, size);
}

async(void, refuses_what_drivers_do_not_share)
{
    struct trial *t = new_trial(&kinds[0], false);
    int blocking[2];
    CHECK(eddy_operation_recv(&t->op, t->fds[0], t->buffer, 2, MSG_WAITALL) == EINVAL);
    t->op.complete = NULL;
    CHECK(start_recv(t) == EINVAL);
    t->op.complete = complete;
    CHECK(pipe(blocking) == 0 && eddy_adopt(blocking[0]) == EINVAL && eddy_adopt(-1) == EBADF);
    close(blocking[0]), close(blocking[1]);
    CHECK(eddy_operation_recv_into(&t->op, t->fds[0], not_called) == 0 && cancel(t));
    put(t);
    await(end_trial(t));
}

static void misuse_is_an_error(void **state)
{
    (void)state;
    RUN_CLEAN(refuses_what_drivers_do_not_share());
}

static eddy_context_var who = EDDY_CONTEXT_VAR_INIT("who", NULL);

/* A listener whose queue is full lets a connect wait; one that is cancelled stays under way in the kernel. */
async(void, connects_after_a_cancelled_connect)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct sockaddr *to = (struct sockaddr *)&address;
    int kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int listener = socket(AF_INET, kind, 0), filler = socket(AF_INET, kind, 0), fd = socket(AF_INET, kind, 0);
    struct trial trial = {.calls = 0};
    trial.op.complete = complete;
    CHECK(bind(listener, to, size) == 0 && getsockname(listener, to, &size) == 0 && listen(listener, 0) == 0);
    connect(filler, to, size);
    CHECK(eddy_operation_connect(&trial.op, fd, to, size) == 0);
    await(passes(3));
    CHECK(eddy_operation_cancel(&trial.op));
    await(until_called(&trial, 1));
    CHECK(trial.result == -ECANCELED);
    CHECK(eddy_operation_connect(&trial.op, fd, to, size) == 0);
    await(passes(3));
    close(await(eddy_accept(listener)));
    close(await(eddy_accept(listener)));
    await(until_called(&trial, 2));
    CHECK(trial.result == 0);
    close(listener), close(filler), close(fd);
}

static void a_connect_waits_for_one_that_was_cancelled(void **state)
{
    (void)state;
    RUN_CLEAN(connects_after_a_cancelled_connect());
}

static void note_who(struct eddy_operation *op)
{
    complete(op);
    op->argument = eddy_context_get(&who);
}

async(void, has_variables)
{
    static char name[] = "the starter";
    struct trial *t = new_trial(&kinds[0], false);
    t->op.complete = note_who;
    CHECK(eddy_context_set(&who, name) == 0);
    CHECK(start_recv(t) == 0);
    put(t);
    await(until_called(t, 1));
    CHECK(t->op.argument == name);
    await(end_trial(t));
}

static void a_completion_has_the_variables_of_the_start(void **state)
{
    (void)state;
    RUN_CLEAN(has_variables());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_completes_exactly_once),
        cmocka_unit_test(each_kind_completes_exactly_once_under_a_host),
        cmocka_unit_test(closing_the_loop_completes_them_as_cancelled),
        cmocka_unit_test(without_a_loop_none_is_started),
        cmocka_unit_test(a_completion_may_start_the_next),
        cmocka_unit_test(lent_bytes_stay_until_they_are_given_back),
        cmocka_unit_test(no_memory_given_receives_nothing),
        cmocka_unit_test(a_persistent_poll_reports_in_each_pass),
        cmocka_unit_test(a_persistent_poll_may_be_ended_and_closed_in_its_call),
        cmocka_unit_test(misuse_is_an_error),
        cmocka_unit_test(a_connect_waits_for_one_that_was_cancelled),
        cmocka_unit_test(a_completion_has_the_variables_of_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
