/* SPDX-License-Identifier: MIT */
/*
 * curl.c - transfers of libcurl's multi interface, driven by the loop.
 *
 * Invariant: a thread that runs a loop has at most one client, which lives while there are transfers; so nothing of
 * libcurl is left when the loop closes. libcurl names the descriptors and the time that it waits for, and the loop
 * calls it back; no task runs inside a call of libcurl.
 */
#define EDDY_LIBRARY
#include "client.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct client {
    CURLM *multi;
    struct transfer *transfers; /* under way */
    eddy_handle *timer;         /* NULL: libcurl has no time limit at present */
    bool broken;                /* a callback found no memory: the multi handle cannot be used any more */
};

static __thread struct client *client; /* NULL: there is no transfer on this thread */

/* ==== the requests of libcurl ==== */

static void collect_finished(void);

static void act(curl_socket_t fd, int events)
{
    int running;
    if (!client)
        return;
    if (curl_multi_socket_action(client->multi, fd, events, &running) != CURLM_OK)
        client->broken = true;
    collect_finished();
}

static void on_readable(void *fd)
{
    act((curl_socket_t)(intptr_t)fd, CURL_CSELECT_IN);
}

static void on_writable(void *fd)
{
    act((curl_socket_t)(intptr_t)fd, CURL_CSELECT_OUT);
}

static void on_time(void *argument)
{
    (void)argument;
    if (client)
        client->timer = NULL;
    act(CURL_SOCKET_TIMEOUT, 0);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *argument, void *assigned)
{
    struct client *self = argument;
    bool reads = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
    bool writes = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
    int error = 0;
    (void)easy, (void)assigned;
    if (reads)
        error = (eddy_add_reader)(fd, on_readable, (void *)(intptr_t)fd);
    else
        eddy_remove_reader(fd);
    if (writes && !error)
        error = (eddy_add_writer)(fd, on_writable, (void *)(intptr_t)fd);
    else
        eddy_remove_writer(fd);
    self->broken |= error != 0;
    return error ? -1 : 0;
}

static int set_timer(CURLM *multi, long milliseconds, void *argument)
{
    struct client *self = argument;
    (void)multi;
    eddy_handle_cancel(self->timer);
    self->timer = NULL;
    if (milliseconds < 0)
        return 0;
    self->timer = (eddy_call_later)((double)milliseconds / 1000, on_time, NULL);
    self->broken |= !self->timer;
    return self->timer ? 0 : -1;
}

/* ==== the client ==== */

static void init_libcurl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool open_client(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (client)
        return true;
    pthread_once(&once, init_libcurl);
    struct client *self = calloc(1, sizeof *self);
    if (self)
        self->multi = curl_multi_init();
    if (!self || !self->multi) {
        free(self);
        return false;
    }
    curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
    curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
    client = self;
    return true;
}

static void close_client(void)
{
    curl_multi_cleanup(client->multi);
    eddy_handle_cancel(client->timer);
    free(client);
    client = NULL;
}

static void add_transfer(struct transfer *transfer)
{
    transfer->next = client->transfers;
    transfer->link = &client->transfers;
    if (transfer->next)
        transfer->next->link = &transfer->next;
    client->transfers = transfer;
}

static void remove_transfer(struct transfer *transfer)
{
    curl_multi_remove_handle(client->multi, transfer->easy);
    *transfer->link = transfer->next;
    if (transfer->next)
        transfer->next->link = transfer->link;
}

/* Called after each call of libcurl: finished transfers complete, and a client without transfers is freed. */
static void collect_finished(void)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left));) {
        struct transfer *transfer;
        CURLcode code = message->data.result; /* the message does not outlive the removal */
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        remove_transfer(transfer);
        transfer_finish(transfer, code);
    }
    for (struct transfer *one; client->broken && (one = client->transfers);) {
        remove_transfer(one);
        one->refused = ENOMEM;
        transfer_finish(one, CURLE_ABORTED_BY_CALLBACK);
    }
    if (!client->transfers)
        close_client();
}

/* ==== the awaitable ==== */

static void start(struct eddy_awaitable *a)
{
    struct eddy_curl_get *self = (struct eddy_curl_get *)(void *)a;
    struct transfer *transfer = open_client() ? transfer_new(self) : NULL;
    CURLMcode code = transfer ? curl_multi_add_handle(client->multi, transfer->easy) : CURLM_OUT_OF_MEMORY;
    if (code == CURLM_OK) {
        add_transfer(transfer);
        self->transfer = transfer;
    } else {
        (eddy_complete_error)(self, code == CURLM_BAD_HANDLE ? EDDY_HTTP_FAILED : ENOMEM, "eddy_curl_get(\"%s\"): %s",
                              self->url,
                              code == CURLM_BAD_HANDLE ? curl_multi_strerror(code) : "no memory for the request");
        if (transfer)
            transfer_free(transfer);
    }
    if (client && (client->broken || !client->transfers))
        collect_finished();
}

static void cancel(struct eddy_awaitable *a)
{
    struct eddy_curl_get *self = (struct eddy_curl_get *)(void *)a;
    struct transfer *transfer = self->transfer;
    remove_transfer(transfer);
    (eddy_complete_error)(self, ECANCELED, "eddy_curl_get(\"%s\")", transfer->url);
    transfer_free(transfer);
    collect_finished();
}

/* The response has arrived, but no task takes it. */
static void undo(struct eddy_awaitable *a)
{
    struct eddy_curl_get *self = (struct eddy_curl_get *)(void *)a;
    eddy_curl_response_free(self->result);
    self->result = NULL;
}

static const struct eddy_awaitable_type curl_get_type = {
    .name = "eddy_curl_get", .start = start, .cancel = cancel, .undo = undo, .size = sizeof(struct eddy_curl_get)};

struct eddy_curl_get eddy_curl_get_with(const char *url, const eddy_curl_options *options, size_t options_size)
{
    struct eddy_curl_get self = {EDDY_AWAITABLE_INIT(&curl_get_type), .url = url ? url : ""};
    if (options)
        memcpy(&self.options, options, options_size < sizeof self.options ? options_size : sizeof self.options);
    return self;
}
