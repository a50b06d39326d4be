/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/plan_region.h"

#include "base/array.h"
#include "index/format/region_filter.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reading over so many runs that are not wanted is cheaper than another request. */
#define RUNS_BETWEEN 1u

enum mode { REGIONS, WINDOWS, CONTIGS };

/* Both ends inclusive. */
struct region {
    size_t contig;
    uint64_t begin;
    uint64_t end;
    size_t order; /* of the contig: by its first mention in the list */
};

struct dp_plan_regions {
    enum mode mode;
    const struct dp_index *index;
    struct dp_loci loci;
    bool end_is_number;
    struct dp_array list;   /* struct region; mode REGIONS: sorted, disjoint */
    uint64_t window_bases;  /* mode WINDOWS */
    uint64_t *first_number; /* mode WINDOWS: of each contig's first window, and their count */
    size_t *first_run;      /* of each contig, and the count of runs */
    char id[2 * SHA256_DIGEST_SIZE + 1];
};

/* ---------------------------------------------------------------------------------- contigs */

static size_t find_contig(const struct dp_loci *loci, const char *name)
{
    size_t i, length = strlen(name);

    for (i = 0; i < loci->contig_count; i++)
        if (loci->contigs[i].name_bytes == length &&
            memcmp(loci->names + loci->contigs[i].name_at, name, length) == 0)
            return i;
    return SIZE_MAX;
}

/* The words of index/format/VCF.md, for people. */
static const char *why_not(const char *disorder)
{
    return strcmp(disorder, "unsorted") == 0    ? "a position smaller than the one before"
           : strcmp(disorder, "scattered") == 0 ? "a contig that comes back after another one"
                                                : "more contigs than an index holds";
}

/* Are the records in order, or at least (`contigs_do`) those of each contig together? */
static int check_order(const struct dp_index *index, const char *name, bool contigs_do,
                       struct dp_error *err)
{
    const struct dp_format *format = dp_index_format(index);
    struct dp_loci loci;
    const char *what;
    uint64_t line = dp_index_disorder(index, &what);
    struct dp_edge totals;
    size_t i;
    bool apart = false;

    if (!format->loci)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: records of format %s have no positions", name,
                            format->name);
    dp_index_loci(index, &loci);
    dp_index_totals(index, &totals);
    for (i = 0; i < loci.contig_count; i++)
        apart = apart || !(loci.contigs[i].flags & DP_CONTIG_CONTIGUOUS);
    if (line && !(contigs_do && !apart && loci.contig_count))
        return dp_error_set(err, DP_UNSUPPORTED,
                            "%s: %s %llu: %s: only sorted records can be found by region", name,
                            format->lines ? "line" : "record", (unsigned long long)line,
                            why_not(what));
    if (totals.record && !loci.contig_count)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: its index knows no contigs: build it again",
                            name);
    return DP_OK;
}

int dp_plan_region_contig(const struct dp_index *index, const char *name, const char *contig,
                          enum dp_plan_unit unit, struct dp_range *interval,
                          struct dp_error *err)
{
    struct dp_loci loci;
    struct dp_edge totals;
    const struct dp_contig *found;
    size_t i, run;
    int rc = check_order(index, name, unit == DP_UNIT_RECORDS, err);

    if (rc)
        return rc;
    dp_index_loci(index, &loci);
    i = find_contig(&loci, contig);
    if (i == SIZE_MAX)
        return dp_error_set(err, DP_NOT_FOUND, "%s: no record is on contig %s", name, contig);
    found = &loci.contigs[i];
    *interval = (struct dp_range){found->first_record, found->last_record + 1};
    if (unit == DP_UNIT_RECORDS)
        return DP_OK;
    /* A run begins where a contig does. */
    dp_index_totals(index, &totals);
    for (run = 0; loci.runs[run].record < found->first_record; run++)
        continue;
    interval->begin = loci.runs[run].offset;
    while (run < loci.run_count && loci.runs[run].contig == i)
        run++;
    interval->end = run < loci.run_count ? loci.runs[run].offset : totals.offset;
    return DP_OK;
}

