/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The header text of a BCF, read in pieces: which contig has which number, and how many samples
 * there are. Remembers the names of contigs and one line of limited length; other lines only pass
 * by. */

#ifndef DP_FORMAT_BCF_HEADER_H
#define DP_FORMAT_BCF_HEADER_H

#include "index/format/loci.h"

/* Zero-initialise. */
struct dp_bcf_header {
    struct dp_loci_gatherer *loci; /* is told of contigs; NULL: nobody */
    struct dp_array line;  /* bytes of the line at hand, as many as are looked at */
    uint64_t line_number;  /* lines that have ended */
    uint64_t tabs;         /* in the line at hand */
    bool columns_seen;     /* the line that begins with #CHROM has ended */
    uint64_t sample_count; /* named in that line */
    bool over;             /* that line, or a NUL came: the rest means nothing */

    struct dp_array names;   /* char: those of all contigs, each ends in a NUL */
    struct dp_array contigs; /* uint64_t: by number, where its name stands in `names`, plus 1;
                              * 0: no contig has this number */
};

/* DP_DATA, with the line's number, when the text makes no sense. `object` is for messages. */
int dp_bcf_header_feed(struct dp_bcf_header *header, const char *object, const uint8_t *bytes,
                       size_t length, struct dp_error *err);
/* The text is over: is it a header? */
int dp_bcf_header_finish(struct dp_bcf_header *header, const char *object, struct dp_error *err);
void dp_bcf_header_free(struct dp_bcf_header *header);

/* One more than the greatest number of a contig. */
static inline size_t dp_bcf_header_contig_count(const struct dp_bcf_header *header)
{
    return header->contigs.length;
}
/* The name of contig i; NULL when no contig has this number. */
const char *dp_bcf_header_contig(const struct dp_bcf_header *header, size_t i);

#endif
