// adc: converts a signed column sum into an unsigned ADC code.
//
//   code = clamp((sum * gain + offset + half) >>> shift, 0, 2^bits - 1)
//   half = shift == 0 ? 0 : 2^(shift-1)               (rounds half up)
//
// gain, offset belong to the column; shift, bits to its group; all are sampled
// with sum_i. Latency: one cycle. Throughput: one code per cycle while ready_i
// is high. Twin: host/engine/adc.hpp.
`default_nettype none

module adc #(
  parameter integer SUM_WIDTH    = 17,  // column sum, two's complement
  parameter integer OFFSET_WIDTH = 32,  // two's complement
  parameter integer MAX_BITS     = 12   // widest ADC code; bits_i <= MAX_BITS
) (
  input  wire                           clk_i,
  input  wire                           rst_ni,          // asynchronous, active low

  // Column sums in
  input  wire                           valid_i,
  output wire                           ready_o,
  input  wire signed [SUM_WIDTH-1:0]    sum_i,
  input  wire        [15:0]             gain_i,
  input  wire signed [OFFSET_WIDTH-1:0] offset_i,
  input  wire        [4:0]              shift_i,
  input  wire        [3:0]              bits_i,

  // ADC codes out
  output wire                           valid_o,
  input  wire                           ready_i,
  output wire        [MAX_BITS-1:0]     code_o,
  output wire                           clipped_low_o,   // the sum was below code 0
  output wire                           clipped_high_o   // the sum was above the top code
);

  // Wide enough for the product, the offset and the rounding half.
  localparam integer WIDTH = ((SUM_WIDTH + 17 > OFFSET_WIDTH) ? SUM_WIDTH + 17 : OFFSET_WIDTH) + 1;

  function signed [WIDTH-1:0] scale;
    input signed [SUM_WIDTH-1:0]    sum;
    input        [15:0]             gain;
    input signed [OFFSET_WIDTH-1:0] offset;
    input        [4:0]              shift;
    reg signed [WIDTH-1:0] half;
    reg signed [WIDTH-1:0] product;
    reg signed [WIDTH-1:0] pedestal;
    begin
      half     = ({{(WIDTH-1){1'b0}}, 1'b1} << shift) >> 1;  // 0 for shift 0
      product  = sum * $signed({1'b0, gain});
      pedestal = {{(WIDTH-OFFSET_WIDTH){offset[OFFSET_WIDTH-1]}}, offset};
      scale    = (product + pedestal + half) >>> shift;
    end
  endfunction

  wire signed [WIDTH-1:0] scaled = scale(sum_i, gain_i, offset_i, shift_i);
  wire        [MAX_BITS-1:0] top = ~({MAX_BITS{1'b1}} << bits_i);
  wire                    below  = scaled[WIDTH-1];
  wire                    above  = !below && scaled[WIDTH-2:0] > {{(WIDTH-1-MAX_BITS){1'b0}}, top};

  reg [MAX_BITS-1:0] code_q;
  reg                below_q;
  reg                above_q;
  reg                valid_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 1'b0;
    else if (ready_o) valid_q <= valid_i;
  end

  always @(posedge clk_i) begin
    if (ready_o && valid_i) begin
      code_q  <= below ? {MAX_BITS{1'b0}} : above ? top : scaled[MAX_BITS-1:0];
      below_q <= below;
      above_q <= above;
    end
  end

  // A full register can be refilled in the cycle it drains.
  assign ready_o        = !valid_q || ready_i;
  assign valid_o        = valid_q;
  assign code_o         = code_q;
  assign clipped_low_o  = below_q;
  assign clipped_high_o = above_q;

endmodule

`default_nettype wire
