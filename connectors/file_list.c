/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Listing the files below a folder, in the order in which a bucket would list them: by the bytes of
 * their paths. One folder's names at a time are in memory, and those of the folders above it. */

#include "config.h"

#include "connectors/file.h"

#include "connectors/glob.h"
#include "connectors/list.h"
#include "connectors/uri.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 256 };

/* A folder that is being walked through. */
struct folder {
    size_t path_length;    /* of its path, '/' included */
    struct dp_array names; /* char *, sorted; those of folders end in '/' */
    size_t next;
    dev_t device;
    ino_t inode;
};

struct file_list {
    struct dp_list list;
    struct dp_glob glob;
    struct dp_array path;    /* of the folder on top, and of what is looked at in it */
    struct dp_array folders; /* struct folder, the innermost one last */
    char *uri;               /* of the entry given last */
    char validator[48];
};

static struct folder *top_of(struct file_list *file)
{
    return (struct folder *)file->folders.data + (file->folders.length - 1);
}

static const char *path_of(const struct file_list *file)
{
    return file->path.data;
}

/* Makes the path `length` bytes of what it is, and `name` behind. */
static int set_path(struct file_list *file, size_t length, const char *name,
                    struct dp_error *err)
{
    file->path.length = length;
    if (!dp_array_append(&file->path, name, strlen(name) + 1, 1))
        return dp_error_no_memory(err);
    file->path.length--; /* the NUL is not counted */
    return DP_OK;
}

/* --------------------------------------------------------------------------------- folders */

/* The type of an entry; links are followed. 0 for what is gone or leads nowhere. */
static mode_t type_of(int folder, const struct dirent *entry)
{
    struct stat about;

    if (entry->d_type == DT_REG)
        return S_IFREG;
    if (entry->d_type == DT_DIR)
        return S_IFDIR;
    if (fstatat(folder, entry->d_name, &about, 0) != 0)
        return 0;
    return about.st_mode & S_IFMT;
}

