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

const char *dp_inflate_name(size_t i)
{
    return i < BACKEND_COUNT ? backends[i]->name : NULL;
}

int dp_inflate_open(const char *backend, struct dp_inflate **inflate, struct dp_error *err)
{
    for (unsigned i = 0; i < BACKEND_COUNT; i++) {
        if (backend && strcmp(backend, backends[i]->name) != 0)
            continue;
        *inflate = backends[i]->open();
        return *inflate ? DP_OK : dp_error_no_memory(err);
    }
    return dp_error_set(err, DP_UNSUPPORTED, "inflate backend %s is not built in%s", backend,
                        strcmp(backend, "isal") == 0 ? " (configure --with-isal)" : "");
}

void dp_inflate_free(struct dp_inflate *inflate)
{
    if (inflate)
        inflate->ops->close(inflate);
}
