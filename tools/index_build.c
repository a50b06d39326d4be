/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* dp-index build: one thread per object, the threads left over go to the builds. */

#include "config.h"

#include "tools/index_commands.h"

#include "base/size.h"
#include "tools/destination.h"
#include "tools/each.h"
#include "tools/local.h"
#include "tools/objects.h"
#include "tools/signals.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct request {
    struct dp_tool *tool;
    const char *output;    /* -o */
    const char *directory; /* --index-dir */
    bool force;
    bool keep_going;
    struct dp_index_options build;
};

enum { INDEX_DIR = 256, FORCE, ALLOW_TRUNCATED, BACKEND, KEEP_GOING };

static const struct dp_tool_option options[] = {
    {"format", 'f', true},
    {"spacing", 's', true},
    {"output", 'o', true},
    {"index-dir", INDEX_DIR, true},
    {"force", FORCE, false},
    {"allow-truncated", ALLOW_TRUNCATED, false},
    {"backend", BACKEND, true},
    {"keep-going", KEEP_GOING, false},
};

/* Ends the process when there is no such format. */
static void check_format(const struct dp_tool *tool, const char *value)
{
    const char *name;
    size_t i;

    for (i = 0; (name = dp_format_name(i)); i++)
        if (strcmp(name, value) == 0)
            return;
    dp_tool_usage(tool, "--format: there is no format called '%s'", value);
}

static void take(void *user, int code, const char *value)
{
    struct request *request = user;

    switch (code) {
    case 'f':
        check_format(request->tool, value);
        request->build.format = value;
        break;
    case 's':
        request->build.spacing_bytes = dp_tool_size(request->tool, "--spacing", value);
        break;
    case 'o':
        request->output = value;
        break;
    case INDEX_DIR:
        request->directory = value;
        break;
    case FORCE:
        request->force = true;
        break;
    case KEEP_GOING:
        request->keep_going = true;
        break;
    case ALLOW_TRUNCATED:
        request->build.allow_truncated = 1;
        break;
    case BACKEND:
        if (strcmp(value, "isal") != 0 && strcmp(value, "zlib") != 0)
            dp_tool_usage(request->tool, "--backend: '%s' is not isal or zlib", value);
        request->build.backend = value;
        break;
    }
}

/* -------------------------------------------------------------------------- the destination */

/* Does an index have the spacing that is asked for? While points are more than 16,384 their spacing
 * is doubled: half of them remain at least. */
static bool has_spacing(const struct dp_index_info *info, uint64_t asked_bytes)
{
    uint64_t times = info->spacing_bytes / asked_bytes;

    return info->spacing_bytes == asked_bytes ||
           (info->seek_point_count >= 8192 && info->spacing_bytes % asked_bytes == 0 &&
            (times & (times - 1)) == 0);
}

/* Is there an index at `place` that a new build would only repeat? `format` may be NULL. */
static bool up_to_date(const struct request *request, const char *name, struct dp_object *object,
                       const char *place)
{
    struct dp_context *context = request->tool->context;
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    struct dp_index *index;
    bool same;

    if (request->force || dp_index_find(context, object, place, &index, NULL) < 0)
        return false;
    dp_index_info(index, &info);
    same = (info.complete || request->build.allow_truncated) &&
           (!request->build.spacing_bytes || has_spacing(&info, request->build.spacing_bytes)) &&
           (!request->build.format || strcmp(info.format, request->build.format) == 0);
    if (same) /* the index's own name: that of a URL has no signature */
        dp_tool_say(request->tool, "%s: up to date: %s", name, info.uri);
    dp_index_free(index);
    return same;
}

/* ------------------------------------------------------------------------------- one build */

static void report(const struct request *request, const char *name, const struct dp_index *index)
{
    struct dp_tool *tool = request->tool;
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    char size[32];

    dp_index_info(index, &info);
    if (!info.complete)
        dp_tool_warn(tool, "%s: truncated or damaged: only its first %llu uncompressed bytes are "
                           "indexed", name, (unsigned long long)info.uncompressed_bytes);
    if (info.trailing_garbage_bytes)
        dp_tool_warn(tool, "%s: %llu bytes of trailing garbage are ignored", name,
                     (unsigned long long)info.trailing_garbage_bytes);
    dp_tool_say(tool, "%s: indexed: %s", name, info.uri);
    dp_size_format(info.index_bytes, size, sizeof(size));
    dp_tool_detail(tool, "%s: %s, %s: %llu records, %llu bases, %llu bytes of %llu uncompressed, "
                         "%llu members, %llu seek points, index of %s", name, info.format,
                   info.codec, (unsigned long long)info.record_count,
                   (unsigned long long)info.base_count, (unsigned long long)info.source_bytes,
                   (unsigned long long)info.uncompressed_bytes,
                   (unsigned long long)info.member_count,
                   (unsigned long long)info.seek_point_count, size);
}

