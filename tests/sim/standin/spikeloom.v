// A stand-in for a generated circuit, by hand: the same ports, a small sequential network.
// memory/fault.hex makes it misbehave: image + 1, position, step, channel and amount of a value of
// `again` that is changed, then switches: what hangs, breaks the rules of the stream, or miscounts.
// The last word is a first pixel that chooses the images to change, in the place of their number.

module spikeloom (
  input clk, input rst,
  input [31:0] s_axis_tdata, input s_axis_tvalid, output s_axis_tready, input s_axis_tlast,
  output [31:0] m_axis_tdata, output m_axis_tvalid, input m_axis_tready,
  output m_axis_tlast, output m_axis_tuser,
  input [7:0] s_axil_awaddr, input [2:0] s_axil_awprot, input s_axil_awvalid,
  output s_axil_awready, input [31:0] s_axil_wdata, input [3:0] s_axil_wstrb,
  input s_axil_wvalid, output s_axil_wready, output [1:0] s_axil_bresp, output s_axil_bvalid,
  input s_axil_bready, input [7:0] s_axil_araddr, input [2:0] s_axil_arprot,
  input s_axil_arvalid, output s_axil_arready, output [31:0] s_axil_rdata,
  output [1:0] s_axil_rresp, output s_axil_rvalid, input s_axil_rready);

  parameter NETWORK = 32'h00000000;

  wire taken = s_axis_tvalid & s_axis_tready;
  wire given = m_axis_tvalid & m_axis_tready;
  wire packet, short_packet, long_packet, busy, miscounts;

  \spikeloom.network network (
    .clk(clk), .rst(rst), .tdata(s_axis_tdata), .tvalid(s_axis_tvalid), .tready(s_axis_tready),
    .tlast(s_axis_tlast), .o_tdata(m_axis_tdata), .o_tvalid(m_axis_tvalid),
    .o_tready(m_axis_tready), .o_tlast(m_axis_tlast), .o_tuser(m_axis_tuser),
    .packet(packet), .short_packet(short_packet), .long_packet(long_packet), .busy(busy),
    .miscounts(miscounts));

  reg [31:0] images_in, images_out, shorts, longs;
  reg [63:0] cycles, busy_cycles;
  reg bvalid, rvalid;
  reg [31:0] rdata;

  wire write = s_axil_awvalid & s_axil_wvalid & ~bvalid;
  wire clear = write & (s_axil_awaddr == 8'h10) & s_axil_wstrb[0] & s_axil_wdata[0];
  assign s_axil_awready = write;
  assign s_axil_wready = write;
  assign s_axil_bvalid = bvalid;
  assign s_axil_bresp = 2'b00;
  assign s_axil_arready = ~rvalid;
  assign s_axil_rvalid = rvalid;
  assign s_axil_rdata = rdata;
  assign s_axil_rresp = 2'b00;

  always @(posedge clk) begin
    if (write) bvalid <= 1;
    else if (s_axil_bready) bvalid <= 0;
    if (s_axil_arvalid & s_axil_arready) begin
      rvalid <= 1;
      case (s_axil_araddr)
        8'h00: rdata <= 32'h53504C4D;
        8'h04: rdata <= 32'h00000100;
        8'h08: rdata <= NETWORK;
        8'h0C: rdata <= {30'b0, (shorts != 0) | (longs != 0), busy};
        8'h14: rdata <= images_in;
        8'h18: rdata <= images_out;
        8'h1C: rdata <= cycles[31:0];
        8'h20: rdata <= cycles[63:32];
        8'h24: rdata <= busy_cycles[31:0];
        8'h28: rdata <= busy_cycles[63:32];
        8'h2C: rdata <= shorts;
        8'h30: rdata <= longs;
        8'h34: rdata <= 18;
        8'h38: rdata <= 4;
        default: rdata <= 0;
      endcase
    end else if (s_axil_rready) rvalid <= 0;
    cycles <= cycles + 1;
    busy_cycles <= busy_cycles + busy;
    images_in <= images_in + packet + (packet & miscounts);
    images_out <= images_out + (given & m_axis_tlast);
    shorts <= shorts + short_packet;
    longs <= longs + long_packet;
    if (rst | clear) begin
      cycles <= 0; busy_cycles <= 0; images_in <= 0; images_out <= 0; shorts <= 0; longs <= 0;
    end
    if (rst) begin
      bvalid <= 0; rvalid <= 0;
    end
  end
endmodule

