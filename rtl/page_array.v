// page_array: the conductance codes of the columns that one ADC reads, one memory word per column.
//
// A column is CODE_WIDTH bit planes of ceil(ROWS/32) words of 32 rows, plane 0 and row 0 lowest.
// Bits beyond ROWS are kept as written and never count, since no row there can be driven. A read
// takes one cycle and holds until the next; it must not meet a write of the same column.
`default_nettype none

module page_array #(
  parameter integer COLUMNS      = 1024,  // of all pages
  parameter integer COLUMN_WIDTH = 10,    // $clog2(COLUMNS)
  parameter integer WIDTH        = 512    // CODE_WIDTH * ceil(ROWS/32) * 32
) (
  input  wire                    clk_i,

  input  wire                    we_i,
  input  wire [COLUMN_WIDTH-1:0] write_column_i,
  input  wire [WIDTH-1:0]        wdata_i,

  input  wire                    re_i,
  input  wire [COLUMN_WIDTH-1:0] column_i,
  output wire [WIDTH-1:0]        planes_o
);

  // Public for the injection of faults in simulation.
  reg [WIDTH-1:0] columns_q [0:COLUMNS-1] /* verilator public_flat_rw */;
  reg [WIDTH-1:0] planes_q;

  always @(posedge clk_i) begin
    if (we_i) columns_q[write_column_i] <= wdata_i;
    if (re_i) planes_q <= columns_q[column_i];
  end

  assign planes_o = planes_q;

endmodule

`default_nettype wire
