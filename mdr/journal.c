/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/journal.h"

#include "base/array.h"
#include "base/le.h"
#include "base/size.h"
#include "mdr/batch.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum record { BATCH = 1, HITS = 2, PERMUTATION = 3 };

enum { PERMUTATION_BYTES = 8 + DP_MDR_HIT_BYTES };

/* A crash of the machine (not of the program) loses at most so much work. */
#define SYNC_SECONDS 60.0
/* Far more ranks than there will ever be: a name beyond that is somebody else's. */
#define RANK_MAX 1000000

struct dp_mdr_journal {
    struct dp_mdr_journal_options options; /* path is our copy */
    char *path;
    pthread_mutex_t lock;   /* of everything below while the search runs */
    struct dp_mdr_log *log; /* the one this rank appends to */
    struct dp_array
        others;    /* of struct dp_mdr_log *: files of earlier ranks this one answers for */
    uint8_t *done; /* a bit a unit; NULL while none is */
    uint64_t done_count;
    struct dp_mdr_hit *permutations;
    uint64_t stream; /* the next to be given out */
    uint64_t torn_bytes;
    double synced;
};

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int damaged(const struct dp_mdr_log *log, const char *what, struct dp_error *err)
{
    return dp_error_set(err, DP_DATA, "%s: a damaged journal (%s): remove it", dp_mdr_log_name(log),
                        what);
}

/* ---------------------------------------------------------------------------------- reading */

/* What is read into what. */
struct reading {
    struct dp_mdr_journal *journal;
    struct dp_mdr_log *log;
    struct dp_mdr_harvest *harvest; /* NULL: another rank answers for this file */
};

static bool is_hit(const struct dp_mdr_schedule *schedule, const uint8_t *bytes)
{
    struct dp_mdr_hit hit;
    unsigned i;

    dp_mdr_batch_get_hit(bytes, &hit);
    for (i = 0; i < schedule->order; i++)
        if (hit.variant[i] >= schedule->variant_count ||
            (i > 0 && hit.variant[i] <= hit.variant[i - 1]))
            return false;
    for (; i < DP_MDR_MAX_ORDER; i++)
        if (hit.variant[i])
            return false;
    return !isnan(hit.score);
}

static bool are_hits(const struct dp_mdr_schedule *schedule, const uint8_t *bytes, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (!is_hit(schedule, bytes + i * DP_MDR_HIT_BYTES))
            return false;
    return true;
}

/* A fold has none before the first unit. */
static bool are_fold_bests(const struct dp_mdr_schedule *schedule,
                           const struct dp_mdr_batch_view *batch)
{
    const uint8_t *bytes = batch->fold_best;
    struct dp_mdr_hit hit;
    uint32_t i;

    for (i = 0; i < batch->fold_count; i++, bytes += DP_MDR_HIT_BYTES) {
        dp_mdr_batch_get_hit(bytes, &hit);
        if (hit.score != -INFINITY && !is_hit(schedule, bytes))
            return false;
    }
    return true;
}

/* Marks the units of a batch; false when one is none, or done already. */
static bool mark_units(struct dp_mdr_journal *journal, const struct dp_mdr_batch_view *batch)
{
    uint64_t unit;
    uint32_t i;

    for (i = 0; i < batch->unit_count; i++) {
        unit = dp_mdr_batch_unit(batch, i);
        if (unit >= journal->options.schedule->unit_count || dp_mdr_journal_is_done(journal, unit))
            return false;
        journal->done[unit / 8] |= (uint8_t)(1u << unit % 8);
        journal->done_count++;
    }
    return true;
}

static int take_batch(struct reading *reading, const uint8_t *bytes, size_t length,
                      struct dp_error *err)
{
    struct dp_mdr_journal *journal = reading->journal;
    const struct dp_mdr_schedule *schedule = journal->options.schedule;
    struct dp_mdr_batch_view batch;

    if (!journal->done)
        journal->done = calloc((size_t)(schedule->unit_count / 8 + 1), 1);
    if (!journal->done)
        return dp_error_no_memory(err);
    if (!dp_mdr_batch_decode(bytes, length, journal->options.fold_count, &batch) ||
        !are_hits(schedule, batch.best, batch.best_count) || !are_fold_bests(schedule, &batch) ||
        !mark_units(journal, &batch))
        return damaged(reading->log, "a batch makes no sense", err);
    if (batch.stream >= journal->stream)
        journal->stream = batch.stream + 1;
    if (reading->harvest)
        dp_mdr_batch_merge(&batch, reading->harvest);
    return DP_OK;
}

