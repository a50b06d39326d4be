/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/study.h"

#include "base/le.h"
#include "mdr/folds.h"
#include "mdr/saved_planes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* ------------------------------------------------------------------------ what is read first */

/* The genotypes of this rank's share; *fam: the text of a .fam, where one was read. */
static int read_genotypes(struct dp_context *context, const struct dp_mdr_study_options *options,
                          struct dp_mdr_study *study, char **fam, struct dp_error *err)
{
    struct dp_mdr_ingest_options ingest = options->ingest;
    bool compare = options->vcf || options->bfile;

    ingest.share = dp_mdr_team_node_rank(study->team);
    ingest.share_count = dp_mdr_team_node_size(study->team);
    if (options->planes)
        return dp_mdr_saved_planes_read(context, options->planes, compare ? &study->origin : NULL,
                                        &study->genotypes, &study->ingest_counts,
                                        compare ? NULL : &study->origin, err);
    if (options->vcf)
        return dp_mdr_ingest_vcf(context, options->vcf, &ingest, &study->genotypes,
                                 &study->ingest_counts, err);
    return dp_mdr_ingest_bed(context, options->bfile, &ingest, &study->genotypes, fam,
                             &study->ingest_counts, err);
}

/* Classes, from a text of their own or from the .fam. */
static int read_classes(struct dp_context *context, const struct dp_mdr_study_options *options,
                        const char *fam, struct dp_mdr_phenotypes **phenotypes,
                        struct dp_error *err)
{
    char *name;
    int rc;

    if (options->phenotypes)
        return dp_mdr_phenotype_read(context, options->phenotypes, &options->phenotype, phenotypes,
                                     err);
    if (asprintf(&name, "%s.fam", options->bfile) < 0)
        return dp_error_no_memory(err);
    rc = fam ? dp_mdr_phenotype_parse(fam, strlen(fam), name, &options->phenotype, phenotypes, err)
             : dp_mdr_phenotype_read(context, name, &options->phenotype, phenotypes, err);
    free(name);
    return rc;
}

static int note_phenotypes(const struct dp_mdr_phenotypes *phenotypes, struct dp_mdr_study *study,
                           struct dp_error *err)
{
    study->phenotype_text = *dp_mdr_phenotype_identity(phenotypes);
    study->phenotype_choices = dp_mdr_phenotype_choices(phenotypes);
    study->phenotype_column = strdup(dp_mdr_phenotype_column(phenotypes));
    return study->phenotype_column ? DP_OK : dp_error_no_memory(err);
}

static int make_cohort(struct dp_context *context, const struct dp_mdr_study_options *options,
                       const char *fam, struct dp_mdr_study *study, struct dp_error *err)
{
    struct dp_mdr_phenotypes *phenotypes = NULL;
    int rc = read_classes(context, options, fam, &phenotypes, err);

    if (rc == DP_OK)
        rc = note_phenotypes(phenotypes, study, err);
    if (rc == DP_OK)
        rc = dp_mdr_cohort_match(study->genotypes, phenotypes, &study->cohort,
                                 &study->cohort_counts, err);
    dp_mdr_phenotype_free(phenotypes);
    if (rc == DP_OK && options->fold_file)
        rc = dp_mdr_folds_read(context, options->fold_file, study->genotypes, &study->cohort,
                               &study->unknown_folds, &study->fold_text, err);
    else if (rc == DP_OK)
        rc = dp_mdr_folds_deal(study->genotypes, &study->cohort, options->fold_count, options->seed,
                               err);
    if (rc == DP_OK)
        rc = dp_mdr_folds_order(study->genotypes, &study->cohort, &study->by_id, err);
    return rc;
}

/* Saved genotypes are read whole by every rank; each then answers for a share of them. */
static void take_share(struct dp_mdr_study *study)
{
    uint64_t count = dp_mdr_genotypes_variant_count(study->genotypes);
    uint64_t rank = dp_mdr_team_node_rank(study->team);
    uint64_t ranks = dp_mdr_team_node_size(study->team);
    uint64_t begin = count * rank / ranks, end = count * (rank + 1) / ranks;
    size_t i, taken = 0;

    for (i = 0; i < study->kept_count; i++)
        if (study->kept[i] >= begin && study->kept[i] < end)
            study->kept[taken++] = study->kept[i];
    study->kept_count = taken;
    if (rank > 0) { /* counted by rank 0 of the node */
        memset(&study->ingest_counts, 0, sizeof(study->ingest_counts));
        memset(&study->filter_counts, 0, sizeof(study->filter_counts));
    }
}

