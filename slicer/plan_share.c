/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* How many slices each of several objects gets, when none may go across two of them. The largest
 * slice decides when all work is done: it is made as small as it can be. */

#include "slicer/plan.h"

#include <stdlib.h>

static uint64_t length_of(const struct dp_plan_member *member)
{
    return member->end - member->begin;
}

/* Slices of at most `size`; an empty member has one. */
static uint64_t count_of(const struct dp_plan_member *member, uint64_t size)
{
    uint64_t length = length_of(member);

    return length ? (length - 1) / size + 1 : 1;
}

static bool fits(const struct dp_plan_member *members, size_t count, uint64_t size,
                 uint64_t part_count)
{
    uint64_t sum = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        uint64_t slices = count_of(&members[i], size);

        if (slices > part_count - sum)
            return false;
        sum += slices;
    }
    return true;
}

/* The smallest largest slice; part_count is at least the number of members. */
static uint64_t smallest_size(const struct dp_plan_member *members, size_t count,
                              uint64_t part_count)
{
    uint64_t low = 1, high = 1, middle;
    size_t i;

    for (i = 0; i < count; i++)
        if (length_of(&members[i]) > high)
            high = length_of(&members[i]);
    while (low < high) {
        middle = low + (high - low) / 2;
        if (fits(members, count, middle, part_count))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Larger slices first, then earlier members. */
static int compare(const void *a, const void *b)
{
    const struct dp_plan_member *x = *(struct dp_plan_member *const *)a;
    const struct dp_plan_member *y = *(struct dp_plan_member *const *)b;
    unsigned __int128 left = (unsigned __int128)length_of(x) * y->count;
    unsigned __int128 right = (unsigned __int128)length_of(y) * x->count;

    return left != right ? (left < right) - (left > right) : (x > y) - (x < y);
}

/* What is left over goes to all by their length, and then to those with the largest slices. */
static int give_rest(struct dp_plan_member *members, size_t count, uint64_t rest,
                     struct dp_error *err)
{
    struct dp_plan_member **order = malloc(count * sizeof(*order));
    unsigned __int128 length = 0;
    uint64_t given = 0, share;
    size_t i;

    if (!order)
        return dp_error_no_memory(err);
    for (i = 0; i < count; i++)
        length += length_of(&members[i]);
    for (i = 0; i < count; i++) {
        share = length ? (uint64_t)((unsigned __int128)rest * length_of(&members[i]) / length) : 0;
        members[i].count += share;
        given += share;
        order[i] = &members[i];
    }
    qsort(order, count, sizeof(*order), compare);
    for (i = 0; i < count; i++)
        order[i]->count += (rest - given) / count + (i < (rest - given) % count);
    free(order);
    return DP_OK;
}

int dp_plan_share(struct dp_plan_member *members, size_t member_count, uint64_t part_count,
                  struct dp_error *err)
{
    uint64_t parts = part_count < member_count ? member_count : part_count;
    uint64_t size = smallest_size(members, member_count, parts), sum = 0;
    size_t i;

    for (i = 0; i < member_count; i++) {
        members[i].count = count_of(&members[i], size);
        sum += members[i].count;
    }
    return give_rest(members, member_count, parts - sum, err);
}
