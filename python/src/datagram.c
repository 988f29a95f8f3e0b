/* SPDX-License-Identifier: MIT */
/*
 * datagram.c - Datagrams: the hot half of a datagram transport of IP, which receives and sends. The rest is asyncio's
 * own class, whose sendto does what is rare: a queue, a name that must be looked up, a wrong argument.
 *
 * Invariant: fd is -1 before the transport's socket is closed.
 */
#define _GNU_SOURCE /* recvmmsg */
#include "handle.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum {
    MOST_AT_ONCE = 16, /* datagrams of one system call */
    LARGEST = 65536    /* a datagram of IP is smaller */
};

/* An address, as the kernel has it and as Python has it. */
struct known {
    struct sockaddr_storage raw;
    socklen_t length;
    PyObject *address; /* a tuple; NULL: none was needed so far */
};

typedef struct datagrams {
    PyObject_HEAD Core *core;
    PyObject *transport;           /* NULL: it has ended */
    PyObject *asyncios_sendto;     /* bound to the transport */
    struct known from, to;         /* of the last datagram that came, and of the last one that was sent */
    int fd;
    unsigned wanted; /* so many are received by one call: more, while more have come */
    bool connected, is_four; /* is_four: of IPv4 */
} Datagrams;

/* What recvmmsg fills. A loop has one: the bytes are copied before Python's code runs. */
struct datagram_room {
    struct mmsghdr messages[MOST_AT_ONCE];
    struct iovec parts[MOST_AT_ONCE];
    struct sockaddr_storage names[MOST_AT_ONCE];
    char bytes[MOST_AT_ONCE][LARGEST];
};

/* What has come, as objects. */
struct batch {
    PyObject *bytes[MOST_AT_ONCE], *addresses[MOST_AT_ONCE];
    unsigned count;
};

/* ==== addresses ==== */

static PyObject *make_address(const struct sockaddr_storage *raw)
{
    char text[INET6_ADDRSTRLEN];
    const struct sockaddr_in *four = (const struct sockaddr_in *)raw;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)raw;
    if (raw->ss_family == AF_INET && inet_ntop(AF_INET, &four->sin_addr, text, sizeof text))
        return Py_BuildValue("(si)", text, ntohs(four->sin_port));
    if (raw->ss_family == AF_INET6 && inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text))
        return Py_BuildValue("(siII)", text, ntohs(six->sin6_port), ntohl(six->sin6_flowinfo), six->sin6_scope_id);
    return Py_NewRef(Py_None);
}

/* Borrowed; NULL: an exception is set. A peer that goes on sending has the same object. */
static PyObject *address_of(Datagrams *self, const struct sockaddr_storage *raw, socklen_t length)
{
    struct known *known = &self->from;
    if (known->address && known->length == length && memcmp(&known->raw, raw, length) == 0)
        return known->address;
    PyObject *address = make_address(raw);
    if (!address)
        return NULL;
    memcpy(&known->raw, raw, length);
    known->length = length;
    Py_XSETREF(known->address, address);
    return address;
}

/* False: asyncio's code must look at it. */
static bool parse_address(PyObject *address, struct known *known)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    if (!PyTuple_CheckExact(address) || PyTuple_GET_SIZE(address) != 2 ||
        !PyUnicode_Check(PyTuple_GET_ITEM(address, 0)) || !PyLong_CheckExact(PyTuple_GET_ITEM(address, 1)))
        return false;
    const char *host = PyUnicode_AsUTF8(PyTuple_GET_ITEM(address, 0));
    long port = PyLong_AsLong(PyTuple_GET_ITEM(address, 1));
    if (PyErr_Occurred() || !host || port < 0 || port > 65535 || inet_pton(AF_INET, host, &four.sin_addr) != 1) {
        PyErr_Clear();
        return false;
    }
    four.sin_port = htons((uint16_t)port);
    memcpy(&known->raw, &four, sizeof four);
    known->length = sizeof four;
    Py_XSETREF(known->address, Py_NewRef(address));
    return true;
}

/* NULL: asyncio's code must look at it. Tuples do not change, so the same one is the same address. */
static const struct known *find_address(Datagrams *self, PyObject *address)
{
    if (address == self->to.address)
        return &self->to;
    if (address == self->from.address && self->from.length > 0)
        return &self->from;
    return self->is_four && parse_address(address, &self->to) ? &self->to : NULL;
}

