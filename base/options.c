/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "base/options.h"

#include "base/error.h"

#include <string.h>

int dp_options_take(void *own, size_t own_bytes, const void *given, const char *what,
                    struct dp_error *err)
{
    size_t bytes;

    memset(own, 0, own_bytes);
    if (given) {
        memcpy(&bytes, given, sizeof(bytes));
        if (bytes < sizeof(bytes))
            return dp_error_set(err, DP_INVALID, "%s options: struct_bytes is not set", what);
        memcpy(own, given, bytes < own_bytes ? bytes : own_bytes);
    }
    memcpy(own, &own_bytes, sizeof(own_bytes));
    return DP_OK;
}
