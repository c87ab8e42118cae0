// The temporal loss: penalises motion of keypoints from frame to frame.
//
// An array is { dtype, shape, data }: `data` holds numbers in C order, `dtype` may be left out
// for a Float32Array or a Float64Array. All arithmetic is in float64 and each result is rounded
// once to its dtype, which is never less exact than arithmetic in float32.

import { FLOATS, round, roundInteger } from "./rounding.js";

/** An input that is refused; `kind` is "type", "shape" or "value". */
export class Refusal extends Error {
  constructor(kind, message) {
    super(message);
    this.name = "Refusal";
    this.kind = kind;
  }
}

const REDUCTIONS = ["mean", "valid_mean", "sum", "none"];
const POLICIES = ["propagate", "omit"];

/**
 * The loss.
 *
 * keypoints: shape (T, 2K) with columns x0, y0, x1, y1, ..., or (..., T, K, D).
 * options: confidences (..., T, K), epsilon (a number, a list, or an array with K of them),
 *   probThreshold, reduction, segmentIds (..., T), nanPolicy.
 * Returns a scalar as an array of shape [], or (..., T-1, K) for reduction "none".
 */
export function temporalLoss(keypoints, options = {}) {
  const problem = read(keypoints, options);
  return reduce(problem, entries(problem));
}

/** The loss, and its derivative by every coordinate: { loss, gradient }. */
export function temporalLossGradient(keypoints, options = {}) {
  const problem = read(keypoints, options);
  const found = entries(problem);
  return { loss: reduce(problem, found), gradient: gradient(problem, found) };
}

/** Each stage by itself: { differences, masked, rectified }, of shape (..., T-1, K). */
export function temporalLossStages(keypoints, options = {}) {
  const problem = read(keypoints, options);
  const found = entries(problem);
  const stage = (name) => array(problem.result, problem.entryShape, found.map((e) => e[name]));
  return { differences: stage("length"), masked: stage("masked"), rectified: stage("rectified") };
}

/** Length of the step into each frame, shape (..., T, K); NaN for the first. */
export function temporalNorm(keypoints) {
  const problem = read(keypoints, {});
  const { lead, frames, count, batch } = problem;
  const lengths = entries(problem).map((e) => e.length);
  const perSequence = (frames - 1) * count;
  const data = [];
  for (let b = 0; b < batch; b++) {
    for (let k = 0; k < count; k++) data.push(NaN);
    for (let i = 0; i < perSequence; i++) data.push(lengths[b * perSequence + i]);
  }
  return array(problem.result, [...lead, frames, count], data);
}

/** Quantile of each keypoint's steps, shape (K,): a start for choosing epsilon. */
export function estimateEpsilon(keypoints, options = {}) {
  const { quantile = 0.99, ...rest } = options;
  const problem = read(keypoints, rest);
  if (typeof quantile !== "number" || !(quantile >= 0 && quantile <= 1)) {
    throw new Refusal("value", `quantile is ${show(quantile)}; expected a number from 0 to 1`);
  }
  const steps = Array.from({ length: problem.count }, () => []);
  for (const e of entries(problem)) {
    if (!e.hidden && !Number.isNaN(e.length)) steps[e.keypoint].push(e.length);
  }
  const data = steps.map((kept) => quantileOf(kept.sort((a, b) => a - b), quantile));
  return array(problem.result, [problem.count], data);
}

function quantileOf(sorted, quantile) {
  if (sorted.length === 0) return NaN;
  const place = quantile * (sorted.length - 1);
  const low = Math.floor(place);
  if (place === low) return sorted[low];
  return sorted[low] + (sorted[low + 1] - sorted[low]) * (place - low);
}

// --- What goes in -------------------------------------------------------------------------------

