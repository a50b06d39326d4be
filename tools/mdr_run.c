/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/mdr_run.h"

#include "base/le.h"
#include "mdr/folds.h"
#include "mdr/kernel.h"
#include "mdr/permute.h"
#include "mdr/report.h"
#include "mdr/saved_planes.h"
#include "mdr/search.h"
#include "tools/local.h"
#include "tools/mdr_names.h"
#include "tools/mdr_output.h"
#include "tools/mdr_summary.h"
#include "tools/signals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

/* Of results that are sorted, and of planes of permutations. */
#define SORT_BYTES ((size_t)256 << 20)
/* A summary has some KiB. */
#define SUMMARY_BYTES ((size_t)1 << 20)
#define PERMUTE_BYTES ((size_t)512 << 20)

/* Everything of one run. */
struct run {
    struct dp_tool *tool;
    struct dp_mdr_team *team;
    const struct dp_mdr_options *options;
    bool first; /* rank 0 */
    unsigned threads;
    const struct dp_mdr_kernel *kernel;
    struct dp_mdr_study study;
    struct dp_mdr_schedule schedule;
    struct dp_mdr_journal *journal;
    struct dp_mdr_harvest harvest;
    struct dp_mdr_sorter *sorter; /* of --all */
    struct dp_mdr_permutation *permutations;
    struct dp_mdr_referee referee;
    struct dp_mdr_output *table, *summary;
    char *summary_name, *journal_name;
    char *left; /* the summary that is there already */
    uint64_t rows;
    uint64_t given; /* hits, to the report */
    double read_seconds, search_seconds;
};

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int is_cancelled(void *user)
{
    (void)user;
    return dp_signals_caught() != 0 || dp_signals_pipe_broken();
}

/* ---------------------------------------------------------------------------------- outputs */

/* OUT.tsv -> OUT.json, OUT -> OUT.json; NULL: out of memory. */
static char *default_summary(const char *output)
{
    size_t length = strlen(output);
    char *name;

    if (length > 4 && strcmp(output + length - 4, ".tsv") == 0)
        length -= 4;
    return asprintf(&name, "%.*s.json", (int)length, output) < 0 ? NULL : name;
}

/* Names that follow from that of the table. */
static int name_files(struct run *run, struct dp_error *err)
{
    const struct dp_mdr_options *options = run->options;
    bool named = strcmp(options->output, "-") != 0 && !dp_local_is_stream(options->output);

    if (options->summary)
        run->summary_name = strdup(options->summary);
    else if (named)
        run->summary_name = default_summary(options->output);
    if (options->journal)
        run->journal_name = strdup(options->journal);
    else if (named && !options->no_journal && !dp_local_is_uri(options->output) &&
             asprintf(&run->journal_name, "%s.journal", options->output) < 0)
        run->journal_name = NULL;
    if ((!run->summary_name && (options->summary || named)) ||
        (!run->journal_name && options->journal))
        return dp_error_no_memory(err);
    return DP_OK;
}

/* The counts of --stats are written even when the run fails, by every rank: not to where they must
 * not go. */
static int check_names(const struct run *run, struct dp_error *err)
{
    struct dp_mdr_names names = {run->summary_name, run->journal_name, run->tool->stats_path,
                                 dp_mdr_team_size(run->team) > 1};
    bool stats_are_safe;
    int rc = dp_mdr_names_check(run->options, &names, &stats_are_safe, err);

    if (!stats_are_safe)
        run->tool->stats_path = NULL;
    return rc;
}

/* The summary appears before the table. A run that was killed in between has left it, and may be
 * gone on with: what is there must then be what this run would write, which is looked at when the
 * inputs are read. */
static int open_summary(struct run *run, struct dp_error *err)
{
    struct dp_context *context = run->tool->context;
    bool force = run->options->force;
    int rc = DP_OK;

    if (!run->summary_name)
        return DP_OK;
    if (dp_mdr_output_check(context, run->summary_name, force, NULL) == DP_INVALID) {
        rc = dp_mdr_output_peek(context, run->summary_name, SUMMARY_BYTES, &run->left, err);
        force = true;
    }
    return rc < 0 ? rc : dp_mdr_output_open(context, run->summary_name, force, &run->summary, err);
}

