/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/signed_hosts.h"

START_TEST(hosts_are_remembered)
{
    struct dp_signed_hosts hosts;
    char url[64];
    int i;

    dp_signed_hosts_init(&hosts);
    ck_assert(!dp_signed_hosts_has(&hosts, "http://store/bucket/key"));
    dp_signed_hosts_add(&hosts, "http://store/bucket/key?X-Amz-Signature=0");
    ck_assert(dp_signed_hosts_has(&hosts, "http://store/bucket/key.dpi"));
    ck_assert(dp_signed_hosts_has(&hosts, "http://STORE?x"));
    ck_assert(dp_signed_hosts_has(&hosts, "https://user:pass@store/"));
    ck_assert(!dp_signed_hosts_has(&hosts, "http://store:81/bucket/key.dpi"));
    ck_assert(!dp_signed_hosts_has(&hosts, "http://stor/store"));
    ck_assert(!dp_signed_hosts_has(&hosts, "http://store.example/"));
    ck_assert(!dp_signed_hosts_has(&hosts, "http://other/@store/"));
    for (i = 0; i < 2000; i++) { /* many are no harm */
        snprintf(url, sizeof(url), "http://host%d/", i);
        dp_signed_hosts_add(&hosts, url);
        dp_signed_hosts_add(&hosts, url);
    }
    ck_assert(dp_signed_hosts_has(&hosts, "http://store/"));
    ck_assert(dp_signed_hosts_has(&hosts, "http://host1000/"));
    dp_signed_hosts_free(&hosts);
}
END_TEST

TEST_MAIN("signed hosts", hosts_are_remembered)
