// input_driver: the input values of all rows as eight bit planes, driven one plane at a time while
// the next ones are written.
//
// load_i takes what was written since clear_i as the values to drive. select_i makes their plane
// phase_i the driven one: two cycles later x_o holds it, in words of 32 rows with 0 in the unused
// ones, and driven_o the number of its ones. used_o has bit t set if any of the values has. Rows are
// written in pairs, either or both of them. Write each row at most once between two clears: used_o
// does not forget a value that is overwritten.
// Writes to rows at or beyond ROWS are ignored. Contents are unknown before the first clear_i and
// load_i.
`default_nettype none

module input_driver #(
  parameter integer ROWS = 64
) (
  input  wire                          clk_i,

  input  wire                          clear_i,   // all rows 0; a write in the same cycle is lost
  input  wire [1:0]                    we_i,      // the even row, the odd one behind it
  input  wire [15:0]                   row_i,     // the even one
  input  wire [15:0]                   value_i,   // the even row's in the low half

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
  localparam integer CHUNK        = (PLANE_WIDTH % 64 == 0) ? 64 : 32;  // rows counted at a time
  localparam integer DRIVEN_WIDTH = $clog2(ROWS + 1);

  // A block holds 32 rows: their plane 0 in the lowest 32 bits, then plane 1 and so on.
  function [255:0] with_pair;
    input [255:0] block;
    input [4:0]   row;
    input [1:0]   written;
    input [15:0]  values;
    integer plane;
    reg [31:0] mask;
    begin
      with_pair = block;
      mask      = {30'd0, written} << row;
      for (plane = 0; plane < 8; plane = plane + 1)
        with_pair[plane*32 +: 32] = (block[plane*32 +: 32] & ~mask) |
                                    (({30'd0, values[8 + plane], values[plane]} << row) & mask);
    end
  endfunction

  `include "ones64.vh"

  function [DRIVEN_WIDTH-1:0] ones;
    input [PLANE_WIDTH-1:0] x;
    integer row;
    reg [63:0] rows;
    // Simulates fastest on 64 bits; the sum needs fewer.
    // verilator lint_off UNUSEDSIGNAL
    reg [63:0] sum;
    // verilator lint_on UNUSEDSIGNAL
    begin
      sum  = 64'd0;
      rows = 64'd0;
      for (row = 0; row < PLANE_WIDTH; row = row + CHUNK) begin
        rows[CHUNK-1:0] = x[row +: CHUNK];
        sum             = sum + ones64(rows);
      end
      ones = sum[DRIVEN_WIDTH-1:0];
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

  wire [1:0]             write       = we_i & {{16'd0, row_i} + 32'd1 < ROWS, {16'd0, row_i} < ROWS};
  wire [15:0]            values      = value_i & {{8{write[1]}}, {8{write[0]}}};
  wire [BLOCK_WIDTH-1:0] write_block = row_i[BLOCK_WIDTH+4:5];
  integer                block;
  integer                part;
  integer                copied;

  always @(posedge clk_i) begin
    if (clear_i) begin
      for (block = 0; block < BLOCKS; block = block + 1) blocks_q[block] <= 256'd0;
      used_q <= 8'd0;
    end else if (write != 2'd0) begin
      blocks_q[write_block] <= with_pair(blocks_q[write_block], row_i[4:0], write, values);
      used_q                <= used_q | values[7:0] | values[15:8];
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
