/* SPDX-License-Identifier: MIT */
/* test_sim_net.c - rules of the simulation's network: bytes arrive once and in order, in every weather. */
#define _GNU_SOURCE
#include "os/sim.h"

#include "os/clock.h"
#include "os/memory.h"
#include "os/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/random.h"

static struct driver *driver;

struct probe {
    struct driver_op op; /* first */
    int completions;
    struct sockaddr_in address;
    char data[4096];
};

static void complete(struct driver_op *op)
{
    ((struct probe *)op)->completions++;
}

/* True: it completed at once. */
static bool submit(struct probe *probe, enum driver_op_kind kind, int fd, size_t size)
{
    probe->op = (struct driver_op){.kind = (uint8_t)kind, .fd = fd, .complete = complete};
    probe->completions = 0;
    if (kind == DRIVER_RECV || kind == DRIVER_SEND || kind == DRIVER_WRITE) {
        probe->op.u.buffer.data = probe->data;
        probe->op.u.buffer.size = size;
    } else if (kind == DRIVER_CONNECT) {
        probe->op.u.address.data = (struct sockaddr *)&probe->address;
        probe->op.u.address.length = sizeof probe->address;
    }
    if (!driver_submit(driver, &probe->op))
        return false;
    probe->completions = 1;
    return true;
}

static int64_t finish(struct probe *probe)
{
    for (int passes = 0; probe->completions == 0; passes++) {
        assert_true(passes < 100000);
        assert_int_equal(driver_wait(driver, CLOCK_NEVER), 0);
    }
    assert_int_equal(probe->completions, 1);
    return probe->op.result;
}

static int64_t run(struct probe *probe, enum driver_op_kind kind, int fd, size_t size)
{
    submit(probe, kind, fd, size);
    return finish(probe);
}

static void open_sim(uint64_t seed, const char *weather)
{
    int error = -1;
    if (weather)
        setenv("EDDY_SIM_WEATHER", weather, 1);
    else
        unsetenv("EDDY_SIM_WEATHER");
    driver = driver_open("sim", &(struct driver_options){.seed = seed}, &error);
    assert_int_equal(error, 0);
    assert_non_null(driver);
    unsetenv("EDDY_SIM_WEATHER");
}

static void close_sim(void)
{
    driver_close(driver);
    assert_int_equal(memory_live_blocks(), 0);
}

static int make_listener(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int fd = net_open(driver, AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(net_bind(driver, fd, (struct sockaddr *)address, sizeof *address), 0);
    assert_int_equal(net_listen(driver, fd, 16), 0);
    assert_int_equal(net_name(driver, fd, false, (struct sockaddr *)address, &size), 0);
    return fd;
}

static void join(int ends[2])
{
    struct probe client, server;
    int listener = make_listener(&client.address);
    ends[0] = net_open(driver, AF_INET, SOCK_STREAM, 0);
    submit(&client, DRIVER_CONNECT, ends[0], 0);
    ends[1] = (int)run(&server, DRIVER_ACCEPT, listener, 0);
    assert_true(ends[1] >= 0);
    driver_adopt(driver, ends[1]);
    assert_int_equal(finish(&client), 0);
    driver_close_fd(driver, listener);
}

static void close_ends(const int ends[2])
{
    driver_close_fd(driver, ends[0]);
    driver_close_fd(driver, ends[1]);
}

/* ==== rules ==== */

/* Sends a numbered stream in one direction, and reads the other end in pieces; returns a hash of the course. */
static uint64_t pump(const int ends[2], uint64_t seed)
{
    enum { TOTAL = 200000 };
    struct probe in, out;
    size_t sent = 0, got = 0;
    uint64_t random = seed, hash = 0;
    bool sending = false, receiving = false;
    while (got < TOTAL) {
        if (!sending && sent < TOTAL) {
            size_t size = 1 + (size_t)random_below(&random, sizeof out.data);
            for (size_t i = 0; i < size; i++)
                out.data[i] = (char)((sent + i) * 31 >> 3);
            submit(&out, DRIVER_SEND, ends[0], size < TOTAL - sent ? size : TOTAL - sent);
            sending = true;
        }
        if (!receiving)
            submit(&in, DRIVER_RECV, ends[1], 1 + (size_t)random_below(&random, sizeof in.data));
        receiving = true;
        if (!(sending && out.completions) && !in.completions)
            assert_int_equal(driver_wait(driver, CLOCK_NEVER), 0);
        if (sending && out.completions) {
            assert_true(out.op.result > 0);
            sent += (size_t)out.op.result;
            sending = false;
        }
        if (in.completions) {
            assert_true(in.op.result > 0);
            for (int64_t i = 0; i < in.op.result; i++)
                assert_int_equal(in.data[i], (char)((got + (size_t)i) * 31 >> 3));
            got += (size_t)in.op.result;
            hash = hash * 31 + (uint64_t)in.op.result;
            receiving = false;
        }
    }
    return hash * 31 + (uint64_t)driver_now(driver);
}

static void bytes_arrive_once_and_in_order(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        int ends[2];
        open_sim(seed, seed % 3 == 2 ? "partition=0.5 outage=5" : NULL);
        join(ends);
        pump(ends, seed);
        close_ends(ends);
        close_sim();
    }
}

