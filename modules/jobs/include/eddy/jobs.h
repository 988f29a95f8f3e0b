/* SPDX-License-Identifier: MIT */
#pragma GCC system_header /* a mistake is shown at the user's line */
/*
 * jobs.h - async functions that run elsewhere: in this process, or by workers on other machines (C only).
 *
 *     wire_struct(point, (double, x), (double, y));
 *     remote_async(point, middle, (point, a), (point, b)) { return (point){(a.x + b.x) / 2, (a.y + b.y) / 2}; }
 *     point m = await(eddy_remote(middle(a, b)));
 *
 * Without EDDY_JOBS in the environment a job runs in the process that asks for it. EDDY_JOBS=nats://HOST moves jobs to
 * the workers there: any program with the same functions whose main is `return eddy_run(eddy_worker());`. Link with
 * eddy-jobs and eddy-nats; `eddy run` does it by itself. Python: Celery, arq.
 */
#ifndef EDDY_JOBS_H
#define EDDY_JOBS_H

#include <eddy.h>
#include <limits.h>
#if defined __cplusplus || defined __STRICT_ANSI__ /* it says what is wrong */
#include <eddy/macros.h>
#endif

#pragma GCC visibility push(default)

/* ---- limits ---- */

/* What holds for the jobs of one function, by remote_limits; zero is the default of every member. Since 0.1. */
typedef struct eddy_job_limits {
    size_t size;         /* set by the macro */
    double time_limit;   /* seconds that a job may run; then it is cancelled, and its caller gets ETIMEDOUT; 0: none */
    double stall_limit;  /* seconds that the loop of its worker may stand still; then it goes elsewhere; 0: 60 */
    int tries;           /* workers that may be lost with it before it is given up; 0: 3 */
    double keep;         /* seconds that the result of a job with a key is kept, at most a day; 0: a day */
    int at_once;         /* jobs that run at a time, on all workers together; others wait; 0: no limit */
    double rate;         /* jobs that each worker begins in a second, evenly; others wait; 0: no limit */
} eddy_job_limits;

/* Jobs of a higher one begin first. */
enum eddy_job_priority { EDDY_JOB_LOW = -1, EDDY_JOB_NORMAL, EDDY_JOB_HIGH };

/* What holds for one job, as in eddy_remote(f(x), .delay = 60); zero is the default of every member. Since 0.1. */
typedef struct eddy_job_options {
    size_t size;         /* set by the macro */
    const char *key;     /* the job of a key runs once, see eddy_remote; NULL: none */
    double delay;        /* seconds until it may begin */
    int priority;        /* EDDY_JOB_HIGH, EDDY_JOB_NORMAL or EDDY_JOB_LOW; not with a key, or with at_once */
} eddy_job_options;

/* ---- called by the macros; not for programs ---- */

/* Bytes that are written. */
struct eddy_wire {
    unsigned char *data;
    size_t size, capacity;
    bool failed;           /* no memory */
};
/* Bytes that are read. */
struct eddy_wire_reader {
    const unsigned char *data;
    size_t size;
    bool failed;           /* they are not what the type says, or there is no memory */
    void *blocks;          /* notes about the memory of texts and arrays */
    struct { int kind; uint64_t number; double real; eddy_slice bytes; } item;
};
EDDY_API void eddy_wire_put_number(struct eddy_wire *w, int64_t value);
EDDY_API void eddy_wire_put_natural(struct eddy_wire *w, uint64_t value);
EDDY_API void eddy_wire_put_real(struct eddy_wire *w, double value);
EDDY_API void eddy_wire_put_text(struct eddy_wire *w, const char *text);
EDDY_API void eddy_wire_put_bytes(struct eddy_wire *w, eddy_slice bytes);
EDDY_API void eddy_wire_put_count(struct eddy_wire *w, size_t count);
EDDY_API void eddy_wire_put_sign(struct eddy_wire *w, const char *text);
EDDY_API int64_t eddy_wire_get_number(struct eddy_wire_reader *r, int64_t least, uint64_t most);
EDDY_API double eddy_wire_get_real(struct eddy_wire_reader *r);
EDDY_API char *eddy_wire_get_text(struct eddy_wire_reader *r);
EDDY_API eddy_slice eddy_wire_get_bytes(struct eddy_wire_reader *r);
EDDY_API size_t eddy_wire_get_count(struct eddy_wire_reader *r);
EDDY_API void *eddy_wire_room(struct eddy_wire_reader *r, size_t size);

