/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "connectors/s3_error.h"

#include <expat.h>
#include <string.h>

/* Only children of the root are looked at, and those of its child <Error> where it has one, as the
 * documents of STS do. */
struct reader {
    struct dp_s3_error *document;
    int depth;
    int level; /* the depth that is looked at */
    char *field; /* where the text of the open element goes; NULL: nowhere */
    size_t capacity, used;
};

static void choose_field(struct reader *reader, const char *name)
{
    struct dp_s3_error *document = reader->document;
    const struct {
        const char *name;
        char *field;
        size_t capacity;
    } fields[] = {{"Code", document->code, sizeof(document->code)},
                  {"Message", document->message, sizeof(document->message)},
                  {"Region", document->region, sizeof(document->region)},
                  {"Endpoint", document->endpoint, sizeof(document->endpoint)},
                  {"UploadId", document->upload_id, sizeof(document->upload_id)}};
    size_t i;

    reader->field = NULL;
    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (strcmp(fields[i].name, name) == 0) {
            reader->field = fields[i].field;
            reader->capacity = fields[i].capacity;
            reader->used = 0;
        }
}

static void XMLCALL start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *reader = user;

    (void)attributes;
    reader->depth++;
    if (reader->depth == 1)
        reader->document->completed = strcmp(name, "CompleteMultipartUploadResult") == 0;
    else if (reader->depth == 2 && strcmp(name, "Error") == 0)
        reader->level = 3;
    else if (reader->depth == reader->level)
        choose_field(reader, name);
}

static void XMLCALL end(void *user, const XML_Char *name)
{
    struct reader *reader = user;

    (void)name;
    if (reader->depth-- == reader->level)
        reader->field = NULL;
}

static void XMLCALL text(void *user, const XML_Char *bytes, int length)
{
    struct reader *reader = user;
    int i;

    for (i = 0; reader->field && i < length; i++) {
        bool control = (unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7f;

        if (reader->used + 1 < reader->capacity)
            reader->field[reader->used] = control ? ' ' : bytes[i];
        reader->used++;
    }
    /* Half an upload id would name another upload. */
    if (reader->field == reader->document->upload_id && reader->used >= reader->capacity)
        reader->field[0] = 0;
}

/* "bucket.s3.eu-west-1.amazonaws.com", "bucket.s3-eu-west-1.amazonaws.com": redirects that name no
 * region name its host. */
static void read_region(struct dp_s3_error *document)
{
    const char *end = strstr(document->endpoint, ".amazonaws.com"), *from = end;

    while (from && from > document->endpoint && from[-1] != '.')
        from--;
    if (from && strncmp(from, "s3-", 3) == 0)
        from += 3;
    if (!from || end - from <= 2 || (size_t)(end - from) >= sizeof(document->region))
        return;
    memcpy(document->region, from, (size_t)(end - from));
    document->region[end - from] = 0;
}

bool dp_s3_error_parse(const char *body, size_t length, struct dp_s3_error *document)
{
    XML_Parser parser = XML_ParserCreate(NULL);
    struct dp_s3_error found;
    struct reader reader = {.document = &found, .level = 2};
    bool ok;

    if (!parser)
        return false;
    /* Stores send blanks to keep a connection open while they work. */
    while (length && strchr(" \t\r\n", *body) && *body) {
        body++;
        length--;
    }
    memset(&found, 0, sizeof(found));
    XML_SetUserData(parser, &reader);
    XML_SetElementHandler(parser, start, end);
    XML_SetCharacterDataHandler(parser, text);
    ok = length < 1 << 20 && XML_Parse(parser, body, (int)length, 1) == XML_STATUS_OK &&
         (found.code[0] || found.upload_id[0] || found.completed);
    XML_ParserFree(parser);
    if (ok && !found.region[0] && found.endpoint[0])
        read_region(&found);
    if (ok)
        *document = found;
    return ok;
}
