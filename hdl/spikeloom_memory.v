// The one memory leaf of every generated design: one registered read port, one write port
// unless WRITABLE is 0. INIT names a file of hexadecimal words for $readmemh, or is empty.
// STYLE is auto, distributed for contents in look-up tables, or ultra for a memory that is written
// after reset and may be of a kind without initial contents, as UltraRAM: the file is for
// simulation alone then, which need not wait until all words are there.
// Reading an address in the cycle of its write is never done, so no bypass is needed.
module spikeloom_memory #(
    parameter WIDTH = 8,
    parameter DEPTH = 16,
    parameter ADDR = 4,
    parameter WRITABLE = 1,
    parameter INIT = "",
    parameter STYLE = "auto"
) (
    input  wire             clk,
    input  wire             read_en,
    input  wire [ADDR-1:0]  read_addr,
    output reg  [WIDTH-1:0] read_data,
    input  wire             write_en,
    input  wire [ADDR-1:0]  write_addr,
    input  wire [WIDTH-1:0] write_data
);
    generate
        if (STYLE == "ultra") begin : in_ultraram
            (* ram_style = "ultra" *) reg [WIDTH-1:0] words [0:DEPTH-1];
`ifndef SYNTHESIS
            initial $readmemh(INIT, words);
`endif
            always @(posedge clk)
                if (write_en)
                    words[write_addr] <= write_data;
            always @(posedge clk)
                if (read_en)
                    read_data <= words[read_addr];
        end else if (STYLE == "distributed") begin : in_tables
            (* rom_style = "distributed" *) reg [WIDTH-1:0] words [0:DEPTH-1];
            initial $readmemh(INIT, words);
            always @(posedge clk)
                if (read_en)
                    read_data <= words[read_addr];
        end else begin : anywhere
            reg [WIDTH-1:0] words [0:DEPTH-1];
            if (INIT != "") begin : contents
                initial $readmemh(INIT, words);
            end
            if (WRITABLE) begin : writing
                always @(posedge clk)
                    if (write_en)
                        words[write_addr] <= write_data;
            end
            always @(posedge clk)
                if (read_en)
                    read_data <= words[read_addr];
        end
    endgenerate
endmodule
