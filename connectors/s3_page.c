/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/s3_page.h"

#include "connectors/uri.h"

#include <errno.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEEPEST = 16,
    MOST_ENTRIES = 10000,       /* stores send 1000 */
    LONGEST_TEXT = 16 << 10     /* a key has at most 1024 bytes, each of them encoded as three */
};

struct dp_s3_page_reader {
    XML_Parser parser;
    struct dp_s3_page *page;
    struct dp_array text;   /* of the innermost element so far */
    char *token;            /* NextContinuationToken */
    struct dp_s3_page_entry entry; /* under way; `key` still as it came */
    bool has_size;
    bool listing;           /* the root says that it is one */
    bool encoded;           /* keys are percent-encoded */
    bool truncated;
    int depth;
    bool in_entry;
    const char *refused;    /* why the reading was ended; NULL: the parser's own reason */
};

static void refuse(struct dp_s3_page_reader *reader, const char *why)
{
    if (!reader->refused)
        reader->refused = why;
    XML_StopParser(reader->parser, XML_FALSE);
}

/* ------------------------------------------------------------------------------- elements */

static void drop_entry(struct dp_s3_page_reader *reader)
{
    free(reader->entry.key);
    memset(&reader->entry, 0, sizeof(reader->entry));
    reader->has_size = false;
}

static void XMLCALL start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct dp_s3_page_reader *reader = user;

    (void)attributes;
    reader->text.length = 0;
    if (++reader->depth > DEEPEST)
        refuse(reader, "it is nested too deeply");
    if (reader->depth == 1)
        reader->listing = strcmp(name, "ListBucketResult") == 0;
    if (reader->depth == 2 && strcmp(name, "Contents") == 0)
        reader->in_entry = true;
}

static void XMLCALL take_text(void *user, const XML_Char *bytes, int length)
{
    struct dp_s3_page_reader *reader = user;

    if (reader->text.length + (size_t)length > LONGEST_TEXT)
        refuse(reader, "a text is too long");
    else if (!dp_array_append(&reader->text, bytes, (size_t)length, 1))
        refuse(reader, "memory is short");
}

/* The text as a string of its own; NULL when memory is short, which ends the reading. */
static char *copy_text(struct dp_s3_page_reader *reader)
{
    char *text = strndup(reader->text.data ? reader->text.data : "", reader->text.length);

    if (!text)
        refuse(reader, "memory is short");
    return text;
}

/* The text as it is, for comparing; valid until the next element. */
static bool text_is(const struct dp_s3_page_reader *reader, const char *text)
{
    return reader->text.length == strlen(text) &&
           memcmp(reader->text.data, text, reader->text.length) == 0;
}

static void take_size(struct dp_s3_page_reader *reader, const char *text)
{
    char *end;

    errno = 0;
    reader->entry.size_bytes = strtoull(text, &end, 10);
    reader->has_size = *text >= '0' && *text <= '9' && !*end && !errno;
}

/* The validator that the object's own header will carry; a weak one is none. */
static void take_etag(struct dp_s3_page_reader *reader, const char *text)
{
    size_t n = strlen(text);
    bool quoted = n >= 2 && text[0] == '"' && text[n - 1] == '"';

    if (!n || n + 3 > sizeof(reader->entry.etag) || (!quoted && strpbrk(text, "\"/ ")))
        return;
    strcpy(reader->entry.etag, quoted ? "" : "\"");
    strcat(reader->entry.etag, text);
    strcat(reader->entry.etag, quoted ? "" : "\"");
}

static void end_field(struct dp_s3_page_reader *reader, const char *name)
{
    char *text = copy_text(reader);

    if (!text)
        return;
    if (strcmp(name, "Key") == 0 && !reader->entry.key) {
        reader->entry.key = text;
        return;
    }
    if (strcmp(name, "Size") == 0)
        take_size(reader, text);
    else if (strcmp(name, "ETag") == 0)
        take_etag(reader, text);
    free(text);
}

static void end_entry(struct dp_s3_page_reader *reader)
{
    struct dp_array *entries = &reader->page->entries;

    reader->in_entry = false;
    if (!reader->entry.key || !*reader->entry.key || !reader->has_size)
        refuse(reader, "an entry lacks its key or size");
    else if (entries->length == MOST_ENTRIES)
        refuse(reader, "it has too many entries");
    else if (!dp_array_append(entries, &reader->entry, 1, sizeof(reader->entry)))
        refuse(reader, "memory is short");
    else
        reader->entry.key = NULL; /* the page's now */
    drop_entry(reader);
}

static void end_of_root_child(struct dp_s3_page_reader *reader, const char *name)
{
    if (strcmp(name, "IsTruncated") == 0) {
        reader->truncated = text_is(reader, "true");
    } else if (strcmp(name, "EncodingType") == 0) {
        reader->encoded = text_is(reader, "url");
    } else if (strcmp(name, "NextContinuationToken") == 0) {
        free(reader->token);
        reader->token = copy_text(reader);
    }
}

