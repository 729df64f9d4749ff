// Streams images through the circuit as fast as it takes them, and records what comes out.
//
// Arguments are name=value. Files, all little-endian, in the folder `out`:
//   logits.bin    int32  [images][classes]
//   stamps.bin    uint64 [images][4]          cycle of first and last beat in, first and last out
//   spans.bin     uint64 [images][PROBES][2]  cycle of the first and last beat of each tensor
//   tensor_I.bin  values of tensor I in wire order, for each I of `trace`
// Lines on standard output: `progress IMAGES`, then `result name=value ...` or `error TEXT`.

#include <unistd.h>

#include <cinttypes>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "Vharness.h"
#include "verilated.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
using Waves = VerilatedFstC;
#elif VM_TRACE_SAIF
#include "verilated_saif_c.h"
using Waves = VerilatedSaifC;  // counts of toggles take the place of waves
#endif

struct Probe {
    const char* name;
    unsigned lanes, bits;
    bool is_signed;
    uint64_t beats;  // of one image
};

#include "probes.h"

namespace {

constexpr uint64_t NEVER = UINT64_MAX;
constexpr uint64_t HALF_CYCLE = 5000;  // of the wave file's time, in picoseconds

[[noreturn]] void fail(const char* format, ...) {
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    throw std::runtime_error(text);
}

// Bits `low` and up of a signal, at most 64 of them; the caller masks.
template <class Narrow>
uint64_t bits_from(const Narrow& signal, unsigned low) {
    return uint64_t(signal) >> low;
}

template <std::size_t words>
uint64_t bits_from(const VlWide<words>& signal, unsigned low) {
    const std::size_t word = low / 32;
    const unsigned shift = low % 32;
    uint64_t value = uint64_t(signal[word]) >> shift;
    if (word + 1 < words) value |= uint64_t(signal[word + 1]) << (32 - shift);
    if (shift && word + 2 < words) value |= uint64_t(signal[word + 2]) << (64 - shift);
    return value;
}

template <class Data>
int64_t lane(const Data& data, const Probe& probe, unsigned index) {
    const uint64_t value = bits_from(data, index * probe.bits) << (64 - probe.bits);
    return probe.is_signed ? int64_t(value) >> (64 - probe.bits)
                           : int64_t(value >> (64 - probe.bits));
}

class Random {
public:
    explicit Random(uint64_t seed) : state(seed * 0x9E3779B97F4A7C15u + 1) {}
    uint32_t word() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return uint32_t(state >> 32);
    }
    bool happens(double probability) { return word() < probability * 4294967296.0; }

private:
    uint64_t state;
};

class Arguments {
public:
    Arguments(int argc, char** argv) {
        for (int i = 1; i < argc; ++i) {
            const char* equals = std::strchr(argv[i], '=');
            if (!equals) fail("argument %s is not name=value", argv[i]);
            values[std::string(argv[i], size_t(equals - argv[i]))] = equals + 1;
        }
    }
    const std::string& text(const std::string& name) const {
        const auto found = values.find(name);
        if (found == values.end()) fail("argument %s= is missing", name.c_str());
        return found->second;
    }
    uint64_t integer(const std::string& name) const { return std::stoull(text(name)); }
    double real(const std::string& name) const { return std::stod(text(name)); }

private:
    std::map<std::string, std::string> values;
};

class Output {
public:
    Output(const std::string& folder, const std::string& name) : path(folder + "/" + name) {
        file = std::fopen(path.c_str(), "wb");
        if (!file) fail("cannot write %s", path.c_str());
        std::setvbuf(file, nullptr, _IOFBF, 1 << 18);
    }
    Output(Output&& other) : path(std::move(other.path)), file(other.file) {
        other.file = nullptr;
    }
    void write(const void* data, std::size_t size) {
        if (std::fwrite(data, 1, size, file) != size) fail("cannot write %s", path.c_str());
    }
    void close() {
        if (std::fclose(file)) fail("cannot write %s", path.c_str());
    }

private:
    std::string path;
    std::FILE* file;
};

std::vector<uint32_t> read_words(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    std::vector<uint32_t> words(bytes.size() / 4);
    std::memcpy(words.data(), bytes.data(), words.size() * 4);
    return words;
}

