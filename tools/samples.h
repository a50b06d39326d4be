/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The value of --samples, as dp_plan_options wants it. */

#ifndef DP_TOOLS_SAMPLES_H
#define DP_TOOLS_SAMPLES_H

#include "dataplug.h"

/* `value` is a list "A,B,C" or the name of a file with one name a line ("@NAME", or just NAME when
 * there is such a file), with '^' in front for all other samples. The caller frees *names, which
 * newlines separate. */
int dp_samples_read(const char *value, char **names, struct dp_error *err);

#endif
