/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* dp-slice check: every slice must be what a plan over the whole objects makes under its number,
 * and every number must be there once. As the slices of such a plan follow each other without gap
 * or overlap, the manifest then tiles the objects. Which these are, and in which order, is found in
 * a first pass over the manifest. --deep fetches all slices and compares with what the indexes
 * know. */

#include "config.h"

#include "tools/slice_commands.h"

#include "base/array.h"
#include "base/crc32.h"
#include "tools/objects.h"
#include "tools/output.h"
#include "tools/team.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MATES = 2 };

/* What is known of one slice; the sums with --deep only. */
struct entry {
    uint64_t number;
    struct dp_reader_counts counts;
    uint64_t bytes[MATES]; /* of each output */
    uint32_t crc32[MATES];
};

/* An object, and where it first stands in the manifest. */
struct place {
    char *uri;
    char *index;     /* where slices say that its index is; NULL: nowhere yet */
    uint64_t number; /* of the slice */
    size_t position; /* in its list of sources */
};

struct check {
    struct dp_tool *tool;
    const char *index_uri; /* --index */
    bool deep;
    struct dp_team team;

    /* Set before the slices are looked at. */
    struct dp_array places;    /* in the order of the plan */
    struct dp_opened *opened;  /* as many */
    struct dp_plan *plan;
    char *plan_id;
    uint64_t slice_count;
    bool paired;

    struct dp_array entries; /* entry K - 1 is that of slice K */

    pthread_mutex_t lock; /* for what follows */
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

/* ------------------------------------------------------------------------------ first pass */

static int compare_uris(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = strcmp(x->uri, y->uri);

    if (order)
        return order;
    return x->number != y->number ? (x->number > y->number) - (x->number < y->number)
                                  : (x->position > y->position) - (x->position < y->position);
}

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    return x->number != y->number ? (x->number > y->number) - (x->number < y->number)
                                  : (x->position > y->position) - (x->position < y->position);
}

/* Leaves each object once, at its first place, in the order of these. */
static void order_places(struct dp_array *places)
{
    struct place *all = places->data;
    size_t kept = 0, i;

    if (places->length)
        qsort(all, places->length, sizeof(*all), compare_uris);
    for (i = 0; i < places->length; i++) {
        if (!kept || strcmp(all[i].uri, all[kept - 1].uri) != 0) {
            all[kept++] = all[i];
            continue;
        }
        free(all[i].uri);
        if (all[kept - 1].index)
            free(all[i].index);
        else
            all[kept - 1].index = all[i].index;
    }
    places->length = kept;
    if (kept)
        qsort(all, kept, sizeof(*all), compare_places);
}

/* Source `i` of the slice is the object of `place`. */
static int note_index(struct place *place, const struct dp_slice *slice, size_t i,
                      struct dp_error *err)
{
    const char *uri = place->index ? NULL : dp_slice_index(slice, i);

    if (uri)
        place->index = strdup(uri);
    return !uri || place->index ? DP_OK : dp_error_no_memory(err);
}

/* Notes a slice and its objects; most name the same as the slice before. */
static int note_places(struct check *check, const struct dp_slice *slice, uint64_t number,
                       size_t *before, struct dp_error *err)
{
    struct entry entry = {.number = number, .counts.struct_bytes = sizeof(entry.counts)};
    size_t begin = check->places.length, i;
    const char *uri;
    int rc = DP_OK;

    if (!dp_array_append(&check->entries, &entry, 1, sizeof(entry)))
        return dp_error_no_memory(err);

    for (i = 0; rc == DP_OK && (uri = dp_slice_source(slice, i)); i++) {
        struct place *all = check->places.data;
        struct place place = {.number = number, .position = i};
        size_t same = *before + i;

        if (same >= begin || strcmp(all[same].uri, uri) != 0 || all[same].number >= number) {
            place.uri = strdup(uri);
            if (!place.uri || !dp_array_append(&check->places, &place, 1, sizeof(place))) {
                free(place.uri);
                return dp_error_no_memory(err);
            }
            all = check->places.data;
            same = check->places.length - 1;
        }
        rc = note_index(&all[same], slice, i, err);
    }
    if (check->places.length > begin)
        *before = begin;
    return rc;
}

