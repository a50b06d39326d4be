/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The kernels that count: one const table, chosen once by what the processor can do. All give the
 * same integers. */

#ifndef DP_MDR_KERNEL_H
#define DP_MDR_KERNEL_H

#include "base/error.h"

struct dp_mdr_kernel;

/* By name ("generic", "avx2", "avx512", "neon"), or the best of this machine for NULL or "auto".
 * One that this machine or build lacks is DP_UNSUPPORTED. */
int dp_mdr_kernel_find(const char *name, const struct dp_mdr_kernel **kernel, struct dp_error *err);
const char *dp_mdr_kernel_name(const struct dp_mdr_kernel *kernel);
/* The names that this machine can run, best first, NULL at the end. */
const char *const *dp_mdr_kernel_names(void);

#endif
