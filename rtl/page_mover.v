// page_mover: copies a page image or the tables of a page between the window and the tile, one
// word a cycle.
//
//   LOAD   window -> array     IMAGE_WORDS words
//   STORE  array -> window     IMAGE_WORDS words
//   TABLE  window -> row table, then column table     (ROWS + 1) / 2 and COLS * 5 words
//   INL    window -> INL table                        64 words
//
// Words of the array and of the column table are those of unit_o, a column numbered across the
// pages of its tile:
// word_o is the number of the word in it and last_o marks its last. Words of an INL table are units
// of one word. Both memories answer in the cycle after a read, so a word is written one cycle after
// it was read.
// busy_o is high from the cycle after start_i to the last write.
`default_nettype none
`include "generated/crossloop_regs.vh"

module page_mover #(
  parameter integer ROWS         = 64,
  parameter integer COLS         = 64,
  parameter integer CODE_WIDTH   = 8,
  parameter integer WINDOW_WIDTH = 16,  // of a window address
  parameter integer ROW_WIDTH    = 9,   // of an address in the memory of row tables
  parameter integer UNIT_WIDTH   = 10   // of a unit
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,         // asynchronous, active low
  input  wire                    clear_i,        // end at once

  input  wire                    start_i,
  input  wire [1:0]              mode_i,
  input  wire [15:0]             row_page_i,     // the page in the memory of row tables
  input  wire [15:0]             page_i,         // and in its tile
  input  wire [WINDOW_WIDTH-1:0] base_i,         // window word of the image or tables
  output wire                    busy_o,

  // Window
  output wire                    window_en_o,
  output wire                    window_we_o,
  output wire [WINDOW_WIDTH-1:0] window_addr_o,

  // Array, row table, column table and INL table; who reads a memory connects its data to the other
  output wire                    array_we_o,
  output wire                    array_re_o,
  output wire                    row_we_o,
  output wire [ROW_WIDTH-1:0]    row_addr_o,
  output wire                    table_we_o,
  output wire                    inl_we_o,
  output wire [UNIT_WIDTH-1:0]   unit_o,
  output wire [15:0]             word_o,
  output wire                    last_o
);

  localparam [1:0] LOAD  = 2'd0;
  localparam [1:0] STORE = 2'd1;
  localparam [1:0] TABLE = 2'd2;
  localparam [1:0] INL   = 2'd3;

  localparam integer PLANE_WORDS  = CODE_WIDTH * ((ROWS + 31) / 32);  // of a column of the array
  localparam integer ENTRY_WORDS  = `CROSSLOOP_COLUMN_WORDS;          // of a column of the table
  localparam integer IMAGE_WORDS  = COLS * PLANE_WORDS;
  localparam integer ROW_WORDS    = (ROWS + 1) / 2;
  localparam integer TABLE_WORDS  = ROW_WORDS + COLS * ENTRY_WORDS;
  localparam integer INL_WORDS    = `CROSSLOOP_INL_WORDS;
  localparam integer PAGE_WORDS   = (IMAGE_WORDS > TABLE_WORDS) ? IMAGE_WORDS : TABLE_WORDS;
  localparam integer MOST_WORDS   = (PAGE_WORDS > INL_WORDS) ? PAGE_WORDS : INL_WORDS;
  localparam integer LEFT_WIDTH   = $clog2(MOST_WORDS + 1);
  localparam [LEFT_WIDTH-1:0] ONE = 1;
  localparam [ROW_WIDTH-1:0]  ONE_ROW = 1;
  localparam [UNIT_WIDTH-1:0] ONE_UNIT = 1;
  localparam [15:0]  LAST_PLANE   = PLANE_WORDS[15:0] - 16'd1;
  localparam [15:0]  LAST_ENTRY   = ENTRY_WORDS[15:0] - 16'd1;

  reg [1:0]              mode_q;
  reg [LEFT_WIDTH-1:0]   left_q;        // words still to read
  reg                    read_q;        // a word was read in the cycle before
  reg [15:0]             row_left_q;    // words of the row table still to write
  reg [WINDOW_WIDTH-1:0] window_addr_q;
  reg [ROW_WIDTH-1:0]    row_addr_q;
  reg [UNIT_WIDTH-1:0]   unit_q;
  reg [15:0]             word_q;

  // Rows and units of all pages have room in these widths.
  // verilator lint_off UNUSEDSIGNAL
  function [ROW_WIDTH-1:0] first_row;
    input [15:0] page;
    reg [31:0] row_words;
    begin
      row_words = {16'd0, page} * ROW_WORDS;
      first_row = row_words[ROW_WIDTH-1:0];
    end
  endfunction

  function [UNIT_WIDTH-1:0] first_unit;
    input [15:0] page;
    input        inl;
    reg [31:0] units;
    begin
      units      = {16'd0, page} * (inl ? INL_WORDS : COLS);
      first_unit = units[UNIT_WIDTH-1:0];
    end
  endfunction
  // verilator lint_on UNUSEDSIGNAL

  wire reading = left_q != {LEFT_WIDTH{1'b0}};
  wire store   = mode_q == STORE;
  wire row     = row_left_q != 16'd0;
  wire step    = array_we_o || array_re_o || table_we_o || inl_we_o;
  wire last    = word_q == ((mode_q == TABLE) ? LAST_ENTRY : (mode_q == INL) ? 16'd0 : LAST_PLANE);

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      mode_q        <= LOAD;
      left_q        <= {LEFT_WIDTH{1'b0}};
      read_q        <= 1'b0;
      row_left_q    <= 16'd0;
      window_addr_q <= {WINDOW_WIDTH{1'b0}};
      row_addr_q    <= {ROW_WIDTH{1'b0}};
      unit_q        <= {UNIT_WIDTH{1'b0}};
      word_q        <= 16'd0;
    end else if (clear_i) begin
      left_q <= {LEFT_WIDTH{1'b0}};
      read_q <= 1'b0;
    end else if (start_i) begin
      mode_q        <= mode_i;
      left_q        <= (mode_i == TABLE) ? TABLE_WORDS[LEFT_WIDTH-1:0]
                     : (mode_i == INL)   ? INL_WORDS[LEFT_WIDTH-1:0] : IMAGE_WORDS[LEFT_WIDTH-1:0];
      row_left_q    <= (mode_i == TABLE) ? ROW_WORDS[15:0] : 16'd0;
      window_addr_q <= base_i;
      row_addr_q    <= first_row(row_page_i);
      unit_q        <= first_unit(page_i, mode_i == INL);
      word_q        <= 16'd0;
    end else if (reading || read_q) begin
      read_q <= reading;
      if (reading) left_q <= left_q - ONE;
      if (window_en_o) window_addr_q <= window_addr_q + {{(WINDOW_WIDTH-1){1'b0}}, 1'b1};
      if (row_we_o) begin
        row_addr_q <= row_addr_q + ONE_ROW;
        row_left_q <= row_left_q - 16'd1;
      end
      if (step) begin
        word_q <= last ? 16'd0 : word_q + 16'd1;
        if (last) unit_q <= unit_q + ONE_UNIT;
      end
    end
  end

  assign busy_o        = reading || read_q;
  assign window_en_o   = store ? read_q : reading;
  assign window_we_o   = store;
  assign window_addr_o = window_addr_q;
  assign array_we_o    = read_q && mode_q == LOAD;
  assign array_re_o    = reading && store;
  assign row_we_o      = read_q && mode_q == TABLE && row;
  assign row_addr_o    = row_addr_q;
  assign table_we_o    = read_q && mode_q == TABLE && !row;
  assign inl_we_o      = read_q && mode_q == INL;
  assign unit_o        = unit_q;
  assign word_o        = word_q;
  assign last_o        = last;

endmodule

`default_nettype wire
