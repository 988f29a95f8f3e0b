/* SPDX-License-Identifier: MIT */
/*
 * lease.c - see lease.h.
 *
 * The thread runs a loop of its own, so that a worker whose loop stands still keeps its jobs for as long as their
 * stall_limit says, and not for ever.
 *
 * Invariant: the list and all leases in it are read and changed under the mutex.
 */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include "lease.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "remote.h"

static struct {
    pthread_mutex_t mutex;
    pthread_t thread;
    struct lease *first;
    double turned;          /* the loop of the worker, the last time */
    const char *url;
    bool is_ending;
} all = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static double now_in_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double lease_seconds(void)
{
    return remote_setting("EDDY_JOBS_LEASE", 5);
}

void leases_turn(void)
{
    pthread_mutex_lock(&all.mutex);
    all.turned = now_in_seconds();
    pthread_mutex_unlock(&all.mutex);
}

void lease_begin(struct lease *lease)
{
    pthread_mutex_lock(&all.mutex);
    lease->begun = 0;
    lease->next = all.first;
    lease->link = &all.first;
    if (lease->next)
        lease->next->link = &lease->next;
    all.first = lease;
    pthread_mutex_unlock(&all.mutex);
}

void lease_run(struct lease *lease)
{
    pthread_mutex_lock(&all.mutex);
    lease->begun = now_in_seconds();
    pthread_mutex_unlock(&all.mutex);
}

void lease_ran(struct lease *lease)
{
    pthread_mutex_lock(&all.mutex);
    lease->begun = 0;
    pthread_mutex_unlock(&all.mutex);
}

void lease_end(struct lease *lease)
{
    pthread_mutex_lock(&all.mutex);
    *lease->link = lease->next;
    if (lease->next)
        lease->next->link = lease->link;
    pthread_mutex_unlock(&all.mutex);
}

bool lease_is_held(struct lease *lease)
{
    pthread_mutex_lock(&all.mutex);
    bool is_held = !lease->let_go;
    pthread_mutex_unlock(&all.mutex);
    return is_held;
}

/* ==== the thread ==== */

/* A lease whose time is over is let go: nothing is said for it any more. */
static bool renew(struct lease *lease, double now)
{
    bool is_late = lease->begun > 0 && lease->time_limit > 0 && now - lease->begun > lease->time_limit + 1;
    if (is_late || now - all.turned > lease->stall_limit)
        lease->let_go = true;
    return !lease->let_go;
}

/* The subjects of signs of life, one after the other with a 0 byte each, and an empty one. NULL: none. */
static char *collect_subjects(void)
{
    eddy_buffer text = {0};
    double now = now_in_seconds();
    pthread_mutex_lock(&all.mutex);
    bool ok = true;
    for (struct lease *lease = all.first; lease; lease = lease->next)
        if (renew(lease, now))
            ok = ok && eddy_buffer_append(&text, lease->ack, strlen(lease->ack) + 1);
    pthread_mutex_unlock(&all.mutex);
    if (ok && text.size)
        return text.data; /* a 0 byte follows */
    eddy_buffer_free(&text);
    return NULL;
}

static bool is_ending(void)
{
    pthread_mutex_lock(&all.mutex);
    bool ending = all.is_ending;
    pthread_mutex_unlock(&all.mutex);
    return ending;
}

static void free_text(char **text)
{
    eddy_buffer b = {.data = *text};
    eddy_buffer_free(&b);
}

eddy_async(void, say_all, (eddy_nats *, n))
{
    char *subjects = collect_subjects();
    eddy_defer(free_text, &subjects);
    for (const char *at = subjects; at && *at; at += strlen(at) + 1)
        eddy_await(eddy_nats_publish(n, at, "+WPI"));
}

eddy_async(void, beat_on, (eddy_nats *, n))
{
    for (int tick = 0; !is_ending(); tick++) {
        if (tick % 10 == 0)
            eddy_await(say_all(n));
        eddy_await(eddy_sleep(lease_seconds() / 50));
    }
}

eddy_async(void, beat)
{
    eddy_error err;
    double silence = lease_seconds() * 0.35; /* another server is found before the leases run out */
    eddy_nats_options options = {.size = sizeof options, .name = "eddy worker: leases", .ping_seconds = silence,
                                 .connect_seconds = silence};
    while (!is_ending()) {
        eddy_nats *n = eddy_await(eddy_nats_open(all.url, &options), &err);
        if (err.code) {
            eddy_await(eddy_sleep(0.2));
            continue;
        }
        eddy_await(beat_on(n), &err);
        eddy_await(eddy_nats_close(n));
    }
}

static void *run(void *unused)
{
    (void)unused;
    eddy_run(beat());
    return NULL;
}

int leases_start(const char *url)
{
    sigset_t every, before;
    all.url = url;
    all.is_ending = false;
    leases_turn();
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before); /* signals are for the worker's thread */
    int code = pthread_create(&all.thread, NULL, run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

void leases_stop(void)
{
    pthread_mutex_lock(&all.mutex);
    all.is_ending = true;
    pthread_mutex_unlock(&all.mutex);
    pthread_join(all.thread, NULL);
}
