/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Regions with about as many records each, from the index alone. Between two runs records are taken
 * to be spread evenly. */

#include "config.h"

#include "index/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a region begins. */
struct cut {
    size_t contig;
    uint64_t position;
};

/* The last run that begins at or before a record. */
static size_t run_before(const struct dp_loci *loci, uint64_t record)
{
    size_t low = 0, high = loci->run_count, middle;

    while (high - low > 1) {
        middle = low + (high - low) / 2;
        if (loci->runs[middle].record <= record)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* About where the record of this number is. */
static struct cut cut_at(const struct dp_loci *loci, uint64_t record)
{
    size_t i = run_before(loci, record);
    const struct dp_run *run = &loci->runs[i], *next = run + 1;
    const struct dp_contig *contig = &loci->contigs[run->contig];
    bool inside = i + 1 < loci->run_count && next->contig == run->contig;
    uint64_t records = (inside ? next->record : contig->last_record + 1) - run->record;
    uint64_t bases = (inside ? next->position : contig->last_position) - run->position;
    struct cut cut = {run->contig, run->position};

    if (record == contig->first_record)
        cut.position = 1;
    else
        cut.position += (uint64_t)((unsigned __int128)bases * (record - run->record) / records);
    return cut;
}

/* The last position of a contig: by the header, or by its records when these reach further. */
static uint64_t end_of(const struct dp_contig *contig)
{
    return contig->length != DP_CONTIG_NO_LENGTH && contig->length > contig->end ? contig->length
                                                                                 : contig->end;
}

static int add_part(struct dp_array *text, const struct dp_loci *loci, size_t contig,
                    uint64_t begin, uint64_t end, bool more, struct dp_error *err)
{
    const struct dp_contig *on = &loci->contigs[contig];
    char range[64];

    snprintf(range, sizeof(range), ":%llu-%llu", (unsigned long long)begin,
             (unsigned long long)end);
    if ((more && !dp_array_append(text, ",", 1, 1)) ||
        !dp_array_append(text, loci->names + on->name_at, on->name_bytes, 1) ||
        !dp_array_append(text, range, strlen(range), 1))
        return dp_error_no_memory(err);
    return DP_OK;
}

/* A line for everything from one cut up to the other. */
static int add_line(struct dp_array *text, const struct dp_loci *loci, struct cut from,
                    struct cut to, struct dp_error *err)
{
    size_t begin = text->length;
    int rc = DP_OK;

    for (; !rc && from.contig < to.contig; from.contig++, from.position = 1)
        if (from.position <= end_of(&loci->contigs[from.contig]))
            rc = add_part(text, loci, from.contig, from.position,
                          end_of(&loci->contigs[from.contig]), text->length > begin, err);
    if (!rc && to.contig < loci->contig_count && from.position < to.position)
        rc = add_part(text, loci, to.contig, from.position, to.position - 1,
                      text->length > begin, err);
    if (!rc && text->length > begin && !dp_array_append(text, "\n", 1, 1))
        rc = dp_error_no_memory(err);
    return rc;
}

static int check(const struct dp_index *index, uint64_t count, struct dp_error *err)
{
    const char *what;
    uint64_t line = dp_index_disorder(index, &what);

    if (count == 0 || count > UINT32_MAX)
        return dp_error_set(err, DP_INVALID, "%s: %llu regions are not possible",
                            dp_index_name(index), (unsigned long long)count);
    if (!index->format->loci)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: records of format %s have no positions",
                            dp_index_name(index), index->format->name);
    if (line || (index->totals.record && !index->runs.length))
        return dp_error_set(err, DP_UNSUPPORTED, "%s: line %llu: the records are not sorted (%s)",
                            dp_index_name(index), (unsigned long long)line, what ? what : "?");
    return DP_OK;
}

int dp_index_balance(const struct dp_index *index, uint64_t count, char **regions,
                     struct dp_error *err)
{
    struct dp_array text = {0};
    struct dp_loci loci;
    struct cut from = {0, 1}, to;
    uint64_t i, records = index->totals.record;
    int rc = check(index, count, err);

    if (rc)
        return rc;
    dp_index_loci(index, &loci);
    for (i = 1; !rc && records && i <= count; i++) {
        to = i < count ? cut_at(&loci, (uint64_t)((unsigned __int128)records * i / count))
                       : (struct cut){loci.contig_count, 1};
        if (to.contig < from.contig || (to.contig == from.contig && to.position <= from.position))
            continue; /* more regions than positions */
        rc = add_line(&text, &loci, from, to, err);
        from = to;
    }
    if (!rc && !dp_array_append(&text, "", 1, 1))
        rc = dp_error_no_memory(err);
    if (rc)
        dp_array_free(&text);
    else
        *regions = text.data;
    return rc;
}
