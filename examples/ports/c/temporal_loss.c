#include "temporal_loss.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One keypoint of one step, and what each stage makes of it. */
typedef struct {
    size_t before, after, keypoint;
    double length, masked, rectified;
    bool joins, hidden;
} entry;

tl_options tl_defaults(void) {
    static const double zero = 0.0;
    tl_options options = {NULL, NULL, NULL, &zero, 1, false, 0.0, "mean", "propagate"};
    return options;
}

/* --- The five stages ------------------------------------------------------------------------ */

static double epsilon_of(const tl_problem *p, size_t k) {
    const tl_array *array = p->options.epsilon_array;
    if (!array) return float_round(p->options.epsilon[p->options.epsilon_is_list ? k : 0], p->result);
    k = array->rank ? k : 0;
    return array->dtype == I64 ? float_round_integer(array->integers[k], p->result)
                               : float_round(array->data[k], p->result);
}

static double sum_of_squares(const double *from, const double *to, size_t axes, double scale) {
    double sum = 0;
    size_t d;
    for (d = 0; d < axes; d++) {
        double step = (to[d] - from[d]) * scale;
        sum += step * step;
    }
    return sum;
}

static double length_of(const double *from, const double *to, size_t axes) {
    double sum = sum_of_squares(from, to, axes, 1.0), scale;
    if (sum > ldexp(1.0, -900) && sum < INFINITY) return sqrt(sum);
    /* Squares over- or underflow; a power of two out and in again changes no digit. */
    scale = ldexp(1.0, sum > 1 ? -600 : 600);
    return sqrt(sum_of_squares(from, to, axes, scale)) / scale;
}

static bool any_nan(const double *point, size_t axes) {
    size_t d;
    for (d = 0; d < axes; d++)
        if (isnan(point[d])) return true;
    return false;
}

/* Entry number i in C order of (..., T-1, K). */
static entry entry_at(const tl_problem *p, size_t i) {
    size_t per_sequence = (p->frames - 1) * p->keypoints, axes = p->axes;
    size_t frame = i / per_sequence * p->frames + i % per_sequence / p->keypoints;
    const tl_array *sure = p->options.confidences, *segments = p->options.segment_ids;
    const double *from, *to;
    double rest;
    entry e;
    e.keypoint = i % p->keypoints;
    e.before = frame * p->keypoints + e.keypoint;
    e.after = e.before + p->keypoints;
    from = p->points->data + e.before * axes;
    to = p->points->data + e.after * axes;
    e.joins = segments && segments->integers[frame] != segments->integers[frame + 1];
    e.hidden = sure && (sure->data[e.before] < p->threshold || sure->data[e.after] < p->threshold);
    if (p->omit && (any_nan(from, axes) || any_nan(to, axes))) e.hidden = true;
    e.length = length_of(from, to, axes);
    e.masked = e.joins || e.hidden ? 0.0 : e.length;
    rest = e.masked - epsilon_of(p, e.keypoint);
    /* Written so that NaN stays NaN. */
    e.rectified = rest <= 0 ? 0.0 : rest;
    return e;
}

/* Pairwise sum: its error grows with the logarithm of the number of terms. */
static double total(const tl_problem *p, size_t start, size_t end) {
    double sum = 0;
    if (end - start > 8) {
        size_t middle = start + (end - start) / 2;
        return total(p, start, middle) + total(p, middle, end);
    }
    for (; start < end; start++) sum += entry_at(p, start).rectified;
    return sum;
}

static size_t divisor(const tl_problem *p) {
    size_t count = 0, i;
    if (p->sum) return 1;
    for (i = 0; i < p->entries; i++) {
        entry e = entry_at(p, i);
        count += !e.joins && !(p->valid && e.hidden);
    }
    return count;
}

double tl_loss(const tl_problem *p) {
    size_t count = divisor(p);
    /* A mean over nothing is 0, not 0 / 0. */
    return count ? total(p, 0, p->entries) / (double)count : 0.0;
}