/* Keeps the name when something of it can match. */
static int take_name(struct file_list *file, struct dp_array *names, int folder,
                     const struct dirent *entry, struct dp_error *err)
{
    mode_t type = type_of(folder, entry);
    size_t before = file->path.length;
    char *name;
    bool wanted;
    int rc;

    if ((type != S_IFREG && type != S_IFDIR) || strcmp(entry->d_name, ".") == 0 ||
        strcmp(entry->d_name, "..") == 0)
        return DP_OK;
    if (asprintf(&name, "%s%s", entry->d_name, type == S_IFDIR ? "/" : "") < 0)
        return dp_error_no_memory(err);
    rc = set_path(file, before, name, err);
    wanted = !rc && (type == S_IFDIR ? dp_glob_may_match_below : dp_glob_match)(
                        &file->glob, path_of(file), file->path.length);
    if (wanted && dp_array_append(names, &name, 1, sizeof(name)))
        name = NULL;
    else if (wanted)
        rc = dp_error_no_memory(err);
    free(name);
    file->path.length = before;
    ((char *)file->path.data)[before] = 0;
    return rc;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(struct dp_array *names)
{
    size_t i;

    for (i = 0; i < names->length; i++)
        free(((char **)names->data)[i]);
    dp_array_free(names);
}

static int read_names(struct file_list *file, DIR *stream, struct dp_array *names,
                      struct dp_error *err)
{
    struct dirent *entry;
    int rc = DP_OK;

    while (!rc && (errno = 0, entry = readdir(stream))) {
        rc = dp_context_check(file->list.context, err);
        if (!rc)
            rc = take_name(file, names, dirfd(stream), entry, err);
    }
    if (!rc && errno)
        rc = dp_error_set_errno(err, errno, "%s", path_of(file));
    if (!rc && names->length)
        qsort(names->data, names->length, sizeof(char *), compare_names);
    return rc;
}

/* A link that leads to one of the folders above would be followed for ever. */
static bool is_above(const struct file_list *file, const struct stat *about)
{
    const struct folder *folders = file->folders.data;
    size_t i;

    for (i = 0; i < file->folders.length; i++)
        if (folders[i].device == about->st_dev && folders[i].inode == about->st_ino)
            return true;
    return false;
}

/* Goes into the folder whose path stands in `path`, '/' included. What vanished meanwhile and what
 * is walked through already is left out. */
static int enter(struct file_list *file, struct dp_error *err)
{
    struct folder folder = {.path_length = file->path.length};
    int fd = open(path_of(file), O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = DP_OK;
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    struct stat about;

    if (!stream) {
        rc = errno == ENOENT && file->folders.length
                 ? DP_OK
                 : dp_error_set_errno(err, errno, "%s", path_of(file));
        if (fd >= 0)
            close(fd);
        return rc;
    }
    if (fstat(fd, &about) != 0)
        rc = dp_error_set_errno(err, errno, "%s", path_of(file));
    if (rc || is_above(file, &about))
        goto out;
    if (file->folders.length == DEEPEST) {
        rc = dp_error_set(err, DP_INVALID, "%s: more than %d folders in one another",
                          path_of(file), DEEPEST);
        goto out;
    }
    folder.device = about.st_dev;
    folder.inode = about.st_ino;
    rc = read_names(file, stream, &folder.names, err);
    if (!rc && !dp_array_append(&file->folders, &folder, 1, sizeof(folder)))
        rc = dp_error_no_memory(err);
    if (rc)
        free_names(&folder.names);
out:
    closedir(stream);
    return rc;
}

static void leave(struct file_list *file)
{
    free_names(&top_of(file)->names);
    file->folders.length--;
}

/* --------------------------------------------------------------------------------- entries */

/* 1 and the entry, or 0 for a file that vanished meanwhile. */
static int give(struct file_list *file, struct dp_list_entry *entry, struct dp_error *err)
{
    struct stat about;
    char *uri;
    int rc;

    if (stat(path_of(file), &about) != 0)
        return errno == ENOENT ? 0 : dp_error_set_errno(err, errno, "%s", path_of(file));
    rc = dp_uri_from_path(path_of(file), &uri, err);
    if (rc)
        return rc;
    free(file->uri);
    file->uri = uri;
    snprintf(file->validator, sizeof(file->validator), "mtime:%lld.%09ld",
             (long long)about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
    entry->uri = uri;
    entry->size_bytes = (uint64_t)about.st_size;
    entry->validator = file->validator;
    return 1;
}

static int next_file(struct dp_list *list, struct dp_list_entry *entry, struct dp_error *err)
{
    struct file_list *file = (struct file_list *)list;
    int rc = dp_context_check(list->context, err);

    while (!rc && file->folders.length) {
        struct folder *top = top_of(file);
        const char *name;

        if (top->next == top->names.length) {
            leave(file);
            continue;
        }
        name = ((char **)top->names.data)[top->next++];
        rc = set_path(file, top->path_length, name, err);
        if (!rc)
            rc = name[strlen(name) - 1] == '/' ? enter(file, err) : give(file, entry, err);
    }
    return rc;
}

/* --------------------------------------------------------------------------------- opening */

static void close_list(struct dp_list *list)
{
    struct file_list *file = (struct file_list *)list;

    while (file->folders.length)
        leave(file);
    dp_array_free(&file->folders);
    dp_array_free(&file->path);
    dp_glob_free(&file->glob);
    free(file->uri);
}

static const struct dp_list_ops file_list_ops = {
    .name = "file", .next = next_file, .close = close_list};

/* The part of a file URI that is the path. */
static const char *path_part(const char *uri)
{
    const char *rest = uri + dp_uri_scheme_length(uri) + 1;

    return strncmp(rest, "//", 2) == 0 ? rest + 2 + strcspn(rest + 2, "/") : rest;
}

/* A folder that exists is meant as it is called; everything else is a pattern, in which what is
 * encoded in a URI means itself. Every pattern begins with a folder. */
static int compile(struct file_list *file, const char *uri, struct dp_error *err)
{
    bool is_uri = dp_uri_scheme_length(uri) > 0, exists;
    struct stat about;
    char *path, *text = NULL;
    int rc = dp_uri_to_path(uri, &path, err);

    if (rc)
        return rc;
    exists = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
    if (asprintf(&text, "%s%s%s", *path == '/' ? "" : "./",
                 exists || !is_uri ? path : path_part(uri), exists ? "/" : "") < 0)
        text = NULL;
    if (!text)
        rc = dp_error_no_memory(err);
    else if (exists)
        rc = dp_glob_compile(&file->glob, DP_GLOB_LITERAL, text, uri, err);
    else
        rc = dp_glob_compile(&file->glob, is_uri ? DP_GLOB_ENCODED : DP_GLOB_PLAIN, text, uri, err);
    free(text);
    free(path);
    return rc;
}

/* Enters the last folder that every match lies in. */
static int enter_first(struct file_list *file, struct dp_error *err)
{
    size_t length = (size_t)(strrchr(file->glob.prefix, '/') + 1 - file->glob.prefix);
    int rc = set_path(file, 0, file->glob.prefix, err);

    if (!rc)
        rc = set_path(file, length, "", err);
    return rc ? rc : enter(file, err);
}

int dp_file_list_open(struct dp_context *context, const char *uri,
                      const struct dp_list_options *options, struct dp_list **list,
                      struct dp_error *err)
{
    struct file_list *file =
        (struct file_list *)dp_list_new(sizeof(*file), &file_list_ops, context, options, uri);
    int rc;

    if (!file)
        return dp_error_no_memory(err);
    rc = compile(file, uri, err);
    if (!rc)
        rc = enter_first(file, err);
    if (rc)
        dp_list_free(&file->list);
    else
        *list = &file->list;
    return rc;
}
