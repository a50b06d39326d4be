/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Part of kernel_judge.h: judging where the cases and controls of a combination are not in the same
 * proportion in all folds, so that each balanced accuracy has its own totals. High risk is decided
 * in whole numbers; the accuracies themselves are rounded, the limits allow for that. */

/* Samples of the cells of one fold and class, [class][call 1, 2, 0], of lane `at` on, in segments
 * [s, end); returns their sum. */
INLINE VALUES NAME(tabulate)(const struct dp_mdr_sight *sight, size_t s, size_t end, unsigned at,
                             unsigned classes, VALUES *n)
{
    const unsigned last = classes - 1;
    const uint16_t *counts, *gaps, *column;
    const uint32_t *row;
    VALUES cells[3 * DP_MDR_MAX_CLASSES], rows[DP_MDR_MAX_CLASSES], sum = {0}, gap;
    unsigned r, c;

#pragma GCC unroll 9
    for (r = 0; r < classes; r++)
        rows[r] = cells[3 * r] = cells[3 * r + 1] = (VALUES){0};
    for (; s < end; s++) {
        counts = sight->counts + s * 2 * last * LANES + at;
        row = sight->row_count + s * (classes + 1);
        column = sight->column_count + s * 3 * LANES + at;
#pragma GCC unroll 2
        for (c = 0; c < 2; c++)
            cells[3 * last + c] += NAME(load_count)(column + c * LANES);
#pragma GCC unroll 9
        for (r = 0; r < last; r++) {
            cells[3 * r] += NAME(load_count)(counts + 2 * r * LANES);
            cells[3 * r + 1] += NAME(load_count)(counts + (2 * r + 1) * LANES);
            rows[r] += (NUMBER)row[r];
        }
        rows[last] += (NUMBER)row[last];
        if (sight->gaps) {
            gaps = sight->gaps + s * (classes + 2) * LANES + at;
#pragma GCC unroll 2
            for (c = 0; c < 2; c++)
                cells[3 * last + c] -= NAME(load_count)(gaps + c * LANES);
            /* Of the last class, missing right: what the others have not. */
            rows[last] -= NAME(load_count)(column + 2 * LANES);
#pragma GCC unroll 9
            for (r = 0; r < classes; r++) {
                gap = NAME(load_count)(gaps + (2 + r) * LANES);
                if (r < last)
                    rows[r] -= gap;
                rows[last] += gap;
            }
        }
        if (sizeof(NUMBER) == sizeof(uint16_t))
            break; /* so few samples are one segment at most */
    }
#pragma GCC unroll 9
    for (r = 0; r < last; r++) {
        cells[3 * last] -= cells[3 * r];
        cells[3 * last + 1] -= cells[3 * r + 1];
    }
#pragma GCC unroll 9
    for (r = 0; r < classes; r++) {
        n[3 * r] = cells[3 * r];
        n[3 * r + 1] = cells[3 * r + 1];
        n[3 * r + 2] = rows[r] - cells[3 * r] - cells[3 * r + 1];
        sum += rows[r];
    }
    return sum;
}

/* Sums of one fold over the high cells and over all: of controls and of cases. */
struct NAME(sums) {
    VALUES high[2], all[2];
};

/* A class without samples counts as 1, so as not to be below what is made of the other alone. */
INLINE void NAME(fill_empty)(struct NAME(sums) *sums)
{
    const VALUES one = (VALUES){0} + 1;

    sums->high[1] += NAME(positive)(one - sums->all[1]);
    sums->all[1] += NAME(positive)(one - sums->all[1]);
    sums->all[0] += NAME(positive)(one - sums->all[0]);
}

/* sensitivity + specificity - 1 */
INLINE levels NAME(excess)(const struct NAME(sums) *sums, unsigned part)
{
    levels fp = NAME(levels)(&sums->high[0], part), controls = NAME(levels)(&sums->all[0], part);
    levels tp = NAME(levels)(&sums->high[1], part), cases = NAME(levels)(&sums->all[1], part);

    return tp * reciprocal(cases) - fp * reciprocal(controls);
}

