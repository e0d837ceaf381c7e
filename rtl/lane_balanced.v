// lane_balanced: multiplies the weights that accelerator-aware pruning kept, a group per cycle.
//
//   sum[c] = sum over the groups of a window, sum over i < MULTIPLIERS, of
//            weight[c][i] * act[index[c][i]]
//
// Every group of every channel keeps at most MULTIPLIERS = g - p weights (0 fills up), so that all
// channels take one beat per group: no queue, no pointer, no waiting for each other. A beat moves
// when the activations and the weights of all channels are there. Sums leave three cycles after the
// last beat. Twin: host/lanes.
`default_nettype none

module lane_balanced #(
  parameter integer GROUP        = 16,  // g, activations fetched together; at least 2
  parameter integer MULTIPLIERS  = 4,   // g - p per channel, survivors of a group
  parameter integer CHANNELS     = 16,  // output channels in parallel
  parameter integer WEIGHT_WIDTH = 8,
  parameter integer ACT_WIDTH    = 8,
  parameter integer SUM_WIDTH    = 32
) (
  input  wire                                           clk_i,
  input  wire                                           rst_ni,         // asynchronous, active low

  // Activations in, a group at a time for all channels
  input  wire                                           act_valid_i,
  output wire                                           act_ready_o,
  input  wire                                           act_last_i,     // ends a window
  input  wire [GROUP*ACT_WIDTH-1:0]                     act_i,

  // Weights in, one stream per channel
  input  wire [CHANNELS-1:0]                            weight_valid_i,
  output wire [CHANNELS-1:0]                            weight_ready_o,
  input  wire [CHANNELS*MULTIPLIERS*WEIGHT_WIDTH-1:0]   weight_i,
  input  wire [CHANNELS*MULTIPLIERS*$clog2(GROUP)-1:0]  index_i,

  // Sums out, of all channels together
  output wire                                           sum_valid_o,
  input  wire                                           sum_ready_i,
  output wire [CHANNELS*SUM_WIDTH-1:0]                  sum_o,

  // Counters (lane_counters.v)
  input  wire                                           clear_i,
  output wire [31:0]                                    cycles_o,
  output wire [31:0]                                    waits_o,
  output wire [31:0]                                    groups_o
);

  localparam integer WEIGHTS = MULTIPLIERS * WEIGHT_WIDTH;
  localparam integer INDICES = MULTIPLIERS * $clog2(GROUP);
  localparam integer ACTS    = MULTIPLIERS * ACT_WIDTH;

  wire move;
  wire accumulate;
  wire finish;
  wire busy;
  wire beat = act_valid_i && (&weight_valid_i) && move;

  assign act_ready_o    = beat;
  assign weight_ready_o = {CHANNELS{beat}};

  lane_control u_lane_control (
    .clk_i        (clk_i),
    .rst_ni       (rst_ni),
    .valid_i      (beat),
    .last_i       (act_last_i),
    .ready_o      (move),
    .accumulate_o (accumulate),
    .finish_o     (finish),
    .sum_valid_o  (sum_valid_o),
    .sum_ready_i  (sum_ready_i),
    .busy_o       (busy)
  );

  genvar c;
  generate
    for (c = 0; c < CHANNELS; c = c + 1) begin : g_channel
      wire [ACTS-1:0] acts;

      lane_select #(
        .GROUP       (GROUP),
        .MULTIPLIERS (MULTIPLIERS),
        .ACT_WIDTH   (ACT_WIDTH)
      ) u_lane_select (
        .group_i (act_i),
        .index_i (index_i[c*INDICES +: INDICES]),
        .act_o   (acts)
      );

      lane_channel #(
        .MULTIPLIERS  (MULTIPLIERS),
        .WEIGHT_WIDTH (WEIGHT_WIDTH),
        .ACT_WIDTH    (ACT_WIDTH),
        .SUM_WIDTH    (SUM_WIDTH)
      ) u_lane_channel (
        .clk_i        (clk_i),
        .rst_ni       (rst_ni),
        .move_i       (move),
        .accumulate_i (accumulate),
        .finish_i     (finish),
        .weight_i     (weight_i[c*WEIGHTS +: WEIGHTS]),
        .act_i        (acts),
        .sum_o        (sum_o[c*SUM_WIDTH +: SUM_WIDTH])
      );
    end
  endgenerate

  lane_counters u_lane_counters (
    .clk_i     (clk_i),
    .rst_ni    (rst_ni),
    .clear_i   (clear_i),
    .busy_i    (act_valid_i || busy),
    .offered_i (act_valid_i),
    .taken_i   (act_ready_o),
    .cycles_o  (cycles_o),
    .waits_o   (waits_o),
    .groups_o  (groups_o)
  );

endmodule

`default_nettype wire
