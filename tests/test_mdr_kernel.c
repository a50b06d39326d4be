/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/kernel.h"
#include "tests/mdr_data.h"

START_TEST(found_by_name)
{
    const char *const *names = dp_mdr_kernel_names();
    const struct dp_mdr_kernel *kernel = NULL;
    struct dp_error err;
    size_t n;

    MUST(dp_mdr_kernel_find(NULL, &kernel, NULL));
    ck_assert_str_eq(dp_mdr_kernel_name(kernel), names[0]);
    MUST(dp_mdr_kernel_find("auto", &kernel, NULL));
    ck_assert_str_eq(dp_mdr_kernel_name(kernel), names[0]);
    for (n = 0; names[n]; n++) {
        MUST(dp_mdr_kernel_find(names[n], &kernel, NULL));
        ck_assert_str_eq(dp_mdr_kernel_name(kernel), names[n]);
    }
    ck_assert_uint_ge(n, 1);
    ck_assert_str_eq(names[n - 1], "generic");
    kernel = NULL;
    ck_assert_int_eq(dp_mdr_kernel_find("no such", &kernel, &err), DP_UNSUPPORTED);
    ck_assert_ptr_null(kernel);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("kernel");

    tcase_add_test(tcase, found_by_name);
    return mdr_run(tcase, "mdr_kernel");
}
