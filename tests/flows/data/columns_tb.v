// Drives the memory leaf of every design (module plain) and that of the ECP5 alike, never reading
// a word while it is written, and prints: cycles, cycles with a difference, cycles that told
// something.
module columns_tb;
  reg clk = 0;
  always #1 clk = ~clk;
  reg read, strobe;
  reg [10:0] from, to;
  reg [47:0] data;
  wire write = strobe && to != from;
  wire [47:0] fixed, fixed_cut;
  wire [19:0] kept, kept_cut;
  integer cycle, different = 0, telling = 0;

  plain #(.WIDTH(48), .DEPTH(1100), .ADDR(11), .WRITABLE(0), .INIT("deep.hex")) rom(
      .clk(clk), .read_en(read), .read_addr(from), .read_data(fixed), .write_en(1'b0),
      .write_addr(11'd0), .write_data(48'd0));
  spikeloom_memory #(.WIDTH(48), .DEPTH(1100), .ADDR(11), .WRITABLE(0), .INIT("deep.hex")) cut_rom(
      .clk(clk), .read_en(read), .read_addr(from), .read_data(fixed_cut), .write_en(1'b0),
      .write_addr(11'd0), .write_data(48'd0));
  plain #(.WIDTH(20), .DEPTH(600), .ADDR(10)) ram(
      .clk(clk), .read_en(read), .read_addr(from[9:0]), .read_data(kept), .write_en(write),
      .write_addr(to[9:0]), .write_data(data[19:0]));
  spikeloom_memory #(.WIDTH(20), .DEPTH(600), .ADDR(10)) cut_ram(
      .clk(clk), .read_en(read), .read_addr(from[9:0]), .read_data(kept_cut), .write_en(write),
      .write_addr(to[9:0]), .write_data(data[19:0]));

  initial begin
    for (cycle = 0; cycle < 20000; cycle = cycle + 1) begin
      @(negedge clk);
      if (cycle > 3 && {fixed, kept} !== {fixed_cut, kept_cut})
        different = different + 1;
      if (fixed != 0 && kept != 0)
        telling = telling + 1;
      read = $urandom;
      strobe = $urandom;
      from = $urandom % 600;
      to = $urandom % 600;
      if (cycle & 1) from = from + 500;
      data = {$urandom, $urandom};
    end
    $display("%0d %0d %0d", cycle, different, telling);
    $finish;
  end
endmodule
