/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A synthetic cohort of cases and controls: genotypes in Hardy-Weinberg proportions, independent of
 * each other and of the disease but for the planted variants. Nothing but the samples is kept: each
 * variant's row is made when asked for, from the seed and its number. */

#ifndef DP_DATASETS_POPULATION_H
#define DP_DATASETS_POPULATION_H

#include "datasets/penetrance.h"

#include <stdint.h>

enum { DP_POPULATION_MISSING = 3 }; /* among calls of 0, 1 and 2 */

struct dp_population_options {
    uint64_t seed;
    size_t samples, cases, variants;
    double maf_low, maf_high; /* each variant's is drawn between them */
    double missing;           /* share of calls, everywhere */
    struct dp_penetrance penetrance;
    size_t planted[3]; /* which variants, ascending, from 0 */
};

struct dp_population;

/* Draws the samples: the classes in random order, and for each sample calls of the planted variants
 * again and again until the penetrance gives its class. On failure false, and `problem` says why.
 */
bool dp_population_new(const struct dp_population_options *options,
                       struct dp_population **population, const char **problem);
void dp_population_free(struct dp_population *population);

bool dp_population_is_case(const struct dp_population *population, size_t sample);
/* The calls of all samples at a variant. */
void dp_population_row(const struct dp_population *population, size_t variant, uint8_t *calls);

/* Text for the formats. All return the end of what they wrote; no NUL is written. */
enum { DP_POPULATION_LINE = 128 }; /* bytes that any line without calls takes at most */

size_t dp_population_vcf_header_room(const struct dp_population *population);
char *dp_population_vcf_header(const struct dp_population *population, char *to);
size_t dp_population_vcf_record_room(const struct dp_population *population);
char *dp_population_vcf_record(const struct dp_population *population, size_t variant,
                               const uint8_t *calls, char *to);
char *dp_population_bim(const struct dp_population *population, size_t variant, char *to);
char *dp_population_fam(const struct dp_population *population, size_t sample, char *to);
/* ID, tab, 1 for a control or 2 for a case. */
char *dp_population_phenotype(const struct dp_population *population, size_t sample, char *to);
/* A .bed's row, (samples + 3) / 4 bytes. The counted allele is the first of the .bim. */
void dp_population_bed(const struct dp_population *population, const uint8_t *calls, uint8_t *to);

#endif
