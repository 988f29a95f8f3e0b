/* SPDX-License-Identifier: MIT */
/* program.c - random programs: making, printing, and making smaller. See program.h. */
#include "program.h"

#include <stdlib.h>

#include "base/random.h"

static const struct {
    const char *words;
    enum { PLAIN, WHICH = 1, COUNT = 2, SECONDS = 4, SIZE = 8 } shows;
} kinds[] = {
    [OP_SEQUENCE] = {"in turn:", PLAIN},
    [OP_TASKS] = {"tasks", WHICH | SECONDS},
    [OP_GROUP] = {"group", WHICH | SECONDS},
    [OP_TIMEOUT] = {"eddy_timeout:", SECONDS},
    [OP_MOVE_ON] = {"eddy_move_on_after:", SECONDS},
    [OP_FAIL_AFTER] = {"eddy_fail_after:", SECONDS},
    [OP_SHIELD] = {"eddy_shield:", SECONDS},
    [OP_WITHIN] = {"await_for:", SECONDS},
    [OP_LOCK] = {"holding lock", WHICH},
    [OP_SEMAPHORE] = {"holding the semaphore:", PLAIN},
    [OP_CLEAN_UP] = {"with clean-up that sleeps:", SECONDS},
    [OP_SLEEP] = {"sleep", SECONDS},
    [OP_PUT] = {"put into queue", WHICH | SECONDS},
    [OP_GET] = {"get from queue", WHICH | SECONDS},
    [OP_SET_EVENT] = {"set the event", PLAIN},
    [OP_CLEAR_EVENT] = {"clear the event", PLAIN},
    [OP_WAIT_EVENT] = {"wait for the event", SECONDS},
    [OP_WAIT_CONDITION] = {"wait for the condition", SECONDS},
    [OP_NOTIFY] = {"notify the condition", COUNT},
    [OP_BARRIER] = {"wait at the barrier", SECONDS},
    [OP_RESET_BARRIER] = {"reset the barrier", PLAIN},
    [OP_FUTURE] = {"future", WHICH | COUNT | SECONDS},
    [OP_TALK] = {"talk", WHICH | SIZE | SECONDS},
    [OP_HAND_OVER] = {"hand something over", WHICH | SECONDS},
    [OP_GENERATE] = {"generate", COUNT | SECONDS},
    [OP_THINK] = {"blocking function", PLAIN},
    [OP_CALL_LATER] = {"call later, and cancel that if odd", COUNT | SECONDS},
    [OP_CANCEL] = {"cancel task", COUNT},
    [OP_FAIL] = {"fail", PLAIN},
};

static const char *const with_tasks_words[] = {
    [JOIN_EACH] = "awaited each:", [JOIN_WITHIN] = "awaited each by await_for:",
    [JOIN_NONE] = "left to the frame's end:", [DETACH] = "detached:",
    [GATHER] = "gathered:", [GATHER_SETTLED] = "gathered, settled:",
    [WAIT_FIRST] = "eddy_wait for the first:", [AS_COMPLETED] = "as completed:", [CANCEL_ONE] = "one cancelled:",
    [SHIELD_ONE] = "one awaited shielded:",
};
static const char *const with_group_words[] = {
    [GROUP_PLAIN] = "joined:", [GROUP_CANCELLED] = "cancelled:", [GROUP_FAILS] = "whose block fails:",
    [GROUP_WAITS] = "whose block sleeps:",
};
static const char *const future_words[] = {
    [FUTURE_RESULT] = "gets a result", [FUTURE_ERROR] = "gets an error", [FUTURE_CANCELLED] = "is cancelled",
};

/* ==== making ==== */

/* Lengths that matter to other operations, and often the same ones, so that several are due together. */
static double random_span(uint64_t *random)
{
    static const double spans[] = {0, 0, 0.0001, 0.001, 0.001, 0.01, 0.05, 0.3, 2};
    return spans[random_below(random, sizeof spans / sizeof spans[0])];
}

/* Half of the single operations hand something over, or take something away. */
static enum op_kind random_kind(uint64_t *random, unsigned depth)
{
    static const enum op_kind often[] = {OP_PUT, OP_PUT, OP_GET, OP_GET, OP_HAND_OVER, OP_TALK, OP_CANCEL, OP_SLEEP};
    if (depth > 0 && random_below(random, 3) == 0)
        return (enum op_kind)random_below(random, OP_LAST_BLOCK + 1);
    if (random_below(random, 2) == 0)
        return often[random_below(random, sizeof often / sizeof often[0])];
    return (enum op_kind)(OP_LAST_BLOCK + 1 + random_below(random, OP_KINDS - OP_LAST_BLOCK - 1));
}

static struct op *make(uint64_t *random, unsigned depth, unsigned *budget);

