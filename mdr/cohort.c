/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/cohort.h"

#include <stdlib.h>
#include <string.h>

void dp_mdr_cohort_free(struct dp_mdr_cohort *cohort)
{
    free(cohort->column);
    free(cohort->is_case);
    free(cohort->fold);
    memset(cohort, 0, sizeof(*cohort));
}
