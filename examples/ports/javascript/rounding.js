// Floating-point formats that JavaScript lacks, as numbers rounded once.

const HALVES = {
  float16: { precision: 11, minExponent: -14, largest: 65504 },
  bfloat16: { precision: 8, minExponent: -126, largest: (2 - 2 ** -7) * 2 ** 127 },
};
export const FLOATS = ["float16", "bfloat16", "float32", "float64"];

const view = new DataView(new ArrayBuffer(8));

/** Exponent of the leading bit; -1023 for zero and subnormal float64. */
export function exponentOf(value) {
  view.setFloat64(0, value);
  return ((view.getUint16(0) >> 4) & 0x7ff) - 1023;
}

/** The number of this dtype nearest to `value`, ties to even. */
export function round(value, dtype) {
  if (dtype === "float64") return value;
  if (dtype === "float32") return Math.fround(value);
  if (!Number.isFinite(value) || value === 0) return value;
  const { precision, minExponent, largest } = HALVES[dtype];
  const quantum = 2 ** (Math.max(exponentOf(value), minExponent) - precision + 1);
  const count = value / quantum;
  const floor = Math.floor(count);
  const rest = count - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  const rounded = (up ? floor + 1 : floor) * quantum;
  return Math.abs(rounded) > largest ? Math.sign(value) * Infinity : rounded;
}

/** A whole number that may need 64 bits, rounded once to the dtype. */
export function roundInteger(value, dtype) {
  const size = value < 0n ? -value : value;
  if (size <= BigInt(Number.MAX_SAFE_INTEGER)) return round(Number(value), dtype);
  if (dtype === "float64") return Number(value);
  // Number() rounds already, so what it would cut is kept as one odd bit.
  const odd = ((size >> 11n) | (size & 0x7ffn ? 1n : 0n)) << 11n;
  return round(Number(value < 0n ? -odd : odd), dtype);
}
