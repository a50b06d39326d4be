/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Calls of all samples of the input at all of its variants (before any filter): what a VCF, a BCF,
 * a .bed or a file of saved planes becomes. Immutable once made; all questions may be asked by any
 * thread at any time. */

#ifndef DP_MDR_GENOTYPES_H
#define DP_MDR_GENOTYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DP_MDR_MISSING = 3 }; /* the code of a missing call; 0, 1, 2 count alternate alleles */

struct dp_mdr_genotypes;

/* The texts live as long as the genotypes. */
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

/* The calls of a variant, two bits each: of sample s, bits 2 * (s % 4) and the next of byte s / 4.
 * The unused bits of the last byte are 0. */
const uint8_t *dp_mdr_genotypes_row(const struct dp_mdr_genotypes *genotypes, size_t number);

void dp_mdr_genotypes_free(struct dp_mdr_genotypes *genotypes);

#endif
