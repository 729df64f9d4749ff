// A model of Lattice's ECP5 block RAM DP16KD for simulation, from how Yosys maps to it and from
// Lattice's FPGA-TN-02204; Yosys' own is an empty box. Covered is what Yosys makes of a memory with
// one write and one read port: port A may write, and either may read. What is not covered (chip
// selects, resets, inverted clocks, writes of port B) ends the simulation. What one port reads
// while the other writes it is noise: the device promises nothing.
module DP16KD #(
    parameter DATA_WIDTH_A = 18, parameter DATA_WIDTH_B = 18,
    parameter REGMODE_A = "NOREG", parameter REGMODE_B = "NOREG",
    parameter CLKAMUX = "CLKA", parameter CLKBMUX = "CLKB",
    parameter WRITEMODE_A = "NORMAL", parameter WRITEMODE_B = "NORMAL",
    parameter CSDECODE_A = "0b000", parameter CSDECODE_B = "0b000",
    parameter GSR = "DISABLED", parameter RESETMODE = "SYNC",
    parameter ASYNC_RESET_RELEASE = "SYNC",
    parameter [319:0] INITVAL_00 = 320'd0, parameter [319:0] INITVAL_01 = 320'd0,
    parameter [319:0] INITVAL_02 = 320'd0, parameter [319:0] INITVAL_03 = 320'd0,
    parameter [319:0] INITVAL_04 = 320'd0, parameter [319:0] INITVAL_05 = 320'd0,
    parameter [319:0] INITVAL_06 = 320'd0, parameter [319:0] INITVAL_07 = 320'd0,
    parameter [319:0] INITVAL_08 = 320'd0, parameter [319:0] INITVAL_09 = 320'd0,
    parameter [319:0] INITVAL_0A = 320'd0, parameter [319:0] INITVAL_0B = 320'd0,
    parameter [319:0] INITVAL_0C = 320'd0, parameter [319:0] INITVAL_0D = 320'd0,
    parameter [319:0] INITVAL_0E = 320'd0, parameter [319:0] INITVAL_0F = 320'd0,
    parameter [319:0] INITVAL_10 = 320'd0, parameter [319:0] INITVAL_11 = 320'd0,
    parameter [319:0] INITVAL_12 = 320'd0, parameter [319:0] INITVAL_13 = 320'd0,
    parameter [319:0] INITVAL_14 = 320'd0, parameter [319:0] INITVAL_15 = 320'd0,
    parameter [319:0] INITVAL_16 = 320'd0, parameter [319:0] INITVAL_17 = 320'd0,
    parameter [319:0] INITVAL_18 = 320'd0, parameter [319:0] INITVAL_19 = 320'd0,
    parameter [319:0] INITVAL_1A = 320'd0, parameter [319:0] INITVAL_1B = 320'd0,
    parameter [319:0] INITVAL_1C = 320'd0, parameter [319:0] INITVAL_1D = 320'd0,
    parameter [319:0] INITVAL_1E = 320'd0, parameter [319:0] INITVAL_1F = 320'd0,
    parameter [319:0] INITVAL_20 = 320'd0, parameter [319:0] INITVAL_21 = 320'd0,
    parameter [319:0] INITVAL_22 = 320'd0, parameter [319:0] INITVAL_23 = 320'd0,
    parameter [319:0] INITVAL_24 = 320'd0, parameter [319:0] INITVAL_25 = 320'd0,
    parameter [319:0] INITVAL_26 = 320'd0, parameter [319:0] INITVAL_27 = 320'd0,
    parameter [319:0] INITVAL_28 = 320'd0, parameter [319:0] INITVAL_29 = 320'd0,
    parameter [319:0] INITVAL_2A = 320'd0, parameter [319:0] INITVAL_2B = 320'd0,
    parameter [319:0] INITVAL_2C = 320'd0, parameter [319:0] INITVAL_2D = 320'd0,
    parameter [319:0] INITVAL_2E = 320'd0, parameter [319:0] INITVAL_2F = 320'd0,
    parameter [319:0] INITVAL_30 = 320'd0, parameter [319:0] INITVAL_31 = 320'd0,
    parameter [319:0] INITVAL_32 = 320'd0, parameter [319:0] INITVAL_33 = 320'd0,
    parameter [319:0] INITVAL_34 = 320'd0, parameter [319:0] INITVAL_35 = 320'd0,
    parameter [319:0] INITVAL_36 = 320'd0, parameter [319:0] INITVAL_37 = 320'd0,
    parameter [319:0] INITVAL_38 = 320'd0, parameter [319:0] INITVAL_39 = 320'd0,
    parameter [319:0] INITVAL_3A = 320'd0, parameter [319:0] INITVAL_3B = 320'd0,
    parameter [319:0] INITVAL_3C = 320'd0, parameter [319:0] INITVAL_3D = 320'd0,
    parameter [319:0] INITVAL_3E = 320'd0, parameter [319:0] INITVAL_3F = 320'd0
) (
    input DIA0, DIA1, DIA2, DIA3, DIA4, DIA5, DIA6, DIA7, DIA8,
    input DIA9, DIA10, DIA11, DIA12, DIA13, DIA14, DIA15, DIA16, DIA17,
    input ADA0, ADA1, ADA2, ADA3, ADA4, ADA5, ADA6, ADA7, ADA8,
    input ADA9, ADA10, ADA11, ADA12, ADA13,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA0, CSA1, CSA2,
    output DOA0, DOA1, DOA2, DOA3, DOA4, DOA5, DOA6, DOA7, DOA8,
    output DOA9, DOA10, DOA11, DOA12, DOA13, DOA14, DOA15, DOA16, DOA17,
    input DIB0, DIB1, DIB2, DIB3, DIB4, DIB5, DIB6, DIB7, DIB8,
    input DIB9, DIB10, DIB11, DIB12, DIB13, DIB14, DIB15, DIB16, DIB17,
    input ADB0, ADB1, ADB2, ADB3, ADB4, ADB5, ADB6, ADB7, ADB8,
    input ADB9, ADB10, ADB11, ADB12, ADB13,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB0, CSB1, CSB2,
    output DOB0, DOB1, DOB2, DOB3, DOB4, DOB5, DOB6, DOB7, DOB8,
    output DOB9, DOB10, DOB11, DOB12, DOB13, DOB14, DOB15, DOB16, DOB17
);
    wire [17:0] di_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
                         DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [13:0] ad_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7,
                         ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
    wire [17:0] do_a;
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
            DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} = do_a;
    wire [17:0] di_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
                         DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
    wire [13:0] ad_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7,
                         ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
    wire [17:0] do_b;
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
            DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} = do_b;
    wire [64*320-1:0] initial_bits = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C,
        INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38,
        INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34,
        INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
        INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C,
        INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
        INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24,
        INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20,
        INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C,
        INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
        INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14,
        INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
        INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C,
        INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
        INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04,
        INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00};

    // 1024 words of 18 bits; an INITVAL has sixteen of them, 20 bits apart.
    reg [17:0] words [0:1023];
    integer i;
    initial
        for (i = 0; i < 1024; i = i + 1)
            words[i] = initial_bits[20 * i +: 18];

    // Where in its 18 bits a narrower word starts. Below 9 bits, the ninth of each 9 is not used.
    function [4:0] offset(input [13:0] address, input integer width);
        case (width)
            9: offset = 9 * address[3];
            4: offset = 9 * address[3] + 4 * address[2];
            2: offset = 9 * address[3] + 2 * address[2:1];
            1: offset = 9 * address[3] + address[2:0];
            default: offset = 0;
        endcase
    endfunction

