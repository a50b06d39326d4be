/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/kernel.h"

#include <string.h>

struct dp_mdr_kernel {
    const char *name;
};

static const struct dp_mdr_kernel generic = {"generic"};

int dp_mdr_kernel_find(const char *name, const struct dp_mdr_kernel **kernel, struct dp_error *err)
{
    if (name && strcmp(name, "auto") != 0 && strcmp(name, generic.name) != 0)
        return dp_error_set(err, DP_UNSUPPORTED, "kernel %s: not of this machine", name);
    *kernel = &generic;
    return 0;
}

const char *dp_mdr_kernel_name(const struct dp_mdr_kernel *kernel)
{
    return kernel->name;
}

const char *const *dp_mdr_kernel_names(void)
{
    static const char *const names[] = {"generic", NULL};

    return names;
}