/* ------------------------------------------------------------------------------------- open */

bool dp_plan_region_wanted(const struct dp_plan_options *options)
{
    return options->region_count || options->window_bases || options->by_contig;
}

static int compare_regions(const void *a, const void *b)
{
    const struct region *x = a, *y = b;

    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* Sorts as bcftools does, contigs as they are first mentioned, and joins what overlaps. */
static void settle_list(struct dp_plan_regions *regions)
{
    struct region *list = regions->list.data;
    size_t count = regions->list.length, i, kept = 0;

    if (count == 0)
        return;
    qsort(list, count, sizeof(*list), compare_regions);
    for (i = 1; i < count; i++) {
        if (list[i].contig != list[kept].contig || list[i].begin > list[kept].end)
            list[++kept] = list[i];
        else if (list[i].end > list[kept].end)
            list[kept].end = list[i].end;
    }
    regions->list.length = kept + 1;
}

/* One of the asked regions. Contigs without records are left out. */
static int add_region(struct dp_plan_regions *regions, const char *name,
                      const struct dp_region *first, const struct dp_region *asked,
                      size_t *contig, size_t *orders, size_t *mentioned, struct dp_error *err)
{
    struct region region = {.begin = asked->begin, .end = asked->end};
    bool again = asked != first && strcmp(asked->contig, asked[-1].contig) == 0;

    /* Lists mostly go contig by contig. */
    *contig = again ? *contig : find_contig(&regions->loci, asked->contig);
    region.contig = *contig;
    if (asked->end && asked->end < asked->begin)
        return dp_error_set(err, DP_INVALID, "%s: region %s:%llu-%llu ends before it begins", name,
                            asked->contig, (unsigned long long)asked->begin,
                            (unsigned long long)asked->end);
    if (region.contig == SIZE_MAX)
        return DP_OK;
    if (!orders[region.contig])
        orders[region.contig] = ++*mentioned;
    region.order = orders[region.contig];
    if (region.end == 0 || region.end > DP_REGION_POSITION_MAX)
        region.end = DP_REGION_POSITION_MAX;
    if (region.begin > region.end)
        return DP_OK;
    if (!dp_array_append(&regions->list, &region, 1, sizeof(region)))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int take_list(struct dp_plan_regions *regions, const char *name,
                     const struct dp_plan_options *options, struct dp_error *err)
{
    size_t *orders = calloc(regions->loci.contig_count + 1, sizeof(*orders)), i, mentioned = 0;
    size_t contig = SIZE_MAX;
    int rc = DP_OK;

    if (!orders)
        return dp_error_no_memory(err);
    for (i = 0; !rc && i < options->region_count; i++)
        rc = add_region(regions, name, options->regions, &options->regions[i], &contig, orders,
                        &mentioned, err);
    free(orders);
    if (!rc)
        settle_list(regions);
    return rc;
}

/* The window in which a position is; position 0 is in the first one. */
static uint64_t window_of(const struct dp_plan_regions *regions, uint64_t position)
{
    return position ? (position - 1) / regions->window_bases : 0;
}

static int count_windows(struct dp_plan_regions *regions, const char *name, struct dp_error *err)
{
    size_t i, count = regions->loci.contig_count;
    uint64_t number = 0;

    regions->first_number = malloc((count + 1) * sizeof(*regions->first_number));
    if (!regions->first_number)
        return dp_error_no_memory(err);
    for (i = 0; i < count; i++) {
        const struct dp_contig *contig = &regions->loci.contigs[i];

        regions->first_number[i] = number;
        number += window_of(regions, contig->last_position) -
                  window_of(regions, contig->first_position) + 1;
        if (number > DP_PLAN_SLICES_MAX)
            return dp_error_set(err, DP_INVALID, "%s: more than %llu windows", name,
                                (unsigned long long)DP_PLAN_SLICES_MAX);
    }
    regions->first_number[count] = number;
    return DP_OK;
}

static int find_runs(struct dp_plan_regions *regions, struct dp_error *err)
{
    const struct dp_loci *loci = &regions->loci;
    size_t i, run = 0;

    regions->first_run = malloc((loci->contig_count + 1) * sizeof(*regions->first_run));
    if (!regions->first_run)
        return dp_error_no_memory(err);
    for (i = 0; i <= loci->contig_count; i++) {
        while (run < loci->run_count && loci->runs[run].contig < i)
            run++;
        regions->first_run[i] = run;
    }
    return DP_OK;
}

/* What was asked for, as a hash. */
static void make_id(struct dp_plan_regions *regions)
{
    const struct region *list = regions->list.data;
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char text[128];
    size_t i;

    sha256_init(&sha);
    for (i = 0; i < regions->list.length; i++) {
        snprintf(text, sizeof(text), "%zu %llu %llu\n", list[i].contig,
                 (unsigned long long)list[i].begin, (unsigned long long)list[i].end);
        sha256_update(&sha, strlen(text), (const uint8_t *)text);
    }
    snprintf(text, sizeof(text), "%d %llu\n", (int)regions->mode,
             (unsigned long long)regions->window_bases);
    sha256_update(&sha, strlen(text), (const uint8_t *)text);
    sha256_digest(&sha, sizeof(digest), digest);
    for (i = 0; i < sizeof(digest); i++)
        snprintf(regions->id + 2 * i, 3, "%02x", digest[i]);
}

static int prepare(struct dp_plan_regions *regions, const char *name,
                   const struct dp_plan_options *options, struct dp_error *err)
{
    size_t i;
    int rc = check_order(regions->index, name, regions->mode == CONTIGS, err);

    for (i = 0; !rc && regions->mode != CONTIGS && i < regions->loci.contig_count; i++)
        if (regions->loci.contigs[i].last_position > DP_REGION_POSITION_MAX)
            rc = dp_error_set(err, DP_UNSUPPORTED, "%s: positions of 2^53 and more are not for "
                              "plans by region", name);
    if (!rc)
        rc = find_runs(regions, err);
    if (!rc && regions->mode == REGIONS)
        rc = take_list(regions, name, options, err);
    if (!rc && regions->mode == WINDOWS)
        rc = count_windows(regions, name, err);
    return rc;
}

int dp_plan_region_open(const struct dp_index *index, const char *name,
                        const struct dp_plan_options *options, struct dp_plan_regions **regions,
                        struct dp_error *err)
{
    struct dp_plan_regions *made = calloc(1, sizeof(*made));
    int rc;

    if (!made)
        return dp_error_no_memory(err);
    made->mode = options->by_contig ? CONTIGS : options->window_bases ? WINDOWS : REGIONS;
    made->index = index;
    made->window_bases = options->window_bases;
    made->end_is_number = json_is_true(dp_index_fact(index, "end_is_number"));
    dp_index_loci(index, &made->loci);
    rc = prepare(made, name, options, err);
    if (rc) {
        dp_plan_region_close(made);
        return rc;
    }
    make_id(made);
    *regions = made;
    return DP_OK;
}

void dp_plan_region_close(struct dp_plan_regions *regions)
{
    if (!regions)
        return;
    dp_array_free(&regions->list);
    free(regions->first_number);
    free(regions->first_run);
    free(regions);
}

uint64_t dp_plan_region_count(const struct dp_plan_regions *regions)
{
    return regions->mode == CONTIGS   ? regions->loci.contig_count
           : regions->mode == WINDOWS ? regions->first_number[regions->loci.contig_count]
                                      : regions->list.length;
}

const char *dp_plan_region_id(const struct dp_plan_regions *regions)
{
    return regions->id;
}

/* ------------------------------------------------------------------------------------ pieces */

/* Runs that follow each other, of one contig, and the regions that they are read for. */
struct stretch {
    bool open;
    size_t contig;
    size_t run_first, run_last;
    uint64_t region;      /* number of the last one that was added */
    uint64_t after;       /* positions up to here are those of the region before */
    struct dp_array list; /* struct dp_range, inclusive */
};

/* Region number `i`. */
static struct region region_at(const struct dp_plan_regions *regions, uint64_t i)
{
    const struct region *list = regions->list.data;
    const uint64_t *first = regions->first_number;
    size_t low = 0, high = regions->loci.contig_count, middle;
    uint64_t window;

    if (regions->mode == REGIONS)
        return list[i];
    while (high - low > 1) { /* the last contig whose first window is at or before it */
        middle = low + (high - low) / 2;
        if (first[middle] <= i)
            low = middle;
        else
            high = middle;
    }
    window = window_of(regions, regions->loci.contigs[low].first_position) + i - first[low];
    return (struct region){low, window ? window * regions->window_bases + 1 : 0,
                           window >= DP_REGION_POSITION_MAX / regions->window_bases
                               ? DP_REGION_POSITION_MAX
                               : (window + 1) * regions->window_bases, 0};
}

/* How many runs of [low, high) begin at a position <= `position`, from `low` on. */
static size_t runs_up_to(const struct dp_loci *loci, size_t low, size_t high, uint64_t position)
{
    size_t middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (loci->runs[middle].position <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static json_t *filter_of(const struct dp_plan_regions *regions, const struct stretch *stretch)
{
    const struct dp_contig *contig = &regions->loci.contigs[stretch->contig];
    const struct dp_range *list = stretch->list.data;
    /* Records of BCF name their contig by a number. */
    json_t *number = json_array_get(dp_index_fact(regions->index, "contig_numbers"),
                                    stretch->contig);
    json_t *pairs = json_array(), *spec;
    size_t i;

    for (i = 0; pairs && i < stretch->list.length; i++)
        if (json_array_append_new(pairs, json_pack("[I, I]", (json_int_t)list[i].begin,
                                                   (json_int_t)list[i].end)) != 0) {
            json_decref(pairs);
            return NULL;
        }
    spec = json_pack("{s:s%, s:o, s:I, s:s, s:b}", "contig", regions->loci.names + contig->name_at,
                     (size_t)contig->name_bytes, "regions", pairs, "after",
                     (json_int_t)stretch->after, "by",
                     regions->mode == WINDOWS ? "position" : "overlap", "end_is_number",
                     (int)regions->end_is_number);
    if (spec && number && json_object_set(spec, "number", number) != 0) {
        json_decref(spec);
        return NULL;
    }
    return spec;
}

/* Where run number `i` begins; the end of all records behind the last. */
static struct dp_edge edge_of_run(const struct dp_plan_regions *regions, size_t i)
{
    struct dp_edge totals;
    struct dp_index_row first;
    struct dp_edge edge = {0};

    dp_index_totals(regions->index, &totals);
    if (i == regions->loci.run_count)
        return totals;
    dp_index_row(regions->index, 0, &first);
    edge.record = regions->loci.runs[i].record;
    edge.offset = regions->loci.runs[i].offset;
    /* Where records are lines, each is one. */
    edge.line = first.edge.line + (totals.line > first.edge.line ? edge.record : 0);
    return edge;
}

/* Makes the piece of a stretch, and begins with none. */
static int end_stretch(const struct dp_plan_regions *regions, const struct dp_plan_place *place,
                       struct stretch *stretch, struct dp_slice *slice, struct dp_error *err)
{
    struct dp_edge from, to;
    struct dp_interval interval = {.unit = DP_UNIT_RECORDS};
    struct dp_slice_piece *piece;
    json_t *filter;
    int rc;

    if (!stretch->open)
        return DP_OK;
    stretch->open = false;
    from = edge_of_run(regions, stretch->run_first);
    to = edge_of_run(regions, stretch->run_last + 1);
    interval.begin = from.record;
    interval.end = to.record;
    rc = dp_plan_piece_span(place, &interval, &from, to.offset, 0, 0, slice, &piece, err);
    if (rc)
        return rc;
    filter = filter_of(regions, stretch);
    if (filter)
        piece->filter = json_dumps(filter, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(filter);
    stretch->list.length = 0;
    return piece->filter ? DP_OK : dp_error_no_memory(err);
}

/* The stretch also serves this region. Windows that follow each other become one. */
static int extend_list(const struct dp_plan_regions *regions, struct stretch *stretch,
                       uint64_t number, const struct region *region, struct dp_error *err)
{
    struct dp_range *list = stretch->list.data, range = {region->begin, region->end};
    size_t count = stretch->list.length;

    if (count && stretch->region == number)
        return DP_OK;
    stretch->region = number;
    if (count && regions->mode == WINDOWS && list[count - 1].end + 1 == range.begin) {
        list[count - 1].end = range.end;
        return DP_OK;
    }
    if (!dp_array_append(&stretch->list, &range, 1, sizeof(range)))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int add_run(const struct dp_plan_regions *regions, const struct dp_plan_place *place,
                   size_t run, uint64_t number, const struct region *region, uint64_t after,
                   struct stretch *stretch, struct dp_slice *slice, struct dp_error *err)
{
    int rc = DP_OK;

    if (stretch->open &&
        (stretch->contig != region->contig || run > stretch->run_last + 1 + RUNS_BETWEEN))
        rc = end_stretch(regions, place, stretch, slice, err);
    if (rc)
        return rc;
    if (!stretch->open) {
        stretch->open = true;
        stretch->contig = region->contig;
        stretch->run_first = run;
        stretch->after = after;
    }
    stretch->run_last = run;
    return extend_list(regions, stretch, number, region, err);
}

/* Every run of which records may belong to region number `i`. What begins at or before the end of
 * the region before it was that one's: so runs never descend. */
static int add_region_runs(const struct dp_plan_regions *regions,
                           const struct dp_plan_place *place, uint64_t i,
                           struct stretch *stretch, struct dp_slice *slice, struct dp_error *err)
{
    const struct dp_loci *loci = &regions->loci;
    struct region region = region_at(regions, i), before = {.contig = SIZE_MAX};
    size_t low = regions->first_run[region.contig], high = regions->first_run[region.contig + 1];
    size_t run, first = low;
    uint64_t after = 0;
    int rc = DP_OK;

    if (regions->mode == WINDOWS)
        after = region.begin ? region.begin - 1 : 0;
    else if (i > 0)
        before = region_at(regions, i - 1);
    if (before.contig == region.contig)
        after = before.end;
    high = runs_up_to(loci, low, high, region.end);
    if (after)
        first = runs_up_to(loci, low, high, after);
    for (run = first > low ? first - 1 : low; !rc && run < high; run++)
        if (regions->mode == WINDOWS || loci->runs[run].end >= region.begin)
            rc = add_run(regions, place, run, i, &region, regions->mode == WINDOWS ? 0 : after,
                         stretch, slice, err);
    return rc;
}

/* Contigs follow each other in the object: their records are one interval. */
static int fill_contigs(const struct dp_plan_regions *regions, const struct dp_plan_place *place,
                        uint64_t begin, uint64_t end, struct dp_slice *slice,
                        struct dp_error *err)
{
    const struct dp_contig *contigs = regions->loci.contigs;
    struct dp_interval interval = {.unit = DP_UNIT_RECORDS};

    if (begin == end)
        return DP_OK;
    interval.begin = contigs[begin].first_record;
    interval.end = contigs[end - 1].last_record + 1;
    return dp_plan_piece_interval(place, &interval, 0, 0, slice, err);
}

int dp_plan_region_fill(const struct dp_plan_regions *regions, const struct dp_plan_place *place,
                        uint64_t begin, uint64_t end, struct dp_slice *slice,
                        struct dp_error *err)
{
    struct stretch stretch = {0};
    uint64_t i;
    int rc = DP_OK;

    if (regions->mode == CONTIGS)
        return fill_contigs(regions, place, begin, end, slice, err);
    for (i = begin; !rc && i < end; i++)
        rc = add_region_runs(regions, place, i, &stretch, slice, err);
    if (!rc)
        rc = end_stretch(regions, place, &stretch, slice, err);
    dp_array_free(&stretch.list);
    return rc;
}
