/* SPDX-License-Identifier: MIT */
/* generator_adapters.c - generators in other roles: as a coroutine, as a manager. */
#include <string.h>

#include "core/failure.h"
#include "core/generator.h"
#include "eddy/generator.h"
#include "eddy/macros.h"
#include "eddy/scope.h"

/* Awaits what the generator yields; a failure is thrown in where it yielded. */
static struct eddy_failure *await_value(eddy_awaitable *awaitable)
{
    if (!awaitable)
        return NULL;
    struct eddy_failure *failure = eddy_join(awaitable);
    eddy_release_handle(awaitable);
    return failure;
}

static void run_generator_coroutine(struct eddy_awaitable *a)
{
    struct eddy_generator_coroutine *c = (struct eddy_generator_coroutine *)(void *)a;
    char *generator = (char *)a + c->generator_offset;
    struct eddy_generator *g = (struct eddy_generator *)(void *)generator;
    eddy_awaitable *value = NULL;
    void *sent = generator + c->sent_offset;
    bool more = eddy_generator_resume(g, c->generator_size, &value, sent);
    while (more) {
        struct eddy_failure *failure = await_value(value);
        memcpy(sent, &value, sizeof value); /* the value of its yield: the awaitable, whose result it may read */
        if (!failure) {
            more = eddy_generator_resume(g, c->generator_size, &value, sent);
        } else {
            more = generator_throw_failure(g, &value, sent, failure);
        }
    }
    a->awaitable.failure = eddy_generator_failure(g);
    memcpy((char *)a + c->result_offset, generator + c->generator_result_offset, c->result_size);
}

const struct eddy_awaitable_type eddy_from_generator_type = {
    .name = "from_generator", .run = run_generator_coroutine, .kind = EDDY_COROUTINE};

/* ---- a manager written as a generator that yields once ---- */

static struct eddy_generator *generator_of(struct eddy_generator_manager *m)
{
    return (struct eddy_generator *)(void *)((char *)m + m->generator_offset);
}

static void *sent_of(struct eddy_generator_manager *m)
{
    return (char *)m + m->generator_offset + m->generator_sent_offset;
}

/* Also for an async generator, which begins with its generator: the body may await. */
void eddy_generator_manager_enter(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_generator_manager *m = (struct eddy_generator_manager *)(void *)manager;
    struct eddy_generator *g = generator_of(m);
    if (eddy_generator_resume(g, m->generator_size, (char *)m + m->value_offset, sent_of(m)))
        return;
    struct eddy_failure *failure = eddy_generator_failure(g);
    if (!failure)
        failure = failure_of(EDDY_GENERATOR_YIELDS, "%s ended without a yield", g->core.type->name);
    eddy_failure_catch(failure, err);
}

void eddy_generator_manager_exit(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_generator_manager *m = (struct eddy_generator_manager *)(void *)manager;
    struct eddy_generator *g = generator_of(m);
    void *slot = (char *)m + m->value_offset;
    struct eddy_failure *under_way = failure_from_error(err), *failure;
    bool more = under_way ? generator_throw_failure(g, slot, sent_of(m), failure_ref(under_way))
                          : eddy_generator_resume(g, m->generator_size, slot, sent_of(m));
    if (more) {
        failure_unref(eddy_generator_close(g));
        failure = failure_of(EDDY_GENERATOR_YIELDS, "%s yielded twice", g->core.type->name);
    } else {
        failure = eddy_generator_failure(g);
    }
    if (failure && failure != under_way)
        eddy_failure_catch(failure, err);
    else
        failure_unref(failure);
    failure_unref(under_way);
}