static void XMLCALL end(void *user, const XML_Char *name)
{
    struct dp_s3_page_reader *reader = user;

    if (reader->depth == 3 && reader->in_entry)
        end_field(reader, name);
    else if (reader->depth == 2 && reader->in_entry)
        end_entry(reader);
    else if (reader->depth == 2)
        end_of_root_child(reader, name);
    reader->depth--;
    reader->text.length = 0;
}

/* No store sends one; what it could declare makes small documents big. */
static void XMLCALL refuse_document_type(void *user, const XML_Char *name, const XML_Char *system,
                                         const XML_Char *public, int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    refuse(user, "it has a document type");
}

/* ----------------------------------------------------------------------------------- page */

static void drop_entries(struct dp_s3_page *page)
{
    struct dp_s3_page_entry *entries = page->entries.data;
    size_t i;

    for (i = 0; i < page->entries.length; i++)
        free(entries[i].key);
    page->entries.length = 0;
    free(page->next_token);
    page->next_token = NULL;
}

static void free_reader(struct dp_s3_page *page)
{
    struct dp_s3_page_reader *reader = page->reader;

    if (!reader)
        return;
    drop_entry(reader);
    if (reader->parser)
        XML_ParserFree(reader->parser);
    dp_array_free(&reader->text);
    free(reader->token);
    free(reader);
    page->reader = NULL;
}

int dp_s3_page_begin(struct dp_s3_page *page, struct dp_error *err)
{
    struct dp_s3_page_reader *reader;

    drop_entries(page);
    free_reader(page);
    page->reader = reader = calloc(1, sizeof(*reader));
    if (!reader)
        return dp_error_no_memory(err);
    reader->page = page;
    reader->parser = XML_ParserCreate(NULL);
    if (!reader->parser) {
        free_reader(page);
        return dp_error_no_memory(err);
    }
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, start, end);
    XML_SetCharacterDataHandler(reader->parser, take_text);
    XML_SetStartDoctypeDeclHandler(reader->parser, refuse_document_type);
    return DP_OK;
}

static int parse(struct dp_s3_page *page, const char *name, const void *bytes, size_t length,
                 bool last, struct dp_error *err)
{
    struct dp_s3_page_reader *reader = page->reader;
    const char *why;

    if (XML_Parse(reader->parser, bytes, (int)length, last) == XML_STATUS_OK)
        return DP_OK;
    why = reader->refused ? reader->refused : XML_ErrorString(XML_GetErrorCode(reader->parser));
    return dp_error_set(err, DP_IO, "%s: the server's listing cannot be read: %s", name, why);
}

int dp_s3_page_feed(struct dp_s3_page *page, const char *name, const void *bytes, size_t length,
                    struct dp_error *err)
{
    const char *from = bytes;
    int rc = DP_OK;

    while (!rc && length) {
        size_t n = length < 1 << 20 ? length : 1 << 20;

        rc = parse(page, name, from, n, false, err);
        from += n;
        length -= n;
    }
    return rc;
}

/* Stores that encode keys write a blank as '+' or as "%20", a plus always as "%2B". */
static int decode_key(struct dp_s3_page_entry *entry, const char *name, struct dp_error *err)
{
    struct dp_array plain = {0};
    char *plus;

    for (plus = entry->key; (plus = strchr(plus, '+')); plus++)
        *plus = ' ';
    if (!dp_uri_decode(&plain, entry->key, strlen(entry->key)))
        return dp_error_no_memory(err);
    if (strlen(plain.data) != plain.length) {
        dp_error_set(err, DP_UNSUPPORTED, "%s: the key '%s' holds a NUL byte", name, entry->key);
        dp_array_free(&plain);
        return DP_UNSUPPORTED;
    }
    free(entry->key);
    entry->key = plain.data;
    return DP_OK;
}

int dp_s3_page_end(struct dp_s3_page *page, const char *name, struct dp_error *err)
{
    struct dp_s3_page_reader *reader = page->reader;
    struct dp_s3_page_entry *entries;
    int rc = parse(page, name, "", 0, true, err);
    size_t i;

    if (!rc && !reader->listing)
        rc = dp_error_set(err, DP_IO, "%s: the server's answer is no listing", name);
    if (!rc && reader->truncated && (!reader->token || !*reader->token))
        rc = dp_error_set(err, DP_IO, "%s: the server's listing is cut and says not how to go on",
                          name);
    entries = page->entries.data;
    for (i = 0; !rc && reader->encoded && i < page->entries.length; i++)
        rc = decode_key(&entries[i], name, err);
    if (!rc && reader->truncated) {
        page->next_token = reader->token;
        reader->token = NULL;
    }
    free_reader(page);
    return rc;
}

void dp_s3_page_free(struct dp_s3_page *page)
{
    drop_entries(page);
    free_reader(page);
    dp_array_free(&page->entries);
}
