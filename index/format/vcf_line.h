/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* One data line of VCF text: how many columns it has, and where its record lies. A line is given at
 * once or in parts; what is said of it is the same. Memory is fixed, whatever a line's length. */

#ifndef DP_FORMAT_VCF_LINE_H
#define DP_FORMAT_VCF_LINE_H

#include "index/format/kernels.h"
#include "index/format/loci.h"

/* The columns of a site; samples add FORMAT and one each. */
#define DP_VCF_SITE_COLUMNS 8u

/* Contigs with longer names are refused. */
#define DP_VCF_CONTIG_BYTES 1024u

/* Positions are below this. */
#define DP_VCF_POSITION_MAX (UINT64_C(1) << 62)

/* What is wrong with a line, as far as one can tell before its end. */
enum dp_vcf_fault {
    DP_VCF_SOUND = 0,
    DP_VCF_NO_CONTIG,
    DP_VCF_LONG_CONTIG,
    DP_VCF_POSITION /* no number, or one that is too large */
};

/* END= in INFO, byte by byte. */
struct dp_vcf_end {
    unsigned place; /* of the search: below 4, the letters of "END=" that were met at the begin of
                     * an item; then one of those in vcf_line.c */
    bool exact;     /* nothing but digits stands there */
    uint64_t value; /* 0: there is none */
};

struct dp_vcf_line {
    enum dp_vcf_fault fault;
    uint64_t tabs; /* before the next byte */
    uint64_t position;
    bool has_digits;
    uint64_t reference_bytes;
    struct dp_vcf_end end;
    size_t contig_bytes;
    char contig[DP_VCF_CONTIG_BYTES];
};

/* A line begins. */
void dp_vcf_line_begin(struct dp_vcf_line *line);
/* Takes [p, stop), in which no newline is, up to a fault. */
void dp_vcf_line_part(struct dp_vcf_line *line, const struct dp_kernels *kernels, const uint8_t *p,
                      const uint8_t *stop);
/* The line has ended: where its record lies. It must be sound and have the columns of a site.
 * `end_is_number`: the header says so of INFO/END; only then htslib believes it beyond REF. */
void dp_vcf_line_locus(const struct dp_vcf_line *line, bool end_is_number,
                       struct dp_locus *locus);
/* The same for a whole line at once. False when it is not sound or misses columns of a site: then
 * dp_vcf_line_part tells. */
bool dp_vcf_line_whole(const uint8_t *p, const uint8_t *newline, bool end_is_number,
                       struct dp_locus *locus);

#endif
