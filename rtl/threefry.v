// threefry: Threefry-2x32 with 13 rounds, the counter-based generator of Salmon et al. (SC 2011).
//
//   (word0_o, word1_o) = threefry2x32_R(13, {counter0_i, counter1_i}, {key0_i, key1_i})
//
// Latency: three cycles (4, 4 and 5 rounds). Throughput: one pair of words per cycle; the key must
// be held until the last words are out. The words stay until the next valid pair replaces them.
// Twin: Random123, host/engine/noise.hpp.
`default_nettype none

module threefry (
  input  wire        clk_i,
  input  wire        rst_ni,  // asynchronous, active low

  input  wire [31:0] key0_i,
  input  wire [31:0] key1_i,

  input  wire        valid_i,
  input  wire [31:0] counter0_i,
  input  wire [31:0] counter1_i,

  output wire        valid_o,
  output wire [31:0] word0_o,
  output wire [31:0] word1_o
);

  localparam [31:0] KEY_PARITY = 32'h1BD11BDA;  // SKEIN_KS_PARITY32 of Random123

  // One round on {x1, x0}; the rotations repeat every eight rounds.
  function [63:0] one_round;
    input [63:0] x;
    input [2:0]  round;
    reg [31:0] sum;
    reg [31:0] turned;
    begin
      sum = x[31:0] + x[63:32];
      case (round)
        3'd0:    turned = {x[50:32], x[63:51]};  // rotate left by 13
        3'd1:    turned = {x[48:32], x[63:49]};  // 15
        3'd2:    turned = {x[37:32], x[63:38]};  // 26
        3'd3:    turned = {x[57:32], x[63:58]};  // 6
        3'd4:    turned = {x[46:32], x[63:47]};  // 17
        3'd5:    turned = {x[34:32], x[63:35]};  // 29
        3'd6:    turned = {x[47:32], x[63:48]};  // 16
        default: turned = {x[39:32], x[63:40]};  // 24
      endcase
      one_round = {turned ^ sum, sum};
    end
  endfunction

  function [63:0] first_rounds;  // 0-3, 8-11
    input [63:0] x;
    first_rounds = one_round(one_round(one_round(one_round(x, 3'd0), 3'd1), 3'd2), 3'd3);
  endfunction

  function [63:0] other_rounds;  // 4-7
    input [63:0] x;
    other_rounds = one_round(one_round(one_round(one_round(x, 3'd4), 3'd5), 3'd6), 3'd7);
  endfunction

  function [63:0] inject;  // adds a pair of key words
    input [63:0] x;
    input [31:0] add0;
    input [31:0] add1;
    inject = {x[63:32] + add1, x[31:0] + add0};
  endfunction

  wire [31:0] key2 = KEY_PARITY ^ key0_i ^ key1_i;

  reg  [63:0] x4_q;   // after 4 rounds, before the key
  reg  [63:0] x8_q;
  reg  [63:0] x13_q;
  reg  [2:0]  valid_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 3'd0;
    else valid_q <= {valid_q[1:0], valid_i};
  end

  always @(posedge clk_i) begin
    if (valid_i) x4_q <= first_rounds(inject({counter1_i, counter0_i}, key0_i, key1_i));
    if (valid_q[0]) x8_q <= other_rounds(inject(x4_q, key1_i, key2 + 32'd1));
    if (valid_q[1]) begin
      x13_q <= one_round(inject(first_rounds(inject(x8_q, key2, key0_i + 32'd2)), key0_i, key1_i + 32'd3),
                         3'd4);
    end
  end

  assign valid_o = valid_q[2];
  assign word0_o = x13_q[31:0];
  assign word1_o = x13_q[63:32];

endmodule

`default_nettype wire
