/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* One thread cuts the stream into batches of records, the others decode them. Memory: some batches
 * for each thread, however long the stream is. */

#include "config.h"

#include "mdr/ingest_stream.h"

#include "base/thread.h"
#include "mdr/decode.h"
#include "mdr/joiner.h"
#include "mdr/record_cutter.h"
#include "mdr/whole.h"

#include <stdlib.h>
#include <string.h>

/* Records on their way to a thread. */
struct batch {
    struct batch *next;
    struct dp_array bytes;
    uint64_t number;       /* of the batch, from 0 */
    uint64_t first_record; /* from 1 */
    uint64_t records;
};

struct work {
    const struct dp_mdr_ingest_options *options;
    struct dp_mdr_decoder decoder;
    struct dp_mdr_genotypes *whole;
    struct dp_mdr_joiner joiner;
    struct dp_mdr_cutter cutter;
    uint64_t batch_count; /* cut so far */
    uint64_t record;      /* number of the next one */

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct batch *idle;          /* to be filled */
    struct batch *ready, **last; /* to be decoded, in order */
    bool ended;                  /* nothing more gets ready */
};

static int64_t pull_stream(void *user, const void **bytes, struct dp_error *err)
{
    return dp_stream_next(user, bytes, err);
}

/* ----------------------------------------------------------------------------------- batch */

/* The next records; a batch with none at the end. */
static int cut_batch(struct work *work, struct batch *batch, struct dp_error *err)
{
    int rc = dp_mdr_cutter_batch(&work->cutter, &batch->bytes, &batch->records, err);

    if (rc)
        return rc;
    batch->next = NULL;
    batch->first_record = work->record;
    work->record += batch->records;
    batch->number = work->batch_count++;
    return DP_OK;
}

static void decode_batch(struct work *work, struct batch *batch)
{
    struct dp_mdr_genotypes *part = NULL;
    struct dp_mdr_decode decode = {0};
    struct dp_error error = {0};
    int rc = dp_mdr_genotypes_new_part(work->whole, &part, &error);

    if (!rc)
        rc = dp_mdr_decode_open(&work->decoder, &decode, &error);
    if (!rc)
        rc = dp_mdr_decode_batch(&decode, &batch->bytes, batch->first_record, part, &error);
    if (rc) {
        dp_mdr_genotypes_free(part);
        dp_mdr_joiner_fail(&work->joiner, batch->number, &error);
    } else {
        dp_mdr_joiner_put(&work->joiner, batch->number, part, &decode.counts);
    }
    dp_mdr_decode_close(&decode);
}

/* ----------------------------------------------------------------------------------- queue */

static void give_back(struct work *work, struct batch *batch)
{
    batch->next = work->idle;
    work->idle = batch;
    pthread_cond_broadcast(&work->changed);
}

static void *run_decoder(void *user)
{
    struct work *work = user;
    struct batch *batch;

    pthread_mutex_lock(&work->mutex);
    for (;;) {
        while (!work->ready && !work->ended)
            pthread_cond_wait(&work->changed, &work->mutex);
        batch = work->ready;
        if (!batch)
            break;
        work->ready = batch->next;
        if (!work->ready)
            work->last = &work->ready;
        pthread_mutex_unlock(&work->mutex);
        decode_batch(work, batch);
        pthread_mutex_lock(&work->mutex);
        give_back(work, batch);
    }
    pthread_mutex_unlock(&work->mutex);
    return NULL;
}

static struct batch *wait_idle(struct work *work)
{
    struct batch *batch;

    pthread_mutex_lock(&work->mutex);
    while (!work->idle)
        pthread_cond_wait(&work->changed, &work->mutex);
    batch = work->idle;
    work->idle = batch->next;
    pthread_mutex_unlock(&work->mutex);
    return batch;
}

static void put_ready(struct work *work, struct batch *batch)
{
    pthread_mutex_lock(&work->mutex);
    *work->last = batch;
    work->last = &batch->next;
    pthread_cond_broadcast(&work->changed);
    pthread_mutex_unlock(&work->mutex);
}

/* Cuts the whole stream. With decoders these get the batches, else this thread decodes them. A
 * failure of the stream comes behind all that was cut before. */
