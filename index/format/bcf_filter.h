/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#ifndef DP_FORMAT_BCF_FILTER_H
#define DP_FORMAT_BCF_FILTER_H

#include "index/format/filter.h"

/* What slices of BCF may filter by: records by region, and samples; see BCF.md. */
extern const struct dp_filter_type dp_bcf_filter;

#endif
