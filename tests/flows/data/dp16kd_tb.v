// Drives the model of DP16KD port by port with random signals, beside memories in plain Verilog,
// and prints: cycles, cycles with a difference, cycles that told something.
module dp16kd_tb;
  reg clk = 0;
  always #1 clk = ~clk;
  reg [63:0] random;
  wire [4:0] different, telling;
  one_word #(.MODE("NORMAL")) normal(clk, random, different[0], telling[0]);
  one_word #(.MODE("WRITETHROUGH")) through(clk, random, different[1], telling[1]);
  one_word #(.MODE("READBEFOREWRITE")) earlier(clk, random, different[2], telling[2]);
  one_word #(.MODE("NORMAL"), .REGISTER("OUTREG")) out(clk, random, different[3], telling[3]);
  two_words wide(clk, random, different[4], telling[4]);
  integer cycle, wrong = 0, told = 0;
  initial begin
    for (cycle = 0; cycle < 20000; cycle = cycle + 1) begin
      @(negedge clk);
      if (cycle > 3 && different != 0)
        wrong = wrong + 1;
      if (&telling)
        told = told + 1;
      random = {$urandom, $urandom};
    end
    $display("%0d %0d %0d", cycle, wrong, told);
    $finish;
  end
endmodule

// 18 bits: port A reads and writes bytes of one word, port B reads single bytes of others.
module one_word #(parameter MODE = "NORMAL", REGISTER = "NOREG")(
  input clk, input [63:0] random, output different, output telling
);
  wire write = random[0], enable = random[1], keep = random[2], fetch = random[3];
  wire [1:0] lanes = random[5:4];
  wire [3:0] at = random[9:6];
  wire [4:0] from = random[14:10];
  wire [17:0] data = random[32:15];
  wire [17:0] a, b;
  ram #(.WIDTH_A(18), .WIDTH_B(9), .MODE(MODE), .REGISTER(REGISTER)) dut(
    .clk(clk), .ad_a({6'd0, at, 2'd0, lanes}), .di_a(data), .we_a(write), .ce_a(enable),
    .oce_a(keep), .do_a(a), .ad_b({6'd0, from, 3'd0}), .di_b(18'd0), .ce_b(fetch), .oce_b(keep),
    .do_b(b));
  reg [8:0] bytes [0:31];
  integer i;
  initial for (i = 0; i < 32; i = i + 1) bytes[i] = 9 * i;
  reg [17:0] word_a, held_a;
  reg [8:0] byte_b, held_b;
  // A byte that is read while it is written is noise until another one is read.
  reg noise, held_noise;
  wire [17:0] old = {bytes[{at, 1'b1}], bytes[{at, 1'b0}]};
  wire [17:0] fresh = {lanes[1] ? data[17:9] : old[17:9], lanes[0] ? data[8:0] : old[8:0]};
  always @(posedge clk) begin
    if (write && enable) begin
      bytes[{at, 1'b0}] <= fresh[8:0];
      bytes[{at, 1'b1}] <= fresh[17:9];
    end
    if (enable && !write || enable && MODE == "READBEFOREWRITE")
      word_a <= old;
    else if (enable && MODE == "WRITETHROUGH")
      word_a <= fresh;
    if (fetch) begin
      byte_b <= bytes[from];
      noise <= write && enable && from[4:1] == at && lanes[from[0]];
    end
    if (keep) begin
      held_a <= word_a;
      held_b <= byte_b;
      held_noise <= noise;
    end
  end
  wire registered = REGISTER == "OUTREG";
  wire [17:0] expected = registered ? held_a : word_a;
  wire ignored = registered ? held_noise : noise;
  assign different = a !== expected || !ignored && b !== {9'd0, registered ? held_b : byte_b};
  assign telling = a != 0 && b != 0 && !ignored;
endmodule

// 36 bits: port A writes bytes of two words, port B reads both through the output register.
module two_words(input clk, input [63:0] random, output different, output telling);
  wire write = random[0], keep = random[2], fetch = random[3];
  wire [3:0] lanes = random[7:4];
  wire [3:0] at = random[11:8], from = random[15:12];
  wire [35:0] data = random[51:16];
  wire [35:0] out;
  ram #(.WIDTH_A(36), .WIDTH_B(36), .REGISTER("OUTREG")) dut(
    .clk(clk), .ad_a({5'd0, at, 1'b0, lanes}), .di_a(data[17:0]), .we_a(1'b1), .ce_a(write),
    .oce_a(1'b0), .do_a(out[17:0]), .ad_b({5'd0, from, 5'd0}), .di_b(data[35:18]), .ce_b(fetch),
    .oce_b(keep), .do_b(out[35:18]));
  reg [35:0] words [0:15], word, held;
  reg noise, held_noise;
  integer i, lane;
  initial
    for (i = 0; i < 16; i = i + 1)
      words[i] = i < 8 ? {9'(36*i+27), 9'(36*i+18), 9'(36*i+9), 9'(36*i)} : 36'd0;
  always @(posedge clk) begin
    for (lane = 0; lane < 4; lane = lane + 1)
      if (write && lanes[lane])
        words[at][9*lane +: 9] <= data[9*lane +: 9];
    if (fetch) begin
      word <= words[from];
      noise <= write && from == at && lanes != 0;
    end
    if (keep) begin
      held <= word;
      held_noise <= noise;
    end
  end
  assign different = !held_noise && out !== held;
  assign telling = out != 0 && !held_noise;
endmodule

// DP16KD with buses for ports, its first 32 bytes of 9 bits initially 0, 9, 18, ...
module ram #(
  parameter WIDTH_A = 18, WIDTH_B = 18, MODE = "NORMAL", REGISTER = "NOREG"
)(
  input clk,
  input [13:0] ad_a, ad_b,
  input [17:0] di_a, di_b,
  input we_a, ce_a, oce_a, ce_b, oce_b,
  output [17:0] do_a, do_b
);
  function [319:0] initial_words(input integer unused);
    integer i;
    for (i = 0; i < 16; i = i + 1)
      initial_words[20*i +: 20] = {2'd0, 9'(18*i+9), 9'(18*i)};
  endfunction
  DP16KD #(
    .DATA_WIDTH_A(WIDTH_A), .DATA_WIDTH_B(WIDTH_B), .WRITEMODE_A(MODE),
    .REGMODE_A(REGISTER), .REGMODE_B(REGISTER), .INITVAL_00(initial_words(0))
  ) cell_(
    .CLKA(clk), .CLKB(clk), .WEA(we_a), .CEA(ce_a), .OCEA(oce_a), .CEB(ce_b), .OCEB(oce_b),
    .WEB(1'b0), .RSTA(1'b0), .RSTB(1'b0), .CSA0(1'b0), .CSA1(1'b0), .CSA2(1'b0), .CSB0(1'b0),
    .CSB1(1'b0), .CSB2(1'b0),
    .ADA0(ad_a[0]), .ADA1(ad_a[1]), .ADA2(ad_a[2]), .ADA3(ad_a[3]), .ADA4(ad_a[4]),
    .ADA5(ad_a[5]), .ADA6(ad_a[6]), .ADA7(ad_a[7]), .ADA8(ad_a[8]), .ADA9(ad_a[9]),
    .ADA10(ad_a[10]), .ADA11(ad_a[11]), .ADA12(ad_a[12]), .ADA13(ad_a[13]), .DIA0(di_a[0]),
    .DIA1(di_a[1]), .DIA2(di_a[2]), .DIA3(di_a[3]), .DIA4(di_a[4]), .DIA5(di_a[5]),
    .DIA6(di_a[6]), .DIA7(di_a[7]), .DIA8(di_a[8]), .DIA9(di_a[9]), .DIA10(di_a[10]),
    .DIA11(di_a[11]), .DIA12(di_a[12]), .DIA13(di_a[13]), .DIA14(di_a[14]), .DIA15(di_a[15]),
    .DIA16(di_a[16]), .DIA17(di_a[17]), .DOA0(do_a[0]), .DOA1(do_a[1]), .DOA2(do_a[2]),
    .DOA3(do_a[3]), .DOA4(do_a[4]), .DOA5(do_a[5]), .DOA6(do_a[6]), .DOA7(do_a[7]),
    .DOA8(do_a[8]), .DOA9(do_a[9]), .DOA10(do_a[10]), .DOA11(do_a[11]), .DOA12(do_a[12]),
    .DOA13(do_a[13]), .DOA14(do_a[14]), .DOA15(do_a[15]), .DOA16(do_a[16]), .DOA17(do_a[17]),
    .ADB0(ad_b[0]), .ADB1(ad_b[1]), .ADB2(ad_b[2]), .ADB3(ad_b[3]), .ADB4(ad_b[4]),
    .ADB5(ad_b[5]), .ADB6(ad_b[6]), .ADB7(ad_b[7]), .ADB8(ad_b[8]), .ADB9(ad_b[9]),
    .ADB10(ad_b[10]), .ADB11(ad_b[11]), .ADB12(ad_b[12]), .ADB13(ad_b[13]), .DIB0(di_b[0]),
    .DIB1(di_b[1]), .DIB2(di_b[2]), .DIB3(di_b[3]), .DIB4(di_b[4]), .DIB5(di_b[5]),
    .DIB6(di_b[6]), .DIB7(di_b[7]), .DIB8(di_b[8]), .DIB9(di_b[9]), .DIB10(di_b[10]),
    .DIB11(di_b[11]), .DIB12(di_b[12]), .DIB13(di_b[13]), .DIB14(di_b[14]), .DIB15(di_b[15]),
    .DIB16(di_b[16]), .DIB17(di_b[17]), .DOB0(do_b[0]), .DOB1(do_b[1]), .DOB2(do_b[2]),
    .DOB3(do_b[3]), .DOB4(do_b[4]), .DOB5(do_b[5]), .DOB6(do_b[6]), .DOB7(do_b[7]),
    .DOB8(do_b[8]), .DOB9(do_b[9]), .DOB10(do_b[10]), .DOB11(do_b[11]), .DOB12(do_b[12]),
    .DOB13(do_b[13]), .DOB14(do_b[14]), .DOB15(do_b[15]), .DOB16(do_b[16]), .DOB17(do_b[17])
  );
endmodule
