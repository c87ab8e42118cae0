#include "floats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const NAMES[] = {"float16", "bfloat16", "float32", "float64",
                                    "int64",   "bool",     "complex64"};

dtype_t dtype_named(const char *name) {
    int i;
    for (i = 0; i < UNKNOWN; i++)
        if (strcmp(name, NAMES[i]) == 0) return (dtype_t)i;
    return UNKNOWN;
}

const char *dtype_name(dtype_t dtype) { return dtype == UNKNOWN ? "unknown" : NAMES[dtype]; }

bool dtype_is_float(dtype_t dtype) { return dtype <= F64; }

static double round_half(double value, int precision, int min_exponent, double largest) {
    double quantum, rounded;
    int exponent;
    if (!isfinite(value) || value == 0) return value;
    frexp(value, &exponent);
    exponent -= 1;
    if (exponent < min_exponent) exponent = min_exponent;
    quantum = ldexp(1.0, exponent - precision + 1);
    rounded = rint(value / quantum) * quantum;
    return fabs(rounded) > largest ? copysign(INFINITY, value) : rounded;
}

double float_round(double value, dtype_t dtype) {
    if (dtype == F16) return round_half(value, 11, -14, 65504.0);
    if (dtype == BF16) return round_half(value, 8, -126, ldexp(255.0, 120));
    return dtype == F32 ? (double)(float)value : value;
}

double float_round_integer(int64_t value, dtype_t dtype) {
    /* Straight to float: by way of double it would be rounded twice. */
    return dtype == F32 ? (double)(float)value : (double)value;
}

uint64_t bits_read(const char *digits) {
    uint64_t bits = 0;
    for (; *digits; digits++) {
        int digit = *digits <= '9' ? *digits - '0' : (*digits | 32) - 'a' + 10;
        bits = bits << 4 | (uint64_t)digit;
    }
    return bits;
}

static double single_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double half_from_bits(uint32_t bits) {
    double sign = bits & 0x8000 ? -1.0 : 1.0;
    int exponent = bits >> 10 & 0x1f;
    uint32_t rest = bits & 0x3ff;
    if (exponent == 0x1f) return rest ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexp(1024.0 + rest, exponent - 25) : ldexp(rest, -24));
}

double float_from_bits(uint64_t bits, dtype_t dtype) {
    double value;
    if (dtype == F16) return half_from_bits((uint32_t)bits);
    if (dtype == BF16) return single_from_bits((uint32_t)bits << 16);
    if (dtype == F32) return single_from_bits((uint32_t)bits);
    memcpy(&value, &bits, sizeof value);
    return value;
}

static unsigned half_to_bits(double value) {
    unsigned sign = signbit(value) ? 0x8000 : 0;
    double size = fabs(value);
    int exponent;
    if (isnan(value)) return 0x7e00;
    if (isinf(value)) return sign | 0x7c00;
    if (size < ldexp(1.0, -14)) return sign | (unsigned)ldexp(size, 24);
    frexp(size, &exponent);
    return sign | (unsigned)(exponent + 14) << 10 | ((unsigned)ldexp(size, 11 - exponent) - 1024);
}

static void wide_to_digits(uint64_t wide, char digits[17]) {
    sprintf(digits, "%08lx%08lx", (unsigned long)(wide >> 32), (unsigned long)(wide & 0xffffffffu));
}

void integer_to_digits(int64_t value, char digits[17]) { wide_to_digits((uint64_t)value, digits); }

void float_to_digits(double value, dtype_t dtype, char digits[17]) {
    float narrow = (float)value;
    uint32_t single;
    uint64_t wide;
    memcpy(&single, &narrow, sizeof single);
    memcpy(&wide, &value, sizeof wide);
    if (dtype == F16) {
        sprintf(digits, "%04x", half_to_bits(value));
    } else if (dtype == BF16) {
        sprintf(digits, "%04lx", (unsigned long)(single >> 16));
    } else if (dtype == F32) {
        sprintf(digits, "%08lx", (unsigned long)single);
    } else {
        wide_to_digits(wide, digits);
    }
}
