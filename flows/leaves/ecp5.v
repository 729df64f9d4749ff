// The memory leaf of hdl/spikeloom_memory.v for ECP5, the same at its ports.
//
// Memories too deep for a block RAM's widest form are cut into columns, each as deep as the
// memory and as wide as one block RAM of that depth is. Yosys would take fewer block RAMs, store
// several words side by side and choose between them behind the block RAM, in the slowest place
// of the circuit, where its output register cannot be used. Contents are cut alike: a column
// reads the file INIT with its number behind, see flows/columns.py. STYLE makes no difference.
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
    output wire [WIDTH-1:0] read_data,
    input  wire             write_en,
    input  wire [ADDR-1:0]  write_addr,
    input  wire [WIDTH-1:0] write_data
);
    localparam BITS = DEPTH <= 1024 ? 18 : DEPTH <= 2048 ? 9
                    : DEPTH <= 4096 ? 4 : DEPTH <= 8192 ? 2 : 1;
    genvar column;

    generate
        if (DEPTH <= 512) begin : whole
            spikeloom_memory_words #(
                .WIDTH(WIDTH), .DEPTH(DEPTH), .ADDR(ADDR), .WRITABLE(WRITABLE), .INIT(INIT)
            ) words (
                .clk(clk), .read_en(read_en), .read_addr(read_addr), .read_data(read_data),
                .write_en(write_en), .write_addr(write_addr), .write_data(write_data)
            );
        end else for (column = 0; column * BITS < WIDTH; column = column + 1) begin : columns
            localparam LOW = column * BITS;
            localparam WIDE = WIDTH - LOW < BITS ? WIDTH - LOW : BITS;
            localparam [7:0] HUNDREDS = "0" + column / 100;
            localparam [7:0] TENS = "0" + column / 10 % 10;
            localparam [7:0] ONES = "0" + column % 10;
            spikeloom_memory_words #(
                .WIDTH(WIDE), .DEPTH(DEPTH), .ADDR(ADDR), .WRITABLE(WRITABLE),
                .INIT(INIT == "" ? "" : {INIT, ".", HUNDREDS, TENS, ONES})
            ) words (
                .clk(clk), .read_en(read_en), .read_addr(read_addr),
                .read_data(read_data[LOW +: WIDE]), .write_en(write_en),
                .write_addr(write_addr), .write_data(write_data[LOW +: WIDE])
            );
        end
    endgenerate
endmodule

module spikeloom_memory_words #(
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
    // Words of a large memory come late; a register waits for them, see hdl/memory.py.
    localparam LARGE = WRITABLE && (WIDTH * DEPTH >= 2048 || DEPTH > 128);

    generate
        if (LARGE) begin : in_blocks
            (* ram_style = "block" *) reg [WIDTH-1:0] words [0:DEPTH-1];
            always @(posedge clk)
                if (write_en)
                    words[write_addr] <= write_data;
            always @(posedge clk)
                if (read_en)
                    read_data <= words[read_addr];
        end else if (!WRITABLE && DEPTH > 64) begin : constants_in_blocks
            // As logic, constants this deep are a knot of wires that the router hardly undoes.
            (* ram_style = "block" *) reg [WIDTH-1:0] words [0:DEPTH-1];
            initial $readmemh(INIT, words);
            always @(posedge clk)
                if (read_en)
                    read_data <= words[read_addr];
        end else begin : in_luts
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