/* All that a rank does by itself. */
static int read_share(struct dp_context *context, const struct dp_mdr_study_options *options,
                      struct dp_mdr_study *study, struct dp_error *err)
{
    struct dp_mdr_filter_options filter = options->filter;
    char *fam = NULL;
    int rc = DP_OK;

    /* Rank 0 will say what was read; the others need know only to find saved genotypes stale. */
    if ((options->vcf || options->bfile) && (options->planes || dp_mdr_team_rank(study->team) == 0))
        rc = dp_mdr_origin_find(context, options->vcf, options->bfile, &options->ingest,
                                &study->origin, err);
    if (rc == DP_OK)
        rc = read_genotypes(context, options, study, &fam, err);
    if (rc == DP_OK)
        rc = make_cohort(context, options, fam, study, err);
    free(fam);
    if (rc < 0)
        return rc;
    if (dp_mdr_team_size(study->team) > 1)
        filter.order = 0; /* shares may be empty; the sum is looked at later */
    rc = dp_mdr_filter_apply(study->genotypes, &study->cohort, &filter, &study->kept,
                             &study->kept_count, &study->filter_counts, err);
    if (rc == DP_OK && options->planes)
        take_share(study);
    return rc;
}

/* ---------------------------------------------------------------------------- what is shared */

/* The sum over the ranks of the node; *before (may be NULL): over those before this one. */
static uint64_t add_up(struct dp_mdr_team *team, uint64_t value, uint64_t *values, uint64_t *before)
{
    uint64_t sum = 0;
    unsigned i;

    dp_mdr_team_node_gather(team, value, values);
    for (i = 0; i < dp_mdr_team_node_size(team); i++) {
        if (before && i == dp_mdr_team_node_rank(team))
            *before = sum;
        sum += values[i];
    }
    return sum;
}

static void add_up_counts(struct dp_mdr_study *study, uint64_t *values)
{
    struct dp_mdr_ingest_counts *read = &study->ingest_counts;
    struct dp_mdr_filter_counts *filter = &study->filter_counts;
    uint64_t *const counts[] = {
        &read->records,    &read->multiallelic,     &read->skipped,   &read->with_field,
        &filter->variants, &filter->not_passed,     &filter->missing, &filter->constant,
        &filter->rare,     &filter->disequilibrium, &filter->kept,
    };
    size_t i;

    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        *counts[i] = add_up(study->team, *counts[i], values, NULL);
}

/* Bytes of the variants' names, each "ID\0CHROM\0REF\0ALT\0POSITION\0". */
static size_t put_names(const struct dp_mdr_study *study, char *to, uint64_t offset)
{
    struct dp_mdr_variant variant;
    const char *texts[4];
    size_t i, n, length, used = 0;

    for (i = 0; i < study->kept_count; i++) {
        dp_mdr_genotypes_variant(study->genotypes, study->kept[i], &variant);
        if (to)
            study->name_at[study->first + i] = offset + used;
        texts[0] = variant.id;
        texts[1] = variant.chrom;
        texts[2] = variant.ref;
        texts[3] = variant.alt;
        for (n = 0; n < 4; n++) {
            length = strlen(texts[n]) + 1;
            if (to)
                memcpy(to + used, texts[n], length);
            used += length;
        }
        if (to)
            dp_le64_store(to + used, variant.position);
        used += 8;
    }
    return used;
}

static int share_names(struct dp_mdr_study *study, uint64_t *values, struct dp_error *err)
{
    uint64_t offset = 0, bytes = add_up(study->team, put_names(study, NULL, 0), values, &offset);
    void *names, *places;
    int rc = dp_mdr_team_memory(study->team, bytes, &names, err);

    if (rc == DP_OK)
        rc = dp_mdr_team_memory(study->team, study->variant_count * sizeof(uint64_t), &places, err);
    if (rc < 0)
        return rc;
    study->names = names;
    study->name_at = places;
    put_names(study, study->names + offset, offset);
    return DP_OK;
}

