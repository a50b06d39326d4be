/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A bucket's listing from a hostile server: whatever is sent, pieces of any size give the same
 * page, and a page is sound. */

#include "connectors/s3_page.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static int read_page(struct dp_s3_page *page, const uint8_t *data, size_t size, size_t step)
{
    int rc = dp_s3_page_begin(page, NULL);
    size_t i;

    for (i = 0; !rc && i < size; i += step)
        rc = dp_s3_page_feed(page, "page", data + i, size - i < step ? size - i : step, NULL);
    return rc ? rc : dp_s3_page_end(page, "page", NULL);
}

static const struct dp_s3_page_entry *entry(const struct dp_s3_page *page, size_t i)
{
    return (const struct dp_s3_page_entry *)page->entries.data + i;
}

static void compare(const struct dp_s3_page *a, const struct dp_s3_page *b)
{
    size_t i;

    demand(a->entries.length == b->entries.length && a->entries.length <= 10000);
    demand(!a->next_token == !b->next_token);
    demand(!a->next_token || strcmp(a->next_token, b->next_token) == 0);
    for (i = 0; i < a->entries.length; i++) {
        demand(entry(a, i)->key && *entry(a, i)->key);
        demand(strcmp(entry(a, i)->key, entry(b, i)->key) == 0);
        demand(strcmp(entry(a, i)->etag, entry(b, i)->etag) == 0);
        demand(!entry(a, i)->etag[0] || entry(a, i)->etag[0] == '"');
        demand(entry(a, i)->size_bytes == entry(b, i)->size_bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dp_s3_page whole = {0}, pieces = {0};
    int rc;

    if (size < 1)
        return 0;
    rc = read_page(&whole, data + 1, size - 1, size);
    demand(read_page(&pieces, data + 1, size - 1, 1 + data[0] % 61) == rc);
    if (rc == DP_OK)
        compare(&whole, &pieces);
    dp_s3_page_free(&whole);
    dp_s3_page_free(&pieces);
    return 0;
}