class Bench {
public:
    explicit Bench(const Arguments& arguments)
        : stimulus(read_words(arguments.text("stimulus"))),
          images(arguments.integer("images")),
          deadline(arguments.integer("deadline")),
          report(arguments.integer("progress")),
          stall_source(arguments.real("stall_source")),
          stall_sink(arguments.real("stall_sink")),
          random(arguments.integer("seed")),
          parent(getppid()) {
        if (stimulus.size() != images * INPUT_BEATS)
            fail("the stimulus has %zu words for %" PRIu64 " images", stimulus.size(), images);
        // Memory without contents holds noise, so that nothing can rely on zeros.
        context.randReset(2);
        context.randSeed(int(arguments.integer("seed") % 1000000 + 1));
#if VM_TRACE
        context.traceEverOn(true);
#endif
        top = std::make_unique<Vharness>(&context);
#if VM_TRACE
        if (!arguments.text("waves").empty()) {
            waves.set_time_unit("1ns");
            waves.set_time_resolution("1ps");
            top->trace(&waves, 99);
            waves.open(arguments.text("waves").c_str());
            waving = true;
        }
#endif
        const std::string folder = arguments.text("out");
        stamps.assign(images * 4, NEVER);
        spans.assign(images * PROBES * 2, NEVER);
        logits.reserve(images * OUTPUT_BEATS);
        fired.assign(PROBES, 0);
        dump_of.assign(PROBES, -1);
        std::string list = arguments.text("trace");
        for (char* rest = list.data(); *rest;) {
            const unsigned index = unsigned(std::strtoul(rest, &rest, 10));
            if (*rest == ',') ++rest;
            dump_of[index] = int(dumps.size());
            dumps.emplace_back(folder, "tensor_" + std::to_string(index) + ".bin");
        }
    }

    // A failure is what waves are wanted for, so they are completed then too.
    ~Bench() {
#if VM_TRACE
        if (waving) waves.close();
#endif
    }

    void run(const Arguments& arguments) {
        reset();
        while (logits.size() < images * OUTPUT_BEATS) step();
        // What is still inside must come to an end, and nothing may come out any more.
        while (!drained()) step();
        for (int idle = 0; idle < 256; ++idle) step();
        const uint64_t cycles = now;
        std::string registers;
        for (unsigned address = 0; address < 0x3C; address += 4)
            registers += " reg" + std::to_string(address) + "=" + std::to_string(read(address));
        top->final();
        save(arguments.text("out"));
        std::printf("result cycles=%" PRIu64 "%s\n", cycles, registers.c_str());
    }

private:
    // The inputs of the circuit are registers of the harness: what is set here is seen by the
    // circuit in the next cycle, and what can be read is the cycle that the circuit is in.
    void reset() {
        // Inputs that nobody has set hold noise.
        top->s_axis_tdata = 0;
        top->s_axis_tvalid = top->s_axis_tlast = top->m_axis_tready = 0;
        top->s_axil_awaddr = top->s_axil_awprot = top->s_axil_awvalid = 0;
        top->s_axil_wdata = top->s_axil_wstrb = top->s_axil_wvalid = 0;
        top->s_axil_araddr = top->s_axil_arprot = top->s_axil_arvalid = 0;
        top->s_axil_bready = top->s_axil_rready = 0;
        top->rst = 1;
        for (int cycle = 0; cycle < 4; ++cycle) edge();
        top->rst = 0;
        offer();
        edge();
        now = 0;
    }

    void edge() {
        for (const bool level : {true, false}) {
            top->clk = level;
            top->eval();
#if VM_TRACE
            if (waving) waves.dump(HALF_CYCLE * time);
            ++time;
#endif
        }
        ++now;
    }

    // One cycle: see what moves in it, then decide on the next.
    void step() {
        if (offering && top->s_axis_tready) taken();
        check_offer();
        if (top->m_axis_tvalid && accepting) received();
        visit_fired(*top, [this](unsigned index, const auto& data) { moved(index, data); });
        if (now - progress > deadline) time_out();
        if ((now & 0xFFFFF) == 0 && getppid() != parent) fail("the parent process has ended");
        offer();
        edge();
    }

    void offer() {
        accepting = !random.happens(stall_sink);
        top->m_axis_tready = accepting;
        if (offering) return;
        offering = sent < stimulus.size() && !random.happens(stall_source);
        top->s_axis_tvalid = offering;
        if (offering) {
            top->s_axis_tdata = stimulus[sent];
            top->s_axis_tlast = sent % INPUT_BEATS == INPUT_BEATS - 1;
        } else if (stall_source > 0) {
            // What is not valid must not matter.
            top->s_axis_tdata = random.word();
            top->s_axis_tlast = random.word() & 1;
        }
    }

    void taken() {
        const uint64_t image = sent / INPUT_BEATS;
        if (sent % INPUT_BEATS == 0) stamps[image * 4] = now;
        stamps[image * 4 + 1] = now;
        ++sent;
        progress = now;
        offering = false;
    }

    void check_offer() {
        const bool same = top->m_axis_tdata == held_data && top->m_axis_tlast == held_last &&
                          top->m_axis_tuser == held_user;
        if (held && !top->m_axis_tvalid)
            fail("m_axis withdrew a beat before it was taken, in cycle %" PRIu64, now);
        if (held && !same)
            fail("m_axis changed a beat before it was taken, in cycle %" PRIu64, now);
        held = top->m_axis_tvalid && !accepting;
        held_data = top->m_axis_tdata;
        held_last = top->m_axis_tlast;
        held_user = top->m_axis_tuser;
    }

