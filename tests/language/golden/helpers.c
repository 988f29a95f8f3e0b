/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>

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
here = ED_HERE(f);
signature = ED_SIGNATURE(int, f, (char *, a), (long, b));
is_void = ED_IS_VOID(void), ED_IS_VOID(void *), ED_IS_VOID(int);
number = ED_NARGS(), ED_NARGS(a), ED_NARGS(a, b);
is_one = ED_CAT(x, ED_IS_ONE(a)), ED_CAT(x, ED_IS_ONE(a, b));
whole = { ED_WHOLE((struct point){1, "yield(((struct point){1, 2}))"); }
check = { ED_CHECK_AWAITABLE(x, "await", ok); }
// end
