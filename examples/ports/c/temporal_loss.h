/* The temporal loss: penalises motion of keypoints from frame to frame.
 *
 * Numbers are doubles whatever the dtype they came in, and so is all arithmetic; results are to
 * be rounded once to `problem.result` (the gradient to the keypoints' dtype) by float_round,
 * which is never less exact than arithmetic in float. Nothing here allocates memory.
 */
#ifndef TEMPORAL_LOSS_H
#define TEMPORAL_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floats.h"

typedef enum { TL_OK, TL_TYPE, TL_SHAPE, TL_VALUE } tl_status;
enum { TL_MESSAGE = 160, TL_RANK = 16 };

/* Elements in C order. Integers are in `integers`, everything else in `data`. */
typedef struct {
    dtype_t dtype;
    size_t rank, shape[TL_RANK], size;
    const double *data;
    const int64_t *integers;
} tl_array;

typedef struct {
    const tl_array *confidences;   /* (..., T, K) or NULL */
    const tl_array *segment_ids;   /* (..., T) or NULL */
    const tl_array *epsilon_array; /* (K) or a scalar, or NULL: then `epsilon` holds */
    const double *epsilon;         /* one number, or one per keypoint */
    size_t epsilon_count;
    bool epsilon_is_list;
    double prob_threshold;
    const char *reduction;  /* "mean", "valid_mean", "sum", "none" */
    const char *nan_policy; /* "propagate", "omit" */
} tl_options;

/* A checked request. `frames`, `keypoints` and `axes` are T, K and D. */
typedef struct {
    const tl_array *points;
    tl_options options;
    dtype_t result;
    size_t batch, frames, keypoints, axes, entries;
    double threshold;
    bool omit, valid, sum, none;
} tl_problem;

/* Options with every default. */
tl_options tl_defaults(void);

/* Checks the inputs; on anything but TL_OK the message says what was got and what is expected.
   The arrays have to live as long as the problem. */
tl_status tl_prepare(tl_problem *problem, const tl_array *keypoints, const tl_options *options, char *message);

/* The loss as one number; for reduction "none" use the third stage. */
double tl_loss(const tl_problem *problem);

/* Each stage, arrays of problem->entries numbers; any may be NULL. */
void tl_stages(const tl_problem *problem, double *differences, double *masked, double *rectified);

/* Derivative of the loss by every coordinate, as many as the keypoints have. */
void tl_gradient(const tl_problem *problem, double *gradient);

/* Length of the step into each frame, (..., T, K); NaN for the first. */
void tl_norm(const tl_problem *problem, double *norm);

/* Quantile of each keypoint's steps, (K); `scratch` holds problem->entries numbers. */
tl_status tl_estimate_epsilon(const tl_problem *problem, double quantile, double *scratch, double *epsilon,
                              char *message);

#endif