/* Makes room for all rows of the node. */
static int share_memory(const struct dp_mdr_study_options *options, struct dp_mdr_study *study,
                        struct dp_error *err)
{
    size_t bytes = dp_mdr_planes_bytes(&study->cohort, study->variant_count);
    void *memory = NULL, *hashes = NULL, *rows = NULL;
    int rc = bytes ? DP_OK
                   : dp_error_set(err, DP_NO_MEMORY, "%zu variants of %zu samples are too many",
                                  study->variant_count, study->cohort.sample_count);

    rc = dp_mdr_team_agree(study->team, rc, err);
    if (rc == DP_OK)
        rc = dp_mdr_team_memory(study->team, bytes, &memory, err);
    if (rc == DP_OK)
        rc = dp_mdr_team_memory(study->team, study->variant_count * sizeof(uint64_t), &hashes, err);
    if (rc == DP_OK && options->keep_rows)
        rc = dp_mdr_team_memory(study->team, study->variant_count * study->row_bytes, &rows, err);
    if (rc < 0)
        return rc;
    study->hashes = hashes;
    study->rows = rows;
    rc = dp_mdr_planes_new(&study->cohort, study->variant_count, memory, &study->planes, err);
    return dp_mdr_team_agree(study->team, rc, err);
}

/* Of a variant: what it is called, and all its calls. */
static uint64_t hash_row(const struct dp_mdr_study *study, uint32_t number, const uint8_t *row)
{
    struct dp_mdr_variant variant;
    uint64_t hash = XXH3_64bits(row, study->row_bytes);
    uint8_t position[8];

    dp_mdr_genotypes_variant(study->genotypes, number, &variant);
    hash = XXH3_64bits_withSeed(variant.id, strlen(variant.id), hash);
    hash = XXH3_64bits_withSeed(variant.chrom, strlen(variant.chrom), hash);
    hash = XXH3_64bits_withSeed(variant.ref, strlen(variant.ref), hash);
    hash = XXH3_64bits_withSeed(variant.alt, strlen(variant.alt), hash);
    dp_le64_store(position, variant.position);
    return XXH3_64bits_withSeed(position, sizeof(position), hash);
}

/* Is a call of the samples of `mask` (both bits of each are set) missing, that is 3? */
static bool is_incomplete(const uint8_t *row, const uint8_t *mask, size_t bytes)
{
    size_t i;

    for (i = 0; i < bytes; i++)
        if (row[i] & row[i] >> 1 & 0x55 & mask[i])
            return true;
    return false;
}

/* Writes this rank's rows. Returns how many of them have a missing call. */
static uint64_t fill_rows(struct dp_mdr_study *study, const uint8_t *mask, unsigned threads)
{
    uint64_t incomplete = 0;
    size_t i;

    if (threads == 0)
        threads = 1;
#pragma omp parallel for schedule(static, 64) num_threads((int)threads) reduction(+ : incomplete)
    for (i = 0; i < study->kept_count; i++) {
        const uint8_t *row = dp_mdr_genotypes_row(study->genotypes, study->kept[i]);

        dp_mdr_planes_set(study->planes, study->first + i, row);
        study->hashes[study->first + i] = hash_row(study, study->kept[i], row);
        incomplete += is_incomplete(row, mask, study->row_bytes);
        if (study->rows)
            memcpy(study->rows + (study->first + i) * study->row_bytes, row, study->row_bytes);
    }
    return incomplete;
}

/* Which bits of a row are of samples of the cohort; NULL: out of memory. */
static uint8_t *make_mask(const struct dp_mdr_study *study)
{
    uint8_t *mask = calloc(study->row_bytes + 1, 1);
    size_t i;

    for (i = 0; mask && i < study->cohort.sample_count; i++)
        mask[study->cohort.column[i] / 4] |= (uint8_t)(3u << study->cohort.column[i] % 4 * 2);
    return mask;
}

