/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/ingest_slices.h"

#include "base/thread.h"
#include "mdr/decode.h"
#include "mdr/joiner.h"
#include "mdr/record_cutter.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPANS_PER_SLICE = 24, /* neighbours both fetch what lies between two seek points: 1/24 more */
    SLICES_PER_THREAD = 4 /* at most: the last ones to end should be short */
};

/* A slice being read. */
struct source {
    struct dp_reader *reader;
    struct dp_mdr_cutter cutter;
    uint64_t record; /* number of the next one, from 1 */
};

struct work {
    struct dp_context *context;
    const struct dp_mdr_ingest_options *options;
    const char *name; /* of the object */
    struct dp_plan *plan;
    struct dp_mdr_decoder decoder;
    struct dp_mdr_genotypes *whole;
    struct dp_mdr_joiner joiner;
    unsigned reader_threads;
    uint64_t begin, end;        /* slices of this share, from 1 */
    atomic_uint_least64_t next; /* the first that nobody has taken */
    struct source first;        /* is open already, for its header */
};

/* ------------------------------------------------------------------------------------ plan */

static unsigned shares_of(const struct dp_mdr_ingest_options *options)
{
    return options->share_count > 1 ? options->share_count : 1;
}

uint64_t dp_mdr_ingest_slices_each(const struct dp_index *index,
                                   const struct dp_mdr_ingest_options *options)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    uint64_t most = (uint64_t)(options->threads ? options->threads : 1) * SLICES_PER_THREAD, count;

    dp_index_info(index, &info);
    count = info.uncompressed_bytes / SPANS_PER_SLICE / shares_of(options);
    count /= info.spacing_bytes ? info.spacing_bytes : 1;
    return count < 1 ? 1 : count > most ? most : count;
}

static int make_plan(struct work *work, struct dp_object *object, struct dp_index *index,
                     struct dp_error *err)
{
    struct dp_plan_options plan = {.struct_bytes = sizeof(plan), .unit = DP_UNIT_RECORDS};
    uint64_t each = dp_mdr_ingest_slices_each(index, work->options);

    work->begin = 1 + work->options->share * each;
    work->end = work->begin + each;
    work->reader_threads = (unsigned)((work->options->threads + each - 1) / each);
    plan.part_count = each * shares_of(work->options);
    plan.allow_signed = dp_object_is_signed(object); /* slices stay in this process */
    return dp_plan_new(index, object, &plan, &work->plan, err);
}

/* ------------------------------------------------------------------------------- one slice */

static int64_t pull_reader(void *user, const void **bytes, struct dp_error *err)
{
    return dp_reader_next(user, 0, bytes, err);
}

static int open_source(struct work *work, uint64_t number, bool header, struct source *source,
                       struct dp_error *err)
{
    struct dp_reader_options options = {.struct_bytes = sizeof(options),
                                        .threads = work->reader_threads,
                                        .index_uri = work->options->index,
                                        .skip_prologue = !header};
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    struct dp_slice *slice = NULL;
    int rc = dp_plan_slice(work->plan, number, &slice, err);

    if (rc)
        return rc;
    dp_slice_info(slice, &info);
    rc = dp_reader_open(work->context, slice, &options, &source->reader, err);
    if (!rc) {
        source->record = info.begin + 1;
        dp_mdr_cutter_begin(&source->cutter, pull_reader, source->reader, work->name,
                            work->decoder.bcf);
    }
    dp_slice_free(slice);
    return rc;
}

static void close_source(struct source *source)
{
    dp_mdr_cutter_end(&source->cutter);
    dp_reader_free(source->reader);
    memset(source, 0, sizeof(*source));
}

/* Decodes all of `source` into `part`. */
static int decode_source(struct source *source, struct dp_mdr_decode *decode,
                         struct dp_mdr_genotypes *part, struct dp_error *err)
{
    struct dp_array batch = {0};
    uint64_t count = 1;
    int rc = DP_OK;

