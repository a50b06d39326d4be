/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/object.h"

START_TEST(schemes_find_their_rows)
{
    struct dp_error err;

    ck_assert_str_eq(dp_connector_find("x/y", &err)->scheme, "");
    ck_assert_str_eq(dp_connector_find("FILE:///x", &err)->scheme, "file");
}
END_TEST

START_TEST(an_unknown_scheme_is_named)
{
    struct dp_context *context = test_context();
    struct dp_object *object = NULL;
    struct dp_sink *sink = NULL;
    struct dp_error err;

    ck_assert_int_eq(dp_object_open(context, "gopher://h/x", NULL, &object, &err),
                     DP_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "gopher://"));
    ck_assert_ptr_nonnull(strstr(err.message, "file://"));
    ck_assert_int_eq(dp_sink_open(context, "gopher://h/x", &sink, &err), DP_UNSUPPORTED);
    ck_assert(!object && !sink);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("connector", schemes_find_their_rows, an_unknown_scheme_is_named)
