/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#ifndef DP_FORMAT_BCF_H
#define DP_FORMAT_BCF_H

#include "index/format/loci.h"

/* The magic, and the length of the text that follows. */
#define DP_BCF_START_BYTES 9u

/* What a record begins with: the lengths of its two parts, and the shared one's fixed part. */
#define DP_BCF_HEAD_BYTES 32u
struct dp_bcf_head {
    uint32_t shared_bytes, indiv_bytes;
    int32_t contig, position, length; /* position from 0 */
    uint32_t allele_count, info_count, sample_count, format_count;
};
struct dp_bcf_head dp_bcf_head_read(const uint8_t at[DP_BCF_HEAD_BYTES]);
/* Can both parts hold what they are said to hold? */
bool dp_bcf_head_fits(const struct dp_bcf_head *head);
/* Bytes of the record behind its head, which fits. */
uint64_t dp_bcf_head_rest(const struct dp_bcf_head *head);
/* Where the record lies, with positions from 1; the name of the contig is left to the caller. */
struct dp_locus dp_bcf_head_locus(const struct dp_bcf_head *head);

/* BCF2, variants in binary; see BCF.md. */
extern const struct dp_format dp_bcf;

#endif