static int take_record(void *user, uint32_t type, const uint8_t *bytes, size_t length,
                       struct dp_error *err)
{
    struct reading *reading = user;
    struct dp_mdr_journal *journal = reading->journal;
    const struct dp_mdr_schedule *schedule = journal->options.schedule;
    uint64_t number;

    if (type == BATCH)
        return take_batch(reading, bytes, length, err);
    if (type == HITS && length >= 8) {
        number = dp_le64_load(bytes);
        if (number >= journal->stream)
            journal->stream = number + 1;
        return DP_OK; /* the hits are read when all is done */
    }
    if (type == PERMUTATION && length == PERMUTATION_BYTES && is_hit(schedule, bytes + 8)) {
        number = dp_le64_load(bytes);
        if (number < journal->options.permutation_count)
            dp_mdr_batch_get_hit(bytes + 8, &journal->permutations[number]);
        return DP_OK;
    }
    return damaged(reading->log, "an unknown record", err);
}

static int read_log(struct dp_mdr_journal *journal, struct dp_mdr_log *log,
                    struct dp_mdr_harvest *harvest, struct dp_error *err)
{
    struct reading reading = {journal, log, harvest};
    uint64_t torn;
    int rc = dp_mdr_log_walk(log, take_record, &reading, &torn, err);

    journal->torn_bytes += rc == DP_OK ? torn : 0;
    return rc;
}

/* ---------------------------------------------------------------------------- files of ranks */

/* The rank in "JOURNAL.N", where `base` is "JOURNAL"; -1 when the name is another. */
static long rank_of(const char *name, const char *base)
{
    size_t length = strlen(base);
    uint64_t rank;

    if (strcmp(name, base) == 0)
        return 0;
    if (strncmp(name, base, length) != 0 || name[length] != '.' || name[length + 1] == '0' ||
        !dp_count_parse(name + length + 1, &rank) || rank > RANK_MAX)
        return -1;
    return (long)rank;
}

static char *name_of(const char *path, unsigned long rank)
{
    char *name;

    if (rank == 0)
        return strdup(path);
    return asprintf(&name, "%s.%lu", path, rank) < 0 ? NULL : name;
}

/* Calls `take` with each rank that has a file at `path`. */
static int each_rank(const char *path,
                     int (*take)(void *user, unsigned long rank, struct dp_error *err), void *user,
                     struct dp_error *err)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    char *folder = slash == path ? strdup("/")
                   : slash       ? strndup(path, (size_t)(slash - path))
                                 : strdup(".");
    struct dirent *entry;
    DIR *listing;
    long rank;
    int rc = DP_OK;

    if (!folder)
        return dp_error_no_memory(err);
    listing = opendir(folder);
    if (!listing)
        rc = dp_error_set_errno(err, errno, "%s", folder);
    while (listing && rc == DP_OK && (entry = readdir(listing))) {
        rank = rank_of(entry->d_name, base);
        if (rank >= 0)
            rc = take(user, (unsigned long)rank, err);
    }
    if (listing)
        closedir(listing);
    free(folder);
    return rc;
}

struct opening {
    struct dp_mdr_journal *journal;
    struct dp_mdr_harvest *harvest;
};

/* Reads the file of a rank other than this one. */
static int read_other(void *user, unsigned long rank, struct dp_error *err)
{
    struct opening *opening = user;
    struct dp_mdr_journal *journal = opening->journal;
    const struct dp_mdr_journal_options *options = &journal->options;
    bool ours = rank % options->rank_count == options->rank;
    struct dp_mdr_log *log = NULL;
    char *name;
    int rc;

    if (rank == options->rank)
        return DP_OK;
    name = name_of(journal->path, rank);
    if (!name)
        return dp_error_no_memory(err);
    rc = dp_mdr_log_open(name, options->identity, DP_MDR_LOG_READ, options->force, &log, err);
    free(name);
    if (rc == DP_OK)
        rc = read_log(journal, log, ours ? opening->harvest : NULL, err);
    if (rc == DP_OK && ours) {
        if (dp_array_append(&journal->others, &log, 1, sizeof(log)))
            return DP_OK;
        rc = dp_error_no_memory(err);
    }
    dp_mdr_log_free(log);
    return rc;
}

static int open_files(struct dp_mdr_journal *journal, struct dp_mdr_harvest *harvest,
                      struct dp_error *err)
{
    const struct dp_mdr_journal_options *options = &journal->options;
    struct opening opening = {journal, harvest};
    char *name = options->path ? name_of(options->path, options->rank) : NULL;
    int rc = DP_OK;

