/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/tabix_regions.h"

#include "index/format/region_filter.h"

#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------------------------- list */

static int compare_regions(const void *a, const void *b)
{
    const struct dp_tabix_region *x = a, *y = b;

    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static void settle(struct dp_array *array)
{
    struct dp_tabix_region *list = array->data;
    size_t i, kept = 0;

    if (array->length == 0)
        return;
    qsort(list, array->length, sizeof(*list), compare_regions);
    for (i = 1; i < array->length; i++) {
        if (list[i].contig != list[kept].contig || list[i].begin > list[kept].end)
            list[++kept] = list[i];
        else if (list[i].end > list[kept].end)
            list[kept].end = list[i].end;
    }
    array->length = kept + 1;
}

int dp_tabix_regions_list(const struct dp_tabix *tabix, const struct dp_tabix_object *facts,
                          const struct dp_plan_options *options, struct dp_array *list,
                          struct dp_error *err)
{
    size_t *orders = calloc(dp_tabix_contig_count(tabix) + 1, sizeof(*orders));
    size_t i, mentioned = 0;
    int rc = DP_OK;

    if (!orders)
        return dp_error_no_memory(err);
    for (i = 0; !rc && i < options->region_count; i++) {
        const struct dp_region *asked = &options->regions[i];
        struct dp_tabix_region region = {
            .contig = dp_tabix_object_contig(tabix, facts, asked->contig),
            .begin = asked->begin,
            .end = asked->end && asked->end < DP_REGION_POSITION_MAX ? asked->end
                                                                     : DP_REGION_POSITION_MAX};

        if (region.begin > region.end)
            rc = dp_error_set(err, DP_INVALID, "%s: region %s:%llu-%llu ends before it begins",
                              dp_tabix_uri(tabix), asked->contig, (unsigned long long)region.begin,
                              (unsigned long long)region.end);
        if (rc || region.contig == SIZE_MAX)
            continue;
        if (!orders[region.contig])
            orders[region.contig] = ++mentioned;
        region.order = orders[region.contig];
        if (!dp_array_append(list, &region, 1, sizeof(region)))
            rc = dp_error_no_memory(err);
    }
    free(orders);
    settle(list);
    return rc;
}

/* ------------------------------------------------------------------------------------- tasks */

/* The name of contig `i`, as the filter wants it. */
static const char *contig_name(const struct dp_tabix *tabix, const struct dp_tabix_object *facts,
                               size_t i)
{
    const char *name = facts->names.data;
    struct dp_tabix_contig contig;

    dp_tabix_contig(tabix, i, &contig);
    if (contig.name)
        return contig.name;
    while (i-- > 0)
        name += strlen(name) + 1;
    return name;
}

/* For regions [begin, end) of one contig; what belongs to the region before is left to it. */
static json_t *filter_of(const struct dp_tabix *tabix, const struct dp_tabix_object *facts,
                         const struct dp_tabix_region *list, size_t begin, size_t end)
{
    bool again = begin > 0 && list[begin - 1].contig == list[begin].contig;
    json_t *pairs = json_array(), *spec;
    size_t i;

    for (i = begin; pairs && i < end; i++)
        if (json_array_append_new(pairs, json_pack("[I, I]", (json_int_t)list[i].begin,
                                                   (json_int_t)list[i].end)) != 0) {
            json_decref(pairs);
            return NULL;
        }
    spec = json_pack("{s:s, s:o, s:I, s:s, s:b}", "contig",
                     contig_name(tabix, facts, list[begin].contig), "regions", pairs, "after",
                     again ? (json_int_t)list[begin - 1].end : (json_int_t)0, "by", "overlap",
                     "end_is_number", (int)facts->end_is_number);
    /* Records of BCF name their contig by a number. */
    if (spec && !dp_tabix_has_names(tabix) &&
        json_object_set_new(spec, "number", json_integer((json_int_t)list[begin].contig)) != 0) {
        json_decref(spec);
        return NULL;
    }
    return spec;
}

static int add_filter(json_t *spec, struct dp_array *filters, struct dp_error *err)
{
    char *text = spec ? json_dumps(spec, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

    json_decref(spec);
    if (text && dp_array_append(filters, &text, 1, sizeof(text)))
        return DP_OK;
    free(text);
    return dp_error_no_memory(err);
}

/* What must be read for regions [begin, end), all of one contig. */
static int add_group(const struct dp_tabix *tabix, const struct dp_tabix_object *facts,
                     const struct dp_tabix_region *list, size_t begin, size_t end,
                     struct dp_array *tasks, struct dp_array *filters, struct dp_error *err)
{
    struct dp_tabix_task task = {.filter = filters->length};
    struct dp_array chunks = {0};
    const struct dp_tabix_chunk *found;
    size_t i;
    int rc = add_filter(filter_of(tabix, facts, list, begin, end), filters, err);

    for (i = begin; !rc && i < end; i++)
        rc = dp_tabix_region(tabix, list[i].contig, list[i].begin ? list[i].begin - 1 : 0,
                             list[i].end, &chunks, err);
    dp_tabix_join(&chunks, 0);
    found = chunks.data;
    for (i = 0; !rc && i < chunks.length; i++) {
        task.chunk = found[i];
        if (task.chunk.begin < task.chunk.end && !dp_array_append(tasks, &task, 1, sizeof(task)))
            rc = dp_error_no_memory(err);
    }
    dp_array_free(&chunks);
    return rc;
}

int dp_tabix_regions_tasks(const struct dp_tabix *tabix, const struct dp_tabix_object *facts,
                           const struct dp_array *list, size_t begin, size_t end,
                           struct dp_array *tasks, struct dp_array *filters,
                           struct dp_error *err)
{
    const struct dp_tabix_region *regions = list->data;
    size_t next;
    int rc = DP_OK;

    for (; !rc && begin < end; begin = next) {
        for (next = begin + 1; next < end && regions[next].contig == regions[begin].contig;)
            next++;
        rc = add_group(tabix, facts, regions, begin, next, tasks, filters, err);
    }
    return rc;
}
