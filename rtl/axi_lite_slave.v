// axi_lite_slave: turns the five AXI4-Lite channels into one write and one read request.
//
// Write: address and data may come in any order and any distance; write_valid_o shows a complete
// pair until write_ready_i takes it, and write_error_i of that cycle becomes the response. Read:
// read_valid_o holds until read_ready_i; read_data_i and read_error_i belong to the cycle after.
// A request is shown only when its response has room. Every AXI output is a register or a function
// of registers only. A write without all byte strobes, or an address that is not a multiple of 4,
// is answered with SLVERR and never shown.
// Throughput: one write a cycle, one read every second cycle. Latency: one and two cycles.
`default_nettype none

module axi_lite_slave #(
  parameter integer ADDR_WIDTH = 21
) (
  input  wire                  clk_i,
  input  wire                  rst_ni,     // asynchronous, active low

  // Write address, write data, write response
  input  wire                  awvalid_i,
  output wire                  awready_o,
  input  wire [ADDR_WIDTH-1:0] awaddr_i,
  input  wire                  wvalid_i,
  output wire                  wready_o,
  input  wire [31:0]           wdata_i,
  input  wire [3:0]            wstrb_i,
  output wire                  bvalid_o,
  input  wire                  bready_i,
  output wire [1:0]            bresp_o,

  // Read address, read data
  input  wire                  arvalid_i,
  output wire                  arready_o,
  input  wire [ADDR_WIDTH-1:0] araddr_i,
  output wire                  rvalid_o,
  input  wire                  rready_i,
  output wire [31:0]           rdata_o,
  output wire [1:0]            rresp_o,

  // Write request
  output wire                  write_valid_o,
  input  wire                  write_ready_i,
  input  wire                  write_error_i,
  output wire [ADDR_WIDTH-1:0] write_addr_o,
  output wire [31:0]           write_data_o,

  // Read request
  output wire                  read_valid_o,
  input  wire                  read_ready_i,
  output wire [ADDR_WIDTH-1:0] read_addr_o,
  input  wire [31:0]           read_data_i,
  input  wire                  read_error_i
);

  localparam [1:0] OKAY   = 2'b00;
  localparam [1:0] SLVERR = 2'b10;

  // A channel that cannot be served at once waits in its register; READY is low meanwhile.
  reg                  aw_held_q;
  reg [ADDR_WIDTH-1:0] aw_addr_q;
  reg                  w_held_q;
  reg [31:0]           w_data_q;
  reg [3:0]            w_strb_q;
  reg                  bvalid_q;
  reg                  berror_q;

  wire                  aw_valid = aw_held_q || awvalid_i;
  wire                  w_valid  = w_held_q || wvalid_i;
  wire [3:0]            w_strb   = w_held_q ? w_strb_q : wstrb_i;
  wire                  pair     = aw_valid && w_valid && (!bvalid_q || bready_i);
  wire                  w_bad    = w_strb != 4'b1111 || write_addr_o[1:0] != 2'b00;
  wire                  w_taken  = pair && (w_bad || write_ready_i);

  assign write_addr_o  = aw_held_q ? aw_addr_q : awaddr_i;
  assign write_data_o  = w_held_q ? w_data_q : wdata_i;
  assign write_valid_o = pair && !w_bad;
  assign awready_o     = !aw_held_q;
  assign wready_o      = !w_held_q;
  assign bvalid_o      = bvalid_q;
  assign bresp_o       = berror_q ? SLVERR : OKAY;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      aw_held_q <= 1'b0;
      aw_addr_q <= {ADDR_WIDTH{1'b0}};
      w_held_q  <= 1'b0;
      w_data_q  <= 32'd0;
      w_strb_q  <= 4'd0;
      bvalid_q  <= 1'b0;
      berror_q  <= 1'b0;
    end else begin
      aw_held_q <= aw_valid && !w_taken;
      w_held_q  <= w_valid && !w_taken;
      if (!aw_held_q) aw_addr_q <= awaddr_i;
      if (!w_held_q) begin
        w_data_q <= wdata_i;
        w_strb_q <= wstrb_i;
      end
      if (w_taken) begin
        bvalid_q <= 1'b1;
        berror_q <= w_bad || write_error_i;
      end else if (bready_i) begin
        bvalid_q <= 1'b0;
      end
    end
  end

  reg                  ar_held_q;
  reg [ADDR_WIDTH-1:0] ar_addr_q;
  reg                  pending_q;   // taken in the cycle before: the answer is here now
  reg                  pending_bad_q;
  reg                  rvalid_q;
  reg [31:0]           rdata_q;
  reg                  rerror_q;

  wire ar_valid = ar_held_q || arvalid_i;
  wire asked    = ar_valid && !pending_q && (!rvalid_q || rready_i);
  wire r_bad    = read_addr_o[1:0] != 2'b00;
  wire r_taken  = asked && (r_bad || read_ready_i);

  assign read_addr_o  = ar_held_q ? ar_addr_q : araddr_i;
  assign read_valid_o = asked && !r_bad;
  assign arready_o    = !ar_held_q;
  assign rvalid_o     = rvalid_q;
  assign rdata_o      = rdata_q;
  assign rresp_o      = rerror_q ? SLVERR : OKAY;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ar_held_q     <= 1'b0;
      ar_addr_q     <= {ADDR_WIDTH{1'b0}};
      pending_q     <= 1'b0;
      pending_bad_q <= 1'b0;
      rvalid_q      <= 1'b0;
      rdata_q       <= 32'd0;
      rerror_q      <= 1'b0;
    end else begin
      ar_held_q <= ar_valid && !r_taken;
      if (!ar_held_q) ar_addr_q <= araddr_i;
      pending_q <= r_taken;
      if (r_taken) pending_bad_q <= r_bad;
      if (pending_q) begin
        rvalid_q <= 1'b1;
        rdata_q  <= (pending_bad_q || read_error_i) ? 32'd0 : read_data_i;
        rerror_q <= pending_bad_q || read_error_i;
      end else if (rready_i) begin
        rvalid_q <= 1'b0;
      end
    end
  end

endmodule

`default_nettype wire
