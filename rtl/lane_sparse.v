// lane_sparse: multiplies the weights that unstructured pruning kept, however many are left.
//
//   sum[c] = sum over the groups of a window, sum over the survivors i of the group, of
//            weight[c][i] * act[index[c][i]]
//
// The fetcher puts groups of activations into a queue, which every channel reads at its own pace.
// A channel takes its survivors MULTIPLIERS a beat, the last beat of a group marked by weight_end_i
// (0 fills it up; a group without survivors is one beat of zeros), and then goes on to the next
// group. Channels with fewer survivors run ahead by up to DEPTH groups and then wait for the
// others; the sums of a window leave when the last channel has its own, three cycles after its last
// beat. No beat mixes two groups, as their activations do not stand at the same multiplexer. Twin:
// host/lanes.
`default_nettype none

module lane_sparse #(
  parameter integer GROUP        = 16,  // activations fetched together; at least 2
  parameter integer MULTIPLIERS  = 4,   // per channel
  parameter integer CHANNELS     = 16,  // output channels in parallel
  parameter integer DEPTH        = 8,   // groups that the queue holds, at least 1
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
  input  wire [CHANNELS-1:0]                            weight_end_i,   // last beat of its group
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
  localparam integer ENTRY   = GROUP * ACT_WIDTH + 1;  // a group, and whether it ends a window

  wire [CHANNELS-1:0]       queued;
  wire [CHANNELS*ENTRY-1:0] entries;
  wire [CHANNELS-1:0]       beats;
  wire [CHANNELS-1:0]       finished;
  wire [CHANNELS-1:0]       holding;
  wire                      taken = sum_valid_o && sum_ready_i;
  wire                      busy  = (|queued) || (|holding);

  assign sum_valid_o = &finished;

  lane_queue #(
    .WIDTH   (ENTRY),
    .DEPTH   (DEPTH),
    .READERS (CHANNELS)
  ) u_lane_queue (
    .clk_i   (clk_i),
    .rst_ni  (rst_ni),
    .valid_i (act_valid_i),
    .ready_o (act_ready_o),
    .data_i  ({act_last_i, act_i}),
    .valid_o (queued),
    .ready_i (beats & weight_end_i),
    .data_o  (entries)
  );

  genvar c;
  generate
    for (c = 0; c < CHANNELS; c = c + 1) begin : g_channel
      wire             move;
      wire             accumulate;
      wire             finish;
      wire [ENTRY-1:0] entry = entries[c*ENTRY +: ENTRY];
      wire [ACTS-1:0]  acts;

      assign beats[c]          = queued[c] && weight_valid_i[c] && move;
      assign weight_ready_o[c] = queued[c] && move;

      lane_control u_lane_control (
        .clk_i        (clk_i),
        .rst_ni       (rst_ni),
        .valid_i      (beats[c]),
        .last_i       (entry[ENTRY-1] && weight_end_i[c]),
        .ready_o      (move),
        .accumulate_o (accumulate),
        .finish_o     (finish),
        .sum_valid_o  (finished[c]),
        .sum_ready_i  (taken),
        .busy_o       (holding[c])
      );

      lane_select #(
        .GROUP       (GROUP),
        .MULTIPLIERS (MULTIPLIERS),
        .ACT_WIDTH   (ACT_WIDTH)
      ) u_lane_select (
        .group_i (entry[ENTRY-2:0]),
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
