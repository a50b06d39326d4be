/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A box is searched block by block: some left parts beside a group of right variants. The kernel
 * counts the whole block and says which combinations can matter; these, and only these, are scored
 * from their counts, exactly. */

#include "mdr/unit.h"

#include "mdr/left.h"
#include "mdr/limits.h"
#include "mdr/right.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_BLOCK = 32, /* left parts */
    MAX_GROUPS = 8,
};

/* Memory for the counts of a block: of pairs so many that reading a group anew for each block costs
 * little; of triples so that they stay in the second cache. And for groups. */
static const size_t pair_bytes = 1280u << 10, triple_bytes = 384u << 10, group_bytes = 16u << 20;

/* What is known of a variant; 0: nothing yet. */
enum { KNOWN = 1, HAS_MISSING = 2, COMMONEST_SHIFT = 2 };

struct dp_mdr_searcher {
    const struct dp_mdr_planes *planes;
    struct dp_mdr_unit_options options;
    struct dp_mdr_frame frame;
    struct dp_mdr_limits limits;
    unsigned lanes;
    uint8_t *known; /* of each variant */

    unsigned classes, block; /* of the lefts there are: 0 none */
    bool turned;             /* in this box right variants come before the left ones, not behind */
    struct dp_mdr_left lefts[MAX_BLOCK];
    uint16_t *counts, *gaps; /* of each left part: see struct dp_mdr_sight */
    int32_t *row_sums;

    size_t group_count, next_group;
    struct dp_mdr_right groups[MAX_GROUPS];

    struct dp_mdr_sight sight;
    double floor, train_floor[DP_MDR_MAX_FOLDS]; /* of which the limits of the sight were made */
    uint64_t found[8 * DP_MDR_MAX_VECTOR / 64];
    struct dp_mdr_table table;
    struct dp_mdr_terms terms;
};

/* Pairs i < j with i in [i, i_end), j in [j, j_end). */
static uint64_t count_pairs(uint64_t i, uint64_t i_end, uint64_t j, uint64_t j_end)
{
    uint64_t count = 0, full;

    if (i >= i_end || j >= j_end)
        return 0;
    if (i < j) { /* as long as i < j, every j is greater */
        full = i_end < j ? i_end : j;
        count += (full - i) * (j_end - j);
        i = full;
    }
    if (i_end > j_end)
        i_end = j_end;
    if (i < i_end) /* j_end - 1 - i for each i */
        count += (i_end - i) * (j_end - 1) - (i + i_end - 1) * (i_end - i) / 2;
    return count;
}

uint64_t dp_mdr_box_count(const struct dp_mdr_box *box)
{
    const uint32_t *begin = box->begin, *end = box->end;
    uint64_t count = 0;
    uint32_t i;

    if (box->order == 2)
        return count_pairs(begin[0], end[0], begin[1], end[1]);
    for (i = begin[0]; i < end[0]; i++)
        count += count_pairs(i + 1 > begin[1] ? i + 1 : begin[1], end[1], begin[2], end[2]);
    return count;
}

void dp_mdr_harvest_clear(struct dp_mdr_harvest *harvest)
{
    unsigned f;

    memset(harvest->fold_best, 0, sizeof(harvest->fold_best));
    for (f = 0; f < DP_MDR_MAX_FOLDS; f++)
        harvest->fold_best[f].score = -INFINITY;
    harvest->combination_count = 0;
}

void dp_mdr_harvest_merge(struct dp_mdr_harvest *harvest, const struct dp_mdr_harvest *other)
{
    const struct dp_mdr_referee *referee = dp_mdr_best_referee(harvest->best);
    unsigned f;

    for (f = 0; f < DP_MDR_MAX_FOLDS; f++) {
        if (dp_mdr_hit_compare_train(referee, f, &other->fold_best[f], &harvest->fold_best[f]) < 0)
            harvest->fold_best[f] = other->fold_best[f];
    }
    if (harvest->best && other->best)
        dp_mdr_best_merge(harvest->best, other->best);
    harvest->combination_count += other->combination_count;
}

/* --- Rooms. */

static void *get(size_t bytes)
{
    return aligned_alloc(DP_MDR_MAX_VECTOR,
                         (bytes + DP_MDR_MAX_VECTOR) / DP_MDR_MAX_VECTOR * DP_MDR_MAX_VECTOR);
}