/* How many are listed at last is not known yet; all else is. */
static int check_left(struct run *run, struct dp_error *err)
{
    char *text = NULL, *end;
    int rc = dp_mdr_summary_make(run->options, &run->study, &run->schedule, 0, &text, err);

    if (rc < 0)
        return rc;
    end = strstr(text, "\"listed\"");
    if (!end || strncmp(text, run->left, (size_t)(end - text)) != 0)
        rc = dp_mdr_output_refuse(run->summary_name, err);
    free(text);
    return rc;
}

/* The journal is made by the search, when all was read: whether it can be is found out before. */
static int try_journal(const struct run *run, struct dp_error *err)
{
    struct dp_mdr_output *output = NULL;
    int rc;

    if (!run->journal_name)
        return DP_OK;
    if (dp_local_is_uri(run->journal_name))
        return dp_error_set(err, DP_INVALID, "%s: a journal is a local file", run->journal_name);
    rc = dp_mdr_output_open(run->tool->context, run->journal_name, true, &output, err);
    dp_mdr_output_free(output);
    return rc;
}

static int open_outputs(struct run *run, struct dp_error *err)
{
    const struct dp_mdr_options *options = run->options;
    struct dp_context *context = run->tool->context;
    int rc = try_journal(run, err);

    if (rc == DP_OK)
        rc = dp_mdr_output_open(context, options->output, options->force, &run->table, err);
    if (rc == DP_OK)
        rc = open_summary(run, err);
    return rc;
}

/* ------------------------------------------------------------------------------------ study */

static void show_reading(void *user, uint64_t done, uint64_t all)
{
    struct run *run = user;

    dp_meter_set(run->tool->meter, "reading", NULL, done, all);
}

static void fill_study_options(struct run *run, struct dp_mdr_study_options *study)
{
    const struct dp_mdr_options *options = run->options;

    *study = (struct dp_mdr_study_options){
        .vcf = options->vcf,
        .bfile = options->bfile,
        .planes = options->planes,
        .ingest = {.field = options->field,
                   .certainty = options->certainty,
                   .split_multiallelic = !options->skip_multiallelic,
                   .threads = run->threads,
                   .index = options->index,
                   .progress = run->tool->meter ? show_reading : NULL,
                   .user = run},
        .phenotypes = options->pheno,
        .phenotype = options->phenotype,
        .fold_file = options->fold_file,
        .fold_count = options->folds,
        .seed = options->seed,
        .filter = {.passed_only = options->passed_only,
                   .max_missing = options->max_missing,
                   .maf = options->maf,
                   .hwe = options->hwe,
                   .order = options->order,
                   .threads = run->threads},
        .keep_rows = options->permutations > 0,
    };
}

/* ", COUNT WHAT" is appended where there is anything to count. */
static void count_in(char *text, size_t capacity, uint64_t count, const char *what)
{
    size_t used = strlen(text);

    if (count)
        snprintf(text + used, capacity - used, "%s%llu %s", used ? ", " : "",
                 (unsigned long long)count, what);
}

/* What was left out, for whoever counts on it. */
static void say_samples(struct run *run)
{
    const struct dp_mdr_cohort_counts *counts = &run->study.cohort_counts;
    const struct dp_mdr_cohort *cohort = &run->study.cohort;
    char out[256] = "";

    count_in(out, sizeof(out), counts->genotypes_only, "without a phenotype");
    count_in(out, sizeof(out), counts->missing, "with a missing phenotype");
    count_in(out, sizeof(out), counts->phenotypes_only, "without genotypes");
    if (run->study.phenotype_choices > 1)
        dp_tool_say(run->tool, "phenotype '%s', the first of %zu; --pheno-name takes another",
                    run->study.phenotype_column, run->study.phenotype_choices);
    dp_tool_say(run->tool, "%zu samples: %llu cases, %llu controls%s%s", cohort->sample_count,
                (unsigned long long)cohort->case_count, (unsigned long long)cohort->control_count,
                *out ? "; left out: " : "", out);
    if (run->study.unknown_folds)
        dp_tool_say(run->tool, "%s: %llu of its samples are not searched", run->options->fold_file,
                    (unsigned long long)run->study.unknown_folds);
}

