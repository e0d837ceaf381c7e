// column_sum: what one bit line collects while the rows x of one input bit are driven.
//
//   sum = sum_p 2^p * popcount(plane_p & x) - reference * driven
//
// plane_p holds bit p of the conductance codes of all rows, driven is popcount(x), counted
// digitally by the input driver. Planes and x come in words of 32 rows; unused rows have x = 0.
// Latency: one cycle. Throughput: one column per cycle.
`default_nettype none

module column_sum #(
  parameter integer ROWS       = 64,
  parameter integer CODE_WIDTH = 8,
  parameter integer SUM_WIDTH  = 25  // $clog2(ROWS + 1) + 16 for the reference product, + sign
) (
  input  wire                                     clk_i,

  input  wire                                     enable_i,
  input  wire [CODE_WIDTH*((ROWS+31)/32)*32-1:0]  planes_i,     // plane p lowest first
  input  wire [((ROWS+31)/32)*32-1:0]             x_i,
  input  wire [$clog2(ROWS+1)-1:0]                driven_i,
  input  wire [15:0]                              reference_i,
  output wire signed [SUM_WIDTH-1:0]              sum_o
);

  localparam integer PLANE_WIDTH  = ((ROWS + 31) / 32) * 32;
  localparam integer CHUNK        = (PLANE_WIDTH % 64 == 0) ? 64 : 32;  // rows counted at a time
  localparam integer DRIVEN_WIDTH = $clog2(ROWS + 1);

  // The masked adds and the product that compilers know as a population count; ones64.vh has none.
  function [63:0] popcount64;
    input [63:0] bits;
    reg [63:0] pairs;
    reg [63:0] nibbles;
    reg [63:0] bytes;
    begin
      pairs      = bits - ((bits >> 1) & 64'h5555555555555555);
      nibbles    = (pairs & 64'h3333333333333333) + ((pairs >> 2) & 64'h3333333333333333);
      bytes      = (nibbles + (nibbles >> 4)) & 64'h0F0F0F0F0F0F0F0F;
      popcount64 = (bytes * 64'h0101010101010101) >> 56;
    end
  endfunction

  // Reads planes_i and x_i where they are: as arguments they would be copied in simulation.
  function signed [SUM_WIDTH-1:0] total;
    input [DRIVEN_WIDTH-1:0] driven;
    input [15:0]             reference;
    integer plane;
    integer row;
    reg [63:0] rows;
    // Simulates fastest on 64 bits; the sum needs fewer.
    // verilator lint_off UNUSEDSIGNAL
    reg [63:0] sum;
    // verilator lint_on UNUSEDSIGNAL
    begin
      sum  = 64'd0;
      rows = 64'd0;
      for (plane = 0; plane < CODE_WIDTH; plane = plane + 1)
        for (row = 0; row < PLANE_WIDTH; row = row + CHUNK) begin
          rows[CHUNK-1:0] = planes_i[plane*PLANE_WIDTH + row +: CHUNK] & x_i[row +: CHUNK];
          sum             = sum + (popcount64(rows) << plane);
        end
      sum   = sum - {48'd0, reference} * {{(64-DRIVEN_WIDTH){1'b0}}, driven};
      total = sum[SUM_WIDTH-1:0];
    end
  endfunction

  reg signed [SUM_WIDTH-1:0] sum_q;

  always @(posedge clk_i) begin
    if (enable_i) sum_q <= total(driven_i, reference_i);
  end

  assign sum_o = sum_q;

endmodule

`default_nettype wire