function read(keypoints, options) {
  const points = real("keypoints", keypoints);
  const { shape } = points;
  if (shape.length < 2) refuseShape("keypoints", shape, "(T, 2K) or (..., T, K, D)");
  const flat = shape.length === 2;
  if (flat && shape[1] % 2) refuseShape("keypoints", shape, "an even number of columns");
  const [frames, count, axes] = flat ? [shape[0], shape[1] / 2, 2] : shape.slice(-3);
  const lead = flat ? [] : shape.slice(0, -3);
  if (axes === 0 || axes > 3) refuseShape("keypoints", shape, "1 to 3 coordinates");
  if (count === 0) refuseShape("keypoints", shape, "at least one keypoint");
  if (frames < 2) refuseShape("keypoints", shape, "at least two frames");
  const result = points.dtype === "float64" ? "float64" : "float32";

  const { confidences, segmentIds, epsilon = 0, probThreshold = 0 } = options;
  const { reduction = "mean", nanPolicy = "propagate" } = options;
  if (typeof probThreshold !== "number") {
    throw new Refusal("value", `probThreshold is ${show(probThreshold)}; expected a number`);
  }
  if (!REDUCTIONS.includes(reduction)) {
    throw new Refusal("value", `reduction is ${show(reduction)}; expected one of ${REDUCTIONS}`);
  }
  if (!POLICIES.includes(nanPolicy)) {
    throw new Refusal("value", `nanPolicy is ${show(nanPolicy)}; expected one of ${POLICIES}`);
  }
  const sure = confidences === undefined ? null : real("confidences", confidences);
  if (sure) needShape("confidences", sure.shape, [...lead, frames, count]);
  if (segmentIds !== undefined) {
    if (segmentIds.dtype !== undefined && segmentIds.dtype !== "int64") {
      throw new Refusal("type", `segmentIds has dtype ${segmentIds.dtype}; expected whole numbers`);
    }
    needShape("segmentIds", segmentIds.shape, [...lead, frames]);
  }
  return {
    ...{ shape, lead, frames, count, axes, result, reduction, nanPolicy },
    dtype: points.dtype,
    batch: lead.reduce((a, b) => a * b, 1),
    entryShape: [...lead, frames - 1, count],
    x: points.data,
    confidences: sure && sure.data,
    segments: segmentIds === undefined ? null : segmentIds.data,
    epsilons: epsilonPerKeypoint(epsilon, count, result),
    threshold: sure ? round(probThreshold, sure.dtype) : 0,
  };
}

function real(name, given) {
  let { dtype } = given;
  if (dtype === undefined) {
    if (given.data instanceof Float32Array) dtype = "float32";
    if (given.data instanceof Float64Array) dtype = "float64";
  }
  if (!FLOATS.includes(dtype)) {
    throw new Refusal("type", `${name} has dtype ${dtype}; expected one of ${FLOATS}`);
  }
  return { ...given, dtype };
}

function epsilonPerKeypoint(epsilon, count, result) {
  const single = typeof epsilon !== "object" || epsilon === null;
  if (!single && !Array.isArray(epsilon)) return epsilonArray(epsilon, count, result);
  const list = single ? [epsilon] : epsilon;
  if (!single) needShape("epsilon", [list.length], [count]);
  for (const value of list) {
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
      throw new Refusal("value", `epsilon holds ${show(value)}; expected finite numbers from 0 on`);
    }
  }
  return Array.from({ length: count }, (_, k) => round(list[single ? 0 : k], result));
}

function epsilonArray({ dtype, shape, data }, count, result) {
  if (dtype !== undefined && dtype !== "int64" && !FLOATS.includes(dtype)) {
    throw new Refusal("type", `epsilon has dtype ${dtype}; expected real numbers`);
  }
  if (shape.length > 0) needShape("epsilon", shape, [count]);
  const rounded = Array.from(data, (v) => (typeof v === "bigint" ? roundInteger(v, result) : round(v, result)));
  return Array.from({ length: count }, (_, k) => rounded[shape.length ? k : 0]);
}

function needShape(name, got, expected) {
  if (got.length !== expected.length || got.some((n, i) => n !== expected[i])) {
    refuseShape(name, got, `[${expected}]`);
  }
}

