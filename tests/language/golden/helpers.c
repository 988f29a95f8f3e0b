/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#undef ED_CHOOSE /* its text depends on the compiler, like that of the next */
#undef ED_STOP_IF
#undef ED_RESULT

// expanded:
is_pointer = ED_IS_POINTER(x);
is_struct = ED_IS_STRUCT(x);
is_void_object = ED_IS_VOID_OBJECT(x);
typed = ED_TYPED(x);
address = ED_ADDRESS(x);
awaitable = ED_AWAITABLE(x);
value = ED_VALUE(x);
zero = ED_ZERO(x);
rvalue = ED_RVALUE(x);
in_frame = ED_IN_FRAME;
frame = ED_FRAME;
children = ED_CHILDREN;
control = ED_CONTROL;
sent = ED_SENT;
here = ED_HERE;
signature = ED_SIGNATURE(int, f, (char *, a), (long, b));
is_void = ED_IS_VOID(void), ED_IS_VOID(void *), ED_IS_VOID(int);
number = ED_NARGS(), ED_NARGS(a), ED_NARGS(a, b);
is_one = ED_CAT(x, ED_IS_ONE(a)), ED_CAT(x, ED_IS_ONE(a, b));
whole = { ED_WHOLE((struct point){1, "yield(((struct point){1, 2}))"); }
is_error = ED_IS_ERROR(x);
no_coroutine = ED_NO_COROUTINE(x);
pointer_to = ED_POINTER_TO(x);
no_awaitable = ED_NO_AWAITABLE(p);
awaited = ED_AWAITED;
no_generator = ED_NO_GENERATOR(x);
unless = ED_UNLESS(is_wrong, x);
no_generator_at = ED_NO_GENERATOR_AT(p);
at_file_scope = ED_AT_FILE_SCOPE;
by_count = ED_BY_COUNT(none, one, two, more), ED_BY_COUNT(none, one, two, more, a, b);
name_rule = { ED_NAME_RULE(x, "for_each"); }
ED_SPELLING(int, f, (char *, a))
leave = { ED_LEAVE; }
no_kind = struct { ED_NO_KIND(generator); };
// end