    if (options->path && !name)
        return dp_error_no_memory(err);
    rc = dp_mdr_log_open(name, options->identity, DP_MDR_LOG_APPEND, options->force, &journal->log,
                         err);
    if (rc == DP_OK)
        rc = read_log(journal, journal->log, harvest, err);
    if (rc == DP_OK && options->path)
        rc = each_rank(journal->path, read_other, &opening, err);
    free(name);
    return rc;
}

int dp_mdr_journal_open(const struct dp_mdr_journal_options *options,
                        struct dp_mdr_harvest *harvest, struct dp_mdr_journal **journal,
                        struct dp_error *err)
{
    struct dp_mdr_journal *made = calloc(1, sizeof(*made));
    uint64_t i;
    int rc = DP_OK;

    if (!made)
        return dp_error_no_memory(err);
    pthread_mutex_init(&made->lock, NULL);
    made->options = *options;
    made->synced = now_seconds();
    made->path = options->path ? strdup(options->path) : NULL;
    made->permutations =
        calloc((size_t)(options->permutation_count + 1), sizeof(*made->permutations));
    if (!made->permutations || (options->path && !made->path)) {
        rc = dp_error_no_memory(err);
    } else {
        for (i = 0; i < options->permutation_count; i++)
            made->permutations[i].score = NAN;
        rc = open_files(made, harvest, err);
    }
    if (rc < 0)
        dp_mdr_journal_free(made);
    else
        *journal = made;
    return rc;
}

void dp_mdr_journal_free(struct dp_mdr_journal *journal)
{
    struct dp_mdr_log **others;
    size_t i;

    if (!journal)
        return;
    others = journal->others.data;
    for (i = 0; i < journal->others.length; i++)
        dp_mdr_log_free(others[i]);
    dp_array_free(&journal->others);
    dp_mdr_log_free(journal->log);
    pthread_mutex_destroy(&journal->lock);
    free(journal->done);
    free(journal->permutations);
    free(journal->path);
    free(journal);
}

bool dp_mdr_journal_is_done(const struct dp_mdr_journal *journal, uint64_t unit)
{
    return journal->done && journal->done[unit / 8] >> unit % 8 & 1;
}

uint64_t dp_mdr_journal_done_count(const struct dp_mdr_journal *journal)
{
    return journal->done_count;
}

struct dp_mdr_hit dp_mdr_journal_permutation(const struct dp_mdr_journal *journal, uint64_t number)
{
    return journal->permutations[number];
}

uint64_t dp_mdr_journal_torn_bytes(const struct dp_mdr_journal *journal)
{
    return journal->torn_bytes;
}

bool dp_mdr_journal_exists(const struct dp_mdr_journal *journal)
{
    return dp_mdr_log_exists(journal->log);
}

/* ---------------------------------------------------------------------------------- writing */

uint64_t dp_mdr_journal_stream(struct dp_mdr_journal *journal)
{
    uint64_t stream;

    pthread_mutex_lock(&journal->lock);
    stream = journal->stream++;
    pthread_mutex_unlock(&journal->lock);
    return stream;
}

/* With the lock held. */
static int append(struct dp_mdr_journal *journal, enum record type, const uint8_t *bytes,
                  size_t length, struct dp_error *err)
{
    int rc = dp_mdr_log_append(journal->log, type, bytes, length, err);

    if (rc == DP_OK && now_seconds() - journal->synced >= SYNC_SECONDS) {
        rc = dp_mdr_log_sync(journal->log, err);
        journal->synced = now_seconds();
    }
    return rc;
}

int dp_mdr_journal_add_hits(struct dp_mdr_journal *journal, uint64_t stream,
                            const struct dp_mdr_hit *hits, size_t count, struct dp_error *err)
{
    size_t length = 8 + count * DP_MDR_HIT_BYTES, i;
    uint8_t *room = malloc(length);
    int rc;

    if (!room)
        return dp_error_no_memory(err);
    dp_le64_store(room, stream);
    for (i = 0; i < count; i++)
        dp_mdr_batch_put_hit(room + 8 + i * DP_MDR_HIT_BYTES, &hits[i]);
    pthread_mutex_lock(&journal->lock);
    rc = append(journal, HITS, room, length, err);
    pthread_mutex_unlock(&journal->lock);
    free(room);
    return rc;
}

int dp_mdr_journal_add(struct dp_mdr_journal *journal, const struct dp_mdr_batch *batch,
                       struct dp_error *err)
{
    uint8_t *bytes = NULL;
    size_t length = 0;
    int rc = dp_mdr_batch_encode(batch, journal->options.fold_count, &bytes, &length, err);