static void make_digest(struct dp_mdr_study *study)
{
    XXH128_hash_t hash = XXH3_128bits(study->hashes, study->variant_count * sizeof(uint64_t));

    dp_le64_store(study->digest, hash.low64);
    dp_le64_store(study->digest + 8, hash.high64);
}

/* After read_share went well everywhere. */
static int join_shares(const struct dp_mdr_study_options *options, struct dp_mdr_study *study,
                       struct dp_error *err)
{
    uint64_t *values = calloc(dp_mdr_team_node_size(study->team), sizeof(*values));
    uint8_t *mask = make_mask(study);
    uint64_t before = 0, incomplete;
    int rc = dp_mdr_team_agree(study->team, values && mask ? DP_OK : dp_error_no_memory(err), err);

    if (rc < 0)
        goto out;
    study->variant_count = add_up(study->team, study->kept_count, values, &before);
    study->first = before;
    add_up_counts(study, values);
    if (study->variant_count < options->filter.order)
        rc = dp_error_set(err, DP_DATA,
                          "%zu variants are left of %llu: there is no combination "
                          "of %u",
                          study->variant_count, (unsigned long long)study->filter_counts.variants,
                          options->filter.order);
    rc = dp_mdr_team_agree(study->team, rc, err);
    if (rc == DP_OK)
        rc = share_memory(options, study, err);
    if (rc == DP_OK && dp_mdr_team_size(study->team) > 1)
        rc = share_names(study, values, err);
    if (rc < 0)
        goto out;
    incomplete = fill_rows(study, mask, options->filter.threads);
    study->incomplete_count = add_up(study->team, incomplete, values, NULL);
    dp_mdr_team_node_wait(study->team);
    make_digest(study);
out:
    free(values);
    free(mask);
    return rc;
}

/* With shares nobody else can see whether any record had the field that was asked for. */
static int check_field(const struct dp_mdr_study_options *options, const struct dp_mdr_study *study,
                       struct dp_error *err)
{
    static const char *const names[] = {"GT", "DS", "GP"};
    const struct dp_mdr_ingest_counts *counts = &study->ingest_counts;

    if (!options->vcf || options->planes || counts->with_field ||
        counts->records == counts->skipped)
        return DP_OK;
    return dp_error_set(err, DP_DATA, "%s: no record has the field %s", options->vcf,
                        names[options->ingest.field]);
}

int dp_mdr_study_open(struct dp_context *context, const struct dp_mdr_study_options *options,
                      struct dp_mdr_team *team, struct dp_mdr_study *study, struct dp_error *err)
{
    int rc;

    memset(study, 0, sizeof(*study));
    study->team = team;
    rc = read_share(context, options, study, err);
    rc = dp_mdr_team_agree(team, rc, err);
    if (rc < 0)
        return rc;
    study->row_bytes = dp_mdr_genotypes_row_bytes(dp_mdr_genotypes_sample_count(study->genotypes));
    rc = join_shares(options, study, err);
    return rc < 0 ? rc : dp_mdr_team_agree(team, check_field(options, study, err), err);
}

void dp_mdr_study_close(struct dp_mdr_study *study)
{
    dp_mdr_planes_free(study->planes);
    dp_mdr_genotypes_free(study->genotypes);
    dp_mdr_origin_free(&study->origin);
    dp_mdr_cohort_free(&study->cohort);
    free(study->by_id);
    free(study->phenotype_column);
    free(study->kept);
    memset(study, 0, sizeof(*study));
}

void dp_mdr_study_variant(const struct dp_mdr_study *study, uint32_t row,
                          struct dp_mdr_variant *variant)
{
    const char *at;

    if (!study->names) {
        dp_mdr_genotypes_variant(study->genotypes, study->kept[row], variant);
        return;
    }
    at = study->names + study->name_at[row];
    variant->id = at;
    variant->chrom = at += strlen(at) + 1;
    variant->ref = at += strlen(at) + 1;
    variant->alt = at += strlen(at) + 1;
    variant->position = dp_le64_load(at + strlen(at) + 1);
    variant->passed = true;
}

const uint8_t *dp_mdr_study_row(const struct dp_mdr_study *study, size_t row)
{
    return study->rows + row * study->row_bytes;
}