/* ==== the transport ==== */

static bool has(Datagrams *self, PyObject *name)
{
    PyObject *value = PyObject_GetAttr(self->transport, name);
    int is_true = value ? PyObject_IsTrue(value) : 1;
    Py_XDECREF(value);
    PyErr_Clear();
    return is_true != 0;
}

static PyObject *tell_error(Datagrams *self, int error)
{
    const struct state *state = self->core->state;
    PyObject *protocol = PyObject_GetAttr(self->transport, state->names._protocol), *done = NULL;
    if (!protocol)
        return NULL;
    raise_code(error);
    PyObject *exception = take_exception();
    if (exception)
        done = PyObject_CallMethodOneArg(protocol, state->names.error_received, exception);
    Py_XDECREF(exception);
    Py_DECREF(protocol);
    return done;
}

/* ==== receiving ==== */

static struct datagram_room *room_of(Core *core)
{
    if (!core->datagrams)
        core->datagrams = PyMem_Malloc(sizeof *core->datagrams);
    return core->datagrams;
}

static int receive(Datagrams *self, struct datagram_room *room)
{
    for (unsigned i = 0; i < self->wanted; i++) {
        room->parts[i] = (struct iovec){room->bytes[i], LARGEST};
        room->messages[i].msg_hdr = (struct msghdr){.msg_name = &room->names[i],
                                                    .msg_namelen = sizeof room->names[i],
                                                    .msg_iov = &room->parts[i],
                                                    .msg_iovlen = 1};
    }
    return recvmmsg(self->fd, room->messages, self->wanted, MSG_DONTWAIT, NULL);
}

/* -1: an exception is set. */
static int make_batch(Datagrams *self, struct datagram_room *room, unsigned count, struct batch *batch)
{
    for (batch->count = 0; batch->count < count; batch->count++) {
        unsigned i = batch->count;
        PyObject *address = address_of(self, &room->names[i], room->messages[i].msg_hdr.msg_namelen);
        PyObject *bytes = address ? PyBytes_FromStringAndSize(room->bytes[i], room->messages[i].msg_len) : NULL;
        if (!bytes)
            return -1;
        batch->bytes[i] = bytes;
        batch->addresses[i] = Py_NewRef(address);
    }
    return 0;
}

/* The method is looked up at each call, as asyncio does: a protocol may have set another one. */
static PyObject *call_protocol(Datagrams *self, PyObject *bytes, PyObject *address)
{
    const struct state *state = self->core->state;
    PyObject *protocol = PyObject_GetAttr(self->transport, state->names._protocol);
    PyObject *arguments[] = {protocol, bytes, address}, *done = NULL;
    if (protocol)
        done = PyObject_VectorcallMethod(state->names.datagram_received, arguments, 3, NULL);
    Py_XDECREF(protocol);
    return done;
}