static void say_variants(struct run *run)
{
    const struct dp_mdr_ingest_counts *records = &run->study.ingest_counts;
    const struct dp_mdr_filter_counts *counts = &run->study.filter_counts;
    char out[320] = "";

    count_in(out, sizeof(out), counts->not_passed, "by FILTER");
    count_in(out, sizeof(out), counts->missing, "for missing calls");
    count_in(out, sizeof(out), counts->constant, "with one genotype only");
    count_in(out, sizeof(out), counts->rare, "by allele frequency");
    count_in(out, sizeof(out), counts->disequilibrium, "by equilibrium");
    dp_tool_say(run->tool, "%zu of %llu variants%s%s", run->study.variant_count,
                (unsigned long long)counts->variants, *out ? "; removed: " : "", out);
    if (records->skipped)
        dp_tool_say(run->tool, "%llu of %llu records were skipped: without one alternate allele",
                    (unsigned long long)records->skipped, (unsigned long long)records->records);
}

/* What an earlier run that was killed has left, to the byte, is kept. */
static int write_folds(struct run *run, struct dp_error *err)
{
    struct dp_context *context = run->tool->context;
    const char *name = run->options->write_folds;
    struct dp_mdr_output *output = NULL;
    char *text = NULL, *left = NULL;
    size_t length = 0;
    int rc = dp_mdr_folds_format(run->study.genotypes, &run->study.cohort, &text, &length, err);

    if (rc == DP_OK && dp_mdr_output_check(context, name, run->options->force, NULL) < 0) {
        rc = dp_mdr_output_peek(context, name, length + 1, &left, err);
        if (rc == DP_OK && strcmp(text, left) != 0)
            rc = dp_mdr_output_refuse(name, err);
        goto out;
    }
    if (rc == DP_OK)
        rc = dp_mdr_output_open(context, name, run->options->force, &output, err);
    if (rc == DP_OK)
        rc = dp_mdr_output_write(output, text, length, err);
    if (rc == DP_OK)
        rc = dp_mdr_output_commit(output, err);
out:
    dp_mdr_output_free(output);
    free(text);
    free(left);
    return rc;
}

/* Planes of the same origin are kept. */
static int save_planes(struct run *run, struct dp_error *err)
{
    struct dp_context *context = run->tool->context;
    const char *name = run->options->save_planes;
    struct dp_mdr_genotypes *left = NULL;
    int rc;

    if (dp_mdr_output_check(context, name, run->options->force, NULL) == DP_OK)
        return dp_mdr_saved_planes_write(context, name, run->study.genotypes, &run->study.origin,
                                         &run->study.ingest_counts, err);
    rc = dp_mdr_saved_planes_read(context, name, &run->study.origin, &left, NULL, NULL, err);
    dp_mdr_genotypes_free(left);
    return rc == DP_STALE_INDEX || rc == DP_BAD_INDEX ? dp_mdr_output_refuse(name, err) : rc;
}

static int make_study(struct run *run, struct dp_error *err)
{
    struct dp_mdr_study_options study;
    double begin = now_seconds();
    int rc;

    dp_meter_begin(run->tool->meter, "records");
    fill_study_options(run, &study);
    rc = dp_mdr_study_open(run->tool->context, &study, run->team, &run->study, err);
    if (rc < 0)
        return rc;
    run->read_seconds = now_seconds() - begin;
    if (run->first) {
        say_samples(run);
        say_variants(run);
    }
    if (run->first && run->options->save_planes)
        rc = save_planes(run, err);
    if (rc == DP_OK && run->first && run->options->write_folds)
        rc = write_folds(run, err);
    if (rc == DP_OK)
        rc = dp_mdr_schedule_make(run->options->order, run->study.variant_count,
                                  run->study.cohort.sample_count, run->options->tile,
                                  &run->schedule, err);
    if (rc == DP_OK && run->left)
        rc = check_left(run, err);
    return dp_mdr_team_agree(run->team, rc, err);
}

/* ---------------------------------------------------------------------------------- journal */