int dp_mdr_searcher_new(const struct dp_mdr_planes *planes,
                        const struct dp_mdr_unit_options *options,
                        struct dp_mdr_searcher **searcher, struct dp_error *err)
{
    struct dp_mdr_searcher *made = calloc(1, sizeof(*made));
    size_t variants = dp_mdr_planes_variant_count(planes);
    int rc;

    if (!made)
        return dp_error_no_memory(err);
    made->planes = planes;
    made->options = *options;
    made->lanes = dp_mdr_right_lanes(options->kernel);
    dp_mdr_limits_make(dp_mdr_planes_cohort(planes), &made->limits);
    made->known = calloc(variants ? variants : 1, 1);
    rc = made->known ? dp_mdr_frame_make(planes, &made->frame, err) : dp_error_no_memory(err);
    if (rc) {
        dp_mdr_searcher_free(made);
        return rc;
    }
    *searcher = made;
    return 0;
}

static void free_lefts(struct dp_mdr_searcher *searcher)
{
    unsigned n;

    for (n = 0; n < searcher->block; n++)
        dp_mdr_left_free(&searcher->lefts[n]);
    free(searcher->counts);
    free(searcher->gaps);
    free(searcher->row_sums);
    searcher->counts = searcher->gaps = NULL;
    searcher->row_sums = NULL;
    searcher->classes = searcher->block = 0;
}

static size_t count_size(const struct dp_mdr_searcher *searcher, unsigned classes)
{
    return searcher->frame.layout->segment_count * 2 * (classes - 1) * searcher->lanes;
}

static size_t gap_size(const struct dp_mdr_searcher *searcher, unsigned classes)
{
    return searcher->frame.layout->segment_count * (classes + 2) * searcher->lanes;
}

/* Left parts with so many classes, as many as a block should have. */
static int make_lefts(struct dp_mdr_searcher *searcher, unsigned classes, struct dp_error *err)
{
    size_t block = (classes == 3 ? pair_bytes : triple_bytes) /
                   (count_size(searcher, classes) * sizeof(uint16_t) + 1);
    int rc = 0;

    if (searcher->classes == classes)
        return 0;
    free_lefts(searcher);
    block = block < 1 ? 1 : block > MAX_BLOCK ? MAX_BLOCK : block;
    for (; !rc && searcher->block < block; searcher->block += !rc)
        rc = dp_mdr_left_new(&searcher->frame, classes, &searcher->lefts[searcher->block], err);
    searcher->counts = get(block * count_size(searcher, classes) * sizeof(uint16_t));
    searcher->gaps = get(block * gap_size(searcher, classes) * sizeof(uint16_t));
    searcher->row_sums = calloc(block * searcher->frame.fold_count, classes * sizeof(int32_t));
    if (!rc && (!searcher->counts || !searcher->gaps || !searcher->row_sums))
        rc = dp_error_no_memory(err);
    if (rc)
        free_lefts(searcher);
    else
        searcher->classes = classes;
    return rc;
}

/* The groups are made when a box first needs them. */
static int make_groups(struct dp_mdr_searcher *searcher, size_t wanted, struct dp_error *err)
{
    const struct dp_mdr_kernel *kernel = searcher->options.kernel;
    size_t most = group_bytes / (dp_mdr_right_bytes(&searcher->frame, kernel) + 1);
    int rc = 0;

    most = most < 1 ? 1 : most > MAX_GROUPS ? MAX_GROUPS : most;
    if (wanted > most)
        wanted = most;
    for (; !rc && searcher->group_count < wanted; searcher->group_count += !rc)
        rc = dp_mdr_right_new(&searcher->frame, kernel, &searcher->groups[searcher->group_count],
                              err);
    return rc;
}

void dp_mdr_searcher_free(struct dp_mdr_searcher *searcher)
{
    size_t n;

    if (!searcher)
        return;
    free_lefts(searcher);
    for (n = 0; n < searcher->group_count; n++)
        dp_mdr_right_free(&searcher->groups[n]);
    dp_mdr_frame_free(&searcher->frame);
    free(searcher->known);
    free(searcher);
}

/* --- What is known of variants. */

static uint64_t count_bits(uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return x * 0x0101010101010101u >> 56;
}

