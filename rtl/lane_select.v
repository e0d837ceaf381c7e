// lane_select: the GROUP:1 multiplexers in front of the multipliers of one channel.
//
//   act[i] = group[index[i]]          index[i] < GROUP
`default_nettype none

module lane_select #(
  parameter integer GROUP       = 16,  // at least 2
  parameter integer MULTIPLIERS = 4,
  parameter integer ACT_WIDTH   = 8
) (
  input  wire [GROUP*ACT_WIDTH-1:0]            group_i,
  input  wire [MULTIPLIERS*$clog2(GROUP)-1:0]  index_i,
  output wire [MULTIPLIERS*ACT_WIDTH-1:0]      act_o
);

  localparam integer INDEX_WIDTH = $clog2(GROUP);
  localparam integer PADDED      = 1 << INDEX_WIDTH;

  // Whole powers of two, so that no index points outside.
  wire [PADDED*ACT_WIDTH-1:0] padded;
  assign padded[GROUP*ACT_WIDTH-1:0] = group_i;

  genvar m;
  generate
    if (PADDED > GROUP) begin : g_pad
      assign padded[PADDED*ACT_WIDTH-1:GROUP*ACT_WIDTH] = {(PADDED-GROUP)*ACT_WIDTH{1'b0}};
    end
    for (m = 0; m < MULTIPLIERS; m = m + 1) begin : g_multiplexer
      wire [INDEX_WIDTH-1:0] index = index_i[m*INDEX_WIDTH +: INDEX_WIDTH];
      assign act_o[m*ACT_WIDTH +: ACT_WIDTH] = padded[index*ACT_WIDTH +: ACT_WIDTH];
    end
  endgenerate

endmodule

`default_nettype wire