/* Of everything that the results depend on, and of what the journal's units are. */
static void make_identity(const struct run *run, uint8_t *identity)
{
    const struct dp_mdr_options *options = run->options;
    const struct dp_mdr_cohort *cohort = &run->study.cohort;
    XXH128_canonical_t canonical;
    XXH3_state_t *state = XXH3_createState();
    uint64_t numbers[] = {options->order,
                          run->schedule.tile,
                          options->all ? 0 : options->top,
                          options->no_consistency,
                          options->seed,
                          cohort->fold_count,
                          cohort->sample_count,
                          run->study.variant_count,
                          0};
    uint8_t bytes[sizeof(numbers)];
    size_t i;

    if (options->all)
        numbers[8] = options->threshold.units;
    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        dp_le64_store(bytes + 8 * i, numbers[i]);
    XXH3_128bits_reset(state);
    XXH3_128bits_update(state, dp_version(), strlen(dp_version()));
    XXH3_128bits_update(state, bytes, sizeof(bytes));
    XXH3_128bits_update(state, cohort->column, cohort->sample_count * sizeof(*cohort->column));
    XXH3_128bits_update(state, cohort->is_case, cohort->sample_count);
    XXH3_128bits_update(state, cohort->fold, cohort->sample_count);
    XXH3_128bits_update(state, run->study.digest, sizeof(run->study.digest));
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
    XXH3_freeState(state);
    memcpy(identity, canonical.digest, DP_MDR_IDENTITY_BYTES);
}

static int open_journal(struct run *run, struct dp_error *err)
{
    struct dp_mdr_journal_options options = {
        .path = run->journal_name,
        .rank = dp_mdr_team_rank(run->team),
        .rank_count = dp_mdr_team_size(run->team),
        .force = run->options->force,
        .schedule = &run->schedule,
        .fold_count = run->study.cohort.fold_count,
        .permutation_count = run->options->permutations,
    };
    int rc;

    dp_mdr_referee_make(run->study.planes, run->study.incomplete_count == 0, &run->referee);
    rc = dp_mdr_search_begin(run->options->all ? 1 : (size_t)run->options->top, &run->referee,
                             &run->harvest, err);
    if (rc == DP_OK && (run->journal_name || run->options->all)) {
        make_identity(run, options.identity);
        rc = dp_mdr_journal_open(&options, &run->harvest, &run->journal, err);
    }
    rc = dp_mdr_team_agree(run->team, rc, err);
    if (rc < 0 || !run->first || !run->journal)
        return rc;
    if (dp_mdr_journal_done_count(run->journal))
        dp_tool_say(run->tool, "%s: going on: %llu of %llu units are done", run->journal_name,
                    (unsigned long long)dp_mdr_journal_done_count(run->journal),
                    (unsigned long long)run->schedule.unit_count);
    if (dp_mdr_journal_torn_bytes(run->journal))
        dp_tool_detail(run->tool, "%s: %llu bytes at its end are no whole record, dropped",
                       run->journal_name,
                       (unsigned long long)dp_mdr_journal_torn_bytes(run->journal));
    return rc;
}

/* ----------------------------------------------------------------------------------- search */

static const char *noun(const struct run *run)
{
    return run->schedule.order == 2 ? "pairs" : "triples";
}

static void show_search(void *user, uint64_t done_units)
{
    struct run *run = user;
    double share = (double)done_units / (double)run->schedule.unit_count;

    dp_meter_set(run->tool->meter, "searched", NULL,
                 (uint64_t)(share * (double)run->schedule.combination_count),
                 run->schedule.combination_count);
}

