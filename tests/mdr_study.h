/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A study of random data, as dp_mdr_study_open would make it of an object. */

#ifndef TESTS_MDR_STUDY_H
#define TESTS_MDR_STUDY_H

#include "tests/mdr_data.h"

#include "mdr/folds.h"
#include "mdr/study.h"

#include <stdio.h>

static inline bool mdr_is_incomplete(const struct mdr_data *data, size_t variant)
{
    size_t s;

    for (s = 0; s < data->cohort.sample_count; s++)
        if (data->calls[variant * data->columns + data->cohort.column[s]] == DP_MDR_MISSING)
            return true;
    return false;
}

static inline void mdr_add_variants(const struct mdr_data *data, struct dp_mdr_study *study)
{
    struct dp_mdr_variant variant = {NULL, "chr1", "A", "C", 0, true};
    char id[32];
    size_t v;

    study->kept = malloc(data->variant_count * sizeof(*study->kept));
    study->rows = malloc(data->variant_count * study->row_bytes);
    variant.id = id;
    for (v = 0; v < data->variant_count; v++) {
        snprintf(id, sizeof(id), "v%zu", v);
        variant.position = 100 + v;
        MUST(dp_mdr_genotypes_add(study->genotypes, &variant, data->calls + v * data->columns,
                                  NULL));
        study->kept[v] = (uint32_t)v;
        study->incomplete_count += mdr_is_incomplete(data, v);
        memcpy(study->rows + v * study->row_bytes, dp_mdr_genotypes_row(study->genotypes, v),
               study->row_bytes);
    }
}

/* The data goes on to belong to the caller. Samples have IDs of descending order. */
static inline void mdr_make_study(const struct mdr_data *data, struct dp_mdr_team *team,
                                  struct dp_mdr_study *study)
{
    char **names = malloc(data->columns * sizeof(*names));
    size_t s;

    memset(study, 0, sizeof(*study));
    for (s = 0; s < data->columns; s++) {
        names[s] = malloc(32);
        snprintf(names[s], 32, "s%06zu", data->columns - s);
    }
    MUST(dp_mdr_genotypes_new((const char *const *)names, data->columns, "test", &study->genotypes,
                              NULL));
    study->team = team;
    study->cohort = data->cohort;
    study->planes = data->planes;
    study->variant_count = data->variant_count;
    study->row_bytes = dp_mdr_genotypes_row_bytes(data->columns);
    MUST(dp_mdr_folds_order(study->genotypes, &study->cohort, &study->by_id, NULL));
    mdr_add_variants(data, study);
    for (s = 0; s < data->columns; s++)
        free(names[s]);
    free(names);
}

static inline void mdr_free_study(struct dp_mdr_study *study)
{
    dp_mdr_genotypes_free(study->genotypes);
    free(study->by_id);
    free(study->kept);
    free(study->rows);
}

#endif