/* The plan of the first line, and all objects. `planning` is filled with what was asked for. */
static int look_through(struct check *check, struct dp_manifest *manifest,
                        struct dp_plan_options *planning, struct dp_error *err)
{
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    struct dp_slice *slice;
    size_t before = 0;
    int rc;

    while ((rc = dp_manifest_next(manifest, &slice, err)) > 0) {
        dp_slice_info(slice, &info);
        if (!check->plan_id) {
            check->plan_id = strdup(info.plan_id);
            check->slice_count = info.slice_count;
            check->paired = info.output_count > 1;
            planning->unit = info.unit;
            planning->size = info.size;
            planning->part_count = info.size ? 0 : info.slice_count;
            planning->paired = check->paired;
            planning->span = info.span;
        }
        if (!check->plan_id)
            rc = dp_error_no_memory(err);
        else if (strcmp(info.plan_id, check->plan_id) != 0)
            rc = dp_error_set(err, DP_BAD_INDEX,
                              "slice %llu: it is of another plan than the first one",
                              (unsigned long long)info.number);
        else
            rc = note_places(check, slice, info.number, &before, err);
        dp_slice_free(slice);
        if (rc < 0)
            return rc;
    }
    order_places(&check->places);
    if (rc == DP_OK && check->places.length == 0)
        rc = dp_error_set(err, DP_BAD_INDEX, "%s: the manifest is empty",
                          dp_manifest_name(manifest));
    return rc;
}

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

/* -------------------------------------------------------------------------------- the plan */

static int open_objects(struct check *check, struct dp_error *err)
{
    const struct place *places = check->places.data;
    struct dp_objects objects = {calloc(check->places.length, sizeof(char *)),
                                 check->places.length};
    const char **hints = calloc(check->places.length, sizeof(*hints));
    size_t i;
    int rc = objects.names && hints ? DP_OK : dp_error_no_memory(err);

    for (i = 0; i < objects.count && rc == DP_OK; i++) {
        objects.names[i] = places[i].uri;
        hints[i] = places[i].index;
    }
    if (rc == DP_OK)
        rc = dp_objects_open(check->tool, &objects, check->index_uri, hints, &check->opened, err);
    free(objects.names);
    free(hints);
    for (i = 0; i < objects.count && rc == DP_OK; i++) {
        if (check->opened[i].err.code) {
            rc = check->opened[i].err.code;
            *err = check->opened[i].err;
        }
    }
    return rc;
}

/* Does the plan give these ids? */
static int check_id(const struct check *check, struct dp_error *err)
{
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    struct dp_slice *slice;
    int rc = dp_plan_slice(check->plan, 1, &slice, err);

    if (rc < 0)
        return rc;
    dp_slice_info(slice, &info);
    if (strcmp(info.plan_id, check->plan_id) != 0)
        rc = dp_error_set(err, DP_BAD_INDEX, "%s: no plan over the whole of what its slices name "
                          "makes them from %s", dp_manifest_name(check->team.manifest),
                          check->places.length > 1 ? "these indexes" : "this index");
    dp_slice_free(slice);
    return rc;
}

/* Plans anew what the manifest was planned as. */
static int plan_again(struct check *check, struct dp_plan_options *planning, struct dp_error *err)
{
    struct dp_plan_source *sources = calloc(check->places.length, sizeof(*sources));
    size_t i;
    int rc;

    if (!sources)
        return dp_error_no_memory(err);
    for (i = 0; i < check->places.length; i++)
        sources[i] = (struct dp_plan_source){check->opened[i].index, check->opened[i].object};
    planning->allow_signed = 1; /* these slices do not leave this process */
    planning->inline_parts = 1; /* nor do they need a place for windows */
    rc = dp_plan_new_many(sources, check->places.length, planning, &check->plan, err);
    free(sources);
    return rc < 0 ? rc : check_id(check, err);
}

/* ----------------------------------------------------------------------------- each slice */

/* Is it the slice with which an object begins? */
static bool begins_object(const struct check *check, uint64_t number)
{
    const struct place *places = check->places.data;
    size_t i;

    for (i = 0; i < check->places.length; i++)
        if (places[i].number == number)
            return true;
    return false;
}

