/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The pieces of one object, or of two mates.
 *
 * An object alone is cut at the first record whose key reaches the cut, which the reader finds. In
 * two mates that would be different records. So a cut that must be the same in both is a record
 * number, found here: the first record before which there are as many keys as asked for, by what
 * the indexes know. They know the keys at some records only; in between they are taken to grow
 * evenly. That is exact where all records are alike, and never wrong by more than what lies between
 * two known records (for bases at most 4,096 records, else a span between seek points). */

#include "slicer/plan.h"

/* What is known about one record, in some unit. */
struct knot {
    uint64_t record;
    uint64_t key;
};

/* Narrows [low, high] around `record`. */
static void narrow(struct knot *low, struct knot *high, uint64_t record, struct knot known)
{
    if (known.record <= record && known.record >= low->record)
        *low = known;
    if (known.record >= record && known.record <= high->record)
        *high = known;
}

/* The groups of digests know the bases at their ends. */
static void narrow_by_digests(const struct dp_index *index, uint64_t record, uint64_t record_count,
                              struct knot *low, struct knot *high)
{
    size_t count, group = (size_t)(record / DP_DIGEST_RECORDS);
    const struct dp_name_digest *digests = dp_index_digests(index, &count);
    uint64_t end = (uint64_t)(group + 1) * DP_DIGEST_RECORDS;

    if (group > 0 && group <= count)
        narrow(low, high, record,
               (struct knot){(uint64_t)group * DP_DIGEST_RECORDS, digests[group - 1].bases});
    if (group < count)
        narrow(low, high, record,
               (struct knot){end < record_count ? end : record_count, digests[group].bases});
}

/* How many keys lie before a record, as far as one index tells. Ascends with the record. */
static uint64_t key_at(const struct dp_index *index, enum dp_plan_unit unit, uint64_t record)
{
    struct dp_index_row row;
    struct dp_edge totals;
    struct knot low, high;
    size_t i = dp_index_row_before(index, DP_UNIT_RECORDS, record);

    dp_index_totals(index, &totals);
    if (unit == DP_UNIT_RECORDS || record >= totals.record)
        return record >= totals.record ? dp_edge_key(&totals, unit) : record;
    dp_index_row(index, i, &row);
    low = (struct knot){row.edge.record, dp_edge_key(&row.edge, unit)};
    high = (struct knot){totals.record, dp_edge_key(&totals, unit)};
    if (i + 1 < dp_index_row_count(index)) {
        dp_index_row(index, i + 1, &row);
        narrow(&low, &high, record, (struct knot){row.edge.record, dp_edge_key(&row.edge, unit)});
        narrow(&low, &high, record,
               (struct knot){row.edge.record - 1,
                             unit == DP_UNIT_BYTES ? row.previous_offset : row.previous_bases});
    }
    if (unit == DP_UNIT_BASES)
        narrow_by_digests(index, record, totals.record, &low, &high);
    if (high.record <= low.record || high.key <= low.key)
        return low.key;
    return low.key + (uint64_t)((unsigned __int128)(high.key - low.key) * (record - low.record) /
                                (high.record - low.record));
}

/* The same for all objects of the member. */
static uint64_t member_key_at(const struct dp_plan_member *member, enum dp_plan_unit unit,
                              uint64_t record)
{
    uint64_t sum = 0;
    uint32_t i;

    if (unit == DP_UNIT_RECORDS)
        return record;
    for (i = 0; i < member->place_count; i++)
        sum += key_at(member->places[i].index, unit, record);
    return sum;
}

static uint64_t record_count_of(const struct dp_plan_member *member)
{
    struct dp_edge totals;

    dp_index_totals(member->places[0].index, &totals);
    return totals.record;
}

/* The first record that may be a cut and has at least `key` keys before it. */
static uint64_t record_at(const struct dp_plan_member *member, enum dp_plan_unit unit, uint64_t key)
{
    uint64_t low = 0, high = (record_count_of(member) + member->step - 1) / member->step, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (member_key_at(member, unit, middle * member->step) >= key)
            high = middle;
        else
            low = middle + 1;
    }
    return low * member->step;
}

uint64_t dp_plan_member_total(const struct dp_plan_member *member, enum dp_plan_unit unit)
{
    struct dp_edge totals;
    uint64_t sum = 0;
    uint32_t i;

    if (unit == DP_UNIT_RECORDS)
        return record_count_of(member);
    for (i = 0; i < member->place_count; i++) {
        dp_index_totals(member->places[i].index, &totals);
        sum += dp_edge_key(&totals, unit);
    }
    return sum;
}

int dp_plan_member_fill(const struct dp_plan_member *member, const struct dp_interval *interval,
                        struct dp_slice *slice, struct dp_error *err)
{
    struct dp_interval cut = *interval;
    uint32_t source = (uint32_t)slice->source_count, i;
    int rc = DP_OK;

    if (member->place_count > 1 || member->step > 1) {
        cut.unit = DP_UNIT_RECORDS;
        cut.begin = record_at(member, interval->unit, interval->begin);
        cut.end = interval->last ? record_count_of(member)
                                 : record_at(member, interval->unit, interval->end);
    }
    for (i = 0; i < member->place_count && !rc; i++)
        rc = dp_plan_piece_source(&member->places[i], slice, err);
    if (!rc)
        rc = dp_plan_header_add(&member->header, &member->places[0], source, 0, slice, err);
    if (!rc && member->regions)
        return dp_plan_region_fill(member->regions, &member->places[0], cut.begin, cut.end, slice,
                                   err);
    for (i = 0; i < member->place_count && !rc; i++)
        rc = dp_plan_piece_interval(&member->places[i], &cut, source + i, i, slice, err);
    return rc;
}