static int search(struct run *run, struct dp_error *err)
{
    struct dp_mdr_search_options options = {
        .kernel = run->kernel,
        .schedule = &run->schedule,
        .threads = run->threads,
        .top = run->options->all ? 1 : (size_t)run->options->top,
        .consistency = !run->options->no_consistency,
        .prune = !run->options->no_prune,
        .threshold = run->options->all ? run->options->threshold : dp_mdr_threshold_none(),
        .journal = run->journal,
        .batch_seconds = run->options->journal_seconds,
        .progress = run->tool->meter ? show_search : NULL,
        .cancel = is_cancelled,
        .user = run,
    };
    double begin = now_seconds();
    int rc;

    dp_meter_begin(run->tool->meter, noun(run));
    rc = dp_mdr_search_run(run->study.planes, &options, run->team, &run->harvest, err);
    if (rc == DP_OK)
        rc = dp_mdr_search_gather(run->team, run->study.cohort.fold_count, &run->harvest, err);
    run->search_seconds = now_seconds() - begin;
    if (rc < 0 || !run->options->all)
        return rc;
    if (run->first)
        rc = dp_mdr_sorter_new(SORT_BYTES, &run->referee, &run->sorter, err);
    rc = dp_mdr_team_agree(run->team, rc, err);
    return rc < 0 ? rc : dp_mdr_search_gather_hits(run->team, run->journal, run->sorter, err);
}

/* What was not counted was not searched: never report that. */
static int check_count(const struct run *run, struct dp_error *err)
{
    if (!run->first || run->harvest.combination_count == run->schedule.combination_count)
        return DP_OK;
    return dp_error_set(err, DP_DATA, "%llu of %llu %s were searched: the journal%s%s is damaged",
                        (unsigned long long)run->harvest.combination_count,
                        (unsigned long long)run->schedule.combination_count, noun(run),
                        run->journal_name ? " " : "", run->journal_name ? run->journal_name : "");
}

static void show_permutations(void *user, uint64_t done)
{
    struct run *run = user;

    dp_meter_set(run->tool->meter, "searched", NULL, done, run->options->permutations);
}

static int permute(struct run *run, struct dp_error *err)
{
    struct dp_mdr_permute_options options = {
        .kernel = run->kernel,
        .schedule = &run->schedule,
        .threads = run->threads,
        .count = run->options->permutations,
        .seed = run->options->seed,
        .prune = !run->options->no_prune,
        .memory_bytes = PERMUTE_BYTES,
        .journal = run->journal_name ? run->journal : NULL,
        .progress = run->tool->meter ? show_permutations : NULL,
        .cancel = is_cancelled,
        .user = run,
    };
    int rc;

    if (options.count == 0)
        return DP_OK;
    dp_meter_begin(run->tool->meter, "permutations");
    run->permutations = malloc((size_t)options.count * sizeof(*run->permutations));
    rc = dp_mdr_team_agree(run->team, run->permutations ? DP_OK : dp_error_no_memory(err), err);
    return rc < 0 ? rc
                  : dp_mdr_permute_run(&run->study, &options, run->team, run->permutations, err);
}

/* ---------------------------------------------------------------------------------- results */

static int next_hit(void *user, struct dp_mdr_hit *hit, struct dp_error *err)
{
    struct run *run = user;
    uint64_t all =
        run->sorter ? dp_mdr_sorter_count(run->sorter) : dp_mdr_best_count(run->harvest.best);

    dp_meter_set(run->tool->meter, "written", NULL, run->given, all);
    if (run->given == all)
        return 0;
    run->given++;
    if (run->sorter)
        return dp_mdr_sorter_next(run->sorter, hit, err);
    *hit = dp_mdr_best_sorted(run->harvest.best)[run->given - 1];
    return 1;
}

static int write_table(struct run *run, struct dp_error *err)
{
    struct dp_mdr_report report = {
        .study = &run->study,
        .order = run->schedule.order,
        .fold_best = run->options->no_consistency ? NULL : run->harvest.fold_best,
        .permutations = run->permutations,
        .permutation_count = run->options->permutations,
        .seed = run->options->seed,
        .threads = run->threads,
        .cancel = is_cancelled,
    };

    return dp_mdr_report_write(&report, next_hit, run, dp_mdr_output_write, run->table, &run->rows,
                               err);
}

static int write_summary(struct run *run, struct dp_error *err)
{
    char *text = NULL;
    int rc = dp_mdr_summary_make(run->options, &run->study, &run->schedule, run->rows, &text, err);

    if (rc == DP_OK)
        rc = dp_mdr_output_write(run->summary, text, strlen(text), err);
    if (rc == DP_OK)
        rc = dp_mdr_output_write(run->summary, "\n", 1, err);
    free(text);
    return rc;
}

