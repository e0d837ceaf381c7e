// requantise: turns sums into the integers of the next tensor (numerics.md, step 8).
//
//   value = clamp((((a + bias_a) * M_a + (b + bias_b) * M_b + half) >>> shift) + zero, low, high)
//   half  = shift == 0 ? 0 : 2^(shift-1)                                 (rounds half up)
//
// A crossbar layer or an average pool has b = bias_b = 0; a residual add has both operands, its
// biases being minus their zero points. zero, low and high are held while values are on their way.
// Latency: three cycles. Throughput: one value per cycle; value_o holds until the next one.
// Twin: engine::requantise and engine::requantised_add in host/engine/requantise.hpp.
`default_nettype none

module requantise (
  input  wire               clk_i,
  input  wire               rst_ni,         // asynchronous, active low

  input  wire               valid_i,
  input  wire signed [31:0] a_i,
  input  wire signed [31:0] bias_a_i,
  input  wire        [15:0] multiplier_a_i,
  input  wire        [7:0]  b_i,
  input  wire signed [8:0]  bias_b_i,
  input  wire        [15:0] multiplier_b_i,
  input  wire        [5:0]  shift_i,        // 0 .. 47

  input  wire signed [31:0] zero_i,
  input  wire signed [31:0] low_i,
  input  wire signed [31:0] high_i,

  output wire               valid_o,
  output wire signed [31:0] value_o
);

  // 33 x 16 bits, the other product and half: below 2^50.
  localparam integer WIDTH = 52;

  // Stage 1: biased operands
  reg signed [32:0] a_q;
  reg signed [9:0]  b_q;
  reg        [15:0] multiplier_a_q;
  reg        [15:0] multiplier_b_q;
  reg        [5:0]  shift1_q;
  // Stage 2: the total, before its shift
  reg signed [WIDTH-1:0] total_q;
  reg        [5:0]       shift2_q;
  // Stage 3
  reg signed [31:0] value_q;
  reg        [2:0]  valid_q;

  function signed [WIDTH-1:0] total;
    input signed [32:0] a;
    input        [15:0] multiplier_a;
    input signed [9:0]  b;
    input        [15:0] multiplier_b;
    input        [5:0]  shift;
    reg signed [WIDTH-1:0] product_a;
    reg signed [WIDTH-1:0] product_b;
    reg signed [WIDTH-1:0] half;
    begin
      product_a = a * $signed({1'b0, multiplier_a});
      product_b = b * $signed({1'b0, multiplier_b});
      half      = ({{(WIDTH-1){1'b0}}, 1'b1} << shift) >> 1;  // 0 for shift 0
      total     = product_a + product_b + half;
    end
  endfunction

  function signed [31:0] clamped;
    input signed [WIDTH-1:0] sum;
    input        [5:0]       shift;
    input signed [31:0]      zero;
    input signed [31:0]      low;
    input signed [31:0]      high;
    reg signed [WIDTH-1:0] placed;
    reg signed [WIDTH-1:0] bottom;
    reg signed [WIDTH-1:0] top;
    begin
      placed  = {{(WIDTH-32){zero[31]}}, zero};
      bottom  = {{(WIDTH-32){low[31]}}, low};
      top     = {{(WIDTH-32){high[31]}}, high};
      placed  = (sum >>> shift) + placed;
      clamped = (placed < bottom) ? low : (placed > top) ? high : placed[31:0];
    end
  endfunction

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q        <= 3'd0;
      a_q            <= 33'd0;
      b_q            <= 10'd0;
      multiplier_a_q <= 16'd0;
      multiplier_b_q <= 16'd0;
      shift1_q       <= 6'd0;
      total_q        <= {WIDTH{1'b0}};
      shift2_q       <= 6'd0;
      value_q        <= 32'd0;
    end else begin
      valid_q <= {valid_q[1:0], valid_i};
      if (valid_i) begin
        a_q            <= {a_i[31], a_i} + {bias_a_i[31], bias_a_i};
        b_q            <= {2'd0, b_i} + {bias_b_i[8], bias_b_i};
        multiplier_a_q <= multiplier_a_i;
        multiplier_b_q <= multiplier_b_i;
        shift1_q       <= shift_i;
      end
      if (valid_q[0]) begin
        total_q  <= total(a_q, multiplier_a_q, b_q, multiplier_b_q, shift1_q);
        shift2_q <= shift1_q;
      end
      if (valid_q[1]) value_q <= clamped(total_q, shift2_q, zero_i, low_i, high_i);
    end
  end

  assign valid_o = valid_q[2];
  assign value_o = value_q;

endmodule

`default_nettype wire