static unsigned know(struct dp_mdr_searcher *searcher, uint32_t variant)
{
    const size_t words = searcher->frame.layout->word_count;
    const uint16_t *low = dp_mdr_planes_row(searcher->planes, variant), *high = low + words;
    uint64_t counts[3] = {0, 0, 0}, missing = 0, l, h;
    size_t word, part;
    unsigned commonest = 0;

    if (searcher->known[variant])
        return searcher->known[variant];
    for (word = 0; word < words; word += part) {
        part = words - word < 4 ? words - word : 4;
        l = h = 0;
        memcpy(&l, low + word, part * sizeof(*low));
        memcpy(&h, high + word, part * sizeof(*high));
        missing |= l & h;
        counts[1] += count_bits(l & ~h);
        counts[2] += count_bits(h & ~l);
        counts[0] -= count_bits(l | h);
    }
    counts[0] += dp_mdr_planes_cohort(searcher->planes)->sample_count;
    if (counts[1] > counts[0])
        commonest = 1;
    if (counts[2] > counts[commonest])
        commonest = 2;
    searcher->known[variant] =
        (uint8_t)(KNOWN | (missing ? HAS_MISSING : 0) | commonest << COMMONEST_SHIFT);
    return searcher->known[variant];
}

/* --- Exact scores. */

/* More than an estimate is off: what is less by so much need not be rounded exactly. */
static const double estimate_margin = 1e-9;

/* Nobody with a lower rounded score is kept. */
static double least_score(const struct dp_mdr_searcher *searcher,
                          const struct dp_mdr_harvest *harvest)
{
    double least = dp_mdr_best_floor(harvest->best);

    if (searcher->options.threshold.rounded < least)
        least = searcher->options.threshold.rounded;
    return least;
}

static void set_limits(struct dp_mdr_searcher *searcher, const struct dp_mdr_harvest *harvest)
{
    const unsigned folds = searcher->frame.fold_count;
    double least = least_score(searcher, harvest), train[DP_MDR_MAX_FOLDS];
    bool changed;
    unsigned f;

    changed = least != searcher->floor;
    for (f = 0; f < folds; f++) {
        train[f] = harvest->fold_best[f].score;
        changed = changed || train[f] != searcher->train_floor[f];
    }
    if (!changed || searcher->limits.too_wide)
        return;
    searcher->floor = least;
    memcpy(searcher->train_floor, train, folds * sizeof(train[0]));
    dp_mdr_limits_set(&searcher->limits, least, train, &searcher->sight);
}

/* One segment of the table of a left part and the variant of a lane. The order of the classes is
 * the left part's, which changes no score. */
static void add_segment(const struct dp_mdr_searcher *searcher, const struct dp_mdr_left *left,
                        const struct dp_mdr_right *right, size_t s, unsigned lane, uint32_t *cells)
{
    const struct dp_mdr_sight *sight = &searcher->sight;
    const unsigned lanes = searcher->lanes, classes = left->classes, last = classes - 1;
    const uint16_t *counts = sight->counts + s * 2 * last * lanes + lane;
    const uint16_t *gaps = NULL; /* where calls are missing */
    const uint16_t *column = right->counts + s * 3 * lanes + lane;
    const uint32_t *row = left->counts + s * (classes + 1);
    uint32_t sums[2] = {column[0], column[lanes]}, in_row[DP_MDR_MAX_CLASSES], n;
    unsigned r, c;

    memcpy(in_row, row, classes * sizeof(*row));
    if (sight->gaps) {
        gaps = sight->gaps + s * (classes + 2) * lanes + lane;
        sums[0] -= gaps[0];
        sums[1] -= gaps[lanes];
        in_row[last] += gaps[(2 + last) * lanes] - (uint32_t)column[2 * lanes];
        for (r = 0; r < last; r++) {
            in_row[r] -= gaps[(2 + r) * lanes];
            in_row[last] += gaps[(2 + r) * lanes];
        }
    }
    for (r = 0; r < classes; r++) {
        for (c = 0; c < 2; c++) {
            n = r == last ? sums[c] : counts[(2 * r + c) * lanes];
            cells[3 * r + c] += n;
            sums[c] -= n;
            in_row[r] -= n;
        }
        cells[3 * r + 2] += in_row[r];
    }
}

