// axi_stream_rules: what a source owes on AXI4-Stream: an offer, once made, stands until it is
// accepted, with its data and its TLAST.
`default_nettype none

module axi_stream_rules (
  input wire        clk_i,
  input wire        rst_ni,
  input wire        valid_i,
  input wire        ready_i,
  input wire [31:0] data_i,
  input wire        last_i
);

  reg        held;
  reg        last;
  reg [31:0] data;

  always @(posedge clk_i) begin
    held <= rst_ni && valid_i && !ready_i;
    last <= last_i;
    data <= data_i;
  end

  always @* if (rst_ni) begin
    stands: assert (!held || valid_i);
    stable: assert (!held || (data_i == data && last_i == last));
  end

endmodule

`default_nettype wire
