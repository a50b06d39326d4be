/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/format/loci.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define NOT_FOUND SIZE_MAX

/* -------------------------------------------------------------------------------- hash table */

static bool is_named(const struct dp_contig *contig, const char *names, const char *name,
                     size_t name_bytes)
{
    return contig->name_bytes == name_bytes &&
           memcmp(names + contig->name_at, name, name_bytes) == 0;
}

/* The slot where a contig of that name is, or the empty one where it belongs. */
static uint32_t *slot_of(const struct dp_loci_table *table, const char *name, size_t name_bytes)
{
    const struct dp_contig *contigs = table->contigs.data;
    size_t mask = table->slot_count - 1;
    size_t at = (size_t)XXH3_64bits(name, name_bytes) & mask;

    while (table->slots[at] &&
           !is_named(&contigs[table->slots[at] - 1], table->names.data, name, name_bytes))
        at = (at + 1) & mask;
    return &table->slots[at];
}

/* The number of the contig of that name, or NOT_FOUND. */
static size_t find(const struct dp_loci_table *table, const char *name, size_t name_bytes)
{
    uint32_t slot = table->slot_count ? *slot_of(table, name, name_bytes) : 0;

    return slot ? slot - 1 : NOT_FOUND;
}

/* Keeps the slots at most half full. */
static int make_room(struct dp_loci_table *table, struct dp_error *err)
{
    const struct dp_contig *contigs = table->contigs.data;
    const char *names = table->names.data;
    uint32_t *slots;
    size_t i, count = table->slot_count ? 2 * table->slot_count : 64;

    if (2 * (table->contigs.length + 1) <= table->slot_count)
        return 0;
    slots = calloc(count, sizeof(*slots));
    if (!slots)
        return dp_error_no_memory(err);
    free(table->slots);
    table->slots = slots;
    table->slot_count = count;
    for (i = 0; i < table->contigs.length; i++)
        *slot_of(table, names + contigs[i].name_at, contigs[i].name_bytes) = (uint32_t)i + 1;
    return 0;
}

static bool has_room(const struct dp_loci_table *table, size_t name_bytes)
{
    return table->contigs.length < DP_LOCI_CONTIGS_MAX &&
           name_bytes <= DP_LOCI_NAMES_BYTES_MAX - table->names.length;
}

/* Adds a contig of a name that is not there yet. */
static int insert(struct dp_loci_table *table, struct dp_contig *contig, const char *name,
                  size_t name_bytes, struct dp_error *err)
{
    int rc = make_room(table, err);

    if (rc < 0)
        return rc;
    contig->name_at = table->names.length;
    contig->name_bytes = (uint32_t)name_bytes;
    if (!dp_array_append(&table->names, name, name_bytes, 1) ||
        !dp_array_append(&table->contigs, contig, 1, sizeof(*contig)))
        return dp_error_no_memory(err);
    *slot_of(table, name, name_bytes) = (uint32_t)table->contigs.length;
    return 0;
}

static void table_free(struct dp_loci_table *table)
{
    dp_array_free(&table->contigs);
    dp_array_free(&table->names);
    free(table->slots);
    memset(table, 0, sizeof(*table));
}

/* ------------------------------------------------------------------------------------ contigs */

int dp_loci_declare(struct dp_loci_gatherer *loci, const char *name, size_t name_bytes,
                    uint64_t length, struct dp_error *err)
{
    struct dp_contig contig = {.length = length};

    /* The first declaration counts; of too many, the lengths will not be known. */
    if (!has_room(&loci->declared, name_bytes) ||
        find(&loci->declared, name, name_bytes) != NOT_FOUND)
        return 0;
    return insert(&loci->declared, &contig, name, name_bytes, err);
}

static uint64_t declared_length(const struct dp_loci_gatherer *loci, const char *name,
                                size_t name_bytes)
{
    const struct dp_contig *contigs = loci->declared.contigs.data;
    size_t i = find(&loci->declared, name, name_bytes);

    return i == NOT_FOUND ? DP_CONTIG_NO_LENGTH : contigs[i].length;
}

static void lose_order(struct dp_loci_gatherer *loci, enum dp_disorder disorder,
                       const struct dp_edge *edge)
{
    if (loci->disorder != DP_LOCI_SORTED)
        return;
    loci->disorder = disorder;
    loci->disorder_line = edge->line + 1;
    dp_array_free(&loci->runs);
}

/* Enters a contig that was not seen before as the current one; too many of them end it all. */
static int add_contig(struct dp_loci_gatherer *loci, const struct dp_edge *edge,
                      const struct dp_locus *locus, struct dp_error *err)
{
    struct dp_contig contig = {.flags = DP_CONTIG_SORTED | DP_CONTIG_CONTIGUOUS,
                               .first_record = edge->record,
                               .first_position = locus->position,
                               .last_position = locus->position};

    if (!has_room(&loci->seen, locus->contig_bytes)) {
        lose_order(loci, DP_LOCI_OVERFLOW, edge);
        loci->disorder = DP_LOCI_OVERFLOW;
        table_free(&loci->seen);
        return 0;
    }
    contig.length = declared_length(loci, locus->contig, locus->contig_bytes);
    loci->current = loci->seen.contigs.length;
    return insert(&loci->seen, &contig, locus->contig, locus->contig_bytes, err);
}