static void fill_table(struct dp_mdr_searcher *searcher, const struct dp_mdr_left *left,
                       const struct dp_mdr_right *right, unsigned lane)
{
    const struct dp_mdr_layout *layout = searcher->frame.layout;
    struct dp_mdr_table *table = &searcher->table;
    size_t s;

    memset(table, 0, sizeof(*table));
    table->order = left->classes == 3 ? 2 : 3;
    table->fold_count = searcher->frame.fold_count;
    table->cell_count = 3 * left->classes;
    for (s = 0; s < layout->segment_count; s++)
        add_segment(searcher, left, right, s, lane,
                    table->count[layout->segments[s].fold][layout->segments[s].is_case]);
}

static void keep_fold_best(struct dp_mdr_searcher *searcher, struct dp_mdr_hit hit,
                           struct dp_mdr_harvest *harvest)
{
    const struct dp_mdr_referee *referee = dp_mdr_best_referee(harvest->best);
    double about;
    unsigned f;

    for (f = 0; f < searcher->table.fold_count; f++) {
        about = dp_mdr_ratio_estimate(&searcher->terms.train[2 * f], 2, 2);
        if (about + estimate_margin < harvest->fold_best[f].score)
            continue;
        hit.score = dp_mdr_score_train(&searcher->terms, f);
        if (dp_mdr_hit_compare_train(referee, f, &hit, &harvest->fold_best[f]) < 0)
            harvest->fold_best[f] = hit;
    }
}

/* Everything about one combination, exactly. */
static int consider(struct dp_mdr_searcher *searcher, const struct dp_mdr_left *left,
                    const struct dp_mdr_right *right, unsigned lane, struct dp_mdr_harvest *harvest,
                    struct dp_error *err)
{
    const struct dp_mdr_cohort *cohort = dp_mdr_planes_cohort(searcher->planes);
    const uint32_t other = right->first + lane, *variant = left->variant;
    struct dp_mdr_hit hit = {0, {variant[0], variant[1], other}};
    double about;

    if (left->classes == 3)
        hit = (struct dp_mdr_hit){0, {variant[0], other, 0}};
    else if (searcher->turned)
        hit = (struct dp_mdr_hit){0, {other, variant[0], variant[1]}};
    fill_table(searcher, left, right, lane);
    dp_mdr_score_terms(&searcher->table, cohort->case_count, cohort->control_count,
                       &searcher->terms);
    if (searcher->options.consistency)
        keep_fold_best(searcher, hit, harvest);
    about = dp_mdr_ratio_estimate(searcher->terms.test, 2 * searcher->terms.fold_count,
                                  2 * searcher->terms.fold_count);
    if (about + estimate_margin < least_score(searcher, harvest))
        return 0;
    hit.score = dp_mdr_score_mean(&searcher->terms);
    dp_mdr_best_add(harvest->best, &hit);
    if (dp_mdr_threshold_reached(&searcher->options.threshold, hit.score, &searcher->terms))
        return searcher->options.hit(searcher->options.user, &hit, err);
    return 0;
}

static int consider_found(struct dp_mdr_searcher *searcher, const struct dp_mdr_left *left,
                          const struct dp_mdr_right *right, struct dp_mdr_harvest *harvest,
                          struct dp_error *err)
{
    const unsigned first = searcher->sight.first, end = searcher->sight.end;
    uint64_t left_over;
    unsigned n, lane;
    int rc = 0;

    for (n = first / 64; !rc && 64 * n < end; n++) {
        for (left_over = searcher->found[n]; !rc && left_over; left_over &= left_over - 1) {
            lane = 64 * n + (unsigned)__builtin_ctzll(left_over);
            if (lane >= first && lane < end)
                rc = consider(searcher, left, right, lane, harvest, err);
        }
    }
    return rc;
}

/* --- A block: some left parts, one group. */

/* The first variant that may be beside a left part: the one behind its last, or any. */
static uint32_t first_beside(const struct dp_mdr_searcher *searcher, const struct dp_mdr_left *left)
{
    return searcher->turned ? 0 : left->variant[left->classes == 3 ? 0 : 1] + 1;
}

