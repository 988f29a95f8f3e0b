/* SPDX-License-Identifier: MIT */
#pragma GCC system_header
/*
 * macros.h - all preprocessor work of Eddy: the typed keywords and the typed faces of the runtime's functions.
 *
 * Explained, with the expansions, in docs/internals/keywords.md.  Rules kept here:
 *   - a macro is one line of checking and one real function;
 *   - every local is made unique by __COUNTER__, so that a user's expressions are neither captured nor shadowed;
 *   - no macro parameter has a member's name;
 *   - what the compiler reports as missing has the rule as its name: 'await_outside_async_function' undeclared;
 *   - the address of a frame's header escapes only in functions that spawn or open blocks, so that the compiler
 *     keeps the header of an inlined coroutine in registers.
 * The pragma above declares this file a system header, however it is included: compilers then show a mistake
 * at the user's line instead of here, without a note for each macro on the way, and do not warn about the extensions
 * that this file is made of.  What must not be dropped is in must_use.h, which is never a system header.
 */
#ifndef EDDY_MACROS_H
#define EDDY_MACROS_H
#ifdef __cplusplus
#error "the macros of Eddy are for C; from C++ include <eddy.h> and call the functions"
#define ED_STOP "see the error above" /* there is no such file: the compiler stops */
#include ED_STOP
#endif
#ifdef __STRICT_ANSI__
#error "the macros of Eddy need GNU C: compile with -std=gnu11 or later (not -std=c11)"
#define ED_STOP "see the error above" /* there is no such file: the compiler stops */
#include ED_STOP
#endif

#ifdef __clang__ /* -Wpedantic: `, ##__VA_ARGS__` is GNU's */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#pragma clang diagnostic ignored "-Wgnu-auto-type"
#endif

#include "barrier.h"
#include "channel.h"
#include "condition.h"
#include "context.h"
#include "cores.h"
#include "event.h"
#include "future.h"
#include "loop.h"
#include "must_use.h"
#include "queue.h"
#include "scope.h"
#include "semaphore.h"
#include "server.h"
#include "signal.h"
#include "thread.h"
#include "wait.h"

/* ---- preprocessor help ---------------------------------------------------------------------------------- */

#define ED_PASTE(a, b) a##b
#define ED_CAT(a, b) ED_PASTE(a, b)
/*
 * Passes on the words of a rule and of the user. Before a message gcc names the files by which it came to the macro
 * that passed a word on last. This macro is defined again at the end of eddy.h and of keywords.h, which the user
 * includes: so gcc names one file.
 */
#define ED_BRIEF(...) __VA_ARGS__
#define ED_UNUSED __attribute__((unused))
#define ED_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define EDDY_UNIQUE(n) ED_CAT(n, __COUNTER__)
#define ED_NARGS(...) ED_PICK_14TH(0, ##__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define ED_PICK_14TH(z, a, b, c, d, e, f, g, h, i, j, k, l, N, ...) N
#define ED_IS_ONE(...) ED_PICK_14TH(0, ##__VA_ARGS__, M, M, M, M, M, M, M, M, M, M, M, 1, 0)
#define ED_OVERLOAD(macro, ...) ED_CAT(macro, ED_NARGS(__VA_ARGS__))
/* ED_BY_COUNT(none, one, two, more, arguments...): one of the four names. No name is pasted together, since clang
 * shows each step on the way to a pasted name. */
