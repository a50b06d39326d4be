/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* dp-slice plan: index in, manifest out. */

#include "config.h"

#include "tools/slice_commands.h"

#include "base/array.h"
#include "base/size.h"
#include "tools/local.h"
#include "tools/objects.h"
#include "tools/output.h"
#include "tools/plan_origin.h"
#include "tools/plan_parts.h"
#include "tools/regions.h"
#include "tools/samples.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct request {
    struct dp_tool *tool;
    const char *index;
    const char *output;
    bool summary;
    bool keep_going;
    bool by_given;
    struct dp_array regions; /* const char *: of --region */
    const char *bed;
    const char *samples; /* of --samples; as the library wants them: */
    char *sample_names;
    unsigned cuts; /* how many of -n, --records, --bytes, --bases were given */
    struct dp_plan_options plan;
};

enum { BY = 256, RECORDS, BYTES, BASES, INLINE, INDEX, ALLOW_SIGNED, PRESIGN, SUMMARY, OVERLAP,
       CONTIG, REGION, BED, WINDOW, SAMPLES, PAIRED, SPAN, KEEP_GOING };

static const struct dp_tool_option options[] = {
    {"parts", 'n', true},         {"by", BY, true},
    {"records", RECORDS, true},   {"bytes", BYTES, true},
    {"bases", BASES, true},       {"inline", INLINE, false},
    {"index", INDEX, true},       {"allow-signed", ALLOW_SIGNED, false},
    {"presign", PRESIGN, true},   {"summary", SUMMARY, false},
    {"output", 'o', true},        {"overlap", OVERLAP, true},
    {"contig", CONTIG, true},     {"region", REGION, true},
    {"bed", BED, true},           {"window", WINDOW, true},
    {"samples", SAMPLES, true},
    {"paired", PAIRED, false},    {"span", SPAN, false},
    {"keep-going", KEEP_GOING, false},
};

static const char *const unit_names[] = {"records", "bytes", "bases", "regions"};

static enum dp_plan_unit read_unit(const struct dp_tool *tool, const char *value)
{
    unsigned unit;

    for (unit = 0; unit < 3; unit++)
        if (strcmp(value, unit_names[unit]) == 0)
            return (enum dp_plan_unit)unit;
    dp_tool_usage(tool, "--by: '%s' is not records, bytes, bases or contig", value);
}

static void cut_by(struct request *request, enum dp_plan_unit unit, uint64_t size)
{
    request->plan.unit = unit;
    request->plan.size = size;
    request->cuts++;
}

static void take(void *user, int code, const char *value)
{
    struct request *request = user;
    const struct dp_tool *tool = request->tool;

    switch (code) {
    case 'n':
        request->plan.part_count = dp_tool_count(tool, "-n", value, 1, DP_PLAN_SLICES_MAX);
        request->cuts++;
        break;
    case BY:
        request->plan.by_contig = strcmp(value, "contig") == 0;
        request->plan.unit = request->plan.by_contig ? DP_UNIT_REGIONS : read_unit(tool, value);
        request->by_given = !request->plan.by_contig;
        break;
    case RECORDS:
        cut_by(request, DP_UNIT_RECORDS,
               dp_tool_count(tool, "--records", value, 1, UINT64_MAX >> 11));
        break;
    case BYTES:
        cut_by(request, DP_UNIT_BYTES, dp_tool_size(tool, "--bytes", value));
        break;
    case BASES:
        cut_by(request, DP_UNIT_BASES, dp_tool_count(tool, "--bases", value, 1, UINT64_MAX >> 11));
        break;
    case CONTIG:
        request->plan.contig = value;
        break;
    case REGION:
        if (!dp_array_append(&request->regions, &value, 1, sizeof(value)))
            dp_tool_usage(tool, "--region: out of memory");
        request->plan.unit = DP_UNIT_REGIONS;
        break;
    case SAMPLES:
        request->samples = value;
        break;
    case BED:
        request->bed = value;
        request->plan.unit = DP_UNIT_REGIONS;
        break;
    case WINDOW:
        request->plan.window_bases = dp_tool_count(tool, "--window", value, 1, UINT64_MAX >> 11);
        request->plan.unit = DP_UNIT_REGIONS;
        break;
    case OVERLAP:
        request->plan.overlap = dp_tool_count(tool, "--overlap", value, 1, UINT64_MAX >> 11);
        break;
    case PAIRED:
        request->plan.paired = 1;
        break;
    case SPAN:
        request->plan.span = 1;
        break;
    case KEEP_GOING:
        request->keep_going = true;
        break;
    case INLINE:
        request->plan.inline_parts = 1;
        break;
    case INDEX:
        request->index = value;
        break;
    case ALLOW_SIGNED:
        request->plan.allow_signed = 1;
        break;
    case PRESIGN:
        request->plan.presign_seconds =
            (unsigned)dp_tool_count(tool, "--presign", value, 1, DP_PRESIGN_SECONDS_MAX);
        break;
    case SUMMARY:
        request->summary = true;
        break;
    case 'o':
        /* as with other tools: standard output */
        request->output = strcmp(value, "-") == 0 ? NULL : value;
        break;
    }
}