/* Are there combinations with variants from lane `first` of the group on, before lane `end`? */
static bool has_lanes(const struct dp_mdr_searcher *searcher, const struct dp_mdr_left *left,
                      const struct dp_mdr_right *right, unsigned first, unsigned end)
{
    const uint64_t least = first_beside(searcher, left);

    return right->first + first < right->end && least < right->end &&
           least < right->first + (uint64_t)end;
}

static bool needs_gaps(const struct dp_mdr_left *left, const struct dp_mdr_right *right)
{
    return left->missing || right->missing;
}

/* Counts one left part in one piece. */
static void count_calls(struct dp_mdr_searcher *searcher, size_t p, unsigned half,
                        const struct dp_mdr_left *left, const struct dp_mdr_right *right,
                        uint16_t *counts, uint16_t *gaps)
{
    const struct dp_mdr_kernel *kernel = searcher->options.kernel;
    const struct dp_mdr_piece *piece = &searcher->frame.pieces[p];
    const uint8_t *rows = right->matrices.calls[half] + (size_t)piece->row * kernel->vector_bytes;
    const unsigned lanes = searcher->lanes, at = half * lanes / 2;
    const uint16_t *list;
    size_t length;
    unsigned r;

    counts += (size_t)piece->segment * 2 * (left->classes - 1) * lanes + at;
    for (r = 0; r < left->classes - 1; r++, counts += 2 * lanes) {
        length = dp_mdr_left_list(left, p, r, &list);
        kernel->count(rows, list, length, !piece->opens, counts, counts + lanes);
    }
    if (needs_gaps(left, right)) {
        gaps += (size_t)piece->segment * (left->classes + 2) * lanes + at;
        length = dp_mdr_left_list(left, p, r, &list);
        kernel->count(rows, list, length, !piece->opens, gaps, gaps + lanes);
    }
}

/* Missing calls on the right. */
static void count_missing(struct dp_mdr_searcher *searcher, size_t p,
                          const struct dp_mdr_left *left, const struct dp_mdr_right *right,
                          uint16_t *gaps)
{
    const struct dp_mdr_kernel *kernel = searcher->options.kernel;
    const struct dp_mdr_piece *piece = &searcher->frame.pieces[p];
    const uint8_t *rows = right->matrices.missing + (size_t)piece->row * kernel->vector_bytes;
    const unsigned lanes = searcher->lanes;
    const uint16_t *list = NULL;
    size_t length;
    unsigned r;

    gaps += ((size_t)piece->segment * (left->classes + 2) + 2) * lanes;
    for (r = 0; r < left->classes; r++, gaps += lanes) {
        length = right->missing ? dp_mdr_left_list(left, p, r, &list) : 0;
        kernel->count(rows, list, length, !piece->opens, gaps, gaps + lanes / 2);
    }
}

static void count_block(struct dp_mdr_searcher *searcher, unsigned count,
                        const struct dp_mdr_right *right)
{
    const size_t counts = count_size(searcher, searcher->classes);
    const size_t gaps = gap_size(searcher, searcher->classes);
    const unsigned lanes = searcher->lanes;
    const struct dp_mdr_left *left;
    unsigned half, n;
    size_t p;

    for (p = 0; p < searcher->frame.piece_count; p++) {
        for (half = 0; half < 2; half++) {
            for (n = 0; n < count; n++) {
                left = &searcher->lefts[n];
                if (has_lanes(searcher, left, right, half * lanes / 2, (half + 1) * lanes / 2))
                    count_calls(searcher, p, half, left, right, searcher->counts + n * counts,
                                searcher->gaps + n * gaps);
            }
        }
        for (n = 0; n < count; n++) {
            left = &searcher->lefts[n];
            if (needs_gaps(left, right) && has_lanes(searcher, left, right, 0, lanes))
                count_missing(searcher, p, left, right, searcher->gaps + n * gaps);
        }
    }
}

/* The weighted sums of the classes of a left part in each fold. */
static void sum_rows(const struct dp_mdr_searcher *searcher, const struct dp_mdr_left *left,
                     int32_t *sums)
{
    const struct dp_mdr_layout *layout = searcher->frame.layout;
    const struct dp_mdr_segment *segment;
    uint32_t factor;
    size_t s;
    unsigned r;

    memset(sums, 0, searcher->frame.fold_count * left->classes * sizeof(*sums));
    for (s = 0; s < layout->segment_count; s++) {
        segment = &layout->segments[s];
        factor = segment->is_case ? (uint32_t)searcher->limits.weight[1]
                                  : -(uint32_t)searcher->limits.weight[0];
        for (r = 0; r < left->classes; r++)
            sums[segment->fold * left->classes + r] =
                (int32_t)((uint32_t)sums[segment->fold * left->classes + r] +
                          factor * left->counts[s * (left->classes + 1) + r]);
    }
}