/* A function that can be called from elsewhere; made by remote_async. */
struct eddy_remote_function {
    const char *name;
    const struct eddy_awaitable_type *type;
    size_t size, result_offset, result_size;
    void (*sign)(struct eddy_wire *w);
    void (*put_args)(struct eddy_wire *w, const void *body);
    void (*get_args)(struct eddy_wire_reader *r, void *body);
    void (*put_result)(struct eddy_wire *w, const void *body);
    void (*get_result)(struct eddy_wire_reader *r, void *body);
    void (*make)(void *body);
    void (*free_result)(void *body);
    char signature[32];        /* filled when it is first used */
    struct eddy_remote_function *next;
    eddy_job_limits limits;    /* a later version may know more of them */
};
EDDY_API void eddy_remote_add(struct eddy_remote_function *function);


/* The head of what eddy_remote makes: result and body lie after it. */
struct eddy_remote_call {
    struct eddy_awaitable awaitable;
    size_t result_offset, body_offset;
    eddy_job_options options;
};
EDDY_API extern const struct eddy_awaitable_type eddy_remote_type;

/* ---- workers ---- */

/*
 * return eddy_run(eddy_worker()): runs the jobs of all functions of this program, until SIGTERM or SIGINT; jobs that
 * run then are ended first. EDDY_JOBS says where; EDDY_JOBS_SLOTS how many at a time (64). Fails with EINVAL (EDDY_JOBS
 * is not set) and as eddy_nats_open. Python: celery worker. Since 0.1.
 */
eddy_async_declare(void, eddy_worker);

#pragma GCC visibility pop

/* ---- types ---- */

#define ED_WIRE_BUILTIN ~, 1, ~
#define ED_WIRE_IS_bool ED_WIRE_BUILTIN
#define ED_WIRE_IS__Bool ED_WIRE_BUILTIN
#define ED_WIRE_IS_char ED_WIRE_BUILTIN
#define ED_WIRE_IS_short ED_WIRE_BUILTIN
#define ED_WIRE_IS_int ED_WIRE_BUILTIN
#define ED_WIRE_IS_long ED_WIRE_BUILTIN
#define ED_WIRE_IS_signed ED_WIRE_BUILTIN
#define ED_WIRE_IS_unsigned ED_WIRE_BUILTIN
#define ED_WIRE_IS_float ED_WIRE_BUILTIN
#define ED_WIRE_IS_double ED_WIRE_BUILTIN
#define ED_WIRE_IS_const ED_WIRE_BUILTIN
#define ED_WIRE_IS_void ED_WIRE_BUILTIN
#define ED_WIRE_IS_size_t ED_WIRE_BUILTIN
#define ED_WIRE_IS_ssize_t ED_WIRE_BUILTIN
#define ED_WIRE_IS_int8_t ED_WIRE_BUILTIN
#define ED_WIRE_IS_int16_t ED_WIRE_BUILTIN
#define ED_WIRE_IS_int32_t ED_WIRE_BUILTIN
#define ED_WIRE_IS_int64_t ED_WIRE_BUILTIN
#define ED_WIRE_IS_uint8_t ED_WIRE_BUILTIN
#define ED_WIRE_IS_uint16_t ED_WIRE_BUILTIN
#define ED_WIRE_IS_uint32_t ED_WIRE_BUILTIN
#define ED_WIRE_IS_uint64_t ED_WIRE_BUILTIN
#define ED_WIRE_IS_eddy_slice ED_WIRE_BUILTIN
#define ED_WIRE_IS_struct ~, 2, ~
#define ED_WIRE_TAG_struct
#define ED_WIRE_SECOND_(a, b, ...) b
#define ED_WIRE_SECOND(...) ED_WIRE_SECOND_(__VA_ARGS__)
#define ED_WIRE_KIND(T) ED_WIRE_SECOND(ED_CAT(ED_WIRE_IS_, T), 0, 0)
/* What a type's functions begin with: the tag of a struct, or the type itself. */
#define ED_WIRE_NAME_0(T) T
#define ED_WIRE_NAME_2(T) ED_CAT(ED_WIRE_TAG_, T)

