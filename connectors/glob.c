/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/glob.h"

#include "connectors/uri.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_PATTERN = 8 << 10 };

enum kind { BYTE, ANY, CLASS, STAR, FOLDERS, EVERYTHING };

/* One step of a pattern. A text is matched by walking all ways through the tokens at once. */
struct token {
    enum kind kind;
    unsigned char byte;   /* BYTE */
    unsigned char set[16]; /* CLASS: a bit for each ASCII character */
    bool others;          /* CLASS: everything that is not in the set */
};

static const struct token *token_at(const struct dp_glob *glob, size_t i)
{
    return (const struct token *)glob->tokens.data + i;
}

/* ------------------------------------------------------------------------------- compiling */

static bool add(struct dp_glob *glob, enum kind kind, unsigned char byte)
{
    struct token token = {.kind = kind, .byte = byte};

    return dp_array_append(&glob->tokens, &token, 1, sizeof(token));
}

static bool add_bytes(struct dp_glob *glob, const char *bytes, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++)
        if (!add(glob, BYTE, (unsigned char)bytes[i]))
            return false;
    return true;
}

/* The length of the class at `text`, which begins with '['; 0: a '[' that means itself. */
static size_t class_length(const char *text)
{
    size_t n = 1;

    if (text[n] == '!' || text[n] == '^')
        n++;
    if (text[n] == ']') /* in the first place it means itself */
        n++;
    while (text[n] && text[n] != ']' && text[n] != '/')
        n++;
    return text[n] == ']' ? n + 1 : 0;
}

/* Fills the set from the text between the brackets. False for what is not ASCII. */
static bool fill_set(struct token *token, const char *text, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++) {
        unsigned char first = (unsigned char)text[i], last = first;

        if (i + 2 < length && text[i + 1] == '-') {
            last = (unsigned char)text[i + 2];
            i += 2;
        }
        if (first > 127 || last > 127)
            return false;
        for (; first <= last; first++)
            token->set[first / 8] |= (unsigned char)(1 << first % 8);
    }
    return true;
}

static int add_class(struct dp_glob *glob, const char *text, size_t length, const char *name,
                     struct dp_error *err)
{
    struct token token = {.kind = CLASS};

    token.others = text[1] == '!' || text[1] == '^';
    if (!fill_set(&token, text + 1 + token.others, length - 2 - token.others))
        return dp_error_set(err, DP_INVALID, "%s: a class %.*s can hold ASCII characters only",
                            name, (int)length, text);
    return dp_array_append(&glob->tokens, &token, 1, sizeof(token)) ? DP_OK
                                                                    : dp_error_no_memory(err);
}

/* Whether a component begins behind what was compiled so far. */
static bool at_component(const struct dp_glob *glob)
{
    const struct token *last;

    if (!glob->tokens.length)
        return true;
    last = token_at(glob, glob->tokens.length - 1);
    return last->kind == FOLDERS || (last->kind == BYTE && last->byte == '/');
}

/* Adds what the stars at `text` mean; *length of them are used up. */
static bool add_stars(struct dp_glob *glob, const char *text, size_t *length)
{
    *length = strspn(text, "*");
    if (*length == 1)
        return add(glob, STAR, 0);
    if (text[*length] != '/' || !at_component(glob))
        return add(glob, EVERYTHING, 0);
    ++*length;
    return add(glob, FOLDERS, 0);
}

/* Adds the first element of a pattern; *length bytes of `text` are used up. */
static int add_element(struct dp_glob *glob, enum dp_glob_text kind, const char *text,
                       size_t *length, const char *name, struct dp_error *err)
{
    struct dp_array plain = {0};
    size_t n = *text == '[' ? class_length(text) : 0;
    bool ok;

    *length = n ? n : 1;
    if (n)
        return add_class(glob, text, n, name, err);
    if (*text == '*') {
        ok = add_stars(glob, text, length);
    } else if (*text == '?') {
        ok = add(glob, ANY, 0);
    } else if (*text == '%' && kind == DP_GLOB_ENCODED) {
        n = strnlen(text, 3);
        ok = dp_uri_decode(&plain, text, n);
        *length = ok && plain.length == 1 ? n : 1;
        ok = ok && add_bytes(glob, plain.data, 1);
        dp_array_free(&plain);
    } else {
        ok = add_bytes(glob, text, 1);
    }
    return ok ? DP_OK : dp_error_no_memory(err);
}

/* Splits off the bytes before the first pattern, and looks at what is behind. */
static int take_prefix(struct dp_glob *glob, struct dp_error *err)
{
    const struct token *tokens = glob->tokens.data;
    size_t i, count = glob->tokens.length;

    glob->prefix = malloc(count + 1);
    if (!glob->prefix)
        return dp_error_no_memory(err);
    for (i = 0; i < count && tokens[i].kind == BYTE; i++)
        glob->prefix[i] = (char)tokens[i].byte;
    glob->prefix[i] = 0;
    glob->prefix_length = i;
    glob->literal = i == count;
    for (; i < count; i++)
        if (tokens[i].kind == FOLDERS || tokens[i].kind == EVERYTHING ||
            (tokens[i].kind == BYTE && tokens[i].byte == '/'))
            glob->deep = true;
    return DP_OK;
}