/* Rank 0. The journal goes when nothing is left to go on with. */
static int write_results(struct run *run, struct dp_error *err)
{
    int rc;

    dp_meter_begin(run->tool->meter, "rows");
    rc = write_table(run, err);
    if (rc == DP_OK && run->summary)
        rc = write_summary(run, err);
    if (rc == DP_OK && run->summary)
        rc = dp_mdr_output_commit(run->summary, err);
    if (rc == DP_OK)
        rc = dp_mdr_output_commit(run->table, err);
    if (rc == DP_OK && run->journal)
        rc = dp_mdr_journal_remove(run->journal, err);
    return rc;
}

static void say_results(struct run *run)
{
    double pairs = (double)run->schedule.combination_count;

    dp_tool_say(run->tool, "%llu %s searched, %llu listed",
                (unsigned long long)run->schedule.combination_count, noun(run),
                (unsigned long long)run->rows);
    dp_tool_detail(run->tool,
                   "kernel %s, %u ranks of %u threads, tiles of %u; read in %.3f s, searched in "
                   "%.3f s: %.4g %s/s",
                   dp_mdr_kernel_name(run->kernel), dp_mdr_team_size(run->team), run->threads,
                   run->schedule.tile, run->read_seconds, run->search_seconds,
                   run->search_seconds > 0 ? pairs / run->search_seconds : 0, noun(run));
}

/* --------------------------------------------------------------------------------- all of it */

/* What every rank does before it reads anything. */
static int prepare(struct run *run, struct dp_error *err)
{
    int rc = dp_mdr_kernel_find(run->options->kernel, &run->kernel, err);

    if (rc == DP_OK && run->options->save_planes && dp_mdr_team_size(run->team) > 1)
        rc = dp_error_set(err, DP_UNSUPPORTED,
                          "%s: no rank has all genotypes; save them with "
                          "dp-mdr, or with one rank",
                          run->options->save_planes);
    if (rc == DP_OK)
        rc = name_files(run, err);
    if (rc == DP_OK)
        rc = check_names(run, err);
    if (rc == DP_OK && run->first)
        rc = open_outputs(run, err);
    return dp_mdr_team_agree(run->team, rc, err);
}

static int run_all(struct run *run, struct dp_error *err)
{
    int rc = prepare(run, err);

    if (rc == DP_OK)
        rc = make_study(run, err);
    if (rc == DP_OK)
        rc = open_journal(run, err);
    if (rc == DP_OK)
        rc = search(run, err);
    if (rc == DP_OK)
        rc = dp_mdr_team_agree(run->team, check_count(run, err), err);
    if (rc == DP_OK)
        rc = permute(run, err);
    if (rc < 0)
        return rc;
    if (run->first)
        rc = write_results(run, err);
    return dp_mdr_team_agree(run->team, rc, err);
}

static void close_run(struct run *run)
{
    dp_mdr_output_free(run->table);
    dp_mdr_output_free(run->summary);
    dp_mdr_sorter_free(run->sorter);
    dp_mdr_search_end(&run->harvest);
    dp_mdr_journal_free(run->journal);
    dp_mdr_study_close(&run->study);
    free(run->permutations);
    free(run->left);
    free(run->summary_name);
    free(run->journal_name);
}

int dp_mdr_run(struct dp_tool *tool, struct dp_mdr_team *team, const struct dp_mdr_options *options)
{
    struct run run = {
        .tool = tool,
        .team = team,
        .options = options,
        .first = dp_mdr_team_rank(team) == 0,
        .threads = dp_tool_threads(tool, DP_MDR_THREADS_MAX),
    };
    struct dp_error err;
    int rc, status;

    dp_error_clear(&err);
    rc = dp_mdr_team_agree(team, dp_tool_open(tool, false, &err), &err);
    if (rc == DP_OK)
        rc = run_all(&run, &err);
    if (rc == DP_OK && run.first)
        say_results(&run);
    status = run.first && rc < 0 ? dp_tool_fail(tool, &err) : dp_tool_status_of(rc);
    close_run(&run);
    return status;
}
