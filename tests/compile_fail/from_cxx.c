// error: is for C; from C\+\+ include <eddy.h>
// flags: -fsyntax-only -D__cplusplus=201703L
/* SPDX-License-Identifier: MIT */
/* C++ may call the functions; it cannot read the macros. */
#include <eddy/keywords.h>

int main(void)
{
    return 0;
}
