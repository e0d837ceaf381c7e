// lane_control: moves beats through the stages of lane_channel and holds a finished sum until it is
// taken. One control may serve many channels that work in lockstep.
//
//   beat --> operands --> products --> accumulator, or after the last beat of a window: the sum
//
// All stages move together. They stand still only while the next sum is due and the one before it
// has not been taken. Latency: three cycles from the last beat to its sum. Throughput: one beat per
// cycle. Twin: LaneControl in host/lanes/lane_timing.hpp.
`default_nettype none

module lane_control (
  input  wire clk_i,
  input  wire rst_ni,        // asynchronous, active low

  // Beats in
  input  wire valid_i,
  input  wire last_i,        // the beat ends a window
  output wire ready_o,       // the stages move at this edge

  // To the channels
  output wire accumulate_o,  // the products are added
  output wire finish_o,      // and complete the sum

  // Sums out
  output wire sum_valid_o,
  input  wire sum_ready_i,

  output wire busy_o         // a beat or a sum is inside
);

  reg operands_q;
  reg operands_last_q;
  reg products_q;
  reg products_last_q;
  reg sum_q;

  wire due   = products_q && products_last_q;
  wire move  = !(due && sum_q && !sum_ready_i);
  wire taken = sum_q && sum_ready_i;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      operands_q      <= 1'b0;
      operands_last_q <= 1'b0;
      products_q      <= 1'b0;
      products_last_q <= 1'b0;
      sum_q           <= 1'b0;
    end else if (move) begin
      operands_q      <= valid_i;
      operands_last_q <= last_i;
      products_q      <= operands_q;
      products_last_q <= operands_last_q;
      sum_q           <= due || (sum_q && !taken);
    end
  end

  assign ready_o      = move;
  assign accumulate_o = move && products_q;
  assign finish_o     = move && due;
  assign sum_valid_o  = sum_q;
  assign busy_o       = operands_q || products_q || sum_q;

endmodule

`default_nettype wire
