// A circuit for tests of the flows: a memory with contents, read every cycle, an adder, a reset.
module tiny(
  input clk,
  input rst,
  input [5:0] address,
  input write,
  input [15:0] data,
  output reg [15:0] total,
  output busy
);
  wire [15:0] word;
  reg [15:0] behind;
  tiny_memory #(.INIT("memory/tiny.hex")) memory(.clk(clk), .raddr({2'd1, address}), .rdata(word),
                                                .wen(write), .waddr({2'd2, address}),
                                                .wdata(data));
  assign busy = total != 0;
  always @(posedge clk) begin
    behind <= word;
    total <= total + behind;
    if (rst)
      total <= 0;
  end
endmodule

module tiny_memory #(parameter INIT = "") (input clk, input [7:0] raddr, output reg [15:0] rdata,
                                           input wen, input [7:0] waddr, input [15:0] wdata);
  reg [15:0] words [0:255];
  generate
    if (INIT != "") begin : contents
      initial $readmemh(INIT, words);
    end
  endgenerate
  always @(posedge clk) begin
    if (wen)
      words[waddr] <= wdata;
    rdata <= words[raddr];
  end
endmodule
