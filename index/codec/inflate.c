/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/codec/inflate.h"

#include <string.h>

/* The fastest first. */
static const struct dp_inflate_ops *const backends[] = {
#ifdef HAVE_ISAL
    &dp_inflate_isal,
#endif
    &dp_inflate_zlib,
};

enum { BACKEND_COUNT = sizeof(backends) / sizeof(backends[0]) };

static bool is_usable(const struct dp_inflate_ops *ops)
{
    return !ops->usable || ops->usable();
}

const char *dp_inflate_name(size_t i)
{
    for (size_t row = 0; row < BACKEND_COUNT; row++)
        if (is_usable(backends[row]) && i-- == 0)
            return backends[row]->name;
    return NULL;
}

int dp_inflate_open(const char *backend, struct dp_inflate **inflate, struct dp_error *err)
{
    for (unsigned i = 0; i < BACKEND_COUNT; i++) {
        struct dp_inflate *opened;

        if ((backend && strcmp(backend, backends[i]->name) != 0) || !is_usable(backends[i]))
            continue;
        opened = backends[i]->open();
        if (!opened)
            return dp_error_no_memory(err);
        *inflate = opened;
        return DP_OK;
    }
    return dp_error_set(err, DP_UNSUPPORTED,
                        "inflate backend %s is not built in, or the library at hand is not fit "
                        "for it%s", backend,
                        strcmp(backend, "isal") == 0 ? " (configure --with-isal)" : "");
}

void dp_inflate_free(struct dp_inflate *inflate)
{
    if (inflate)
        inflate->ops->close(inflate);
}