    if (rc < 0)
        return rc;
    pthread_mutex_lock(&journal->lock);
    rc = append(journal, BATCH, bytes, length, err);
    pthread_mutex_unlock(&journal->lock);
    free(bytes);
    return rc;
}

int dp_mdr_journal_add_permutation(struct dp_mdr_journal *journal, uint64_t number,
                                   const struct dp_mdr_hit *best, struct dp_error *err)
{
    uint8_t record[PERMUTATION_BYTES];
    int rc;

    dp_le64_store(record, number);
    dp_mdr_batch_put_hit(record + 8, best);
    pthread_mutex_lock(&journal->lock);
    rc = append(journal, PERMUTATION, record, sizeof(record), err);
    pthread_mutex_unlock(&journal->lock);
    return rc;
}

/* ------------------------------------------------------------------------------------- hits */

/* Hits of a batch that was never added, because its thread was killed, do not count: their units
 * were searched again. So a file is read twice. */
struct gathering {
    struct dp_mdr_journal *journal;
    struct dp_mdr_log *log;
    struct dp_array streams; /* of uint64_t: of the batches in the file, sorted for the 2nd pass */
    int (*take)(void *user, const struct dp_mdr_hit *hit, struct dp_error *err);
    void *user;
};

static int compare_streams(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static int note_stream(void *user, uint32_t type, const uint8_t *bytes, size_t length,
                       struct dp_error *err)
{
    struct gathering *gathering = user;
    uint64_t stream;

    if (type != BATCH || length < 8)
        return DP_OK;
    stream = dp_le64_load(bytes);
    return dp_array_append(&gathering->streams, &stream, 1, sizeof(stream))
               ? DP_OK
               : dp_error_no_memory(err);
}

static int give_hits(void *user, uint32_t type, const uint8_t *bytes, size_t length,
                     struct dp_error *err)
{
    struct gathering *gathering = user;
    struct dp_mdr_hit hit;
    uint64_t stream;
    int rc = DP_OK;

    if (type != HITS)
        return DP_OK;
    stream = dp_le64_load(bytes);
    if (gathering->streams.length == 0 ||
        !bsearch(&stream, gathering->streams.data, gathering->streams.length, sizeof(stream),
                 compare_streams))
        return DP_OK;
    if ((length - 8) % DP_MDR_HIT_BYTES != 0 ||
        !are_hits(gathering->journal->options.schedule, bytes + 8, (length - 8) / DP_MDR_HIT_BYTES))
        return damaged(gathering->log, "hits make no sense", err);
    for (bytes += 8, length -= 8; rc == DP_OK && length > 0;
         bytes += DP_MDR_HIT_BYTES, length -= DP_MDR_HIT_BYTES) {
        dp_mdr_batch_get_hit(bytes, &hit);
        rc = gathering->take(gathering->user, &hit, err);
    }
    return rc;
}

static int gather_hits(struct gathering *gathering, struct dp_mdr_log *log, struct dp_error *err)
{
    int rc;

    gathering->log = log;
    gathering->streams.length = 0;
    rc = dp_mdr_log_walk(log, note_stream, gathering, NULL, err);
    if (rc == DP_OK && gathering->streams.length)
        qsort(gathering->streams.data, gathering->streams.length, sizeof(uint64_t),
              compare_streams);
    return rc == DP_OK ? dp_mdr_log_walk(log, give_hits, gathering, NULL, err) : rc;
}

int dp_mdr_journal_hits(struct dp_mdr_journal *journal,
                        int (*take)(void *user, const struct dp_mdr_hit *hit, struct dp_error *err),
                        void *user, struct dp_error *err)
{
    struct gathering gathering = {.journal = journal, .take = take, .user = user};
    struct dp_mdr_log *const *others = journal->others.data;
    size_t i;
    int rc = gather_hits(&gathering, journal->log, err);

    for (i = 0; rc == DP_OK && i < journal->others.length; i++)
        rc = gather_hits(&gathering, others[i], err);
    dp_array_free(&gathering.streams);
    return rc;
}

/* ---------------------------------------------------------------------------------- the end */

static int remove_file(void *user, unsigned long rank, struct dp_error *err)
{
    struct dp_mdr_journal *journal = user;
    char *name = name_of(journal->path, rank);
    int rc = DP_OK;

    if (!name)
        return dp_error_no_memory(err);
    if (unlink(name) != 0 && errno != ENOENT)
        rc = dp_error_set_errno(err, errno, "%s", name);
    free(name);
    return rc;
}

int dp_mdr_journal_remove(struct dp_mdr_journal *journal, struct dp_error *err)
{
    return journal->path ? each_rank(journal->path, remove_file, journal, err) : DP_OK;
}