/* Whether this is at least `level`. */
INLINE numbers32 NAME(exceeds)(const struct NAME(sums) *sums, unsigned part, float level)
{
    levels fp = NAME(levels)(&sums->high[0], part), controls = NAME(levels)(&sums->all[0], part);
    levels tp = NAME(levels)(&sums->high[1], part), cases = NAME(levels)(&sums->all[1], part);

    return (numbers32)(tp * controls - fp * cases >= cases * controls * level);
}

/* Sums over the high cells of one fold: those that test, and those that train. n has the cells of
 * this fold, whole those of all. */
INLINE void NAME(sum_high)(const struct dp_mdr_sight *sight, unsigned cells,
                           VALUES n[2][3 * DP_MDR_MAX_CLASSES],
                           VALUES whole[2][3 * DP_MDR_MAX_CLASSES], bool weighted,
                           struct NAME(sums) *test, struct NAME(sums) *train)
{
    const NUMBER cases = (NUMBER)sight->weight[1], controls = (NUMBER)sight->weight[0];
    const VALUES zero = {0};
    VALUES p, q, tp = zero, fp = zero, train_tp = zero, train_fp = zero;
    NAME(where) high;
    unsigned c;

#pragma GCC unroll 27
    for (c = 0; c < cells; c++) {
        q = whole[0][c] - n[0][c];
        p = whole[1][c] - n[1][c];
        /* p >= q > 0 or p > q = 0 */
        if (weighted)
            high = NAME(greater)(p * cases, NAME(lower)(q * controls));
        else
            high = NAME(greater)(p, NAME(lower)(q));
        fp = NAME(add_where)(high, fp, n[0][c]);
        tp = NAME(add_where)(high, tp, n[1][c]);
        train_fp = NAME(add_where)(high, train_fp, q);
        train_tp = NAME(add_where)(high, train_tp, p);
    }
    test->high[0] = fp;
    test->high[1] = tp;
    train->high[0] = train_fp;
    train->high[1] = train_tp;
}

INLINE void NAME(reach_gaps)(const struct dp_mdr_sight *sight, const size_t *begin, unsigned at,
                             unsigned classes, bool weighted)
{
    const unsigned cells = 3 * classes, folds = sight->frame->fold_count;
    const unsigned parts = PER_LOAD / LEVELS;
    VALUES n[DP_MDR_MAX_FOLDS][2][3 * DP_MDR_MAX_CLASSES], whole[2][3 * DP_MDR_MAX_CLASSES];
    VALUES tested[DP_MDR_MAX_FOLDS][2], all[2] = {{0}, {0}};
    struct NAME(sums) test, train;
    levels testing[2] = {{0}, {0}};
    numbers32 reached[2] = {{0}, {0}};
    unsigned f, k, c, part;

#pragma GCC unroll 2
    for (k = 0; k < 2; k++) {
#pragma GCC unroll 27
        for (c = 0; c < cells; c++)
            whole[k][c] = (VALUES){0};
        for (f = 0; f < folds; f++) {
            tested[f][k] = NAME(tabulate)(sight, begin[2 * f + k], begin[2 * f + k + 1], at,
                                          classes, n[f][k]);
            all[k] += tested[f][k];
#pragma GCC unroll 27
            for (c = 0; c < cells; c++)
                whole[k][c] += n[f][k][c];
        }
    }
    for (f = 0; f < folds; f++) {
        NAME(sum_high)(sight, cells, n[f], whole, weighted, &test, &train);
#pragma GCC unroll 2
        for (k = 0; k < 2; k++) {
            test.all[k] = tested[f][k];
            train.all[k] = all[k] - tested[f][k];
        }
        NAME(fill_empty)(&test);
        NAME(fill_empty)(&train);
#pragma GCC unroll 2
        for (part = 0; part < parts; part++) {
            testing[part] += NAME(excess)(&test, part);
            if (sight->train)
                reached[part] |= NAME(exceeds)(&train, part, sight->train_level[f]);
        }
    }
#pragma GCC unroll 2
    for (part = 0; part < parts; part++) {
        reached[part] |= (numbers32)(testing[part] >= sight->test_level);
        report(sight, at + part * LEVELS, reached[part]);
    }
}