/* After hours of reading nothing is thrown away: the index is left in the current folder. Returns
 * the exit status. */
static int rescue(struct dp_tool *tool, struct dp_index *index, const char *name,
                  const struct dp_error *why)
{
    struct dp_error err;
    char *place = dp_local_rescue_name(name);
    int status = dp_tool_fail(tool, why);

    if (why->code != DP_CANCELLED && place && dp_index_save(index, place, &err) == DP_OK)
        dp_tool_error(tool, "%s: its index was left in %s", name, place);
    free(place);
    return status;
}

/* Another build of the same object was faster: does its index do? */
static bool is_done_by_other(struct dp_tool *tool, struct dp_object *object, const char *name,
                             const char *place)
{
    struct dp_index *index;

    if (!object || dp_index_find(tool->context, object, place, &index, NULL) < 0)
        return false;
    dp_tool_say(tool, "%s: indexed by somebody else at the same time: %s", name, place);
    dp_index_free(index);
    return true;
}

/* `object` is NULL where there is none to compare an index with. */
static int save(const struct request *request, struct dp_index *index, const char *name,
                struct dp_object *object, struct dp_destination *destination, const char *place)
{
    struct dp_tool *tool = request->tool;
    struct dp_error err;

    if (dp_destination_wait(destination, &err) < 0)
        return dp_tool_fail(tool, &err);
    if (dp_destination_save(destination, index, &err) == DP_OK) {
        report(request, name, index);
        return DP_TOOL_OK;
    }
    if (err.code == DP_CHANGED && is_done_by_other(tool, object, name, place))
        return DP_TOOL_OK;
    return rescue(tool, index, name, &err);
}

/* Where the index of `object` goes: *place is to be freed with dp_text_free. */
static int choose(const struct request *request, struct dp_object *object, char **place,
                  struct dp_error *err)
{
    if (!request->output)
        return dp_index_locate(object, request->directory, place, err);
    *place = strdup(request->output);
    return *place ? DP_OK : dp_error_no_memory(err);
}

/* A build whose index cannot be written ends as soon as that is known. */
static void go_on_while_good(struct dp_index_options *build, struct dp_destination *destination)
{
    build->check = dp_destination_check;
    build->check_user = destination;
}

/* Builds the index of the object `name`; the exit status. */
static int build_object(const struct request *request, const char *name)
{
    struct dp_tool *tool = request->tool;
    struct dp_object *object = NULL;
    struct dp_destination *destination = NULL;
    struct dp_index_options build = request->build;
    struct dp_index *index = NULL;
    struct dp_error err;
    char *place = NULL;
    int status;

    if (dp_object_open(tool->context, name, NULL, &object, &err) < 0)
        return dp_tool_fail(tool, &err);
    name = dp_local_display(name, object);
    if (choose(request, object, &place, &err) < 0) {
        status = dp_tool_fail(tool, &err);
        goto out;
    }
    if (up_to_date(request, name, object, place)) {
        status = DP_TOOL_OK;
        goto out;
    }
    if (dp_destination_open(tool->context, place, &destination, &err) < 0) {
        status = dp_tool_fail(tool, &err);
        goto out;
    }
    go_on_while_good(&build, destination);
    if (dp_index_build(tool->context, object, &build, &index, &err) < 0)
        status = dp_tool_fail(tool, &err);
    else
        status = save(request, index, name, object, destination, place);
out:
    dp_destination_free(destination);
    dp_index_free(index);
    if (request->output)
        free(place);
    else
        dp_text_free(place);
    dp_object_free(object);
    return status;
}

