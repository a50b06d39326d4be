/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/mdr_summary.h"

#include "mdr/folds.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static json_int_t whole(uint64_t count)
{
    return (json_int_t)count;
}

/* A whole number that may be above what readers of JSON, and jansson, can hold: as its digits. */
static json_t *digits_of(uint64_t number)
{
    return json_sprintf("%llu", (unsigned long long)number);
}

/* All that decide, none that say nothing: "0.6". */
static json_t *decimals_of(const struct dp_mdr_threshold *threshold)
{
    uint64_t rest = threshold->units % DP_MDR_THRESHOLD_ONE;
    int digits = DP_MDR_THRESHOLD_DIGITS;

    for (; digits > 1 && rest % 10 == 0; digits--)
        rest /= 10;
    return json_sprintf("%u.%0*llu", (unsigned)(threshold->units / DP_MDR_THRESHOLD_ONE), digits,
                        (unsigned long long)rest);
}

static const char *hex(const uint8_t *bytes, size_t length, char *text)
{
    size_t i;

    for (i = 0; i < length; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

/* Names may be no UTF-8, which JSON must be: then each odd byte is a '?'. */
static json_t *text_of(const char *text)
{
    json_t *value = text ? json_string(text) : json_null();
    char *copy, *at;

    if (value)
        return value;
    copy = strdup(text);
    for (at = copy; copy && *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    value = copy ? json_string(copy) : NULL;
    free(copy);
    return value;
}

/* What the genotypes were read from: a VCF is one object, PLINK's files are three. */
static const char *describe_input(const struct dp_mdr_origin *origin)
{
    return origin->object_count == 1 ? "vcf" : "bed";
}

static json_t *make_parameters(const struct dp_mdr_options *options,
                               const struct dp_mdr_study *study)
{
    static const char *const fields[] = {"GT", "DS", "GP"};
    const struct dp_mdr_origin *origin = &study->origin;

    return json_pack(
        "{s:i, s:o, s:b, s:o, s:s, s:s, s:f, s:s, s:b, s:f, s:f, s:f, s:o, s:o, s:b, s:I}", "order",
        (int)options->order, "seed", digits_of(options->seed), "zero_one",
        options->phenotype.zero_one, "fold_file", text_of(options->fold_file), "input",
        describe_input(origin), "field", fields[origin->field], "certainty", origin->certainty,
        "multiallelic", origin->split_multiallelic ? "split" : "skip", "pass", options->passed_only,
        "max_missing", options->max_missing, "maf", options->maf, "hwe", options->hwe, "top",
        options->all ? json_null() : json_integer(whole(options->top)), "threshold",
        options->all ? decimals_of(&options->threshold) : json_null(),
        "cvc", !options->no_consistency, "permutations", whole(options->permutations));
}

/* A text of phenotypes or folds. */
static json_t *make_text(const char *kind, const char *uri,
                         const struct dp_mdr_text_identity *identity)
{
    char digest[2 * sizeof(identity->xxh128) + 1];

    return json_pack("{s:o, s:I, s:s}", kind, text_of(uri), "bytes", whole(identity->bytes),
                     "xxh128", hex(identity->xxh128, sizeof(identity->xxh128), digest));
}

static json_t *make_phenotypes(const char *uri, const struct dp_mdr_study *study)
{
    json_t *made = make_text("phenotypes", uri, &study->phenotype_text);
    const char *column = study->phenotype_column;

    json_object_set_new(made, "column", *column ? text_of(column) : json_null());
    return made;
}

static json_t *make_inputs(const struct dp_mdr_options *options, const struct dp_mdr_study *study)
{
    json_t *inputs = json_array();
    char digest[2 * DP_MDR_HASH_BYTES + 1];
    unsigned i;

    for (i = 0; inputs && i < study->origin.object_count; i++)
        json_array_append_new(
            inputs, json_pack("{s:o, s:I, s:s}", "uri", text_of(study->origin.object[i].uri),
                              "bytes", whole(study->origin.object[i].size_bytes), "sha256_of_ends",
                              hex(study->origin.object[i].sha256, DP_MDR_HASH_BYTES, digest)));
    if (options->pheno)
        json_array_append_new(inputs, make_phenotypes(options->pheno, study));
    if (options->fold_file)
        json_array_append_new(inputs, make_text("folds", options->fold_file, &study->fold_text));
    return inputs;
}

static json_t *make_samples(const struct dp_mdr_study *study)
{
    const struct dp_mdr_cohort_counts *counts = &study->cohort_counts;

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "genotyped", whole(counts->genotyped),
                     "analysed", whole(counts->analysed), "cases", whole(study->cohort.case_count),
                     "controls", whole(study->cohort.control_count), "missing_phenotype",
                     whole(counts->missing), "without_phenotype", whole(counts->genotypes_only),
                     "without_genotypes", whole(counts->phenotypes_only));
}

/* How many cases and controls test in each fold, and a digest of who they are. */
static json_t *make_folds(const struct dp_mdr_study *study, const char *text, size_t length)
{
    const struct dp_mdr_cohort *cohort = &study->cohort;
    XXH128_canonical_t canonical;
    json_int_t sizes[DP_MDR_MAX_FOLDS][2] = {{0}};
    json_t *tests = json_array();
    char digest[2 * sizeof(canonical.digest) + 1];
    size_t i;

    for (i = 0; i < cohort->sample_count; i++)
        sizes[cohort->fold[i]][cohort->is_case[i]]++;
    for (i = 0; tests && i < cohort->fold_count; i++)
        json_array_append_new(
            tests, json_pack("{s:I, s:I}", "cases", sizes[i][1], "controls", sizes[i][0]));
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(text, length));
    return json_pack("{s:i, s:I, s:s, s:o}", "count", (int)cohort->fold_count, "unknown_ids",
                     whole(study->unknown_folds), "xxh128",
                     hex(canonical.digest, sizeof(canonical.digest), digest), "test", tests);
}

static json_t *make_variants(const struct dp_mdr_study *study)
{
    const struct dp_mdr_filter_counts *counts = &study->filter_counts;
    char digest[2 * DP_MDR_DIGEST_BYTES + 1];

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "records",
                     whole(study->ingest_counts.records), "multiallelic_records",
                     whole(study->ingest_counts.multiallelic), "skipped_records",
                     whole(study->ingest_counts.skipped), "read", whole(counts->variants),
                     "removed_by_filter", whole(counts->not_passed), "removed_by_max_missing",
                     whole(counts->missing), "removed_as_constant", whole(counts->constant),
                     "removed_by_maf", whole(counts->rare), "removed_by_hwe",
                     whole(counts->disequilibrium), "searched", whole(study->variant_count),
                     "with_missing_calls", whole(study->incomplete_count), "xxh128",
                     hex(study->digest, DP_MDR_DIGEST_BYTES, digest));
}

