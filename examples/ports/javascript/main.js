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
const NUMBERS = { nan: NaN, inf: Infinity, "-inf": -Infinity };

// JSON has no NaN and no infinity, so numeric parameters name them.
const number = (value) => (Array.isArray(value) ? value.map(number) : (NUMBERS[value] ?? value));

function run({ op, inputs, params }) {
  const options = {};
  for (const [name, value] of Object.entries(params)) {
    const text = name === "reduction" || name === "nan_policy";
    options[NAMES[name] ?? name] = text ? value : number(value);
  }
  for (const [name, value] of Object.entries(inputs)) options[NAMES[name] ?? name] = decode(value);
  const { keypoints, ...rest } = options;
  const outputs = OPERATIONS[op](keypoints, rest);
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, encode(value)]));
}

function answer(request) {
  if (request.cmd === "start") {
    return {
      protocol: 1,
      port: { name: "temporal-loss-javascript", version: "1.0.0", language: "JavaScript" },
      capabilities: {
        ops: Object.keys(OPERATIONS),
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