void tl_stages(const tl_problem *p, double *differences, double *masked, double *rectified) {
    size_t i;
    for (i = 0; i < p->entries; i++) {
        entry e = entry_at(p, i);
        if (differences) differences[i] = e.length;
        if (masked) masked[i] = e.masked;
        if (rectified) rectified[i] = e.rectified;
    }
}

void tl_gradient(const tl_problem *p, double *gradient) {
    size_t count = divisor(p), i, d;
    const double *x = p->points->data;
    for (i = 0; i < p->points->size; i++) gradient[i] = 0.0;
    for (i = 0; count && i < p->entries; i++) {
        entry e = entry_at(p, i);
        /* At rest, masked, across segments, at or below epsilon: exactly 0. NaN is none of these. */
        if (e.joins || e.hidden || e.masked <= epsilon_of(p, e.keypoint)) continue;
        for (d = 0; d < p->axes; d++) {
            size_t from = e.before * p->axes + d, to = e.after * p->axes + d;
            double unit = isfinite(e.length) ? (x[to] - x[from]) / e.length : NAN;
            gradient[to] += unit;
            gradient[from] -= unit;
        }
    }
    for (i = 0; count && i < p->points->size; i++) gradient[i] /= (double)count;
}

/* --- Metrics -------------------------------------------------------------------------------- */

