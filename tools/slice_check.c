/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* dp-slice check: every slice must be what a plan over the whole object makes under its number, and
 * every number must be there once. As the slices of such a plan follow each other without gap or
 * overlap, the manifest then tiles the object. --deep fetches all of them and compares with what
 * the index knows of the whole. */

#include "config.h"

#include "tools/slice_commands.h"

#include "base/array.h"
#include "base/crc32.h"
#include "tools/team.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is known of one slice; the sums with --deep only. */
struct entry {
    uint64_t number;
    struct dp_reader_counts counts;
    uint32_t crc32;
};

struct check {
    struct dp_tool *tool;
    const char *index_uri; /* --index */
    bool deep;
    struct dp_team team;

    pthread_mutex_t lock; /* for all that follows; what `prepare` opens is only read afterwards */
    bool prepared;
    struct dp_object *object;
    struct dp_index *index;
    struct dp_plan *plan;
    bool ids_known; /* the plan was found that gives these ids */
    char *uri;
    char *plan_id;
    uint64_t slice_count;
    struct dp_array entries;
    int status; /* of the first failure */
};

enum { DEEP = 256, INDEX };

static const struct dp_tool_option options[] = {
    {"deep", DEEP, false},
    {"index", INDEX, true},
};

static void take(void *user, int code, const char *value)
{
    struct check *check = user;

    if (code == DEEP)
        check->deep = true;
    else
        check->index_uri = value;
}

/* -------------------------------------------------------------------------------- the plan */

/* Makes the plan; *same says whether its slices carry the plan id of the manifest. */
static int try_plan(struct check *check, const struct dp_plan_options *planning, bool *same,
                    struct dp_error *err)
{
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    struct dp_slice *slice;
    int rc;

    dp_plan_free(check->plan);
    check->plan = NULL;
    rc = dp_plan_new(check->index, check->object, planning, &check->plan, err);
    if (rc == DP_OK)
        rc = dp_plan_slice(check->plan, 1, &slice, err);
    if (rc < 0)
        return rc;
    dp_slice_info(slice, &info);
    *same = strcmp(info.plan_id, check->plan_id) == 0;
    dp_slice_free(slice);
    return DP_OK;
}

/* Plans anew what the manifest was planned as: by number of slices or by their size. */
static int plan_again(struct check *check, const struct dp_slice_info *info, struct dp_error *err)
{
    struct dp_plan_options planning = {.struct_bytes = sizeof(planning), .unit = info->unit};

    planning.allow_signed = 1; /* these slices do not leave this process */
    planning.inline_parts = 1; /* nor do they need a place for windows */
    planning.size = info->size;
    planning.part_count = info->size ? 0 : info->slice_count;
    return try_plan(check, &planning, &check->ids_known, err);
}

/* Opens everything that the first slice names. */
static int prepare(struct check *check, const struct dp_slice_info *info, struct dp_error *err)
{
    struct dp_context *context = check->tool->context;
    int rc;

    check->prepared = true;
    check->slice_count = info->slice_count;
    check->uri = strdup(info->uri);
    check->plan_id = strdup(info->plan_id);
    if (!check->uri || !check->plan_id)
        return dp_error_no_memory(err);
    rc = dp_object_open(context, info->uri, NULL, &check->object, err);
    if (rc == DP_OK)
        rc = dp_index_find(context, check->object, check->index_uri, &check->index, err);
    return rc < 0 ? rc : plan_again(check, info, err);
}

/* ----------------------------------------------------------------------------- each slice */

static int compare_with_plan(struct check *check, const struct dp_slice *slice,
                             const struct dp_slice_info *info, struct dp_error *err)
{
    unsigned long long number = info->number;

    if (strcmp(info->plan_id, check->plan_id) != 0 || strcmp(info->uri, check->uri) != 0)
        return dp_error_set(err, DP_BAD_INDEX, "slice %llu: it is of another plan or object than "
                            "the first one", number);
    if (!check->ids_known)
        return dp_error_set(err, DP_BAD_INDEX, "slice %llu: no plan over the whole object makes "
                            "it from this index", number);
    return dp_plan_check_slice(check->plan, slice, err);
}

/* Fetches a slice for its sums alone. */
static int read_deep(struct check *check, const struct dp_slice *slice, struct entry *entry,
                     struct dp_error *err)
{
    struct dp_reader_options reading = {.struct_bytes = sizeof(reading)};
    struct dp_reader *reader;
    const void *bytes;
    int64_t length;
    int rc;

    reading.skip_prologue = entry->number != 1; /* the object has its header once */
    reading.threads = check->team.reader_threads;
    reading.index_uri = check->index_uri;
    rc = dp_reader_open(check->tool->context, slice, &reading, &reader, err);
    if (rc < 0)
        return rc;
    while ((length = dp_reader_next(reader, 0, &bytes, err)) > 0)
        entry->crc32 = dp_crc32(entry->crc32, bytes, (size_t)length);
    dp_reader_counts(reader, &entry->counts);
    dp_reader_free(reader);
    return (int)length;
}

