// pulse_law: what one programming pulse does to a cell.
//
//   rate    = set_i ? set_rate_i : reset_rate_i
//   left    = stuck_i ? 0 : max(0, set_i ? top_i - state_i : state_i - bottom_i)
//   gain    = (rate * factor_i + 32) >> 6
//   mean    = (left * gain + 2^15) >> 16
//   spread  = max(0, 4096 + m(word_i) * step_sigma_i)
//   step    = min(left, (mean * spread + 2048) >> 12)
//   state_o = set_i ? state_i + step : state_i - step
//
// with m(word) the sum of its eight nibbles - 60. Roundings are half up. Inputs are sampled with
// start_i; done_o comes three cycles later, a multiplication in each (16 x 8, 16 x 18, 18 x 15
// bits), and state_o stays until the next start_i. Throughput: one pulse in three cycles.
// Twin: host/analog/pulse_law.hpp.
`default_nettype none

module pulse_law (
  input  wire        clk_i,
  input  wire        rst_ni,         // asynchronous, active low

  input  wire        start_i,
  input  wire [15:0] state_i,        // conductance, units of the write circuit
  input  wire [7:0]  factor_i,       // the cell's step factor, units of 1/64
  input  wire        stuck_i,
  input  wire        set_i,          // 1: SET, 0: RESET
  input  wire [31:0] word_i,         // random

  input  wire [15:0] bottom_i,       // where RESET pulses end
  input  wire [15:0] top_i,          // where SET pulses end
  input  wire [15:0] set_rate_i,     // share of the way left, units of 2^-16
  input  wire [15:0] reset_rate_i,
  input  wire [7:0]  step_sigma_i,

  output wire        done_o,
  output wire [15:0] state_o         // after the pulse
);

  `include "nibble_noise.vh"

  // First cycle: the way left, the share of it, the spread of the step.
  wire        [15:0] rate = set_i ? set_rate_i : reset_rate_i;
  wire signed [16:0] way  = set_i ? $signed({1'b0, top_i}) - $signed({1'b0, state_i})
                                  : $signed({1'b0, state_i}) - $signed({1'b0, bottom_i});
  wire signed [7:0]  noise = nibble_noise(word_i);

  // |deviation| <= 60 * 255
  wire signed [15:0] deviation  = {{8{noise[7]}}, noise} * $signed({8'd0, step_sigma_i});
  wire signed [15:0] spread_sum = 16'sd4096 + deviation;

  reg [2:0]  valid_q;
  reg [15:0] state_q;
  reg        set_q;
  reg [15:0] left_q;
  reg [17:0] gain_q;
  reg [14:0] spread_q;
  reg [17:0] mean_q;
  reg [15:0] step_q;

  // The shifts drop the lowest bits.
  // verilator lint_off UNUSEDSIGNAL
  wire [23:0] gain_wide = {8'd0, rate} * {16'd0, factor_i} + 24'd32;
  wire [33:0] mean_wide = {18'd0, left_q} * {16'd0, gain_q} + 34'd32768;
  wire [32:0] step_wide = {15'd0, mean_q} * {18'd0, spread_q} + 33'd2048;
  // verilator lint_on UNUSEDSIGNAL

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 3'd0;
    else valid_q <= {valid_q[1:0], start_i};
  end

  always @(posedge clk_i) begin
    if (start_i) begin
      state_q  <= state_i;
      set_q    <= set_i;
      left_q   <= (stuck_i || way[16]) ? 16'd0 : way[15:0];
      gain_q   <= gain_wide[23:6];
      spread_q <= spread_sum[15] ? 15'd0 : spread_sum[14:0];
    end
    if (valid_q[0]) mean_q <= mean_wide[33:16];
    if (valid_q[1]) step_q <= step_wide[32:12] > {5'd0, left_q} ? left_q : step_wide[27:12];
  end

  assign done_o  = valid_q[2];
  assign state_o = set_q ? state_q + step_q : state_q - step_q;

endmodule

`default_nettype wire