static void a_seed_repeats_a_run(void **state)
{
    (void)state;
    uint64_t hashes[3];
    for (int i = 0; i < 3; i++) {
        int ends[2];
        open_sim(i < 2 ? 7 : 8, NULL);
        join(ends);
        hashes[i] = pump(ends, 1);
        close_ends(ends);
        close_sim();
    }
    assert_true(hashes[0] == hashes[1]);
    assert_true(hashes[0] != hashes[2]);
}

static void the_end_of_file_comes_after_the_bytes(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        int ends[2];
        struct probe probe;
        int64_t total = 0, result;
        open_sim(seed, NULL);
        join(ends);
        for (int64_t sent = 0; sent < 1000; sent += result) {
            result = run(&probe, DRIVER_SEND, ends[0], (size_t)(1000 - sent));
            assert_true(result > 0);
        }
        assert_int_equal(net_shutdown(driver, ends[0], SHUT_WR), 0);
        while ((result = run(&probe, DRIVER_RECV, ends[1], sizeof probe.data)) > 0)
            total += result;
        assert_int_equal(result, 0);
        assert_int_equal(total, 1000);
        assert_int_equal(run(&probe, DRIVER_SEND, ends[0], 1), -EPIPE);
        assert_true(run(&probe, DRIVER_SEND, ends[1], 5) > 0); /* the other direction is open */
        assert_true(run(&probe, DRIVER_RECV, ends[0], 5) > 0);
        close_ends(ends);
        close_sim();
    }
}

static void bytes_arrive_after_the_latency(void **state)
{
    (void)state;
    int ends[2];
    struct probe in, out;
    open_sim(0, "latency=5");
    join(ends);
    int64_t before = driver_now(driver);
    assert_int_equal(run(&out, DRIVER_SEND, ends[0], 3), 3);
    assert_int_equal(run(&in, DRIVER_RECV, ends[1], 3), 3);
    assert_true(driver_now(driver) > before);
    assert_true(driver_now(driver) <= before + 5 * CLOCK_SECOND);
    close_ends(ends);
    close_sim();
}

/* So that a seed finds what goes wrong when other tasks run in between. */
static void a_write_may_wait_although_there_is_room(void **state)
{
    (void)state;
    int ends[2], pipe_ends[2];
    struct probe in, out = {.completions = 0};
    open_sim(0, "late=1 latency=5");
    join(ends);
    int64_t before = driver_now(driver);
    assert_false(submit(&out, DRIVER_SEND, ends[0], 3));
    assert_false(submit(&in, DRIVER_RECV, ends[1], 3));
    assert_int_equal(finish(&out), 3);
    assert_true(driver_now(driver) > before);
    assert_int_equal(finish(&in), 3);
    assert_int_equal(pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC), 0); /* and one connection to the world outside */
    assert_false(submit(&out, DRIVER_WRITE, pipe_ends[1], 1));
    assert_int_equal(finish(&out), 1);
    driver_close_fd(driver, pipe_ends[0]);
    driver_close_fd(driver, pipe_ends[1]);
    close_ends(ends);
    close_sim();
}

static bool submit_write(struct probe *probe, struct driver_file *file, int fd)
{
    *file = (struct driver_file){.data = "abc", .size = 3};
    probe->op = (struct driver_op){.kind = DRIVER_PWRITE, .fd = fd, .u.file = file, .complete = complete};
    probe->completions = 0;
    return driver_submit(driver, &probe->op);
}

