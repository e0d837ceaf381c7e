// axi_lite_rules: what a slave owes its host on AXI4-Lite, and what the host owes the slave.
//
//   stable    BVALID, BRESP, RVALID, RDATA and RRESP hold until they are accepted
//   asked     no response without an accepted request: write address and data, or read address
//   once      as many responses as requests: never more than two in a slave at a time, and each
//             one there PATIENCE cycles after its request where nothing holds it up
//
// busy_i marks cycles in which the slave may wait for what is behind it.
`default_nettype none

module axi_lite_rules #(
  parameter integer PATIENCE = 2
) (
  input wire        clk_i,
  input wire        rst_ni,
  input wire        busy_i,
  input wire        awvalid_i,
  input wire        awready_i,
  input wire        wvalid_i,
  input wire        wready_i,
  input wire        bvalid_i,
  input wire        bready_i,
  input wire [1:0]  bresp_i,
  input wire        arvalid_i,
  input wire        arready_i,
  input wire        rvalid_i,
  input wire        rready_i,
  input wire [31:0] rdata_i,
  input wire [1:0]  rresp_i
);

  // Requests accepted and not answered yet.
  reg [2:0] addresses;
  reg [2:0] data;
  reg [2:0] reads;
  // Cycles that an answer was due and did not come.
  reg [3:0] write_wait;
  reg [3:0] read_wait;
  reg       b_held;
  reg       r_held;
  reg [1:0] bresp;
  reg [1:0] rresp;
  reg [31:0] rdata;

  wire aw = awvalid_i && awready_i;
  wire w  = wvalid_i && wready_i;
  wire b  = bvalid_i && bready_i;
  wire ar = arvalid_i && arready_i;
  wire r  = rvalid_i && rready_i;

  always @(posedge clk_i) begin
    if (!rst_ni) begin
      addresses  <= 3'd0;
      data       <= 3'd0;
      reads      <= 3'd0;
      write_wait <= 4'd0;
      read_wait  <= 4'd0;
      b_held     <= 1'b0;
      r_held     <= 1'b0;
    end else begin
      addresses  <= addresses + {2'd0, aw} - {2'd0, b};
      data       <= data + {2'd0, w} - {2'd0, b};
      reads      <= reads + {2'd0, ar} - {2'd0, r};
      b_held     <= bvalid_i && !bready_i;
      r_held     <= rvalid_i && !rready_i;
      write_wait <= (addresses != 3'd0 && data != 3'd0 && !bvalid_i && !busy_i)
                    ? write_wait + 4'd1 : 4'd0;
      read_wait  <= (reads != 3'd0 && !rvalid_i && !busy_i) ? read_wait + 4'd1 : 4'd0;
    end
    bresp <= bresp_i;
    rresp <= rresp_i;
    rdata <= rdata_i;
  end

  always @* if (rst_ni) begin
    stable_b:  assert (!b_held || (bvalid_i && bresp_i == bresp));
    stable_r:  assert (!r_held || (rvalid_i && rresp_i == rresp && rdata_i == rdata));
    asked_b:   assert (!bvalid_i || (addresses != 3'd0 && data != 3'd0));
    asked_r:   assert (!rvalid_i || reads != 3'd0);
    once_aw:   assert (addresses == {2'd0, !awready_i} + {2'd0, bvalid_i});
    once_w:    assert (data == {2'd0, !wready_i} + {2'd0, bvalid_i});
    once_r:    assert (reads >= {2'd0, !arready_i} + {2'd0, rvalid_i} && reads <= 3'd2);
    due_b:     assert (write_wait <= PATIENCE);
    due_r:     assert (read_wait <= PATIENCE);
  end

endmodule

`default_nettype wire