static void judge(struct dp_mdr_searcher *searcher, bool gaps)
{
    const struct dp_mdr_kernel *kernel = searcher->options.kernel;
    const struct dp_mdr_limits *limits = &searcher->limits;

    if (limits->too_wide)
        memset(searcher->found, 0xff, sizeof(searcher->found));
    else if (gaps || !limits->proportional)
        (limits->narrow ? kernel->judge_gaps16 : kernel->judge_gaps32)(&searcher->sight);
    else
        (limits->narrow ? kernel->judge16 : kernel->judge32)(&searcher->sight);
}

/* The n-th left part of the block, already counted. */
static int search_left(struct dp_mdr_searcher *searcher, unsigned n,
                       const struct dp_mdr_right *right, struct dp_mdr_harvest *harvest,
                       struct dp_error *err)
{
    const struct dp_mdr_left *left = &searcher->lefts[n];
    struct dp_mdr_sight *sight = &searcher->sight;
    const unsigned classes = left->classes;
    const uint32_t least = first_beside(searcher, left);
    bool gaps = needs_gaps(left, right);

    if (!has_lanes(searcher, left, right, 0, searcher->lanes))
        return 0;
    set_limits(searcher, harvest);
    sight->frame = &searcher->frame;
    sight->classes = classes;
    sight->first = least <= right->first ? 0 : least - right->first;
    sight->end = right->end - right->first;
    sight->counts = searcher->counts + n * count_size(searcher, classes);
    sight->gaps = gaps ? searcher->gaps + n * gap_size(searcher, classes) : NULL;
    sight->skim = gaps && searcher->limits.proportional;
    sight->train = searcher->options.consistency;
    sight->prune = searcher->options.prune && !sight->train;
    sight->found = searcher->found;
    memcpy(sight->weight, searcher->limits.weight, sizeof(sight->weight));
    sight->row_sum = searcher->row_sums + n * searcher->frame.fold_count * classes;
    sight->row_count = left->counts;
    sight->column_sum16 = right->sum16;
    sight->column_sum32 = right->sum32;
    sight->column_count = right->counts;
    judge(searcher, gaps);
    return consider_found(searcher, left, right, harvest, err);
}

/* --- A box: all left parts, all groups. */

struct search {
    struct dp_mdr_searcher *searcher;
    const struct dp_mdr_box *box;
    struct dp_mdr_harvest *harvest;
    unsigned count; /* left parts that wait in the block */
    struct dp_mdr_right *groups[MAX_GROUPS];
    size_t group_count;
};

static struct dp_mdr_right *find_group(struct search *search, uint32_t first, uint32_t end)
{
    struct dp_mdr_searcher *searcher = search->searcher;
    size_t n;

    for (n = 0; n < searcher->group_count; n++) {
        if (searcher->groups[n].first == first && searcher->groups[n].end == end)
            return &searcher->groups[n];
    }
    return NULL;
}

/* One that this box does not use at the moment. */
static struct dp_mdr_right *spare_group(struct search *search)
{
    struct dp_mdr_searcher *searcher = search->searcher;
    struct dp_mdr_right *group;
    size_t n;

    do {
        group = &searcher->groups[searcher->next_group++ % searcher->group_count];
        for (n = 0; n < search->group_count && search->groups[n] != group; n++)
            continue;
    } while (n < search->group_count);
    return group;
}

/* The groups from variant `first` on, as many as there is room for; returns the variant behind the
 * last. Those there are from the box before are not made anew. */