/* Fetches a slice for its sums alone. */
static int read_deep(struct check *check, const struct dp_slice *slice, struct entry *entry,
                     struct dp_error *err)
{
    struct dp_reader_options reading = {.struct_bytes = sizeof(reading)};
    unsigned count = check->paired ? MATES : 1, i;
    struct dp_reader *reader;
    const void *bytes;
    int64_t length = 0, most = 1;
    int rc;

    /* An object has its header once. */
    reading.skip_prologue = !begins_object(check, entry->number);
    reading.threads = check->team.reader_threads;
    reading.index_uri = check->index_uri;
    rc = dp_reader_open(check->tool->context, slice, &reading, &reader, err);
    if (rc < 0)
        return rc;
    while (most > 0 && length >= 0) { /* outputs by turns */
        for (i = 0, most = 0; i < count && length >= 0; i++) {
            length = dp_reader_next(reader, i, &bytes, err);
            if (length > 0) {
                entry->crc32[i] = dp_crc32(entry->crc32[i], bytes, (size_t)length);
                entry->bytes[i] += (uint64_t)length;
                most = length;
            }
        }
    }
    dp_reader_counts(reader, &entry->counts);
    dp_reader_free(reader);
    return length < 0 ? (int)length : DP_OK;
}

static int check_slice(struct check *check, const struct dp_slice *slice, struct dp_error *err)
{
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    struct entry *entries = check->entries.data;
    int rc = dp_plan_check_slice(check->plan, slice, err);

    if (rc < 0 || !check->deep)
        return rc;
    /* Its number is one of the plan's now: nobody else has its entry. */
    dp_slice_info(slice, &info);
    return read_deep(check, slice, &entries[info.number - 1], err);
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

static int differs(const char *what, uint64_t found, uint64_t expected, struct dp_error *err)
{
    if (found == expected)
        return DP_OK;
    return dp_error_set(err, DP_DATA, "all slices have %llu %s, the objects have %llu",
                        (unsigned long long)found, what, (unsigned long long)expected);
}

/* Length and checksum of an output of all slices, against those of its objects. */
static int check_output(const struct check *check, unsigned output, struct dp_error *err)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    const struct entry *entries = check->entries.data;
    size_t step = check->paired ? MATES : 1, i;
    uint64_t bytes = 0, expected = 0;
    uint32_t crc32 = 0, expected_crc32 = 0;
    int rc;

    for (i = 0; i < check->entries.length; i++) {
        crc32 = dp_crc32_combine(crc32, entries[i].crc32[output], entries[i].bytes[output]);
        bytes += entries[i].bytes[output];
    }
    for (i = output; i < check->places.length; i += step) {
        dp_index_info(check->opened[i].index, &info);
        expected_crc32 = dp_crc32_combine(expected_crc32, info.crc32, info.uncompressed_bytes);
        expected += info.uncompressed_bytes;
    }
    rc = differs("bytes", bytes, expected, err);
    if (rc == DP_OK && crc32 != expected_crc32)
        rc = dp_error_set(err, DP_DATA, "all slices have the CRC-32 %08x, the objects have %08x",
                          (unsigned)crc32, (unsigned)expected_crc32);
    return rc;
}

/* Adds the slices up in order and compares with the indexes; the entries are sorted. */
static int check_sums(struct check *check, struct dp_error *err)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    const struct entry *entries = check->entries.data;
    uint64_t records = 0, bases = 0, expected_records = 0, expected_bases = 0;
    unsigned output;
    size_t i;
    int rc = DP_OK;

    for (i = 0; i < check->entries.length; i++) {
        records += entries[i].counts.records;
        bases += entries[i].counts.bases;
    }
    for (i = 0; i < check->places.length; i++) {
        dp_index_info(check->opened[i].index, &info);
        expected_records += info.record_count;
        expected_bases += info.base_count;
    }
    for (output = 0; output < (check->paired ? MATES : 1) && rc == DP_OK; output++)
        rc = check_output(check, output, err);
    if (rc == DP_OK)
        rc = differs("records", records, expected_records, err);
    if (rc == DP_OK)
        rc = differs("bases", bases, expected_bases, err);
    return rc;
}

