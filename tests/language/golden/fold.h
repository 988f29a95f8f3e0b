/* SPDX-License-Identifier: MIT */
/* fold.h - keeps the small helper macros unexpanded, so that expansions can be read; helpers.c expands them. */
#undef ED_ADDRESS
#undef ED_AWAITABLE
#undef ED_AWAITED
#undef ED_AT_FILE_SCOPE
#undef ED_CHILDREN
#undef ED_CHOOSE
#undef ED_CONTROL
#undef ED_FRAME
#undef ED_HERE
#undef ED_IN_FRAME
#undef ED_IS_POINTER
#undef ED_IS_ERROR
#undef ED_IS_STRUCT
#undef ED_IS_VOID_OBJECT
#undef ED_KEEP_FRAME /* empty with clang */
#undef ED_LEAVE
#undef ED_MANAGED
#undef ED_NO_MANAGER
#undef ED_NO_ASYNC_ITERABLE_AT
#undef ED_NO_AWAITABLE
#undef ED_NO_COROUTINE
#undef ED_NO_RESULT
#undef ED_NO_TAIL_CALL /* empty with gcc */
#undef ED_NO_GENERATOR
#undef ED_NO_GENERATOR_AT
#undef ED_NO_KIND
#undef ED_POINTER_TO
#undef ED_RVALUE
#undef ED_SENT
#undef ED_SIGNATURE
#undef ED_TYPED
#undef ED_UNLESS
#undef ED_UNLIKELY
#undef ED_UNUSED
#undef ED_VALUE
#undef ED_WHOLE
#undef ED_YIELDER
#undef ED_ZERO
#undef EDDY_MUST_USE
#undef NULL
#undef bool
#undef true
#undef false
#undef offsetof
#undef ED_WALK_ASYNC
#undef ED_GIVEN /* one text for both compilers */
#define ED_GIVEN(ge) ed_operand
#undef ED_STOP_AT
#define ED_STOP_AT(fn, wrong) ED_STOP_AT(fn, wrong);
#undef ED_SPELLING
#define ED_SPELLING(...) ED_SPELLING(__VA_ARGS__);
#undef ED_NAME_RULE
#undef ED_STOP_UNLESS_KNOWN /* clang's only */
#define ED_STOP_UNLESS_KNOWN(...)
#undef ED_RESULT
#undef ED_STOP_IF
#define ED_STOP_IF(...)
