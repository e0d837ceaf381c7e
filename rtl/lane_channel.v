// lane_channel: the multipliers of one output channel and its accumulator.
//
//   sum = sum over the beats of a window, sum over i, of weight[i] * act[i]
//
// Weights are signed, activations unsigned; the sum wraps at SUM_WIDTH bits, where the compiler has
// proven that it does not. Three stages (operands, products, sum), moved by lane_control.
`default_nettype none

module lane_channel #(
  parameter integer MULTIPLIERS  = 4,
  parameter integer WEIGHT_WIDTH = 8,
  parameter integer ACT_WIDTH    = 8,
  parameter integer SUM_WIDTH    = 32  // at least WEIGHT_WIDTH + ACT_WIDTH + 1
) (
  input  wire                                clk_i,
  input  wire                                rst_ni,        // asynchronous, active low

  input  wire                                move_i,        // take operands, make products
  input  wire                                accumulate_i,  // only with move_i
  input  wire                                finish_i,      // only with accumulate_i
  input  wire [MULTIPLIERS*WEIGHT_WIDTH-1:0] weight_i,
  input  wire [MULTIPLIERS*ACT_WIDTH-1:0]    act_i,

  output wire [SUM_WIDTH-1:0]                sum_o          // of the window finished last
);

  localparam integer PRODUCT_WIDTH = WEIGHT_WIDTH + ACT_WIDTH + 1;

  reg [MULTIPLIERS*WEIGHT_WIDTH-1:0]  weight_q;
  reg [MULTIPLIERS*ACT_WIDTH-1:0]     act_q;
  reg [MULTIPLIERS*PRODUCT_WIDTH-1:0] product_q;
  reg [SUM_WIDTH-1:0]                 accumulator_q;
  reg [SUM_WIDTH-1:0]                 sum_q;

  wire [MULTIPLIERS*PRODUCT_WIDTH-1:0] product;

  genvar m;
  generate
    for (m = 0; m < MULTIPLIERS; m = m + 1) begin : g_multiplier
      wire signed [WEIGHT_WIDTH-1:0]  weight = weight_q[m*WEIGHT_WIDTH +: WEIGHT_WIDTH];
      wire signed [ACT_WIDTH:0]       act    = {1'b0, act_q[m*ACT_WIDTH +: ACT_WIDTH]};
      wire signed [PRODUCT_WIDTH-1:0] value  = weight * act;
      assign product[m*PRODUCT_WIDTH +: PRODUCT_WIDTH] = value;
    end
  endgenerate

  function [SUM_WIDTH-1:0] total;
    input [MULTIPLIERS*PRODUCT_WIDTH-1:0] products;
    integer i;
    reg [PRODUCT_WIDTH-1:0] one;
    begin
      total = {SUM_WIDTH{1'b0}};
      for (i = 0; i < MULTIPLIERS; i = i + 1) begin
        one   = products[i*PRODUCT_WIDTH +: PRODUCT_WIDTH];
        total = total + {{(SUM_WIDTH-PRODUCT_WIDTH){one[PRODUCT_WIDTH-1]}}, one};
      end
    end
  endfunction

  wire [SUM_WIDTH-1:0] accumulated = accumulator_q + total(product_q);

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      weight_q      <= {MULTIPLIERS*WEIGHT_WIDTH{1'b0}};
      act_q         <= {MULTIPLIERS*ACT_WIDTH{1'b0}};
      product_q     <= {MULTIPLIERS*PRODUCT_WIDTH{1'b0}};
      accumulator_q <= {SUM_WIDTH{1'b0}};
      sum_q         <= {SUM_WIDTH{1'b0}};
    end else begin
      if (move_i) begin
        weight_q  <= weight_i;
        act_q     <= act_i;
        product_q <= product;
      end
      if (accumulate_i) accumulator_q <= finish_i ? {SUM_WIDTH{1'b0}} : accumulated;
      if (finish_i) sum_q <= accumulated;
    end
  end

  assign sum_o = sum_q;

endmodule

`default_nettype wire