/* What can be read only once is kept in a file without a name. */
static int keep_stdin(int *fd, struct dp_error *err)
{
    const char *folder = getenv("TMPDIR");
    char name[512], buffer[65536];
    ssize_t got;
    int rc = DP_OK;

    snprintf(name, sizeof(name), "%s/dp-slice.XXXXXX", folder && *folder ? folder : "/tmp");
    *fd = mkstemp(name);
    if (*fd < 0)
        return dp_error_set_errno(err, errno, "%s", name);
    unlink(name);
    while (rc == DP_OK && (got = read(STDIN_FILENO, buffer, sizeof(buffer))) != 0) {
        if (got < 0 && errno != EINTR)
            rc = dp_error_set_errno(err, errno, "stdin");
        else if (got > 0)
            rc = dp_output_write(*fd, name, buffer, (size_t)got, err);
    }
    return rc;
}

/* Opens the manifest for another pass; `fd` holds it when it came from standard input. */
static int open_manifest(struct check *check, const char *name, int fd, struct dp_error *err)
{
    dp_manifest_free(check->team.manifest);
    check->team.manifest = NULL;
    return fd >= 0 ? dp_manifest_open_fd(fd, "stdin", &check->team.manifest, err)
                   : dp_manifest_open(check->tool->context, name, &check->team.manifest, err);
}

/* Both passes over the manifest. */
static int read_manifest(struct check *check, const char *name, int fd, struct dp_error *err)
{
    struct dp_plan_options planning = {.struct_bytes = sizeof(planning)};
    int rc = open_manifest(check, name, fd, err);

    if (rc == DP_OK)
        rc = look_through(check, check->team.manifest, &planning, err);
    if (rc == DP_OK)
        rc = check_numbers(check, err);
    if (rc == DP_OK)
        rc = open_objects(check, err);
    if (rc == DP_OK)
        rc = plan_again(check, &planning, err);
    if (rc == DP_OK)
        rc = open_manifest(check, name, fd, err);
    return rc < 0 ? rc : dp_team_run(&check->team, err);
}

static void say_well(const struct check *check)
{
    const char *deep = check->deep ? ", byte for byte" : "";
    unsigned long long count = check->slice_count;
    const char *name = dp_manifest_name(check->team.manifest);

    if (check->places.length == 1)
        dp_tool_say(check->tool, "%s: its %llu slices tile %s%s", name, count,
                    dp_object_uri(check->opened[0].object), deep);
    else
        dp_tool_say(check->tool, "%s: its %llu slices tile %zu objects%s", name, count,
                    check->places.length, deep);
}

static int run(struct check *check, const char *manifest_name)
{
    struct dp_error err;
    int fd = -1, rc = DP_OK;

    if (strcmp(manifest_name, "-") == 0)
        rc = keep_stdin(&fd, &err);
    if (rc == DP_OK)
        rc = read_manifest(check, manifest_name, fd, &err);
    if (rc == DP_OK && check->status == DP_TOOL_OK && check->deep)
        rc = check_sums(check, &err);
    if (rc < 0)
        check->status = dp_tool_fail(check->tool, &err);
    if (check->status == DP_TOOL_OK)
        say_well(check);
    dp_manifest_free(check->team.manifest);
    if (fd >= 0)
        close(fd);
    return check->status;
}

static void free_places(struct check *check)
{
    struct place *places = check->places.data;
    size_t i;

    dp_plan_free(check->plan);
    dp_objects_close(check->opened, check->places.length);
    for (i = 0; i < check->places.length; i++) {
        free(places[i].uri);
        free(places[i].index);
    }
    dp_array_free(&check->places);
}

int dp_slice_check_run(struct dp_tool *tool, int argc, char **argv)
{
    struct check check = {.tool = tool};
    struct dp_error err;
    int first = dp_tool_options(tool, argc, argv, options, sizeof(options) / sizeof(options[0]),
                                take, &check);
    int status;

    if (argc - first != 1)
        dp_tool_usage(tool, "check: one manifest is needed");
    check.team.threads = dp_tool_threads(tool, 1);
    check.team.work = work;
    check.team.user = &check;
    pthread_mutex_init(&check.lock, NULL);
    if (dp_tool_open(tool, false, &err) < 0)
        status = dp_tool_fail(tool, &err);
    else
        status = run(&check, argv[first]);
    free_places(&check);
    dp_array_free(&check.entries);
    free(check.plan_id);
    pthread_mutex_destroy(&check.lock);
    return status;
}
