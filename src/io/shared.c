/* SPDX-License-Identifier: MIT */
/* shared.c - see shared.h. */
#define EDDY_LIBRARY
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */
#include "io/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "core/impl.h"
#include "io/server.h"
#include "os/memory.h"

/* Sockets of which the share has duplicates of its own. */
struct share {
    struct list_link link;  /* among all shares */
    struct list members;    /* of struct share_member; with an exact balance the first one accepts */
    struct share_place place; /* where its first server was asked to listen, and by which handler */
    bool exact;
    size_t member_count;    /* of `members`. Atomic: a member reads it without the mutex */
    struct server_counts past; /* of members that have left */
    size_t count;           /* of sockets */
    struct listening sockets[];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct list shares;

static struct eddy_server *server_of(struct share_member *member)
{
    return container_of(member, struct eddy_server, member);
}

/* ==== finding it ==== */

/* Without bytes it only counts. */
static void put(struct share_place *place, const void *data, size_t size)
{
    if (place->bytes)
        memcpy(place->bytes + place->size, data, size);
    place->size += size;
}

/* NULL differs from every text. */
static void put_text(struct share_place *place, const char *text)
{
    put(place, text ? "=" : "-", 1);
    if (text)
        put(place, text, strlen(text) + 1);
}

static void put_place(struct share_place *place, const struct eddy_start_server *start)
{
    const eddy_server_options *options = &start->options;
    const struct eddy_awaitable *handler = start->prototype;
    const char flags[] = {options->inherited, options->balance == EDDY_BALANCE_EXACT};
    put(place, &handler->awaitable.type, sizeof handler->awaitable.type);
    put(place, &options->port, sizeof options->port);
    put(place, flags, sizeof flags);
    put_text(place, options->host);
    put_text(place, options->unix_path);
    for (const char *const *host = options->hosts; host && *host; host++)
        put_text(place, *host);
    put_text(place, NULL);
    for (size_t i = 0; i < options->descriptor_count; i++)
        put(place, &options->descriptors[i], sizeof options->descriptors[i]);
}

int share_note_place(struct eddy_server *server, const struct eddy_start_server *start)
{
    struct share_place *place = &server->member.place;
    put_place(place, start);
    place->bytes = memory_alloc(place->size);
    if (!place->bytes)
        return ENOMEM;
    place->size = 0;
    put_place(place, start);
    return 0;
}

void share_forget_place(struct eddy_server *server)
{
    memory_free(server->member.place.bytes);
    server->member.place = (struct share_place){NULL, 0};
}

static bool same(const struct share_place *a, const struct share_place *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static bool has_member_of(struct share *share, const struct eddy_loop *loop)
{
    LIST_EACH(struct share_member, member, &share->members, link)
        if (server_of(member)->loop == loop)
            return true;
    return false;
}

/* A loop that starts two such servers means two shares. */
static bool fits(struct share *share, const struct eddy_server *server)
{
    return same(&share->place, &server->member.place) && !has_member_of(share, server->loop);
}

struct share *share_begin(const struct eddy_server *server)
{
    pthread_mutex_lock(&mutex);
    LIST_EACH(struct share, share, &shares, link)
        if (fits(share, server))
            return share;
    return NULL;
}

void share_end(void)
{
    pthread_mutex_unlock(&mutex);
}

/* ==== its life ==== */

static void free_share(struct share *share)
{
    for (size_t i = 0; i < share->count; i++) {
        listen_remove_file(&share->sockets[i]);
        close(share->sockets[i].fd);
    }
    memory_free(share->place.bytes);
    memory_free(share);
}

/* The share removes the file of a socket, when its last member has gone. */
static int keep_socket(struct share *share, struct listening *socket)
{
    int fd = fcntl(socket->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    share->sockets[share->count] = *socket;
    share->sockets[share->count++].fd = fd;
    socket->has_file = false;
    return 0;
}

static int make_share(struct share **result, struct eddy_server *server)
{
    struct share *share = memory_alloc_zeroed(sizeof *share + server->listener_count * sizeof share->sockets[0]);
    if (!share)
        return ENOMEM;
    int error = 0;
    share->exact = server->exact;
    share->place = server->member.place;
    server->member.place = (struct share_place){NULL, 0};
    for (size_t i = 0; i < server->listener_count && !error; i++)
        error = keep_socket(share, &server->listeners[i].socket);
    if (error) {
        free_share(share);
        return error;
    }
    list_add_last(&shares, &share->link);
    *result = share;
    return 0;
}

int share_take(struct share *share, struct eddy_server *server, size_t room)
{
    if (share->count > room)
        return EINVAL;
    for (size_t i = 0; i < share->count; i++) {
        struct listener *listener = &server->listeners[server->listener_count];
        *listener = (struct listener){.server = server};
        int fd = fcntl(share->sockets[i].fd, F_DUPFD_CLOEXEC, 0);
        int error = fd < 0 ? errno : listen_take(server->loop, &listener->socket, fd);
        if (error && fd >= 0)
            close(fd);
        if (error)
            return error;
        listener->socket.lent = false;
        server->listener_count++;
    }
    return 0;
}

int share_join(struct share *share, struct eddy_server *server)
{
    int error = share ? 0 : make_share(&share, server);
    if (error)
        return error;
    server->member.share = share;
    list_add_last(&share->members, &server->member.link);
    __atomic_add_fetch(&share->member_count, 1, __ATOMIC_RELAXED);
    return 0;
}

/* ==== one accepts for all ==== */

static bool is_first(struct share_member *member)
{
    return LIST_FIRST(&member->share->members, struct share_member, link) == member;
}

bool share_accepts(struct eddy_server *server)
{
    struct share_member *member = &server->member;
    pthread_mutex_lock(&mutex);
    bool accepts = !member->share || is_first(member);
    pthread_mutex_unlock(&mutex);
    return accepts;
}

/* A call has arrived, after which the server may end. */
static void end_call(struct eddy_server *server)
{
    pthread_mutex_lock(&mutex);
    server->member.coming--;
    pthread_mutex_unlock(&mutex);
    server->member.calls->settle(server);
}

/* On the loop of the member that is the first one now. */
static void appointed(void *argument)
{
    struct eddy_server *server = argument;
    eddy_event_set(&server->appointed);
    end_call(server);
}

/* Called under the mutex. */
static void appoint(struct share_member *member)
{
    member->coming++;
    member->appointment = (struct remote_call){.function = appointed, .argument = server_of(member)};
    loop_post(server_of(member)->loop, &member->appointment);
}

/* The connections that are left are those of a server that has begun to close: they are not counted any more. */
static void keep_counts(struct server_counts *past, const struct server_counts *counts)
{
    past->accepted += counts->accepted;
    past->shed += counts->shed;
    past->gone += counts->gone;
}

void share_leave(struct eddy_server *server)
{
    struct share_member *member = &server->member;
    pthread_mutex_lock(&mutex);
    struct share *share = member->share;
    bool last = false;
    if (share) {
        bool accepted = share->exact && is_first(member);
        list_remove(&share->members, &member->link);
        __atomic_sub_fetch(&share->member_count, 1, __ATOMIC_RELAXED);
        member->share = NULL;
        keep_counts(&share->past, &member->counts);
        last = list_is_empty(&share->members);
        if (last)
            list_remove(&shares, &share->link);
        else if (accepted)
            appoint(LIST_FIRST(&share->members, struct share_member, link));
    }
    pthread_mutex_unlock(&mutex);
    if (last)
        free_share(share);
}

/* ==== handing over ==== */

struct handover {
    struct remote_call call;
    struct eddy_server *server;
    size_t listener; /* index */
    int fd;
};

/* On the loop of the server that gets it. */
static void arrived(void *argument)
{
    struct handover *handover = argument;
    struct eddy_server *server = handover->server;
    share_count(server, -1); /* from now on it counts itself */
    server->member.calls->receive(&server->listeners[handover->listener], handover->fd);
    memory_free(handover);
    end_call(server);
}

static size_t load_of(const struct share_member *member)
{
    return __atomic_load_n(&member->load, __ATOMIC_RELAXED);
}

/* Called under the mutex. Where all are full, the connection waits at the one that has accepted it. */
static struct share_member *least_loaded(struct share_member *own)
{
    struct share_member *least = own;
    LIST_EACH(struct share_member, member, &own->share->members, link)
        if (load_of(member) < load_of(least))
            least = member;
    size_t most = server_of(least)->max_connections;
    return most && load_of(least) >= most ? own : least;
}

/* Without the mutex: a member that joins at this moment gets one of the next connections. */
static bool is_alone(const struct share_member *own)
{
    return !own->share || __atomic_load_n(&own->share->member_count, __ATOMIC_RELAXED) == 1;
}

static __attribute__((noinline)) bool hand_over(struct listener *listener, int fd)
{
    struct share_member *own = &listener->server->member;
    struct handover *handover = NULL;
    pthread_mutex_lock(&mutex);
    bool may = own->share && !listener->server->loop->driver->virtual_time; /* simulated sockets are those of a loop */
    struct share_member *least = may ? least_loaded(own) : own;
    if (least != own)
        handover = memory_alloc(sizeof *handover);
    if (handover) {
        share_count(server_of(least), 1);
        least->coming++;
        *handover = (struct handover){{.function = arrived, .argument = handover}, server_of(least),
                                      (size_t)(listener - listener->server->listeners), fd};
        loop_post(server_of(least)->loop, &handover->call);
    }
    pthread_mutex_unlock(&mutex);
    return handover != NULL;
}

bool share_hand_over(struct listener *listener, int fd)
{
    return !is_alone(&listener->server->member) && hand_over(listener, fd);
}

/* Another member counts a connection that it hands over. */
void share_count(struct eddy_server *server, int change)
{
    __atomic_add_fetch(&server->member.load, (size_t)change, __ATOMIC_RELAXED);
}

void share_add_counts(struct eddy_server_stats *stats, const struct server_counts *counts)
{
    stats->accepted += __atomic_load_n(&counts->accepted, __ATOMIC_RELAXED);
    stats->connections += __atomic_load_n(&counts->connections, __ATOMIC_RELAXED);
    stats->shed += __atomic_load_n(&counts->shed, __ATOMIC_RELAXED);
    stats->gone += __atomic_load_n(&counts->gone, __ATOMIC_RELAXED);
}

static void sum_members(struct share *share, struct eddy_server_stats *stats)
{
    share_add_counts(stats, &share->past);
    LIST_EACH(struct share_member, member, &share->members, link) {
        share_add_counts(stats, &member->counts);
        stats->servers++;
    }
}

void share_sum(const struct eddy_server *server, struct eddy_server_stats *stats)
{
    pthread_mutex_lock(&mutex);
    if (server->member.share) {
        sum_members(server->member.share, stats);
    } else {
        share_add_counts(stats, &server->member.counts);
        stats->servers = 1;
    }
    pthread_mutex_unlock(&mutex);
}

bool share_is_awaited(struct eddy_server *server)
{
    pthread_mutex_lock(&mutex);
    bool awaited = server->member.coming != 0;
    pthread_mutex_unlock(&mutex);
    return awaited;
}
