/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void dp_error_clear(struct dp_error *err)
{
    if (err)
        memset(err, 0, sizeof(*err));
}

/* Names in objects and URIs are foreign text: they must not be able to move a terminal's cursor. */
static void flatten(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

static void fill(struct dp_error *err, enum dp_result code, enum dp_detail detail,
                 const char *format, va_list args)
{
    if (!err)
        return;
    dp_error_clear(err);
    err->code = code;
    err->detail = detail;
    vsnprintf(err->message, sizeof(err->message), format, args);
    flatten(err->message);
}

int dp_error_set(struct dp_error *err, enum dp_result code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fill(err, code, DP_DETAIL_NONE, format, args);
    va_end(args);
    return code;
}

int dp_error_set_detail(struct dp_error *err, enum dp_result code, enum dp_detail detail,
                        const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fill(err, code, detail, format, args);
    va_end(args);
    return code;
}

static enum dp_result code_of_errno(int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG: /* nothing can be called so */
        return DP_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return DP_DENIED;
    case ENOMEM:
        return DP_NO_MEMORY;
    default:
        return DP_IO;
    }
}

int dp_error_set_errno(struct dp_error *err, int errnum, const char *format, ...)
{
    va_list args;
    size_t used;
    enum dp_result code = code_of_errno(errnum);

    va_start(args, format);
    fill(err, code, DP_DETAIL_NONE, format, args);
    va_end(args);
    if (err) {
        used = strlen(err->message);
        snprintf(err->message + used, sizeof(err->message) - used, ": %s", strerror(errnum));
    }
    return code;
}

int dp_error_no_memory(struct dp_error *err)
{
    return dp_error_set(err, DP_NO_MEMORY, "out of memory");
}
