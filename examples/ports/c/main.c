/* The port: JSON lines in, JSON lines out. Everything about the loss is in temporal_loss.c. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floats.h"
#include "json.h"
#include "temporal_loss.h"

static const char ABOUT[] =
    "{\"protocol\":1,"
    "\"port\":{\"name\":\"temporal-loss-c\",\"version\":\"1.0.0\",\"language\":\"C\"},"
    "\"capabilities\":{"
    "\"ops\":[\"value\",\"stages\",\"gradient\",\"temporal_norm\",\"estimate_epsilon\",\"echo\"],"
    "\"dtypes\":[\"float16\",\"bfloat16\",\"float32\",\"float64\"],"
    "\"devices\":[\"cpu\"]}}";

/* First the inputs, then the parameters that are numbers. */
enum { INPUTS = 4, EPSILON = INPUTS, THRESHOLD, QUANTILE, ARRAYS };
static const char *const NAMES[ARRAYS] = {"keypoints", "confidences",    "segment_ids", "epsilon",
                                          "epsilon",   "prob_threshold", "quantile"};

typedef struct {
    json_tree tree;
    const json_node *request;
    const char *seq;
    tl_array arrays[ARRAYS];
    double quantile;
    tl_options options;
    char message[TL_MESSAGE];
} job;

