// error: functions_cannot_stand_in_a_struct
/* SPDX-License-Identifier: MIT */
/* C has no methods. */
#include <eddy/keywords.h>
#include "common.h"

struct account {
    int balance;
    async(int, deposit, (int, n));
};
