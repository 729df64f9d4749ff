// Checks the circuit in this folder against vectors; needs nothing but a Verilog simulator.
// Every image goes through twice: at full speed, then with pauses at both streams.
// Run it from the folder above, see README.md. Ends with PASS, or with FAIL and a $fatal.

`timescale 1ns / 1ps

module spikeloom_tb;
`include "tb/sizes.vh"

  localparam integer BEATS_IN = IMAGES * INPUT_BEATS;
  localparam integer BEATS_OUT = IMAGES * OUTPUT_BEATS;

  reg [31:0] stimulus [0:BEATS_IN - 1];
  reg [31:0] expected [0:BEATS_OUT - 1];

  reg clk = 0;
  reg rst = 1;
  reg [31:0] s_axis_tdata = 0;
  reg s_axis_tvalid = 0;
  reg s_axis_tlast = 0;
  reg m_axis_tready = 0;
  wire s_axis_tready;
  wire [31:0] m_axis_tdata;
  wire m_axis_tvalid;
  wire m_axis_tlast;
  wire m_axis_tuser;

  spikeloom dut (
    .clk(clk), .rst(rst),
    .s_axis_tdata(s_axis_tdata), .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready), .s_axis_tlast(s_axis_tlast),
    .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready), .m_axis_tlast(m_axis_tlast), .m_axis_tuser(m_axis_tuser),
    .s_axil_awaddr(8'h00), .s_axil_awprot(3'b000), .s_axil_awvalid(1'b0), .s_axil_awready(),
    .s_axil_wdata(32'h00000000), .s_axil_wstrb(4'b0000), .s_axil_wvalid(1'b0),
    .s_axil_wready(), .s_axil_bresp(), .s_axil_bvalid(), .s_axil_bready(1'b1),
    .s_axil_araddr(8'h00), .s_axil_arprot(3'b000), .s_axil_arvalid(1'b0), .s_axil_arready(),
    .s_axil_rdata(), .s_axil_rresp(), .s_axil_rvalid(), .s_axil_rready(1'b1));

  always #5 clk = ~clk;

  integer sent = 0;       // words taken in this pass
  integer received = 0;   // words given in this pass
  integer compared = 0;   // in all
  integer wrong = 0;
  integer idle = 0;       // cycles since something moved
  integer pass = 0;
  integer quiet = 0;      // cycles after the last word of a pass
  reg [15:0] noise = 16'hACE1;

  wire taken = s_axis_tvalid & s_axis_tready;
  wire given = m_axis_tvalid & m_axis_tready;
  wire pausing = pass == 1;
  wire [31:0] next = sent + (taken ? 1 : 0);
  wire last_beat = received % OUTPUT_BEATS == OUTPUT_BEATS - 1;

  initial begin
    $readmemh("tb/stimulus.hex", stimulus);
    $readmemh("tb/expected.hex", expected);
    if ((^stimulus[BEATS_IN - 1] === 1'bx) | (^expected[BEATS_OUT - 1] === 1'bx)) begin
      $display("FAIL: tb/stimulus.hex or tb/expected.hex is incomplete");
      $fatal(1);
    end
    repeat (4) @(posedge clk);
    rst <= 0;
  end

  always @(posedge clk) if (~rst) begin
    if ((s_axis_tready ^ m_axis_tvalid) === 1'bx) begin
      $display("FAIL: s_axis_tready is %b and m_axis_tvalid is %b: was the circuit compiled as",
               s_axis_tready, m_axis_tvalid);
      $display("SystemVerilog? Its registers start as they should in Verilog-2005.");
      $fatal(1);
    end

    noise <= {noise[14:0], noise[15] ^ noise[13] ^ noise[12] ^ noise[10]};

    // An offered word stays until it is taken; a new one may wait for the noise.
    if (taken | ~s_axis_tvalid) begin
      if (next < BEATS_IN & ~(pausing & noise[0])) begin
        s_axis_tvalid <= 1;
        s_axis_tdata <= stimulus[next];
        s_axis_tlast <= next % INPUT_BEATS == INPUT_BEATS - 1;
      end else s_axis_tvalid <= 0;
    end
    m_axis_tready <= ~(pausing & noise[1]);
    if (taken) sent <= sent + 1;

    idle <= taken | given ? 0 : idle + 1;
    if (idle > DEADLINE) begin
      $display("FAIL: time-out with %0d of %0d logits compared and %0d wrong",
               compared, 2 * BEATS_OUT, wrong);
      $fatal(1);
    end

    if (given) begin
      received <= received + 1;
      compared <= compared + 1;
      if (received >= BEATS_OUT) begin
        $display("FAIL: more logits came out than %0d images have", IMAGES);
        $fatal(1);
      end else if (m_axis_tdata !== expected[received] | m_axis_tlast !== last_beat
                   | m_axis_tuser !== 1'b0) begin
        wrong <= wrong + 1;
        $display("image %0d class %0d: expected %0d, got %0d (TLAST %b, TUSER %b)",
                 received / OUTPUT_BEATS, received % OUTPUT_BEATS, $signed(expected[received]),
                 $signed(m_axis_tdata), m_axis_tlast, m_axis_tuser);
      end
    end

    if (received == BEATS_OUT) begin
      quiet <= quiet + 1;
      if (quiet == 300) begin
        quiet <= 0;
        sent <= 0;
        received <= 0;
        pass <= pass + 1;
        idle <= 0;
        if (pass == 1) begin
          if (wrong == 0 & compared == 2 * BEATS_OUT) begin
            $display("PASS: %0d images twice, %0d logits compared, 0 wrong", IMAGES, compared);
            $finish;
          end else begin
            $display("FAIL: %0d of %0d logits wrong", wrong, compared);
            $fatal(1);
          end
        end
      end
    end
  end
endmodule
