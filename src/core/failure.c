/* SPDX-License-Identifier: MIT */
/* failure.c - making, passing on and catching failures. The invariant is in failure.h. */
#define _GNU_SOURCE /* strchrnul */
#include "core/failure.h"

#include <stdio.h>
#include <string.h>

#include "core/current.h"
#include "core/loop.h"
#include "core/task.h"
#include "os/memory.h"
#include "os/thread.h"

/* Marks in the serial of an eddy_error: it has its own reference; it has none, but another holder certainly has one. */
enum { SERIAL_KEPT = 0x80000000u, SERIAL_LENT = 0x40000000u, SERIAL_MARKS = SERIAL_KEPT | SERIAL_LENT };

struct eddy_failure failure_no_memory = {
    .code = ENOMEM, .fixed = true, .message = (char *)"no memory for more about what went wrong"};
struct eddy_failure failure_generator_exit = {.code = EDDY_GENERATOR_EXIT, .fixed = true};
struct eddy_failure failure_cancelled = {.code = ECANCELED, .fixed = true};
struct eddy_failure failure_own_cancelled = {.code = ECANCELED, .fixed = true, .own = true};

static struct eddy_failure *fallback(int code)
{
    if (code == EDDY_GENERATOR_EXIT)
        return &failure_generator_exit;
    return code == ECANCELED ? &failure_cancelled : &failure_no_memory;
}

/* Records for the case that there is no memory, so that an error keeps its code: EIO does not become ENOMEM. */
enum { RESERVE = 16 };
static struct eddy_failure reserve[RESERVE];
static bool reserve_taken[RESERVE];
static char no_memory_for_message[] = "(no memory for the message)";

static struct eddy_failure *take_reserve(void)
{
    for (size_t i = 0; i < RESERVE; i++)
        if (!__atomic_exchange_n(&reserve_taken[i], true, __ATOMIC_ACQUIRE))
            return &reserve[i];
    return NULL;
}

static void release(struct eddy_failure *failure)
{
    if (failure >= reserve && failure < reserve + RESERVE)
        __atomic_store_n(&reserve_taken[failure - reserve], false, __ATOMIC_RELEASE);
    else
        memory_free(failure);
}

/* The message of a record lies after it. */
static char *room_of(struct eddy_failure *failure)
{
    return (char *)(failure + 1);
}

/* A record with room for a message of `room` bytes; 0: there is none. In the reserve, a text that says so is the
 * message. */
static struct eddy_failure *make(int code, size_t room)
{
    static uint32_t serials;
    struct eddy_failure *failure = memory_alloc(sizeof *failure + room);
    char *message = !room ? NULL : failure ? room_of(failure) : no_memory_for_message;
    if (!failure)
        failure = take_reserve();
    if (!failure)
        return fallback(code);
    memset(failure, 0, offsetof(struct eddy_failure, first));
    failure->code = code;
    failure->serial = __atomic_add_fetch(&serials, 1, __ATOMIC_RELAXED) & ~SERIAL_MARKS;
    failure->references = 1;
    failure->message = message;
    failure->places = failure->first;
    failure->place_room = FAILURE_INLINE_PLACES;
    failure->task_names = NULL;
    failure->cause = failure->later = NULL;
    failure->group = NULL;
    failure->group_count = failure->group_total = 0;
    return failure;
}

/* Most messages are words and names, which printf takes ten times as long to join. Returns the length; -1: there is
 * another conversion, or too little room. */
static int join_words(char *to, size_t room, const char *format, va_list words)
{
    size_t used = 0;
    for (bool is_word = false;; is_word = !is_word) {
        const char *text = is_word ? va_arg(words, const char *) : format;
        size_t size = !text ? room : is_word ? strlen(text) : (size_t)(strchrnul(text, '%') - text);
        if (size >= room - used)
            return -1;
        memcpy(to + used, text, size);
        used += size;
        if (is_word)
            continue;
        format += size;
        if (!*format)
            break;
        if (format[1] != 's')
            return -1;
        format += 2;
    }
    to[used] = '\0';
    return (int)used;
}

