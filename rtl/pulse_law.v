// pulse_law: what one programming pulse does to a cell, and what a verify read finds of it.
//
//   rate    = set_i ? set_rate_i : reset_rate_i
//   left    = max(0, set_i ? top_i - state_i : state_i - bottom_i)
//   gain    = (rate * factor_i + 32) >> 6
//   mean    = (left * gain + 2^15) >> 16
//   spread  = max(0, 4096 + m(pulse_word_i) * step_sigma_i)
//   step    = min(left, (mean * spread + 2048) >> 12)
//   state_o = set_i ? state_i + step : state_i - step
//   read_o  = state_i + ((m(read_word_i) * verify_sigma_i + 128) >>> 8)
//
// with m(word) the sum of its eight nibbles - 60. Roundings are half up. A stuck cell (stuck_i)
// keeps its state. Combinational: three multiplications in a row, 16 x 8, 16 x 18 and 18 x 15 bits.
// Twin: host/analog/pulse_law.hpp.
`default_nettype none

module pulse_law (
  input  wire        [15:0] state_i,         // conductance, units of the write circuit
  input  wire        [7:0]  factor_i,        // the cell's step factor, units of 1/64
  input  wire               stuck_i,
  input  wire               set_i,           // 1: SET, 0: RESET

  input  wire        [15:0] bottom_i,        // where RESET pulses end
  input  wire        [15:0] top_i,           // where SET pulses end
  input  wire        [15:0] set_rate_i,      // share of the way left, units of 2^-16
  input  wire        [15:0] reset_rate_i,
  input  wire        [7:0]  step_sigma_i,
  input  wire        [15:0] verify_sigma_i,

  input  wire        [31:0] pulse_word_i,    // random
  input  wire        [31:0] read_word_i,     // random

  output wire        [15:0] state_o,         // after the pulse
  output wire signed [17:0] read_o           // of the state before it
);

  `include "nibble_noise.vh"

  wire        [15:0] rate = set_i ? set_rate_i : reset_rate_i;
  wire signed [16:0] way  = set_i ? $signed({1'b0, top_i}) - $signed({1'b0, state_i})
                                  : $signed({1'b0, state_i}) - $signed({1'b0, bottom_i});
  wire        [15:0] left = way[16] ? 16'd0 : way[15:0];

  wire signed [7:0]  pulse_noise = nibble_noise(pulse_word_i);
  wire signed [7:0]  read_noise  = nibble_noise(read_word_i);

  // |deviation| <= 60 * 255
  wire signed [15:0] deviation  = {{8{pulse_noise[7]}}, pulse_noise}
                                  * $signed({8'd0, step_sigma_i});
  wire signed [15:0] spread_sum = 16'sd4096 + deviation;
  wire        [14:0] spread     = spread_sum[15] ? 15'd0 : spread_sum[14:0];

  // The shifts drop the lowest bits.
  // verilator lint_off UNUSEDSIGNAL
  wire        [23:0] gain_wide = {8'd0, rate} * {16'd0, factor_i} + 24'd32;
  wire        [33:0] mean_wide = {18'd0, left} * {16'd0, gain_wide[23:6]} + 34'd32768;
  wire        [32:0] step_wide = {15'd0, mean_wide[33:16]} * {18'd0, spread} + 33'd2048;
  wire signed [24:0] read_wide = {{17{read_noise[7]}}, read_noise} * $signed({9'd0, verify_sigma_i})
                                 + 25'sd128;
  // verilator lint_on UNUSEDSIGNAL
  wire        [15:0] step      = step_wide[32:12] > {5'd0, left} ? left : step_wide[27:12];

  assign state_o = stuck_i ? state_i : set_i ? state_i + step : state_i - step;
  assign read_o  = $signed({2'b00, state_i}) + $signed({read_wide[24], read_wide[24:8]});

endmodule

`default_nettype wire