/* -------------------------------------------------------------------------------- figures */

struct figures {
    struct dp_array sizes; /* of uint64_t, one for each slice, in the plan's unit */
    uint64_t requests;
    uint64_t fetch_bytes;
};

static int add_figures(struct figures *figures, const struct dp_slice *slice,
                       struct dp_error *err)
{
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    uint64_t size;

    dp_slice_info(slice, &info);
    size = info.end - info.begin;
    figures->requests += info.request_count;
    figures->fetch_bytes += info.fetch_bytes;
    if (!dp_array_append(&figures->sizes, &size, 1, sizeof(size)))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int compare_sizes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Coefficient of variation: the standard deviation as a part of the mean. */
static double variation(const uint64_t *sizes, size_t count)
{
    double sum = 0, squares = 0, mean;
    size_t i;

    for (i = 0; i < count; i++)
        sum += (double)sizes[i];
    mean = sum / (double)count;
    for (i = 0; i < count; i++)
        squares += ((double)sizes[i] - mean) * ((double)sizes[i] - mean);
    return mean > 0 ? sqrt(squares / (double)count) / mean : 0;
}

static void print_figures(struct dp_tool *tool, struct figures *figures, const char *unit,
                          uint64_t object_bytes)
{
    uint64_t *sizes = figures->sizes.data;
    size_t count = figures->sizes.length;
    char fetch[32];

    dp_size_format(figures->fetch_bytes, fetch, sizeof(fetch));
    if (count == 0) {
        dp_tool_error(tool, "no slices");
        return;
    }
    qsort(sizes, count, sizeof(*sizes), compare_sizes);
    dp_tool_error(tool, "%zu slices of %llu to %llu %s, median %llu, CV %.4f", count,
                  (unsigned long long)sizes[0], (unsigned long long)sizes[count - 1], unit,
                  (unsigned long long)sizes[count / 2], variation(sizes, count));
    dp_tool_error(tool, "%llu GETs, %llu bytes (%s) to fetch, amplification %.4f",
                  (unsigned long long)figures->requests, (unsigned long long)figures->fetch_bytes,
                  fetch, object_bytes ? (double)figures->fetch_bytes / (double)object_bytes : 1.0);
}

/* Until when presigned slices can be fetched, and whether everybody can reach their index. */
static void print_expiry(const struct request *request, const struct dp_plan *plan,
                         const struct dp_index *index)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    time_t at = (time_t)dp_plan_expires(plan);
    char text[64];
    struct tm utc;

    if (!at)
        return;
    if (index)
        dp_index_info(index, &info);
    if (!request->plan.inline_parts && info.uri && !dp_local_is_uri(info.uri))
        dp_tool_warn(request->tool, "%s: the slices refer to this local index (--inline: to none)",
                     info.uri);
    gmtime_r(&at, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (request->summary)
        dp_tool_error(request->tool, "presigned until %s", text);
    if (at - time(NULL) + 5 < (time_t)request->plan.presign_seconds)
        dp_tool_warn(request->tool, "the credentials, and the presigned URLs with them, end at %s",
                     text);
}

/* --------------------------------------------------------------------------------- output */

/* Where lines go: a sink, or standard output when it is NULL. Small lines are gathered. */
struct lines {
    struct dp_sink *sink;
    struct dp_array pending; /* of char */
};

#define PENDING_BYTES ((size_t)64 << 10)

static int flush(struct lines *lines, struct dp_error *err)
{
    int rc;

    if (lines->sink)
        rc = dp_sink_write(lines->sink, lines->pending.data, lines->pending.length, err);
    else
        rc = dp_output_write(STDOUT_FILENO, "standard output", lines->pending.data,
                             lines->pending.length, err);
    lines->pending.length = 0;
    return rc;
}

static int put_slice(struct lines *lines, const struct dp_slice *slice, struct dp_error *err)
{
    char *line;
    int rc = dp_slice_format(slice, &line, err);

    if (rc < 0)
        return rc;
    if (!dp_array_append(&lines->pending, line, strlen(line), 1) ||
        !dp_array_append(&lines->pending, "\n", 1, 1))
        rc = dp_error_no_memory(err);
    dp_text_free(line);
    if (rc == DP_OK && lines->pending.length >= PENDING_BYTES)
        rc = flush(lines, err);
    return rc;
}

static int put_plan(const struct request *request, const struct dp_plan *plan,
                    struct lines *lines, struct figures *figures, struct dp_error *err)
{
    uint64_t count = dp_plan_slice_count(plan), number;
    struct dp_slice *slice;
    int rc = DP_OK;

