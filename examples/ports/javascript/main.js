// The port: JSON lines in, JSON lines out. Everything about the loss is in temporal-loss.js.

import { createInterface } from "node:readline";
import { decode, encode } from "./bits.js";
import {
  Refusal,
  estimateEpsilon,
  temporalLoss,
  temporalLossGradient,
  temporalLossStages,
  temporalNorm,
} from "./temporal-loss.js";

const OPERATIONS = {
  value: (keypoints, options) => ({ loss: temporalLoss(keypoints, options) }),
  stages: temporalLossStages,
  gradient: temporalLossGradient,
  temporal_norm: (keypoints) => ({ norm: temporalNorm(keypoints) }),
  estimate_epsilon: (keypoints, options) => ({ epsilon: estimateEpsilon(keypoints, options) }),
};
const NAMES = { segment_ids: "segmentIds", prob_threshold: "probThreshold", nan_policy: "nanPolicy" };
// Halves are computed in float32, and given back in it.
const widened = (array) => ({ ...array, dtype: array.dtype.endsWith("float16") ? "float32" : array.dtype });

/** What was read, given back. */
function echo({ inputs, params, param_bits: bits }) {
  const outputs = {};
  for (const [name, value] of Object.entries(inputs)) outputs[name] = widened(decode(value));
  for (const name of Object.keys(params)) {
    if (!(name in bits)) throw new Refusal("value", `${name} is no number`);
    outputs[name] = decode(bits[name]);
  }
  const { dtype, shape, data } = outputs.keypoints;
  outputs.first = { dtype, shape: shape.slice(1), data: data.slice(0, data.length / shape[0]) };
  return outputs;
}

function compute({ op, inputs, params, param_bits: bits }) {
  const options = {};
  for (const [name, value] of Object.entries(params)) options[NAMES[name] ?? name] = value;
  // Numbers are read from their bits, where no decimal can go wrong; what has none is no number.
  for (const [name, value] of Object.entries(bits)) {
    const { shape, data } = decode(value);
    options[NAMES[name] ?? name] = shape.length ? data : data[0];
  }
  for (const [name, value] of Object.entries(inputs)) options[NAMES[name] ?? name] = decode(value);
  const { keypoints, ...rest } = options;
  return OPERATIONS[op](keypoints, rest);
}

function run(request) {
  const outputs = request.op === "echo" ? echo(request) : compute(request);
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, encode(value)]));
}

function answer(request) {
  if (request.cmd === "start") {
    return {
      protocol: 1,
      port: { name: "temporal-loss-javascript", version: "1.0.0", language: "JavaScript" },
      capabilities: {
        ops: [...Object.keys(OPERATIONS), "echo"],
        dtypes: ["float16", "bfloat16", "float32", "float64"],
        devices: ["cpu"],
      },
    };
  }
  const { seq } = request;
  try {
    return { seq, device: "cpu", outputs: run(request) };
  } catch (error) {
    if (error instanceof Refusal) return { seq, rejected: { kind: error.kind, message: error.message } };
    return { seq, errored: { message: String(error?.stack ?? error) } };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const request = JSON.parse(line);
  if (request.cmd === "stop") break;
  process.stdout.write(`${JSON.stringify(answer(request))}\n`);
}
