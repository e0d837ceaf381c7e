// page_array: the conductance codes of all pages, one memory word per column.
//
// A column is CODE_WIDTH bit planes of ceil(ROWS/32) words of 32 rows, plane 0 and row 0 lowest.
// Bits beyond ROWS are kept as written and never count, since no row there can be driven. The host
// sees 32-bit words, address = column * CODE_WIDTH * ceil(ROWS/32) + plane * ceil(ROWS/32) + word,
// with columns numbered across pages. One write port and one read port, shared: the host may use it
// only while no column is read. Both reads take one cycle and hold until the next.
`default_nettype none

module page_array #(
  parameter integer ROWS       = 64,
  parameter integer COLS       = 64,
  parameter integer CODE_WIDTH = 8,
  parameter integer PAGES      = 16
) (
  input  wire                                     clk_i,

  input  wire                                     we_i,
  input  wire                                     re_i,
  input  wire [31:0]                              addr_i,
  input  wire [31:0]                              wdata_i,
  output wire [31:0]                              rdata_o,

  input  wire                                     column_re_i,
  input  wire [$clog2(PAGES*COLS)-1:0]            column_i,
  output wire [CODE_WIDTH*((ROWS+31)/32)*32-1:0]  planes_o
);

  localparam integer COLUMN_WORDS = CODE_WIDTH * ((ROWS + 31) / 32);
  localparam integer ADDR_WIDTH   = $clog2(PAGES * COLS * COLUMN_WORDS);
  localparam integer COLUMN_WIDTH = $clog2(PAGES * COLS);
  localparam integer WORD_WIDTH   = $clog2(COLUMN_WORDS);
  localparam [ADDR_WIDTH-1:0] DIVISOR = COLUMN_WORDS[ADDR_WIDTH-1:0];

  // Public for the injection of faults in simulation.
  reg [COLUMN_WORDS*32-1:0] columns_q [0:PAGES*COLS-1] /* verilator public_flat_rw */;
  reg [COLUMN_WORDS*32-1:0] planes_q;
  reg [WORD_WIDTH-1:0]      word_q;

  // Divisions by a constant: shifts where COLUMN_WORDS is a power of two.
  wire [ADDR_WIDTH-1:0]   host_column  = addr_i[ADDR_WIDTH-1:0] / DIVISOR;
  wire [ADDR_WIDTH-1:0]   host_word    = addr_i[ADDR_WIDTH-1:0] % DIVISOR;
  wire [COLUMN_WIDTH-1:0] write_column = host_column[COLUMN_WIDTH-1:0];
  wire [COLUMN_WIDTH-1:0] read_column  = column_re_i ? column_i : write_column;

  integer word;

  always @(posedge clk_i) begin
    // One write enable for each word: a variable slice would give every bit of a column its own, and
    // block RAM with so many enables is eight times as much.
    if (we_i)
      for (word = 0; word < COLUMN_WORDS; word = word + 1)
        if (host_word == word[ADDR_WIDTH-1:0]) columns_q[write_column][word*32 +: 32] <= wdata_i;
    if (re_i) word_q <= host_word[WORD_WIDTH-1:0];
    if (re_i || column_re_i) planes_q <= columns_q[read_column];
  end

  assign planes_o = planes_q;
  assign rdata_o  = planes_q[word_q*32 +: 32];

  wire unused_bits = &{1'b0, addr_i, host_column, host_word};  // those beyond the memory

endmodule

`default_nettype wire