/* Makes the contig of `locus` the current one. */
static int change_contig(struct dp_loci_gatherer *loci, const struct dp_edge *edge,
                         const struct dp_locus *locus, struct dp_error *err)
{
    struct dp_contig *contigs = loci->seen.contigs.data;
    size_t found = find(&loci->seen, locus->contig, locus->contig_bytes);

    loci->run_ended = true;
    if (found == NOT_FOUND)
        return add_contig(loci, edge, locus, err);
    loci->current = found;
    contigs[found].flags &= ~DP_CONTIG_CONTIGUOUS;
    lose_order(loci, DP_LOCI_SCATTERED, edge);
    return 0;
}

static struct dp_contig *current(const struct dp_loci_gatherer *loci)
{
    return (struct dp_contig *)loci->seen.contigs.data + loci->current;
}

/* ---------------------------------------------------------------------------------- records */

static int add_to_run(struct dp_loci_gatherer *loci, const struct dp_edge *edge,
                      const struct dp_locus *locus, struct dp_error *err)
{
    struct dp_run *runs = loci->runs.data, *last;
    struct dp_run run = {.record = edge->record,
                         .offset = edge->offset,
                         .position = locus->position,
                         .end = locus->end,
                         .contig = (uint32_t)loci->current};

    if (loci->disorder != DP_LOCI_SORTED)
        return 0;
    if (loci->run_ended || !loci->runs.length) {
        loci->run_ended = false;
        if (!dp_array_append(&loci->runs, &run, 1, sizeof(run)))
            return dp_error_no_memory(err);
        return 0;
    }
    last = &runs[loci->runs.length - 1];
    if (last->end < locus->end)
        last->end = locus->end;
    return 0;
}

int dp_loci_add(struct dp_loci_gatherer *loci, const struct dp_edge *edge,
                const struct dp_locus *locus, struct dp_error *err)
{
    struct dp_contig *contig;
    int rc = 0;

    if (loci->disorder == DP_LOCI_OVERFLOW)
        return 0;
    if (!loci->seen.contigs.length || !is_named(current(loci), loci->seen.names.data,
                                                locus->contig, locus->contig_bytes))
        rc = change_contig(loci, edge, locus, err);
    if (rc < 0 || loci->disorder == DP_LOCI_OVERFLOW)
        return rc;
    contig = current(loci);
    if (locus->position < contig->last_position) {
        contig->flags &= ~DP_CONTIG_SORTED;
        lose_order(loci, DP_LOCI_UNSORTED, edge);
    }
    contig->last_position = locus->position;
    contig->last_record = edge->record;
    contig->record_count++;
    if (contig->end < locus->end)
        contig->end = locus->end;
    return add_to_run(loci, edge, locus, err);
}

void dp_loci_end_run(struct dp_loci_gatherer *loci)
{
    loci->run_ended = true;
}

/* ------------------------------------------------------------------------------------ answers */

void dp_loci_view(const struct dp_loci_gatherer *loci, struct dp_loci *view)
{
    *view = (struct dp_loci){.contigs = loci->seen.contigs.data,
                             .runs = loci->runs.data,
                             .names = loci->seen.names.data,
                             .contig_count = loci->seen.contigs.length,
                             .run_count = loci->runs.length,
                             .names_bytes = loci->seen.names.length};
}

int dp_loci_describe(const struct dp_loci_gatherer *loci, json_t *facts, struct dp_error *err)
{
    static const char *const names[] = {"", "unsorted", "scattered", "overflow"};
    const struct dp_contig *contigs = loci->seen.contigs.data;
    uint32_t flags = DP_CONTIG_SORTED | DP_CONTIG_CONTIGUOUS;
    int failed = 0;
    size_t i;

    for (i = 0; i < loci->seen.contigs.length; i++)
        flags &= contigs[i].flags;
    if (loci->disorder == DP_LOCI_OVERFLOW)
        flags = 0;
    failed |= json_object_set_new(facts, "sorted", json_boolean(flags & DP_CONTIG_SORTED));
    failed |= json_object_set_new(facts, "contiguous", json_boolean(flags & DP_CONTIG_CONTIGUOUS));
    if (loci->disorder != DP_LOCI_SORTED) {
        failed |= json_object_set_new(facts, "disorder", json_string(names[loci->disorder]));
        failed |= json_object_set_new(facts, "disorder_line",
                                      json_integer((json_int_t)loci->disorder_line));
    }
    return failed ? dp_error_no_memory(err) : 0;
}

void dp_loci_close(struct dp_loci_gatherer *loci)
{
    table_free(&loci->declared);
    table_free(&loci->seen);
    dp_array_free(&loci->runs);
}
