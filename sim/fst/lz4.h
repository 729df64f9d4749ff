// What Verilator's wave writer calls of LZ4, so that waves need no library on the machine.
// A greedy compressor to the LZ4 block format: sequences of literals and matches, the last five
// bytes literals, no match starting in the last twelve (github.com/lz4/lz4, lz4_Block_format.md).
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

inline int LZ4_compressBound(int size) { return size + size / 255 + 16; }

inline int LZ4_compress_default(const char* from, char* to, int size, int) {
    constexpr int HASH_BITS = 14, FARTHEST = 65535;
    std::vector<int> seen(1 << HASH_BITS, -1);
    char* out = to;
    int literals = 0;  // where the literals that are not written yet begin

    const auto word = [from](int at) {
        uint32_t value;
        std::memcpy(&value, from + at, sizeof value);
        return value;
    };
    const auto put_length = [&out](int length) {
        for (; length >= 255; length -= 255) *out++ = char(255);
        *out++ = char(length);
    };
    const auto put_literals = [&](int end, int match) {  // match length less 4, -1 for none
        const int count = end - literals;
        *out++ = char((count < 15 ? count : 15) << 4 | (match < 0 ? 0 : match < 15 ? match : 15));
        if (count >= 15) put_length(count - 15);
        std::memcpy(out, from + literals, size_t(count));
        out += count;
    };

    for (int at = 0; at < size - 12;) {
        int& slot = seen[(word(at) * 2654435761u) >> (32 - HASH_BITS)];
        const int earlier = slot;
        slot = at;
        if (earlier < 0 || at - earlier > FARTHEST || word(earlier) != word(at)) {
            ++at;
            continue;
        }
        int length = 4;
        while (at + length < size - 5 && from[earlier + length] == from[at + length]) ++length;
        put_literals(at, length - 4);
        *out++ = char((at - earlier) & 255);
        *out++ = char((at - earlier) >> 8);
        if (length - 4 >= 15) put_length(length - 4 - 15);
        at += length;
        literals = at;
    }
    put_literals(size, -1);
    return int(out - to);
}
