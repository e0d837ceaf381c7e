// threefry: Threefry-2x32 with 13 rounds, the counter-based generator of Salmon et al. (SC 2011).
//
//   (word0_o, word1_o) = threefry2x32_R(13, {counter0_i, counter1_i}, {key0_i, key1_i})
//
// Latency: three cycles (4, 4 and 5 rounds). Throughput: one pair of words per cycle; the key must
// be held for two cycles behind a valid_i. The words stay until the next valid pair replaces them.
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
    reg [31:0] x1;
    reg [31:0] sum;
    reg [31:0] turned;
    begin
      x1  = x[63:32];
      sum = x[31:0] + x1;
      case (round)
        3'd0:    turned = {x1[18:0], x1[31:19]};  // rotate left by 13
        3'd1:    turned = {x1[16:0], x1[31:17]};  // 15
        3'd2:    turned = {x1[5:0], x1[31:6]};  // 26
        3'd3:    turned = {x1[25:0], x1[31:26]};  // 6
        3'd4:    turned = {x1[14:0], x1[31:15]};  // 17
        3'd5:    turned = {x1[2:0], x1[31:3]};  // 29
        3'd6:    turned = {x1[15:0], x1[31:16]};  // 16
        default: turned = {x1[7:0], x1[31:8]};  // 24
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

  function [63:0] last_rounds;  // 8-12, with the keys before and within
    input [63:0] x;
    input [31:0] key0;
    input [31:0] key1;
    input [31:0] parity;
    reg [63:0] x12;
    begin
      x12         = first_rounds(inject(x, parity, key0 + 32'd2));
      last_rounds = one_round(inject(x12, key0, key1 + 32'd3), 3'd4);
    end
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
    if (valid_q[1]) x13_q <= last_rounds(x8_q, key0_i, key1_i, key2);
  end

  assign valid_o = valid_q[2];
  assign word0_o = x13_q[31:0];
  assign word1_o = x13_q[63:32];

endmodule

`default_nettype wire