#define ED_WIRE_TRAVELS(x) \
    _Generic((x), bool: 1, char: 1, signed char: 1, short: 1, int: 1, long: 1, long long: 1, unsigned char: 1, \
        unsigned short: 1, unsigned: 1, unsigned long: 1, unsigned long long: 1, float: 1, double: 1, char *: 1, \
        const char *: 1, eddy_slice: 1, default: 0)
#define ED_WIRE_RULE \
    "this type does not travel: numbers, const char *, eddy_slice, array_of(T) and types made by wire_struct do; a " \
    "pointer means nothing on another machine"
static inline void ed_wire_put_nothing(struct eddy_wire *w, ...)
{
    (void)w;
}
#define ED_WIRE_PUT_1(T, w, x) \
    _Static_assert(ED_WIRE_TRAVELS(x), ED_WIRE_RULE); \
    _Generic((x), float: eddy_wire_put_real, double: eddy_wire_put_real, char *: eddy_wire_put_text, \
        const char *: eddy_wire_put_text, eddy_slice: eddy_wire_put_bytes, unsigned long: eddy_wire_put_natural, \
        unsigned long long: eddy_wire_put_natural, unsigned: eddy_wire_put_natural, bool: eddy_wire_put_number, \
        char: eddy_wire_put_number, signed char: eddy_wire_put_number, short: eddy_wire_put_number, \
        int: eddy_wire_put_number, long: eddy_wire_put_number, long long: eddy_wire_put_number, \
        unsigned char: eddy_wire_put_number, unsigned short: eddy_wire_put_number, \
        default: ed_wire_put_nothing)(w, x);
#define ED_WIRE_PUT_0(T, w, x) \
    _Static_assert(!ED_IS_POINTER(x), ED_WIRE_RULE); \
    ED_CAT(ed_put_, T)(w, &(x));
#define ED_WIRE_PUT_2(T, w, x) \
    _Static_assert(!ED_IS_POINTER(x), ED_WIRE_RULE); \
    ED_CAT(ed_put_, ED_WIRE_NAME_2(T))(w, &(x));
#define ED_WIRE_PUT(T, w, x) ED_CAT(ED_WIRE_PUT_, ED_WIRE_KIND(T))(T, w, x)

static inline void ed_wire_get_nothing(struct eddy_wire_reader *r, void *value)
{
    (void)r, (void)value;
}
#define ED_WIRE_GETTER(name, T, expression) \
    static inline void name(struct eddy_wire_reader *r, void *value) \
    { \
        *(T *)value = (T)(expression); \
    }