static json_t *make_combinations(const struct dp_mdr_study *study,
                                 const struct dp_mdr_schedule *schedule, uint64_t rows)
{
    size_t complete = study->variant_count - (size_t)study->incomplete_count;
    struct dp_mdr_schedule of_complete = {0};

    /* Fails when there is no combination of complete variants: then there are 0. */
    (void)dp_mdr_schedule_make(schedule->order, complete, 1, 0, &of_complete, NULL);
    return json_pack(
        "{s:I, s:I, s:I}", "searched", whole(schedule->combination_count), "with_missing_calls",
        whole(schedule->combination_count - of_complete.combination_count), "listed", whole(rows));
}

int dp_mdr_summary_make(const struct dp_mdr_options *options, const struct dp_mdr_study *study,
                        const struct dp_mdr_schedule *schedule, uint64_t rows, char **text,
                        struct dp_error *err)
{
    char *folds = NULL, *made = NULL;
    size_t length = 0;
    json_t *all;
    int rc = dp_mdr_folds_format(study->genotypes, &study->cohort, &folds, &length, err);

    if (rc < 0)
        return rc;
    all = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "program", "dp-mdr", "version",
                    dp_version(), "parameters", make_parameters(options, study), "inputs",
                    make_inputs(options, study), "samples", make_samples(study), "folds",
                    make_folds(study, folds, length), "variants", make_variants(study),
                    "combinations", make_combinations(study, schedule, rows));
    free(folds);
    if (all)
        made = json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    json_decref(all);
    if (!made)
        return dp_error_no_memory(err);
    *text = made;
    return DP_OK;
}