/* Until its time has come it has no effect. */
static void an_operation_on_a_file_may_be_late(void **state)
{
    (void)state;
    struct probe written, cancelled;
    struct driver_file file, other;
    char name[] = "/tmp/eddy-sim-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0 && unlink(name) == 0);
    open_sim(0, "late=1 latency=5 deaf=0");
    int64_t before = driver_now(driver);
    assert_false(submit_write(&cancelled, &other, fd));
    driver_cancel(driver, &cancelled.op);
    assert_int_equal(finish(&cancelled), -ECANCELED);
    assert_int_equal(lseek(fd, 0, SEEK_END), 0);
    assert_false(submit_write(&written, &file, fd));
    assert_int_equal(finish(&written), 3);
    assert_true(driver_now(driver) > before);
    assert_int_equal(lseek(fd, 0, SEEK_END), 3);
    close_sim();
    open_sim(0, "late=1 latency=5 deaf=1"); /* a deaf operation is executed nevertheless */
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_false(submit_write(&cancelled, &other, fd));
    driver_cancel(driver, &cancelled.op);
    assert_int_equal(finish(&cancelled), 3);
    assert_int_equal(lseek(fd, 0, SEEK_END), 3);
    close_sim();
    open_sim(7, "fine");
    assert_true(submit_write(&written, &file, fd));
    close_sim();
    close(fd);
}

static void in_fine_weather_a_write_is_done_at_once(void **state)
{
    (void)state;
    int ends[2];
    struct probe out;
    open_sim(7, "fine");
    join(ends);
    for (int i = 0; i < 20; i++)
        assert_true(submit(&out, DRIVER_SEND, ends[0], 3));
    close_ends(ends);
    close_sim();
}

static void a_peer_that_does_not_read_holds_up_the_sender(void **state)
{
    (void)state;
    int ends[2];
    struct probe in, out;
    size_t sent = 0, got = 0;
    open_sim(0, NULL);
    join(ends);
    while (submit(&out, DRIVER_SEND, ends[0], sizeof out.data))
        sent += (size_t)out.op.result;
    assert_true(sent >= 65536);
    assert_int_equal(run(&in, DRIVER_RECV, ends[1], sizeof in.data), sizeof in.data);
    got += sizeof in.data;
    sent += (size_t)finish(&out);
    while (got < sent)
        got += (size_t)run(&in, DRIVER_RECV, ends[1], sizeof in.data);
    assert_int_equal(got, sent);
    close_ends(ends);
    close_sim();
}

static void a_cancelled_receive_loses_nothing(void **state)
{
    (void)state;
    int done = 0, cancelled = 0;
    for (uint64_t seed = 1; seed < 200; seed++) {
        int ends[2];
        struct probe in, out;
        int64_t got = 0;
        open_sim(seed, "short=0 deaf=0.7");
        join(ends);
        if (!submit(&in, DRIVER_RECV, ends[1], 4)) {
            submit(&out, DRIVER_SEND, ends[0], 4);
            driver_cancel(driver, &in.op);
            got = finish(&in);
            finish(&out);
        }
        assert_true(got == 4 || got == -ECANCELED);
        *(got == 4 ? &done : &cancelled) += 1;
        if (got < 0)
            assert_int_equal(run(&in, DRIVER_RECV, ends[1], 4), 4);
        close_ends(ends);
        close_sim();
    }
    assert_true(done > 0 && cancelled > 0);
}

static void a_broken_connection_tells_both_ends(void **state)
{
    (void)state;
    int ends[2];
    struct probe in, out;
    open_sim(0, "reset=1");
    join(ends);
    submit(&in, DRIVER_RECV, ends[1], 4);
    assert_int_equal(run(&out, DRIVER_SEND, ends[0], 4), -ECONNRESET);
    assert_int_equal(finish(&in), -ECONNRESET);
    close_ends(ends);
    close_sim();
}

/* Sends until a send must wait. */
static void fill(struct probe *out, int fd)
{
    while (submit(out, DRIVER_SEND, fd, sizeof out->data)) {
    }
}

