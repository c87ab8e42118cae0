// Arrays of the port protocol, whose elements are hex digits, to arrays of numbers and back.

import { exponentOf, round } from "./rounding.js";

const view = new DataView(new ArrayBuffer(8));
const hex = (value, width) => value.toString(16).padStart(width, "0");

function halfFromBits(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const rest = bits & 0x3ff;
  if (exponent === 0x1f) return rest ? NaN : sign * Infinity;
  return exponent ? sign * (1024 + rest) * 2 ** (exponent - 25) : sign * rest * 2 ** -24;
}

function halfToBits(value) {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size === Infinity) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | (size / 2 ** -24);
  const exponent = exponentOf(size);
  return sign | ((exponent + 15) << 10) | (size / 2 ** (exponent - 10) - 1024);
}

function wide(bits, width) {
  view.setBigUint64(0, BigInt(`0x${bits}`) << BigInt(64 - 4 * width));
  return view;
}

const DECODE = {
  float16: (d) => halfFromBits(parseInt(d, 16)),
  bfloat16: (d) => wide(d, 4).getFloat32(0),
  float32: (d) => wide(d, 8).getFloat32(0),
  float64: (d) => wide(d, 16).getFloat64(0),
  int64: (d) => BigInt.asIntN(64, BigInt(`0x${d}`)),
};

const ENCODE = {
  float16: (v) => hex(halfToBits(round(v, "float16")), 4),
  bfloat16: (v) => (view.setFloat32(0, v), hex(view.getUint16(0), 4)),
  float32: (v) => (view.setFloat32(0, v), hex(view.getUint32(0), 8)),
  float64: (v) => (view.setFloat64(0, v), hex(view.getBigUint64(0), 16)),
  int64: (v) => (view.setBigInt64(0, v), hex(view.getBigUint64(0), 16)),
};

/** Elements of other dtypes stay digits: such arrays are there to be refused. */
export function decode({ dtype, shape, bits }) {
  return { dtype, shape, data: bits.map(DECODE[dtype] ?? ((d) => d)) };
}

export function encode({ dtype, shape, data }) {
  return { dtype, shape, bits: Array.from(data, ENCODE[dtype]) };
}