static int write_message(char *to, size_t room, const char *format, va_list arguments)
{
    va_list words;
    va_copy(words, arguments);
    int length = join_words(to, room, format, words);
    va_end(words);
    return length >= 0 ? length : vsnprintf(to, room, format, arguments);
}

struct eddy_failure *failure_make(int code, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    char most[128]; /* long enough for most messages */
    int length = format ? write_message(most, sizeof most, format, arguments) : 0;
    size_t room = length > 0 ? (size_t)length + 1 : 0;
    struct eddy_failure *failure = make(code, room);
    if (failure->message == room_of(failure) && room <= sizeof most)
        memcpy(failure->message, most, room);
    else if (failure->message == room_of(failure))
        vsnprintf(failure->message, room, format, again);
    va_end(again);
    return failure;
}

/* A failure with a copy of the message, which may be NULL. */
static struct eddy_failure *with_message(int code, const char *message)
{
    size_t room = message ? strlen(message) + 1 : 0;
    struct eddy_failure *failure = make(code, room);
    if (failure->message == room_of(failure))
        memcpy(failure->message, message, room);
    return failure;
}

struct eddy_failure *failure_of(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct eddy_failure *failure = failure_make(code, format, arguments);
    va_end(arguments);
    return failure;
}

struct eddy_failure *failure_of_cancel(const char *reason, bool own)
{
    if (!reason)
        return own ? &failure_own_cancelled : &failure_cancelled;
    struct eddy_failure *failure = with_message(ECANCELED, reason);
    if (failure->fixed)
        return own ? &failure_own_cancelled : &failure_cancelled;
    failure->own = own;
    return failure;
}

struct eddy_failure *failure_ref(struct eddy_failure *failure)
{
    if (failure && !failure->fixed)
        __atomic_add_fetch(&failure->references, 1, __ATOMIC_RELAXED);
    return failure;
}

static void free_names(char *names)
{
    while (names) {
        char *next;
        memcpy(&next, names, sizeof next);
        memory_free(names);
        names = next;
    }
}

/* Gives up a reference; the last one puts the failure at the front of `dead`. */
static struct eddy_failure *give_up(struct eddy_failure *failure, struct eddy_failure *dead)
{
    if (!failure || failure->fixed || __atomic_sub_fetch(&failure->references, 1, __ATOMIC_ACQ_REL) > 0)
        return dead;
    failure->next_dead = dead;
    return failure;
}

static void free_failure(struct eddy_failure *failure)
{
    if (failure->group)
        memory_free(failure->group);
    if (failure->places != failure->first)
        memory_free(failure->places);
    free_names(failure->task_names);
    release(failure);
}

/* No recursion: each of a hundred thousand tasks may have put its own error in front of the one below. */
void failure_give_up(struct eddy_failure *failure)
{
    struct eddy_failure *dead = give_up(failure, NULL);
    while ((failure = dead)) {
        dead = give_up(failure->later, failure->next_dead);
        dead = give_up(failure->cause, dead);
        for (size_t i = 0; i < failure->group_count; i++)
            dead = give_up(failure->group[i], dead);
        free_failure(failure);
    }
}

struct eddy_failure *failure_passed_on(struct eddy_failure *failure, bool own)
{
    if (!failure || failure->own == own)
        return failure;
    if (failure->fixed && failure->code == ECANCELED)
        return own ? &failure_own_cancelled : &failure_cancelled;
    if (!failure->fixed)
        failure->own = own;
    return failure;
}

struct eddy_failure *failure_because(struct eddy_failure *failure, struct eddy_failure *cause)
{
    if (failure->fixed || failure->alone || failure == cause || failure->cause)
        failure_unref(cause);
    else
        failure->cause = cause;
    return failure;
}

bool failure_group(struct eddy_failure *first, struct eddy_failure *another)
{
    struct eddy_failure **group = NULL;
    if (!first->fixed)
        group = memory_grow(first->group, (first->group_count + 1) * sizeof *group);
    if (!group)
        return false;
    first->group = group;
    group[first->group_count++] = another;
    first->group_total += 1 + another->group_total;
    return true;
}

/* ---- called by the macros ---- */

struct eddy_failure *eddy_failure_new(const struct eddy_site *site, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct eddy_failure *failure = failure_make(code ? code : EINVAL, format, arguments);
    va_end(arguments);
    return eddy_failure_trace(failure, site);
}