#define ED_BY_COUNT(none, one, two, more, ...) \
    ED_PICK_14TH(0, ##__VA_ARGS__, more, more, more, more, more, more, more, more, more, more, two, one, none)
/* The same for up to four arguments, of which there must be one. */
#define ED_BY_FOUR(wrong, one, two, three, four, ...) \
    ED_PICK_14TH(0, ##__VA_ARGS__, wrong, wrong, wrong, wrong, wrong, wrong, wrong, wrong, four, three, two, one, wrong)
/* Says what a macro takes, if it is given something else. */
#define ED_WRONG_COUNT(text) \
    __extension__({ \
        ED_BRIEF(_Static_assert(0, text)); \
        (void)0; \
    })
#define ED_FIRST(a, ...) a
/* ED_MAP(m, between, a, b, c) is m(a, 0) between() m(b, 0 + 1) between() m(c, 0 + 1 + 1), for 1 to 8 arguments. */
#define ED_MAP(m, between, ...) ED_CAT(ED_MAP_, ED_NARGS(__VA_ARGS__))(m, between, 0, __VA_ARGS__)
#define ED_MAP_1(m, between, i, a) m(a, i)
#define ED_MAP_2(m, between, i, a, ...) m(a, i) between() ED_MAP_1(m, between, i + 1, __VA_ARGS__)
#define ED_MAP_3(m, between, i, a, ...) m(a, i) between() ED_MAP_2(m, between, i + 1, __VA_ARGS__)
#define ED_MAP_4(m, between, i, a, ...) m(a, i) between() ED_MAP_3(m, between, i + 1, __VA_ARGS__)
#define ED_MAP_5(m, between, i, a, ...) m(a, i) between() ED_MAP_4(m, between, i + 1, __VA_ARGS__)
#define ED_MAP_6(m, between, i, a, ...) m(a, i) between() ED_MAP_5(m, between, i + 1, __VA_ARGS__)
#define ED_MAP_7(m, between, i, a, ...) m(a, i) between() ED_MAP_6(m, between, i + 1, __VA_ARGS__)
#define ED_MAP_8(m, between, i, a, ...) m(a, i) between() ED_MAP_7(m, between, i + 1, __VA_ARGS__)
#define ED_COMMA() ,
#define ED_OR() |
/* ED_LAST_OF_n(m, a, b, ..., z) is m(z, a, b, ...). */
#define ED_NARGS_LONG(...) ED_PICK_17TH(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
#define ED_PICK_17TH(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, N, ...) N
#define ED_LAST_OF_1(m, z) m(z, NULL)
#define ED_LAST_OF_2(m, a, z) m(z, a)
#define ED_LAST_OF_3(m, a, b, z) m(z, a, b)
#define ED_LAST_OF_4(m, a, b, c, z) m(z, a, b, c)
#define ED_LAST_OF_5(m, a, b, c, d, z) m(z, a, b, c, d)
#define ED_LAST_OF_6(m, a, b, c, d, e, z) m(z, a, b, c, d, e)
#define ED_LAST_OF_7(m, a, b, c, d, e, f, z) m(z, a, b, c, d, e, f)
#define ED_LAST_OF_8(m, a, b, c, d, e, f, g, z) m(z, a, b, c, d, e, f, g)
#define ED_LAST_OF_9(m, a, b, c, d, e, f, g, h, z) m(z, a, b, c, d, e, f, g, h)
#define ED_LAST_OF_10(m, a, b, c, d, e, f, g, h, i, z) m(z, a, b, c, d, e, f, g, h, i)
#define ED_LAST_OF_11(m, a, b, c, d, e, f, g, h, i, j, z) m(z, a, b, c, d, e, f, g, h, i, j)
#define ED_LAST_OF_12(m, a, b, c, d, e, f, g, h, i, j, k, z) m(z, a, b, c, d, e, f, g, h, i, j, k)
#define ED_LAST_OF_13(m, a, b, c, d, e, f, g, h, i, j, k, l, z) m(z, a, b, c, d, e, f, g, h, i, j, k, l)
#define ED_LAST_OF_14(m, a, b, c, d, e, f, g, h, i, j, k, l, n, z) m(z, a, b, c, d, e, f, g, h, i, j, k, l, n)
#define ED_LAST_OF_15(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, z) m(z, a, b, c, d, e, f, g, h, i, j, k, l, n, o)
#define ED_LAST_OF_16(m, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, z) \
    m(z, a, b, c, d, e, f, g, h, i, j, k, l, n, o, p)
/* EDDY_EACH(m, name, (T, a), (U, b)) is m(T, a) m(U, b), for up to 8 pairs. */
#define EDDY_EACH(m, ...) ED_CAT(ED_EACH, ED_NARGS(__VA_ARGS__))(m, __VA_ARGS__)
#define ED_EACH1(m, n)
#define ED_EACH2(m, n, a) m a
#define ED_EACH3(m, n, a, b) m a m b
#define ED_EACH4(m, n, a, b, c) m a m b m c
#define ED_EACH5(m, n, a, b, c, d) m a m b m c m d
#define ED_EACH6(m, n, a, b, c, d, e) m a m b m c m d m e
#define ED_EACH7(m, n, a, b, c, d, e, f) m a m b m c m d m e m f
#define ED_EACH8(m, n, a, b, c, d, e, f, g) m a m b m c m d m e m f m g
#define ED_EACH9(m, n, a, b, c, d, e, f, g, h) m a m b m c m d m e m f m g m h
#define ED_EACH10(m, n, a, b, c, d, e, f, g, h, ...) m a m b m c m d m e m f m g m h
#define ED_EACH11 ED_EACH10
#define ED_EACH12 ED_EACH10
/* ED_PARAMS(name, (T, a), (U, b)) is T a, U b; void, if there are none. ED_LIST(m, tail, none, name, ...) does the same
 * with any macros: m for the first, tail for the others, which it puts a comma in front of. */
#define ED_PARAMS(...) ED_LIST(ED_PARAM, ED_TAIL, void, __VA_ARGS__)
#define ED_LIST(m, tail, none, ...) \
    ED_PICK_14TH(0, ##__VA_ARGS__, ED_LIST_OF_8, ED_LIST_OF_8, ED_LIST_OF_8, ED_LIST_OF, ED_LIST_OF, ED_LIST_OF, \
                 ED_LIST_OF, ED_LIST_OF, ED_LIST_OF, ED_LIST_OF, ED_LIST_OF, ED_NO_LIST, ED_NO_LIST) \
    (m, tail, none, __VA_ARGS__)
#define ED_NO_LIST(m, tail, none, n) none
#define ED_LIST_OF(m, tail, none, n, a, ...) m a EDDY_EACH(tail, a, ##__VA_ARGS__)
#define ED_LIST_OF_8(m, tail, none, n, a, b, c, d, e, f, g, h, ...) m a EDDY_EACH(tail, a, b, c, d, e, f, g, h)
/*
 * ED_HEAD(name, (T, a), (U, b)) is GOOD; UNPAIRED if a parameter is not a type and a name in parentheses; NAMELESS
 * if there is no name; MAIN if the name is main. Definitions are chosen by it, so that a wrong head is reported by its
 * rule. The body then has the parameters as they were written (ED_BARE), or a name of the library.
 */
/* ED_BY_HEAD(good, unpaired, nameless, main, head...): one of the four names. No name is pasted together, since clang
 * shows each step on the way to a pasted name. */
#define ED_BY_HEAD(good, unpaired, nameless, is_main, ...) \
    ED_CAT(ED_CHOOSE_, ED_HEAD(__VA_ARGS__))(good, unpaired, nameless, is_main)
#define ED_CHOOSE_GOOD(good, unpaired, nameless, is_main) good
#define ED_CHOOSE_UNPAIRED(good, unpaired, nameless, is_main) unpaired
#define ED_CHOOSE_NAMELESS(good, unpaired, nameless, is_main) nameless
#define ED_CHOOSE_MAIN(good, unpaired, nameless, is_main) is_main
#define ED_HEAD(...) ED_CAT(ED_HEAD_, ED_NARGS(__VA_ARGS__))(__VA_ARGS__)
#define ED_HEAD_0() NAMELESS
#define ED_HEAD_1(n) ED_CAT(ED_HEAD_OF_, ED_IS_PAIR(n))(n, 1)
#define ED_HEAD_2(n, a) ED_CAT(ED_HEAD_OF_, ED_IS_PAIR(n))(n, ED_IS_PAIR(a))
#define ED_HEAD_3(n, a, ...) ED_CAT(ED_HEAD_IF_, ED_IS_PAIR(a))(ED_HEAD_2(n, __VA_ARGS__))
#define ED_HEAD_4(n, a, ...) ED_CAT(ED_HEAD_IF_, ED_IS_PAIR(a))(ED_HEAD_3(n, __VA_ARGS__))
#define ED_HEAD_5(n, a, ...) ED_CAT(ED_HEAD_IF_, ED_IS_PAIR(a))(ED_HEAD_4(n, __VA_ARGS__))
#define ED_HEAD_6(n, a, ...) ED_CAT(ED_HEAD_IF_, ED_IS_PAIR(a))(ED_HEAD_5(n, __VA_ARGS__))
#define ED_HEAD_7(n, a, ...) ED_CAT(ED_HEAD_IF_, ED_IS_PAIR(a))(ED_HEAD_6(n, __VA_ARGS__))
#define ED_HEAD_8(n, a, ...) ED_CAT(ED_HEAD_IF_, ED_IS_PAIR(a))(ED_HEAD_7(n, __VA_ARGS__))
#define ED_HEAD_9(n, a, ...) ED_CAT(ED_HEAD_IF_, ED_IS_PAIR(a))(ED_HEAD_8(n, __VA_ARGS__))
#define ED_HEAD_10(...) GOOD /* too many: see ED_RULES */
#define ED_HEAD_11 ED_HEAD_10
#define ED_HEAD_12 ED_HEAD_10
#define ED_HEAD_IF_0(rest) UNPAIRED
#define ED_HEAD_IF_1(rest) rest
#define ED_HEAD_OF_0(n, paired) ED_CAT(ED_HEAD_NAMED_, paired)(n)
#define ED_HEAD_OF_1(n, paired) NAMELESS
#define ED_HEAD_NAMED_0(n) UNPAIRED
#define ED_HEAD_NAMED_1(n) ED_CAT(ED_HEAD_NAME_, ED_SECOND_OF(ED_NAMED(n), WORD, ))(n)
#define ED_HEAD_NAME_NAMELESS(n) NAMELESS
#define ED_HEAD_NAME_MAIN(n) MAIN
#define ED_HEAD_NAME_WORD(n) ED_CAT(ED_HEAD_WORD_, ED_IS_NO_TYPE(n, ))
#define ED_NAMED(n) ED_NAME_##n
#define ED_HEAD_WORD_0 NAMELESS
#define ED_HEAD_WORD_1 GOOD
#define ED_NAME_main ~, MAIN
#define ED_NAME_ ~, NAMELESS, /* what compilers leave of a name that begins with a *, after their error about it */
#define ED_IS_PAIR(a) ED_SECOND_OF(ED_PAIR_PROBE a, 0, 0)
#define ED_SECOND_OF(...) ED_SECOND(__VA_ARGS__)
#define ED_PAIR_PROBE(...) ED_CAT(ED_PAIR_PROBE_, ED_IS_ONE(__VA_ARGS__))(__VA_ARGS__)
#define ED_PAIR_PROBE_0() ~, 0
#define ED_PAIR_PROBE_1(T) ~, 0
#define ED_PAIR_PROBE_M(T, ...) ~, ED_CAT(ED_PAIR_END_, ED_IS_ONE(__VA_ARGS__))(__VA_ARGS__)
#define ED_PAIR_END_1(n) ED_IS_NO_TYPE(n, )
#define ED_PAIR_END_M(...) 0
/* 0 if the first word of x is no name: (int a, int b) are two parameters, (int, a) is one. */
#define ED_IS_NO_TYPE(x, ...) ED_SECOND_OF(ED_CAT(ED_WORD_, x), 1, 1)
#define ED_WORD_char ~, 0,
#define ED_WORD_int ~, 0,
#define ED_WORD_short ~, 0,
#define ED_WORD_long ~, 0,
#define ED_WORD_unsigned ~, 0,
#define ED_WORD_signed ~, 0,
#define ED_WORD_float ~, 0,
#define ED_WORD_double ~, 0,
#define ED_WORD_bool ~, 0,
#define ED_WORD__Bool ~, 0,
#define ED_WORD_void ~, 0,
#define ED_WORD_struct ~, 0,
#define ED_WORD_union ~, 0,
#define ED_WORD_enum ~, 0,
#define ED_WORD_const ~, 0,
#define ED_WORD_size_t ~, 0,
#define ED_WORD_auto ~, 0,
#define ED_WORD_break ~, 0,
#define ED_WORD_case ~, 0,
#define ED_WORD_continue ~, 0,
#define ED_WORD_default ~, 0,
#define ED_WORD_do ~, 0,
#define ED_WORD_else ~, 0,
#define ED_WORD_extern ~, 0,
#define ED_WORD_for ~, 0,
#define ED_WORD_goto ~, 0,
#define ED_WORD_if ~, 0,
#define ED_WORD_inline ~, 0,
#define ED_WORD_register ~, 0,
#define ED_WORD_return ~, 0,
#define ED_WORD_sizeof ~, 0,
#define ED_WORD_static ~, 0,
#define ED_WORD_switch ~, 0,
#define ED_WORD_typedef ~, 0,
#define ED_WORD_volatile ~, 0,
#define ED_WORD_while ~, 0,
/* The parameters of a wrong head, as in C: the mistake is told once, and not again by each use of a parameter. */
#define ED_BARE(n, ...) ED_MAP(ED_BARE_ONE, ED_COMMA, __VA_ARGS__)
#define ED_BARE_ONE(a, i) ED_CAT(ED_BARE_FROM_, ED_CAT(ED_IS_PAREN(a), ED_IS_PAIR(a)))(a)
#define ED_BARE_FROM_00(a) a
#define ED_BARE_FROM_10(a) ED_BARE_WORDS a
#define ED_BARE_FROM_11(a) ED_PARAM a
#define ED_BARE_WORDS(...) __VA_ARGS__
#define ED_IS_PAREN(a) ED_SECOND_OF(ED_PAREN_PROBE a, 0, 0)
#define ED_PAREN_PROBE(...) ~, 1
/*
 * A wrong definition has many consequences, and clang shows the macros of each. So clang stops after a broken rule that
 * only consequences can follow. gcc is briefer, and has nothing of the kind.
 */
#ifdef __clang__
char ed_stop(int wrong)
    __attribute__((diagnose_if(wrong, "stopped here: other messages would follow from the error above", "warning")));
#define ED_STOP_IF(...) \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic fatal \"-Wuser-defined-warnings\"") \
        _Static_assert(sizeof ed_stop(__VA_ARGS__), ""); \
    _Pragma("clang diagnostic pop")
#define ED_TYPE(T) T
#define ED_MEMBER_TYPE(T) T
#define ED_SPELLED_AS(...)
#define ED_SPARE(fn)
/* A rule whose message is the stop. */
#define ED_RULE_OF(name, text) char name(int wrong) __attribute__((diagnose_if(wrong, text, "warning")));
#define ED_FOLLOW(name, text, good) \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic fatal \"-Wuser-defined-warnings\"") \
        _Static_assert(sizeof name(!(good)), ""); \
    _Pragma("clang diagnostic pop")
/* The stop of a definition. The size of the first array is known only if the name has been defined before. A struct
 * with a wrong field has the size 1 to clang. */
#define ED_STOP_AT(fn, wrong) \
    extern char fn##__defined[]; \
    ED_STOP_IF(wrong || !ED_AT_FILE_SCOPE || !__builtin_types_compatible_p(__typeof__(fn##__defined), char[1])) \
    extern char fn##__defined[2];
/* If there is no struct fn, the one in the prototype ends with the prototype, of which clang warns. */
#define ED_STOP_UNLESS_DECLARED(fn) \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic fatal \"-Wvisibility\"") \
        void fn##__value(struct fn *); \
    _Pragma("clang diagnostic pop")
/* After a type without its `struct` clang goes on as if that stood there, but not in sizeof, whose value is then
 * unknown: an enumerator of unknown value is 0. */
#define ED_STOP_UNLESS_KNOWN(...) ED_STOP_UNLESS_SIZED(EDDY_UNIQUE(ed_is_known_), __VA_ARGS__)
#define ED_STOP_UNLESS_SIZED(...) ED_STOP_UNLESS(__VA_ARGS__)
#define ED_STOP_UNLESS(known, T, ...) \
    enum { known = 0 * sizeof(ED_OBJECT(T)) EDDY_EACH(ED_PLUS_NOTHING, __VA_ARGS__) + 1 }; \
    ED_STOP_IF(!known)
/* An enumerator whose value is unknown is 0: there is no such member, since the name is that of another struct, or
 * there is no such array, since the definition stands in a struct. */
#define ED_STOP_UNLESS_ITS(known, fn, member) \
    enum { known = 0 * sizeof(((struct fn *)0)->member) + 0 * sizeof(fn##__defined) + 1 }; \
    ED_STOP_IF(!known)
#define ED_STOP_UNLESS_OWN(fn, member) ED_STOP_UNLESS_OWN_OF(EDDY_UNIQUE(ed_is_own_), fn, member)
#define ED_STOP_UNLESS_OWN_OF(...) ED_STOP_UNLESS_ITS(__VA_ARGS__)
#define ED_PLUS_NOTHING(T, n) + 0 * sizeof(T)
#else
#define ED_STOP_UNLESS_DECLARED(fn) struct fn;
#define ED_STOP_UNLESS_KNOWN(...)
#define ED_STOP_UNLESS_OWN(fn, member)
#define ED_TYPE(T) __typeof__(T) /* a wrong type is then wrong only once */
/* After a wrong type in a __typeof__ gcc reads on at the next token there, if there is one: so the member exists. */
#define ED_MEMBER_TYPE(T) __typeof__(T __attribute__(()))
/* Before that, each type as it was written, of which gcc says more: "use 'struct' keyword to refer to the type". */
#define ED_SPELLED(types, T, ...) \
    struct types { \
        ED_BRIEF(T *result); \
        __extension__ struct { \
            EDDY_EACH(ED_SPELLED_FIELD, __VA_ARGS__) \
        } args; \
    };
#define ED_SPELLED_FIELD(T, n) ED_BRIEF(T *n);
#define ED_SPELLED_AS(...) ED_SPELLED(__VA_ARGS__)
#define ED_SPARE(fn) struct fn; /* after a prototype with a wrong type gcc skips a declaration: this one */
#define ED_STOP_IF(...)
#define ED_RULE_OF(name, text)
#define ED_FOLLOW(name, text, good) ED_BRIEF(_Static_assert(good, text));
#define ED_STOP_AT(fn, wrong)
#endif
/* The rules for heads that cannot be read. All keywords share them, since clang also shows where a rule was made. */
#define ED_IS_NAMELESS "this needs a type, a name that is no keyword, then the parameters: async(int, f, (int, n))"
#define ED_IS_UNPAIRED "a parameter is a type and a name in parentheses: async(int, f, (int, n))"
#define ED_IS_MAIN "main is a plain function: name this main_task; int main calls eddy_run(main_task())"
ED_RULE_OF(ed_is_nameless, ED_IS_NAMELESS)
ED_RULE_OF(ed_is_unpaired, ED_IS_UNPAIRED)
ED_RULE_OF(ed_is_main, ED_IS_MAIN)
#define ED_NAMELESS \
    ED_FOLLOW(ed_is_nameless, ED_IS_NAMELESS, 0) \
    static int EDDY_UNIQUE(ed_nameless_)(void)
#define ED_UNPAIRED ED_FOLLOW(ed_is_unpaired, ED_IS_UNPAIRED, 0)
#define ED_PLAIN_MAIN ED_FOLLOW(ed_is_main, ED_IS_MAIN, 0)
/* The first rules of each definition. */
#define ED_AT_FILE_SCOPE (__builtin_strlen(__builtin_FUNCTION()) == 0)
#define ED_IS_NO_PLACE \
    "functions do not nest: define coroutines and generators outside of functions (is a } missing above?)"
#define ED_IS_TOO_MANY "a coroutine or generator takes at most 8 parameters: pass a struct"
/*
 * The rules for the spelling of types and names, of which only the text can tell. They come before the declarations,
 * which such a type or name would break in many places. ED_REST is the number of characters from c on.
 */
#define ED_TEXT(...) #__VA_ARGS__
#define ED_TEXT_OF(...) ED_TEXT(__VA_ARGS__)
#define ED_REST(text, c) __builtin_strlen(__builtin_strchr(text, c)) /* a constant for clang too */
/* not those of typeof(a[0]) and struct { int a[2]; } */
#define ED_IS_ARRAY(text) (ED_REST(text "([", '[') > ED_REST(text "([", '(') && ED_REST(text "{", '{') == 1)
#define ED_IS_CONST(text) \
    ((!__builtin_strncmp(text, "const ", 6) && ED_REST(text "*", '*') == 1) || \
     !__builtin_strcmp(__builtin_strchr(text "*", '*'), "*const*") || \
     !__builtin_strcmp(__builtin_strchr(text "*", '*'), "* const*"))
#define ED_IS_FUNCTION(text) (!__builtin_strncmp(__builtin_strchr(text "(", '('), "(*)", 3))
#define ED_IS_NO_WORD(text) (ED_REST(text "*", '*') > 1 || ED_REST(text "-", '-') > 1 || ED_REST(text ".", '.') > 1)
#define ED_OR_ARRAY(T, n) || ED_IS_ARRAY(#T) || ED_REST(#n "[", '[') > 1
#define ED_OR_FUNCTION(T, n) || ED_IS_FUNCTION(#T)
#define ED_OR_DEFAULT(T, n) || ED_REST(#n "=", '=') > 1
#define ED_OR_UNNAMED(T, n) || ED_REST(#T "{", '{') > 1 /* queue_of(int) is another type wherever it stands */
/* In a struct this function is a field, about which gcc complains at once, and clang only at the end of the struct. So
 * clang has to look for the function. Each has a name of its own because of -Wredundant-decls. */
#define ED_NOT_IN_A_STRUCT ED_NOT_A_FIELD(EDDY_UNIQUE(ed_functions_cannot_stand_in_a_struct_))
#define ED_NOT_A_FIELD(function) ED_IS_FOUND(function)
#ifdef __clang__
#define ED_IS_FOUND(function) \
    char function(void); \
    _Static_assert(sizeof function(), "");
#else
#define ED_IS_FOUND(function) ED_BRIEF(char function(void));
#endif
/* The rules of each definition. */
#define ED_RULES(T, ...) \
    ED_NOT_IN_A_STRUCT \
    ED_BRIEF(_Static_assert(ED_AT_FILE_SCOPE, ED_IS_NO_PLACE)); \
    ED_BRIEF(_Static_assert(ED_NARGS(__VA_ARGS__) < 10, ED_IS_TOO_MANY)); \
    ED_SPELLING(T, __VA_ARGS__) \
    ED_SPELLED_AS(EDDY_UNIQUE(ed_spelled_), T, __VA_ARGS__)
/* The stops of each definition, after its struct. */
#define ED_STOP_UNLESS_WHOLE(fn, T, ...) \
    ED_STOP_AT(fn, ED_NARGS(__VA_ARGS__) >= 10 || sizeof(struct fn) == 1) \
    ED_STOP_UNLESS_OWN(fn, result) \
    ED_STOP_UNLESS_KNOWN(T, __VA_ARGS__)
#define ED_SPELLING(...) \
    ED_SPELLING_RULES(EDDY_UNIQUE(ed_is_no_name_), EDDY_UNIQUE(ed_is_no_word_), EDDY_UNIQUE(ed_returns_const_), \
                      EDDY_UNIQUE(ed_returns_array_), EDDY_UNIQUE(ed_takes_array_), EDDY_UNIQUE(ed_has_default_), \
                      EDDY_UNIQUE(ed_is_function_), EDDY_UNIQUE(ed_has_no_name_), __VA_ARGS__)
#define ED_SPELLING_RULES(...) ED_SPELLING_OF(__VA_ARGS__)
#define ED_SPELLING_OF(name, word, constant, result, array, value, function, unnamed, T, ...) \
    enum { \
        name = ED_REST(ED_TEXT_OF(ED_FIRST(__VA_ARGS__, )) "(", '(') > 1, \
        word = ED_IS_NO_WORD(ED_TEXT_OF(ED_FIRST(__VA_ARGS__, ))), \
        constant = ED_IS_CONST(ED_TEXT(T)), \
        result = ED_IS_ARRAY(ED_TEXT(T)), \
        array = 0 EDDY_EACH(ED_OR_ARRAY, __VA_ARGS__), \
        value = 0 EDDY_EACH(ED_OR_DEFAULT, __VA_ARGS__), \
        function = ED_IS_FUNCTION(ED_TEXT(T)) EDDY_EACH(ED_OR_FUNCTION, __VA_ARGS__), \
        unnamed = 0 ED_OR_UNNAMED(T, ) EDDY_EACH(ED_OR_UNNAMED, __VA_ARGS__) \
    }; \
    ED_BRIEF(_Static_assert(!name, "the parameters stand after the name: async(int, f, (int, n))")); \
    ED_BRIEF(_Static_assert(!word, "a name is one word; the * of a pointer belongs to the type: async(char *, f)")); \
    ED_BRIEF(_Static_assert(!constant, "a result is copied to the caller: leave its const out")); \
    ED_BRIEF(_Static_assert(!result, "no array can be returned: return a pointer or a struct")); \
    ED_BRIEF(_Static_assert(!array, "a parameter cannot be an array: take a pointer, (int *, a)")); \
    ED_BRIEF(_Static_assert(!value, "a parameter has no default value here: see async_default")); \
    ED_BRIEF(_Static_assert(!function, "a pointer to a function needs a name: typedef int (*callback)(int);")); \
    ED_BRIEF(_Static_assert(!unnamed, "the type of a result or parameter needs a name: typedef queue_of(int) q;")); \
    ED_STOP_IF(name || word || constant || result || array || value || function || unnamed)
#define ED_FIELD(T, n) ED_BRIEF(ED_MEMBER_TYPE(T) n);
#define ED_PARAM(T, n) ED_TYPE(T) n
#define ED_TAIL(T, n) , ED_TYPE(T) n
#define ED_PASS(T, n) , ed_self->args.n
#define ED_INIT(T, n) .n = n,
/* Is T exactly `void`?  The probe is function-like, so that `void *` is not taken for void. */
#define ED_SECOND(a, b, ...) b
#define ED_PROBE_void() ~, 1
#define ED_IS_VOID(T) ED_IS_PROBED(ED_CAT(ED_PROBE_, T)())
#define ED_IS_PROBED(...) ED_SECOND(__VA_ARGS__, 0, 0)
#define ED_IF_VOID(T) ED_CAT(ED_IF_VOID_, ED_IS_VOID(T))
#define ED_IF_VOID_0(yes, no) no
#define ED_IF_VOID_1(yes, no) yes
#define ED_OBJECT(T) ED_BRIEF(ED_IF_VOID(T)(eddy_void, ED_TYPE(T)))
/* The shape of result and parameters: their sizes and kinds, mixed into a number. */
#define ED_OPEN(T, n) (
#define ED_MIX(T, n) * 31u + (uint32_t)(sizeof(ED_TYPE(T)) * 8 + __builtin_classify_type(*(ED_TYPE(T) *)0)))
#define ED_SIGNATURE(T, ...) \
    (EDDY_EACH(ED_OPEN, __VA_ARGS__)(uint32_t)(sizeof(ED_OBJECT(T)) + 7) EDDY_EACH(ED_MIX, __VA_ARGS__))

/* ---- typing help ---------------------------------------------------------------------------------------- */

#define ED_IS_POINTER(x) (__builtin_classify_type(x) == 5)
#define ED_IS_STRUCT(x) (__builtin_classify_type(x) == 12)
#define ED_IS_VOID_OBJECT(x) __builtin_types_compatible_p(__typeof__(x), eddy_void)
/* The object, or a real void expression, so that `return await(nothing());` and `c ? await(a()) : ...` work. */
#define ED_VALUE(x) __builtin_choose_expr(ED_IS_VOID_OBJECT(x), (void)0, (x))
#define ED_ZERO(x) __builtin_choose_expr(ED_IS_VOID_OBJECT(x), (void)0, (__typeof__(x)){0})
#define ED_RVALUE(x) (0 ? (x) : (x)) /* in __typeof__: removes qualifiers */
/* a or b, for conditions about an operand. Where the operand does not compile, gcc tells of each
 * __builtin_choose_expr that its condition is not constant; it is silent about _Generic. */
#ifdef __clang__
#define ED_CHOOSE(condition, a, b) __builtin_choose_expr(condition, a, b)
#else
#define ED_CHOOSE(condition, a, b) _Generic((char(*)[1 + !!(condition)])0, char(*)[2]: a, default: b)
#endif
/*
 * Replaces a wrong operand, so that one mistake gives one error: it has every member that a keyword asks for.
 * ed_operand is never defined. A keyword keeps its operand in a local of this name; where the operand does not
 * compile, gcc declares no local and finds this one.
 */
struct ed_anything {
    union {
        struct eddy_awaitable awaitable;
        struct eddy_generator generator;
        struct eddy_async_generator async_generator;
        struct eddy_manager manager;
    };
    int result, value, sent;
    eddy_void yield_from_in_async_generator[1], future;
};
extern struct ed_anything ed_operand;
/* The header of the object that p points to; "has no member named 'awaitable'" for anything else. */
#define ED_AWAITABLE(p) \
    _Generic(&(p)->awaitable, \
        struct eddy_awaitable *: (struct eddy_awaitable *)(void *)(p), \
        struct eddy_core *: (struct eddy_awaitable *)(void *)(p))
/* p, or for a `void *`, a group or a stream something that may be dereferenced: used for questions about *p that are
 * not evaluated. */
#define ED_TYPED(p) \
    _Generic((p), void *: (int *)0, const void *: (int *)0, struct eddy_group *: (int *)0, \
             struct eddy_stream *: (int *)0, default: (p))
/*
 * A rule about types is a _Static_assert about an enumerator. The enumerator says what is wrong, because clang
 * quotes it, and because clang takes 0 for the value of an enumerator that it could not evaluate: then the user has
 * been told already. Rules and operands stand in the macro that the user calls, not in one of its parts: compilers
 * name the macros between a mistake and the place where it was found.
 */
#define ED_NO_STRUCT(x) !ED_IS_STRUCT(*ED_TYPED(ED_POINTER_TO(x)))
/* p: the result of ED_POINTER_TO for the awaited object. */
#define ED_NO_AWAITABLE(p) \
    (!ED_IS_STRUCT(*ED_TYPED(p)) || \
     _Generic(&ED_STRUCT_AT(p)->awaitable, struct eddy_awaitable *: 0, struct eddy_core *: 0, default: 1))
#define ED_STRUCT_OR_ANYTHING(x) ED_CHOOSE(ED_IS_STRUCT(x), &(x), (struct ed_anything *)0)
#define ED_NO_COROUTINE(x) \
    (!ED_IS_STRUCT(x) || _Generic(&ED_STRUCT_OR_ANYTHING(x)->awaitable, struct eddy_awaitable *: 0, \
                                  struct eddy_core *: 0, default: 1))
#define ED_NO_GENERATOR(x) \
    (ED_NO_STRUCT(x) || _Generic(&ED_ADDRESS(x)->generator, struct eddy_generator *: 0, default: 1))
/* The same for p, the ED_ADDRESS of an operand. */
#define ED_IS_ANYTHING(p) _Generic((p), struct ed_anything *: 1, default: 0)
#define ED_NO_GENERATOR_AT(p) \
    (ED_IS_ANYTHING(p) || _Generic(&(p)->generator, struct eddy_generator *: 0, default: 1))
/* What async_for takes beside async generators: a channel, whose member of that name has another type. */
#define ED_IS_CHANNEL(p) _Generic(&(p)->async_generator, struct eddy_channel *: 1, default: 0)
#define ED_NO_ASYNC_ITERABLE_AT(p) \
    (ED_IS_ANYTHING(p) || _Generic(&(p)->async_generator, struct eddy_async_generator *: 0, \
                                   struct eddy_channel *: 0, default: 1))
/* Makes the question about a wrong kind of function a broken rule instead of a missing member. */
#define ED_NO_KIND(kind) __extension__ eddy_void kind[0]
/* The address of x; if x is wrong, an object that has every member. */
#define ED_UNLESS(wrong, x) ED_CHOOSE(wrong, (struct ed_anything *)0, ED_ADDRESS(x))
/* ed_pointer is a local because its expression is long. If it were repeated at each of its seven uses, it would be
 * most of the text that a compiler reads for an await. */
#define ED_MUST_BE_AWAITABLE(x, keyword) \
    __auto_type ed_pointer = ED_POINTER_TO(x); \
    enum { ed_is_no_awaitable = ED_BRIEF(ED_NO_AWAITABLE(ed_pointer)) }; \
    ED_BRIEF(_Static_assert(!ed_is_no_awaitable, keyword " needs a coroutine, a task, a future or another awaitable"))
/* A pointer to the awaited object; if that is wrong, to an object that has every member. */
#define ED_AWAITED ED_CHOOSE(ed_is_no_awaitable, (struct ed_anything *)0, ed_pointer)
/* x if it is a pointer to a struct, else its address. For anything else, something harmless, so that only the
 * assertion reports. */
#define ED_POINTER_TO(x) \
    ED_CHOOSE(ED_IS_POINTER(x), (x), ED_CHOOSE(ED_IS_STRUCT(x), &(x), (int *)0))
#define ED_STRUCT_AT(p) ED_CHOOSE(ED_IS_STRUCT(*ED_TYPED(p)), p, (struct ed_anything *)0)
#define ED_ADDRESS(x) ED_STRUCT_AT(ED_POINTER_TO(x))
#define ED_HEADER(t) .awaitable = {.awaitable = {.type = &t}}

/* 1, if p is a pointer. It comes before the first use of p, so that the rule is the first message. */
#define ED_POINTS(p, name, text) \
    (sizeof(struct { \
        ED_FOLLOW(name, text, ED_IS_POINTER(p)) \
        char unit; \
    }) == 1)
/* p, of which the rule has been asked. */
#define ED_POINTER(p, name, text) (__extension__ __builtin_choose_expr(ED_POINTS(p, name, text), (p), 0))

/* ---- the enclosing function ------------------------------------------------------------------------------ */

/*
 * In the body of an async function, a generator or a blocking function `ed_enclosing` is a parameter: the object
 * whose header takes a failure. Elsewhere it is this function (never defined), which means `not in a body`.
 */
struct eddy_core *ed_enclosing(void);
#define ED_IN_FRAME _Generic((ed_enclosing), struct eddy_core *(*)(void): 0, default: 1)
#define ED_FRAME ((struct eddy_core *)(void *)ed_enclosing)
/* Elsewhere an object of the same shape, so that the missing name is the only error. */
#define ED_SELF \
    _Generic((ed_enclosing), struct eddy_core *(*)(void): (struct ed_anything *)0, default: (ed_enclosing))
#define ED_CHILDREN (ED_IN_FRAME ? &ED_FRAME->children : (void **)0)

/* The library's own places do not appear in tracebacks. */
#ifdef EDDY_LIBRARY
#define ED_SITE(site) static const struct eddy_site site = {NULL, __func__, __LINE__}
#else
#define ED_SITE(site) static const struct eddy_site site = {__FILE__, __func__, __LINE__}
#endif

/* Leaves the body: its tasks are joined first, while its locals are alive. */
#define ED_LEAVE \
    eddy_frame_leave(ED_FRAME); \
    return ED_NO_RESULT
#define ED_NO_RESULT ED_ZERO(ED_SELF->result)
#define ED_FAIL(failed, site) \
    { \
        ED_SITE(site); \
        ED_LEAVE_BY(failed, site); \
    }
#define ED_FAIL_AT(failed, site) \
    { \
        ED_LEAVE_BY(failed, site); \
    }
#define ED_LEAVE_BY(failed, site) \
    eddy_frame_fail(ED_FRAME, (failed), &site); \
    return ED_NO_RESULT
/* A failure that for_each or a block's exit left pending is raised at the next await or yield. */
#define ED_LEAVE_IF_PENDING \
    if (ED_UNLIKELY(ED_FRAME->failure != NULL)) { \
        ED_LEAVE; \
    }
/* For places where no return is possible: the failure is pending in a body; elsewhere `otherwise` happens. */
#define ED_PEND(failed, site, otherwise) \
    { \
        ED_SITE(site); \
        if (ED_IN_FRAME) \
            ED_FRAME->failure = eddy_failure_chain(ED_FRAME->failure, (failed), &site); \
        else \
            otherwise((failed), &site); \
    }

/* Where the user may have given an &err: NULL if not. */
#define ED_CATCH_OR_PEND(failed, err, site, otherwise) \
    { \
        if (err) \
            eddy_failure_catch(failed, err); \
        else \
            ED_PEND(failed, site, otherwise) \
    }

/* ---- definitions: async functions ------------------------------------------------------------------------ */

/* The result of a call of the function: its value, which holds the arguments. `header` begins it. */
#define ED_CONSTRUCTOR(fn, header, ...) \
    ED_UNUSED EDDY_MUST_USE static inline struct fn fn(ED_PARAMS(__VA_ARGS__)) \
    { \
        return __extension__(struct fn){header, .args = {EDDY_EACH(ED_INIT, __VA_ARGS__)}}; \
    }
/* After a body has returned, its locals are memory that nothing may write until its tasks have been joined. For
 * ThreadSanitizer gcc would call functions in between. */
#if defined __SANITIZE_THREAD__ && !defined __clang__
#define ED_RUNS_BODY __attribute__((no_sanitize_thread))
#else
#define ED_RUNS_BODY
#endif
/* The tasks of a body that is left. */
#define ED_JOIN_CHILDREN(core) \
    if (ED_UNLIKELY(core.children != NULL)) \
        eddy_frame_end(core.children)
/* A zero-sized struct costs no register and no stack. The name of the parameter of this type is the message when the
 * parameter is missing. */
__extension__ struct ed_context {
    void *none[0];
};
#define ED_MARKER(marker) ED_UNUSED struct ed_context marker
#define ED_HERE (*(struct ed_context *)(void *)ed_self)
/*
 * A body that spawns must not end by a tail call, a jump with its frame given up: the called function's frame would lie
 * over locals that the body's tasks still read (see eddy_frame_end). gcc makes no tail call in a function in which the
 * address of a parameter is taken: spawn takes that of ed_whole_frame, which costs no instruction. (Outside of bodies
 * it is this object.) clang makes one only to a function without access to memory, and has an attribute against it.
 */
ED_UNUSED static struct ed_context ed_whole_frame;
#ifdef __clang__
#define ED_KEEP_FRAME (void)0
#define ED_NO_TAIL_CALL __attribute__((disable_tail_calls))
#else
#define ED_KEEP_FRAME __asm__ volatile("" : : "m"(ed_whole_frame))
#define ED_NO_TAIL_CALL
#endif
#define ED_MAY_ALIAS __attribute__((may_alias)) /* async_type calls functions through another struct */
#define ED_ARGS(...) \
    __extension__ struct { \
        EDDY_EACH(ED_FIELD, __VA_ARGS__) \
    } args

#define eddy_async_declare(T, ...) \
    ED_ASYNC_TYPES(, T, ED_FIRST(__VA_ARGS__, ), __VA_ARGS__) struct ED_FIRST(__VA_ARGS__, )
#define eddy_async_define(T, ...) ED_ASYNC_DEFINITION(, T, ED_FIRST(__VA_ARGS__, ), __VA_ARGS__)
#define eddy_async_declare_static(T, ...) \
    ED_ASYNC_TYPES(static, T, ED_FIRST(__VA_ARGS__, ), __VA_ARGS__) struct ED_FIRST(__VA_ARGS__, )
#define eddy_async_define_static(T, ...) ED_ASYNC_DEFINITION(static, T, ED_FIRST(__VA_ARGS__, ), __VA_ARGS__)
/* The same text is async in keywords.h. */
#define eddy_async(T, ...) \
    ED_BY_HEAD(ED_ASYNC_GOOD, ED_ASYNC_UNPAIRED, ED_ASYNC_NAMELESS, ED_ASYNC_MAIN, __VA_ARGS__) \
    (static, T, ED_FIRST(__VA_ARGS__, ), __VA_ARGS__)
#define ED_ASYNC_GOOD(linkage, T, fn, ...) \
    ED_ASYNC_SHAPE(linkage, T, fn, __VA_ARGS__) ED_ASYNC_CONSTRUCTOR(fn, __VA_ARGS__) \
    ED_ASYNC_BODY_GOOD(linkage, T, fn, __VA_ARGS__)
#define ED_ASYNC_CONSTRUCTOR(fn, ...) ED_CONSTRUCTOR(fn, ED_HEADER(fn##__type), __VA_ARGS__)
#define ED_ASYNC_UNPAIRED(linkage, T, fn, ...) \
    ED_ASYNC_TYPES_UNPAIRED(linkage, T, fn, __VA_ARGS__) ED_ASYNC_BODY_UNPAIRED(linkage, T, fn, __VA_ARGS__)
#define ED_ASYNC_NAMELESS(linkage, T, fn, ...) ED_NAMELESS
#define ED_ASYNC_MAIN(linkage, T, fn, n, ...) \
    ED_PLAIN_MAIN ED_ASYNC_GOOD(static, T, ed_main_task, ed_main_task, ##__VA_ARGS__)
#define ED_ASYNC_TYPES(linkage, T, fn, ...) \
    ED_BY_HEAD(ED_ASYNC_TYPES_GOOD, ED_ASYNC_TYPES_UNPAIRED, ED_NOTHING, ED_ASYNC_TYPES_GOOD, __VA_ARGS__) \
    (linkage, T, fn, __VA_ARGS__)
#define ED_NOTHING(...)
#define ED_ASYNC_TYPES_UNPAIRED(linkage, T, fn, ...) \
    ED_UNPAIRED ED_ASYNC_SHAPE(linkage, T, fn, fn) struct fn fn(ED_BARE(__VA_ARGS__));
#define ED_ASYNC_TYPES_GOOD(linkage, T, fn, ...) \
    ED_ASYNC_SHAPE(linkage, T, fn, __VA_ARGS__) ED_ASYNC_CONSTRUCTOR(fn, __VA_ARGS__)
#define ED_ASYNC_SHAPE(linkage, T, fn, ...) \
    ED_RULES(T, __VA_ARGS__) \
    struct ED_MAY_ALIAS ED_BRIEF(fn) { \
        struct eddy_awaitable awaitable; \
        ED_BRIEF(ED_OBJECT(T) result); \
        ED_ARGS(__VA_ARGS__); \
        ED_NO_KIND(generator); \
        ED_NO_KIND(async_generator); \
        ED_NO_KIND(manager); \
    }; \
    ED_STOP_UNLESS_WHOLE(fn, T, __VA_ARGS__) \
    typedef void fn##__has_no_async_declare(ED_PARAMS(__VA_ARGS__)); \
    ED_SPARE(fn) \
    ED_NO_TAIL_CALL linkage ED_TYPE(T) fn##__body(struct fn *, struct ed_context, struct ed_context, \
                                                  struct ed_context EDDY_EACH(ED_TAIL, __VA_ARGS__)); \
    ED_SPARE(fn) \
    ED_RUNS_BODY ED_UNUSED static inline void fn##__run(struct eddy_awaitable *ed_base) \
    { \
        struct fn *ed_self = (struct fn *)(void *)ed_base; \
        ED_IF_VOID(T)(, ed_self->result =) \
            fn##__body(ed_self, ED_HERE, ED_HERE, ED_HERE EDDY_EACH(ED_PASS, __VA_ARGS__)); \
        ED_JOIN_CHILDREN(ed_self->awaitable.awaitable); \
    } \
    ED_UNUSED static const struct eddy_awaitable_type fn##__type = {.name = #fn, \
                                                                    .run = fn##__run, \
                                                                    .undo = ED_IF_VOID(T)(NULL, eddy_free_unclaimed), \
                                                                    .body = (void (*)(void))fn##__body, \
                                                                    .kind = EDDY_COROUTINE, \
                                                                    .signature = ED_SIGNATURE(T, __VA_ARGS__)};
#define ED_ASYNC_DEFINITION(linkage, T, fn, ...) \
    ED_BY_HEAD(ED_ASYNC_DEFINITION_GOOD, ED_ASYNC_BODY_UNPAIRED, ED_ASYNC_NAMELESS, ED_ASYNC_DEFINITION_GOOD, \
               __VA_ARGS__)(linkage, T, fn, __VA_ARGS__)
/* The rule is the name of the type that async_declare declares. */
#define ED_ASYNC_DEFINITION_GOOD(linkage, T, fn, ...) \
    ED_BRIEF(fn##__has_no_async_declare fn##__parameters;) \
    ED_STOP_UNLESS_DECLARED(fn) \
    ED_ASYNC_BODY_GOOD(linkage, T, fn, __VA_ARGS__)
#define ED_ASYNC_BODY_UNPAIRED(linkage, T, fn, ...) \
    ED_UNUSED static T fn##__bare(ED_IN_COROUTINE(fn), ED_BARE(__VA_ARGS__))
#define ED_ASYNC_BODY_GOOD(linkage, T, fn, ...) \
    linkage ED_TYPE(T) ED_BRIEF(fn##__body)(ED_IN_COROUTINE(fn) EDDY_EACH(ED_TAIL, __VA_ARGS__))
#define ED_IN_COROUTINE(fn) \
    ED_UNUSED struct fn *ed_enclosing, ED_MARKER(ed_whole_frame), ED_MARKER(await_outside_async_function), \
        ED_MARKER(throw_needs_async_function_or_generator)

/*
 * The type `name` of async functions with this result and these parameters; name_of(f) converts f. The shape is
 * checked when name_of is compiled with optimisation, else when it is called; eddy_async_as(name, f) checks the
 * exact types at every level. docs/decisions/001-async-type.md says why there are two.
 */
#define eddy_async_type(T, ...) ED_ASYNC_TYPE(T, ED_FIRST(__VA_ARGS__, ), __VA_ARGS__)
#define ED_ASYNC_TYPE(T, fn, ...) ED_ASYNC_TYPE_NAMED(T, fn, __VA_ARGS__)
#define ED_ZERO_OF(T, n) (__typeof__(ED_RVALUE(*(T *)0))){0}
#define ED_ZERO_TAIL(T, n) , ED_ZERO_OF(T, n)
#define ED_ASYNC_TYPE_NAMED(T, fn, ...) \
    ED_BRIEF(_Static_assert(ED_AT_FILE_SCOPE, ED_IS_NO_PLACE)); \
    ED_BRIEF(_Static_assert(ED_NARGS(__VA_ARGS__) < 10, ED_IS_TOO_MANY)); \
    ED_SPELLING(T, __VA_ARGS__) \
    struct ED_MAY_ALIAS ED_BRIEF(fn) { \
        struct eddy_awaitable awaitable; \
        ED_OBJECT(T) result; \
        ED_ARGS(__VA_ARGS__); \
    }; \
    ED_STOP_AT(fn, ED_NARGS(__VA_ARGS__) >= 10 || sizeof(struct fn) == 1) \
    ED_STOP_UNLESS_KNOWN(T, __VA_ARGS__) \
    typedef void fn##__has_no_async_declare(ED_PARAMS(__VA_ARGS__)); \
    ED_SPARE(fn) \
    typedef struct fn (*fn)(ED_PARAMS(__VA_ARGS__)); \
    __attribute__((unused, always_inline)) static inline fn fn##_of(const void *ed_function) \
    { \
        const struct eddy_awaitable_type *ed_type = \
            ((struct eddy_any_coroutine(*)(ED_PARAMS(__VA_ARGS__)))(uintptr_t)ed_function)( \
                ED_LIST(ED_ZERO_OF, ED_ZERO_TAIL, , __VA_ARGS__)) \
                .awaitable.awaitable.type; \
        bool ed_wrong = ed_type->signature != ED_SIGNATURE(T, __VA_ARGS__); \
        if (__builtin_constant_p(ed_wrong) && ed_wrong) \
            ED_BRIEF(eddy_async_function_does_not_fit_the_type()); \
        if (ed_wrong) \
            eddy_async_function_mismatch(ed_type->name, #fn); \
        return (fn)(uintptr_t)ed_function; \
    } \
    struct fn
void eddy_async_function_does_not_fit_the_type(void)
    __attribute__((error("result or parameters of the async function differ from those of the async_type")));
/* A constant, so that it may stand in a static table; therefore the rules are in a struct without members, in a
 * sizeof. */
#define eddy_async_as(type_name, function) \
    (__extension__ __builtin_choose_expr( \
        sizeof(struct { \
            ED_BRIEF(_Static_assert(__builtin_types_compatible_p(type_name##__has_no_async_declare, \
                                                                 function##__has_no_async_declare), \
                           "async_as: the parameters of the function differ from those of the type")); \
            ED_BRIEF(_Static_assert(__builtin_types_compatible_p(__typeof__(((struct type_name *)0)->result), \
                                                        __typeof__(((struct function *)0)->result)), \
                           "async_as: the result of the function differs from that of the type")); \
            char unit; \
        }) == 1, (type_name)(uintptr_t)(function), 0))
/* #define mygen(...) eddy_async_default(mygen, (10), ##__VA_ARGS__)   then mygen() means mygen(10) */
#define eddy_async_default(function, defaults, ...) \
    ED_CAT(ED_DEFAULT_, ED_IS_NONE(__VA_ARGS__))(function, defaults, ##__VA_ARGS__)
#define ED_IS_NONE(...) ED_PICK_14TH(0, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
#define ED_DEFAULT_1(function, defaults) function defaults
#define ED_DEFAULT_0(function, defaults, ...) function(__VA_ARGS__)

/*
 * async_free(f, function): a result of f that is never taken is passed to function. It stands at file scope, after
 * f. f is identified by the address of its body, which is the same in all files that declare f, while each file has
 * its own type object.
 */
#define eddy_async_free(fn, ...) \
    typedef ED_BRIEF(__typeof__(((struct fn *)0)->result)) fn##__freed; \
    static void ED_BRIEF(fn##__free)(struct eddy_awaitable *ed_base) \
    { \
        ED_BRIEF(_Static_assert(!__builtin_types_compatible_p(fn##__freed, eddy_void), \
                       "async_free: the function has no result")); \
        (__VA_ARGS__)(((struct fn *)(void *)ed_base)->result); \
    } \
    ED_STOP_AT(fn##__freed, false) \
    static struct eddy_freeing fn##__freeing = {.body = (void (*)(void))fn##__body, .free = fn##__free}; \
    __attribute__((constructor)) static void fn##__freeing_begins(void) \
    { \
        ED_FREEING_ADD(*(fn##__freed *)0)(&fn##__freeing); \
    } \
    __attribute__((destructor)) static void fn##__freeing_ends(void) \
    { \
        eddy_freeing_remove(&fn##__freeing); \
    } \
    struct fn
/* Results of these kinds end with their loop. */
#define ED_FREEING_ADD(result) \
    _Generic((result), struct eddy_stream *: eddy_freeing_add_of_loop, struct eddy_server *: eddy_freeing_add_of_loop, \
             struct eddy_file *: eddy_freeing_add_of_loop, struct eddy_process *: eddy_freeing_add_of_loop, \
             default: eddy_freeing_add)

/* ---- definitions: functions that block, generators ------------------------------------------------------- */

/*
 * What these definitions have in common. keyword: as text. shape(Y, S, R, fn, ...): the struct, the function that runs
 * the body, the type. header(fn): what an object begins with. in(fn): the first parameters of the body.
 */
#define ED_DEFINE(keyword, shape, header, in, Y, S, R, fn, ...) \
    ED_BY_HEAD(ED_DEFINE_GOOD, ED_DEFINE_UNPAIRED, ED_DEFINE_NAMELESS, ED_DEFINE_MAIN, __VA_ARGS__) \
    (keyword, shape, header, in, Y, S, R, fn, __VA_ARGS__)
#define ED_DEFINE_GOOD(keyword, shape, header, in, Y, S, R, fn, ...) \
    shape(Y, S, R, fn, __VA_ARGS__) ED_CONSTRUCTOR(fn, header(fn), __VA_ARGS__) \
    static ED_TYPE(R) fn##__body(in(fn) EDDY_EACH(ED_TAIL, __VA_ARGS__))
#define ED_DEFINE_UNPAIRED(keyword, shape, header, in, Y, S, R, fn, ...) \
    ED_UNPAIRED shape(Y, S, R, fn, fn) struct fn fn(ED_BARE(__VA_ARGS__)); \
    ED_UNUSED static R fn##__bare(in(fn), ED_BARE(__VA_ARGS__))
#define ED_DEFINE_NAMELESS(keyword, ...) ED_NAMELESS
#define ED_DEFINE_MAIN(keyword, shape, header, in, Y, S, R, fn, n, ...) \
    ED_PLAIN_MAIN ED_DEFINE_GOOD(keyword, shape, header, in, Y, S, R, ed_main_task, ed_main_task, ##__VA_ARGS__)

#define eddy_blocking(T, ...) \
    ED_DEFINE("blocking", ED_BLOCKING_SHAPE, ED_BLOCKING_HEADER, ED_IN_BLOCKING, , , T, ED_FIRST(__VA_ARGS__, ), \
              __VA_ARGS__)
#define ED_BLOCKING_HEADER(fn) ED_HEADER(fn##__type)
#define ED_IN_BLOCKING(fn) \
    ED_UNUSED struct fn *ed_enclosing, ED_MARKER(throw_needs_async_function_or_generator)
#define ED_BLOCKING_SHAPE(none, nothing, T, fn, ...) \
    ED_RULES(T, __VA_ARGS__) \
    struct ED_BRIEF(fn) { \
        struct eddy_awaitable awaitable; \
        ED_OBJECT(T) result; \
        ED_ARGS(__VA_ARGS__); \
        ED_NO_KIND(generator); \
        ED_NO_KIND(async_generator); \
    }; \
    ED_STOP_UNLESS_WHOLE(fn, T, __VA_ARGS__) \
    static ED_TYPE(T) fn##__body(struct fn *, struct ed_context EDDY_EACH(ED_TAIL, __VA_ARGS__)); \
    ED_SPARE(fn) \
    ED_UNUSED static void fn##__finish(struct eddy_awaitable *ed_base) \
    { \
        struct fn *ed_self = (struct fn *)(void *)ed_base; \
        ED_IF_VOID(T)(, ed_self->result =) \
            fn##__body(ed_self, ED_HERE EDDY_EACH(ED_PASS, __VA_ARGS__)); \
    } \
    ED_UNUSED static const struct eddy_awaitable_type fn##__type = {.name = #fn, \
                                                                    .start = eddy_blocking_start, \
                                                                    .cancel = eddy_blocking_cancel, \
                                                                    .undo = ED_IF_VOID(T)(NULL, eddy_free_unclaimed), \
                                                                    .body = (void (*)(void))fn##__body, \
                                                                    .work = fn##__finish, \
                                                                    .kind = EDDY_BLOCKING, \
                                                                    .size = sizeof(struct fn)};

#define eddy_generator(Y, ...) eddy_generator_full(Y, Y, void, __VA_ARGS__)
#define eddy_generator_full(Y, S, R, ...) \
    ED_DEFINE("generator", ED_GENERATOR_SHAPE, ED_GENERATOR_HEADER, ED_IN_YIELDER, Y, S, R, \
              ED_FIRST(__VA_ARGS__, ), __VA_ARGS__)
#define ED_GENERATOR_HEADER(fn) .generator = {.core = {.type = &fn##__type}}
#define ED_IN_YIELDER(fn) \
    ED_UNUSED struct fn *ed_enclosing, ED_MARKER(ed_whole_frame), ED_MARKER(yield_outside_generator), \
        ED_MARKER(throw_needs_async_function_or_generator)
#define ED_GENERATOR_SHAPE(Y, S, R, fn, ...) \
    ED_RULES(Y, __VA_ARGS__) \
    struct ED_BRIEF(fn) { \
        struct eddy_generator generator; \
        ED_BRIEF(ED_OBJECT(Y) value); \
        ED_OBJECT(S) sent; \
        ED_OBJECT(R) result; \
        ED_ARGS(__VA_ARGS__); \
        eddy_void yield_from_in_async_generator[1]; \
        ED_NO_KIND(awaitable); \
        ED_NO_KIND(async_generator); \
        ED_NO_KIND(manager); \
    }; \
    ED_STOP_UNLESS_WHOLE(fn, Y, __VA_ARGS__) \
    ED_NO_TAIL_CALL static ED_TYPE(R) fn##__body(struct fn *, struct ed_context, struct ed_context, \
                                                 struct ed_context EDDY_EACH(ED_TAIL, __VA_ARGS__)); \
    ED_SPARE(fn) \
    ED_RUNS_BODY ED_UNUSED static void fn##__run(struct eddy_awaitable *ed_base) \
    { \
        struct fn *ed_self = (struct fn *)(void *)ed_base; \
        ED_IF_VOID(R)(, ed_self->result =) \
            fn##__body(ed_self, ED_HERE, ED_HERE, ED_HERE EDDY_EACH(ED_PASS, __VA_ARGS__)); \
        ED_JOIN_CHILDREN(ed_self->generator.core); \
        if (ed_self->generator.self) /* the place where the caller looks for it */ \
            ((struct fn *)(void *)ed_self->generator.self)->result = ed_self->result; \
    } \
    ED_UNUSED static const struct eddy_awaitable_type fn##__type = { \
        .name = #fn, .run = fn##__run, .kind = EDDY_GENERATOR, .size = sizeof(struct fn)};

#define eddy_async_generator(Y, ...) eddy_async_generator_full(Y, Y, __VA_ARGS__)
#define eddy_async_generator_full(Y, S, ...) \
    ED_DEFINE("async_generator", ED_ASYNC_GENERATOR_SHAPE, ED_ASYNC_GENERATOR_HEADER, ED_IN_ASYNC_YIELDER, Y, S, void, \
              ED_FIRST(__VA_ARGS__, ), __VA_ARGS__)
#define ED_ASYNC_GENERATOR_HEADER(fn) .async_generator = {.generator = {.core = {.type = &fn##__type}}}
#define ED_IN_ASYNC_YIELDER(fn) \
    ED_UNUSED struct fn *ed_enclosing, ED_MARKER(ed_whole_frame), ED_MARKER(yield_outside_generator), \
        ED_MARKER(await_outside_async_function), ED_MARKER(throw_needs_async_function_or_generator)
#define ED_ASYNC_GENERATOR_SHAPE(Y, S, none, fn, ...) \
    ED_RULES(Y, __VA_ARGS__) \
    struct ED_BRIEF(fn) { \
        __extension__ union { \
            struct eddy_async_generator async_generator; \
            struct eddy_generator ed_common; \
        }; \
        ED_BRIEF(ED_OBJECT(Y) value); \
        ED_OBJECT(S) sent; \
        eddy_void result; \
        ED_ARGS(__VA_ARGS__); \
        ED_NO_KIND(awaitable); \
        ED_NO_KIND(generator); \
    }; \
    ED_STOP_UNLESS_WHOLE(fn, Y, __VA_ARGS__) \
    ED_NO_TAIL_CALL static void fn##__body(struct fn *, struct ed_context, struct ed_context, struct ed_context, \
                                           struct ed_context EDDY_EACH(ED_TAIL, __VA_ARGS__)); \
    ED_SPARE(fn) \
    ED_RUNS_BODY ED_UNUSED static void fn##__run(struct eddy_awaitable *ed_base) \
    { \
        struct fn *ed_self = (struct fn *)(void *)ed_base; \
        fn##__body(ed_self, ED_HERE, ED_HERE, ED_HERE, ED_HERE EDDY_EACH(ED_PASS, __VA_ARGS__)); \
        ED_JOIN_CHILDREN(ed_self->ed_common.core); \
    } \
    ED_UNUSED static const struct eddy_awaitable_type fn##__type = { \
        .name = #fn, .run = fn##__run, .kind = EDDY_ASYNC_GENERATOR, .size = sizeof(struct fn)};

/* ---- await ----------------------------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) struct eddy_failure *eddy_run_here(struct eddy_awaitable *a)
{
    if (a->awaitable.type->run)
        a->awaitable.type->run(a);
    else
        eddy_run_generic(a);
    return a->awaitable.failure;
}

/*
 * An await has four parts: the rules that must hold; what is evaluated before the operand; the operand, whose value
 * is kept in ed_operand; and this macro, which waits for it. ed_site is the place of the await. wait: declares
 * ed_failure. release: what happens to a handle. failed: where a failure goes. The operand is the last of the user's
 * expressions, so names that are declared after it need not be unique: an await inside the operand has ended by then.
 */
#define ED_AWAIT(wait, release, failed) \
    __auto_type ed_address = ED_AWAITED; \
    struct eddy_awaitable *ed_awaitable = ED_AWAITABLE(ed_address); \
    ED_SITE(ed_site); \
    wait; \
    __auto_type ed_result = ed_address->result; \
    if (ED_IS_POINTER(ed_operand)) \
        release(ed_awaitable); \
    if (ED_UNLIKELY(ed_failure != NULL)) \
        failed \
    ED_VALUE(ed_result)

/* A copy of a task cannot be waited for. Only the text tells it from a coroutine value. */
#define ED_IS_COPY(text, x) (ED_IS_TAKEN(text) && ED_IS_STRUCT(x))
/* *t, (*t), ((*t)): before the * are as many characters as there are from the first parenthesis after it. */
#define ED_IS_TAKEN(text) \
    (__builtin_strncmp(text, "*", 1) == 0 || \
     (__builtin_strncmp(text, "(", 1) == 0 && \
      sizeof(text "*") - 1 - ED_REST(text "*", '*') == ED_REST(text ")", ')') - 1))
/* The rules that must hold: a context is a name that exists only where the keyword may stand. */
#define ED_IN_ASYNC() \
    ED_BRIEF((void)await_outside_async_function); \
    ED_LEAVE_IF_PENDING
static inline eddy_error *eddy_error_cleared(eddy_error *err)
{
    err->code = 0;
    err->message = "";
    return err;
}
/* Before the operand: ED_TAKE_ERROR() is nothing, ED_TAKE_ERROR(err) keeps err in a local and clears the error. */
#define ED_TAKE_ERROR(...) \
    ED_BY_COUNT(ED_NO_ERROR, ED_CLEAR_ERROR, ED_NO_ERROR, ED_NO_ERROR, ##__VA_ARGS__)(ED_ERROR_RULE, ##__VA_ARGS__)
#define ED_NO_ERROR(...)
#define ED_CLEAR_ERROR(rule, err) ED_CLEAR_BY(rule, err, ED_ERROR);
#define ED_CLEAR_SECOND(seconds, err) ED_CLEAR(err, ED_ERROR);
#define ED_ERROR ED_CAT(ed_error_, __LINE__) /* an operand may contain an await with a local of the same name */
#define ED_ERROR_RULE _Static_assert(!ed_is_no_error, "the last argument must be the address of an eddy_error: &err")
#define ED_CLEAR(err, ep) ED_CLEAR_BY(ED_ERROR_RULE, err, ep)
#define ED_CLEAR_BY(rule, err, ep) \
    { \
        enum { ed_is_no_error = ED_BRIEF(!ED_IS_ERROR(err)) }; \
        ED_BRIEF(rule); \
    } \
    eddy_error *ep = eddy_error_cleared(__builtin_choose_expr(ED_IS_ERROR(err), (err), (eddy_error *)0))
#define ED_IS_ERROR(err) __builtin_types_compatible_p(__typeof__(err), eddy_error *)
/* wait */
#define ED_RUN_OR_JOIN \
    (ED_IS_POINTER(ed_operand) ? eddy_join_at(ed_awaitable, &ed_site) : eddy_run_here(ed_awaitable))
#define ED_WAIT struct eddy_failure *ed_failure = ED_RUN_OR_JOIN
#define ED_WAIT_FOR(seconds) \
    struct eddy_deadline ed_deadline; \
    struct eddy_failure *ed_failure = eddy_deadline_close( \
        &ed_deadline, eddy_deadline_open(&ed_deadline, ed_awaitable, ED_IS_POINTER(ed_operand), seconds) \
                          ? ED_RUN_OR_JOIN : NULL)
#define ED_WAIT_SHIELDED \
    struct eddy_failure *ed_failure = ED_IS_POINTER(ed_operand) \
                                          ? eddy_join_shielded_at(ed_awaitable, &ed_site) \
                                          : eddy_run_shielded(ed_awaitable, sizeof *ed_address)
/* release: eddy_release_handle, or the handle remains the caller's */
#define ED_KEEP_HANDLE(handle) (void)0
/* failed: the failure propagates; it is caught, except for this task's own cancellation; it is caught in every case */
#define ED_PASS_ON() ED_FAIL_AT(ed_failure, ed_site)
#define ED_CATCH() \
    { \
        if (eddy_failure_is_own_cancellation(ed_failure)) \
            ED_FAIL_AT(ed_failure, ed_site) \
        ED_CATCH_ALL() \
    }
#define ED_CATCH_ALL() eddy_failure_catch(eddy_failure_trace(ed_failure, &ed_site), ED_ERROR);
/* the second of these if the user gave an &err */
#define ED_PASS_OR(catch, ...) ED_BY_COUNT(ED_PASS_ON, catch, catch, catch, ##__VA_ARGS__)()

/* await(x) · await(x, &err) is in keywords.h.  eddy_await(x) is await(x); eddy_await(x, &err) also works in plain C
 * that a task has called. */
#define eddy_await(x, ...) \
    ED_BRIEF(__extension__)({ \
        ED_BRIEF(_Static_assert(ED_NARGS(__VA_ARGS__) < 2, \
                                "eddy_await takes one or two arguments: eddy_await(x, &err)")); \
        ED_BY_COUNT(ED_IN_ASYNC, ED_NO_ERROR, ED_NO_ERROR, ED_NO_ERROR, ##__VA_ARGS__)() \
        ED_TAKE_ERROR(__VA_ARGS__) \
        __auto_type ed_operand = (ED_BRIEF(x)); \
        ED_MUST_BE_AWAITABLE(ed_operand, "eddy_await"); \
        ED_AWAIT(ED_WAIT, eddy_release_handle, ED_PASS_OR(ED_CATCH_ALL, ##__VA_ARGS__)); \
    })

#define eddy_await_always(x, err) \
    ED_BRIEF(__extension__)({ \
        ED_BRIEF((void)await_outside_async_function); \
        ED_TAKE_ERROR(err) \
        __auto_type ed_operand = (ED_BRIEF(x)); \
        ED_MUST_BE_AWAITABLE(ed_operand, "await_always"); \
        ED_AWAIT(ED_WAIT, eddy_release_handle, ED_CATCH_ALL()); \
    })

/* await_for(x, seconds) · await_for(x, seconds, &err) */
#define eddy_await_for(x, ...) \
    ED_BRIEF(__extension__)({ \
        ED_BRIEF(_Static_assert(ED_NARGS(__VA_ARGS__) > 0 && ED_NARGS(__VA_ARGS__) < 3, \
                       "await_for needs a time: await_for(x, seconds) or await_for(x, seconds, &err)")); \
        ED_IN_ASYNC() \
        __auto_type ED_SECONDS = (ED_FIRST(__VA_ARGS__, )); \
        ED_BRIEF(_Static_assert(ED_IS_NUMBER(ED_SECONDS), "await_for takes seconds, then perhaps &err")); \
        ED_STOP_IF(!ED_IS_NUMBER(ED_SECONDS)) \
        ED_BY_COUNT(ED_NO_ERROR, ED_NO_ERROR, ED_CLEAR_SECOND, ED_NO_ERROR, ##__VA_ARGS__)(__VA_ARGS__) \
        __auto_type ed_operand = (ED_BRIEF(x)); \
        ED_MUST_BE_AWAITABLE(ed_operand, "await_for"); \
        ED_AWAIT(ED_WAIT_FOR(ED_CHOOSE(ED_IS_NUMBER(ED_SECONDS), ED_SECONDS, 0)), eddy_release_handle, \
                 ED_BY_COUNT(ED_PASS_ON, ED_PASS_ON, ED_CATCH, ED_CATCH, ##__VA_ARGS__)()); \
    })
#define ED_SECONDS ED_CAT(ed_seconds_, __LINE__)
#define ED_IS_NUMBER(x) (!ED_IS_POINTER(x) && !ED_IS_STRUCT(x))

/* await_shielded(t): the handle remains the caller's in every case; a value is spawned and detached */
#define eddy_await_shielded(x, ...) \
    ED_BRIEF(__extension__)({ \
        ED_BRIEF(_Static_assert(ED_NARGS(__VA_ARGS__) < 2, \
                       "await_shielded takes one or two arguments: await_shielded(x, &err)")); \
        ED_IN_ASYNC() \
        ED_TAKE_ERROR(__VA_ARGS__) \
        __auto_type ed_operand = (ED_BRIEF(x)); \
        ED_MUST_BE_AWAITABLE(ed_operand, "await_shielded"); \
        ED_AWAIT(ED_WAIT_SHIELDED, ED_KEEP_HANDLE, ED_PASS_OR(ED_CATCH, ##__VA_ARGS__)); \
    })

/* ---- throw, rethrow -------------------------------------------------------------------------------------- */

#define eddy_raise(...) ED_RAISE(EDDY_UNIQUE(ed_site_), __VA_ARGS__)
#define ED_RAISE(site, ...) ED_CAT(ED_RAISE_, ED_IS_ONE(__VA_ARGS__))(site, __VA_ARGS__)
#define ED_RAISE_0(site, nothing) ED_WRONG_COUNT("throw needs a code first: throw(EINVAL, \"what is wrong\")")
#define ED_RAISE_1(site, code) ED_RAISE_FAILURE(site, eddy_failure_of_code(&site, ED_THROWN_CODE(code)))
#define ED_RAISE_M(site, code, ...) ED_RAISE_FAILURE(site, eddy_failure_new(&site, ED_THROWN_CODE(code), __VA_ARGS__))
/* The code, or 0 in the place of a text, about which only the rule is to be said. */
#define ED_THROWN_CODE(code) \
    __extension__({ \
        enum { ed_is_no_code = ED_BRIEF(ED_IS_POINTER(code) || ED_IS_STRUCT(code)) }; \
        ED_BRIEF(_Static_assert(!ed_is_no_code, "throw needs a code first: throw(EINVAL, \"what is wrong\")")); \
        ED_CHOOSE(ed_is_no_code, 0, code); \
    })
#define eddy_reraise(err) ED_RERAISE(err, EDDY_UNIQUE(ed_site_))
#define ED_RERAISE(err, site) ED_RAISE_FAILURE(site, eddy_failure_again(&site, ED_RETHROWN(err)))
#define ED_RETHROWN(err) \
    __extension__({ \
        enum { ed_is_no_error = ED_BRIEF(!ED_IS_POINTER(err)) }; \
        ED_BRIEF(_Static_assert(!ed_is_no_error, "rethrow needs the address of an eddy_error: rethrow(&err)")); \
        ED_CHOOSE(ed_is_no_error, (eddy_error *)0, err); \
    })
/* A statement expression, so that __extension__ covers `return (void)0` (-Wpedantic) and it may stand in ?:. The
 * context is in the returned value: if it is missing, compilers say nothing else about this return. */
#define ED_RAISE_FAILURE(site, failed) \
    ED_BRIEF(__extension__)({ \
        ED_SITE(site); \
        ED_FRAME->failure = eddy_failure_chain(ED_FRAME->failure, ED_BRIEF(failed), NULL); \
        eddy_frame_leave(ED_FRAME); \
        return ED_BRIEF((void)throw_needs_async_function_or_generator), ED_NO_RESULT; \
    })

/* ---- tasks ----------------------------------------------------------------------------------------------- */

/* Both compilers refuse to inline a function that has kept the address of a label: a body that spawns must have its
 * own frame. After the body has returned, that frame stays whole below the stack pointer until its tasks are joined
 * (see eddy_frame_end). With clang the object must exist; with gcc it must be dropped, since link-time optimisation
 * would separate it from its label. */
#ifdef __clang__
#define ED_LABEL_KEPT __attribute__((used))
#else
#define ED_LABEL_KEPT __attribute__((unused))
#endif
#define ED_NEVER_INLINED(label) \
    __label__ label; \
    label:; \
    __extension__ static const void *const ED_CAT(label, a) ED_LABEL_KEPT = &&label
/* The compilers warn of a dropped handle in different ways, see must_use.h. */
#ifdef __clang__
#define ED_SPAWN_GIVES __typeof__(ed_operand)
#define ED_SPAWN_USED(coro, handle) handle
/* A wrong operand is reported by its rule, and not also as a dropped handle. */
#define ED_SPAWN_IF_GOOD(handle) __builtin_choose_expr(ed_is_no_coroutine, (eddy_keep)(NULL), handle)
#else
#define ED_SPAWN_GIVES void
#define ED_SPAWN_USED(coro, handle) ED_BRIEF(((__typeof__(coro) *)ED_USE_HANDLE(handle)))
#define ED_SPAWN_IF_GOOD(handle) handle
#endif
#define ED_SPAWN_BODY(rule, coro, symbol, option_type, option, sf, site) \
    ED_SPAWN_USED(coro, __extension__({ \
        ED_NEVER_INLINED(ED_CAT(site, l)); \
        ED_KEEP_FRAME; \
        option_type ED_CAT(site, o) = option; \
        ED_COROUTINE(rule, coro); \
        ED_SITE(site); \
        extern EDDY_MUST_USE ED_SPAWN_GIVES *sf(const void *, size_t, void **, const struct eddy_site *, option_type) \
            __asm__(symbol); \
        ED_SPAWN_IF_GOOD(sf(&ed_operand, sizeof ed_operand, ED_CHILDREN, &site, ED_CAT(site, o))); \
    }))
/* The operand of a keyword that takes a coroutine value, with its rule. */
#define ED_COROUTINE(rule, coro) \
    __auto_type ed_operand = (ED_BRIEF(coro)); \
    enum { ed_is_no_coroutine = ED_BRIEF(ED_NO_COROUTINE(ed_operand)) }; \
    ED_BRIEF(rule)
#define ED_SPAWN(...) ED_SPAWN_BODY(__VA_ARGS__)
#define ED_NO_SPAWN "spawn needs a coroutine value: spawn(f(x))"
ED_RULE_OF(ed_no_spawn, ED_NO_SPAWN)
#define ED_NO_SPAWN_EAGER "spawn_eager needs a coroutine value: spawn_eager(f(x))"
ED_RULE_OF(ed_no_spawn_eager, ED_NO_SPAWN_EAGER)
#define ED_NO_SPAWN_WITH "spawn_with needs a coroutine value: spawn_with(f(x), &options)"
ED_RULE_OF(ed_no_spawn_with, ED_NO_SPAWN_WITH)
#define ED_SPAWN_NAMES EDDY_UNIQUE(ed_sf_), EDDY_UNIQUE(ed_site_)
#define eddy_spawn(coro) \
    ED_SPAWN(ED_FOLLOW(ed_no_spawn, ED_NO_SPAWN, !ed_is_no_coroutine), coro, \
             "eddy_spawn_copy", unsigned, 0, ED_SPAWN_NAMES)
#define eddy_spawn_eager(coro) \
    ED_SPAWN(ED_FOLLOW(ed_no_spawn_eager, ED_NO_SPAWN_EAGER, !ed_is_no_coroutine), coro, \
             "eddy_spawn_copy", unsigned, ED_SPAWN_EAGER, ED_SPAWN_NAMES)
/* Variadic: &(eddy_spawn_options){.name = "x", .eager = true} is several macro arguments. */
#define eddy_spawn_with(coro, ...) \
    ED_SPAWN(ED_FOLLOW(ed_no_spawn_with, ED_NO_SPAWN_WITH, !ed_is_no_coroutine), \
             coro, "eddy_spawn_copy_with", const eddy_spawn_options *, (__VA_ARGS__), ED_SPAWN_NAMES)

#define ED_HANDLE(t) ED_CHECKED_HANDLE(t, ed_operand, EDDY_UNIQUE(ed_is_no_handle_))
#define ED_CHECKED_HANDLE(t, ha, wrong) \
    __extension__({ \
        __auto_type ha = (ED_BRIEF(t)); \
        enum { wrong = !ED_IS_POINTER(ha) || !ED_IS_STRUCT(*ED_TYPED(ED_POINTER_TO(ha))) }; \
        ED_BRIEF(_Static_assert(!wrong, "this needs a task handle, an eddy_task * or a future")); \
        ED_AWAITABLE(ED_ADDRESS(ha)); \
    })
#define eddy_task_of(t) ((eddy_task *)(void *)ED_HANDLE(t))
#define eddy_cancel(...) \
    ED_BY_COUNT(ED_CANCEL_WRONG, ED_CANCEL_1, ED_CANCEL_2, ED_CANCEL_WRONG, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_CANCEL_WRONG(...) ED_WRONG_COUNT("eddy_cancel takes a task and perhaps a reason: eddy_cancel(t)")
#define ED_CANCEL_1(t) (eddy_cancel)(ED_HANDLE(t), NULL)
#define ED_CANCEL_2(t, reason) (eddy_cancel)(ED_HANDLE(t), (reason))
#define eddy_detach(t) ED_DETACH(t, EDDY_UNIQUE(ed_site_))
#define ED_DETACH(t, site) \
    __extension__({ \
        ED_SITE(site); \
        eddy_detach_at(ED_HANDLE(t), &site); \
    })
#define eddy_keep(t) ((__typeof__(t))(eddy_keep)(ED_HANDLE(t)))
#define eddy_done(t) (eddy_done)(ED_HANDLE(t))
#define eddy_cancelled(t) (eddy_cancelled)(ED_HANDLE(t))
#define eddy_cancelling(t) (eddy_cancelling)(ED_HANDLE(t))
#define eddy_uncancel(t) (eddy_uncancel)(ED_HANDLE(t))
#define eddy_task_name(t) (eddy_task_name)(ED_HANDLE(t))
#define eddy_task_set_name(t, name) (eddy_task_set_name)(ED_HANDLE(t), name)
#define eddy_task_site(t) (eddy_task_site)(ED_HANDLE(t))
/* The call function(argument) is type-checked, unevaluated.  Integers (descriptors) travel in the pointer. */
#ifdef __clang__ /* accepts void expressions as well */
#define ED_GIVES_STRUCT(call) ED_IS_STRUCT(call)
#else
#define ED_GIVES_STRUCT(call) ED_IS_STRUCT(*ED_TYPED((__typeof__(call) *)0))
#endif
#define ED_CALLABLE(function, argument) \
    ((void)sizeof(struct { \
        ED_BRIEF(_Static_assert(!ED_GIVES_STRUCT((function)(argument)), \
                       "a callback is a plain function: spawn the coroutine in one")); \
        char unit; \
    }), \
     (void (*)(void *))(uintptr_t)(function))
#define ED_ARGUMENT(argument) ((void *)(uintptr_t)(argument))
#define eddy_add_done_callback(t, function, argument) \
    (eddy_add_done_callback)(ED_HANDLE(t), ED_CALLABLE(function, argument), ED_ARGUMENT(argument))
#define eddy_remove_done_callback(t, function, argument) \
    (eddy_remove_done_callback)(ED_HANDLE(t), ED_CALLABLE(function, argument), ED_ARGUMENT(argument))
/* A user's awaitables complete themselves: a is such an awaitable, or its header. */
#define eddy_complete(a) ED_COMPLETED(a, (eddy_complete)(ed_done))
#define eddy_complete_threadsafe(a) (eddy_complete_threadsafe)(ED_AWAITABLE(a))
#define eddy_complete_error(a, ...) ED_COMPLETE_ERROR(a, ED_IS_ONE(__VA_ARGS__), __VA_ARGS__)
#define ED_COMPLETE_ERROR(a, one, ...) ED_CAT(ED_COMPLETE_ERROR_, one)(a, __VA_ARGS__)
#define ED_COMPLETE_ERROR_1(a, code) ED_COMPLETED(a, (eddy_complete_error)(ed_done, (code), "%s", ""))
#define ED_COMPLETE_ERROR_M(a, code, ...) ED_COMPLETED(a, (eddy_complete_error)(ed_done, (code), __VA_ARGS__))
/* An awaitable that has completed is refused with the place of the call. */
#define ED_COMPLETED(a, call) \
    __extension__({ \
        ED_SITE(ed_site); \
        struct eddy_awaitable *ed_done = ED_AWAITABLE(a); \
        ed_done->awaitable.state == EDDY_RUNNING ? call : (eddy_future_complete_at(ed_done, &ed_site), false); \
    })
/* struct mine m = {EDDY_AWAITABLE_INIT(&mine_type), ...}; */
#define EDDY_AWAITABLE_INIT(type_address) .awaitable = {.awaitable = {.type = (type_address)}}

/* ---- futures --------------------------------------------------------------------------------------------- */

#define eddy_future_of(T) \
    struct { \
        struct eddy_awaitable awaitable; \
        ED_OBJECT(T) result; \
        eddy_void future; \
    }
#define eddy_future_new(type) ((type *)eddy_future_alloc(sizeof(type) + 0 * sizeof(ED_BRIEF(((type *)0)->future))))
/* Variadic, since (struct point){1, 2} is two macro arguments. True: it was set; false: as for eddy_set_error. */
#define eddy_set_result(f, ...) ED_SET_RESULT(f, EDDY_UNIQUE(ed_fu_), EDDY_UNIQUE(ed_ok_), ##__VA_ARGS__)
#define ED_SET_RESULT(f, fu, ok, ...) ED_SET_RESULT_IF(ED_IS_NONE(__VA_ARGS__), f, fu, ok, ##__VA_ARGS__)
#define ED_SET_RESULT_IF(none, ...) ED_CAT(ED_SET_RESULT_, none)(__VA_ARGS__)
#define ED_FUTURE(f, fu) \
    __auto_type ED_CAT(fu, g) = (ED_BRIEF(f)); \
    ED_BRIEF(_Static_assert(ED_IS_POINTER(ED_CAT(fu, g)), "eddy_set_result needs the address of a future")); \
    __auto_type fu = ED_CHOOSE(ED_IS_POINTER(ED_CAT(fu, g)), ED_CAT(fu, g), (struct ed_anything *)0)
#define ED_SET_RESULT_1(f, fu, ok) \
    __extension__({ \
        ED_SITE(ed_site); \
        ED_FUTURE(f, fu); \
        ED_BRIEF(_Static_assert(ED_IS_VOID_OBJECT(fu->result), "eddy_set_result: this future needs a value")); \
        ED_BRIEF((void)fu->future); \
        bool ok = eddy_future_pending(fu); \
        eddy_future_complete_at(fu, &ed_site); \
        ok; \
    })
#define ED_SET_RESULT_0(f, fu, ok, ...) \
    __extension__({ \
        ED_SITE(ed_site); \
        ED_FUTURE(f, fu); \
        ED_BRIEF((void)fu->future); \
        bool ok = eddy_future_pending(fu); \
        if (ok) \
            ED_BRIEF(fu->result = (__VA_ARGS__)); \
        eddy_future_complete_at(fu, &ed_site); \
        ok; \
    })
#define eddy_set_error(f, ...) ED_SET_ERROR(f, ED_IS_ONE(__VA_ARGS__), __VA_ARGS__)
#define ED_SET_ERROR(f, one, ...) ED_CAT(ED_SET_ERROR_, one)(f, __VA_ARGS__)
#define ED_SET_ERROR_1(f, code) ED_SET_ERROR_M(f, code, "%s", "")
/* A future that is set already is reported with the place of this call, and keeps what it has. */
#define ED_SET_ERROR_M(f, code, ...) \
    __extension__({ \
        ED_SITE(ed_site); \
        struct eddy_awaitable *ed_future = ED_AWAITABLE(f); \
        eddy_future_pending(ed_future) ? (eddy_set_error)(ed_future, (code), __VA_ARGS__) \
                                       : (eddy_future_complete_at(ed_future, &ed_site), false); \
    })
#define eddy_future_free(f) (eddy_future_free)(ED_AWAITABLE(f))

/* ---- run ------------------------------------------------------------------------------------------------- */

/* eddy_run(coro) · eddy_run(coro, &err) */
#define eddy_run(...) \
    ED_BY_COUNT(ED_RUN_NOTHING, ED_RUN_PLAIN, ED_RUN_CATCHING, ED_RUN_CATCHING, ##__VA_ARGS__)( \
        _Static_assert(!ed_is_no_coroutine, "eddy_run needs a coroutine value: eddy_run(main_task())"), \
        eddy_run_main, NULL, __VA_ARGS__)
#define ED_RUN_NOTHING(...) \
    __extension__({ \
        ED_BRIEF(_Static_assert(0, "eddy_run needs a coroutine value: eddy_run(main_task())")); \
        0; \
    })
#define ED_RUN_PLAIN(rule, function, options, coro) \
    __extension__({ \
        ED_COROUTINE(rule, coro); \
        ED_RUN(function, ED_UNLESS(ed_is_no_coroutine, ed_operand), options, NULL); \
        ED_GIVES_STATUS(ed_main); \
        ED_STATUS; \
    })
#define ED_RUN_CATCHING(rule, function, options, coro, err) \
    __extension__({ \
        ED_TAKE_ERROR(err) \
        ED_COROUTINE(rule, coro); \
        ED_RUN(function, ED_UNLESS(ed_is_no_coroutine, ed_operand), options, ED_ERROR); \
        (void)ed_status; \
        ED_VALUE(ed_main->result); \
    })
#define ED_RUN(function, main, options, err) \
    __auto_type ed_main = main; \
    ED_SITE(ed_site); \
    int ed_status = function(ED_AWAITABLE(ed_main), sizeof *ed_main, offsetof(__typeof__(*ed_main), result), \
                             sizeof ed_main->result, options, &(const struct eddy_build)EDDY_BUILD, err, &ed_site)
#define ED_IS_INT(x) __builtin_types_compatible_p(__typeof__(x), int)
#define ED_STATUS (ed_status ? ed_status : __builtin_choose_expr(ED_IS_INT(ed_main->result), ed_main->result, 0))
#define ED_GIVES_STATUS(main) \
    ED_BRIEF(_Static_assert(ED_IS_VOID_OBJECT((main)->result) || ED_IS_INT((main)->result), \
                   "eddy_run(coro) is for results int and void: use eddy_run(coro, &err)"))

/*
 * eddy_run_with(&options, coro) · eddy_run_with(&options, coro, &err). The options may be a compound literal, whose
 * commas separate it into several arguments. What stands before the last argument is whole nevertheless: the
 * options, or the options and the coroutine. It initialises ed_first, in which the second member then has the
 * coroutine, or nothing. The type is named before the struct: inside the struct clang takes a compound literal for an
 * initialiser at file scope.
 */
#define eddy_run_with(...) ED_CAT(ED_LAST_OF_, ED_NARGS_LONG(__VA_ARGS__))(ED_RUN_WITH, __VA_ARGS__)
#define ED_OR_ANYTHING(x) \
    __builtin_choose_expr(__builtin_types_compatible_p(__typeof__(x), void), (struct ed_anything){.result = 0}, x)
#define ED_RUN_WITH(last, ...) \
    ED_RUN_WITH_OPTIONS(eddy_run_main, const eddy_loop_options *, \
                        _Static_assert(!ed_is_no_coroutine, "eddy_run_with needs options and a coroutine value: " \
                                       "eddy_run_with(&options, main_task())"), last, __VA_ARGS__)
#define ED_RUN_WITH_OPTIONS(function, options_type, rule, last, ...) \
    __extension__({ \
        typedef __typeof__(ED_OR_ANYTHING(((void)__VA_ARGS__))) ed_first_coroutine; \
        struct { \
            options_type options; \
            ed_first_coroutine coroutine; \
        } ed_first = {.options = __VA_ARGS__}; \
        __auto_type ed_operand = (ED_BRIEF(last)); \
        enum { ed_catches = ED_IS_ERROR(ed_operand) }; \
        enum { ed_is_no_coroutine = ED_BRIEF(!ed_catches && ED_NO_COROUTINE(ed_operand)) }; \
        ED_BRIEF(rule); \
        eddy_error *ed_error = __builtin_choose_expr(ed_catches, ed_operand, (eddy_error *)0); \
        if (ed_catches) \
            eddy_error_cleared(ed_error); \
        ED_RUN(function, \
               __builtin_choose_expr(ed_catches, ED_ADDRESS(ed_first.coroutine), \
                                     ED_UNLESS(ed_is_no_coroutine, ed_operand)), \
               ed_first.options, ed_error); \
        ED_GIVES_STATUS(__builtin_choose_expr(ed_catches, (struct ed_anything *)0, ed_main)); \
        (void)ed_status; \
        __builtin_choose_expr(ed_catches, ED_VALUE(ed_main->result), ED_STATUS); \
    })
/* eddy_loop_run(loop, coro, &err): the coroutine's result; err NULL: an error is printed, and the result is zero */
#define eddy_loop_run(loop, coro, err) \
    __extension__({ \
        eddy_loop *ed_loop = (loop); \
        ED_COROUTINE(_Static_assert(!ed_is_no_coroutine, \
                                    "eddy_loop_run needs a coroutine value: eddy_loop_run(loop, f(), &err)"), coro); \
        __auto_type ed_main = ED_UNLESS(ed_is_no_coroutine, ed_operand); \
        ED_SITE(ed_site); \
        eddy_loop_run_main(ed_loop, ED_AWAITABLE(ed_main), sizeof *ed_main, \
                           offsetof(__typeof__(*ed_main), result), sizeof ed_main->result, \
                           &(const struct eddy_build)EDDY_BUILD, (err), &ed_site); \
        ED_VALUE(ed_main->result); \
    })
/* eddy_run_on_cores(n, coro) · eddy_run_on_cores(n, coro, &err): as eddy_run, with a copy of coro on each core */
#define eddy_run_on_cores(n, ...) \
    ED_BY_COUNT(ED_RUN_PLAIN, ED_RUN_PLAIN, ED_RUN_CATCHING, ED_RUN_CATCHING, ##__VA_ARGS__)( \
        _Static_assert(!ed_is_no_coroutine, \
                       "eddy_run_on_cores needs a number and a coroutine value: eddy_run_on_cores(0, main_task())"), \
        eddy_run_on_cores_main, \
        (&(const eddy_cores_options){.size = sizeof(eddy_cores_options), .cores = (n)}), __VA_ARGS__)
/* eddy_run_on_cores_with(&options, coro) · eddy_run_on_cores_with(&options, coro, &err): see eddy_run_with */
#define eddy_run_on_cores_with(...) ED_CAT(ED_LAST_OF_, ED_NARGS_LONG(__VA_ARGS__))(ED_CORES_WITH, __VA_ARGS__)
#define ED_CORES_WITH(last, ...) \
    ED_RUN_WITH_OPTIONS(eddy_run_on_cores_main, const eddy_cores_options *, \
                        _Static_assert(!ed_is_no_coroutine, "eddy_run_on_cores_with needs options and a coroutine " \
                                       "value: eddy_run_on_cores_with(&options, main_task())"), last, __VA_ARGS__)
/* eddy_run_coroutine_threadsafe(loop, coro): an eddy_remote * */
#define eddy_run_coroutine_threadsafe(loop, coro) ED_REMOTE(loop, coro, EDDY_UNIQUE(ed_rc_), EDDY_UNIQUE(ed_site_))
#define ED_REMOTE(loop, coro, rc, site) \
    __extension__({ \
        __auto_type rc = (ED_BRIEF(coro)); \
        ED_SITE(site); \
        eddy_remote_new((loop), ED_AWAITABLE(&rc), sizeof rc, offsetof(__typeof__(rc), result), \
                        sizeof rc.result, &site); \
    })

/*
 * eddy_on(loop, f(x)): an awaitable whose result has the type of f's. It is a struct of its own for each call, with
 * a copy of the coroutine.
 */
#define eddy_on(loop_, coro) ED_ON(loop_, coro, EDDY_UNIQUE(ed_ob_), EDDY_UNIQUE(ed_ot_), EDDY_UNIQUE(ed_site_))
#define ED_ON(loop_, coro, ob, ot, called_at) \
    __extension__({ \
        ED_COROUTINE(_Static_assert(!ed_is_no_coroutine, \
                                    "eddy_on needs a loop and a coroutine value: eddy_on(loop, f(x))"), coro); \
        __auto_type ob = *ED_UNLESS(ed_is_no_coroutine, ed_operand); \
        struct ot { \
            union { \
                struct eddy_awaitable awaitable; \
                struct eddy_on on; \
            }; \
            __typeof__(ob.result) result; \
            __typeof__(ob) coroutine; \
        }; \
        ED_SITE(called_at); \
        (struct ot){.on = {ED_HEADER(eddy_on_type), \
                           .loop = (loop_), \
                           .result_offset = offsetof(struct ot, result), \
                           .result_size = sizeof ob.result, \
                           .coroutine_offset = offsetof(struct ot, coroutine), \
                           .coroutine_size = sizeof ob, \
                           .coroutine_result_offset = offsetof(__typeof__(ob), result), \
                           .site = &called_at}, \
                    .coroutine = ob}; \
    })

/* ---- gather, wait, as_completed -------------------------------------------------------------------------- */

#define ED_ITEM(x, it, ok, site) \
    __extension__({ \
        __auto_type it = (ED_BRIEF(x)); \
        ED_MUST_BE_AWAITABLE(it, "eddy_gather"); \
        ED_STOP_IF(ed_is_no_awaitable) \
        ED_SITE(site); \
        ED_IS_POINTER(it) ? ED_AWAITABLE(ED_AWAITED) \
                          : eddy_gather_child(&it, sizeof it, &site); \
    })
#define ED_GATHERED(a, i) ED_ITEM(a, ed_operand, EDDY_UNIQUE(ed_is_no_awaitable_), EDDY_UNIQUE(ed_site_))
#define ED_OWNS(a, i) ((unsigned)!ED_IS_POINTER(a) << (i))
/* ED_ITEMS(good, wrong, arguments...): good, if 1 to 8 things are gathered. */
#define ED_ITEMS(good, wrong, ...) \
    ED_PICK_14TH(0, ##__VA_ARGS__, wrong, wrong, wrong, wrong, good, good, good, good, good, good, good, good, wrong)
#define ED_GATHER_WRONG(...) \
    __extension__({ \
        ED_BRIEF(_Static_assert(0, "eddy_gather takes at most 8 tasks: use eddy_gather_array(tasks, n)")); \
        (struct eddy_gather){.count = 0}; \
    })
#define ED_GATHER(all, ...) ED_ITEMS(ED_GATHER_GOOD, ED_GATHER_WRONG, ##__VA_ARGS__)(all, ##__VA_ARGS__)
#define ED_GATHER_GOOD(all, ...) \
    (__extension__(struct eddy_gather){ED_HEADER(eddy_gather_type), \
                                       .count = ED_NARGS(__VA_ARGS__), \
                                       .owned = ED_MAP(ED_OWNS, ED_OR, __VA_ARGS__), \
                                       .settled = all, \
                                       .children = {ED_MAP(ED_GATHERED, ED_COMMA, __VA_ARGS__)}})
#define eddy_gather(...) ED_USE_GATHER(ED_GATHER(false, __VA_ARGS__))
#define eddy_gather_settled(...) ED_USE_GATHER(ED_GATHER(true, __VA_ARGS__))
/* An array of typed handles: checked here, read by memcpy there. */
#define ED_HANDLES(tasks_) ED_CHECKED_HANDLES(tasks_, EDDY_UNIQUE(ed_are_no_handles_))
#define ED_CHECKED_HANDLES(tasks_, wrong) \
    __extension__({ \
        enum { wrong = !ED_IS_POINTER((tasks_)[0]) || !ED_IS_STRUCT(*ED_POINTER_TO((tasks_)[0])) }; \
        ED_BRIEF(_Static_assert(!wrong, "this needs an array of task handles")); \
        (void)sizeof(ED_AWAITABLE(ED_ADDRESS((tasks_)[0]))); \
        (void *)(tasks_); \
    })
#define eddy_gather_array(handles, n) ED_GATHER_ARRAY(handles, n, false)
#define eddy_gather_array_settled(handles, n) ED_GATHER_ARRAY(handles, n, true)
#define ED_GATHER_ARRAY(handles, n, all) \
    ED_USE_GATHER_ARRAY((struct eddy_gather_array){ED_HEADER(eddy_gather_array_type), \
                                                       .settled = all, \
                                                       .count = (n), \
                                                       .children = ED_HANDLES(handles)})
#define eddy_wait(handles, n, how) \
    ED_USE_WAIT((struct eddy_wait){ \
        ED_HEADER(eddy_wait_type), .tasks = ED_HANDLES(handles), .count = (n), .mode = (how)})
/* The loop variable of async_for has the type of an element: an anonymous struct carries it. */
#define eddy_as_completed(handles, n) \
    (__extension__(struct { \
        union { \
            struct eddy_as_completed completed; \
            struct eddy_async_generator async_generator; \
        }; \
        __typeof__(ED_RVALUE((handles)[0])) value; \
        __typeof__(ED_RVALUE((handles)[0])) sent; \
    }){.completed = {.async_generator = {.step = eddy_as_completed_step}, \
                     .tasks = ED_HANDLES(handles), \
                     .count = (n)}})

/* ---- generators: inside ---------------------------------------------------------------------------------- */

#define ED_YIELDING ((struct eddy_generator *)(void *)ed_enclosing)
#define ED_CONTROL (ED_YIELDING->control)
/* The enclosing generator; elsewhere an object of the same shape, like ED_SELF. */
#define ED_YIELDER \
    _Generic(&ED_SELF->generator, struct eddy_generator *: ED_SELF, \
             default: _Generic(&ED_SELF->async_generator, struct eddy_async_generator *: ED_SELF, \
                               default: (struct ed_anything *)0))
#define ED_SENT ED_VALUE(*(__typeof__(ED_YIELDER->sent) *)ED_CONTROL->sent_slot)
#define ED_IN_GENERATOR \
    ED_BRIEF((void)yield_outside_generator); \
    ED_STOP_IF(!ED_IN_FRAME) \
    ED_LEAVE_IF_PENDING
/* Every yield expands to this macro. put: where the value goes; failed: where a failure goes that the consumer has
 * thrown in. */
#define ED_YIELD(put, failed) \
    ED_BRIEF(__extension__)({ \
        ED_IN_GENERATOR; \
        ED_BRIEF(put); \
        ED_SITE(ed_site); \
        struct eddy_failure *ed_failure = ed_generator_yield(ED_YIELDING); \
        if (ED_UNLIKELY(ed_failure != NULL)) \
            failed \
        ED_SENT; \
    })
#define ED_PUT(v) *(__typeof__(ED_YIELDER->value) *)ED_CONTROL->slot = (v)
#define eddy_yield(...) \
    ED_BY_COUNT(ED_YIELD_NOTHING, ED_YIELD_VALUE, ED_YIELD_CATCHING, ED_YIELD_MORE, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_YIELD_NOTHING() \
    ED_YIELD(_Static_assert(ED_IS_VOID_OBJECT(ED_YIELDER->value), "yield: this generator yields a value"), \
             ED_PASS_ON())
#define ED_YIELD_VALUE(v) \
    ED_YIELD(_Static_assert(!ED_IS_VOID_OBJECT(ED_YIELDER->value), "yield: this generator yields nothing: yield()"); \
             ED_STOP_IF(ED_IS_VOID_OBJECT(ED_YIELDER->value)) ED_PUT(v), ED_PASS_ON())
/* yield((struct point){1, 2}) is two arguments, the first of which opens a brace that it does not close. */
#define ED_WHOLE(v, remedy) \
    ED_BRIEF(_Static_assert(ED_IS_WHOLE(v), "put a compound literal in parentheses: " remedy)); \
    ED_STOP_IF(!ED_IS_WHOLE(v))
#define ED_IS_WHOLE(v) (ED_REST(ED_TEXT(v) "{", '{') == 1 || ED_REST(ED_TEXT(v) "}", '}') > 1)
#define ED_YIELD_CATCHING(v, err) \
    ED_YIELD(ED_WHOLE(v, "yield(((struct point){1, 2}))"); ED_CLEAR(err, ED_ERROR); ED_PUT(v), ED_CATCH_ALL())
#define ED_YIELD_MORE(...) \
    __extension__({ \
        ED_BRIEF(_Static_assert(0, "yield takes a value and perhaps &err; " \
                          "put a compound literal in parentheses: yield(((struct point){1, 2}))")); \
    })
#define eddy_yield_from(sub) \
    ED_YIELD_FROM(sub, ed_operand, EDDY_UNIQUE(ed_yp_), EDDY_UNIQUE(ed_yf_), EDDY_UNIQUE(ed_site_))
#define ED_YIELD_FROM(sub, yv, yp, yf, site) \
    __extension__({ \
        ED_IN_GENERATOR; \
        ED_BRIEF((void)ED_SELF->yield_from_in_async_generator); \
        __auto_type yv = (ED_BRIEF(sub)); \
        enum { ed_is_no_generator = ED_BRIEF(ED_NO_GENERATOR(yv)) }; \
        ED_BRIEF(_Static_assert(!ed_is_no_generator, "yield_from needs a generator")); \
        __auto_type yp = ED_UNLESS(ed_is_no_generator, yv); \
        ED_BRIEF(_Static_assert(__builtin_types_compatible_p(__typeof__(yp->value), __typeof__(ED_YIELDER->value)), \
                       "yield_from: the sub-generator must yield the same type")); \
        ED_BRIEF(_Static_assert(__builtin_types_compatible_p(__typeof__(yp->sent), __typeof__(ED_YIELDER->sent)), \
                       "yield_from: the sub-generator must be sent the same type")); \
        struct eddy_failure *yf = eddy_generator_delegate(ED_CONTROL, &yp->generator, sizeof *yp); \
        if (ED_UNLIKELY(yf != NULL)) \
            ED_FAIL(yf, site) \
        ED_VALUE(yp->result); \
    })
/* Control goes to another generator, whose next yield or end goes to this one's consumer; a value that is sent when
 * this one goes on is dropped. */
#define eddy_transfer(to) ED_TRANSFER(to, EDDY_UNIQUE(ed_yp_), EDDY_UNIQUE(ed_yf_), EDDY_UNIQUE(ed_site_))
#define ED_TRANSFER(to, yp, yf, site) \
    __extension__({ \
        ED_IN_GENERATOR; \
        __auto_type yp = (ED_BRIEF(to)); \
        ED_BRIEF(_Static_assert(__builtin_types_compatible_p(__typeof__(yp->value), __typeof__(ed_enclosing->value)), \
                       "eddy_transfer: both generators must yield the same type")); \
        struct eddy_failure *yf = \
            eddy_generator_transfer(ED_CONTROL, &yp->generator, sizeof *yp); \
        if (ED_UNLIKELY(yf != NULL)) \
            ED_FAIL(yf, site) \
        (void)0; \
    })

/* ---- generators: the consumer's side --------------------------------------------------------------------- */

#define eddy_generator_stack(g, size) (eddy_generator_stack)(true ? (void *)(g) : (void *)&(g)->sent, size)

#define ED_DO_OUT(v, ge, go) \
    __auto_type go = (ED_BRIEF(v)); \
    ED_BRIEF(_Static_assert(ED_IS_POINTER(go), "a value is stored through the address of a variable: &v")); \
    ED_STOP_IF(!ED_IS_POINTER(go)) \
    ED_BRIEF(_Static_assert(__builtin_types_compatible_p(__typeof__(ED_RVALUE(*go)), \
                                                         __typeof__(ED_RVALUE(ge->value))), \
                   "the variable must have the type that the generator yields"))
#define ED_NO_OUT(v, ge, go) __typeof__(ge->value) *go = NULL
#define ED_DO_ERR(e, er) ED_CLEAR(e, er)
#define ED_NO_ERR(e, er) eddy_error *er = NULL
#define ED_STEP_NAMES EDDY_UNIQUE(ed_ge_), EDDY_UNIQUE(ed_go_), EDDY_UNIQUE(ed_er_), EDDY_UNIQUE(ed_site_)
#define ED_DO_SEND(item, ge) ED_BRIEF(ge->sent = (item))
#define ED_NO_SEND(item, ge) (void)0
#define ED_DO_CODE(code) \
    const int ED_CODE = (code); \
    ED_SITE(ED_THROWN_AT)
#define ED_NO_CODE(code) (void)0
#define ED_CODE ED_CAT(ed_code_, __LINE__)
#define ED_THROWN_AT ED_CAT(ed_thrown_at_, __LINE__)
/*
 * Every step of a generator expands to this macro. name: the name of the call, for its rule. step(ge, go): the
 * function that runs the generator. throw, send, out, error: what is done with code, item, v and e, or that there
 * are none. A failure that no &err takes is pending in a body, and printed elsewhere.
 */
#define ED_STEP(...) ED_STEP_BODY(__VA_ARGS__)
#ifdef __clang__ /* in gcc the operand has the name of a global one, for the case that it does not compile */
#define ED_GIVEN(ge) ED_CAT(ge, x)
#else
#define ED_GIVEN(ge) ed_operand
#endif
#define ED_STEP_BODY(name, step, throw, code, g, send, item, out, v, error, e, ge, go, er, site) \
    __extension__({ \
        throw(code); \
        __auto_type ED_GIVEN(ge) = (ED_BRIEF(g)); \
        enum { ED_CAT(ge, is_wrong) = ED_BRIEF(!ED_IS_POINTER(ED_GIVEN(ge)) || ED_NO_GENERATOR(ED_GIVEN(ge))) }; \
        ED_BRIEF(_Static_assert(!ED_CAT(ge, is_wrong), name " needs the address of a generator")); \
        __auto_type ge = ED_UNLESS(ED_CAT(ge, is_wrong), ED_GIVEN(ge)); \
        send(item, ge); \
        out(v, ge, go); \
        error(e, er); \
        bool ED_CAT(go, m) = step(ge, go); \
        if (ED_UNLIKELY(!ED_CAT(go, m) && eddy_generator_failed(&ge->generator))) \
            ED_CATCH_OR_PEND(eddy_generator_failure(&ge->generator), er, site, eddy_failure_unseen) \
        ED_CAT(go, m); \
    })
#define ED_SLOTS(ge, go) &(ge)->generator, sizeof *(ge), (go) ? (void *)(go) : (void *)&(ge)->value, &(ge)->sent

/* eddy_next(&g) · eddy_next(&g, &v) · eddy_next(&g, &v, &err) */
#define eddy_next(...) \
    ED_BY_FOUR(ED_NEXT_WRONG, ED_NEXT_1, ED_NEXT_2, ED_NEXT_3, ED_NEXT_WRONG, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_NEXT_WRONG(...) ED_WRONG_COUNT("eddy_next takes a generator, perhaps a variable and &err: eddy_next(&g, &v)")
#define ED_NEXT_1(g) ED_NEXT(g, ED_NO_OUT, , ED_NO_ERR, )
#define ED_NEXT_2(g, v) ED_NEXT(g, ED_DO_OUT, v, ED_NO_ERR, )
#define ED_NEXT_3(g, v, e) ED_NEXT(g, ED_DO_OUT, v, ED_DO_ERR, e)
#define ED_NEXT(g, ...) ED_STEP("eddy_next", ED_RESUME, ED_NO_CODE, , g, ED_NO_SEND, , __VA_ARGS__, ED_STEP_NAMES)
#define ED_RESUME(ge, go) ed_generator_step(ED_SLOTS(ge, go))

#define eddy_send(...) \
    ED_BY_FOUR(ED_SEND_WRONG, ED_SEND_WRONG, ED_SEND_2, ED_SEND_3, ED_SEND_4, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_SEND_WRONG(...) \
    ED_WRONG_COUNT("eddy_send takes a generator, a value, perhaps a variable and &err: eddy_send(&g, 5, &v)")
#define ED_SEND_2(g, s) ED_SEND(g, s, ED_NO_OUT, , ED_NO_ERR, )
#define ED_SEND_3(g, s, v) ED_SEND(g, s, ED_DO_OUT, v, ED_NO_ERR, )
#define ED_SEND_4(g, s, v, e) ED_SEND(g, s, ED_DO_OUT, v, ED_DO_ERR, e)
#define ED_SEND(g, s, ...) \
    __extension__({ \
        ED_WHOLE(s, "eddy_send(&g, ((struct point){1, 2}), &v)"); \
        ED_STEP("eddy_send", ED_RESUME_SENDING, ED_NO_CODE, , g, ED_DO_SEND, s, __VA_ARGS__, ED_STEP_NAMES); \
    })
#define ED_RESUME_SENDING(ge, go) eddy_generator_send(ED_SLOTS(ge, go))

#define eddy_throw(...) \
    ED_BY_FOUR(ED_THROW_WRONG, ED_THROW_WRONG, ED_THROW_2, ED_THROW_3, ED_THROW_4, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_THROW_WRONG(...) \
    ED_WRONG_COUNT("eddy_throw takes a generator, a code, perhaps a variable and &err: eddy_throw(&g, EIO, &v)")
#define ED_THROW_2(g, code) ED_THROW(g, code, ED_NO_OUT, , ED_NO_ERR, )
#define ED_THROW_3(g, code, v) ED_THROW(g, code, ED_DO_OUT, v, ED_NO_ERR, )
#define ED_THROW_4(g, code, v, e) ED_THROW(g, code, ED_DO_OUT, v, ED_DO_ERR, e)
#define ED_THROW(g, code, ...) \
    ED_STEP("eddy_throw", ED_RESUME_THROWING, ED_DO_CODE, code, g, ED_NO_SEND, , __VA_ARGS__, ED_STEP_NAMES)
#define ED_RESUME_THROWING(ge, go) eddy_generator_throw(ED_SLOTS(ge, go), ED_CODE, &ED_THROWN_AT)
/* eddy_close(&g) · eddy_close(&g, &err) */
#define eddy_close(...) \
    ED_BY_COUNT(ED_CLOSE_WRONG, ED_CLOSE_1, ED_CLOSE_2, ED_CLOSE_WRONG, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_CLOSE_WRONG(...) ED_WRONG_COUNT("eddy_close takes a generator and perhaps &err: eddy_close(&g)")
#define ED_CLOSE_1(g) ED_CLOSE(g, ED_NO_ERR, , EDDY_UNIQUE(ed_cf_), EDDY_UNIQUE(ed_er_), EDDY_UNIQUE(ed_site_))
#define ED_CLOSE_2(g, e) ED_CLOSE(g, ED_DO_ERR, e, EDDY_UNIQUE(ed_cf_), EDDY_UNIQUE(ed_er_), EDDY_UNIQUE(ed_site_))
#define ED_CLOSE(g, error, e, cf, er, site) \
    __extension__({ \
        error(e, er); \
        __auto_type ed_operand = (ED_BRIEF(g)); \
        enum { ed_is_no_generator = ED_BRIEF(!ED_IS_POINTER(ed_operand) || ED_NO_GENERATOR(ed_operand)) }; \
        ED_BRIEF(_Static_assert(!ed_is_no_generator, "eddy_close needs the address of a generator: eddy_close(&g)")); \
        struct eddy_failure *cf = eddy_generator_close(&ED_UNLESS(ed_is_no_generator, ed_operand)->generator); \
        if (ED_UNLIKELY(cf != NULL)) \
            ED_CATCH_OR_PEND(cf, er, site, eddy_failure_unseen) \
        (void)0; \
    })

/* for_each (x, g) · for_each (x, g, &err) */
#define eddy_for_each(x, gen, ...) \
    ED_FOR_EACH(ED_BEGIN_LOOP, ED_NO_GENERATOR_AT, ED_WALK, ed_is_no_generator, \
                _Static_assert(!ed_is_no_generator, "for_each needs a generator: for_each (x, g())"), \
                eddy_each_leave, generator, ED_IN_FRAME ? ED_FRAME : NULL, ED_NEXT_ITEM, x, \
                ED_EACH_WALKED(x, gen), ED_EACH_ERROR(x, __VA_ARGS__), ED_EACH_NAMES)
/* async_for (x, g) · async_for (x, g, &err) */
#define eddy_async_for(x, gen, ...) \
    ED_FOR_EACH(ED_BEGIN_ASYNC_LOOP, ED_NO_ASYNC_ITERABLE_AT, ED_WALK_ASYNC, \
                ed_is_no_async_generator, \
                _Static_assert(!ed_is_no_async_generator, "async_for needs an async generator: async_for (x, g())"), \
                eddy_async_each_leave, async_generator, ED_FRAME, ED_NEXT_ASYNC_ITEM, x, \
                ED_EACH_WALKED(x, gen), ED_EACH_ERROR(x, __VA_ARGS__), ED_EACH_NAMES)
/* ED_CLEARED() is NULL, ED_CLEARED(err) is err, with its error cleared. */
#define ED_CLEARED(...) \
    ED_BY_COUNT(ED_CLEARED_NULL, ED_CLEARED_ONE, ED_CLEARED_MORE, ED_CLEARED_MORE, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_CLEARED_NULL() (eddy_error *)NULL
#define ED_CLEARED_ONE(err) \
    __extension__({ \
        ED_CLEAR(err, ed_cleared); \
        ed_cleared; \
    })
#define ED_CLEARED_MORE(...) \
    __extension__({ \
        ED_BRIEF(_Static_assert(0, "a loop takes a name, a generator and perhaps &err: for_each (x, g(), &err)")); \
        (eddy_error *)NULL; \
    })
/* A loop or a block with fewer than two arguments. */
#define ED_ALONE(text) for (; __extension__({ ED_BRIEF(_Static_assert(0, text)); false; });)
#define ED_FOR_EACH_ALONE(...) ED_ALONE("for_each takes a name and a generator: for_each (x, g())")
#define ED_ASYNC_FOR_ALONE(...) ED_ALONE("async_for takes a name and an async generator: async_for (x, g())")
#define ED_ASYNC_WITH_ALONE(...) ED_ALONE("async_with takes a name and a block: async_with (x, eddy_timeout(1))")
#define ED_EACH_NAMES \
    EDDY_UNIQUE(ed_on_), EDDY_UNIQUE(ed_gv_), EDDY_UNIQUE(ed_ga_), EDDY_UNIQUE(ed_gp_), EDDY_UNIQUE(ed_ec_), \
        EDDY_UNIQUE(ed_er_), EDDY_UNIQUE(ed_site_)
/*
 * Both loops. begin: what comes first. is_wrong, no_kind, rule: of the generator.
 * walk: the address of the object that is stepped, made of that of the value.
 * leave: what closes it. kind: its member. frame_: the body, or NULL. next(...): the step. The value must outlive the
 * closer, which must outlive the item: hence the nest, flag > value > address > object > closer > item.
 */
#define ED_FOR_EACH(...) ED_FOR_EACH_NEST(__VA_ARGS__)
#define ED_BEGIN_LOOP(x) __extension__({ ED_NAME_RULE(x, "for_each"); true; })
#define ED_BEGIN_ASYNC_LOOP(x) \
    __extension__({ \
        ED_BRIEF((void)await_outside_async_function); \
        ED_NAME_RULE(x, "async_for"); \
        ED_LEAVE_IF_PENDING \
        true; \
    })
/* For a channel, an iterator of this loop's own, since other loops, on other threads too, may walk the same one. */
#define ED_WALK(ga) ED_CHOOSE(ED_NO_GENERATOR_AT(ga), (struct ed_anything *)0, ga)
#define ED_WALK_ASYNC(ga) \
    ED_CHOOSE(ED_IS_CHANNEL(ga), \
              (&(__typeof__(ED_CHANNEL_AT(ga)->each_[0])){ \
                  .each = {.async_generator = {.step = eddy_channel_step}, \
                           .handle = &ED_CHANNEL_AT(ga)->channel, \
                           .item_size = sizeof ED_CHANNEL_AT(ga)->each_[0].value}}), \
              ED_CHOOSE(ED_NO_ASYNC_ITERABLE_AT(ga), (struct ed_anything *)0, ga))
#define ED_CHANNEL_AT(ga) ED_CHOOSE(ED_IS_CHANNEL(ga), ga, (struct ed_any_channel *)0)
#define ED_FOR_EACH_NEST(begin, no_kind, walk, is_wrong, rule, leave, kind, frame_, next, x, gen, err, \
                         on, gv, ga, gp, ec, er, site) \
    ED_BRIEF(for) (bool on = begin(x); on; on = false) \
        for (ED_UNUSED eddy_error *er = (ED_BRIEF(err)); on; on = false) \
            for (__auto_type gv = (ED_BRIEF(gen)); on; on = false) \
                for (__auto_type ga = ED_ADDRESS(gv); on && __extension__({ \
                         enum { is_wrong = ED_BRIEF(ED_IS_NO_TYPE(x) && no_kind(ga)) }; \
                         ED_BRIEF(rule); \
                         ED_STOP_IF(is_wrong) \
                         true; \
                     }); on = false) \
                    for (__auto_type gp = walk(ga); on; on = false) \
                        for (ED_UNUSED struct eddy_each ec __attribute__((cleanup(leave))) = \
                                 {ED_IS_POINTER(gv) ? NULL : &gp->kind, frame_}; \
                             on; on = false) \
                            for (ED_EACH_ITEM(x, gp); \
                                 __extension__({ next(on, gp, er, site) ED_CAT(on, m); }) && ED_EACH_PUT(x, gp);)
/* Of an x with a type, `for_each (int x, g())`, only that is reported: it is declared as it is written. Of other types
 * than C's own the preprocessor knows nothing; then the text is more than a word. */
#define ED_NAME_RULE(x, keyword) \
    enum { ed_is_no_name = !(ED_IS_NO_TYPE(x) && ED_IS_WORD(#x)) }; \
    ED_BRIEF(_Static_assert(!ed_is_no_name, \
                            keyword " takes a name without a type, which it declares: " keyword " (x, g())")); \
    ED_STOP_IF(ED_IS_NO_TYPE(x) && ed_is_no_name)
#define ED_IS_WORD(text) (ED_REST(text " ", ' ') == 1 && ED_REST(text "*", '*') == 1)
#define ED_EACH_WALKED(x, gen) ED_CAT(ED_EACH_WALKED_, ED_IS_NO_TYPE(x))(gen)
#define ED_EACH_WALKED_0(gen) (struct ed_anything *)0
#define ED_EACH_WALKED_1(gen) gen
#define ED_EACH_ERROR(x, ...) ED_CAT(ED_EACH_ERROR_, ED_IS_NO_TYPE(x))(__VA_ARGS__)
#define ED_EACH_ERROR_0(...) (eddy_error *)NULL
#define ED_EACH_ERROR_1(...) ED_CLEARED(__VA_ARGS__)
#define ED_EACH_ITEM(x, gp) ED_CAT(ED_EACH_ITEM_, ED_IS_NO_TYPE(x))(x, gp)
#define ED_EACH_ITEM_0(x, gp) x
#define ED_EACH_ITEM_1(x, gp) ED_UNUSED __typeof__(ED_RVALUE(gp->value)) x
#define ED_EACH_PUT(x, gp) ED_CAT(ED_EACH_PUT_, ED_IS_NO_TYPE(x))(x, gp)
#define ED_EACH_PUT_0(x, gp) true
#define ED_EACH_PUT_1(x, gp) (x = gp->value, true)
#define ED_NEXT_ITEM(on, gp, er, site) \
    bool ED_CAT(on, m) = ed_generator_step(&gp->generator, sizeof *gp, &gp->value, &gp->sent); \
    if (ED_UNLIKELY(!ED_CAT(on, m) && eddy_generator_failed(&gp->generator))) \
        ED_CATCH_OR_PEND(eddy_generator_failure(&gp->generator), er, site, eddy_failure_unhandled)
#define ED_NEXT_ASYNC_ITEM(on, gp, er, site) \
    ED_LEAVE_IF_PENDING \
    bool ED_CAT(on, m) = eddy_async_step(&gp->async_generator, sizeof *gp, &gp->value, &gp->sent); \
    if (ED_UNLIKELY(!ED_CAT(on, m) && eddy_generator_failed(&gp->async_generator.generator))) { \
        struct eddy_failure *ED_CAT(on, f) = eddy_generator_failure(&gp->async_generator.generator); \
        if (!er || eddy_failure_is_own_cancellation(ED_CAT(on, f))) \
            ED_FAIL(ED_CAT(on, f), site) \
        eddy_failure_catch(ED_CAT(on, f), er); \
    }

/* eddy_anext(&g, &v) · eddy_anext(&g); the same for the others: without &v the value is dropped */
#define eddy_anext(...) \
    ED_BY_COUNT(ED_ANEXT_WRONG, ED_ANEXT_1, ED_ANEXT_2, ED_ANEXT_WRONG, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_ANEXT_WRONG(...) ED_WRONG_COUNT("eddy_anext takes a generator and perhaps a variable: eddy_anext(&g, &v)")
#define ED_ANEXT_1(g) ED_ANEXT("eddy_anext", g, ED_NO_SEND, , ED_OWN_OUT, , 0, false)
#define ED_ANEXT_2(g, out) ED_ANEXT("eddy_anext", g, ED_NO_SEND, , ED_DO_OUT, out, 0, false)
#define eddy_asend(...) \
    ED_BY_FOUR(ED_ASEND_WRONG, ED_ASEND_WRONG, ED_ASEND_2, ED_ASEND_3, ED_ASEND_WRONG, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_ASEND_WRONG(...) \
    ED_WRONG_COUNT("eddy_asend takes a generator, a value and perhaps a variable: eddy_asend(&g, 5, &v)")
#define ED_ASEND_2(g, s) ED_ANEXT("eddy_asend", g, ED_DO_SEND, s, ED_OWN_OUT, , 0, true)
#define ED_ASEND_3(g, s, out) ED_ANEXT("eddy_asend", g, ED_DO_SEND, s, ED_DO_OUT, out, 0, true)
#define eddy_athrow(...) \
    ED_BY_FOUR(ED_ATHROW_WRONG, ED_ATHROW_WRONG, ED_ATHROW_2, ED_ATHROW_3, ED_ATHROW_WRONG, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_ATHROW_WRONG(...) \
    ED_WRONG_COUNT("eddy_athrow takes a generator, a code and perhaps a variable: eddy_athrow(&g, EIO, &v)")
#define ED_ATHROW_2(g, code) ED_ANEXT("eddy_athrow", g, ED_NO_SEND, , ED_OWN_OUT, , (code), false)
#define ED_ATHROW_3(g, code, out) ED_ANEXT("eddy_athrow", g, ED_NO_SEND, , ED_DO_OUT, out, (code), false)
#define ED_OWN_OUT(v, ge, go) __auto_type go = &ge->value
#define ED_ANEXT(...) ED_ANEXT_NAMED(__VA_ARGS__, EDDY_UNIQUE(ed_ag_), EDDY_UNIQUE(ed_an_), EDDY_UNIQUE(ed_site_))
#define ED_ANEXT_NAMED(...) ED_ANEXT_BODY(__VA_ARGS__)
#define ED_ANEXT_BODY(name, g, send, item, out_of, o, code, sending, ag, an, site_name) \
    ED_USE_ANEXT(__extension__({ \
        __auto_type ED_GIVEN(ag) = (ED_BRIEF(g)); \
        enum { ED_CAT(ag, is_wrong) = ED_BRIEF(ED_NO_ASYNC_STEPS(ED_GIVEN(ag))) }; \
        ED_BRIEF(_Static_assert(!ED_CAT(ag, is_wrong), name " needs the address of an async generator")); \
        __auto_type ag = ED_UNLESS(ED_CAT(ag, is_wrong), ED_GIVEN(ag)); \
        out_of(o, ag, an); \
        ED_SITE(site_name); \
        send(item, ag); \
        (struct eddy_anext){ED_HEADER(eddy_anext_type), .generator = &ag->async_generator, \
                            .generator_size = sizeof *ag, .value = &ag->value, .sent = &ag->sent, .out = an, \
                            .size = sizeof ag->value, .thrown = code, .sends = sending, .site = &site_name}; \
    }))
/* Not the address of something with the steps of an async generator. */
#define ED_NO_ASYNC_STEPS(x) \
    (!ED_IS_POINTER(x) || ED_NO_STRUCT(x) || \
     _Generic(&ED_ADDRESS(x)->async_generator, struct eddy_async_generator *: 0, default: 1))
#define eddy_aclose(g) \
    ED_USE_ACLOSE(__extension__({ \
        __auto_type ed_operand = (ED_BRIEF(g)); \
        enum { ed_is_no_async_generator = ED_BRIEF(ED_NO_ASYNC_STEPS(ed_operand)) }; \
        ED_BRIEF(_Static_assert(!ed_is_no_async_generator, \
                                "eddy_aclose needs the address of an async generator: eddy_aclose(&g)")); \
        (struct eddy_aclose){ED_HEADER(eddy_aclose_type), \
                             .generator = &ED_UNLESS(ed_is_no_async_generator, ed_operand)->async_generator}; \
    }))

/* A generator-based coroutine: awaits what the generator yields; its result is the generator's. */
#define eddy_from_generator(g) ED_FROM_GENERATOR(g, EDDY_UNIQUE(ed_fg_), EDDY_UNIQUE(ed_ft_))
#define ED_FROM_GENERATOR(g, fg, ft) \
    __extension__({ \
        __auto_type fg = (ED_BRIEF(g)); \
        ED_BRIEF(_Static_assert(__builtin_types_compatible_p(__typeof__(fg.value), eddy_awaitable *), \
                       "eddy_from_generator needs a generator(eddy_awaitable *, ...)")); \
        struct ft { \
            union { \
                struct eddy_awaitable awaitable; \
                struct eddy_generator_coroutine coroutine; \
            }; \
            __typeof__(fg.result) result; \
            __typeof__(fg) body; \
        }; \
        (struct ft){.coroutine = {ED_HEADER(eddy_from_generator_type), \
                                  .result_offset = offsetof(struct ft, result), \
                                  .result_size = sizeof fg.result, \
                                  .generator_offset = offsetof(struct ft, body), \
                                  .generator_size = sizeof fg, \
                                  .value_offset = offsetof(__typeof__(fg), value), \
                                  .sent_offset = offsetof(__typeof__(fg), sent), \
                                  .generator_result_offset = offsetof(__typeof__(fg), result)}, \
                    .body = fg}; \
    })

/* ---- blocks ---------------------------------------------------------------------------------------------- */

/* The manager of a block, or an object that has every member. */
#define ED_IS_LOCK(x) _Generic((x), eddy_lock: 1, eddy_semaphore: 1, eddy_condition: 1, default: 0)
#define ED_MANAGER_OR_ANYTHING(x) ED_CHOOSE(ED_IS_STRUCT(x) && !ED_IS_LOCK(x), &(x), (struct ed_anything *)0)
#define ED_NO_MANAGER(x) \
    (!ED_IS_STRUCT(x) || ED_IS_LOCK(x) || \
     _Generic(&ED_MANAGER_OR_ANYTHING(x)->manager, struct eddy_manager *: 0, default: 1))
#define ED_MANAGED(x) ED_CHOOSE(ED_NO_MANAGER(x), (struct ed_anything *)0, &(x))
#define eddy_async_with(x, m) \
    ED_ASYNC_WITH((void)await_outside_async_function, \
                  _Static_assert(!ed_is_no_block, \
                                 "async_with needs a block, as eddy_timeout(1), eddy_lock_hold(&lock)"), \
                  x, m, EDDY_UNIQUE(ed_on_), EDDY_UNIQUE(ed_mv_), EDDY_UNIQUE(ed_mp_), EDDY_UNIQUE(ed_mf_), \
                  EDDY_UNIQUE(ed_site_))
#define ED_ASYNC_WITH(context, rule, x, m, on, mv, mp, mf, site) \
    ED_BRIEF(for) (bool on = __extension__({ \
             ED_BRIEF(context); \
             ED_NAME_RULE(x, "async_with"); \
             ED_LEAVE_IF_PENDING \
             true; \
         }); on; on = false) \
        for (__auto_type mv = (ED_BRIEF(m)); on && __extension__({ \
                 enum { ed_is_no_block = ED_BRIEF(ED_NO_MANAGER(mv)) }; \
                 ED_BRIEF(rule); \
                 true; \
             }); on = false) \
            for (struct eddy_leaving mp __attribute__((cleanup(eddy_manager_leave))) = {&ED_MANAGED(mv)->manager, \
                                                                                        ED_FRAME}; \
                 on && __extension__({ \
                     struct eddy_failure *mf = eddy_manager_enter(mp.manager); \
                     if (ED_UNLIKELY(mf != NULL)) \
                         ED_FAIL(mf, site) \
                     true; \
                 }); \
                 __extension__({ \
                     ED_SITE(ED_CAT(site, b)); \
                     if (on) \
                         eddy_break_in_async_with(&ED_CAT(site, b)); \
                     struct eddy_failure *mf = eddy_manager_exit(mp.manager, ED_FRAME->failure); \
                     ED_FRAME->failure = NULL; \
                     if (ED_UNLIKELY(mf != NULL)) \
                         ED_FAIL(mf, ED_CAT(site, c)) \
                     (void)0; \
                 })) \
                for (ED_UNUSED __typeof__(ED_RVALUE(ED_MANAGED(mv)->value)) x = ED_MANAGED(mv)->value; on; on = false)

/* A manager written as a generator that yields once. */
#define eddy_manager_from_generator(g) ED_GENERATOR_MANAGER(g, EDDY_UNIQUE(ed_mg_), EDDY_UNIQUE(ed_mt_))
#define ED_GENERATOR_MANAGER(g, mg, mt) \
    __extension__({ \
        __auto_type ed_operand = (ED_BRIEF(g)); \
        enum { ed_is_no_generator = ED_BRIEF(!ED_IS_STRUCT(ed_operand) || (ED_NO_GENERATOR(ed_operand) && \
                                             ED_NO_ASYNC_ITERABLE_AT(ED_ADDRESS(ed_operand)))) }; \
        ED_BRIEF(_Static_assert(!ed_is_no_generator, \
                                "eddy_manager_from_generator needs a generator that yields once: f(x)")); \
        __auto_type mg = ED_CHOOSE(ed_is_no_generator, (struct ed_anything){.result = 0}, ed_operand); \
        struct mt { \
            union { \
                struct eddy_manager manager; \
                struct eddy_generator_manager generator_manager; \
            }; \
            __typeof__(mg.value) value; \
            __typeof__(mg) body; \
        }; \
        (struct mt){.generator_manager = {.manager = {.enter = eddy_generator_manager_enter, \
                                                      .exit = eddy_generator_manager_exit}, \
                                          .generator_offset = offsetof(struct mt, body), \
                                          .generator_size = sizeof mg, \
                                          .value_offset = offsetof(struct mt, value), \
                                          .generator_value_offset = offsetof(__typeof__(mg), value), \
                                          .generator_sent_offset = offsetof(__typeof__(mg), sent), \
                                          .value_size = sizeof mg.value}, \
                    .body = mg}; \
    })

struct eddy_deferred {
    void (*function)(void *);
    void *argument;
};
static inline void eddy_run_deferred(struct eddy_deferred *deferred)
{
    deferred->function(deferred->argument);
    __asm__ volatile(""); /* so that it is no tail call, which would take the body's frame away from its tasks */
}
/* The type comes first: with an attribute in front gcc takes `if (c) defer(f, x);` for `if (c) ; defer(f, x);` */
#define eddy_defer(...) \
    ED_BY_COUNT(ED_DEFER_WRONG, ED_DEFER_WRONG, ED_DEFER, ED_DEFER_WRONG, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_DEFER_WRONG(...) \
    ED_BRIEF(_Static_assert(0, "defer takes a function and its argument: defer(free, text)"))
#define ED_DEFER(function_name, argument_value) \
    ED_BRIEF(struct) eddy_deferred EDDY_UNIQUE(ed_defer_) __attribute__((unused, cleanup(eddy_run_deferred))) = { \
        ED_CALLABLE(function_name, argument_value), ED_ARGUMENT(argument_value)}

/* eddy_move_on_after(seconds) · eddy_move_on_after(seconds, &fired) */
#define eddy_move_on_after(...) \
    ED_BY_COUNT(ED_MOVE_ON_WRONG, ED_MOVE_ON_1, ED_MOVE_ON_2, ED_MOVE_ON_WRONG, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_MOVE_ON_WRONG(...) \
    __extension__({ \
        ED_BRIEF(_Static_assert(0, "eddy_move_on_after takes seconds and perhaps &fired: eddy_move_on_after(1.5)")); \
        (struct ed_anything){.result = 0}; \
    })
#define ED_MOVE_ON_1(seconds) (eddy_move_on_after)(seconds)
#define ED_MOVE_ON_2(seconds, fired) eddy_move_on_telling(seconds, fired)

#define eddy_group_spawn(...) \
    ED_BY_FOUR(ED_GROUP_SPAWN_WRONG, ED_GROUP_SPAWN_WRONG, ED_GROUP_SPAWN_2, ED_GROUP_SPAWN_3, ED_GROUP_SPAWN_WRONG, \
               ##__VA_ARGS__)( \
        _Static_assert(!ed_is_no_coroutine, \
                       "eddy_group_spawn needs a coroutine value: eddy_group_spawn(group, f(x))"), __VA_ARGS__)
#define ED_GROUP_SPAWN_WRONG(...) \
    ED_WRONG_COUNT("eddy_group_spawn takes a group, a coroutine and perhaps a slot: eddy_group_spawn(group, f(x))")
#define ED_GROUP_SPAWN_2(rule, group, coro) ED_GROUP_SPAWN(rule, group, coro, (void)0, NULL, 0, 0)
#define ED_GROUP_SPAWN_3(rule, group, coro, slot) \
    ED_GROUP_SPAWN(rule, group, coro, \
                   _Static_assert(__builtin_types_compatible_p(__typeof__(ED_RVALUE(slot)), \
                                                               __typeof__(&ed_operand.result)), \
                                  "eddy_group_spawn: the slot must be the address of a variable of the result type"), \
                   ED_CHOOSE(ED_IS_POINTER(slot), slot, (void *)0), \
                   offsetof(__typeof__(ed_operand), result), sizeof ed_operand.result)
#define ED_GROUP_SPAWN(rule, group, coro, slot_rule, slot, offset, size) \
    __extension__({ \
        ED_COROUTINE(rule, coro); \
        ED_BRIEF(slot_rule); \
        ED_SITE(ed_site); \
        eddy_group_spawn_copy((group), &ed_operand, sizeof ed_operand, (slot), offset, size, &ed_site); \
    })

/* ---- queues, lists, callbacks, servers ------------------------------------------------------------------- */

/* The words for who forgets the type of the items. The types are never complete, so each such variable is one error. */
typedef struct ed_queue_of_nothing eddy_queue
    __attribute__((unavailable("a queue has the type of its items: queue_of(int) q")));
typedef struct ed_channel_of_nothing eddy_channel
    __attribute__((unavailable("a channel has the type of its items: channel_of(int) c")));

/* The types of the results of get and put are members without size: __typeof__ finds them. */
#define ED_GET_AND_PUT(T, op_type) \
    ED_BRIEF(_Static_assert(!ED_IS_VOID(T), "the items of a queue or a channel have a type: queue_of(int) q")); \
    __extension__ struct { \
        union { \
            struct eddy_awaitable awaitable; \
            op_type op; \
        }; \
        ED_OBJECT(T) result; \
    } get_[0]; \
    __extension__ struct { \
        union { \
            struct eddy_awaitable awaitable; \
            op_type op; \
        }; \
        eddy_void result; \
        ED_OBJECT(T) item; \
    } put_[0]
/* The member async_generator makes it one of the operands of async_for: see ED_IS_CHANNEL. */
#define eddy_channel_of(T) \
    struct { \
        __extension__ union { \
            struct eddy_channel channel; \
            struct eddy_channel async_generator; \
        }; \
        ED_GET_AND_PUT(T, struct eddy_channel_op); \
        __extension__ struct { \
            union { \
                struct eddy_channel_each each; \
                struct eddy_async_generator async_generator; \
            }; \
            ED_OBJECT(T) value, sent; \
        } each_[0]; \
    }
struct ed_any_channel {
    struct eddy_channel channel;
    __extension__ struct {
        __extension__ union {
            struct eddy_channel_each each;
            struct eddy_async_generator async_generator;
        };
        int value, sent;
    } each_[1];
};
#define ED_NEEDS_QUEUE ed_needs_queue, "this needs the address of a queue: &q"
#define ED_NEEDS_CHANNEL ed_needs_channel, "this needs the address of a channel: &c"
#define ED_NEEDS_LIST ed_needs_list, "this needs the address of a list: &l"
#define ED_RULE(...) ED_RULE_OF(__VA_ARGS__)
ED_RULE(ED_NEEDS_QUEUE)
ED_RULE(ED_NEEDS_CHANNEL)
ED_RULE(ED_NEEDS_LIST)
#define ED_CHECKED(p, ...) ED_POINTER(p, __VA_ARGS__)
#define ED_CHANNEL_OF(c) (&ED_CHECKED(c, ED_NEEDS_CHANNEL)->channel)
#define ED_QUEUE_AT(q) (&ED_CHECKED(q, ED_NEEDS_QUEUE)->queue)
#define eddy_channel_init(c, size) eddy_channel_setup(ED_CHANNEL_OF(c), sizeof(c)->get_[0].result, size)
#define eddy_channel_get(c) \
    ED_NOT_DROPPED((__typeof__(ED_CHECKED(c, ED_NEEDS_CHANNEL)->get_[0])){ \
        .op = {ED_HEADER(eddy_channel_get_type), \
               .handle = &(c)->channel, \
               .item_offset = offsetof(__typeof__((c)->get_[0]), result)}})
#define eddy_channel_put(c, ...) \
    ED_PUT_INTO(ED_NEEDS_CHANNEL, c, ED_HEADER(eddy_channel_put_type), .handle = &(c)->channel, \
                EDDY_UNIQUE(ed_qp_), (__VA_ARGS__))
/* The awaitable of a put into a channel or a queue. rule: for the object. to: what names it. */
#define ED_PUT_INTO(rule, object, header, to, qp, v) \
    ED_NOT_DROPPED((__typeof__(ED_CHECKED(object, rule)->put_[0])){ \
        .op = {header, to, .item_offset = offsetof(__typeof__((object)->put_[0]), item)}, \
        .item = ({ \
            __typeof__((object)->put_[0].item) qp; \
            ED_BRIEF(qp = v); \
            qp; \
        })})
/* eddy_channel_put_wait(&c, v, seconds) · eddy_channel_get_wait(&c, &v, seconds): on a thread; seconds negative: for
 * ever. eddy_channel_try_put(&c, v) · eddy_channel_try_get(&c, &v): without waiting. */
#define eddy_channel_put_wait(c, v, seconds) ED_CHANNEL_PUSH(c, v, seconds, EDDY_UNIQUE(ed_qp_), EDDY_UNIQUE(ed_qq_))
#define ED_CHANNEL_PUSH(c, v, seconds, qp, qq) \
    __extension__({ \
        __auto_type qq = (ED_BRIEF(c)); \
        __typeof__(qq->get_[0].result) qp; \
        ED_BRIEF(qp = (v)); \
        eddy_channel_push(&qq->channel, &qp, seconds); \
    })
#define eddy_channel_get_wait(c, out, seconds) ED_CHANNEL_PULL(c, out, seconds, EDDY_UNIQUE(ed_qo_))
#define ED_CHANNEL_PULL(c, out, seconds, qo) \
    __extension__({ \
        __auto_type qo = (ED_BRIEF(out)); \
        ED_BRIEF(_Static_assert(__builtin_types_compatible_p(__typeof__(*qo), __typeof__((c)->get_[0].result)), \
                                "eddy_channel_get_wait: the variable must have the type of the items")); \
        eddy_channel_pull(ED_CHANNEL_OF(c), qo, seconds); \
    })
#define eddy_channel_try_put(c, v) (eddy_channel_put_wait(c, v, 0) == 0)
#define eddy_channel_try_get(c, out) (eddy_channel_get_wait(c, out, 0) == 0)
#define eddy_channel_sender(half, c) ED_CHANNEL_SHARE(half, c, EDDY_CHANNEL_SENDS)
#define eddy_channel_receiver(half, c) ED_CHANNEL_SHARE(half, c, EDDY_CHANNEL_RECEIVES)
#define ED_CHANNEL_SHARE(half, c, halves) \
    eddy_channel_share(&(half)->channel, &(1 ? (c) : (half))->channel, halves)
#define eddy_channel_size(c) eddy_channel_count(ED_CHANNEL_OF(c))
#define eddy_channel_close(c) eddy_channel_end(ED_CHANNEL_OF(c))
#define eddy_channel_free(c) eddy_channel_drop(ED_CHANNEL_OF(c))
#define eddy_queue_of(T) \
    struct { \
        struct eddy_queue queue; \
        ED_GET_AND_PUT(T, struct eddy_queue_op); \
    }
#define ED_QUEUE_SETUP(q, maxsize, order, compare) \
    eddy_queue_setup(ED_QUEUE_AT(q), sizeof(q)->get_[0].result, maxsize, order, compare)
#define eddy_queue_init(q, maxsize) ED_QUEUE_SETUP(q, maxsize, EDDY_QUEUE_FIFO, NULL)
#define eddy_lifo_init(q, maxsize) ED_QUEUE_SETUP(q, maxsize, EDDY_QUEUE_LIFO, NULL)
/* compare: int (*)(const T *, const T *) */
#define eddy_priority_init(q, maxsize, compare) \
    ED_QUEUE_SETUP(q, maxsize, EDDY_QUEUE_PRIORITY, \
                   ((void)sizeof((compare)(&(q)->get_[0].result, &(q)->get_[0].result)), \
                    (eddy_queue_compare)(uintptr_t)(compare)))
#define eddy_queue_get(q) \
    ED_NOT_DROPPED((__typeof__(ED_CHECKED(q, ED_NEEDS_QUEUE)->get_[0])){ \
        .op = {ED_HEADER(eddy_queue_get_type), \
               .queue = &(q)->queue, \
               .item_offset = offsetof(__typeof__((q)->get_[0]), result)}})
/* The item is assigned, not initialised: an initialiser would accept 5 for a struct, by brace elision. */
#define eddy_queue_put(q, ...) \
    ED_PUT_INTO(ED_NEEDS_QUEUE, q, ED_HEADER(eddy_queue_put_type), .queue = &(q)->queue, \
                EDDY_UNIQUE(ed_qp_), (__VA_ARGS__))
#define eddy_queue_try_put(q, ...) ED_QUEUE_TRY_PUT(q, EDDY_UNIQUE(ed_qp_), EDDY_UNIQUE(ed_qq_), (__VA_ARGS__))
#define ED_QUEUE_TRY_PUT(q, qp, qq, v) \
    __extension__({ \
        __auto_type qq = ED_CHECKED(ED_BRIEF(q), ED_NEEDS_QUEUE); \
        __typeof__(qq->get_[0].result) qp; \
        ED_BRIEF(qp = v); \
        eddy_queue_push(&qq->queue, &qp); \
    })
#define eddy_queue_try_get(q, out) ED_QUEUE_TRY_GET(q, out, EDDY_UNIQUE(ed_qo_))
#define ED_QUEUE_TRY_GET(q, out, qo) \
    __extension__({ \
        __auto_type qo = (ED_BRIEF(out)); \
        ED_BRIEF(_Static_assert(__builtin_types_compatible_p(__typeof__(*qo), __typeof__((q)->get_[0].result)), \
                       "eddy_queue_try_get: the variable must have the type of the items")); \
        eddy_queue_pull(ED_QUEUE_AT(q), qo); \
    })
#define eddy_queue_task_done(q) eddy_queue_finish_one(ED_QUEUE_AT(q))
#define eddy_queue_join(q) \
    ED_USE_QUEUE_JOIN((struct eddy_queue_join){ED_HEADER(eddy_queue_join_type), .queue = ED_QUEUE_AT(q)})
#define eddy_queue_shutdown(q, immediate) eddy_queue_end(ED_QUEUE_AT(q), immediate)
#define eddy_queue_size(q) ((q)->queue.count)
#define eddy_queue_empty(q) ((q)->queue.count == 0)
#define eddy_queue_full(q) ((q)->queue.max_size && (q)->queue.count >= (q)->queue.max_size)
#define eddy_queue_free(q) eddy_queue_drop(ED_QUEUE_AT(q))

/* list_of(T) l = {0}; collect(&l, expression, x, generator[, condition]); list_free(&l); */
#define eddy_list_of(T) \
    struct { \
        T *items; \
        size_t count, capacity; \
    }
EDDY_API void *eddy_list_grow(void *items, size_t *capacity, size_t item_size);
EDDY_API void eddy_list_drop(void *items);
#define eddy_list_push(l, ...) \
    ED_LIST_PUSH(l, EDDY_UNIQUE(ed_li_), EDDY_UNIQUE(ed_lg_), EDDY_UNIQUE(ed_site_), __VA_ARGS__)
#define ED_LIST_PUSH(l, li, lg, site, ...) \
    __extension__({ \
        __auto_type li = ED_CHECKED(ED_BRIEF(l), ED_NEEDS_LIST); \
        void *lg = li->items; \
        if (li->count == li->capacity) \
            lg = eddy_list_grow(li->items, &li->capacity, sizeof *li->items); \
        if (ED_UNLIKELY(lg == NULL)) { \
            ED_PEND(eddy_failure_new(NULL, 12 /* ENOMEM */, "no memory for a longer list"), site, \
                    eddy_failure_unhandled) \
        } else { \
            li->items = lg; \
            ED_BRIEF(li->items[li->count++] = (__VA_ARGS__)); \
        } \
        (void)0; \
    })
#define eddy_list_free(l) ED_LIST_FREE(l, EDDY_UNIQUE(ed_li_))
#define ED_LIST_FREE(l, li) \
    __extension__({ \
        __auto_type li = ED_CHECKED(ED_BRIEF(l), ED_NEEDS_LIST); \
        eddy_list_drop(li->items); \
        li->items = NULL; \
        li->count = li->capacity = 0; \
        (void)0; \
    })
#define ED_CONDITION(...) ED_CAT(ED_CONDITION_, ED_NARGS(__VA_ARGS__))(__VA_ARGS__)
#define ED_CONDITION_0() true
#define ED_CONDITION_1(c) (c)
#define ED_COLLECT(loop, l, e, x, gen, ...) \
    loop (x, gen) \
        if (!ED_CONDITION(__VA_ARGS__)) { \
        } else \
            eddy_list_push(l, e)
#define ED_COLLECT_4(loop, l, e, x, gen) ED_COLLECT(loop, l, e, x, gen)
#define ED_COLLECT_5(loop, l, e, x, gen, c) ED_COLLECT(loop, l, e, x, gen, c)
#define ED_COLLECT_WRONG(loop, ...) \
    ED_WRONG_COUNT("collect takes a list, an expression, a name, a generator: collect(&l, x * x, x, g())")
#define ED_COLLECT_BY_COUNT(...) \
    ED_PICK_14TH(0, ##__VA_ARGS__, ED_COLLECT_WRONG, ED_COLLECT_WRONG, ED_COLLECT_WRONG, ED_COLLECT_WRONG, \
                 ED_COLLECT_WRONG, ED_COLLECT_WRONG, ED_COLLECT_WRONG, ED_COLLECT_5, ED_COLLECT_4, ED_COLLECT_WRONG, \
                 ED_COLLECT_WRONG, ED_COLLECT_WRONG, ED_COLLECT_WRONG)
#define eddy_collect(...) ED_COLLECT_BY_COUNT(__VA_ARGS__)(eddy_for_each, __VA_ARGS__)
#define eddy_async_collect(...) ED_COLLECT_BY_COUNT(__VA_ARGS__)(eddy_async_for, __VA_ARGS__)

#define ED_CALLBACK(function, argument) ED_CALLABLE(function, argument), ED_ARGUMENT(argument)
#define eddy_call_soon(function, argument) (eddy_call_soon)(ED_CALLBACK(function, argument))
#define eddy_call_later(seconds, function, argument) (eddy_call_later)(seconds, ED_CALLBACK(function, argument))
#define eddy_call_at(when, function, argument) (eddy_call_at)(when, ED_CALLBACK(function, argument))
#define eddy_add_reader(fd, function, argument) (eddy_add_reader)(fd, ED_CALLBACK(function, argument))
#define eddy_add_writer(fd, function, argument) (eddy_add_writer)(fd, ED_CALLBACK(function, argument))
#define eddy_add_signal_handler(number, function, argument) \
    (eddy_add_signal_handler)(number, ED_CALLBACK(function, argument))
#define eddy_call_on_big_stack(function, argument) (eddy_call_on_big_stack)(ED_CALLBACK(function, argument))
/* (loop, function, argument), or (function, argument) for this thread's loop, else for the only loop */
#define eddy_call_soon_threadsafe(...) \
    ED_BY_FOUR(ED_CALL_SOON_THREADSAFE_WRONG, ED_CALL_SOON_THREADSAFE_WRONG, ED_CALL_SOON_THREADSAFE_2, \
               ED_CALL_SOON_THREADSAFE_3, ED_CALL_SOON_THREADSAFE_WRONG, ##__VA_ARGS__)(__VA_ARGS__)
#define ED_CALL_SOON_THREADSAFE_WRONG(...) \
    ED_WRONG_COUNT("eddy_call_soon_threadsafe takes perhaps a loop, a function and its argument")
#define ED_CALL_SOON_THREADSAFE_2(function, argument) \
    (eddy_call_soon_threadsafe)(NULL, ED_CALLBACK(function, argument))
#define ED_CALL_SOON_THREADSAFE_3(loop, function, argument) \
    (eddy_call_soon_threadsafe)(loop, ED_CALLBACK(function, argument))

/* The handler is identified by a prototype value; the stream is stored into its first parameter. */
#define eddy_start_server(handler, argument, host_name, port_number) \
    eddy_start_server_with_options( \
        handler, argument, \
        (&(const eddy_server_options){.size = sizeof(eddy_server_options), .host = (host_name), .port = (port_number)}))
#define eddy_start_unix_server(handler, argument, path) \
    eddy_start_server_with_options( \
        handler, argument, (&(const eddy_server_options){.size = sizeof(eddy_server_options), .unix_path = (path)}))
/* Variadic: the commas of &(eddy_server_options){.size = ..., .port = 80} separate macro arguments. */
#define eddy_start_server_with_options(handler, argument, ...) \
    ED_START_SERVER(handler, argument, EDDY_UNIQUE(ed_sv_), (__VA_ARGS__))
#define ED_START_SERVER(handler, argument, sv, options) \
    __extension__({ \
        __auto_type sv = handler((eddy_stream *)NULL, (argument)); \
        eddy_start_server_with(&sv, sizeof sv, offsetof(__typeof__(sv), args), options); \
    })

#ifdef __clang__
#pragma clang diagnostic pop
#endif
#endif