ED_WIRE_GETTER(ed_wire_get_bool, bool, eddy_wire_get_number(r, 0, 1))
ED_WIRE_GETTER(ed_wire_get_char, char, eddy_wire_get_number(r, -128, 255))
ED_WIRE_GETTER(ed_wire_get_schar, signed char, eddy_wire_get_number(r, INT8_MIN, INT8_MAX))
ED_WIRE_GETTER(ed_wire_get_short, short, eddy_wire_get_number(r, INT16_MIN, INT16_MAX))
ED_WIRE_GETTER(ed_wire_get_int, int, eddy_wire_get_number(r, INT32_MIN, INT32_MAX))
ED_WIRE_GETTER(ed_wire_get_long, long, eddy_wire_get_number(r, LONG_MIN, LONG_MAX))
ED_WIRE_GETTER(ed_wire_get_llong, long long, eddy_wire_get_number(r, INT64_MIN, INT64_MAX))
ED_WIRE_GETTER(ed_wire_get_uchar, unsigned char, eddy_wire_get_number(r, 0, UINT8_MAX))
ED_WIRE_GETTER(ed_wire_get_ushort, unsigned short, eddy_wire_get_number(r, 0, UINT16_MAX))
ED_WIRE_GETTER(ed_wire_get_unsigned, unsigned, eddy_wire_get_number(r, 0, UINT32_MAX))
ED_WIRE_GETTER(ed_wire_get_ulong, unsigned long, eddy_wire_get_number(r, 0, ULONG_MAX))
ED_WIRE_GETTER(ed_wire_get_ullong, unsigned long long, eddy_wire_get_number(r, 0, UINT64_MAX))
ED_WIRE_GETTER(ed_wire_get_float, float, eddy_wire_get_real(r))
ED_WIRE_GETTER(ed_wire_get_double, double, eddy_wire_get_real(r))
ED_WIRE_GETTER(ed_wire_get_text, char *, eddy_wire_get_text(r))
static inline void ed_wire_get_slice(struct eddy_wire_reader *r, void *value)
{
    *(eddy_slice *)value = eddy_wire_get_bytes(r);
}
#define ED_WIRE_GET_1(T, r, x) \
    _Generic((x), bool: ed_wire_get_bool, char: ed_wire_get_char, signed char: ed_wire_get_schar, \
        short: ed_wire_get_short, int: ed_wire_get_int, long: ed_wire_get_long, long long: ed_wire_get_llong, \
        unsigned char: ed_wire_get_uchar, unsigned short: ed_wire_get_ushort, unsigned: ed_wire_get_unsigned, \
        unsigned long: ed_wire_get_ulong, unsigned long long: ed_wire_get_ullong, float: ed_wire_get_float, \
        double: ed_wire_get_double, char *: ed_wire_get_text, const char *: ed_wire_get_text, \
        eddy_slice: ed_wire_get_slice, default: ed_wire_get_nothing)(r, (void *)&(x));
#define ED_WIRE_GET_0(T, r, x) ED_CAT(ed_get_, T)(r, &(x));
#define ED_WIRE_GET_2(T, r, x) ED_CAT(ed_get_, ED_WIRE_NAME_2(T))(r, &(x));
#define ED_WIRE_GET(T, r, x) ED_CAT(ED_WIRE_GET_, ED_WIRE_KIND(T))(T, r, x)

#define ED_WIRE_SIGN_1(T, w, text) eddy_wire_put_sign(w, text);
#define ED_WIRE_IS_POINTER(T) (__builtin_classify_type(*(T *)0) == 5)
#define ED_WIRE_SIGN_0(T, w, text) \
    _Static_assert(!ED_WIRE_IS_POINTER(T), ED_WIRE_RULE); \
    ED_CAT(ed_sign_, T)(w);
#define ED_WIRE_SIGN_2(T, w, text) \
    _Static_assert(!ED_WIRE_IS_POINTER(T), ED_WIRE_RULE); \
    ED_CAT(ed_sign_, ED_WIRE_NAME_2(T))(w);
#define ED_WIRE_SIGN(T, w) ED_CAT(ED_WIRE_SIGN_, ED_WIRE_KIND(T))(T, w, #T ",")

#define ED_WIRE_PUT_FIELD(T, n) ED_WIRE_PUT(T, w, ed_self->n)
#define ED_WIRE_GET_FIELD(T, n) ED_WIRE_GET(T, r, ed_self->n)
#define ED_WIRE_PUT_ARG(T, n) ED_WIRE_PUT(T, w, ed_self->args.n)
#define ED_WIRE_GET_ARG(T, n) ED_WIRE_GET(T, r, ed_self->args.n)
#define ED_WIRE_SIGN_EACH(T, n) ED_WIRE_SIGN(T, w)

/* ---- arrays: array_of(double) numbers = {items, count} ---- */

