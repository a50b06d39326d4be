/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The header of VCF text: everything up to the end of the #CHROM line. Lines may be of any length;
 * what is read from one stands in its first DP_VCF_KEPT_BYTES. */

#ifndef DP_FORMAT_VCF_HEADER_H
#define DP_FORMAT_VCF_HEADER_H

#include "index/format/kernels.h"
#include "index/format/loci.h"

#include <nettle/sha2.h>

#define DP_VCF_KEPT_BYTES 65536u

struct dp_vcf_header {
    bool whole;            /* the #CHROM line has ended */
    uint64_t bytes;        /* fed so far; of the header when it is whole */
    uint64_t lines;        /* ended so far */
    uint64_t crlf_lines;   /* of these, with a carriage return */
    uint64_t columns;      /* of the #CHROM line */
    bool end_is_number;    /* INFO/END is declared as an Integer */
    char fileformat[64];   /* "VCFv4.2"; what is not printable shows as '?' */
    const char *fault;     /* of the line that ended last or that the data end in; or NULL */

    uint64_t line_bytes;   /* of the line that is being fed */
    uint64_t tabs;
    bool carriage_return;  /* its last byte */
    struct dp_array kept;  /* its first bytes */
    uint32_t crc32;        /* of everything fed, */
    struct sha256_ctx sha; /* and the same as a hash */
};

void dp_vcf_header_open(struct dp_vcf_header *header);
/* Takes bytes up to the end of the header or of the first line that is at fault; *used says how
 * many. The contigs it declares go to `loci`. */
int dp_vcf_header_feed(struct dp_vcf_header *header, const struct dp_kernels *kernels,
                       const uint8_t *bytes, size_t length, size_t *used,
                       struct dp_loci_gatherer *loci, struct dp_error *err);
/* The data end: the #CHROM line may lack its newline, everything else is a fault. */
int dp_vcf_header_finish(struct dp_vcf_header *header, struct dp_loci_gatherer *loci,
                         struct dp_error *err);
/* Adds "fileformat", "header_bytes", "header_lines", "header_sha256" and "samples". */
int dp_vcf_header_describe(const struct dp_vcf_header *header, json_t *facts,
                           struct dp_error *err);
void dp_vcf_header_close(struct dp_vcf_header *header);

#endif