    for (number = 1; number <= count && rc == DP_OK; number++) {
        rc = dp_plan_slice(plan, number, &slice, err);
        if (rc < 0)
            break;
        rc = put_slice(lines, slice, err);
        if (rc == DP_OK && request->summary)
            rc = add_figures(figures, slice, err);
        dp_slice_free(slice);
    }
    if (rc == DP_OK && lines->pending.length)
        rc = flush(lines, err);
    if (rc == DP_OK && lines->sink)
        rc = dp_sink_commit(lines->sink, err);
    return rc;
}

/* May the manifest hold a signature, of an object or an index? Then everybody who reads it can read
 * the object. */
static bool is_secret(const struct request *request)
{
    return request->plan.presign_seconds || request->plan.allow_signed;
}

static int open_output(const struct request *request, const struct dp_plan_parts *parts,
                       struct dp_sink **sink, struct dp_error *err)
{
    bool secret = is_secret(request);
    struct stat about;
    size_t i;
    int rc = DP_OK;

    if (!request->output && secret && isatty(STDOUT_FILENO))
        dp_tool_warn(request->tool, "whoever sees these lines can read the object");
    if (!request->output)
        return DP_OK;
    for (i = 0; i < parts->count && rc == DP_OK; i++)
        rc = dp_local_check_output(request->output, dp_object_uri(parts->sources[i].object), err);
    if (rc < 0)
        return rc;
    if (!secret)
        return dp_sink_open(request->tool->context, request->output, sink, err);
    umask(077);
    /* A file that is replaced hands its mode on. */
    if (!dp_local_is_uri(request->output) && stat(request->output, &about) == 0 &&
        S_ISREG(about.st_mode) && chmod(request->output, 0600) != 0)
        return dp_error_set_errno(err, errno, "%s", request->output);
    return dp_sink_open(request->tool->context, request->output, sink, err);
}

/* Reads the regions that were asked for: they may depend on the contigs that there are. */
static int take_regions(struct request *request, const struct dp_index *index,
                        struct dp_regions *regions, struct dp_error *err)
{
    const char *const *texts = request->regions.data;
    size_t i;
    int rc = DP_OK;