struct eddy_failure *eddy_failure_of_code(const struct eddy_site *site, int code)
{
    return eddy_failure_trace(make(code ? code : EINVAL, 0), site);
}

struct eddy_failure *eddy_failure_again(const struct eddy_site *site, const eddy_error *err)
{
    struct eddy_failure *failure = failure_from_error(err);
    if (!failure)
        failure = failure_of(EINVAL, "rethrow of an eddy_error that holds no error");
    return eddy_failure_trace(failure, site);
}

static const char *keep_name(struct eddy_failure *failure, const char *name)
{
    char *copy = memory_alloc(sizeof(char *) + strlen(name) + 1);
    if (!copy)
        return NULL;
    memcpy(copy, &failure->task_names, sizeof(char *));
    strcpy(copy + sizeof(char *), name);
    failure->task_names = copy;
    return copy + sizeof(char *);
}

/* The name of the running task, kept with the failure, which may outlive the task; NULL for the main task
 * of a loop that gives it no name. */
static const char *name_of_task(struct eddy_failure *failure)
{
    struct task *task = current.task;
    if (!task || (task_is_main(task) && !task->loop->main_name))
        return NULL;
    if (failure->place_count && failure->last_task == task->id)
        return failure->places[failure->place_count - 1].task;
    return keep_name(failure, task_name(task));
}

static bool make_room(struct eddy_failure *failure)
{
    if (failure->place_count < failure->place_room)
        return true;
    bool was_inline = failure->places == failure->first;
    size_t room = failure->place_room * 2;
    struct failure_place *places = memory_grow(was_inline ? NULL : failure->places, room * sizeof *places);
    if (!places)
        return false;
    if (was_inline)
        memcpy(places, failure->first, sizeof failure->first);
    failure->places = places;
    failure->place_room = room;
    return true;
}

static void copy_places(struct eddy_failure *to, const struct eddy_failure *from)
{
    const char *theirs = NULL, *ours = NULL;
    for (size_t i = 0; i < from->place_count && make_room(to); i++) {
        const struct failure_place *place = &from->places[i];
        if (place->task && place->task != theirs)
            ours = keep_name(to, theirs = place->task);
        to->places[to->place_count++] = (struct failure_place){place->site, place->task ? ours : NULL};
    }
}

/* Without memory the copy has none of the members: the original has them. */
static void copy_group(struct eddy_failure *to, const struct eddy_failure *from)
{
    if (from->group_count)
        to->group = memory_alloc(from->group_count * sizeof(struct eddy_failure *));
    if (!to->group)
        return;
    for (size_t i = 0; i < from->group_count; i++)
        to->group[i] = failure_ref(from->group[i]);
    to->group_count = from->group_count;
    to->group_total = from->group_total;
}

struct eddy_failure *failure_clone(const struct eddy_failure *failure)
{
    if (failure->fixed)
        return (struct eddy_failure *)(uintptr_t)failure;
    struct eddy_failure *clone = with_message(failure->code, failure->message);
    if (clone->fixed)
        return clone;
    copy_places(clone, failure);
    clone->cause = failure_ref(failure->cause);
    clone->later = failure_ref(failure->later);
    copy_group(clone, failure);
    return clone;
}

static __attribute__((noinline)) struct eddy_failure *trace(struct eddy_failure *failure, const struct eddy_site *site)
{
    if (!site || !site->file || !make_room(failure))
        return failure;
    const char *name = name_of_task(failure);
    failure->places[failure->place_count++] = (struct failure_place){site, name};
    failure->last_task = current.task ? current.task->id : 0;
    return failure;
}

struct eddy_failure *eddy_failure_trace(struct eddy_failure *failure, const struct eddy_site *site)
{
    return failure->fixed ? failure : trace(failure, site);
}

bool eddy_failure_is_own_cancellation(const struct eddy_failure *failure)
{
    return failure->own;
}

static struct eddy_failure **caught_slot(void)
{
    return current.task ? &current.task->caught : &current.caught;
}

static void forget_caught(void)
{
    failure_unref(current.caught);
    current.caught = NULL;
}

