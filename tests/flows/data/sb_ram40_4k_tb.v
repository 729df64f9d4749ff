// Drives our model of SB_RAM40_4K and Yosys' with the same random signals, in all widths, never
// reading what is written, and prints: cycles, cycles with a difference, cycles that told something.
module sb_ram40_4k_tb;
  reg clk = 0;
  always #1 clk = ~clk;
  reg [63:0] random;
  wire [3:0] different, telling;
  pair #(.WRITE_MODE(0), .READ_MODE(0)) whole(clk, random, different[0], telling[0]);
  pair #(.WRITE_MODE(1), .READ_MODE(1)) half(clk, random, different[1], telling[1]);
  pair #(.WRITE_MODE(2), .READ_MODE(3)) mixed(clk, random, different[2], telling[2]);
  pair #(.WRITE_MODE(3), .READ_MODE(2)) other(clk, random, different[3], telling[3]);
  integer cycle, wrong = 0, told = 0;
  initial begin
    for (cycle = 0; cycle < 20000; cycle = cycle + 1) begin
      @(negedge clk);
      if (cycle > 20 && different != 0)
        wrong = wrong + 1;
      if (telling != 0)
        told = told + 1;
      random = {$urandom, $urandom};
    end
    $display("%0d %0d %0d", cycle, wrong, told);
    $finish;
  end
endmodule

module pair #(parameter WRITE_MODE = 0, READ_MODE = 0)(
  input clk, input [63:0] random, output different, output telling
);
  wire [10:0] to = {random[2:0], 5'd0, random[5:3]}, from = {random[8:6], 5'd0, random[11:9]};
  wire write = random[12] && to[7:0] != from[7:0];
  wire [15:0] ours, theirs;
  localparam [255:0] CONTENTS = {16{16'h3a5c}} ^ {64'd77, 64'd5, 64'd9};
  SB_RAM40_4K #(.WRITE_MODE(WRITE_MODE), .READ_MODE(READ_MODE), .INIT_0(CONTENTS)) our_model(
    .RDATA(ours), .RCLK(clk), .RCLKE(random[13]), .RE(random[14]), .RADDR(from), .WCLK(clk),
    .WCLKE(random[15]), .WE(write), .WADDR(to), .MASK(random[31:16]), .WDATA(random[47:32]));
  yosys_ram #(.WRITE_MODE(WRITE_MODE), .READ_MODE(READ_MODE), .INIT_0(CONTENTS)) their_model(
    .RDATA(theirs), .RCLK(clk), .RCLKE(random[13]), .RE(random[14]), .RADDR(from), .WCLK(clk),
    .WCLKE(random[15]), .WE(write), .WADDR(to), .MASK(random[31:16]), .WDATA(random[47:32]));
  assign different = ours !== theirs;
  assign telling = ours != 0;
endmodule