    for (i = 0; rc == DP_OK && i < request->regions.length; i++)
        rc = dp_regions_add(regions, index, texts[i], err);
    if (rc == DP_OK && request->bed)
        rc = dp_regions_add_bed(regions, request->tool->context, request->bed, err);
    if (rc < 0)
        return rc;
    if (!regions->list.length && (request->regions.length || request->bed))
        return dp_error_set(err, DP_INVALID, "the list of regions is empty");
    request->plan.regions = regions->list.data;
    request->plan.region_count = regions->list.length;
    return DP_OK;
}

/* Says what of a good plan may surprise. */
static void warn(const struct request *request, const char *name, const struct dp_object *object,
                 const struct dp_index *index, const struct dp_regions *regions)
{
    const char *unknown = dp_regions_unknown(regions, index);

    if (unknown)
        dp_tool_warn(request->tool, "%s: no record is on contig %s", dp_object_uri(object),
                     unknown);
    dp_plan_parts_warn(request->tool, dp_local_display(name, object), index);
}

/* Writes the manifest and what is to be said about it. */
static int put_out(const struct request *request, const struct dp_plan_parts *parts,
                   const struct dp_plan *plan, struct dp_error *err)
{
    struct lines lines = {0};
    struct figures figures = {0};
    int rc = open_output(request, parts, &lines.sink, err);

    if (rc == DP_OK)
        rc = put_plan(request, plan, &lines, &figures, err);
    if (rc == DP_OK && request->summary)
        print_figures(request->tool, &figures, unit_names[request->plan.unit],
                      parts->object_bytes);
    if (rc == DP_OK)
        print_expiry(request, plan, parts->sources[0].index);
    dp_array_free(&figures.sizes);
    dp_array_free(&lines.pending);
    dp_sink_free(lines.sink);
    return rc;
}

static int plan_one(struct request *request, const char *name, struct dp_error *err)
{
    struct dp_tool *tool = request->tool;
    struct dp_plan_source source = {0};
    struct dp_plan_parts parts = {.sources = &source, .count = 1};
    struct dp_plan_origin origin = {0};
    struct dp_plan *plan = NULL;
    struct dp_regions regions = {0};
    int rc = dp_object_open(tool->context, name, NULL, &source.object, err);

    if (rc == DP_OK)
        rc = dp_plan_origin_find(tool, source.object, name, request->index, &origin, err);
    if (rc == DP_OK)
        rc = take_regions(request, origin.index, &regions, err);
    if (rc == DP_OK)
        rc = dp_plan_origin_plan(&origin, source.object, &request->plan, &plan, err);
    if (rc == DP_OK && origin.index)
        warn(request, name, source.object, origin.index, &regions);
    if (rc == DP_OK) {
        source.index = origin.index;
        parts.object_bytes = dp_object_size(source.object);
        rc = put_out(request, &parts, plan, err);
    }
    dp_regions_free(&regions);
    dp_plan_free(plan);
    dp_plan_origin_free(&origin);
    dp_object_free(source.object);
    return rc;
}

/* All objects that the operands stand for; the exit status. */
static int plan_many(const struct request *request, char **operands, size_t count)
{
    struct dp_plan_parts parts = {0};
    struct dp_plan *plan = NULL;
    struct dp_error err;
    int status = DP_TOOL_OK;
    int rc = dp_plan_parts_gather(request->tool, operands, count, &request->plan,
                                  request->keep_going, &parts, &status, &err);

    if (rc == DP_OK && parts.count) {
        rc = dp_plan_new_many(parts.sources, parts.count, &request->plan, &plan, &err);
        if (rc == DP_OK && request->plan.part_count &&
            dp_plan_slice_count(plan) > request->plan.part_count)
            dp_tool_warn(request->tool, "%llu slices, one for each object: fewer would have to go "
                         "across objects (--span)", (unsigned long long)dp_plan_slice_count(plan));
        if (rc == DP_OK)
            rc = put_out(request, &parts, plan, &err);
    }
    if (rc < 0)
        status = dp_tool_fail(request->tool, &err);
    dp_plan_free(plan);
    dp_plan_parts_free(&parts);
    return status;
}

/* Regions, windows and contigs are a slice each, unless -n shares them out. */
static void check_places(struct request *request)
{
    const struct dp_tool *tool = request->tool;
    struct dp_plan_options *plan = &request->plan;
    int places = (request->regions.length || request->bed) + !!plan->window_bases +
                 !!plan->by_contig;

    if (places > 1)
        dp_tool_usage(tool,
                      "plan: --region and --bed, --window and --by contig exclude each other");
    if (places && (plan->size || request->by_given || plan->contig || plan->overlap))
        dp_tool_usage(tool, "plan: of the other ways to cut, only -n goes with regions, windows "
                            "and contigs");
    if (places) {
        plan->unit = DP_UNIT_REGIONS;
        plan->size = !plan->part_count;
        request->cuts = 1;
    } else if ((plan->contig || request->samples) && !request->cuts) {
        plan->part_count = 1;
        request->cuts = 1;
    }
}

static void check_operands(const struct request *request, char **operands, int count)
{
    const struct dp_tool *tool = request->tool;

    if (count == 0)
        dp_tool_usage(tool, "plan: which object?");
    if (request->plan.paired && count > 1 && count % 2)
        dp_tool_usage(tool, "plan: --paired takes operands two by two");
    if (!request->plan.paired && !dp_objects_are_many(operands, (size_t)count))
        return;
    if (request->index)
        dp_tool_usage(tool, "plan: --index goes with one object only");
    if (request->plan.unit == DP_UNIT_REGIONS || request->plan.contig)
        dp_tool_usage(tool, "plan: regions, windows and contigs go with one object only");
}

int dp_slice_plan_run(struct dp_tool *tool, int argc, char **argv)
{
    struct request request = {.tool = tool, .plan.struct_bytes = sizeof(request.plan)};
    struct dp_error err;
    int first = dp_tool_options(tool, argc, argv, options, sizeof(options) / sizeof(options[0]),
                                take, &request);
    int rc, status;

    check_places(&request);
    check_operands(&request, argv + first, argc - first);
    if (request.cuts != 1)
        dp_tool_usage(tool, "plan: one of -n, --records, --bytes, --bases, --region, --bed, "
                            "--window and --by contig is needed");
    if (request.by_given && !request.plan.part_count)
        dp_tool_usage(tool, "plan: --by goes with -n");
    if (request.plan.overlap && (request.plan.unit != DP_UNIT_RECORDS || request.plan.span))
        dp_tool_usage(tool, "plan: --overlap goes with records and not with --span");
    rc = dp_tool_open(tool, false, &err);
    if (rc == DP_OK && request.samples)
        rc = dp_samples_read(request.samples, &request.sample_names, &err);
    request.plan.samples = request.sample_names;
    if (rc == DP_OK &&
        (request.plan.paired || dp_objects_are_many(argv + first, (size_t)(argc - first)))) {
        status = plan_many(&request, argv + first, (size_t)(argc - first));
    } else {
        if (rc == DP_OK)
            rc = plan_one(&request, argv[first], &err);
        status = rc < 0 ? dp_tool_fail(tool, &err) : DP_TOOL_OK;
    }
    dp_array_free(&request.regions);
    free(request.sample_names);
    return status;
}
