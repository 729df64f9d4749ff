// What Verilator's wave writer calls of zlib, so that waves need no library on the machine.
// The writer keeps the original where compression gains nothing, and here it never does: these
// are the small blocks (signal table, time stamps); values are compressed by lz4.h.
#pragma once

typedef unsigned char Bytef;
typedef unsigned long uLong;
typedef unsigned long uLongf;
constexpr int Z_OK = 0;

inline uLong compressBound(uLong size) { return size; }

inline int compress2(Bytef*, uLongf* compressed_size, const Bytef*, uLong size, int) {
    *compressed_size = size;
    return Z_OK;
}
