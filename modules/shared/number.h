/* SPDX-License-Identifier: MIT */
/* number.h - floating-point numbers as servers write them, whatever the program's locale is. */
#ifndef EDDY_MODULES_NUMBER_H
#define EDDY_MODULES_NUMBER_H

#include <stddef.h>

/* As strtod. */
double number_parse(const char *text);
/* Enough digits to be read as the same number; returns the length. */
size_t number_format(double value, char *text, size_t size);

#endif