int dp_glob_compile(struct dp_glob *glob, enum dp_glob_text kind, const char *text,
                    const char *name, struct dp_error *err)
{
    size_t total = strlen(text), n;
    int rc = DP_OK;

    memset(glob, 0, sizeof(*glob));
    if (total > LONGEST_PATTERN)
        return dp_error_set(err, DP_INVALID, "a pattern of more than %d bytes", LONGEST_PATTERN);
    if (kind == DP_GLOB_LITERAL && !add_bytes(glob, text, total))
        return dp_error_no_memory(err);
    for (; kind != DP_GLOB_LITERAL && !rc && *text; text += n)
        rc = add_element(glob, kind, text, &n, name, err);
    if (!rc && at_component(glob) && !add(glob, EVERYTHING, 0))
        rc = dp_error_no_memory(err);
    return rc ? rc : take_prefix(glob, err);
}

void dp_glob_free(struct dp_glob *glob)
{
    dp_array_free(&glob->tokens);
    free(glob->prefix);
    glob->prefix = NULL;
}

/* -------------------------------------------------------------------------------- matching */

/* What a text may still become: state i means that the tokens before i are used up. */
struct walk {
    const struct token *tokens;
    size_t count;
    bool *now, *next; /* count + 1 each */
    bool begins;      /* at the beginning of a component */
};

/* Tokens that may stand for nothing let a walk pass. */
static void pass(const struct walk *walk, bool *states)
{
    size_t i;

    for (i = 0; i < walk->count; i++)
        if (states[i] && walk->tokens[i].kind >= STAR &&
            (walk->tokens[i].kind != FOLDERS || walk->begins))
            states[i + 1] = true;
}

static bool takes(const struct token *token, unsigned char c)
{
    bool in = c < 128 && token->set[c / 8] >> c % 8 & 1;

    return token->kind == ANY || in != token->others;
}

/* Goes from one token over the byte `c`. */
static void step(struct walk *walk, size_t i, unsigned char c)
{
    const struct token *token = &walk->tokens[i];
    bool plain = c != '/' && !(walk->begins && c == '.');
    bool character = plain && (c & 0xC0) != 0x80; /* where a character begins */

    switch (token->kind) {
    case BYTE:
        /* In "*.gz" the star comes first, and wants no '.' behind it either. */
        if (walk->begins && c == '.' && i && token[-1].kind == STAR)
            break;
        walk->next[i + 1] |= token->byte == c;
        break;
    case ANY:
    case CLASS:
        walk->next[i + 1] |= character && takes(token, c);
        break;
    case STAR:
        walk->next[i] |= plain;
        break;
    case FOLDERS:
    case EVERYTHING:
        walk->next[i] = true;
        break;
    }
}

static void advance(struct walk *walk, unsigned char c)
{
    bool *swap = walk->now;
    size_t i;

    memset(walk->next, 0, walk->count + 1);
    for (i = 0; i < walk->count; i++)
        if (walk->now[i])
            step(walk, i, c);
    /* The rest of a UTF-8 character belongs to the '?' or class that took its first byte. */
    for (i = 0; (c & 0xC0) == 0x80 && i < walk->count; i++)
        if (walk->now[i + 1] && (walk->tokens[i].kind == ANY || walk->tokens[i].kind == CLASS))
            walk->next[i + 1] = true;
    walk->begins = c == '/';
    walk->now = walk->next;
    walk->next = swap;
    pass(walk, walk->now);
}

/* Whether the tokens take all of `text`, exactly or with more to come. */
static bool run(const struct dp_glob *glob, const char *text, size_t length, bool more)
{
    struct walk walk = {.tokens = glob->tokens.data, .count = glob->tokens.length, .begins = true};
    bool states[2][LONGEST_PATTERN + 2], found = false; /* a ** may have been added */
    size_t i;

    walk.now = states[0];
    walk.next = states[1];
    memset(walk.now, 0, walk.count + 1);
    walk.now[0] = true;
    pass(&walk, walk.now);
    for (i = 0; i < length; i++)
        advance(&walk, (unsigned char)text[i]);
    for (i = 0; more && i <= walk.count; i++)
        found |= walk.now[i];
    return found || walk.now[walk.count];
}

bool dp_glob_match(const struct dp_glob *glob, const char *text, size_t length)
{
    return run(glob, text, length, false);
}

bool dp_glob_may_match_below(const struct dp_glob *glob, const char *text, size_t length)
{
    return run(glob, text, length, true);
}

bool dp_glob_is_pattern(const char *text)
{
    for (; *text; text++)
        if (*text == '*' || *text == '?' || (*text == '[' && class_length(text)))
            return true;
    return false;
}
