/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Part of kernel_judge.h: judging where the cases and controls of a combination are not in the same
 * proportion in all folds, so that each balanced accuracy has its own totals. High risk is decided
 * in whole numbers; the accuracies themselves are rounded, the limits allow for that. */

/* Samples of the cells of one fold and class, [class][call 1, 2, 0], of lane `at` on; returns their
 * sum. */
INLINE VALUES NAME(tabulate)(const struct dp_mdr_sight *sight, size_t *segment, unsigned fold,
                           unsigned is_case, unsigned at, unsigned classes, VALUES *n)
{
    const struct dp_mdr_layout *layout = sight->frame->layout;
    const unsigned last = classes - 1;
    const uint16_t *counts, *gaps, *column;
    const uint32_t *row;
    VALUES rows[DP_MDR_MAX_CLASSES], sum = {0};
    unsigned r, c;

#pragma GCC unroll 9
    for (r = 0; r < classes; r++)
        rows[r] = n[3 * r] = n[3 * r + 1] = (VALUES){0};
    for (; *segment < layout->segment_count && layout->segments[*segment].fold == fold &&
           layout->segments[*segment].is_case == is_case;
         ++*segment) {
        counts = sight->counts + *segment * 2 * last * LANES + at;
        row = sight->row_count + *segment * (classes + 1);
        column = sight->column_count + *segment * 3 * LANES + at;
        for (c = 0; c < 2; c++)
            n[3 * last + c] += NAME(load_count)(column + c * LANES);
#pragma GCC unroll 9
        for (r = 0; r < last; r++) {
            for (c = 0; c < 2; c++)
                n[3 * r + c] += NAME(load_count)(counts + (2 * r + c) * LANES);
            rows[r] += (NUMBER)row[r];
        }
        rows[last] += (NUMBER)row[last];
        if (!sight->gaps)
            continue;
        gaps = sight->gaps + *segment * (classes + 2) * LANES + at;
        for (c = 0; c < 2; c++)
            n[3 * last + c] -= NAME(load_count)(gaps + c * LANES);
        /* Of the last class, missing right: what the others have not. */
        rows[last] -= NAME(load_count)(column + 2 * LANES);
#pragma GCC unroll 9
        for (r = 0; r < classes; r++) {
            VALUES gap = NAME(load_count)(gaps + (2 + r) * LANES);

            if (r < last)
                rows[r] -= gap;
            rows[last] += gap;
        }
    }
#pragma GCC unroll 9
    for (r = 0; r < last; r++) {
        for (c = 0; c < 2; c++)
            n[3 * last + c] -= n[3 * r + c];
    }
#pragma GCC unroll 9
    for (r = 0; r < classes; r++) {
        n[3 * r + 2] = rows[r] - n[3 * r] - n[3 * r + 1];
        sum += rows[r];
    }
    return sum;
}

/* Sums of one fold over the high cells and over all: of controls and of cases. */
struct NAME(sums) {
    VALUES high[2], all[2];
};

/* sensitivity + specificity - 1; a class without samples counts as 1, so as not to be below what
 * is made of the other alone. */
INLINE levels NAME(excess)(const struct NAME(sums) *sums, unsigned part)
{
    levels fp = NAME(levels)(&sums->high[0], part), controls = NAME(levels)(&sums->all[0], part);
    levels tp = NAME(levels)(&sums->high[1], part), cases = NAME(levels)(&sums->all[1], part);
    const levels no_controls = __builtin_convertvector((numbers32)(controls == 0), levels);
    const levels no_cases = __builtin_convertvector((numbers32)(cases == 0), levels);

    tp -= no_cases; /* a comparison that holds is -1 */
    cases -= no_cases;
    controls -= no_controls;
    return (tp * controls - fp * cases) / (cases * controls);
}

/* Sums over the high cells of one fold: those that test, and those that train. n has the cells of
 * this fold, whole those of all. */
INLINE void NAME(sum_high)(const struct dp_mdr_sight *sight, unsigned cells,
                           VALUES n[2][3 * DP_MDR_MAX_CLASSES],
                           VALUES whole[2][3 * DP_MDR_MAX_CLASSES], struct NAME(sums) *test,
                           struct NAME(sums) *train)
{
    const NUMBER cases = (NUMBER)sight->weight[1], controls = (NUMBER)sight->weight[0];
    const VALUES zero = {0};
    VALUES p, q, excess;
    NAME(where) high;
    unsigned c, k;

    for (k = 0; k < 2; k++)
        test->high[k] = train->high[k] = zero;
#pragma GCC unroll 27
    for (c = 0; c < cells; c++) {
        q = whole[0][c] - n[0][c];
        p = whole[1][c] - n[1][c];
        excess = cases == 1 && controls == 1 ? p - q : p * cases - q * controls;
        high = NAME(greater)(excess, zero - 1) & NAME(greater)(p | q, zero);
        test->high[0] = NAME(add_where)(high, test->high[0], n[0][c]);
        test->high[1] = NAME(add_where)(high, test->high[1], n[1][c]);
        train->high[0] = NAME(add_where)(high, train->high[0], q);
        train->high[1] = NAME(add_where)(high, train->high[1], p);
    }
}

INLINE void NAME(reach_gaps)(const struct dp_mdr_sight *sight, unsigned at, unsigned classes)
{
    const unsigned cells = 3 * classes, folds = sight->frame->fold_count;
    const unsigned parts = PER_LOAD / LEVELS;
    VALUES n[DP_MDR_MAX_FOLDS][2][3 * DP_MDR_MAX_CLASSES], whole[2][3 * DP_MDR_MAX_CLASSES];
    VALUES tested[DP_MDR_MAX_FOLDS][2], all[2] = {{0}, {0}};
    struct NAME(sums) test, train;
    levels testing[2] = {{0}, {0}};
    numbers32 reached[2] = {{0}, {0}};
    size_t segment = 0;
    unsigned f, k, c, part;

    memset(whole, 0, sizeof(whole));
    for (f = 0; f < folds; f++) {
        for (k = 0; k < 2; k++) {
            tested[f][k] = NAME(tabulate)(sight, &segment, f, k, at, classes, n[f][k]);
            all[k] += tested[f][k];
#pragma GCC unroll 27
            for (c = 0; c < cells; c++)
                whole[k][c] += n[f][k][c];
        }
    }
    for (f = 0; f < folds; f++) {
        NAME(sum_high)(sight, cells, n[f], whole, &test, &train);
        for (k = 0; k < 2; k++) {
            test.all[k] = tested[f][k];
            train.all[k] = all[k] - tested[f][k];
        }
        for (part = 0; part < parts; part++) {
            testing[part] += NAME(excess)(&test, part);
            if (sight->train)
                reached[part] |= (numbers32)(NAME(excess)(&train, part) >= sight->train_level[f]);
        }
    }
    for (part = 0; part < parts; part++) {
        reached[part] |= (numbers32)(testing[part] >= sight->test_level);
        report(sight, at + part * LEVELS, reached[part]);
    }
}

TARGET static void NAME(judge_gaps)(const struct dp_mdr_sight *sight)
{
    unsigned at;

    memset(sight->found, 0, LANES / 8);
    for (at = sight->first / PER_LOAD * PER_LOAD; at < sight->end; at += PER_LOAD) {
        if (sight->classes == 3)
            NAME(reach_gaps)(sight, at, 3);
        else
            NAME(reach_gaps)(sight, at, 9);
    }
}
