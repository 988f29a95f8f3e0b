// error: implicit declaration of function|undeclared
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    return await(no_such_function(1));
}