    void received() {
        const uint64_t image = logits.size() / OUTPUT_BEATS;
        const uint64_t beat = logits.size() % OUTPUT_BEATS;
        if (image >= images)
            fail("a beat came out after all %" PRIu64 " images, in cycle %" PRIu64, images, now);
        if (bool(top->m_axis_tlast) != (beat == OUTPUT_BEATS - 1))
            fail("TLAST is %d on beat %" PRIu64 " of %" PRIu64 " of image %" PRIu64,
                 int(top->m_axis_tlast), beat, OUTPUT_BEATS, image);
        if (top->m_axis_tuser)
            fail("TUSER marks image %" PRIu64 " as malformed, and it was not", image);
        logits.push_back(int32_t(top->m_axis_tdata));
        if (beat == 0) stamps[image * 4 + 2] = now;
        stamps[image * 4 + 3] = now;
        progress = now;
        if (beat == OUTPUT_BEATS - 1 && (image + 1) % report == 0) {
            std::printf("progress %" PRIu64 "\n", image + 1);
            std::fflush(stdout);
        }
    }

    template <class Data>
    void moved(unsigned index, const Data& data) {
        const Probe& probe = PROBE[index];
        const uint64_t image = fired[index] / probe.beats;
        if (image >= images)
            fail("tensor %s moved more than %" PRIu64 " beats for each of %" PRIu64 " images, "
                 "in cycle %" PRIu64, probe.name, probe.beats, images, now);
        uint64_t* span = &spans[(image * PROBES + index) * 2];
        if (fired[index] % probe.beats == 0) span[0] = now;
        span[1] = now;
        ++fired[index];
        progress = now;
        if (dump_of[index] < 0) return;
        Output& dump = dumps[size_t(dump_of[index])];
        const std::size_t size = probe.bits <= 8 ? 1 : probe.bits <= 16 ? 2 : probe.bits <= 32 ? 4 : 8;
        line.resize(probe.lanes * size);
        for (unsigned l = 0; l < probe.lanes; ++l) {
            const int64_t value = lane(data, probe, l);
            std::memcpy(&line[l * size], &value, size);  // the low bytes of a little-endian value
        }
        dump.write(line.data(), line.size());
    }

    bool drained() const {
        for (unsigned index = 0; index < PROBES; ++index)
            if (fired[index] < images * PROBE[index].beats) return false;
        return true;
    }

    [[noreturn]] void time_out() const {
        std::string stuck;
        for (unsigned index = 0; index < PROBES; ++index) {
            const uint64_t done = fired[index] / PROBE[index].beats;
            if (done < images)
                stuck += std::string(stuck.empty() ? "; " : ", ") + PROBE[index].name + " at beat " +
                         std::to_string(fired[index] % PROBE[index].beats) + " of " +
                         std::to_string(PROBE[index].beats) + " of image " + std::to_string(done);
        }
        fail("time-out: nothing has moved for %" PRIu64 " cycles after cycle %" PRIu64
             ", with %zu of %" PRIu64 " images out%s",
             deadline, progress, logits.size() / OUTPUT_BEATS, images, stuck.c_str());
    }

    // A read of the register file through its AXI4-Lite port.
    uint32_t read(unsigned address) {
        top->s_axil_araddr = address;
        top->s_axil_arvalid = 1;
        top->s_axil_rready = 1;
        edge();
        for (int cycle = 0; cycle < 1000; ++cycle) {
            if (top->s_axil_arready) top->s_axil_arvalid = 0;
            const bool answered = top->s_axil_rvalid;
            const uint32_t data = top->s_axil_rdata;
            const unsigned response = top->s_axil_rresp;
            if (answered) top->s_axil_rready = 0;
            edge();
            if (answered && response)
                fail("register 0x%02x answers with RRESP %u", address, response);
            if (answered) return data;
        }
        fail("time-out: register 0x%02x does not answer", address);
    }

    void save(const std::string& folder) {
        const auto write = [&](const char* name, const auto& values) {
            Output output(folder, name);
            output.write(values.data(), values.size() * sizeof values[0]);
            output.close();
        };
        write("logits.bin", logits);
        write("stamps.bin", stamps);
        write("spans.bin", spans);
        for (Output& dump : dumps) dump.close();
    }

    const std::vector<uint32_t> stimulus;
    const uint64_t images, deadline, report;
    const double stall_source, stall_sink;
    Random random;
    const pid_t parent;
    VerilatedContext context;
    std::unique_ptr<Vharness> top;
#if VM_TRACE
    Waves waves;
    bool waving = false;
#endif
    uint64_t now = 0, time = 0, progress = 0;  // time goes on through reset, now starts after it
    uint64_t sent = 0;
    bool offering = false, accepting = false;
    bool held = false, held_last = false, held_user = false;
    uint32_t held_data = 0;
    std::vector<int32_t> logits;
    std::vector<uint64_t> stamps, spans, fired;
    std::vector<int> dump_of;
    std::vector<Output> dumps;
    std::vector<char> line;
};

}  // namespace

int main(int argc, char** argv) {
    try {
        const Arguments arguments(argc, argv);
        Bench bench(arguments);
        bench.run(arguments);
        return 0;
    } catch (const std::exception& error) {
        std::printf("error %s\n", error.what());
        return 1;
    }
}
