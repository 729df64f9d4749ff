// Streams beats through one component, back to back: beats in from a file of hexadecimal words,
// beats out with the cycle of each to another.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "Vunit.h"
#include "verilated.h"

namespace {

template <typename T> void put(T &port, const std::string &hex) {
    port = static_cast<T>(std::strtoull(hex.c_str(), nullptr, 16));
}

template <std::size_t N> void put(VlWide<N> &port, const std::string &hex) {
    for (std::size_t word = 0; word < N; ++word) {
        const std::size_t end = hex.size() > 8 * word ? hex.size() - 8 * word : 0;
        const std::size_t start = end > 8 ? end - 8 : 0;
        port[word] = static_cast<uint32_t>(
            std::strtoul(hex.substr(start, end - start).c_str(), nullptr, 16));
    }
}

template <typename T> void write(std::FILE *file, const T &port) {
    std::fprintf(file, "%llx", static_cast<unsigned long long>(port));
}

template <std::size_t N> void write(std::FILE *file, const VlWide<N> &port) {
    for (std::size_t word = N; word-- > 0;) std::fprintf(file, "%08x", port[word]);
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    std::vector<std::string> beats;
    std::FILE *in = std::fopen(argv[1], "r");
    char line[65536];
    while (in && std::fscanf(in, "%65535s", line) == 1) beats.emplace_back(line);
    if (in) std::fclose(in);
    std::FILE *out = std::fopen(argv[2], "w");
    const long wanted = std::atol(argv[3]), deadline = std::atol(argv[4]);
    VerilatedContext context;
    Vunit unit{&context};
    std::size_t sent = 0;
    long received = 0;
    unit.rst = 1;
    unit.o___05Fready = 1;
    for (long cycle = -4; received < wanted && cycle < deadline; ++cycle) {
        unit.rst = cycle < 0;
        unit.i___05Fvalid = cycle >= 0 && sent < beats.size();
        if (unit.i___05Fvalid) put(unit.i___05Fpayload, beats[sent]);
        unit.clk = 0;
        unit.eval();
        const bool takes = unit.i___05Fvalid && unit.i___05Fready;
        if (cycle >= 0 && unit.o___05Fvalid) {
            std::fprintf(out, "%ld ", cycle);
            write(out, unit.o___05Fpayload);
            std::fprintf(out, "\n");
            ++received;
        }
        unit.clk = 1;
        unit.eval();
        sent += takes;
    }
    std::fclose(out);
    return received == wanted ? 0 : 1;
}