/* The reader makes room; the sender goes on and breaks the connection, which the reader and all senders see. */
static void an_operation_that_breaks_the_connection_completes_once(void **state)
{
    (void)state;
    int ends[2];
    struct probe first, second, in, back;
    open_sim(0, NULL);
    join(ends);
    fill(&first, ends[0]);
    assert_false(submit(&second, DRIVER_SEND, ends[0], 4));
    assert_false(submit(&back, DRIVER_RECV, ends[0], 4));
    sim_of(driver)->weather.reset = 1;
    run(&in, DRIVER_RECV, ends[1], sizeof in.data);
    assert_int_equal(finish(&first), -ECONNRESET);
    assert_true(finish(&second) < 0);
    assert_int_equal(finish(&back), 0); /* the senders saw it */
    assert_int_equal(driver_wait(driver, driver_now(driver) + CLOCK_SECOND), 0);
    assert_int_equal(first.completions + second.completions + in.completions + back.completions, 4);
    assert_int_equal(driver->in_flight, 0);
    close_ends(ends);
    close_sim();
}

static void a_reset_reaches_the_other_end_at_once(void **state)
{
    (void)state;
    int ends[2];
    struct probe in;
    open_sim(0, NULL);
    join(ends);
    assert_false(submit(&in, DRIVER_RECV, ends[1], 4));
    net_reset(driver, ends[0]);
    assert_int_equal(driver_wait(driver, 0), 0);
    assert_int_equal(in.completions, 1);
    assert_int_equal(in.op.result, -ECONNRESET);
    close_ends(ends);
    close_sim();
}

static void closing_with_bytes_unread_breaks_it(void **state)
{
    (void)state;
    int ends[2];
    struct probe probe;
    open_sim(0, NULL);
    join(ends);
    assert_int_equal(run(&probe, DRIVER_SEND, ends[0], 4), 4);
    driver_close_fd(driver, ends[1]);
    assert_int_equal(run(&probe, DRIVER_RECV, ends[0], 4), -ECONNRESET);
    driver_close_fd(driver, ends[0]);
    close_sim();
}

