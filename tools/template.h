/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* File names of slices, made from a template in which {number}, {id}, {format} and {output} are
 * replaced. */

#ifndef DP_TOOLS_TEMPLATE_H
#define DP_TOOLS_TEMPLATE_H

#include "dataplug.h"

#include <stdbool.h>

/* Is it a file name in which slices differ? When not, *why says what is wrong. */
bool dp_template_check(const char *template, const char **why);
/* The default for slices of a format; with {output} when they have several. To be freed; NULL when
 * out of memory. */
char *dp_template_default(const char *format, bool compressed, bool many_outputs);
/* The name of one output of a slice; NULL when out of memory. The caller frees it. {number} has as
 * many digits as the number of slices, at least 5, so that names sort like slices. */
char *dp_template_expand(const char *template, const struct dp_slice_info *slice,
                         const char *output);

#endif