function refuseShape(name, got, expected) {
  throw new Refusal("shape", `${name} has shape [${got}]; expected ${expected}`);
}

function show(value) {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

// --- The five stages ----------------------------------------------------------------------------

/** Every entry in C order of (..., T-1, K): its step, its length, and what each stage makes of it. */
function entries(problem) {
  const { batch, frames, count, axes, x, confidences, segments, threshold, epsilons } = problem;
  const found = [];
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < frames - 1; t++) {
      const frame = b * frames + t;
      const joins = segments !== null && segments[frame] !== segments[frame + 1];
      for (let k = 0; k < count; k++) {
        const before = frame * count + k;
        const after = before + count;
        const step = [];
        let lost = false;
        for (let d = 0; d < axes; d++) {
          const [from, to] = [x[before * axes + d], x[after * axes + d]];
          step.push(to - from);
          lost ||= Number.isNaN(from) || Number.isNaN(to);
        }
        const unsure = confidences !== null && (confidences[before] < threshold || confidences[after] < threshold);
        const hidden = unsure || (lost && problem.nanPolicy === "omit");
        const length = norm(step);
        const masked = joins || hidden ? 0 : length;
        const rest = masked - epsilons[k];
        // Written so that NaN stays NaN.
        const rectified = rest <= 0 ? 0 : rest;
        found.push({ keypoint: k, before, after, step, length, joins, hidden, masked, rectified });
      }
    }
  }
  return found;
}

/** Euclidean length. Math.hypot is no help: its last bit is not right everywhere. */
function norm(step) {
  const squares = (scale) => step.reduce((sum, d) => sum + d * scale * (d * scale), 0);
  const sum = squares(1);
  if (sum > 2 ** -900 && sum < Infinity) return Math.sqrt(sum);
  // Squares over- or underflow; a power of two out and in again changes no digit.
  const scale = sum > 1 ? 2 ** -600 : 2 ** 600;
  return Math.sqrt(squares(scale)) / scale;
}

function counted({ reduction }, entry) {
  return !entry.joins && !(reduction === "valid_mean" && entry.hidden);
}

function divisor(problem, found) {
  return problem.reduction === "sum" ? 1 : found.filter((e) => counted(problem, e)).length;
}

function reduce(problem, found) {
  const values = found.map((e) => e.rectified);
  if (problem.reduction === "none") return array(problem.result, problem.entryShape, values);
  const count = divisor(problem, found);
  // A mean over nothing is 0, not 0 / 0.
  return array(problem.result, [], [count === 0 ? 0 : total(values, 0, values.length) / count]);
}

/** Pairwise sum: its error grows with the logarithm of the number of terms. */
function total(values, start, end) {
  if (end - start <= 8) {
    let sum = 0;
    for (let i = start; i < end; i++) sum += values[i];
    return sum;
  }
  const middle = (start + end) >> 1;
  return total(values, start, middle) + total(values, middle, end);
}

function gradient(problem, found) {
  const { axes, epsilons } = problem;
  const data = new Float64Array(problem.x.length);
  const count = divisor(problem, found);
  for (const e of found) {
    // At rest, masked, across segments and at or below epsilon: exactly 0. NaN is none of these.
    if (e.joins || e.hidden || e.masked <= epsilons[e.keypoint]) continue;
    for (let d = 0; d < axes; d++) {
      const unit = Number.isFinite(e.length) ? e.step[d] / e.length : NaN;
      data[e.after * axes + d] += unit;
      data[e.before * axes + d] -= unit;
    }
  }
  return array(problem.dtype, problem.shape, Array.from(data, (g) => (count === 0 ? 0 : g / count)));
}

// --- What comes out -----------------------------------------------------------------------------

function array(dtype, shape, values) {
  const Kind = dtype === "float64" ? Float64Array : Float32Array;
  return { dtype, shape, data: Kind.from(values, (v) => round(v, dtype)) };
}
