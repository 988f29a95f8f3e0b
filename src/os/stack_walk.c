/* SPDX-License-Identifier: MIT */
/* stack_walk.c - a thread's stacks that are in use and awake; each walk begins where the last one ended. */
#include "os/hibernate.h"
#include "os/stack_pool.h"

static struct stack_class *class_after(const struct stack_class *class)
{
    return class->next != NULL ? class->next : &stack_pool.common;
}

/* The next slab, or one of the next class that has slabs; NULL: there is none. */
static struct stack_slab *slab_after(struct stack_hand *hand)
{
    const struct stack_class *begun = hand->class;
    struct stack_slab *slab = hand->slab != NULL ? hand->slab->next : NULL;
    while (slab == NULL) {
        hand->class = class_after(hand->class);
        slab = hand->class->slabs;
        if (slab == NULL && hand->class == begun)
            break;
    }
    return slab;
}

static bool turn(struct stack_hand *hand)
{
    if (hand->class == NULL)
        hand->class = &stack_pool.common;
    if (hand->slab != NULL && ++hand->index < hand->slab->carved && hand->slab->asleep < hand->slab->carved)
        return true;
    hand->slab = slab_after(hand);
    hand->index = 0;
    return hand->slab != NULL;
}

/* The walk is back where it began. */
static bool is_over(struct stack_walk *walk, const struct stack_hand *hand)
{
    if (walk->begun == NULL) {
        walk->begun = hand->slab;
        walk->index = hand->index;
        return false;
    }
    return walk->begun == hand->slab && (walk->index == hand->index || (hand->index == 0 && walk->passed++ > 0));
}

struct stack *stack_next_awake(struct stack_walk *walk)
{
    struct stack_hand *hand = &stack_pool.hand;
    while (walk->steps > 0 && turn(hand) && !is_over(walk, hand)) {
        walk->steps--;
        if (hand->index >= hand->slab->carved || stack_sleeps(hand->slab, hand->index))
            continue;
        struct stack *stack = stack_at(hand->class, hand->slab, hand->index);
        if (stack->next == stack && stack->generator == NULL)
            return stack;
    }
    return NULL;
}

bool stack_is_free(size_t size)
{
    const struct stack_class *class = &stack_pool.common;
    while (class != NULL && class->size != size && size != 0)
        class = class->next;
    return class != NULL && class->free != NULL;
}