/* --- A first look, at weighted sums: with those of cases P and controls Q of a fold, TP and FP of
 * its high cells, and X = TP - FP, TP / P - FP / Q = X / P + FP (1 / P - 1 / Q) is at most
 * (X + max(0, Q - P)) / P. */

INLINE VALUES NAME(load_weighted)(const uint16_t *from, NUMBER weight, bool weighted)
{
    VALUES counts = NAME(load_count)(from);

    if (weighted)
        counts *= weight;
    return counts;
}

/* w of the cells of one fold as in weigh(), and the sums of controls and of cases. */
INLINE void NAME(weigh_gaps)(const struct dp_mdr_sight *sight, const size_t *begin, unsigned fold,
                             unsigned at, unsigned classes, bool weighted, VALUES *w, VALUES *sums)
{
    const unsigned last = classes - 1;
    const NUMBER *column = sight->NAME(column_sum) + 2 * fold * LANES + at;
    const int32_t *row = sight->row_sum + fold * classes;
    const uint16_t *counts, *gaps, *missing;
    const uint32_t *row_count;
    VALUES cells[3 * DP_MDR_MAX_CLASSES], rows[DP_MDR_MAX_CLASSES], gap, all;
    unsigned r, c, k;
    NUMBER weight;
    size_t s;

#pragma GCC unroll 9
    for (r = 0; r < classes; r++) {
        cells[3 * r] = cells[3 * r + 1] = (VALUES){0};
        rows[r] = (VALUES){0} + (NUMBER)row[r];
    }
#pragma GCC unroll 2
    for (c = 0; c < 2; c++)
        cells[3 * last + c] = *(const VALUES *)(const void *)(column + c * LANES);
#pragma GCC unroll 2
    for (k = 0; k < 2; k++) {
        sums[k] = (VALUES){0};
        weight = (NUMBER)sight->weight[k];
        for (s = begin[2 * fold + k]; s < begin[2 * fold + k + 1]; s++) {
            counts = sight->counts + s * 2 * last * LANES + at;
            gaps = sight->gaps + s * (classes + 2) * LANES + at;
            missing = sight->column_count + (s * 3 + 2) * LANES + at;
            row_count = sight->row_count + s * (classes + 1);
            /* Of all classes, missing right, and of all but the last. */
            all = NAME(load_weighted)(gaps + (2 + last) * LANES, weight, weighted) -
                  NAME(load_weighted)(missing, weight, weighted);
            sums[k] += all;
#pragma GCC unroll 9
            for (r = 0; r < last; r++) {
                gap = NAME(load_weighted)(gaps + (2 + r) * LANES, weight, weighted);
                sums[k] += (NUMBER)((NUMBER)row_count[r] * weight);
                rows[r] += k ? -gap : gap;
                all += gap;
#pragma GCC unroll 2
                for (c = 0; c < 2; c++) {
                    gap = NAME(load_weighted)(counts + (2 * r + c) * LANES, weight, weighted);
                    cells[3 * r + c] += k ? gap : -gap;
                }
            }
            sums[k] += (NUMBER)((NUMBER)row_count[last] * weight);
            rows[last] += k ? all : -all;
#pragma GCC unroll 2
            for (c = 0; c < 2; c++) {
                gap = NAME(load_weighted)(gaps + c * LANES, weight, weighted);
                cells[3 * last + c] += k ? -gap : gap;
            }
            if (sizeof(NUMBER) == sizeof(uint16_t))
                break;
        }
    }
#pragma GCC unroll 9
    for (r = 0; r < last; r++) {
        cells[3 * last] -= cells[3 * r];
        cells[3 * last + 1] -= cells[3 * r + 1];
    }
#pragma GCC unroll 9
    for (r = 0; r < classes; r++) {
        w[3 * r] = cells[3 * r];
        w[3 * r + 1] = cells[3 * r + 1];
        w[3 * r + 2] = rows[r] - cells[3 * r] - cells[3 * r + 1];
    }
}