static __thread struct thread_exit exit_of_caught = {.leave = forget_caught};

/* *err describes the failure; its owner stays the same. */
static void describe(struct eddy_failure *failure, eddy_error *err)
{
    err->code = failure->code;
    err->serial = failure->serial;
    err->message = failure->message ? failure->message : "";
    err->failure = failure;
}

static inline void catch_in(struct eddy_failure **slot, struct eddy_failure *failure, eddy_error *err)
{
    struct eddy_failure *before = *slot;
    *slot = failure;
    describe(failure, err);
    failure_unref(before);
}

static __attribute__((noinline)) void catch_outside_tasks(struct eddy_failure *failure, eddy_error *err)
{
    thread_at_exit(&exit_of_caught);
    catch_in(&current.caught, failure, err);
}

void eddy_failure_catch(struct eddy_failure *failure, eddy_error *err)
{
    if (__builtin_expect(current.task != NULL, 1))
        catch_in(&current.task->caught, failure, err);
    else
        catch_outside_tasks(failure, err);
}

/* ---- eddy_error ---- */

void failure_lend(struct eddy_failure *failure, eddy_error *err)
{
    describe(failure, err);
    err->serial |= SERIAL_LENT;
}

static bool is_fixed(const struct eddy_failure *failure)
{
    return failure == &failure_no_memory || failure == &failure_generator_exit ||
           failure == &failure_cancelled || failure == &failure_own_cancelled;
}

/* The details of err, if they are still valid: caught last by this task, kept, or static. */
static struct eddy_failure *details(const eddy_error *err)
{
    struct eddy_failure *failure = err->failure;
    if (!failure || is_fixed(failure) || (err->serial & SERIAL_MARKS))
        return failure;
    return failure == *caught_slot() && failure->serial == err->serial ? failure : NULL;
}

struct eddy_failure *failure_from_error(const eddy_error *err)
{
    if (!err->code)
        return NULL;
    struct eddy_failure *failure = details(err);
    if (failure && failure->code == err->code)
        return failure_ref(failure);
    if (failure)
        return with_message(err->code, failure->message);
    return with_message(err->code, !err->failure ? NULL
                                                 : "(its details were replaced by a later error: "
                                                   "eddy_error_keep makes them last)");
}

void eddy_error_set(eddy_error *err, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct eddy_failure *failure = failure_make(code ? code : EINVAL, format, arguments);
    va_end(arguments);
    eddy_failure_catch(failure, err);
}

void eddy_error_keep(eddy_error *err)
{
    struct eddy_failure *failure = err->code ? details(err) : NULL;
    if (!failure || (err->serial & SERIAL_KEPT))
        return;
    failure_ref(failure);
    err->serial |= SERIAL_KEPT;
}

void eddy_error_free(eddy_error *err)
{
    if (err->code && (err->serial & SERIAL_KEPT))
        failure_unref(err->failure);
    *err = (eddy_error){.message = ""};
}

size_t eddy_error_count(const eddy_error *err)
{
    if (!err->code)
        return 0;
    struct eddy_failure *failure = details(err);
    return failure ? 1 + failure->group_total : 1;
}

struct eddy_failure *failure_in_group(struct eddy_failure *failure, size_t i)
{
    while (i > 0) {
        struct eddy_failure **member = failure->group;
        for (i--; i > (*member)->group_total; member++)
            i -= 1 + (*member)->group_total;
        failure = *member;
    }
    return failure;
}

eddy_error eddy_error_at(const eddy_error *err, size_t i)
{
    struct eddy_failure *failure = err->code ? details(err) : NULL;
    eddy_error result = {.message = ""};
    if (i == 0)
        return *err;
    if (failure && i <= failure->group_total)
        failure_lend(failure_in_group(failure, i), &result); /* valid as long as the group */
    return result;
}

eddy_error eddy_error_cause(const eddy_error *err)
{
    struct eddy_failure *failure = err->code ? details(err) : NULL;
    eddy_error result = {.message = ""};
    struct eddy_failure *other = failure ? (failure->cause ? failure->cause : failure->later) : NULL;
    if (other)
        failure_lend(other, &result); /* valid as long as the details of err */
    return result;
}
