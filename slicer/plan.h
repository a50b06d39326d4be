/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The inside of a plan.
 *
 * A plan has members: an object each, or two mates that are cut at the same record numbers. Their
 * totals in the plan's unit, one after the other, are the line of keys that is cut: a member owns
 * the keys from `first` on. Either each member has slices of its own, or (`span`) slices are cut
 * across members. */

#ifndef DP_SLICER_PLAN_H
#define DP_SLICER_PLAN_H

#include "slicer/plan_header.h"
#include "slicer/plan_region.h"
#include "slicer/plan_tabix.h"

/* Mates: R1 and R2. */
#define DP_PLAN_PLACES_MAX 2

struct dp_plan_member {
    struct dp_plan_place places[DP_PLAN_PLACES_MAX]; /* their URLs are owned */
    uint32_t place_count;
    struct dp_plan_header header; /* in front of the records of every slice */
    struct dp_plan_regions *regions; /* unit regions */
    bool contig_only;             /* only the records of one contig are cut: */
    struct dp_range contig;       /* these, in the unit */
    unsigned step;                /* cut only at record numbers that are a multiple of this */
    uint64_t total;               /* in the unit */
    uint64_t first;               /* totals of the members before */
    uint64_t begin;               /* what of the member is cut: keys of its own, from 0 */
    uint64_t end;
    uint64_t count;  /* slices of its own */
    uint64_t number; /* of slices before its first */
};

struct dp_plan {
    struct dp_plan_member *members;
    size_t member_count;
    uint32_t output_count;
    enum dp_plan_unit unit;
    uint64_t begin; /* what is cut of all members */
    uint64_t end;
    uint64_t total;
    uint64_t size; /* of a slice; 0: equal parts */
    uint64_t count;
    uint64_t overlap; /* records of those before that a slice begins with */
    bool span;
    int64_t expires; /* of presigned URLs, seconds since 1970; 0: never */
    dp_slice_id id;
    char *columns;               /* keys of filters for the samples asked for; NULL: all */
    struct dp_plan_tabix *tabix; /* not NULL: it is all that there is, but for count and expires */
};

/* ------------------------------------------------------------------------------ plan_member.c */

/* Its total in a unit; of mates together, but their record numbers are those of one. */
uint64_t dp_plan_member_total(const struct dp_plan_member *member, enum dp_plan_unit unit);
/* Adds the member's sources, its header and the pieces of keys [begin, end) of its own; with `last`
 * everything up to its end. Mates, and whatever is cut at certain record numbers only, is cut at
 * the record that the indexes tell to be nearest. */
int dp_plan_member_fill(const struct dp_plan_member *member, const struct dp_interval *interval,
                        struct dp_slice *slice, struct dp_error *err);

/* ------------------------------------------------------------------------------- plan_share.c */

/* Sets `count` of each member, at least 1, so that `part_count` slices (or as many as there are
 * members, when these are more) are as equal as can be. */
int dp_plan_share(struct dp_plan_member *members, size_t member_count, uint64_t part_count,
                  struct dp_error *err);

#endif
