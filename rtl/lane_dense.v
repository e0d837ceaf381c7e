// lane_dense: multiplies every weight of a layer, zero or not, MULTIPLIERS per channel and cycle.
//
//   sum[c] = sum over the groups of a window, sum over i < GROUP, of weight[c][i] * act[i]
//
// A group takes GROUP / MULTIPLIERS beats: beat k holds the weights k MULTIPLIERS and up. With
// MULTIPLIERS = GROUP it is the plain dense lane of one group per cycle; with the multipliers of a
// lane_balanced it is the lane that one is compared with. A beat moves when the activations and the
// weights of all channels are there; the activations are let go with the group's last beat. Sums
// leave three cycles after the last beat. Twin: host/lanes.
`default_nettype none

module lane_dense #(
  parameter integer GROUP        = 16,  // activations fetched together
  parameter integer MULTIPLIERS  = 4,   // per channel; a divisor of GROUP
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

  localparam integer BEATS       = GROUP / MULTIPLIERS;
  localparam integer COUNT_WIDTH = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam integer WEIGHTS     = MULTIPLIERS * WEIGHT_WIDTH;
  localparam integer ACTS        = MULTIPLIERS * ACT_WIDTH;

  localparam [31:0]            TOP  = BEATS - 1;
  localparam [COUNT_WIDTH-1:0] LAST = TOP[COUNT_WIDTH-1:0];
  localparam [31:0]            UNIT = 32'd1;
  localparam [COUNT_WIDTH-1:0] ONE  = UNIT[COUNT_WIDTH-1:0];

  reg [COUNT_WIDTH-1:0] beat_q;

  wire            move;
  wire            accumulate;
  wire            finish;
  wire            busy;
  wire            beat = act_valid_i && (&weight_valid_i) && move;
  wire            ends = beat_q == LAST;
  wire [ACTS-1:0] acts = act_i[beat_q*ACTS +: ACTS];

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) beat_q <= {COUNT_WIDTH{1'b0}};
    else if (beat) beat_q <= ends ? {COUNT_WIDTH{1'b0}} : beat_q + ONE;
  end

  assign act_ready_o    = beat && ends;
  assign weight_ready_o = {CHANNELS{beat}};

  lane_control u_lane_control (
    .clk_i        (clk_i),
    .rst_ni       (rst_ni),
    .valid_i      (beat),
    .last_i       (act_last_i && ends),
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
