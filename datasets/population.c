/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "datasets/population.h"

#include "datasets/dataset.h"

#include <stdlib.h>
#include <string.h>

#define ONE       65536u /* a chance of 1 */
#define CONTIGS   22u
#define ID_DIGITS 8u

struct dp_population {
    struct dp_population_options options;
    uint8_t *is_case;
    uint8_t *planted[3]; /* calls of all samples */
};

/* Calls below the first are 0, below the second 1, else 2. */
struct thresholds {
    uint32_t first, second;
};

static struct thresholds hardy_weinberg(double maf)
{
    uint32_t q = (uint32_t)(maf * ONE + 0.5), p = ONE - q;
    uint64_t none = (uint64_t)p * p, one = (uint64_t)2 * p * q;

    return (struct thresholds){(uint32_t)(none >> 16), (uint32_t)((none + one) >> 16)};
}

static uint8_t call_of(struct thresholds thresholds, uint32_t dice)
{
    return (uint8_t)((dice >= thresholds.first) + (dice >= thresholds.second));
}

/* A generator for one purpose and one row. */
static struct dp_random random_for(uint64_t seed, uint64_t purpose, uint64_t number)
{
    struct dp_random random;

    dp_random_seed(&random, seed);
    dp_random_seed(&random, dp_random_next(&random) + purpose);
    dp_random_seed(&random, dp_random_next(&random) + number);
    return random;
}

enum { FOR_CLASSES, FOR_PLANTED, FOR_CALLS, FOR_MISSING, FOR_SITE };

/* ------------------------------------------------------------------------------- samples */

static void draw_classes(struct dp_population *population)
{
    struct dp_random random = random_for(population->options.seed, FOR_CLASSES, 0);
    size_t i, other;
    uint8_t swap;

    for (i = 0; i < population->options.cases; i++)
        population->is_case[i] = 1;
    for (i = population->options.samples; i > 1; i--) {
        other = dp_random_below(&random, (uint32_t)i);
        swap = population->is_case[i - 1];
        population->is_case[i - 1] = population->is_case[other];
        population->is_case[other] = swap;
    }
}

static void draw_planted(struct dp_population *population)
{
    const struct dp_penetrance *table = &population->options.penetrance;
    struct dp_random random = random_for(population->options.seed, FOR_PLANTED, 0);
    struct thresholds thresholds = hardy_weinberg(table->maf);
    uint32_t risk[DP_PENETRANCE_CELLS];
    unsigned cell, which;
    uint64_t dice;
    size_t i;

    for (cell = 0; cell < DP_PENETRANCE_CELLS; cell++)
        risk[cell] = (uint32_t)(table->risk[cell] * ONE + 0.5);
    for (i = 0; i < population->options.samples; i++)
        do {
            dice = dp_random_next(&random);
            for (which = cell = 0; which < table->order; which++, dice >>= 16) {
                population->planted[which][i] = call_of(thresholds, dice & (ONE - 1));
                cell = 3 * cell + population->planted[which][i];
            }
        } while (((dice & (ONE - 1)) < risk[cell]) != population->is_case[i]);
}

/* Both classes must come up now and then. */
static const char *problem_of(const struct dp_population_options *options)
{
    const struct dp_penetrance *table = &options->penetrance;
    unsigned which;

    if (options->samples < 1 || options->samples > UINT32_MAX || options->cases > options->samples)
        return "there must be samples, and not more cases than these";
    if (!(options->maf_low >= 0 && options->maf_low <= options->maf_high && options->maf_high < 1))
        return "frequencies must be from 0 to below 1, the lower first";
    if (!(options->missing >= 0 && options->missing < 1))
        return "the share of missing calls must be from 0 to below 1";
    for (which = 0; which < table->order; which++)
        if (options->planted[which] >= options->variants ||
            (which > 0 && options->planted[which] <= options->planted[which - 1]))
            return "planted variants must be among the variants and ascend";
    if (table->order &&
        (dp_penetrance_prevalence(table) < 0.001 || dp_penetrance_prevalence(table) > 0.999))
        return "the penetrances leave one class all but empty";
    return NULL;
}

static bool get_memory(struct dp_population *population)
{
    size_t samples = population->options.samples;
    unsigned which;

    population->is_case = calloc(samples, 1);
    for (which = 0; which < population->options.penetrance.order; which++)
        if (!(population->planted[which] = calloc(samples, 1)))
            return false;
    return population->is_case != NULL;
}

bool dp_population_new(const struct dp_population_options *options,
                       struct dp_population **population, const char **problem)
{
    struct dp_population *made;

    *problem = problem_of(options);
    if (*problem)
        return false;
    *problem = "out of memory";
    made = calloc(1, sizeof(*made));
    if (!made)
        return false;
    made->options = *options;
    if (!get_memory(made)) {
        dp_population_free(made);
        return false;
    }
    draw_classes(made);
    if (options->penetrance.order)
        draw_planted(made);
    *population = made;
    *problem = NULL;
    return true;
}

void dp_population_free(struct dp_population *population)
{
    unsigned which;

    if (!population)
        return;
    for (which = 0; which < 3; which++)
        free(population->planted[which]);
    free(population->is_case);
    free(population);
}

bool dp_population_is_case(const struct dp_population *population, size_t sample)
{
    return population->is_case[sample];
}

/* ------------------------------------------------------------------------------ variants */

static void draw_calls(const struct dp_population *population, size_t variant, uint8_t *calls)
{
    const struct dp_population_options *options = &population->options;
    struct dp_random random = random_for(options->seed, FOR_CALLS, variant);
    double at = (double)dp_random_below(&random, ONE) / ONE;
    struct thresholds thresholds =
        hardy_weinberg(options->maf_low + at * (options->maf_high - options->maf_low));
    uint64_t dice = 0;
    size_t i;

    for (i = 0; i < options->samples; i++) {
        dice = i % 4 ? dice >> 16 : dp_random_next(&random);
        calls[i] = call_of(thresholds, dice & (ONE - 1));
    }
}