#define array_of(T) struct ed_array_##T
#define ED_WIRE_ARRAY(T) \
    struct ed_array_##T { \
        T *items; \
        size_t count; \
    }; \
    ED_UNUSED static void ed_put_ed_array_##T(struct eddy_wire *w, const struct ed_array_##T *array) \
    { \
        eddy_wire_put_count(w, array->count); \
        for (size_t ed_i = 0; ed_i < array->count; ed_i++) { \
            ED_WIRE_PUT(T, w, array->items[ed_i]) \
        } \
    } \
    ED_UNUSED static void ed_get_ed_array_##T(struct eddy_wire_reader *r, struct ed_array_##T *array) \
    { \
        array->count = eddy_wire_get_count(r); \
        array->items = array->count ? (T *)eddy_wire_room(r, array->count * sizeof(T)) : NULL; \
        for (size_t ed_i = 0; array->items && ed_i < array->count && !r->failed; ed_i++) { \
            ED_WIRE_GET(T, r, array->items[ed_i]) \
        } \
        if (r->failed) \
            array->count = 0; \
    } \
    ED_UNUSED static void ed_sign_ed_array_##T(struct eddy_wire *w) \
    { \
        eddy_wire_put_sign(w, "[]"); \
        ED_WIRE_SIGN(T, w) \
    }
ED_WIRE_ARRAY(int)
ED_WIRE_ARRAY(long)
ED_WIRE_ARRAY(float)
ED_WIRE_ARRAY(double)
ED_WIRE_ARRAY(size_t)
ED_WIRE_ARRAY(uint8_t)
ED_WIRE_ARRAY(uint32_t)
ED_WIRE_ARRAY(int64_t)
ED_WIRE_ARRAY(uint64_t)
ED_WIRE_ARRAY(eddy_slice)

