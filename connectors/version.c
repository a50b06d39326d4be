/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "dataplug.h"

#include <stdlib.h>

#define TEXT(number)    #number
#define TEXT_OF(number) TEXT(number)

const char *dp_version(void)
{
    return TEXT_OF(DP_VERSION_MAJOR) "." TEXT_OF(DP_VERSION_MINOR) "." TEXT_OF(DP_VERSION_PATCH);
}

const char *dp_result_name(int code)
{
    static const char *const names[] = {
        "DP_OK",          "DP_INVALID",   "DP_NO_MEMORY",   "DP_IO",
        "DP_NOT_FOUND",   "DP_DENIED",    "DP_DATA",        "DP_CHANGED",
        "DP_STALE_INDEX", "DP_BAD_INDEX", "DP_UNSUPPORTED", "DP_CANCELLED"};
    size_t i = (size_t)(code < 0 ? -(long)code : code);

    return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown result";
}

void dp_text_free(char *text)
{
    free(text);
}