module \spikeloom.network (
  input clk, input rst,
  input [31:0] tdata, input tvalid, output tready, input tlast,
  output [31:0] o_tdata, output o_tvalid, input o_tready, output o_tlast, output o_tuser,
  output packet, output short_packet, output long_packet, output busy, output miscounts);

  localparam LOAD = 0, DROP = 1, WALK = 2, TOKENS = 3, GIVE = 4, SURPLUS = 5;

  reg [31:0] fault [0:14];
  initial $readmemh("memory/fault.hex", fault);

  reg [2:0] state;
  reg [2:0] word;
  reg [7:0] pixel [0:19];
  reg [3:0] position;
  reg [2:0] k;
  reg malformed;
  reg [31:0] image;
  reg signed [19:0] sum [0:7];
  integer i;

  // Input: five words of four pixels; a short packet is filled up, a long one is cut.
  assign tready = state == LOAD | state == DROP;
  wire taken = tvalid & tready;
  wire ends = state == LOAD & taken & (word == 4 | tlast);
  assign short_packet = state == LOAD & taken & tlast & word != 4;
  assign long_packet = state == LOAD & taken & ~tlast & word == 4;
  assign packet = short_packet | (state == LOAD & taken & tlast) | (state == DROP & taken & tlast);
  assign busy = state != LOAD | word != 0;

  // The walk, one value a cycle: position, block of two channels, step, channel in the block.
  wire [1:0] channel = {k[2], k[0]};
  wire step = k[1];
  wire signed [9:0] even = {2'b0, pixel[2 * position]};
  wire signed [9:0] odd = {2'b0, pixel[2 * position + 1]};
  wire signed [9:0] value0 = k[2] ? even + odd : even;
  wire signed [9:0] value1 = k[2] ? even - odd - 3 : odd;
  wire chosen = fault[14] != 0 ? pixel[0] == fault[14] : image + 1 == fault[0];
  wire hit = chosen & position == fault[1] & step == fault[2] & channel == fault[3];
  wire signed [9:0] value = (k[0] ? value1 : value0) + (hit ? fault[4][9:0] : 10'd0);

  wire hang = image + 1 == fault[5] & state == WALK & position == 4;
  wire walk = state == WALK & ~hang;

  wire        echo = fault[12] != 0 & image == fault[12] & state == LOAD & word == 0;
  wire        lost = fault[13] != 0 & image + 1 == fault[13] & position == 3;
  wire        probe_image_fire = walk & k == 0 & ~lost | echo;
  wire [15:0] probe_image_data = {odd[7:0], even[7:0]};
  wire        probe_spread_fire = walk & ~step & k[0];
  wire [19:0] probe_spread_data = {value1, value0};
  wire        probe_again_fire = walk;
  wire [9:0]  probe_again_data = value;
  wire        probe_token__sum_fire = state == TOKENS;
  wire [79:0] probe_token__sum_data = k[0] ? {sum[7], sum[6], sum[5], sum[4]}
                                           : {sum[3], sum[2], sum[1], sum[0]};
  wire        probe_total_fire = state == GIVE & o_tready & o_tvalid;
  wire [20:0] probe_total_data = total;

  wire signed [20:0] total = sum[k[1:0]] + sum[4 + k[1:0]];
  reg [3:0] waited;
  assign o_tvalid = state == GIVE & ~(fault[6] == 1 & waited == 2) | state == SURPLUS;
  assign o_tdata = {{11{total[20]}}, total} + (fault[6] == 2 ? waited : 0) + (fault[7] & {31'b0, image == 2});
  assign o_tlast = k == 3 & fault[8] == 0;
  assign o_tuser = malformed | (fault[11] != 0 & image + 1 == fault[11]);
  assign miscounts = fault[10] != 0;

  always @(posedge clk) begin
    waited <= o_tvalid & ~o_tready ? waited + 1 : 0;
    case (state)
      LOAD: if (taken) begin
        if (word == 0) for (i = 4; i < 20; i = i + 1) pixel[i] <= 0;
        for (i = 0; i < 4; i = i + 1) pixel[4 * word + i] <= tdata[8 * i +: 8];
        word <= ends ? 0 : word + 1;
        malformed <= short_packet | long_packet;
        if (ends) state <= tlast ? WALK : DROP;
      end
      DROP: if (taken & tlast) state <= WALK;
      WALK: if (~hang) begin
        k <= k + 1;
        if (k == 7) position <= position + 1;
        sum[{step, channel}] <= (position == 0 ? 0 : sum[{step, channel}]) + value;
        if (k == 7 & position == 8) state <= TOKENS;
      end
      TOKENS: begin
        k <= k + 1;
        if (k == 1) begin
          k <= 0;
          state <= GIVE;
        end
      end
      GIVE: if (o_tvalid & o_tready) begin
        k <= k + 1;
        if (k == 3) begin
          k <= 0;
          position <= 0;
          image <= image + 1;
          state <= fault[9] != 0 & image + 1 == fault[9] ? SURPLUS : LOAD;
        end
      end
      SURPLUS: if (o_tready) state <= LOAD;
    endcase
    if (rst) begin
      state <= LOAD; word <= 0; position <= 0; k <= 0; malformed <= 0; image <= 0;
    end
  end
endmodule