void tl_norm(const tl_problem *p, double *norm) {
    size_t frame = p->keypoints, i, b;
    for (b = 0; b < p->batch; b++)
        for (i = 0; i < frame; i++) norm[b * p->frames * frame + i] = NAN;
    for (i = 0; i < p->entries; i++) {
        entry e = entry_at(p, i);
        norm[e.after] = e.length;
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile_of(const double *sorted, size_t count, double quantile) {
    double place;
    size_t low;
    if (count == 0) return NAN;
    place = quantile * (double)(count - 1);
    low = (size_t)floor(place);
    if (place == (double)low) return sorted[low];
    return sorted[low] + (sorted[low + 1] - sorted[low]) * (place - (double)low);
}

tl_status tl_estimate_epsilon(const tl_problem *p, double quantile, double *scratch, double *epsilon, char *message) {
    size_t k, i, kept;
    if (!(quantile >= 0 && quantile <= 1)) {
        snprintf(message, TL_MESSAGE, "quantile is %g; expected a number from 0 to 1", quantile);
        return TL_VALUE;
    }
    for (k = 0; k < p->keypoints; k++) {
        for (kept = 0, i = k; i < p->entries; i += p->keypoints) {
            entry e = entry_at(p, i);
            if (!e.hidden && !isnan(e.length)) scratch[kept++] = e.length;
        }
        qsort(scratch, kept, sizeof *scratch, ascending);
        epsilon[k] = quantile_of(scratch, kept, quantile);
    }
    return TL_OK;
}

/* --- What goes in --------------------------------------------------------------------------- */

static tl_status wrong_dtype(const char *name, const tl_array *array, char *message) {
    snprintf(message, TL_MESSAGE, "%s has dtype %s", name, dtype_name(array->dtype));
    return TL_TYPE;
}

static tl_status wrong_shape(const char *name, const char *expected, char *message) {
    snprintf(message, TL_MESSAGE, "%s: expected %s", name, expected);
    return TL_SHAPE;
}

/* Whether an array's shape is that of the keypoints' leading axes, then frames, then, if `per_keypoint`, K. */
static bool beside(const tl_problem *p, const tl_array *array, bool per_keypoint) {
    const tl_array *points = p->points;
    size_t lead = points->rank == 2 ? 0 : points->rank - 3, i;
    if (array->rank != lead + 1 + per_keypoint) return false;
    for (i = 0; i < lead; i++)
        if (array->shape[i] != points->shape[i]) return false;
    return array->shape[lead] == p->frames && (!per_keypoint || array->shape[lead + 1] == p->keypoints);
}

static tl_status check_points(tl_problem *p, char *message) {
    const tl_array *points = p->points;
    size_t rank = points->rank, i;
    const size_t *last = points->shape + rank;
    if (!dtype_is_float(points->dtype)) return wrong_dtype("keypoints", points, message);
    if (rank < 2) return wrong_shape("keypoints", "(T, 2K) or (..., T, K, D)", message);
    if (rank == 2 && last[-1] % 2) return wrong_shape("keypoints", "an even number of columns", message);
    p->frames = rank == 2 ? last[-2] : last[-3];
    p->keypoints = rank == 2 ? last[-1] / 2 : last[-2];
    p->axes = rank == 2 ? 2 : last[-1];
    for (p->batch = 1, i = 0; i + 3 < rank; i++) p->batch *= points->shape[i];
    if (p->axes == 0 || p->axes > 3) return wrong_shape("keypoints", "1 to 3 coordinates", message);
    if (p->keypoints == 0) return wrong_shape("keypoints", "at least one keypoint", message);
    if (p->frames < 2) return wrong_shape("keypoints", "at least two frames", message);
    p->entries = p->batch * (p->frames - 1) * p->keypoints;
    p->result = points->dtype == F64 ? F64 : F32;
    return TL_OK;
}

static tl_status check_epsilon(const tl_problem *p, char *message) {
    const tl_options *o = &p->options;
    const tl_array *array = o->epsilon_array;
    size_t k;
    if (array) {
        if (!dtype_is_float(array->dtype) && array->dtype != I64) return wrong_dtype("epsilon", array, message);
        if (array->rank > 1 || (array->rank == 1 && array->shape[0] != p->keypoints))
            return wrong_shape("epsilon", "one number, or one per keypoint", message);
        return TL_OK;
    }
    if (o->epsilon_is_list && o->epsilon_count != p->keypoints)
        return wrong_shape("epsilon", "one number per keypoint", message);
    for (k = 0; k < o->epsilon_count; k++)
        if (!isfinite(o->epsilon[k]) || o->epsilon[k] < 0) {
            snprintf(message, TL_MESSAGE, "epsilon is %g; expected a finite number from 0 on", o->epsilon[k]);
            return TL_VALUE;
        }
    return TL_OK;
}

tl_status tl_prepare(tl_problem *p, const tl_array *keypoints, const tl_options *options, char *message) {
    const tl_array *sure = options->confidences, *segments = options->segment_ids;
    tl_status status;
    memset(p, 0, sizeof *p);
    p->points = keypoints;
    p->options = *options;
    if ((status = check_points(p, message)) != TL_OK) return status;
    if (sure && !dtype_is_float(sure->dtype)) return wrong_dtype("confidences", sure, message);
    if (sure && !beside(p, sure, true)) return wrong_shape("confidences", "(..., T, K)", message);
    if (segments && segments->dtype != I64) return wrong_dtype("segment_ids", segments, message);
    if (segments && !beside(p, segments, false)) return wrong_shape("segment_ids", "(..., T)", message);
    if ((status = check_epsilon(p, message)) != TL_OK) return status;
    p->threshold = sure ? float_round(options->prob_threshold, sure->dtype) : 0.0;
    p->omit = strcmp(options->nan_policy, "omit") == 0;
    p->valid = strcmp(options->reduction, "valid_mean") == 0;
    p->sum = strcmp(options->reduction, "sum") == 0;
    p->none = strcmp(options->reduction, "none") == 0;
    if (!p->valid && !p->sum && !p->none && strcmp(options->reduction, "mean") != 0) {
        snprintf(message, TL_MESSAGE, "reduction: expected mean, valid_mean, sum or none");
        return TL_VALUE;
    }
    if (!p->omit && strcmp(options->nan_policy, "propagate") != 0) {
        snprintf(message, TL_MESSAGE, "nan_policy: expected propagate or omit");
        return TL_VALUE;
    }
    return TL_OK;
}
