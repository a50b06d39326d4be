/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Calls of all samples of the input at all of its variants (before any filter): what a VCF, a BCF,
 * a .bed or a file of saved planes becomes. Made by one thread at a time: new, add, join. From then
 * on immutable, and all questions may be asked by any thread at any time. */

#ifndef DP_MDR_GENOTYPES_H
#define DP_MDR_GENOTYPES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DP_MDR_MISSING = 3 }; /* the code of a missing call; 0, 1, 2 count alternate alleles */

struct dp_mdr_genotypes;

/* The texts of a question's answer live as long as the genotypes. */
struct dp_mdr_variant {
    const char *id; /* never empty: where the input has none, CHROM:POS:REF:ALT */
    const char *chrom;
    const char *ref;
    const char *alt;
    uint64_t position; /* from 1 */
    bool passed;       /* FILTER is PASS or "."; true where the input has no such thing */
};

size_t dp_mdr_genotypes_sample_count(const struct dp_mdr_genotypes *genotypes);
const char *dp_mdr_genotypes_sample(const struct dp_mdr_genotypes *genotypes, size_t column);
size_t dp_mdr_genotypes_variant_count(const struct dp_mdr_genotypes *genotypes);
void dp_mdr_genotypes_variant(const struct dp_mdr_genotypes *genotypes, size_t number,
                              struct dp_mdr_variant *variant);

/* Bytes of a row of that many samples. */
size_t dp_mdr_genotypes_row_bytes(size_t sample_count);
/* The calls of a variant, two bits each: of sample s, bits 2 * (s % 4) and the next of byte s / 4.
 * The unused bits of the last byte are 0. Aligned to 8 bytes. */
const uint8_t *dp_mdr_genotypes_row(const struct dp_mdr_genotypes *genotypes, size_t number);

/* Without a variant; `samples` are their IDs, copied. DP_DATA, naming the ID, when one is there
 * twice or empty, or when there is none at all. `name` (of the input) stands in messages. */
int dp_mdr_genotypes_new(const char *const *samples, size_t sample_count, const char *name,
                         struct dp_mdr_genotypes **genotypes, struct dp_error *err);
/* A part to be joined: without a variant, of as many samples, which it has no names of. */
int dp_mdr_genotypes_new_part(const struct dp_mdr_genotypes *whole, struct dp_mdr_genotypes **part,
                              struct dp_error *err);

/* Appends a variant, copied. `calls` has a byte for each sample: 0, 1, 2 or DP_MDR_MISSING. An ID
 * that is NULL, "" or "." becomes CHROM:POS:REF:ALT. On failure nothing was appended. */
int dp_mdr_genotypes_add(struct dp_mdr_genotypes *genotypes, const struct dp_mdr_variant *variant,
                         const uint8_t *calls, struct dp_error *err);
/* The same from a row. Bits of its last byte that no sample has are not looked at. */
int dp_mdr_genotypes_add_row(struct dp_mdr_genotypes *genotypes,
                             const struct dp_mdr_variant *variant, const uint8_t *row,
                             struct dp_error *err);
/* Moves all variants of `part` behind those of `genotypes`; `part` is left without any. Both have
 * as many samples. On failure both are as they were. */
int dp_mdr_genotypes_join(struct dp_mdr_genotypes *genotypes, struct dp_mdr_genotypes *part,
                          struct dp_error *err);

void dp_mdr_genotypes_free(struct dp_mdr_genotypes *genotypes);

#endif
