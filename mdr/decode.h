/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* From the bytes of whole records of VCF or BCF to variants. What the calls are: MDR.md. */

#ifndef DP_MDR_DECODE_H
#define DP_MDR_DECODE_H

#include "base/array.h"
#include "mdr/ingest.h"

enum {
    DP_MDR_ALT_MAX = 1000,  /* alternate alleles of a record that can be split */
    DP_MDR_BATCH_SLACK = 32 /* bytes behind a batch that belong to the decoder */
};

/* Dosages and probabilities are 32-bit floats in BCF: nearer than this is equal. */
#define DP_MDR_SLACK 1e-6

struct dp_mdr_decode_bcf; /* decode_bcf.c */

/* What the header of an object and the options say. Constant once made: for all threads. */
struct dp_mdr_decoder {
    const char *name; /* in messages; the caller's */
    enum dp_mdr_field field;
    double certainty;
    bool split_multiallelic;
    const char **samples; /* into `header` */
    size_t sample_count;
    char *header;                  /* the text */
    struct dp_mdr_decode_bcf *bcf; /* NULL: it is text */
};

/* `header` holds the header as dp_mdr_cutter_header() gives it. `genotypes` gets its samples.
 * DP_DATA when it has none, or two of one name. */
int dp_mdr_decoder_open(const struct dp_array *header, bool is_bcf,
                        const struct dp_mdr_ingest_options *options, const char *name,
                        struct dp_mdr_decoder *decoder, struct dp_mdr_genotypes **genotypes,
                        struct dp_error *err);
/* Frees what `decoder` holds, not `decoder` itself. */
void dp_mdr_decoder_close(struct dp_mdr_decoder *decoder);

/* One thread's. */
struct dp_mdr_decode {
    const struct dp_mdr_decoder *decoder;
    uint8_t *calls;                     /* of the variant in work, a byte for each sample */
    uint64_t record;                    /* number of the record in work, from 1 */
    struct dp_mdr_genotypes *part;      /* gets the variants; the caller's */
    struct dp_mdr_ingest_counts counts; /* only grow */
};

int dp_mdr_decode_open(const struct dp_mdr_decoder *decoder, struct dp_mdr_decode *decode,
                       struct dp_error *err);
void dp_mdr_decode_close(struct dp_mdr_decode *decode);

/* Decodes the whole records in `batch`, the first of which has the number `first_record` (from 1),
 * and appends their variants to `part`. The batch is written to; DP_MDR_BATCH_SLACK bytes must be
 * allocated behind it. */
int dp_mdr_decode_batch(struct dp_mdr_decode *decode, struct dp_array *batch, uint64_t first_record,
                        struct dp_mdr_genotypes *part, struct dp_error *err);

/* ---------------------------------------------------- for decode_text.c and decode_bcf.c only */

/* One line of text in [line, line + length); line[length] may be overwritten, and the bytes of the
 * slack may be read. */
int dp_mdr_decode_text_line(struct dp_mdr_decode *decode, char *line, size_t length,
                            struct dp_error *err);

/* Makes decoder->bcf. */
int dp_mdr_decode_bcf_open(const struct dp_array *header, struct dp_mdr_decoder *decoder,
                           struct dp_error *err);
void dp_mdr_decode_bcf_close(struct dp_mdr_decode_bcf *bcf);
int dp_mdr_decode_bcf_records(struct dp_mdr_decode *decode, const void *bytes, size_t length,
                              struct dp_error *err);

/* The alternate alleles of a record that become variants. */
struct dp_mdr_alts {
    unsigned allele_count;           /* REF and every ALT */
    unsigned count;                  /* of `number` */
    uint16_t number[DP_MDR_ALT_MAX]; /* of alleles, from 1 */
};
/* Is `alt` an allele that a sample can have? Not ".", "", "*", "<*>" or "<NON_REF>". */
bool dp_mdr_decode_is_allele(const char *alt, size_t length);
/* Counts the record. False when no variant comes of it. */
bool dp_mdr_decode_begin(struct dp_mdr_decode *decode, const struct dp_mdr_alts *alts);

/* Fills `err` with DP_DATA: the object, the record's number and place, and what. */
int dp_mdr_decode_fault(const struct dp_mdr_decode *decode, const struct dp_mdr_variant *variant,
                        struct dp_error *err, const char *format, ...) DP_PRINTF(4, 5);

/* The call of a dosage; NAN is missing. */
uint8_t dp_mdr_decode_dosage(double dosage, double certainty);

/* The call of genotype probabilities, which are added one by one in the order of VCF. */
struct dp_mdr_probabilities {
    unsigned allele;    /* the ALT that is counted */
    uint32_t count;     /* of values so far */
    uint32_t low, high; /* alleles of the next diploid genotype */
    bool missing;
    double diploid[3], haploid[2]; /* sums by copies of `allele` */
};
/* NAN is missing. False when it is no probability. */
bool dp_mdr_decode_probability(struct dp_mdr_probabilities *sums, double value);
/* A call, or -1 when the number of values does not fit so many alleles. */
int dp_mdr_decode_probable(const struct dp_mdr_probabilities *sums, unsigned allele_count,
                           double certainty);

#endif