static uint32_t take_groups(struct search *search, uint32_t first, uint32_t end)
{
    struct dp_mdr_searcher *searcher = search->searcher;
    struct dp_mdr_right *group;
    uint32_t behind, v;
    bool missing;

    for (search->group_count = 0; first < end && search->group_count < searcher->group_count;
         first = behind) {
        behind = end - first > searcher->lanes ? first + searcher->lanes : end;
        group = find_group(search, first, behind);
        if (!group) {
            missing = false;
            for (v = first; v < behind; v++)
                missing = (know(searcher, v) & HAS_MISSING) || missing;
            group = spare_group(search);
            dp_mdr_right_set(group, &searcher->frame, searcher->options.kernel, searcher->planes,
                             searcher->limits.weight, first, behind, missing);
        }
        search->groups[search->group_count++] = group;
    }
    return first;
}

/* The left parts that wait, beside all groups. */
static int search_block(struct search *search, struct dp_error *err)
{
    struct dp_mdr_searcher *searcher = search->searcher;
    unsigned n;
    size_t g;
    int rc = 0;

    for (g = 0; !rc && g < search->group_count; g++) {
        count_block(searcher, search->count, search->groups[g]);
        for (n = 0; !rc && n < search->count; n++)
            rc = search_left(searcher, n, search->groups[g], search->harvest, err);
    }
    search->count = 0;
    return rc;
}

static int add_left(struct search *search, const uint32_t *variants, struct dp_error *err)
{
    struct dp_mdr_searcher *searcher = search->searcher;
    const unsigned n = search->count, classes = searcher->classes;
    unsigned last = know(searcher, variants[0]) >> COMMONEST_SHIFT;

    if (classes == 9)
        last = 3 * last + (know(searcher, variants[1]) >> COMMONEST_SHIFT);
    dp_mdr_left_set(&searcher->lefts[n], &searcher->frame, searcher->options.kernel,
                    searcher->planes, variants, last);
    sum_rows(searcher, &searcher->lefts[n],
             searcher->row_sums + n * searcher->frame.fold_count * classes);
    search->count++;
    return search->count == searcher->block ? search_block(search, err) : 0;
}

static int search_groups(struct search *search, struct dp_error *err)
{
    const struct dp_mdr_box *box = search->box;
    const uint32_t *begin = box->begin + search->searcher->turned;
    const uint32_t *end = box->end + search->searcher->turned;
    uint32_t at[2], second;
    int rc = 0;

    for (at[0] = begin[0]; !rc && at[0] < end[0]; at[0]++) {
        if (box->order == 2) {
            rc = add_left(search, at, err);
            continue;
        }
        second = at[0] + 1 > begin[1] ? at[0] + 1 : begin[1];
        for (at[1] = second; !rc && at[1] < end[1]; at[1]++)
            rc = add_left(search, at, err);
    }
    return rc ? rc : search_block(search, err);
}

/* A left part beside half a group costs the same for one right variant as for all. Where the second
 * and the third variants of triples are of one tile and the first ones of another, the pairs of
 * that tile are only half as many as those of both, and every right variant counts. */
static bool is_better_turned(const struct dp_mdr_searcher *searcher, const struct dp_mdr_box *box)
{
    const uint32_t *begin = box->begin, *end = box->end, half = searcher->lanes / 2;
    uint64_t straight, turned;

    if (box->order != 3 || end[0] > begin[1])
        return false;
    straight = count_pairs(begin[0], end[0], begin[1], end[1]);
    turned = count_pairs(begin[1], end[1], begin[2], end[2]);
    return turned * ((end[0] - begin[0] + half - 1) / half) <
           straight * ((end[2] - begin[2] + half - 1) / half);
}

int dp_mdr_searcher_run(struct dp_mdr_searcher *searcher, const struct dp_mdr_box *box,
                        struct dp_mdr_harvest *harvest, struct dp_error *err)
{
    struct search search = {.searcher = searcher, .box = box, .harvest = harvest};
    const bool turned = is_better_turned(searcher, box);
    const unsigned right = turned ? 0 : box->order - 1;
    uint32_t first = box->begin[right], end = box->end[right];
    int rc = make_lefts(searcher, box->order == 2 ? 3 : 9, err);

    searcher->turned = turned;
    if (!rc && first < end)
        rc = make_groups(searcher, (end - first + searcher->lanes - 1) / searcher->lanes, err);
    searcher->floor = NAN; /* the limits are to be made anew */
    while (!rc && first < end) {
        first = take_groups(&search, first, end);
        rc = search_groups(&search, err);
    }
    harvest->combination_count += dp_mdr_box_count(box);
    return rc;
}
