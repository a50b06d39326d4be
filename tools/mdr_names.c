/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/mdr_names.h"

#include "base/error.h"
#include "tools/local.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE, SUMMARY, FOLDS, PLANES, JOURNAL, STATS, OUTPUTS };

/* Is `name` BASE.N, with N a rank? Such files are journals and counts of other ranks. */
static bool is_of_rank(const char *name, const char *base)
{
    size_t length = strlen(name), digits = 0;
    char *front;
    bool is = false;

    while (digits < length && isdigit((unsigned char)name[length - digits - 1]))
        digits++;
    if (digits == 0 || digits + 1 >= length || name[length - digits - 1] != '.')
        return false;
    front = strndup(name, length - digits - 1);
    if (front)
        is = dp_local_is_same_place(front, base);
    free(front);
    return is;
}

/* Is anything of `input` lost when `output` is written, or what ranks have under its name? */
static int check_input(const char *output, const char *input, bool has_ranks, struct dp_error *err)
{
    if (has_ranks && is_of_rank(input, output))
        return dp_error_set(err, DP_INVALID, "%s: it is read from too, '%s' would replace it",
                            input, output);
    return dp_local_check_output(output, input, err);
}

/* The same for what is named `name` and each suffix. */
static int check_suffixes(const char *output, const char *name, const char *const *suffixes,
                          bool has_ranks, struct dp_error *err)
{
    char *full;
    int rc = DP_OK;

    for (; name && *suffixes && rc == DP_OK; suffixes++) {
        if (asprintf(&full, "%s%s", name, *suffixes) < 0)
            return dp_error_no_memory(err);
        rc = check_input(output, full, has_ranks, err);
        free(full);
    }
    return rc;
}

/* Also the indexes that there may be of the VCF: they belong to it, whoever reads them. */
static int check_inputs(const struct dp_mdr_options *options, const char *output, bool has_ranks,
                        struct dp_error *err)
{
    static const char *const plink[] = {".bed", ".bim", ".fam", NULL};
    static const char *const indexes[] = {"", ".dpi", ".tbi", ".csi", ".gzi", NULL};
    const char *inputs[] = {options->planes, options->pheno, options->fold_file, options->index};
    size_t i;
    int rc = check_suffixes(output, options->bfile, plink, has_ranks, err);

    if (rc == DP_OK)
        rc = check_suffixes(output, options->vcf, indexes, has_ranks, err);
    for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]) && rc == DP_OK; i++)
        if (inputs[i])
            rc = check_input(output, inputs[i], has_ranks, err);
    return rc;
}

int dp_mdr_names_check(const struct dp_mdr_options *options, const struct dp_mdr_names *names,
                       bool *stats_are_safe, struct dp_error *err)
{
    const char *outputs[OUTPUTS] = {options->output,      names->summary, options->write_folds,
                                    options->save_planes, names->journal, names->stats};
    const bool has_ranks[OUTPUTS] = {[JOURNAL] = true, [STATS] = names->many_ranks};
    size_t i, k;
    int rc = DP_OK;

    *stats_are_safe = true;
    for (i = 0; i < OUTPUTS && rc == DP_OK; i++) {
        if (!outputs[i])
            continue;
        rc = check_inputs(options, outputs[i], has_ranks[i], err);
        for (k = 0; rc == DP_OK && k < i; k++)
            if (outputs[k] && (dp_local_is_same_place(outputs[i], outputs[k]) ||
                               (has_ranks[i] && is_of_rank(outputs[k], outputs[i])) ||
                               (has_ranks[k] && is_of_rank(outputs[i], outputs[k]))))
                rc = dp_error_set(err, DP_INVALID, "%s: two outputs cannot go there", outputs[i]);
        if (rc < 0 && i == STATS)
            *stats_are_safe = false;
    }
    return rc;
}