/* Whether some lane may reach a limit. A class without samples gives no number, which is not below
 * any. */
INLINE bool NAME(may_reach)(const struct dp_mdr_sight *sight, const size_t *begin, unsigned at,
                            unsigned classes, bool weighted)
{
    const unsigned cells = 3 * classes, folds = sight->frame->fold_count;
    const unsigned parts = PER_LOAD / LEVELS;
    VALUES w[DP_MDR_MAX_FOLDS][3 * DP_MDR_MAX_CLASSES], whole[3 * DP_MDR_MAX_CLASSES];
    VALUES tie[3 * DP_MDR_MAX_CLASSES], sums[DP_MDR_MAX_FOLDS][2], all[2] = {{0}, {0}};
    VALUES training, train, test, cases;
    levels testing[2] = {{0}, {0}};
    numbers32 below[2] = {(numbers32){0} - 1, (numbers32){0} - 1};
    unsigned f, c, part;

#pragma GCC unroll 27
    for (c = 0; c < cells; c++)
        whole[c] = (VALUES){0};
    for (f = 0; f < folds; f++) {
        NAME(weigh_gaps)(sight, begin, f, at, classes, weighted, w[f], sums[f]);
        all[0] += sums[f][0];
        all[1] += sums[f][1];
#pragma GCC unroll 27
        for (c = 0; c < cells; c++)
            whole[c] += w[f][c];
    }
#pragma GCC unroll 27
    for (c = 0; c < cells; c++)
        tie[c] = (VALUES)(whole[c] > 0); /* -1: a tie counts as high */
    for (f = 0; f < folds; f++) {
        cases = all[1] - sums[f][1];
        train = NAME(positive)(all[0] - sums[f][0] - cases);
        test = NAME(positive)(sums[f][0] - sums[f][1]);
#pragma GCC unroll 27
        for (c = 0; c < cells; c++) {
            training = whole[c] - w[f][c];
            train += NAME(positive)(training);
            test = NAME(add_where)(NAME(greater)(training, tie[c]), test, w[f][c]);
        }
#pragma GCC unroll 2
        for (part = 0; part < parts; part++) {
            testing[part] +=
                NAME(levels)(&test, part) * reciprocal(NAME(levels)(&sums[f][1], part));
            if (sight->train)
                below[part] &= (numbers32)(NAME(levels)(&train, part) <
                                           NAME(levels)(&cases, part) * sight->train_level[f]);
        }
    }
#pragma GCC unroll 2
    for (part = 0; part < parts; part++)
        below[part] &= (numbers32)(testing[part] < sight->test_level);
    return any_of((quads)~below[0]) || (parts == 2 && any_of((quads)~below[1]));
}

INLINE void NAME(judge_load)(const struct dp_mdr_sight *sight, const size_t *begin, unsigned at,
                             unsigned classes, bool weighted)
{
    if (!sight->skim || NAME(may_reach)(sight, begin, at, classes, weighted))
        NAME(reach_gaps)(sight, begin, at, classes, weighted);
}

TARGET static void NAME(judge_gaps)(const struct dp_mdr_sight *sight)
{
    const bool weighted = sight->weight[0] != 1 || sight->weight[1] != 1;
    size_t begin[2 * DP_MDR_MAX_FOLDS + 1];
    unsigned at;

    find_segments(sight->frame, begin);
    memset(sight->found, 0, LANES / 8);
    for (at = sight->first / PER_LOAD * PER_LOAD; at < sight->end; at += PER_LOAD) {
        if (sight->classes == 3 && !weighted)
            NAME(judge_load)(sight, begin, at, 3, false);
        else if (sight->classes == 3)
            NAME(judge_load)(sight, begin, at, 3, true);
        else
            NAME(judge_load)(sight, begin, at, 9, weighted);
    }
}