/* The same for standard input, whose index must be given a place. */
static int build_stdin(const struct request *request)
{
    struct dp_tool *tool = request->tool;
    struct dp_destination *destination;
    struct dp_index_options build = request->build;
    struct dp_index *index = NULL;
    struct dp_error err;
    struct dp_local_input input = {STDIN_FILENO, "stdin"};
    int status;

    if (dp_destination_open(tool->context, request->output, &destination, &err) < 0)
        return dp_tool_fail(tool, &err);
    go_on_while_good(&build, destination);
    if (dp_index_build_from(tool->context, dp_local_read, &input, input.name, &build, &index,
                            &err) < 0)
        status = dp_tool_fail(tool, &err);
    else
        status = save(request, index, input.name, NULL, destination, request->output);
    dp_destination_free(destination);
    dp_index_free(index);
    return status;
}

/* ------------------------------------------------------------------------- several objects */

/* What the threads share. */
struct builds {
    const struct request *request;
    const struct dp_objects *objects;
    pthread_mutex_t lock;
    int status; /* the worst so far */
};

/* False when the first failure is to be the last. */
static bool work(void *user, size_t i)
{
    struct builds *builds = user;
    int status = build_object(builds->request, builds->objects->names[i]);

    pthread_mutex_lock(&builds->lock);
    if (status > builds->status)
        builds->status = status;
    pthread_mutex_unlock(&builds->lock);
    return status == DP_TOOL_OK || builds->request->keep_going;
}

static int build_all(struct request *request, const struct dp_objects *objects)
{
    /* One thread for each object; a single one is read and decoded by two. */
    unsigned most = objects->count > 2 ? (unsigned)objects->count : 2;
    unsigned threads = dp_tool_threads(request->tool, objects->count > 1024 ? 1024 : most);
    unsigned workers = objects->count < threads ? (unsigned)objects->count : threads;
    struct builds builds = {.request = request, .objects = objects};
    size_t begun;

    request->build.threads = threads / workers;
    pthread_mutex_init(&builds.lock, NULL);
    begun = dp_each_run(objects->count, workers, work, &builds);
    pthread_mutex_destroy(&builds.lock);
    if (begun < objects->count && !dp_signals_caught())
        dp_tool_error(request->tool, "%zu more objects were not begun (--keep-going goes on)",
                      objects->count - begun);
    return builds.status;
}

/* All objects that the operands stand for. */
static int build_operands(struct request *request, char **operands, size_t count)
{
    struct dp_objects objects = {0};
    struct dp_error err;
    size_t i;
    int rc = DP_OK, status;

    for (i = 0; i < count && rc == DP_OK; i++)
        rc = dp_objects_add(request->tool->context, operands[i], &objects, &err);
    /* Among many one may well be empty; alone that is a mistake. */
    request->build.allow_empty = objects.count > 1;
    status = rc < 0 ? dp_tool_fail(request->tool, &err) : build_all(request, &objects);
    dp_objects_free(&objects);
    return status;
}

int dp_index_build_run(struct dp_tool *tool, int argc, char **argv)
{
    struct request request = {.tool = tool, .build.struct_bytes = sizeof(request.build)};
    struct dp_error err;
    int first = dp_tool_options(tool, argc, argv, options, sizeof(options) / sizeof(options[0]),
                                take, &request);
    bool from_stdin = argc - first == 1 && strcmp(argv[first], "-") == 0;
    int i;

    if (first == argc)
        dp_tool_usage(tool, "build: which object?");
    for (i = first; i < argc && !from_stdin; i++) {
        if (strcmp(argv[i], "-") == 0)
            dp_tool_usage(tool, "build: '-' must be the only object");
        if (!request.output && dp_local_is_stream(argv[i]))
            dp_tool_usage(tool, "build: %s is a pipe or device: it needs --output", argv[i]);
    }
    if (from_stdin && !request.output)
        dp_tool_usage(tool, "build: '-' needs --output");
    if (request.output && strcmp(request.output, "-") == 0)
        dp_tool_usage(tool, "build: an index is a file, not standard output");
    if (request.output && request.directory)
        dp_tool_usage(tool, "build: --output and --index-dir exclude each other");
    if (request.output && dp_objects_are_many(argv + first, (size_t)(argc - first)))
        dp_tool_usage(tool, "build: --output goes with one object only");
    if (dp_tool_open(tool, true, &err) < 0)
        return dp_tool_fail(tool, &err);
    if (!from_stdin)
        return build_operands(&request, argv + first, (size_t)(argc - first));
    request.build.threads = dp_tool_threads(tool, 2);
    return build_stdin(&request);
}
