/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#ifndef DP_FORMAT_VCF_H
#define DP_FORMAT_VCF_H

#include "index/format/format.h"

/* Variants as text; see VCF.md. */
extern const struct dp_format dp_vcf;

#endif