/* wire_struct(point, (double, x), (double, y)); defines the type, how it travels, and array_of(point). */
#define wire_struct(type, ...) \
    typedef struct type { \
        EDDY_EACH(ED_FIELD, type, __VA_ARGS__) \
    } type; \
    ED_UNUSED static void ed_put_##type(struct eddy_wire *w, const type *ed_self) \
    { \
        EDDY_EACH(ED_WIRE_PUT_FIELD, type, __VA_ARGS__) \
    } \
    ED_UNUSED static void ed_get_##type(struct eddy_wire_reader *r, type *ed_self) \
    { \
        EDDY_EACH(ED_WIRE_GET_FIELD, type, __VA_ARGS__) \
    } \
    ED_UNUSED static void ed_sign_##type(struct eddy_wire *w) \
    { \
        eddy_wire_put_sign(w, #type "{"); \
        EDDY_EACH(ED_WIRE_SIGN_EACH, type, __VA_ARGS__) \
        eddy_wire_put_sign(w, "}"); \
    } \
    ED_WIRE_ARRAY(type) \
    struct type

/* ---- functions ---- */

static inline void ed_remote_free(void *text)
{
    __builtin_free(text);
}
static inline void ed_remote_keep(const void *value)
{
    (void)value;
}
#define ED_REMOTE_PUT_RESULT(T) ED_WIRE_PUT(T, w, ed_self->result)
#define ED_REMOTE_GET_RESULT(T) ED_WIRE_GET(T, r, ed_self->result)
#define ED_REMOTE_SIGN_RESULT(T) ED_WIRE_SIGN(T, w)
#define ED_REMOTE_NOTHING(T)
/* remote_async(T, f, (U, x), ...) { ... }: an async function that is a job, too. */
#define remote_async(T, ...) ED_REMOTE_ASYNC(T, ED_FIRST(__VA_ARGS__, ), __VA_ARGS__)
#define ED_REMOTE_ASYNC(T, fn, ...) ED_REMOTE_ASYNC_OF(T, fn, __VA_ARGS__)
#define ED_REMOTE_ASYNC_OF(T, fn, ...) \
    eddy_async_declare_static(T, __VA_ARGS__); \
    static void fn##__sign(struct eddy_wire *w) \
    { \
        ED_IF_VOID(T)(ED_REMOTE_NOTHING, ED_REMOTE_SIGN_RESULT)(T) \
        eddy_wire_put_sign(w, "("); \
        EDDY_EACH(ED_WIRE_SIGN_EACH, __VA_ARGS__) \
    } \
    static void fn##__put_args(struct eddy_wire *w, const void *ed_body) \
    { \
        const struct fn *ed_self = ed_body; \
        (void)w, (void)ed_self; \
        EDDY_EACH(ED_WIRE_PUT_ARG, __VA_ARGS__) \
    } \
    static void fn##__get_args(struct eddy_wire_reader *r, void *ed_body) \
    { \
        struct fn *ed_self = ed_body; \
        (void)r, (void)ed_self; \
        EDDY_EACH(ED_WIRE_GET_ARG, __VA_ARGS__) \
    } \
    static void fn##__put_result(struct eddy_wire *w, const void *ed_body) \
    { \
        const struct fn *ed_self = ed_body; \
        (void)w, (void)ed_self; \
        ED_IF_VOID(T)(ED_REMOTE_NOTHING, ED_REMOTE_PUT_RESULT)(T) \
    } \
    static void fn##__get_result(struct eddy_wire_reader *r, void *ed_body) \
    { \
        struct fn *ed_self = ed_body; \
        (void)r, (void)ed_self; \
        ED_IF_VOID(T)(ED_REMOTE_NOTHING, ED_REMOTE_GET_RESULT)(T) \
    } \
    static void fn##__make(void *ed_body) \
    { \
        *(struct fn *)ed_body = (struct fn){ED_HEADER(fn##__type)}; \
    } \
    static void fn##__free_result(void *ed_body) \
    { \
        struct fn *ed_self = ed_body; \
        _Generic(ed_self->result, char *: ed_remote_free, default: ed_remote_keep)( \
            _Generic(ed_self->result, char *: ed_self->result, default: (void *)0)); \
        (void)ed_self; \
    } \
    static struct eddy_remote_function fn##__remote = { \
        .name = #fn, .type = &fn##__type, .size = sizeof(struct fn), .result_offset = offsetof(struct fn, result), \
        .result_size = sizeof(((struct fn *)0)->result), .sign = fn##__sign, .put_args = fn##__put_args, \
        .get_args = fn##__get_args, .put_result = fn##__put_result, .get_result = fn##__get_result, \
        .make = fn##__make, .free_result = fn##__free_result, .limits = {.size = sizeof(eddy_job_limits)}}; \
    __attribute__((constructor)) static void fn##__add(void) \
    { \
        eddy_remote_add(&fn##__remote); \
    } \
    eddy_async_define_static(T, __VA_ARGS__)

/* remote_limits(f, .time_limit = 10, .tries = 5); at file scope, after the function: the limits of its jobs. */
#define remote_limits(fn, ...) \
    __attribute__((constructor)) static void fn##__limit(void) \
    { \
        fn##__remote.limits = (eddy_job_limits){.size = sizeof(eddy_job_limits), __VA_ARGS__}; \
    } \
    struct fn

/*
 * await(eddy_remote(f(x))): runs it as a job, and gives its result. A result of type char * is freed by the caller, as
 * are texts and the items of arrays in it.
 * await(eddy_remote(f(x), "order-17")): the job of this key runs once: a later call gets the result that was kept.
 * await(eddy_remote(f(x), .delay = 60, .priority = EDDY_JOB_LOW)): members of eddy_job_options; a key may come first.
 */
#define eddy_remote(...) ED_CAT(ED_REMOTE_, ED_IS_ONE(__VA_ARGS__))(__VA_ARGS__)
#define ED_REMOTE_1(coroutine) ED_REMOTE_CALL(EDDY_UNIQUE(ed_body_), EDDY_UNIQUE(ed_remote_), coroutine, .key = NULL)
#define ED_REMOTE_M(coroutine, ...) \
    ED_REMOTE_CALL(EDDY_UNIQUE(ed_body_), EDDY_UNIQUE(ed_remote_), coroutine, __VA_ARGS__)
#define ED_REMOTE_CALL(...) ED_REMOTE_MADE(__VA_ARGS__)
#define ED_REMOTE_MADE(b, tag, coroutine, ...) \
    __extension__({ \
        __auto_type b = (coroutine); \
        struct tag { \
            union { \
                struct eddy_awaitable awaitable; \
                struct eddy_remote_call call; \
            }; \
            __typeof__(b.result) result; \
            __typeof__(b) body; \
        }; \
        (struct tag){.call = {EDDY_AWAITABLE_INIT(&eddy_remote_type), .result_offset = offsetof(struct tag, result), \
                              .body_offset = offsetof(struct tag, body), \
                              .options = {.size = sizeof(eddy_job_options), __VA_ARGS__}}, \
                     .body = b}; \
    })

#endif
