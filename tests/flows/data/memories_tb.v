// Drives memories.v and the netlist made of it with the same random signals, never reading a word
// while it is written, and prints: cycles, cycles with a difference, cycles that told something.
module memories_tb;
  reg clk = 0;
  always #1 clk = ~clk;
  reg read, keep, strobe;
  reg [8:0] from, to;
  reg [35:0] data;
  wire write = strobe && to != from;
  wire [35:0] wide, wide_gates;
  wire [17:0] fixed, fixed_gates;
  wire [6:0] narrow, narrow_gates, deep, deep_gates;
  integer cycle, different = 0, telling = 0;
  memories verilog(.clk(clk), .read(read), .keep(keep), .from(from), .write(write), .to(to),
                   .data(data), .wide(wide), .fixed(fixed), .narrow(narrow),
                   .deep(deep));
  gates netlist(.clk(clk), .read(read), .keep(keep), .from(from), .write(write), .to(to),
                .data(data), .wide(wide_gates), .fixed(fixed_gates), .narrow(narrow_gates),
                .deep(deep_gates));
  initial begin
    for (cycle = 0; cycle < 20000; cycle = cycle + 1) begin
      @(negedge clk);
      // The first words come out two cycles after the first address.
      if (cycle > 3 && {wide, fixed, narrow, deep}
                       !== {wide_gates, fixed_gates, narrow_gates, deep_gates})
        different = different + 1;
      if (wide != 0 && fixed != 0 && narrow != 0 && deep != 0)
        telling = telling + 1;
      read = $urandom;
      keep = $urandom;
      strobe = $urandom;
      from = $urandom & 'h1f;
      to = $urandom & 'h1f;
      data = {$urandom, $urandom};
    end
    $display("%0d %0d %0d", cycle, different, telling);
    $finish;
  end
endmodule