static void *room_for(size_t count, size_t each) {
    void *room = calloc(count ? count : 1, each);
    if (!room) {
        fputs("out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return room;
}

/* --- Requests ------------------------------------------------------------------------------- */

static void read_array(const json_tree *tree, const json_node *from, tl_array *array) {
    const json_node *shape = json_member(tree, from, "shape"), *bits = json_member(tree, from, "bits"), *item;
    double *data = room_for(bits->count, sizeof *data);
    int64_t *integers = room_for(bits->count, sizeof *integers);
    size_t i = 0;
    array->dtype = dtype_named(json_member(tree, from, "dtype")->text);
    array->rank = shape->count;
    array->size = bits->count;
    array->data = data;
    array->integers = integers;
    if (array->rank > TL_RANK) {
        fputs("too many axes\n", stderr);
        exit(EXIT_FAILURE);
    }
    for (item = json_first(tree, shape); item; item = json_next(tree, item)) array->shape[i++] = (size_t)item->number;
    for (i = 0, item = json_first(tree, bits); item; item = json_next(tree, item), i++) {
        uint64_t word = bits_read(item->text);
        if (array->dtype == I64)
            memcpy(&integers[i], &word, sizeof word);
        else if (dtype_is_float(array->dtype))
            data[i] = float_from_bits(word, array->dtype);
    }
}

static tl_status not_a_number(job *j, const char *name) {
    snprintf(j->message, TL_MESSAGE, "%s: expected a number", name);
    return TL_VALUE;
}

/* Numbers are read from their bits, where no decimal can go wrong; what has none is no number. */
static tl_status read_numbers(job *j, const json_node *params) {
    const json_node *bits = json_member(&j->tree, j->request, "param_bits"), *from;
    int i;
    for (i = EPSILON; i < ARRAYS; i++) {
        if (!json_member(&j->tree, params, NAMES[i])) continue;
        from = json_member(&j->tree, bits, NAMES[i]);
        if (!from) return not_a_number(j, NAMES[i]);
        read_array(&j->tree, from, &j->arrays[i]);
        if (i != EPSILON && j->arrays[i].rank) return not_a_number(j, NAMES[i]);
    }
    return TL_OK;
}

static tl_status read_params(job *j) {
    const json_node *params = json_member(&j->tree, j->request, "params"), *item;
    tl_status status = read_numbers(j, params);
    if (j->arrays[EPSILON].data) {
        j->options.epsilon = j->arrays[EPSILON].data;
        j->options.epsilon_count = j->arrays[EPSILON].size;
        j->options.epsilon_is_list = j->arrays[EPSILON].rank > 0;
    }
    if (j->arrays[THRESHOLD].data) j->options.prob_threshold = j->arrays[THRESHOLD].data[0];
    if (j->arrays[QUANTILE].data) j->quantile = j->arrays[QUANTILE].data[0];
    for (item = json_first(&j->tree, params); item; item = json_next(&j->tree, item)) {
        const char *text = item->kind == JSON_STRING ? item->text : "not a text";
        if (strcmp(item->key, "reduction") == 0) j->options.reduction = text;
        if (strcmp(item->key, "nan_policy") == 0) j->options.nan_policy = text;
    }
    return status;
}

static tl_status read_request(job *j) {
    const json_node *inputs = json_member(&j->tree, j->request, "inputs");
    const tl_array *given[INPUTS] = {NULL, NULL, NULL, NULL};
    int i;
    for (i = 0; i < INPUTS; i++) {
        const json_node *input = json_member(&j->tree, inputs, NAMES[i]);
        if (!input) continue;
        read_array(&j->tree, input, &j->arrays[i]);
        given[i] = &j->arrays[i];
    }
    j->quantile = 0.99;
    j->options = tl_defaults();
    j->options.confidences = given[1];
    j->options.segment_ids = given[2];
    j->options.epsilon_array = given[3];
    return read_params(j);
}

/* --- Answers -------------------------------------------------------------------------------- */

static void begin(const job *j) {
    fputs("{\"seq\":", stdout);
    json_write_string(stdout, j->seq);
}

/* Writes one output and frees its numbers. `tail` lengths replace the keypoints' own after the leading axes. */
static void write_array(const char *before, const char *name, dtype_t dtype, const tl_problem *p, const size_t *tail,
                        size_t tail_rank, bool lead, double *values) {
    size_t lead_rank = lead && p->points->rank > 2 ? p->points->rank - 3 : 0, size = lead ? p->batch : 1, i;
    char digits[17];
    printf("%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", before, name, dtype_name(dtype));
    for (i = 0; i < lead_rank; i++) printf("%s%lu", i ? "," : "", (unsigned long)p->points->shape[i]);
    for (i = 0; i < tail_rank; i++) {
        printf("%s%lu", i + lead_rank ? "," : "", (unsigned long)tail[i]);
        size *= tail[i];
    }
    fputs("],\"bits\":[", stdout);
    for (i = 0; i < size; i++) {
        float_to_digits(float_round(values[i], dtype), dtype, digits);
        printf("%s\"%s\"", i ? "," : "", digits);
    }
    fputs("]}", stdout);
    free(values);
}

/* Writes what was read; halves as the float that they are computed in. */
static void write_read(const char *before, const char *name, const tl_array *array) {
    dtype_t dtype = array->dtype == F16 || array->dtype == BF16 ? F32 : array->dtype;
    char digits[17];
    size_t i;
    printf("%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", before, name, dtype_name(dtype));
    for (i = 0; i < array->rank; i++) printf("%s%lu", i ? "," : "", (unsigned long)array->shape[i]);
    fputs("],\"bits\":[", stdout);
    for (i = 0; i < array->size; i++) {
        if (dtype == I64)
            integer_to_digits(array->integers[i], digits);
        else
            float_to_digits(array->data[i], dtype, digits);
        printf("%s\"%s\"", i ? "," : "", digits);
    }
    fputs("]}", stdout);
}

static void write_echo(const job *j) {
    tl_array first = j->arrays[0];
    size_t i;
    first.rank -= 1;
    for (first.size = 1, i = 0; i < first.rank; i++) {
        first.shape[i] = first.shape[i + 1];
        first.size *= first.shape[i];
    }
    write_read("", "first", &first);
    for (i = 0; i < ARRAYS; i++)
        if (j->arrays[i].data) write_read(",", NAMES[i], &j->arrays[i]);
}

static void write_loss(const tl_problem *p) {
    size_t steps[2] = {p->frames - 1, p->keypoints};
    double *values = room_for(p->none ? p->entries : 1, sizeof *values);
    if (p->none)
        tl_stages(p, NULL, NULL, values);
    else
        values[0] = tl_loss(p);
    write_array("", "loss", p->result, p, steps, p->none ? 2 : 0, p->none, values);
}

static void write_stages(const tl_problem *p) {
    static const char *const names[3] = {"differences", "masked", "rectified"};
    size_t steps[2] = {p->frames - 1, p->keypoints};
    double *values[3];
    int i;
    for (i = 0; i < 3; i++) values[i] = room_for(p->entries, sizeof **values);
    tl_stages(p, values[0], values[1], values[2]);
    for (i = 0; i < 3; i++) write_array(i ? "," : "", names[i], p->result, p, steps, 2, true, values[i]);
}

static void write_gradient(const tl_problem *p) {
    size_t own[3] = {p->frames, p->keypoints, p->axes};
    double *values = room_for(p->points->size, sizeof *values);
    if (p->points->rank == 2) own[1] *= 2;
    tl_gradient(p, values);
    write_loss(p);
    write_array(",", "gradient", p->points->dtype, p, own, p->points->rank == 2 ? 2 : 3, true, values);
}

static void write_norm(const tl_problem *p) {
    size_t frames[2] = {p->frames, p->keypoints};
    double *values = room_for(p->batch * p->frames * p->keypoints, sizeof *values);
    tl_norm(p, values);
    write_array("", "norm", p->result, p, frames, 2, true, values);
}

static void refuse(const job *j, tl_status status) {
    static const char *const kinds[] = {"", "type", "shape", "value"};
    begin(j);
    printf(",\"rejected\":{\"kind\":\"%s\",\"message\":", kinds[status]);
    json_write_string(stdout, j->message);
    fputs("}}\n", stdout);
}

static void answer(job *j) {
    const char *op = json_member(&j->tree, j->request, "op")->text;
    double *epsilon = NULL, *scratch;
    tl_problem problem;
    bool echo = strcmp(op, "echo") == 0;
    tl_status status = read_request(j);
    if (status == TL_OK && !echo) status = tl_prepare(&problem, &j->arrays[0], &j->options, j->message);
    if (status == TL_OK && strcmp(op, "estimate_epsilon") == 0) {
        epsilon = room_for(problem.keypoints, sizeof *epsilon);
        scratch = room_for(problem.entries, sizeof *scratch);
        status = tl_estimate_epsilon(&problem, j->quantile, scratch, epsilon, j->message);
        free(scratch);
    }
    if (status != TL_OK) {
        free(epsilon);
        refuse(j, status);
        return;
    }
    begin(j);
    fputs(",\"device\":\"cpu\",\"outputs\":{", stdout);
    if (echo) write_echo(j);
    if (epsilon) write_array("", "epsilon", problem.result, &problem, &problem.keypoints, 1, false, epsilon);
    if (strcmp(op, "value") == 0) write_loss(&problem);
    if (strcmp(op, "stages") == 0) write_stages(&problem);
    if (strcmp(op, "gradient") == 0) write_gradient(&problem);
    if (strcmp(op, "temporal_norm") == 0) write_norm(&problem);
    fputs("}}\n", stdout);
}

/* --- Lines ---------------------------------------------------------------------------------- */

/* Reads a line of any length; NULL at the end of input. */
static char *read_line(char **line, size_t *room) {
    size_t used = 0;
    int c;
    while ((c = getchar()) != EOF && c != '\n') {
        if (used + 1 >= *room) {
            *room = *room ? 2 * *room : 4096;
            *line = realloc(*line, *room);
            if (!*line) exit(EXIT_FAILURE);
        }
        (*line)[used++] = (char)c;
    }
    if (used == 0) return NULL;
    (*line)[used] = '\0';
    return *line;
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    json_tree tree = {NULL, 0, 0};
    while (read_line(&line, &room)) {
        const char *problem = json_read(&tree, line);
        const json_node *cmd = problem ? NULL : json_member(&tree, tree.nodes, "cmd");
        if (!cmd || cmd->kind != JSON_STRING) {
            fprintf(stderr, "not a message of the protocol: %s\n", problem ? problem : "no cmd");
            return EXIT_FAILURE;
        }
        if (strcmp(cmd->text, "stop") == 0) break;
        if (strcmp(cmd->text, "start") == 0) {
            puts(ABOUT);
        } else {
            job j;
            int i;
            memset(&j, 0, sizeof j);
            j.tree = tree;
            j.request = tree.nodes;
            j.seq = json_member(&tree, tree.nodes, "seq")->text;
            answer(&j);
            for (i = 0; i < ARRAYS; i++) {
                free((void *)j.arrays[i].data);
                free((void *)j.arrays[i].integers);
            }
        }
        fflush(stdout);
    }
    json_free(&tree);
    free(line);
    return EXIT_SUCCESS;
}
