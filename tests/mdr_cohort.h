/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What the tests of a search's samples share: genotypes and phenotypes from short texts. */

#ifndef DP_TESTS_MDR_COHORT_H
#define DP_TESTS_MDR_COHORT_H

#include "tests/connectors.h"

#include "mdr/cohort.h"
#include "mdr/genotypes.h"
#include "mdr/phenotype.h"

/* Genotypes of the samples named in `ids`, without variants. */
static inline struct dp_mdr_genotypes *test_genotypes(const char *const *ids, size_t count)
{
    struct dp_mdr_genotypes *genotypes = NULL;
    struct dp_error err = {0};

    ck_assert_msg(dp_mdr_genotypes_new(ids, count, "g", &genotypes, &err) == DP_OK, "%s",
                  err.message);
    return genotypes;
}

/* Samples "s000000", "s000001", ... */
static inline struct dp_mdr_genotypes *test_numbered_genotypes(size_t count)
{
    char(*texts)[24] = malloc(count * sizeof(*texts));
    const char **ids = malloc(count * sizeof(*ids));
    struct dp_mdr_genotypes *genotypes;
    size_t i;

    for (i = 0; i < count; i++) {
        snprintf(texts[i], sizeof(texts[i]), "s%06zu", i);
        ids[i] = texts[i];
    }
    genotypes = test_genotypes(ids, count);
    free(ids);
    free(texts);
    return genotypes;
}

/* A cohort of all samples of `genotypes`: classes[i] is 'c' for a case, 'd' for a control. */
static inline struct dp_mdr_cohort test_cohort(const struct dp_mdr_genotypes *genotypes,
                                               const char *classes)
{
    size_t i, count = dp_mdr_genotypes_sample_count(genotypes), length = 0;
    char *text = malloc(count * 100);
    struct dp_mdr_phenotypes *phenotypes = NULL;
    struct dp_mdr_cohort cohort;
    struct dp_error err = {0};

    for (i = 0; i < count; i++)
        length += (size_t)sprintf(text + length, "%s\t%c\n", dp_mdr_genotypes_sample(genotypes, i),
                                  classes[i] == 'c'   ? '2'
                                  : classes[i] == 'd' ? '1'
                                                      : '0');
    ck_assert_msg(dp_mdr_phenotype_parse(text, length, "p", NULL, &phenotypes, &err) == DP_OK, "%s",
                  err.message);
    ck_assert_msg(dp_mdr_cohort_match(genotypes, phenotypes, &cohort, NULL, &err) == DP_OK, "%s",
                  err.message);
    dp_mdr_phenotype_free(phenotypes);
    free(text);
    return cohort;
}

#endif
