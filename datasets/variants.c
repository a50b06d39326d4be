/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* VCF text: sites along a few contigs, genotypes of 100 samples in Hardy-Weinberg proportions, with
 * depth and genotype quality. */

#include "datasets/dataset.h"

#include <string.h>

#define SAMPLES      100u
#define CONTIGS      22u
#define CONTIG_BASES 50000000u
#define CELLS        256u /* ready-made cells for each genotype */

struct cell {
    char text[14];
    uint8_t length;
};

struct variants {
    struct dp_random random;
    struct cell cells[3][CELLS]; /* by number of alternative alleles */
    unsigned contig;
    uint32_t position;
    uint32_t id;
};

static void make_cells(struct variants *variants)
{
    static const char *const genotypes[3] = {"\t0/0:", "\t0/1:", "\t1/1:"};
    struct cell *cell;
    unsigned alleles, i, depth;
    char *to;

    for (alleles = 0; alleles < 3; alleles++)
        for (i = 0; i < CELLS; i++) {
            cell = &variants->cells[alleles][i];
            /* Two dice make most depths lie near the mean. */
            depth = 19 + (i & 15) + (i >> 4) * 13 / 16;
            to = dp_dataset_text(cell->text, genotypes[alleles]);
            to = dp_dataset_number(to, depth);
            *to++ = ':';
            to = dp_dataset_number(to, alleles == 1 ? 99 : depth * 3);
            cell->length = (uint8_t)(to - cell->text);
        }
}

static char *put_header(char *to)
{
    unsigned i;

    to = dp_dataset_text(to, "##fileformat=VCFv4.2\n"
                             "##FILTER=<ID=PASS,Description=\"All filters passed\">\n");
    for (i = 1; i <= CONTIGS; i++) {
        to = dp_dataset_text(to, "##contig=<ID=chr");
        to = dp_dataset_number(to, i);
        to = dp_dataset_text(to, ",length=");
        to = dp_dataset_number(to, CONTIG_BASES);
        to = dp_dataset_text(to, ">\n");
    }
    to = dp_dataset_text(
        to,
        "##INFO=<ID=AC,Number=A,Type=Integer,Description=\"Alternative allele count\">\n"
        "##INFO=<ID=AN,Number=1,Type=Integer,Description=\"Allele count\">\n"
        "##INFO=<ID=DP,Number=1,Type=Integer,Description=\"Depth over all samples\">\n"
        "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n"
        "##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"Depth\">\n"
        "##FORMAT=<ID=GQ,Number=1,Type=Integer,Description=\"Genotype quality\">\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT");
    for (i = 1; i <= SAMPLES; i++) {
        to = dp_dataset_text(to, i < 10 ? "\tNA000" : i < 100 ? "\tNA00" : "\tNA0");
        to = dp_dataset_number(to, i);
    }
    *to++ = '\n';
    return to;
}

static char *put_site(struct variants *variants, char *to)
{
    uint64_t bits = dp_random_next(&variants->random);

    variants->position += 1 + (uint32_t)(bits & 255) + (uint32_t)(bits >> 8 & 255);
    if (variants->position > CONTIG_BASES && variants->contig < CONTIGS) {
        variants->contig++;
        variants->position = 10000;
    }
    variants->id += 1 + (uint32_t)(bits >> 16 & 63);
    to = dp_dataset_text(to, "chr");
    to = dp_dataset_number(to, variants->contig);
    *to++ = '\t';
    to = dp_dataset_number(to, variants->position);
    to = dp_dataset_text(to, "\trs");
    to = dp_dataset_number(to, variants->id);
    *to++ = '\t';
    *to++ = "ACGT"[bits >> 32 & 3];
    *to++ = '\t';
    *to++ = "ACGT"[(bits >> 32 & 3) ^ (1 + (bits >> 34) % 3)];
    *to++ = '\t';
    return to;
}

/* Most variants are rare. */
static unsigned pick_frequency(struct dp_random *random)
{
    uint32_t dice = dp_random_below(random, 1000);

    return 1 + dice * dice / 1000 * dice / 1000 * 128 / 1000; /* of 256 */
}

static char *put_record(struct variants *variants, char *to)
{
    uint8_t alleles[SAMPLES], choice[SAMPLES];
    unsigned frequency = pick_frequency(&variants->random), count = 0, depth = 0, i;
    const struct cell *cell;
    uint64_t bits = 0;

    for (i = 0; i < SAMPLES; i++) {
        if (i % 2 == 0)
            bits = dp_random_next(&variants->random);
        alleles[i] = (uint8_t)(((bits & 255) < frequency) + ((bits >> 8 & 255) < frequency));
        choice[i] = (uint8_t)(bits >> 16);
        bits >>= 32;
        count += alleles[i];
        depth += 19 + (choice[i] & 15u) + (choice[i] >> 4) * 13u / 16;
    }
    to = put_site(variants, to);
    to = dp_dataset_number(to, 50 + count * 30);
    to = dp_dataset_text(to, "\tPASS\tAC=");
    to = dp_dataset_number(to, count);
    to = dp_dataset_text(to, ";AN=200;DP=");
    to = dp_dataset_number(to, depth);
    to = dp_dataset_text(to, "\tGT:DP:GQ");
    for (i = 0; i < SAMPLES; i++) {
        cell = &variants->cells[alleles[i]][choice[i]];
        memcpy(to, cell->text, sizeof(cell->text));
        to += cell->length;
    }
    *to++ = '\n';
    return to;
}

static bool generate(const struct dp_dataset_options *options, struct dp_dataset_output *output)
{
    static struct variants variants;

    memset(&variants, 0, sizeof(variants));
    variants.contig = 1;
    variants.position = 10000;
    variants.id = 1000;
    dp_random_seed(&variants.random, options->seed);
    make_cells(&variants);
    dp_dataset_add(output, put_header(dp_dataset_room(output)), false);
    while (dp_dataset_more(output, options))
        dp_dataset_add(output, put_record(&variants, dp_dataset_room(output)), true);
    return true;
}

const struct dp_dataset dp_variants_vcf = {
    "vcf", "variants with the genotypes of 100 samples", generate};
