// Memories in the style of the generated designs' leaf, each with a register behind it that an
// ECP5 block RAM can hold: 36 bits wide with contents and a write port, 18 bits wide and read-only
// with an enabled register, 7 bits wide without contents, and deep ones of 4, 2 and 1 bits.
module memories(
  input clk,
  input read,
  input keep,
  input [8:0] from,
  input write,
  input [8:0] to,
  input [35:0] data,
  output reg [35:0] wide,
  output reg [17:0] fixed,
  output reg [6:0] narrow,
  output reg [6:0] deep
);
  wire [35:0] wide_word;
  wire [17:0] fixed_word;
  wire [6:0] narrow_word;
  leaf #(.WIDTH(36), .DEPTH(512), .ADDR(9), .WRITABLE(1), .INIT("memories.hex")) m_wide(
    .clk(clk), .read_en(read), .read_addr(from), .read_data(wide_word),
    .write_en(write), .write_addr(to), .write_data(data));
  leaf #(.WIDTH(18), .DEPTH(512), .ADDR(9), .WRITABLE(0), .INIT("memories.hex")) m_fixed(
    .clk(clk), .read_en(1'b1), .read_addr(from), .read_data(fixed_word),
    .write_en(1'b0), .write_addr(9'd0), .write_data(18'd0));
  leaf #(.WIDTH(7), .DEPTH(512), .ADDR(9), .WRITABLE(1)) m_narrow(
    .clk(clk), .read_en(read), .read_addr(from), .read_data(narrow_word),
    .write_en(write), .write_addr(to), .write_data(data[6:0]));
  wire [6:0] deep_word;
  leaf #(.WIDTH(4), .DEPTH(4096), .ADDR(12), .WRITABLE(1)) m_four(
    .clk(clk), .read_en(read), .read_addr({from[2:0], from}), .read_data(deep_word[3:0]),
    .write_en(write), .write_addr({to[2:0], to}), .write_data(data[3:0]));
  leaf #(.WIDTH(2), .DEPTH(8192), .ADDR(13), .WRITABLE(1)) m_two(
    .clk(clk), .read_en(read), .read_addr({from[3:0], from}), .read_data(deep_word[5:4]),
    .write_en(write), .write_addr({to[3:0], to}), .write_data(data[5:4]));
  leaf #(.WIDTH(1), .DEPTH(16384), .ADDR(14), .WRITABLE(1)) m_one(
    .clk(clk), .read_en(read), .read_addr({from[4:0], from}), .read_data(deep_word[6]),
    .write_en(write), .write_addr({to[4:0], to}), .write_data(data[6]));
  always @(posedge clk) begin
    deep <= deep_word;
    wide <= wide_word;
    if (keep)
      fixed <= fixed_word;
    narrow <= narrow_word;
  end
endmodule

module leaf #(parameter WIDTH = 8, DEPTH = 16, ADDR = 4, WRITABLE = 1, parameter INIT = "") (
  input clk,
  input read_en,
  input [ADDR-1:0] read_addr,
  output reg [WIDTH-1:0] read_data,
  input write_en,
  input [ADDR-1:0] write_addr,
  input [WIDTH-1:0] write_data
);
  reg [WIDTH-1:0] words [0:DEPTH-1];
  generate
    if (INIT != "") begin : contents
      initial $readmemh(INIT, words);
    end
    if (WRITABLE) begin : writing
      always @(posedge clk)
        if (write_en)
          words[write_addr] <= write_data;
    end
  endgenerate
  always @(posedge clk)
    if (read_en)
      read_data <= words[read_addr];
endmodule