    while (!rc && count > 0) {
        rc = dp_mdr_cutter_batch(&source->cutter, &batch, &count, err);
        if (!rc && count > 0)
            rc = dp_mdr_decode_batch(decode, &batch, source->record, part, err);
        source->record += count;
    }
    dp_array_free(&batch);
    return rc;
}

/* Slice `number` becomes a part of the whole. */
static int take_slice(struct work *work, uint64_t number, struct dp_error *err)
{
    struct source source = number == work->begin ? work->first : (struct source){0};
    struct dp_mdr_decode decode = {0};
    struct dp_mdr_genotypes *part = NULL;
    int rc = dp_mdr_genotypes_new_part(work->whole, &part, err);

    if (number == work->begin)
        work->first = (struct source){0};
    if (!rc)
        rc = dp_mdr_decode_open(&work->decoder, &decode, err);
    if (!rc && !source.reader)
        rc = open_source(work, number, false, &source, err);
    if (!rc)
        rc = decode_source(&source, &decode, part, err);
    if (!rc)
        dp_mdr_joiner_put(&work->joiner, number - work->begin, part, &decode.counts);
    else
        dp_mdr_genotypes_free(part);
    dp_mdr_decode_close(&decode);
    close_source(&source);
    return rc;
}

/* --------------------------------------------------------------------------------- threads */

static void *run_thread(void *user)
{
    struct work *work = user;
    struct dp_error error = {0};
    uint64_t number;

    while (!dp_mdr_joiner_failed(&work->joiner)) {
        number = atomic_fetch_add(&work->next, 1);
        if (number >= work->end)
            break;
        if (take_slice(work, number, &error))
            dp_mdr_joiner_fail(&work->joiner, number - work->begin, &error);
    }
    return NULL;
}

/* Slices are taken in order, so that all before a failed one are decoded. */
static void run_threads(struct work *work)
{
    uint64_t count = work->end - work->begin, i, started;
    pthread_t *threads;

    if (count > work->options->threads)
        count = work->options->threads;
    threads = count > 1 ? calloc(count, sizeof(*threads)) : NULL;
    for (started = 0; threads && started + 1 < count; started++)
        if (dp_thread_start(&threads[started], run_thread, work) != 0)
            break;
    run_thread(work); /* this one works, too */
    for (i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
}

static int read_header(struct work *work, struct dp_error *err)
{
    struct dp_array header = {0};
    int rc = open_source(work, work->begin, true, &work->first, err);

    if (!rc)
        rc = dp_mdr_cutter_header(&work->first.cutter, &header, err);
    if (!rc)
        rc = dp_mdr_decoder_open(&header, work->first.cutter.is_bcf, work->options, work->name,
                                 &work->decoder, &work->whole, err);
    dp_array_free(&header);
    return rc;
}

int dp_mdr_ingest_slices(struct dp_context *context, struct dp_object *object,
                         struct dp_index *index, const struct dp_mdr_ingest_options *options,
                         struct dp_mdr_genotypes **genotypes, struct dp_mdr_ingest_counts *counts,
                         struct dp_error *err)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    struct work work = {.context = context, .options = options, .name = dp_object_uri(object)};
    int rc = make_plan(&work, object, index, err);

    dp_index_info(index, &info);
    atomic_init(&work.next, work.begin);
    if (!rc)
        rc = read_header(&work, err);
    if (!rc)
        rc = dp_mdr_joiner_open(&work.joiner, work.whole, options,
                                info.record_count / shares_of(options), err);
    if (!rc) {
        run_threads(&work);
        rc = dp_mdr_joiner_close(&work.joiner, counts, err);
    }
    close_source(&work.first);
    dp_mdr_decoder_close(&work.decoder);
    dp_plan_free(work.plan);
    if (rc)
        dp_mdr_genotypes_free(work.whole);
    else
        *genotypes = work.whole;
    return rc;
}
