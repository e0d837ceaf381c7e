// read_noise: turns one random word into read noise of a given strength, in code units.
//
//   m = sum of the eight nibbles of word - 60          (-60 .. 60, variance 170)
//   noise = (m * sigma + 128) >>> 8                    (rounds half up)
//
// Latency: one cycle. Throughput: one per cycle. Twin: host/engine/noise.hpp.
`default_nettype none

module read_noise (
  input  wire               clk_i,

  input  wire               enable_i,
  input  wire        [31:0] word_i,
  input  wire        [15:0] sigma_i,
  output wire signed [15:0] noise_o   // |noise| <= 60 * 65535 / 256 < 2^14
);

  `include "nibble_noise.vh"

  function signed [15:0] scaled_noise;
    input [31:0] word;
    input [15:0] sigma;
    // The shift drops the low byte.
    // verilator lint_off UNUSEDSIGNAL
    reg signed [23:0] product;
    // verilator lint_on UNUSEDSIGNAL
    begin
      product      = nibble_noise(word) * $signed({1'b0, sigma}) + 24'sd128;
      scaled_noise = product[23:8];
    end
  endfunction

  reg signed [15:0] noise_q;

  always @(posedge clk_i) begin
    if (enable_i) noise_q <= scaled_noise(word_i, sigma_i);
  end

  assign noise_o = noise_q;

endmodule

`default_nettype wire
