/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/cohort.h"

#include "mdr/genotypes.h"
#include "mdr/phenotype.h"

#include <stdlib.h>
#include <string.h>

static int allocate(struct dp_mdr_cohort *cohort, size_t count, struct dp_error *err)
{
    memset(cohort, 0, sizeof(*cohort));
    if (count > UINT32_MAX)
        return dp_error_set(err, DP_UNSUPPORTED, "more than %u samples", UINT32_MAX);
    cohort->column = malloc((count + 1) * sizeof(*cohort->column));
    cohort->is_case = malloc(count + 1);
    cohort->fold = calloc(count + 1, 1);
    if (!cohort->column || !cohort->is_case || !cohort->fold)
        return dp_error_no_memory(err);
    return DP_OK;
}

static void add(struct dp_mdr_cohort *cohort, size_t column, enum dp_mdr_class class)
{
    size_t sample = cohort->sample_count++;

    cohort->column[sample] = (uint32_t)column;
    cohort->is_case[sample] = class == DP_MDR_CASE;
    if (class == DP_MDR_CASE)
        cohort->case_count++;
    else
        cohort->control_count++;
}

/* Puts each sample of the genotypes where it belongs. */
static void match(const struct dp_mdr_genotypes *genotypes,
                  const struct dp_mdr_phenotypes *phenotypes, struct dp_mdr_cohort *cohort,
                  struct dp_mdr_cohort_counts *counts)
{
    size_t column, number;

    memset(counts, 0, sizeof(*counts));
    counts->genotyped = dp_mdr_genotypes_sample_count(genotypes);
    counts->phenotypes_only = dp_mdr_phenotype_count(phenotypes);
    for (column = 0; column < counts->genotyped; column++) {
        enum dp_mdr_class class;

        if (!dp_mdr_phenotype_find(phenotypes, dp_mdr_genotypes_sample(genotypes, column),
                                   &number)) {
            counts->genotypes_only++;
            continue;
        }
        counts->phenotypes_only--;
        class = dp_mdr_phenotype_class(phenotypes, number);
        if (class == DP_MDR_UNKNOWN)
            counts->missing++;
        else
            add(cohort, column, class);
    }
    counts->analysed = cohort->sample_count;
}

/* Is there something to compare? */
static int check_classes(const struct dp_mdr_genotypes *genotypes,
                         const struct dp_mdr_phenotypes *phenotypes,
                         const struct dp_mdr_cohort *cohort,
                         const struct dp_mdr_cohort_counts *counts, struct dp_error *err)
{
    const char *source = dp_mdr_phenotype_source(phenotypes);
    unsigned long long analysed = counts->analysed;

    if (counts->genotyped == 0)
        return dp_error_set(err, DP_DATA, "%s: the genotypes have no samples", source);
    if (counts->genotypes_only == counts->genotyped)
        return dp_error_set(err, DP_DATA,
                            "%s: none of its %zu IDs is a sample of the genotypes: '%.100s' here, "
                            "'%.100s' there",
                            source, dp_mdr_phenotype_count(phenotypes),
                            dp_mdr_phenotype_id(phenotypes, 0),
                            dp_mdr_genotypes_sample(genotypes, 0));
    if (analysed == 0)
        return dp_error_set(err, DP_DATA, "%s: the phenotypes of all %llu samples are missing",
                            source, (unsigned long long)counts->missing);
    if (cohort->case_count == 0)
        return dp_error_set(err, DP_DATA, "%s: no case among the %llu samples with a phenotype%s",
                            source, analysed,
                            dp_mdr_phenotype_has_zeros(phenotypes)
                                ? "; 0 is missing here: with --01 it is a control, 1 a case"
                                : "");
    if (cohort->control_count == 0)
        return dp_error_set(err, DP_DATA, "%s: no control among the %llu samples with a phenotype",
                            source, analysed);
    return DP_OK;
}

int dp_mdr_cohort_match(const struct dp_mdr_genotypes *genotypes,
                        const struct dp_mdr_phenotypes *phenotypes, struct dp_mdr_cohort *cohort,
                        struct dp_mdr_cohort_counts *counts, struct dp_error *err)
{
    struct dp_mdr_cohort made;
    struct dp_mdr_cohort_counts found;
    int result = allocate(&made, dp_mdr_genotypes_sample_count(genotypes), err);

    if (result == DP_OK) {
        match(genotypes, phenotypes, &made, &found);
        result = check_classes(genotypes, phenotypes, &made, &found, err);
    }
    if (result < 0) {
        dp_mdr_cohort_free(&made);
        return result;
    }
    *cohort = made;
    if (counts)
        *counts = found;
    return DP_OK;
}
