/* Floating-point formats as numbers rounded once, and as the hex digits of their bits. */
#ifndef FLOATS_H
#define FLOATS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { F16, BF16, F32, F64, I64, BOOL, C64, UNKNOWN } dtype_t;

dtype_t dtype_named(const char *name);
const char *dtype_name(dtype_t dtype);
bool dtype_is_float(dtype_t dtype);

/* The number of this format nearest to the value, ties to even. */
double float_round(double value, dtype_t dtype);
double float_round_integer(int64_t value, dtype_t dtype);

/* Reads hex digits, most significant first. */
uint64_t bits_read(const char *digits);
double float_from_bits(uint64_t bits, dtype_t dtype);
void integer_to_digits(int64_t value, char digits[17]);
/* Writes the digits of a number that the format holds, and the final 0; 16 digits at most. */
void float_to_digits(double value, dtype_t dtype, char digits[17]);

#endif
