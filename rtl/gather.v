// gather: the row tables of all pages, and the walk that drives the word lines of one of them.
//
// For each row r of the page: entry = row table[r]; the word line gets byte `entry` of the vector
// that starts at word base_i of its memory: the window, or the vector buffer (base_i 0). An unused
// row, or an entry beyond the vector's words, is not driven, so the word lines must be cleared
// first. One row a cycle; three cycles from a row to its word line. busy_o is high from the cycle
// after start_i to the last word line.
`default_nettype none
`include "generated/crossloop_regs.vh"

module gather #(
  parameter integer ROWS         = 64,
  parameter integer PAGES        = 16,
  parameter integer WINDOW_WIDTH = 16   // of a window address
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,        // asynchronous, active low
  input  wire                    clear_i,       // end at once

  // Row tables: two entries in a word, the even row in the low half
  input  wire                    row_we_i,
  input  wire [31:0]             row_addr_i,    // page * ((ROWS + 1) / 2) + row / 2
  input  wire [31:0]             row_wdata_i,

  // One walk
  input  wire                    start_i,
  input  wire [15:0]             page_i,
  input  wire [15:0]             rows_i,        // rows used, 1..ROWS; stable while busy
  input  wire [WINDOW_WIDTH-1:0] base_i,        // stable while busy
  input  wire [31:0]             words_i,       // of the vector; stable while busy
  output wire                    busy_o,

  // The vector's memory, answers in the next cycle
  output wire                    vector_en_o,
  output wire [WINDOW_WIDTH-1:0] vector_addr_o,
  input  wire [31:0]             vector_rdata_i,

  // Word lines
  output wire                    x_we_o,
  output wire [15:0]             x_row_o,
  output wire [7:0]              x_value_o
);

  localparam integer ROW_WORDS = (ROWS + 1) / 2;
  localparam integer ROW_WIDTH = $clog2(PAGES * ROW_WORDS);

  reg [31:0] table_q [0:PAGES*ROW_WORDS-1];

  // Row table read
  reg                  active_q;
  reg [15:0]           row_q;
  reg [ROW_WIDTH-1:0]  addr_q;
  // Window read
  reg                  entry_valid_q;
  reg [15:0]           entry_row_q;
  reg [31:0]           entries_q;
  // Word line write
  reg                  value_valid_q;
  reg [15:0]           value_row_q;
  reg [1:0]            value_byte_q;

  wire [15:0] entry   = entry_row_q[0] ? entries_q[31:16] : entries_q[15:0];
  wire        driven  = entry_valid_q && {16'd0, entry} != `CROSSLOOP_UNUSED_ROW &&
                        {18'd0, entry[15:2]} < words_i;

  // The sum is inside the vector, so inside its memory.
  wire [31:0] vector_addr = {{(32-WINDOW_WIDTH){1'b0}}, base_i} + {18'd0, entry[15:2]};
  wire [31:0] row_base    = {16'd0, page_i} * ROW_WORDS;

  always @(posedge clk_i) begin
    if (row_we_i) table_q[row_addr_i[ROW_WIDTH-1:0]] <= row_wdata_i;
    if (active_q) entries_q <= table_q[addr_q];
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q      <= 1'b0;
      row_q         <= 16'd0;
      addr_q        <= {ROW_WIDTH{1'b0}};
      entry_valid_q <= 1'b0;
      entry_row_q   <= 16'd0;
      value_valid_q <= 1'b0;
      value_row_q   <= 16'd0;
      value_byte_q  <= 2'd0;
    end else if (clear_i) begin
      active_q      <= 1'b0;
      entry_valid_q <= 1'b0;
      value_valid_q <= 1'b0;
    end else if (start_i) begin
      active_q <= 1'b1;
      row_q    <= 16'd0;
      addr_q   <= row_base[ROW_WIDTH-1:0];
    end else if (busy_o) begin
      if (active_q) begin
        active_q    <= row_q + 16'd1 != rows_i;
        row_q       <= row_q + 16'd1;
        addr_q      <= addr_q + {{(ROW_WIDTH-1){1'b0}}, row_q[0]};
        entry_row_q <= row_q;
      end
      entry_valid_q <= active_q;
      value_valid_q <= driven;
      value_row_q   <= entry_row_q;
      value_byte_q  <= entry[1:0];
    end
  end

  assign busy_o        = active_q || entry_valid_q || value_valid_q;
  assign vector_en_o   = driven;
  assign vector_addr_o = vector_addr[WINDOW_WIDTH-1:0];
  assign x_we_o        = value_valid_q;
  assign x_row_o       = value_row_q;
  assign x_value_o     = vector_rdata_i[{value_byte_q, 3'd0} +: 8];

  wire unused_bits = &{1'b0, row_addr_i, row_base, vector_addr};  // those beyond the memories

endmodule

`default_nettype wire
