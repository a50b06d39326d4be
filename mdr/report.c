/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/report.h"

#include "mdr/stats.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines made side by side, then written in their order. */
#define ROWS 512

/* A line on its way: the hit and its text. */
struct row {
    struct dp_mdr_hit hit;
    uint64_t rank;
    char *text;
    size_t length;
};

static void print_number(FILE *out, double value)
{
    if (isnan(value))
        fputs("\tNA", out);
    else
        fprintf(out, "\t%.10g", value);
}

/* "\tNAME1\tNAME2" */
static void print_each(FILE *out, const char *name, unsigned count)
{
    unsigned i;

    for (i = 1; i <= count; i++)
        fprintf(out, "\t%s%u", name, i);
}

static void print_header(FILE *out, const struct dp_mdr_report *report)
{
    unsigned folds = report->study->cohort.fold_count, i;

    fputs("rank", out);
    print_each(out, "id", report->order);
    for (i = 1; i <= report->order; i++)
        fprintf(out, "\tchrom%u\tpos%u", i, i);
    fputs("\ttrain_ba\ttest_ba\tcvc", out);
    for (i = 1; i <= folds; i++)
        fprintf(out, "\ttrain_ba_%u\ttest_ba_%u", i, i);
    for (i = 1; i <= report->order; i++)
        fprintf(out, "\tref%u\talt%u", i, i);
    fputs("\tn\todds_ratio\tor_low\tor_high\tchi_square\tp\tinformation_gain\tcells", out);
    fprintf(out, "%s\n", report->permutations ? "\tpermutation_p" : "");
}

static void print_variants(FILE *out, const struct dp_mdr_report *report,
                           const struct dp_mdr_hit *hit, struct dp_mdr_variant *variants)
{
    unsigned i;

    for (i = 0; i < report->order; i++) {
        dp_mdr_study_variant(report->study, hit->variant[i], &variants[i]);
        fprintf(out, "\t%s", variants[i].id);
    }
    for (i = 0; i < report->order; i++)
        fprintf(out, "\t%s\t%" PRIu64, variants[i].chrom, variants[i].position);
}

/* In how many folds the combination is the best. */
static unsigned count_folds(const struct dp_mdr_report *report, const struct dp_mdr_hit *hit)
{
    unsigned folds = report->study->cohort.fold_count, fold, count = 0;

    for (fold = 0; fold < folds; fold++)
        count += report->fold_best[fold].score > -INFINITY &&
                 memcmp(report->fold_best[fold].variant, hit->variant,
                        report->order * sizeof(hit->variant[0])) == 0;
    return count;
}

static void print_scores(FILE *out, const struct dp_mdr_report *report,
                         const struct dp_mdr_hit *hit, const struct dp_mdr_scores *scores)
{
    unsigned folds = report->study->cohort.fold_count, fold;

    print_number(out, scores->mean_train);
    print_number(out, scores->mean_test);
    if (report->fold_best)
        fprintf(out, "\t%u", count_folds(report, hit));
    else
        fputs("\tNA", out);
    for (fold = 0; fold < folds; fold++) {
        print_number(out, scores->train[fold]);
        print_number(out, scores->test[fold]);
    }
}

static void print_stats(FILE *out, const struct dp_mdr_stats *stats)
{
    char cells[DP_MDR_CELLS_TEXT_BYTES];

    fprintf(out, "\t%" PRIu64, stats->sample_count);
    print_number(out, stats->odds_ratio);
    print_number(out, stats->or_low);
    print_number(out, stats->or_high);
    print_number(out, stats->chi_square);
    print_number(out, stats->p);
    print_number(out, stats->information_gain);
    fprintf(out, "\t%s", dp_mdr_stats_cells(stats, cells, sizeof(cells)));
}

/* False when out of memory. */
static bool print_p(FILE *out, const struct dp_mdr_report *report, double score,
                    const struct dp_mdr_terms *terms)
{
    double p;
    int rc = DP_OK;

    if (!report->permutations)
        return true;
    rc = dp_mdr_permute_p(report->study, report->seed, report->permutations,
                          report->permutation_count, score, terms, &p, NULL);
    print_number(out, p);
    return rc == DP_OK;
}

/* The whole line. False when out of memory. */
static bool make_row(const struct dp_mdr_report *report, struct row *row)
{
    const struct dp_mdr_cohort *cohort = &report->study->cohort;
    struct dp_mdr_variant variants[DP_MDR_MAX_ORDER];
    struct dp_mdr_scores scores;
    struct dp_mdr_terms terms;
    struct dp_mdr_table table;
    struct dp_mdr_stats stats;
    FILE *out = open_memstream(&row->text, &row->length);
    unsigned i;
    bool made;

    if (!out)
        return false;
    dp_mdr_table_count(report->study->planes, report->order, row->hit.variant, &table);
    dp_mdr_score_terms(&table, cohort->case_count, cohort->control_count, &terms);
    dp_mdr_score_round(&terms, &scores);
    dp_mdr_stats_make(&table, cohort->case_count, cohort->control_count, &stats);
    fprintf(out, "%" PRIu64, row->rank);
    print_variants(out, report, &row->hit, variants);
    print_scores(out, report, &row->hit, &scores);
    for (i = 0; i < report->order; i++)
        fprintf(out, "\t%s\t%s", variants[i].ref, variants[i].alt);
    print_stats(out, &stats);
    made = print_p(out, report, row->hit.score, &terms);
    fputc('\n', out);
    return fclose(out) == 0 && made;
}

/* Makes the texts of `count` rows and writes them. */
static int write_rows(const struct dp_mdr_report *report, struct row *rows, size_t count,
                      dp_write_fn write, void *write_user, struct dp_error *err)
{
    bool made = true;
    size_t i;
    int rc = DP_OK;

#pragma omp parallel for schedule(dynamic, 8) num_threads((int)report->threads) reduction(&& : made)
    for (i = 0; i < count; i++)
        made = make_row(report, &rows[i]) && made;
    if (!made)
        rc = dp_error_no_memory(err);
    for (i = 0; i < count; i++) {
        if (rc == DP_OK)
            rc = write(write_user, rows[i].text, rows[i].length, err);
        free(rows[i].text);
        rows[i].text = NULL;
    }
    return rc;
}

static int write_header(const struct dp_mdr_report *report, dp_write_fn write, void *write_user,
                        struct dp_error *err)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    int rc;

    if (!out)
        return dp_error_no_memory(err);
    print_header(out, report);
    rc = fclose(out) == 0 ? write(write_user, text, length, err) : dp_error_no_memory(err);
    free(text);
    return rc;
}

int dp_mdr_report_write(const struct dp_mdr_report *report,
                        int (*next)(void *user, struct dp_mdr_hit *hit, struct dp_error *err),
                        void *next_user, dp_write_fn write, void *write_user, uint64_t *rows,
                        struct dp_error *err)
{
    struct row *batch = calloc(ROWS, sizeof(*batch));
    uint64_t done = 0;
    size_t count;
    int rc, more = 1;

    rc = batch ? write_header(report, write, write_user, err) : dp_error_no_memory(err);
    while (rc == DP_OK && more > 0) {
        for (count = 0; count < ROWS; count++) {
            more = next(next_user, &batch[count].hit, err);
            if (more <= 0)
                break;
            batch[count].rank = ++done;
        }
        rc = more < 0 ? more : write_rows(report, batch, count, write, write_user, err);
        if (rc == DP_OK && report->cancel && report->cancel(report->user))
            rc = dp_error_set(err, DP_CANCELLED, "the report was stopped");
    }
    free(batch);
    if (rows)
        *rows = done;
    return rc;
}
