// input_driver: the input values of all rows as eight bit planes, driven one plane at a time.
//
// select_i makes plane phase_i the driven one: in the next cycle x_o holds it, in words of 32 rows
// with 0 in the unused ones, and driven_o the number of its ones. sample_i notes in empty_o which
// planes have no one at all. Writes to rows at or beyond ROWS are ignored. Contents are unknown
// before the first clear_i.
`default_nettype none

module input_driver #(
  parameter integer ROWS = 64
) (
  input  wire                          clk_i,

  input  wire                          clear_i,   // all rows 0; a write in the same cycle is lost
  input  wire                          we_i,
  input  wire [15:0]                   row_i,
  input  wire [7:0]                    value_i,

  input  wire                          sample_i,
  output wire [7:0]                    empty_o,   // bit t: plane t was 0 when last sampled

  input  wire                          select_i,
  input  wire [2:0]                    phase_i,
  output wire [((ROWS+31)/32)*32-1:0]  x_o,
  output wire [$clog2(ROWS+1)-1:0]     driven_o
);

  localparam integer PLANE_WIDTH  = ((ROWS + 31) / 32) * 32;
  localparam integer DRIVEN_WIDTH = $clog2(ROWS + 1);
  localparam integer ROW_WIDTH    = $clog2(ROWS);

  function [8*PLANE_WIDTH-1:0] with_row;
    input [8*PLANE_WIDTH-1:0] planes;
    input [ROW_WIDTH-1:0]     row;
    input [7:0]               value;
    integer bit_index;
    begin
      with_row = planes;
      for (bit_index = 0; bit_index < 8; bit_index = bit_index + 1)
        with_row[bit_index*PLANE_WIDTH + {{(32-ROW_WIDTH){1'b0}}, row}] = value[bit_index];
    end
  endfunction

  function [7:0] empty_planes;
    input [8*PLANE_WIDTH-1:0] planes;
    integer bit_index;
    for (bit_index = 0; bit_index < 8; bit_index = bit_index + 1)
      empty_planes[bit_index] = planes[bit_index*PLANE_WIDTH +: PLANE_WIDTH] == {PLANE_WIDTH{1'b0}};
  endfunction

  function [DRIVEN_WIDTH-1:0] ones;
    input [PLANE_WIDTH-1:0] x;
    integer row;
    begin
      ones = {DRIVEN_WIDTH{1'b0}};
      for (row = 0; row < ROWS; row = row + 1) ones = ones + {{(DRIVEN_WIDTH-1){1'b0}}, x[row]};
    end
  endfunction

  reg [8*PLANE_WIDTH-1:0] planes_q;
  reg [7:0]               empty_q;
  reg [PLANE_WIDTH-1:0]   x_q;
  reg [DRIVEN_WIDTH-1:0]  driven_q;

  wire write = we_i && {16'd0, row_i} < ROWS;

  always @(posedge clk_i) begin
    if (clear_i) planes_q <= {8*PLANE_WIDTH{1'b0}};
    else if (write) planes_q <= with_row(planes_q, row_i[ROW_WIDTH-1:0], value_i);
  end

  always @(posedge clk_i) begin
    if (sample_i) empty_q <= empty_planes(planes_q);
    if (select_i) begin
      x_q      <= planes_q[phase_i*PLANE_WIDTH +: PLANE_WIDTH];
      driven_q <= ones(planes_q[phase_i*PLANE_WIDTH +: PLANE_WIDTH]);
    end
  end

  assign empty_o  = empty_q;
  assign x_o      = x_q;
  assign driven_o = driven_q;

  wire unused_bits = &{1'b0, row_i};  // those beyond ROWS

endmodule

`default_nettype wire