static void cut_stream(struct work *work, bool decoders)
{
    struct dp_error error = {0};
    struct batch *batch;
    bool more = true;

    while (more && !dp_mdr_joiner_failed(&work->joiner)) {
        batch = wait_idle(work);
        if (cut_batch(work, batch, &error)) {
            dp_mdr_joiner_fail(&work->joiner, work->batch_count, &error);
            batch->records = 0;
        }
        more = batch->records > 0;
        if (more && decoders) {
            put_ready(work, batch);
            continue;
        }
        if (more)
            decode_batch(work, batch);
        pthread_mutex_lock(&work->mutex);
        give_back(work, batch);
        pthread_mutex_unlock(&work->mutex);
    }
}

static void end_queue(struct work *work)
{
    pthread_mutex_lock(&work->mutex);
    work->ended = true;
    pthread_cond_broadcast(&work->changed);
    pthread_mutex_unlock(&work->mutex);
}

/* --------------------------------------------------------------------------------- threads */

static void decode_all(struct work *work, struct batch *batches, size_t batch_count,
                       pthread_t *threads, unsigned thread_count)
{
    unsigned started = 0;
    size_t i;

    work->last = &work->ready;
    for (i = 0; i < batch_count; i++)
        give_back(work, &batches[i]);
    if (thread_count > 1)
        while (started < thread_count &&
               dp_thread_start(&threads[started], run_decoder, work) == 0)
            started++;
    cut_stream(work, started > 0);
    end_queue(work);
    while (started > 0)
        pthread_join(threads[--started], NULL);
    for (i = 0; i < batch_count; i++)
        dp_array_free(&batches[i].bytes);
}

static int decode_stream(struct work *work, struct dp_mdr_ingest_counts *counts,
                         struct dp_error *err)
{
    unsigned thread_count = work->options->threads > 1 ? work->options->threads : 1;
    size_t batch_count = (size_t)thread_count + 2;
    struct batch *batches = calloc(batch_count, sizeof(*batches));
    pthread_t *threads = calloc(thread_count, sizeof(*threads));
    int rc = DP_OK;

    if (!batches || !threads || pthread_mutex_init(&work->mutex, NULL) != 0) {
        rc = dp_error_no_memory(err);
        goto done;
    }
    pthread_cond_init(&work->changed, NULL);
    rc = dp_mdr_joiner_open(&work->joiner, work->whole, work->options, 0, err);
    if (!rc) {
        decode_all(work, batches, batch_count, threads, thread_count);
        rc = dp_mdr_joiner_close(&work->joiner, counts, err);
    }
    pthread_cond_destroy(&work->changed);
    pthread_mutex_destroy(&work->mutex);
done:
    free(threads);
    free(batches);
    return rc;
}

int dp_mdr_ingest_stream(struct dp_context *context, struct dp_object *object,
                         struct dp_index *index, bool header_only,
                         const struct dp_mdr_ingest_options *options,
                         struct dp_mdr_genotypes **genotypes, struct dp_mdr_ingest_counts *counts,
                         struct dp_error *err)
{
    struct dp_stream_options stream_options = {.struct_bytes = sizeof(stream_options),
                                               .threads = header_only ? 1 : options->threads,
                                               .pass_through = 1};
    struct work work = {.options = options, .record = 1};
    struct dp_stream *stream = NULL;
    struct dp_array header = {0};
    const char *name = dp_object_uri(object);
    int rc = dp_stream_open(context, object, index, &stream_options, &stream, err);

    if (rc)
        return rc;
    dp_mdr_cutter_begin(&work.cutter, pull_stream, stream, name, false);
    rc = dp_mdr_cutter_header(&work.cutter, &header, err);
    if (!rc)
        rc = dp_mdr_decoder_open(&header, work.cutter.is_bcf, options, name, &work.decoder,
                                 &work.whole, err);
    dp_array_free(&header);
    if (!rc && !header_only)
        rc = decode_stream(&work, counts, err);
    if (!rc && !header_only)
        rc = dp_mdr_whole_check(stream, name, err);
    dp_mdr_decoder_close(&work.decoder);
    dp_mdr_cutter_end(&work.cutter);
    dp_stream_free(stream);
    if (rc)
        dp_mdr_genotypes_free(work.whole);
    else
        *genotypes = work.whole;
    return rc;
}
