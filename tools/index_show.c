/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* dp-index show and dp-index verify: what stands in an index, and whether it is right. */

#include "config.h"

#include "tools/index_commands.h"

#include "base/error.h"
#include "tools/local.h"

#include <stdio.h>
#include <string.h>

struct request {
    const char *index; /* --index */
    bool json;
    bool contigs;
    uint64_t balanced; /* --regions-balanced */
    struct dp_tool *tool;
    bool deep;
};

enum { JSON = 256, DEEP, INDEX, CONTIGS, BALANCED };

static const struct dp_tool_option show_options[] = {
    {"json", JSON, false},
    {"contigs", CONTIGS, false},
    {"regions-balanced", BALANCED, true},
    {"index", INDEX, true},
};

static const struct dp_tool_option verify_options[] = {
    {"deep", DEEP, false},
    {"index", INDEX, true},
};

static void take(void *user, int code, const char *value)
{
    struct request *request = user;

    if (code == JSON)
        request->json = true;
    else if (code == DEEP)
        request->deep = true;
    else if (code == CONTIGS)
        request->contigs = true;
    else if (code == BALANCED)
        request->balanced =
            dp_tool_count(request->tool, "--regions-balanced", value, 1, UINT32_MAX);
    else
        request->index = value;
}

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), tail = strlen(ending);

    return length >= tail && strcmp(text + length - tail, ending) == 0;
}

/* The index that `name` is, or that of the object it names. */
static int open_index(struct dp_tool *tool, const struct request *request, const char *name,
                      struct dp_index **index, struct dp_error *err)
{
    struct dp_object *object;
    int rc;

    if (!request->index && ends_with(name, ".dpi"))
        return dp_index_open(tool->context, name, index, err);
    rc = dp_object_open(tool->context, name, NULL, &object, err);
    if (rc < 0)
        return rc;
    rc = dp_index_find(tool->context, object, request->index, index, err);
    dp_object_free(object);
    /* An index may have any name. */
    if (rc == DP_NOT_FOUND && !request->index &&
        dp_index_open(tool->context, name, index, NULL) == DP_OK)
        rc = DP_OK;
    return rc;
}

static void print_number(const char *name, uint64_t value)
{
    printf("%-20s %llu\n", name, (unsigned long long)value);
}

static void print_contigs(const struct dp_index *index)
{
    struct dp_contig_info info = {.struct_bytes = sizeof(info)};
    size_t i, count = dp_index_contig_count(index);

    for (i = 0; i < count; i++) {
        dp_index_contig(index, i, &info);
        printf("%-20s %.*s: %llu records, %llu to %llu%s%s\n", "contig", (int)info.name_bytes,
               info.name, (unsigned long long)info.record_count,
               (unsigned long long)info.first_position, (unsigned long long)info.last_position,
               info.sorted ? "" : ", not sorted", info.contiguous ? "" : ", not in one place");
    }
}

static void print_info(const struct dp_index *index)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};

    dp_index_info(index, &info);
    printf("%-20s %s\n", "index", info.uri ? info.uri : "-");
    printf("%-20s %s\n", "format", info.format);
    printf("%-20s %s\n", "codec", info.codec);
    printf("%-20s %s\n", "complete", info.complete ? "yes" : "no");
    print_number("records", info.record_count);
    print_number("bases", info.base_count);
    print_number("source bytes", info.source_bytes);
    print_number("uncompressed bytes", info.uncompressed_bytes);
    print_number("members", info.member_count);
    print_number("seek points", info.seek_point_count);
    print_number("spacing", info.spacing_bytes);
    print_number("index bytes", info.index_bytes);
    if (info.trailing_garbage_bytes)
        print_number("trailing garbage", info.trailing_garbage_bytes);
    print_contigs(index);
}

/* As "bcftools index --stats" does. */
static int list_contigs(const struct dp_index *index, struct dp_error *err)
{
    struct dp_index_info about = {.struct_bytes = sizeof(about)};
    struct dp_contig_info info = {.struct_bytes = sizeof(info)};
    size_t i, count = dp_index_contig_count(index);
    char length[24];

    dp_index_info(index, &about);
    if (about.record_count && !count)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: it knows no contigs of its records",
                            about.uri);
    for (i = 0; i < count; i++) {
        dp_index_contig(index, i, &info);
        if (info.length == UINT64_MAX)
            strcpy(length, ".");
        else
            snprintf(length, sizeof(length), "%llu", (unsigned long long)info.length);
        printf("%.*s\t%s\t%llu\n", (int)info.name_bytes, info.name, length,
               (unsigned long long)info.record_count);
    }
    return DP_OK;
}

static int print_balanced(const struct dp_index *index, uint64_t count, struct dp_error *err)
{
    char *regions;
    int rc = dp_index_balance(index, count, &regions, err);

    if (rc < 0)
        return rc;
    fputs(regions, stdout);
    dp_text_free(regions);
    return DP_OK;
}

static int print_json(const struct dp_index *index, struct dp_error *err)
{
    char *json;
    int rc = dp_index_describe(index, &json, err);

    if (rc < 0)
        return rc;
    puts(json);
    dp_text_free(json);
    return DP_OK;
}

int dp_index_show_run(struct dp_tool *tool, int argc, char **argv)
{
    struct request request = {.tool = tool};
    struct dp_index *index = NULL;
    struct dp_error err;
    int status = DP_TOOL_OK, rc = DP_OK;
    int first = dp_tool_options(tool, argc, argv, show_options,
                                sizeof(show_options) / sizeof(show_options[0]), take, &request);

    if (argc - first != 1)
        dp_tool_usage(tool, "show: one object or index is needed");
    if (request.json + request.contigs + !!request.balanced > 1)
        dp_tool_usage(tool, "show: --json, --contigs and --regions-balanced exclude each other");
    if (dp_tool_open(tool, false, &err) < 0 ||
        open_index(tool, &request, argv[first], &index, &err) < 0)
        return dp_tool_fail(tool, &err);
    if (request.json)
        rc = print_json(index, &err);
    else if (request.balanced)
        rc = print_balanced(index, request.balanced, &err);
    else if (request.contigs)
        rc = list_contigs(index, &err);
    else
        print_info(index);
    if (rc < 0)
        status = dp_tool_fail(tool, &err);
    dp_index_free(index);
    return status;
}

int dp_index_check_run(struct dp_tool *tool, int argc, char **argv)
{
    struct request request = {0};
    struct dp_object *object = NULL;
    struct dp_index *index = NULL;
    struct dp_error err;
    int status = DP_TOOL_OK;
    int first =
        dp_tool_options(tool, argc, argv, verify_options,
                        sizeof(verify_options) / sizeof(verify_options[0]), take, &request);

    if (argc - first != 1)
        dp_tool_usage(tool, "verify: one object is needed");
    if (dp_tool_open(tool, true, &err) < 0 ||
        dp_object_open(tool->context, argv[first], NULL, &object, &err) < 0 ||
        dp_index_find(tool->context, object, request.index, &index, &err) < 0 ||
        dp_index_verify(tool->context, index, object, request.deep, dp_tool_threads(tool, 2),
                        &err) < 0)
        status = dp_tool_fail(tool, &err);
    else
        dp_tool_say(tool, "%s: the index is right%s", dp_local_display(argv[first], object),
                    request.deep ? ", and so is every byte" : "");
    dp_index_free(index);
    dp_object_free(object);
    return status;
}
