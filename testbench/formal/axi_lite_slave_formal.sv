// axi_lite_slave before a host and behind it registers that do what they like.
`default_nettype none

module axi_lite_slave_formal (
  input wire        clk_i,
  input wire        awvalid_i,
  input wire [3:0]  awaddr_i,
  input wire        wvalid_i,
  input wire [31:0] wdata_i,
  input wire [3:0]  wstrb_i,
  input wire        bready_i,
  input wire        arvalid_i,
  input wire [3:0]  araddr_i,
  input wire        rready_i,
  input wire        write_ready_i,
  input wire        write_error_i,
  input wire        read_ready_i,
  input wire [31:0] read_data_i,
  input wire        read_error_i
);

  reg rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;

  wire        awready, wready, bvalid, arready, rvalid, write_valid, read_valid;
  wire [1:0]  bresp, rresp;
  wire [31:0] rdata, write_data;
  wire [3:0]  write_addr, read_addr;

  axi_lite_slave dut (
    .clk_i(clk_i), .rst_ni(rst_n),
    .awvalid_i(awvalid_i), .awready_o(awready), .awaddr_i(awaddr_i),
    .wvalid_i(wvalid_i), .wready_o(wready), .wdata_i(wdata_i), .wstrb_i(wstrb_i),
    .bvalid_o(bvalid), .bready_i(bready_i), .bresp_o(bresp),
    .arvalid_i(arvalid_i), .arready_o(arready), .araddr_i(araddr_i),
    .rvalid_o(rvalid), .rready_i(rready_i), .rdata_o(rdata), .rresp_o(rresp),
    .write_valid_o(write_valid), .write_ready_i(write_ready_i), .write_error_i(write_error_i),
    .write_addr_o(write_addr), .write_data_o(write_data),
    .read_valid_o(read_valid), .read_ready_i(read_ready_i), .read_addr_o(read_addr),
    .read_data_i(read_data_i), .read_error_i(read_error_i)
  );

  axi_lite_rules rules (
    .clk_i(clk_i), .rst_ni(rst_n), .busy_i(!write_ready_i || !read_ready_i),
    .awvalid_i(awvalid_i), .awready_i(awready), .wvalid_i(wvalid_i), .wready_i(wready),
    .bvalid_i(bvalid), .bready_i(bready_i), .bresp_i(bresp),
    .arvalid_i(arvalid_i), .arready_i(arready), .rvalid_i(rvalid), .rready_i(rready_i),
    .rdata_i(rdata), .rresp_i(rresp)
  );

  // A response is that of its own request: the error of the cycle in which it was taken.
  reg write_taken;
  reg write_error;
  reg read_taken;

  always @(posedge clk_i) begin
    write_taken <= rst_n && write_valid && write_ready_i;
    write_error <= write_error_i;
    read_taken  <= rst_n && read_valid && read_ready_i;
  end

  always @* if (rst_n) begin
    answered:  assert (!write_taken || (bvalid && bresp == {write_error, 1'b0}));
    whole:     assert (!write_valid || write_addr[1:0] == 2'd0);
    aligned:   assert (!read_valid || read_addr[1:0] == 2'd0);
    one_read:  assert (!(read_taken && read_valid));
    legal:     assert (bresp[0] == 1'b0 && rresp[0] == 1'b0);
  end

endmodule

`default_nettype wire
