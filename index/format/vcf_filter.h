/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#ifndef DP_FORMAT_VCF_FILTER_H
#define DP_FORMAT_VCF_FILTER_H

#include "index/format/filter.h"

/* What slices of VCF text may filter by: records by region, and sample columns; see VCF.md. */
extern const struct dp_filter_type dp_vcf_filter;

#endif
