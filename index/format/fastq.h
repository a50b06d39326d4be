/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#ifndef DP_FORMAT_FASTQ_H
#define DP_FORMAT_FASTQ_H

#include "index/format/format.h"

/* FASTQ; see FASTQ.md. */
extern const struct dp_format dp_fastq;

#endif
