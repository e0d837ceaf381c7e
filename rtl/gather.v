// gather: the row tables of all pages, and the walk that drives the word lines of one of them.
//
// For each row r of the page: entry = row table[r]; the word line gets byte `entry` of the vector
// that starts at word base_i of its memory: the window, or the vector buffer (base_i 0). An unused
// row, or an entry beyond the vector's words, is not driven, so the word lines must be cleared
// first. A pair of rows 2k, 2k + 1 a cycle; a pair whose bytes lie in two words of the vector takes
// two. Three cycles from a row to its word line. busy_o is high from the cycle after start_i to the
// one before the last word line is driven.
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
  input  wire [$clog2(PAGES*((ROWS+1)/2))-1:0]
                                 row_addr_i,    // page * ((ROWS + 1) / 2) + row / 2
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

  // Word lines of a pair, the even row in the low half
  output wire [1:0]              x_we_o,
  output wire [15:0]             x_row_o,       // the even one
  output wire [15:0]             x_value_o
);

  localparam integer ROW_WORDS = (ROWS + 1) / 2;
  localparam integer ROW_WIDTH = $clog2(PAGES * ROW_WORDS);

  localparam [ROW_WIDTH-1:0] ONE = 1;

  reg [31:0] table_q [0:PAGES*ROW_WORDS-1];

  // Row table read
  reg                  active_q;
  reg [15:0]           row_q;          // of the pair, even
  reg [ROW_WIDTH-1:0]  addr_q;
  // Window read
  reg                  pair_valid_q;
  reg                  second_q;       // the even row has been read for
  reg                  odd_used_q;     // the pair has an odd row
  reg [15:0]           pair_row_q;
  reg [31:0]           entries_q;
  // Word line write
  reg [1:0]            value_valid_q;
  reg [15:0]           value_row_q;
  reg [3:0]            value_bytes_q;

  function driven;
    input [15:0] entry;
    driven = {16'd0, entry} != `CROSSLOOP_UNUSED_ROW && {18'd0, entry[15:2]} < words_i;
  endfunction

  wire [15:0] even  = entries_q[15:0];
  wire [15:0] odd   = entries_q[31:16];
  wire        reads_even = pair_valid_q && !second_q && driven(even);
  wire        reads_odd  = pair_valid_q && odd_used_q && driven(odd);
  wire        split = reads_even && reads_odd && even[15:2] != odd[15:2];
  wire [13:0] word  = reads_even ? even[15:2] : odd[15:2];

  // The sum is inside the vector, so inside its memory.
  wire [31:0] vector_addr = {{(32-WINDOW_WIDTH){1'b0}}, base_i} + {18'd0, word};
  wire [31:0] row_base    = {16'd0, page_i} * ROW_WORDS;

  always @(posedge clk_i) begin
    if (row_we_i) table_q[row_addr_i] <= row_wdata_i;
    if (active_q && !split) entries_q <= table_q[addr_q];
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q      <= 1'b0;
      row_q         <= 16'd0;
      addr_q        <= {ROW_WIDTH{1'b0}};
      pair_valid_q  <= 1'b0;
      second_q      <= 1'b0;
      odd_used_q    <= 1'b0;
      pair_row_q    <= 16'd0;
      value_valid_q <= 2'd0;
      value_row_q   <= 16'd0;
      value_bytes_q <= 4'd0;
    end else if (clear_i) begin
      active_q      <= 1'b0;
      pair_valid_q  <= 1'b0;
      second_q      <= 1'b0;
      value_valid_q <= 2'd0;
    end else if (start_i) begin
      active_q      <= 1'b1;
      row_q         <= 16'd0;
      addr_q        <= row_base[ROW_WIDTH-1:0];
      value_valid_q <= 2'd0;
    end else if (busy_o || value_valid_q != 2'd0) begin
      if (active_q && !split) begin
        active_q   <= row_q + 16'd2 < rows_i;
        row_q      <= row_q + 16'd2;
        addr_q     <= addr_q + ONE;
        pair_row_q <= row_q;
        odd_used_q <= row_q + 16'd1 != rows_i;
      end
      pair_valid_q  <= active_q || split;
      second_q      <= split;
      value_valid_q <= {reads_odd && !split, reads_even};
      value_row_q   <= pair_row_q;
      value_bytes_q <= {odd[1:0], even[1:0]};
    end
  end

  assign busy_o           = active_q || pair_valid_q;
  assign vector_en_o      = reads_even || reads_odd;
  assign vector_addr_o    = vector_addr[WINDOW_WIDTH-1:0];
  assign x_we_o           = value_valid_q;
  assign x_row_o          = value_row_q;
  assign x_value_o[7:0]   = vector_rdata_i[{value_bytes_q[1:0], 3'd0} +: 8];
  assign x_value_o[15:8]  = vector_rdata_i[{value_bytes_q[3:2], 3'd0} +: 8];

  wire unused_bits = &{1'b0, row_base, vector_addr};  // those beyond the memories

endmodule

`default_nettype wire
