/* A small JSON reader: one line in, a tree out. */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <stdio.h>

typedef enum { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } json_kind;

/* Children are a list: `first`, then each one's `next`; -1 ends it. Members of objects have a key. */
typedef struct {
    json_kind kind;
    const char *key;
    const char *text;
    double number;
    size_t count;
    long first, next;
} json_node;

typedef struct {
    json_node *nodes;
    size_t used, room;
} json_tree;

/* Reads the text, which is overwritten: strings of the tree lie in it. The root is node 0.
   Returns NULL, or what is wrong. The tree may be used again, and wants json_free in the end. */
const char *json_read(json_tree *tree, char *text);
void json_free(json_tree *tree);

/* A member of an object, or NULL. */
const json_node *json_member(const json_tree *tree, const json_node *object, const char *key);
const json_node *json_first(const json_tree *tree, const json_node *parent);
const json_node *json_next(const json_tree *tree, const json_node *node);

void json_write_string(FILE *out, const char *text);

#endif
