/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/kernel_table.h"

#include <string.h>

/* Best first. */
static const struct dp_mdr_kernel *const kernels[] = {
#ifdef DP_MDR_HAVE_X86
    &dp_mdr_kernel_avx512,
    &dp_mdr_kernel_avx2,
#endif
#ifdef DP_MDR_HAVE_NEON
    &dp_mdr_kernel_neon,
#endif
    &dp_mdr_kernel_generic,
};

enum { KERNELS = sizeof(kernels) / sizeof(kernels[0]) };

int dp_mdr_kernel_find(const char *name, const struct dp_mdr_kernel **kernel, struct dp_error *err)
{
    bool best = !name || strcmp(name, "auto") == 0;
    size_t n;

    for (n = 0; n < KERNELS; n++) {
        if (kernels[n]->runs_here() && (best || strcmp(name, kernels[n]->name) == 0)) {
            *kernel = kernels[n];
            return 0;
        }
    }
    return dp_error_set(err, DP_UNSUPPORTED, "kernel %s: this machine or build has none", name);
}

const char *dp_mdr_kernel_name(const struct dp_mdr_kernel *kernel)
{
    return kernel->name;
}

const char *const *dp_mdr_kernel_names(void)
{
    static _Thread_local const char *names[KERNELS + 1];
    size_t n, count = 0;

    for (n = 0; n < KERNELS; n++) {
        if (kernels[n]->runs_here())
            names[count++] = kernels[n]->name;
    }
    names[count] = NULL;
    return names;
}
