#include "json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64 };

typedef struct {
    json_tree *tree;
    char *at;
    const char *problem;
} reader;

static long read_value(reader *r, int depth);

static void skip_space(reader *r) {
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r' || *r->at == '\n') r->at++;
}

static bool take(reader *r, char wanted) {
    skip_space(r);
    if (*r->at != wanted) return false;
    r->at++;
    return true;
}

static long fail(reader *r, const char *problem) {
    if (!r->problem) r->problem = problem;
    return -1;
}

/* Nodes move when there are more of them, so they are known by their number. */
static long new_node(reader *r, json_kind kind) {
    json_tree *tree = r->tree;
    json_node *node;
    if (tree->used == tree->room) {
        size_t room = tree->room ? 2 * tree->room : 1024;
        json_node *more = realloc(tree->nodes, room * sizeof *more);
        if (!more) return fail(r, "out of memory");
        tree->nodes = more;
        tree->room = room;
    }
    node = &tree->nodes[tree->used];
    memset(node, 0, sizeof *node);
    node->kind = kind;
    node->first = node->next = -1;
    return (long)tree->used++;
}

static int hex4(const char *at) {
    int value = 0, i;
    for (i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0) return -1;
        value = 16 * value + digit;
    }
    return value;
}

static char *put_utf8(char *to, long code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* An escape is never shorter than what it stands for, so the string is rewritten where it lies. */
static const char *read_string(reader *r) {
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    char *start, *to;
    if (!take(r, '"')) return fail(r, "a string is due"), NULL;
    start = to = r->at;
    while (*r->at != '"') {
        const char *known;
        long code, low;
        if ((unsigned char)*r->at < 0x20) return fail(r, "a string has no end"), NULL;
        if (*r->at != '\\') {
            *to++ = *r->at++;
            continue;
        }
        r->at++;
        known = *r->at ? strchr(from, *r->at) : NULL;
        if (known) {
            *to++ = into[known - from];
            r->at++;
            continue;
        }
        if (*r->at != 'u' || (code = hex4(r->at + 1)) < 0) return fail(r, "a bad escape"), NULL;
        r->at += 5;
        if (code >= 0xd800 && code < 0xdc00 && r->at[0] == '\\' && r->at[1] == 'u' && (low = hex4(r->at + 2)) >= 0xdc00 &&
            low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            r->at += 6;
        }
        to = put_utf8(to, code);
    }
    r->at++;
    *to = '\0';
    return start;
}

static long read_children(reader *r, long parent, bool object, int depth) {
    long last = -1;
    char end = object ? '}' : ']';
    if (take(r, end)) return parent;
    do {
        const char *key = NULL;
        long child;
        if (object) {
            key = read_string(r);
            if (!key || !take(r, ':')) return fail(r, "a colon is due");
        }
        child = read_value(r, depth + 1);
        if (child < 0) return -1;
        r->tree->nodes[child].key = key;
        r->tree->nodes[parent].count++;
        if (last < 0)
            r->tree->nodes[parent].first = child;
        else
            r->tree->nodes[last].next = child;
        last = child;
    } while (take(r, ','));
    return take(r, end) ? parent : fail(r, "a comma or a closing bracket is due");
}

static long read_number(reader *r) {
    char *end;
    long node;
    /* strtod takes more than JSON has: inf, nan, hex. */
    if (*r->at != '-' && !(*r->at >= '0' && *r->at <= '9')) return fail(r, "a value is due");
    if (*r->at == '-' && !(r->at[1] >= '0' && r->at[1] <= '9')) return fail(r, "a number is due");
    node = new_node(r, JSON_NUMBER);
    if (node < 0) return -1;
    r->tree->nodes[node].number = strtod(r->at, &end);
    r->at = end;
    return node;
}

static long read_word(reader *r, const char *word, json_kind kind) {
    size_t length = strlen(word);
    if (strncmp(r->at, word, length) != 0) return fail(r, "a value is due");
    r->at += length;
    return new_node(r, kind);
}

static long read_value(reader *r, int depth) {
    long node;
    if (depth > DEEPEST) return fail(r, "nested too deep");
    skip_space(r);
    switch (*r->at) {
        case '{':
        case '[': {
            bool object = *r->at++ == '{';
            node = new_node(r, object ? JSON_OBJECT : JSON_ARRAY);
            return node < 0 ? -1 : read_children(r, node, object, depth);
        }
        case '"': {
            const char *text = read_string(r);
            node = text ? new_node(r, JSON_STRING) : -1;
            if (node >= 0) r->tree->nodes[node].text = text;
            return node;
        }
        case 't': return read_word(r, "true", JSON_TRUE);
        case 'f': return read_word(r, "false", JSON_FALSE);
        case 'n': return read_word(r, "null", JSON_NULL);
        default: return read_number(r);
    }
}

const char *json_read(json_tree *tree, char *text) {
    reader r = {tree, text, NULL};
    tree->used = 0;
    if (read_value(&r, 0) < 0) return r.problem;
    skip_space(&r);
    return *r.at ? "something follows the value" : NULL;
}

void json_free(json_tree *tree) {
    free(tree->nodes);
    tree->nodes = NULL;
    tree->used = tree->room = 0;
}

const json_node *json_first(const json_tree *tree, const json_node *parent) {
    return parent->first < 0 ? NULL : &tree->nodes[parent->first];
}

const json_node *json_next(const json_tree *tree, const json_node *node) {
    return node->next < 0 ? NULL : &tree->nodes[node->next];
}

const json_node *json_member(const json_tree *tree, const json_node *object, const char *key) {
    const json_node *child;
    if (!object || object->kind != JSON_OBJECT) return NULL;
    for (child = json_first(tree, object); child; child = json_next(tree, child))
        if (strcmp(child->key, key) == 0) return child;
    return NULL;
}

void json_write_string(FILE *out, const char *text) {
    putc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            putc(c, out);
    }
    putc('"', out);
}
