// The one memory leaf of every generated design: one registered read port, one write port
// unless WRITABLE is 0. INIT names a file of hexadecimal words for $readmemh, or is empty.
// Reading an address in the cycle of its write is never done, so no bypass is needed.
module spikeloom_memory #(
    parameter WIDTH = 8,
    parameter DEPTH = 16,
    parameter ADDR = 4,
    parameter WRITABLE = 1,
    parameter INIT = ""
) (
    input  wire             clk,
    input  wire             read_en,
    input  wire [ADDR-1:0]  read_addr,
    output reg  [WIDTH-1:0] read_data,
    input  wire             write_en,
    input  wire [ADDR-1:0]  write_addr,
    input  wire [WIDTH-1:0] write_data
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
