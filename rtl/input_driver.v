// input_driver: the input values of all rows as eight bit planes, driven one plane at a time while
// the next ones are written.
//
// load_i takes what was written since clear_i as the values to drive. select_i makes their plane
// phase_i the driven one: two cycles later x_o holds it, in words of 32 rows with 0 in the unused
// ones, and driven_o the number of its ones. used_o has bit t set if any of the values has. Write
// each row at most once between two clears: used_o does not forget a value that is overwritten.
// Writes to rows at or beyond ROWS are ignored. Contents are unknown before the first clear_i and
// load_i.
`default_nettype none

module input_driver #(
  parameter integer ROWS = 64
) (
  input  wire                          clk_i,

  input  wire                          clear_i,   // all rows 0; a write in the same cycle is lost
  input  wire                          we_i,
  input  wire [15:0]                   row_i,
  input  wire [7:0]                    value_i,

  input  wire                          load_i,    // not with a write
  output wire [7:0]                    used_o,
  input  wire                          select_i,
  input  wire [2:0]                    phase_i,
  output wire [((ROWS+31)/32)*32-1:0]  x_o,
  output wire [$clog2(ROWS+1)-1:0]     driven_o
);

  localparam integer BLOCKS       = (ROWS + 31) / 32;
  localparam integer BLOCK_WIDTH  = (BLOCKS > 1) ? $clog2(BLOCKS) : 1;
  localparam integer PLANE_WIDTH  = BLOCKS * 32;
  localparam integer DRIVEN_WIDTH = $clog2(ROWS + 1);

  // A block holds 32 rows: their plane 0 in the lowest 32 bits, then plane 1 and so on.
  function [255:0] with_row;
    input [255:0] block;
    input [4:0]   row;
    input [7:0]   value;
    integer plane;
    begin
      with_row = block;
      for (plane = 0; plane < 8; plane = plane + 1)
        with_row[plane*32 + {27'd0, row}] = value[plane];
    end
  endfunction

  function [DRIVEN_WIDTH-1:0] ones;
    input [PLANE_WIDTH-1:0] x;
    integer row;
    begin
      ones = {DRIVEN_WIDTH{1'b0}};
      for (row = 0; row < PLANE_WIDTH; row = row + 1)
        ones = ones + {{(DRIVEN_WIDTH-1){1'b0}}, x[row]};
    end
  endfunction

  reg [255:0]            blocks_q [0:BLOCKS-1];
  reg [7:0]              used_q;
  reg [BLOCKS*256-1:0]   loaded_q;  // block 0 lowest
  reg [7:0]              loaded_used_q;
  reg                    select_q;
  reg [PLANE_WIDTH-1:0]  chosen_q;
  reg [PLANE_WIDTH-1:0]  x_q;
  reg [DRIVEN_WIDTH-1:0] driven_q;

  wire                   write       = we_i && {16'd0, row_i} < ROWS;
  wire [BLOCK_WIDTH-1:0] write_block = row_i[BLOCK_WIDTH+4:5];
  integer                block;
  integer                part;
  integer                copied;

  always @(posedge clk_i) begin
    if (clear_i) begin
      for (block = 0; block < BLOCKS; block = block + 1) blocks_q[block] <= 256'd0;
      used_q <= 8'd0;
    end else if (write) begin
      blocks_q[write_block] <= with_row(blocks_q[write_block], row_i[4:0], value_i);
      used_q                <= used_q | value_i;
    end
  end

  always @(posedge clk_i) begin
    if (load_i) begin
      for (copied = 0; copied < BLOCKS; copied = copied + 1)
        loaded_q[copied*256 +: 256] <= blocks_q[copied];
      loaded_used_q <= used_q;
    end
    select_q <= select_i;
    if (select_i) begin
      for (part = 0; part < BLOCKS; part = part + 1)
        chosen_q[part*32 +: 32] <= loaded_q[part*256 + {29'd0, phase_i}*32 +: 32];
    end
    if (select_q) begin
      x_q      <= chosen_q;
      driven_q <= ones(chosen_q);
    end
  end

  assign used_o   = loaded_used_q;
  assign x_o      = x_q;
  assign driven_o = driven_q;

  wire unused_bits = &{1'b0, row_i};  // those beyond ROWS

endmodule

`default_nettype wire