static void connecting_without_a_listener_is_refused(void **state)
{
    (void)state;
    struct probe probe;
    open_sim(3, NULL);
    int listener = make_listener(&probe.address);
    driver_close_fd(driver, listener);
    int fd = net_open(driver, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(run(&probe, DRIVER_CONNECT, fd, 0), -ECONNREFUSED);
    driver_close_fd(driver, fd);
    close_sim();
}

/* As with the kernel, where the second one waits for the outcome of the first. */
static void two_connects_on_one_socket_make_one_connection(void **state)
{
    (void)state;
    struct probe first, second, out, in, accepted, none;
    open_sim(0, "latency=5");
    int listener = make_listener(&first.address), fd = net_open(driver, AF_INET, SOCK_STREAM, 0);
    second.address = first.address;
    assert_false(submit(&first, DRIVER_CONNECT, fd, 0));
    assert_false(submit(&second, DRIVER_CONNECT, fd, 0));
    assert_false(submit(&out, DRIVER_SEND, fd, 3)); /* goes when there is a connection */
    assert_int_equal(finish(&first), 0);
    assert_int_equal(finish(&second), 0);
    assert_int_equal(finish(&out), 3);
    int end = (int)run(&accepted, DRIVER_ACCEPT, listener, 0);
    assert_int_equal(run(&in, DRIVER_RECV, end, 3), 3);
    assert_false(submit(&none, DRIVER_ACCEPT, listener, 0));
    driver_cancel(driver, &none.op);
    assert_int_equal(finish(&none), -ECANCELED);
    assert_int_equal(run(&first, DRIVER_CONNECT, fd, 0), -EISCONN);
    close_ends((int[]){fd, end});
    driver_close_fd(driver, listener);
    close_sim();
}

static void a_connect_goes_on_when_another_on_its_socket_is_cancelled(void **state)
{
    (void)state;
    struct probe first, second, in;
    open_sim(0, "latency=5 deaf=0");
    int listener = make_listener(&second.address), fd = net_open(driver, AF_INET, SOCK_STREAM, 0);
    first.address = second.address;
    assert_false(submit(&first, DRIVER_CONNECT, fd, 0));
    assert_false(submit(&in, DRIVER_RECV, fd, 3));
    second.address.sin_port = 0; /* there is no listener */
    assert_false(submit(&second, DRIVER_CONNECT, fd, 0));
    driver_cancel(driver, &first.op);
    assert_int_equal(finish(&first), -ECANCELED);
    assert_int_equal(in.completions, 0);
    assert_int_equal(finish(&second), -ECONNREFUSED);
    assert_int_equal(finish(&in), -ENOTCONN);
    driver_close_fd(driver, fd);
    driver_close_fd(driver, listener);
    close_sim();
}

static void real_sockets_can_connect_to_the_simulation(void **state)
{
    (void)state;
    struct probe probe;
    struct sockaddr_in address;
    open_sim(0, NULL);
    int listener = make_listener(&address);
    assert_false(submit(&probe, DRIVER_ACCEPT, listener, 0));
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    int fd = (int)finish(&probe);
    assert_true(fd >= 0);
    driver_adopt(driver, fd);
    assert_int_equal(write(client, "hi", 2), 2);
    assert_int_equal(run(&probe, DRIVER_RECV, fd, 10), 2);
    driver_close_fd(driver, fd);
    driver_close_fd(driver, listener);
    close(client);
    close_sim();
}

static void both_ends_have_names(void **state)
{
    (void)state;
    int ends[2];
    struct sockaddr_in a, b;
    socklen_t size = sizeof a;
    open_sim(0, NULL);
    join(ends);
    assert_int_equal(net_name(driver, ends[0], false, (struct sockaddr *)&a, &size), 0);
    assert_int_equal(net_name(driver, ends[1], true, (struct sockaddr *)&b, &size), 0);
    assert_int_equal(a.sin_port, b.sin_port);
    assert_int_equal(net_name(driver, ends[0], true, (struct sockaddr *)&a, &size), 0);
    assert_int_equal(net_name(driver, ends[1], false, (struct sockaddr *)&b, &size), 0);
    assert_int_equal(a.sin_port, b.sin_port);
    close_ends(ends);
    close_sim();
}

static void a_waiting_connection_is_closed_with_its_listener(void **state)
{
    (void)state;
    struct probe client;
    open_sim(0, NULL);
    int listener = make_listener(&client.address);
    int fd = net_open(driver, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(run(&client, DRIVER_CONNECT, fd, 0), 0);
    driver_close_fd(driver, listener);
    assert_int_equal(run(&client, DRIVER_RECV, fd, 1), -ECONNRESET);
    driver_close_fd(driver, fd);
    close_sim();
}

static void weather_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    struct sim_weather weather;
    assert_true(sim_weather_read(&weather, 0, "reset=0.5, latency=2"));
    assert_true(weather.reset == 0.5 && weather.latency == 2.0 && weather.short_part == 0.0);
    assert_true(sim_weather_read(&weather, 0, "storm latency=2"));
    assert_true(weather.reset > 0 && weather.latency == 2.0 && weather.partition > 0);
    assert_true(sim_weather_read(&weather, 1, "fine"));
    assert_true(weather.latency == 0.0 && weather.late == 0.0);
    assert_true(sim_weather_read(&weather, 1, NULL));
    assert_true(weather.latency > 0.0 && weather.reset == 0.0);
    assert_false(sim_weather_read(&weather, 0, "fine=1"));
    assert_false(sim_weather_read(&weather, 0, "rain"));
    assert_false(sim_weather_read(&weather, 0, "rain=1"));
    assert_false(sim_weather_read(&weather, 0, "reset"));
    assert_false(sim_weather_read(&weather, 0, "reset=x"));
    assert_false(sim_weather_read(&weather, 0, "reset=-1"));
    assert_false(sim_weather_read(&weather, 0, "reset=1;"));
}

/* Returns what a poll reports at once; 0: the poll waits, and is cancelled. */
static int64_t poll_now(int fd, unsigned events)
{
    struct probe probe;
    probe.op = (struct driver_op){.kind = DRIVER_POLL, .fd = fd, .complete = complete};
    probe.op.u.poll.events = events;
    probe.completions = 0;
    if (driver_submit(driver, &probe.op))
        return probe.op.result;
    driver_cancel(driver, &probe.op);
    return finish(&probe) == -ECANCELED ? 0 : -1;
}

static void a_poll_reports_what_the_kernel_would(void **state)
{
    (void)state;
    enum { ALL = POLLIN | POLLOUT | POLLRDHUP };
    int ends[2];
    struct probe probe;
    open_sim(0, NULL);
    int fresh = net_open(driver, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(poll_now(fresh, ALL), POLLOUT | POLLHUP);
    driver_close_fd(driver, fresh);
    join(ends);
    assert_int_equal(poll_now(ends[0], ALL), POLLOUT);
    assert_int_equal(poll_now(ends[0], POLLIN), 0);
    assert_int_equal(run(&probe, DRIVER_SEND, ends[1], 3), 3);
    assert_int_equal(poll_now(ends[0], ALL), POLLIN | POLLOUT);
    assert_int_equal(poll_now(ends[0], POLLIN), POLLIN);
    assert_int_equal(net_shutdown(driver, ends[1], SHUT_WR), 0);
    assert_int_equal(poll_now(ends[0], ALL), POLLIN | POLLOUT); /* the end comes after the bytes */
    assert_int_equal(run(&probe, DRIVER_RECV, ends[0], 10), 3);
    assert_int_equal(poll_now(ends[0], ALL), POLLIN | POLLOUT | POLLRDHUP);
    assert_int_equal(net_shutdown(driver, ends[0], SHUT_WR), 0);
    assert_int_equal(poll_now(ends[0], ALL), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    close_ends(ends);
    join(ends);
    net_reset(driver, ends[0]);
    assert_int_equal(poll_now(ends[1], POLLIN), POLLIN | POLLERR | POLLHUP);
    assert_int_equal(poll_now(ends[1], POLLOUT), POLLOUT | POLLERR | POLLHUP);
    assert_int_equal(run(&probe, DRIVER_RECV, ends[1], 10), -ECONNRESET);
    assert_int_equal(run(&probe, DRIVER_RECV, ends[1], 10), 0); /* it was reported once */
    close_ends(ends);
    close_sim();
}

static void a_waiting_poll_reports_received_bytes(void **state)
{
    (void)state;
    int ends[2];
    struct probe out, first, second;
    open_sim(0, NULL);
    join(ends);
    struct probe *polls[] = {&first, &second};
    for (int i = 0; i < 2; i++) {
        polls[i]->op = (struct driver_op){.kind = DRIVER_POLL, .fd = ends[0], .complete = complete};
        polls[i]->op.u.poll.events = i ? POLLIN : POLLRDHUP;
        polls[i]->completions = 0;
        assert_false(driver_submit(driver, &polls[i]->op));
    }
    assert_int_equal(run(&out, DRIVER_SEND, ends[1], 1), 1);
    assert_int_equal(finish(&second), POLLIN);
    assert_int_equal(first.completions, 0);
    assert_int_equal(net_shutdown(driver, ends[1], SHUT_WR), 0);
    assert_int_equal(run(&second, DRIVER_RECV, ends[0], 1), 1);
    assert_int_equal(finish(&first), POLLRDHUP);
    close_ends(ends);
    close_sim();
}

static void a_socket_shut_for_reading_reads_no_more(void **state)
{
    (void)state;
    int ends[2];
    struct probe in, out;
    open_sim(0, NULL);
    join(ends);
    assert_int_equal(run(&out, DRIVER_SEND, ends[1], 5), 5);
    assert_int_equal(net_shutdown(driver, ends[0], SHUT_RD), 0);
    assert_int_equal(run(&in, DRIVER_RECV, ends[0], 5), 0);
    assert_int_equal(run(&out, DRIVER_SEND, ends[0], 5), 5); /* the other direction goes on */
    assert_int_equal(run(&in, DRIVER_RECV, ends[1], 5), 5);
    close_ends(ends);
    join(ends);
    assert_false(submit(&in, DRIVER_RECV, ends[0], 5)); /* also if the poll has to wait */
    assert_int_equal(net_shutdown(driver, ends[0], SHUT_RDWR), 0);
    assert_int_equal(finish(&in), 0);
    assert_int_equal(run(&in, DRIVER_RECV, ends[1], 5), 0);
    close_ends(ends);
    close_sim();
}

/* One message of several parts: the bytes arrive in the order of the parts. */
static void parts_are_sent_and_received_in_order(void **state)
{
    (void)state;
    int ends[2];
    char received[3][4] = {"", "", ""};
    struct iovec out[] = {{(char *)"ab", 2}, {(char *)"", 0}, {(char *)"cdefg", 5}};
    struct iovec in[] = {{received[0], 3}, {received[1], 3}, {received[2], 3}};
    struct msghdr sent = {.msg_iov = out, .msg_iovlen = 3}, got = {.msg_iov = in, .msg_iovlen = 3};
    struct probe probe;
    open_sim(0, NULL);
    join(ends);
    probe.op = (struct driver_op){.kind = DRIVER_SENDMSG, .fd = ends[0], .complete = complete};
    probe.op.u.message.data = &sent;
    assert_true(driver_submit(driver, &probe.op));
    assert_int_equal(probe.op.result, 7);
    probe.op = (struct driver_op){.kind = DRIVER_RECVMSG, .fd = ends[1], .complete = complete};
    probe.op.u.message.data = &got;
    assert_true(driver_submit(driver, &probe.op));
    assert_int_equal(probe.op.result, 7);
    assert_string_equal(received[0], "abc");
    assert_string_equal(received[1], "def");
    assert_string_equal(received[2], "g");
    close_ends(ends);
    close_sim();
}

/* When a byte that was sent at once arrives, in seconds of the virtual clock. */
static double travel(uint64_t seed, const char *weather)
{
    int ends[2];
    struct probe in, out;
    open_sim(seed, weather);
    join(ends);
    int64_t began = driver_now(driver);
    run(&out, DRIVER_SEND, ends[0], 1);
    assert_int_equal(run(&in, DRIVER_RECV, ends[1], 1), 1);
    double seconds = (double)(driver_now(driver) - began) / (double)CLOCK_SECOND;
    close_ends(ends);
    close_sim();
    return seconds;
}

static void a_simulation_that_ends_closes_what_is_open(void **state)
{
    (void)state;
    int ends[2];
    struct probe out;
    struct sockaddr_in address;
    open_sim(0, NULL);
    join(ends);
    run(&out, DRIVER_SEND, ends[0], 5);
    int listener = make_listener(&address);
    close_sim();
    const int fds[] = {ends[0], ends[1], listener};
    for (int i = 0; i < 3; i++)
        assert_int_equal(fcntl(fds[i], F_GETFD), -1);
}

static void bytes_wait_until_a_cut_is_over(void **state)
{
    (void)state;
    double longest = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        double whole = travel(seed, "fine latency=0.5"), cut = travel(seed, "fine latency=0.5 partition=1 outage=10");
        assert_true(whole <= 0.51);
        assert_true(cut <= 11.6); /* it begins within the first second */
        longest = cut > longest ? cut : longest;
    }
    assert_true(longest > 1);
}

int main(void)
{
    const struct CMUnitTest rules[] = {
        cmocka_unit_test(bytes_arrive_once_and_in_order),
        cmocka_unit_test(a_seed_repeats_a_run),
        cmocka_unit_test(the_end_of_file_comes_after_the_bytes),
        cmocka_unit_test(bytes_arrive_after_the_latency),
        cmocka_unit_test(a_write_may_wait_although_there_is_room),
        cmocka_unit_test(an_operation_on_a_file_may_be_late),
        cmocka_unit_test(in_fine_weather_a_write_is_done_at_once),
        cmocka_unit_test(a_peer_that_does_not_read_holds_up_the_sender),
        cmocka_unit_test(a_cancelled_receive_loses_nothing),
        cmocka_unit_test(a_broken_connection_tells_both_ends),
        cmocka_unit_test(a_poll_reports_what_the_kernel_would),
        cmocka_unit_test(a_waiting_poll_reports_received_bytes),
        cmocka_unit_test(a_socket_shut_for_reading_reads_no_more),
        cmocka_unit_test(parts_are_sent_and_received_in_order),
        cmocka_unit_test(bytes_wait_until_a_cut_is_over),
        cmocka_unit_test(a_simulation_that_ends_closes_what_is_open),
        cmocka_unit_test(an_operation_that_breaks_the_connection_completes_once),
        cmocka_unit_test(a_reset_reaches_the_other_end_at_once),
        cmocka_unit_test(closing_with_bytes_unread_breaks_it),
        cmocka_unit_test(connecting_without_a_listener_is_refused),
        cmocka_unit_test(two_connects_on_one_socket_make_one_connection),
        cmocka_unit_test(a_connect_goes_on_when_another_on_its_socket_is_cancelled),
        cmocka_unit_test(real_sockets_can_connect_to_the_simulation),
        cmocka_unit_test(both_ends_have_names),
        cmocka_unit_test(a_waiting_connection_is_closed_with_its_listener),
        cmocka_unit_test(weather_that_cannot_be_read_is_refused),
    };
    return cmocka_run_group_tests(rules, NULL, NULL);
}