static struct op *make_parts(uint64_t *random, unsigned most, unsigned depth, unsigned *budget)
{
    struct op *first = NULL, **end = &first;
    for (uint64_t count = 1 + random_below(random, most); count && *budget; count--) {
        *end = make(random, depth, budget);
        end = &(*end)->next;
    }
    return first;
}

static struct op *make(uint64_t *random, unsigned depth, unsigned *budget)
{
    struct op *op = calloc(1, sizeof *op);
    if (!op)
        abort();
    --*budget;
    *op = (struct op){.kind = random_kind(random, depth), .which = (unsigned)random_next(random) & 255,
                      .count = (unsigned)random_next(random) & 255, .seconds = random_span(random),
                      .caught = random_below(random, 8) != 0};
    op->size = 1 + (unsigned)random_below(random, random_below(random, 4) ? 300 : 90000);
    if (op->kind <= OP_LAST_BLOCK)
        op->parts = make_parts(random, op->kind == OP_SEQUENCE ? 8 : MOST_PARTS, depth - 1, budget);
    return op;
}

struct op *program_make(uint64_t seed)
{
    uint64_t random = seed * 77777;
    unsigned budget = 20 + (unsigned)random_below(&random, random_below(&random, 4) ? 200 : 1000);
    struct op *program = calloc(1, sizeof *program);
    if (!program)
        abort();
    *program = (struct op){.kind = OP_TASKS, .which = JOIN_EACH};
    for (struct op **end = &program->parts; budget; end = &(*end)->next) {
        *end = calloc(1, sizeof **end);
        if (!*end)
            abort();
        **end = (struct op){.kind = OP_SEQUENCE, .caught = true};
        (*end)->parts = make_parts(&random, 12, 5, &budget);
    }
    return program;
}

void program_free(struct op *program)
{
    while (program) {
        struct op *next = program->next;
        program_free(program->parts);
        free(program);
        program = next;
    }
}

/* ==== printing ==== */

static void print_which(FILE *file, const struct op *op)
{
    switch (op->kind) {
    case OP_TASKS: fprintf(file, " %s", with_tasks_words[op->which % WITH_TASKS]); break;
    case OP_GROUP: fprintf(file, " %s", with_group_words[op->which % WITH_GROUP]); break;
    case OP_FUTURE: fprintf(file, " %s", future_words[op->which % FUTURE_ENDS]); break;
    case OP_TALK:
        fprintf(file, " over a %s%s", op->which & 1 ? "pair" : "connection",
                op->which & 2 ? ", the writer cancelled" : "");
        break;
    case OP_HAND_OVER: fprintf(file, op->which & 1 ? " in a group" : " by await_for"); break;
    default: fprintf(file, " %u", op->which % (op->kind == OP_LOCK ? LOCKS : QUEUES));
    }
}

static void print_op(FILE *file, const struct op *op, int indent)
{
    fprintf(file, "%*s%s", indent, "", kinds[op->kind].words);
    if (kinds[op->kind].shows & WHICH)
        print_which(file, op);
    if (kinds[op->kind].shows & COUNT)
        fprintf(file, " %u", op->count);
    if (kinds[op->kind].shows & SIZE)
        fprintf(file, ", %u bytes", op->size);
    if (kinds[op->kind].shows & SECONDS)
        fprintf(file, " %g s", op->seconds);
    fprintf(file, "%s\n", op->caught ? "" : "   (its failure goes on outward)");
}

static void print(FILE *file, const struct op *op, int indent)
{
    for (; op; op = op->next) {
        if (op->off)
            continue;
        if (!op->bare)
            print_op(file, op, indent);
        print(file, op->parts, op->bare ? indent : indent + 4);
    }
}

void program_print(FILE *file, const struct op *program)
{
    print(file, program, 4);
}

/* ==== making smaller ==== */

unsigned program_size(const struct op *program)
{
    unsigned size = 0;
    for (; program; program = program->next)
        if (!program->off)
            size += !program->bare + program_size(program->parts);
    return size;
}

/* The operation at this position among those that are left, in the order in which they are printed. */
static struct op *find(struct op *op, unsigned *place)
{
    for (; op; op = op->next) {
        if (op->off)
            continue;
        if (!op->bare && (*place)-- == 0)
            return op;
        struct op *found = find(op->parts, place);
        if (found)
            return found;
    }
    return NULL;
}

/* Two steps for each position: the program without that operation and its parts; the program without the operation
 * alone. */
struct op *program_shrink(struct op *program, unsigned step)
{
    unsigned place = step / 2 + 1; /* the program itself remains */
    struct op *op = find(program, &place);
    if (!op)
        return NULL;
    *(step % 2 == 0 ? &op->off : &op->bare) = true;
    return op;
}

void program_restore(struct op *changed)
{
    changed->off = changed->bare = false;
}