/* The dice for missing calls are others, so that all other calls are the same at every rate. */
static void take_away(const struct dp_population *population, size_t variant, uint8_t *calls)
{
    struct dp_random random = random_for(population->options.seed, FOR_MISSING, variant);
    uint32_t limit = (uint32_t)(population->options.missing * ONE + 0.5);
    uint64_t dice = 0;
    size_t i;

    for (i = 0; limit && i < population->options.samples; i++) {
        dice = i % 4 ? dice >> 16 : dp_random_next(&random);
        if ((dice & (ONE - 1)) < limit)
            calls[i] = DP_POPULATION_MISSING;
    }
}

void dp_population_row(const struct dp_population *population, size_t variant, uint8_t *calls)
{
    const struct dp_population_options *options = &population->options;
    unsigned which;

    for (which = 0; which < options->penetrance.order; which++)
        if (options->planted[which] == variant)
            break;
    if (which < options->penetrance.order)
        memcpy(calls, population->planted[which], options->samples);
    else
        draw_calls(population, variant, calls);
    take_away(population, variant, calls);
}

/* ------------------------------------------------------------------------------- formats */

struct site {
    uint64_t contig, position, id;
    char ref, alt;
};

static struct site site_of(const struct dp_population *population, size_t variant)
{
    struct dp_random random = random_for(population->options.seed, FOR_SITE, variant);
    uint64_t bits = dp_random_next(&random),
             per_contig = population->options.variants / CONTIGS + 1;
    unsigned ref = bits & 3;

    return (struct site){1 + variant / per_contig,
                         10000 + variant % per_contig * 137 + (bits >> 8) % 137, 1000 + variant,
                         "ACGT"[ref], "ACGT"[ref ^ (1 + (bits >> 2 & 63) % 3)]};
}

static char *put_sample(char *to, size_t sample)
{
    unsigned i;

    *to++ = 'S';
    for (i = ID_DIGITS, sample++; i-- > 0; sample /= 10)
        to[i] = (char)('0' + sample % 10);
    return to + ID_DIGITS;
}

size_t dp_population_vcf_header_room(const struct dp_population *population)
{
    return 4096 + (ID_DIGITS + 2) * population->options.samples;
}

char *dp_population_vcf_header(const struct dp_population *population, char *to)
{
    size_t i;

    to = dp_dataset_text(to, "##fileformat=VCFv4.2\n"
                             "##FILTER=<ID=PASS,Description=\"All filters passed\">\n");
    for (i = 1; i <= CONTIGS; i++) {
        to = dp_dataset_text(to, "##contig=<ID=");
        to = dp_dataset_number(to, i);
        to = dp_dataset_text(to, ">\n");
    }
    to = dp_dataset_text(to, "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n"
                             "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT");
    for (i = 0; i < population->options.samples; i++) {
        *to++ = '\t';
        to = put_sample(to, i);
    }
    *to++ = '\n';
    return to;
}

size_t dp_population_vcf_record_room(const struct dp_population *population)
{
    return DP_POPULATION_LINE + 4 * population->options.samples;
}

char *dp_population_vcf_record(const struct dp_population *population, size_t variant,
                               const uint8_t *calls, char *to)
{
    static const char texts[4][5] = {"\t0/0", "\t0/1", "\t1/1", "\t./."};
    struct site site = site_of(population, variant);
    size_t i;

    to = dp_dataset_number(to, site.contig);
    *to++ = '\t';
    to = dp_dataset_number(to, site.position);
    to = dp_dataset_text(to, "\trs");
    to = dp_dataset_number(to, site.id);
    *to++ = '\t';
    *to++ = site.ref;
    *to++ = '\t';
    *to++ = site.alt;
    to = dp_dataset_text(to, "\t.\tPASS\t.\tGT");
    for (i = 0; i < population->options.samples; i++, to += 4)
        memcpy(to, texts[calls[i]], 4);
    *to++ = '\n';
    return to;
}

char *dp_population_bim(const struct dp_population *population, size_t variant, char *to)
{
    struct site site = site_of(population, variant);

    to = dp_dataset_number(to, site.contig);
    to = dp_dataset_text(to, "\trs");
    to = dp_dataset_number(to, site.id);
    to = dp_dataset_text(to, "\t0\t");
    to = dp_dataset_number(to, site.position);
    *to++ = '\t';
    *to++ = site.alt;
    *to++ = '\t';
    *to++ = site.ref;
    *to++ = '\n';
    return to;
}

char *dp_population_fam(const struct dp_population *population, size_t sample, char *to)
{
    to = put_sample(to, sample);
    *to++ = ' ';
    to = put_sample(to, sample);
    to = dp_dataset_text(to, population->is_case[sample] ? " 0 0 1 2\n" : " 0 0 1 1\n");
    return to;
}

char *dp_population_phenotype(const struct dp_population *population, size_t sample, char *to)
{
    to = put_sample(to, sample);
    return dp_dataset_text(to, population->is_case[sample] ? "\t2\n" : "\t1\n");
}

void dp_population_bed(const struct dp_population *population, const uint8_t *calls, uint8_t *to)
{
    static const uint8_t codes[4] = {3, 2, 0, 1};
    size_t i;

    memset(to, 0, (population->options.samples + 3) / 4);
    for (i = 0; i < population->options.samples; i++)
        to[i / 4] |= (uint8_t)(codes[calls[i]] << 2 * (i % 4));
}