static int check_slice(struct check *check, const struct dp_slice *slice, struct dp_error *err)
{
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    struct entry entry = {.counts.struct_bytes = sizeof(entry.counts)};
    int rc = DP_OK;

    dp_slice_info(slice, &info);
    entry.number = info.number;
    pthread_mutex_lock(&check->lock);
    if (!check->prepared)
        rc = prepare(check, &info, err);
    pthread_mutex_unlock(&check->lock);
    if (rc == DP_OK && !check->plan)
        return dp_error_set(err, DP_CANCELLED, "the first slice failed");
    if (rc == DP_OK)
        rc = compare_with_plan(check, slice, &info, err);
    if (rc == DP_OK && check->deep)
        rc = read_deep(check, slice, &entry, err);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&check->lock);
    if (!dp_array_append(&check->entries, &entry, 1, sizeof(entry)))
        rc = dp_error_no_memory(err);
    pthread_mutex_unlock(&check->lock);
    return rc;
}

static bool work(void *user, uint64_t order, const struct dp_slice *slice)
{
    struct check *check = user;
    struct dp_error err;
    int rc = check_slice(check, slice, &err), status;

    (void)order;
    if (rc == DP_OK)
        return true;
    status = dp_tool_fail(check->tool, &err);
    pthread_mutex_lock(&check->lock);
    if (check->status == DP_TOOL_OK)
        check->status = status;
    pthread_mutex_unlock(&check->lock);
    return false;
}

/* ------------------------------------------------------------------------------ all slices */

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

/* Numbers 1 to N, each once. Sorts the entries. */
static int check_numbers(struct check *check, struct dp_error *err)
{
    const char *name = dp_manifest_name(check->team.manifest);
    struct entry *entries = check->entries.data;
    uint64_t count = check->entries.length, i;

    if (count == 0)
        return dp_error_set(err, DP_BAD_INDEX, "%s: the manifest is empty", name);
    qsort(entries, count, sizeof(*entries), compare_entries);
    for (i = 0; i < count; i++) {
        if (entries[i].number <= i)
            return dp_error_set(err, DP_BAD_INDEX, "%s: slice %llu is there more than once", name,
                                (unsigned long long)entries[i].number);
        if (entries[i].number > i + 1)
            break;
    }
    if (i < check->slice_count)
        return dp_error_set(err, DP_BAD_INDEX, "%s: slice %llu of %llu is missing", name,
                            (unsigned long long)i + 1, (unsigned long long)check->slice_count);
    return DP_OK;
}

static int differs(const char *what, uint64_t found, uint64_t expected, struct dp_error *err)
{
    if (found == expected)
        return DP_OK;
    return dp_error_set(err, DP_DATA, "all slices have %llu %s, the object has %llu",
                        (unsigned long long)found, what, (unsigned long long)expected);
}

/* Adds the slices up in order and compares with the index; the entries are sorted. */
static int check_sums(struct check *check, struct dp_error *err)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    const struct entry *entries = check->entries.data;
    uint64_t bytes = 0, records = 0, bases = 0;
    uint32_t crc32 = 0;
    size_t i;
    int rc;

    for (i = 0; i < check->entries.length; i++) {
        crc32 = dp_crc32_combine(crc32, entries[i].crc32, entries[i].counts.bytes);
        bytes += entries[i].counts.bytes;
        records += entries[i].counts.records;
        bases += entries[i].counts.bases;
    }
    dp_index_info(check->index, &info);
    rc = differs("bytes", bytes, info.uncompressed_bytes, err);
    if (rc == DP_OK)
        rc = differs("records", records, info.record_count, err);
    if (rc == DP_OK)
        rc = differs("bases", bases, info.base_count, err);
    if (rc == DP_OK && crc32 != info.crc32)
        rc = dp_error_set(err, DP_DATA, "all slices have the CRC-32 %08x, the object has %08x",
                          (unsigned)crc32, (unsigned)info.crc32);
    return rc;
}

static int run(struct check *check, const char *manifest_name)
{
    struct dp_tool *tool = check->tool;
    struct dp_error err;
    int rc = dp_manifest_open(tool->context, manifest_name, &check->team.manifest, &err);

    if (rc == DP_OK)
        rc = dp_team_run(&check->team, &err);
    if (rc == DP_OK && check->status == DP_TOOL_OK)
        rc = check_numbers(check, &err);
    if (rc == DP_OK && check->status == DP_TOOL_OK && check->deep)
        rc = check_sums(check, &err);
    if (rc < 0)
        check->status = dp_tool_fail(tool, &err);
    if (check->status == DP_TOOL_OK)
        dp_tool_say(tool, "%s: its %llu slices tile %s%s", dp_manifest_name(check->team.manifest),
                    (unsigned long long)check->slice_count, dp_object_uri(check->object),
                    check->deep ? ", byte for byte" : "");
    dp_manifest_free(check->team.manifest);
    return check->status;
}

int dp_slice_check_run(struct dp_tool *tool, int argc, char **argv)
{
    struct dp_selection everything = {0};
    struct check check = {.tool = tool};
    struct dp_error err;
    int first = dp_tool_options(tool, argc, argv, options, sizeof(options) / sizeof(options[0]),
                                take, &check);
    int status;

    if (argc - first != 1)
        dp_tool_usage(tool, "check: one manifest is needed");
    check.team.selection = &everything;
    check.team.threads = dp_tool_threads(tool, 1);
    check.team.work = work;
    check.team.user = &check;
    pthread_mutex_init(&check.lock, NULL);
    if (dp_tool_open(tool, false, &err) < 0)
        status = dp_tool_fail(tool, &err);
    else
        status = run(&check, argv[first]);
    dp_plan_free(check.plan);
    dp_index_free(check.index);
    dp_object_free(check.object);
    dp_array_free(&check.entries);
    free(check.uri);
    free(check.plan_id);
    pthread_mutex_destroy(&check.lock);
    return status;
}