/* One that its protocol refuses does not keep the others back. */
static int deliver_one(Datagrams *self, PyObject *bytes, PyObject *address)
{
    PyObject *done = call_protocol(self, bytes, address);
    Py_XDECREF(done);
    if (done)
        return 0;
    if (exception_ends_run())
        return -1;
    PyObject *exception = take_exception();
    done = PyObject_CallFunctionObjArgs(self->core->state->helpers.datagram_error, (PyObject *)self->core,
                                        self->transport ? self->transport : Py_None, exception, NULL);
    Py_XDECREF(exception);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* error -1: an exception is set already, and none is delivered. */
static int deliver(Datagrams *self, struct batch *batch, int error)
{
    for (unsigned i = 0; i < batch->count; i++) {
        if (error == 0 && self->fd >= 0 && !has(self, self->core->state->names._conn_lost))
            error = deliver_one(self, batch->bytes[i], batch->addresses[i]);
        Py_DECREF(batch->bytes[i]);
        Py_DECREF(batch->addresses[i]);
    }
    return error;
}

static void note_count(Datagrams *self, unsigned count)
{
    if (count < self->wanted)
        self->wanted = count;
    else
        self->wanted = count < MOST_AT_ONCE / 2 ? count * 2 : MOST_AT_ONCE;
}

static PyObject *read_ready(Datagrams *self, PyObject *none)
{
    struct batch batch;
    (void)none;
    if (self->fd < 0 || has(self, self->core->state->names._conn_lost))
        Py_RETURN_NONE;
    struct datagram_room *room = room_of(self->core);
    if (!room)
        return PyErr_NoMemory();
    int count = receive(self, room);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        Py_RETURN_NONE;
    if (count < 0)
        return tell_error(self, errno);
    note_count(self, (unsigned)count);
    int error = make_batch(self, room, (unsigned)count, &batch);
    if (deliver(self, &batch, error) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ==== sending ==== */

/* 1: sent; 0: asyncio's code must do it; -1: errno is set, and the socket has forgotten the error. */
static int send_now(Datagrams *self, PyObject *bytes, PyObject *address)
{
    const struct known *to = NULL;
    if (address && !(to = find_address(self, address)))
        return 0;
    ssize_t n = sendto(self->fd, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes), MSG_DONTWAIT | MSG_NOSIGNAL,
                       to ? (const struct sockaddr *)&to->raw : NULL, to ? to->length : 0);
    if (n >= 0)
        return 1;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static bool is_plain(Datagrams *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    const struct state *state = self->core->state;
    bool has_address = count == 2 && args[1] != Py_None;
    return self->fd >= 0 && !names && (count == 1 || count == 2) && PyBytes_CheckExact(args[0]) &&
           PyBytes_GET_SIZE(args[0]) > 0 && has_address != self->connected && !has(self, state->names._buffer) &&
           !has(self, state->names._conn_lost);
}

/* sendto(data, addr=None) */
static PyObject *send_to(Datagrams *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    int sent = 0;
    if (is_plain(self, args, count, names))
        sent = send_now(self, args[0], self->connected ? NULL : args[1]);
    if (sent < 0)
        return tell_error(self, errno);
    if (sent > 0)
        Py_RETURN_NONE;
    return PyObject_Vectorcall(self->asyncios_sendto, args, (size_t)count, names);
}

/* ==== its life ==== */

/* Datagrams(loop, transport, fd, family, connected, asyncios_sendto) */
static PyObject *datagrams_new(PyTypeObject *type, PyObject *args, PyObject *named)
{
    PyObject *core, *transport, *asyncios;
    struct state *state = state_of_type(type);
    int fd, family, connected;
    (void)named;
    if (!state || !PyArg_ParseTuple(args, "O!OiipO", state->core_type, &core, &transport, &fd, &family, &connected,
                                    &asyncios))
        return NULL;
    Datagrams *self = (Datagrams *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->core = (Core *)Py_NewRef(core);
    self->transport = Py_NewRef(transport);
    self->asyncios_sendto = Py_NewRef(asyncios);
    self->fd = fd;
    self->is_four = family == AF_INET;
    self->connected = connected;
    self->wanted = 1;
    return (PyObject *)self;
}

/* The socket is closed next. */
static PyObject *end(Datagrams *self, PyObject *none)
{
    (void)none;
    self->fd = -1;
    Py_RETURN_NONE;
}

static int traverse(Datagrams *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->core);
    Py_VISIT(self->transport);
    Py_VISIT(self->asyncios_sendto);
    return 0;
}

static int clear(Datagrams *self)
{
    self->fd = -1;
    Py_CLEAR(self->from.address);
    Py_CLEAR(self->to.address);
    return 0;
}

static void deallocate(Datagrams *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    clear(self);
    Py_CLEAR(self->transport);
    Py_CLEAR(self->asyncios_sendto);
    Py_CLEAR(self->core);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {METHOD_NONE("read_ready", read_ready), METHOD_NAMED("sendto", send_to),
                                METHOD_NONE("end", end), {0}};
static PyType_Slot slots[] = {{Py_tp_new, datagrams_new}, {Py_tp_dealloc, deallocate}, {Py_tp_traverse, traverse},
                              {Py_tp_clear, clear},       {Py_tp_methods, methods},    {0, NULL}};
static PyType_Spec spec = {.name = "eddyloop._core.Datagrams",
                           .basicsize = sizeof(Datagrams),
                           .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                           .slots = slots};

int datagrams_type_ready(PyObject *module, struct state *state)
{
    state->datagrams_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    return state->datagrams_type ? PyModule_AddType(module, state->datagrams_type) : -1;
}
