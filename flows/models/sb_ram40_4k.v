// A model of Lattice's iCE40 block RAM SB_RAM40_4K for simulation. It does what Yosys' own does (a
// test compares them), in a form that simulates fast. What is read while it is written is noise:
// the device promises nothing.
module SB_RAM40_4K #(
    parameter WRITE_MODE = 0, parameter READ_MODE = 0,
    parameter [255:0] INIT_0 = 256'd0, parameter [255:0] INIT_1 = 256'd0,
    parameter [255:0] INIT_2 = 256'd0, parameter [255:0] INIT_3 = 256'd0,
    parameter [255:0] INIT_4 = 256'd0, parameter [255:0] INIT_5 = 256'd0,
    parameter [255:0] INIT_6 = 256'd0, parameter [255:0] INIT_7 = 256'd0,
    parameter [255:0] INIT_8 = 256'd0, parameter [255:0] INIT_9 = 256'd0,
    parameter [255:0] INIT_A = 256'd0, parameter [255:0] INIT_B = 256'd0,
    parameter [255:0] INIT_C = 256'd0, parameter [255:0] INIT_D = 256'd0,
    parameter [255:0] INIT_E = 256'd0, parameter [255:0] INIT_F = 256'd0,
    parameter INIT_FILE = ""
) (
    output [15:0] RDATA,
    input RCLK, RCLKE, RE,
    input [10:0] RADDR,
    input WCLK, WCLKE, WE,
    input [10:0] WADDR,
    input [15:0] MASK, WDATA
);
    wire [4095:0] initial_bits = {INIT_F, INIT_E, INIT_D, INIT_C, INIT_B, INIT_A, INIT_9, INIT_8,
                                  INIT_7, INIT_6, INIT_5, INIT_4, INIT_3, INIT_2, INIT_1, INIT_0};
    reg [15:0] words [0:255];
    integer i;
    initial begin
        if (INIT_FILE != "") $fatal(1, "SB_RAM40_4K: contents from a file are not modelled");
        for (i = 0; i < 256; i = i + 1)
            words[i] = initial_bits[16 * i +: 16];
    end

    // A narrower word has one bit of each 2, 4 or 8; the high bits of the address say which, and
    // data are on one pin of as many.
    function [15:0] chosen(input integer mode, input [2:0] high);
        case (mode)
            1: chosen = 16'h5555 << high[0];
            2: chosen = 16'h1111 << high[1:0];
            3: chosen = 16'h0101 << high[2:0];
            default: chosen = 16'hffff;
        endcase
    endfunction
    function [15:0] spread(input [15:0] data);
        integer bit_;
        for (bit_ = 0; bit_ < 16; bit_ = bit_ + 1)
            case (WRITE_MODE)
                1: spread[bit_] = data[bit_ / 2 * 2];
                2: spread[bit_] = data[bit_ / 4 * 4 + 1];
                3: spread[bit_] = data[bit_ / 8 * 8 + 3];
                default: spread[bit_] = data[bit_];
            endcase
    endfunction
    function [15:0] gathered(input [15:0] word);
        integer bit_;
        begin
            gathered = 16'd0;
            for (bit_ = 0; bit_ < 16; bit_ = bit_ + 1)
                case (READ_MODE)
                    1: gathered[bit_ / 2 * 2] = gathered[bit_ / 2 * 2] | word[bit_];
                    2: gathered[bit_ / 4 * 4 + 1] = gathered[bit_ / 4 * 4 + 1] | word[bit_];
                    3: gathered[bit_ / 8 * 8 + 3] = gathered[bit_ / 8 * 8 + 3] | word[bit_];
                    default: gathered[bit_] = word[bit_];
                endcase
        end
    endfunction

    wire [15:0] into = WRITE_MODE == 0 ? ~MASK : chosen(WRITE_MODE, WADDR[10:8]);
    wire writes = WE && WCLKE;
    always @(posedge WCLK)
        if (writes)
            words[WADDR[7:0]] <= words[WADDR[7:0]] & ~into | spread(WDATA) & into;

    wire [15:0] lost = writes && WADDR[7:0] == RADDR[7:0] ? into : 16'd0;
    reg [15:0] word;
    always @(posedge RCLK)
        if (RE && RCLKE)
            word <= (words[RADDR[7:0]] ^ $urandom & lost) & chosen(READ_MODE, RADDR[10:8]);
    assign RDATA = gathered(word);
endmodule