`ifndef BLACKBOX  // Yosys reads the ports alone
    initial
        if (CLKAMUX != "CLKA" || CLKBMUX != "CLKB" || CSDECODE_A != "0b000"
            || CSDECODE_B != "0b000")
            $fatal(1, "DP16KD: inverted clocks and chip selects are not modelled");
    wire strange = WEB || RSTA || RSTB || CSA0 || CSA1 || CSA2 || CSB0 || CSB1 || CSB2;
    always @(posedge CLKA or posedge CLKB)
        if (strange) $fatal(1, "DP16KD: port B writes, a reset or a chip select: not modelled");
`endif

    // Port A writes. Wide words have a byte enable in each of the low address bits.
    localparam WIDE_WRITE = DATA_WIDTH_A == 36;
    localparam [17:0] ONES_A = DATA_WIDTH_A < 18 ? (1 << DATA_WIDTH_A) - 1 : 18'h3ffff;
    localparam [17:0] ONES_B = DATA_WIDTH_B < 18 ? (1 << DATA_WIDTH_B) - 1 : 18'h3ffff;
    wire [9:0] at_a = WIDE_WRITE ? {ad_a[13:5], 1'b0} : ad_a[13:4];
    wire [4:0] start_a = offset(ad_a, DATA_WIDTH_A);
    wire [17:0] bytes = {{9{ad_a[1]}}, {9{ad_a[0]}}};
    wire [17:0] high_bytes = {{9{ad_a[3]}}, {9{ad_a[2]}}};
    wire [17:0] mask = DATA_WIDTH_A < 18 ? ONES_A << start_a : bytes;
    wire [17:0] fresh = words[at_a] & ~mask | di_a << start_a & mask;
    wire writes = CEA && WEA;
    always @(posedge CLKA)
        if (writes) begin
            words[at_a] <= fresh;
            if (WIDE_WRITE)
                words[at_a | 10'd1] <= words[at_a | 10'd1] & ~high_bytes | di_b & high_bytes;
        end

    // A read port: the word is latched, and goes through the output register where there is one.
    // When port A writes wide words, port B reads them, its low half on port A's outputs.
    reg [17:0] latch_a, latch_b, held_a, held_b;
    wire [9:0] from_b = DATA_WIDTH_B == 36 ? {ad_b[13:5], 1'b1} : ad_b[13:4];
    wire [4:0] start_b = offset(ad_b, DATA_WIDTH_B);
    wire [17:0] lost_b = !writes || from_b[9:1] != at_a[9:1] ? 18'd0
                         : WIDE_WRITE && from_b[0] ? high_bytes
                         : from_b == at_a ? mask : 18'd0;
    always @(posedge CLKB)
        if (CEB) latch_b <= (words[from_b] ^ $urandom & lost_b) >> start_b & ONES_B;
    always @(posedge CLKB)
        if (OCEB) held_b <= latch_b;
    generate
        if (WIDE_WRITE) begin : low_half
            wire [9:0] from_a = {ad_b[13:5], 1'b0};
            wire [17:0] lost_a = writes && from_a == at_a ? mask : 18'd0;
            always @(posedge CLKB)
                if (CEB) latch_a <= words[from_a] ^ $urandom & lost_a;
            always @(posedge CLKB)
                if (OCEB) held_a <= latch_a;
        end else begin : own
            wire [17:0] word = WEA && WRITEMODE_A == "WRITETHROUGH" ? fresh : words[at_a];
            always @(posedge CLKA)
                if (CEA && !(WEA && WRITEMODE_A == "NORMAL")) latch_a <= word >> start_a & ONES_A;
            always @(posedge CLKA)
                if (OCEA) held_a <= latch_a;
        end
    endgenerate
    assign do_a = REGMODE_A == "OUTREG" ? held_a : latch_a;
    assign do_b = REGMODE_B == "OUTREG" ? held_b : latch_b;
endmodule
