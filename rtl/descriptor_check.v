// descriptor_check: finds what is wrong with a descriptor before anything is changed.
//
// The checks come in the order of the error codes; the first that fails is reported. A check takes
// four cycles from start_i, 19 for the opcodes over tensors, whose sizes shape_check knows; done_o
// is one cycle long, error_o holds until the next start.
`default_nettype none
`include "generated/crossloop_regs.vh"

module descriptor_check #(
  parameter integer ROWS         = 64,
  parameter integer COLS         = 64,
  parameter integer CODE_WIDTH   = 8,
  parameter integer PAGES        = 16,
  parameter integer WINDOW_WORDS = 65536,
  parameter integer MAX_OUTPUTS  = 1024,
  parameter integer MAX_INPUTS   = 16384
) (
  input  wire         clk_i,
  input  wire         rst_ni,         // asynchronous, active low
  input  wire         clear_i,        // end at once

  input  wire         start_i,
  input  wire [511:0] words_i,        // of the descriptor, stable until done
  input  wire [15:0]  nonzero_i,      // by word: it is not 0

  // State of the page in word 1, and of all pages of a LAYER or CONVOLVE
  input  wire         page_empty_i,
  input  wire         page_programmed_i,
  input  wire         pages_runnable_i,

  output wire         done_o,
  output wire [3:0]   error_o
);

  localparam [31:0] IMAGE_WORDS = COLS * CODE_WIDTH * ((ROWS + 31) / 32);
  localparam [31:0] TABLE_WORDS = (ROWS + 1) / 2 + COLS * `CROSSLOOP_COLUMN_WORDS;
  localparam [31:0] WINDOW      = WINDOW_WORDS;
  localparam [31:0] PAGE_COUNT  = PAGES;
  localparam [31:0] PAGE_ROWS   = ROWS;
  localparam [31:0] PAGE_COLS   = COLS;

  // WRITE_VERIFY has a third range, the statistics.
  localparam [37:0] WRITTEN_LENGTH = {6'd0, `CROSSLOOP_WRITTEN_WORDS};

  wire [31:0] opcode  = words_i[31:0];
  wire [31:0] page    = words_i[32*`CROSSLOOP_WORD_LOAD_PAGE_PAGE +: 32];  // in every opcode with one
  wire [31:0] source  = words_i[32*`CROSSLOOP_WORD_LOAD_PAGE_SOURCE +: 32];
  wire [31:0] rows    = words_i[32*`CROSSLOOP_WORD_LOAD_TABLE_ROWS +: 32];
  wire [31:0] columns = words_i[32*`CROSSLOOP_WORD_LOAD_TABLE_COLUMNS +: 32];
  wire [31:0] pages   = words_i[32*`CROSSLOOP_WORD_LAYER_PAGES +: 32];
  wire [31:0] inp     = words_i[32*`CROSSLOOP_WORD_LAYER_INPUT +: 32];
  wire [31:0] inwords = words_i[32*`CROSSLOOP_WORD_LAYER_INPUT_WORDS +: 32];
  wire [31:0] outp    = words_i[32*`CROSSLOOP_WORD_LAYER_OUTPUT +: 32];
  wire [31:0] outputs = words_i[32*`CROSSLOOP_WORD_LAYER_OUTPUTS +: 32];
  wire [31:0] vectors = words_i[32*`CROSSLOOP_WORD_LAYER_VECTORS +: 32];
  wire [31:0] bits    = words_i[32*`CROSSLOOP_WORD_LAYER_INPUT_BITS +: 32];
  wire [31:0] enable  = words_i[32*`CROSSLOOP_WORD_LOAD_INL_ENABLE +: 32];
  wire [31:0] flags   = words_i[32*`CROSSLOOP_WORD_LAYER_FLAGS +: 32];

  wire [31:0] first_row    = words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_FIRST_ROW +: 32];
  wire [31:0] first_column = words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_FIRST_COLUMN +: 32];
  wire [31:0] settings     = words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_SETTINGS +: 32];
  wire [31:0] statistics   = words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_STATISTICS +: 32];

  // Words that must be 0, by opcode.
  function [15:0] unused_words;
    input [31:0] code;
    input        off;  // an INL table is taken away, not loaded
    case (code)
      `CROSSLOOP_OPCODE_NOP:        unused_words = 16'hFFFE;
      `CROSSLOOP_OPCODE_LOAD_TABLE: unused_words = 16'hFFC0;
      `CROSSLOOP_OPCODE_LAYER:      unused_words = 16'hF000;
      `CROSSLOOP_OPCODE_WRITE_VERIFY: unused_words = 16'hF800;
      `CROSSLOOP_OPCODE_LOAD_INL:   unused_words = off ? 16'hFFFC : 16'hFFF0;
      `CROSSLOOP_OPCODE_CONVOLVE, `CROSSLOOP_OPCODE_MAX_POOL, `CROSSLOOP_OPCODE_AVERAGE_POOL,
      `CROSSLOOP_OPCODE_ADD:        unused_words = 16'h0000;  // shape_check knows
      default:                      unused_words = 16'hFFF8;
    endcase
  endfunction

  // A length for a product of 19 bits: what is beyond the window stays beyond it.
  function [18:0] bounded;
    input [31:0] value;
    bounded = (value > WINDOW) ? WINDOW[18:0] + 19'd1 : value[18:0];
  endfunction

  function outside;
    input [31:0] base;
    input [37:0] length;
    outside = base < `CROSSLOOP_RING_WORDS || base > WINDOW ||
              length > {6'd0, WINDOW} - {6'd0, base};
  endfunction

  function overlaps;
    input [31:0] a;
    input [37:0] a_length;
    input [31:0] b;
    input [37:0] b_length;
    overlaps = {6'd0, a} < {6'd0, b} + b_length && {6'd0, b} < {6'd0, a} + a_length;
  endfunction

  localparam [1:0] IDLE = 2'd0, VALUES = 2'd1, RANGES = 2'd2, STATE = 2'd3;

  reg [1:0]  step_q;
  reg        done_q;
  reg [3:0]  error_q;
  reg [31:0] first_base_q;
  reg [31:0] second_base_q;
  reg [37:0] first_length_q;    // 0: the descriptor has no range
  reg [37:0] second_length_q;   // 0: it has no second range

  wire layer  = opcode == `CROSSLOOP_OPCODE_LAYER;
  wire tables = opcode == `CROSSLOOP_OPCODE_LOAD_TABLE;
  wire inl    = opcode == `CROSSLOOP_OPCODE_LOAD_INL;
  wire off    = inl && enable == 32'd0;
  wire nop    = opcode == `CROSSLOOP_OPCODE_NOP;
  wire commit = opcode == `CROSSLOOP_OPCODE_COMMIT;
  wire writes = opcode == `CROSSLOOP_OPCODE_WRITE_VERIFY;
  wire store  = opcode == `CROSSLOOP_OPCODE_STORE_PAGE;

  wire shaped = opcode >= `CROSSLOOP_OPCODE_CONVOLVE && opcode <= `CROSSLOOP_OPCODE_ADD;
  wire runs   = layer || opcode == `CROSSLOOP_OPCODE_CONVOLVE;

  wire       shape_reserved, shape_done;
  wire [3:0] shape_error;

  shape_check #(
    .WINDOW_WORDS(WINDOW_WORDS), .MAX_OUTPUTS(MAX_OUTPUTS), .MAX_INPUTS(MAX_INPUTS)
  ) u_shape_check (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i),
    .start_i(step_q == VALUES && shaped), .words_i(words_i), .nonzero_i(nonzero_i),
    .reserved_o(shape_reserved), .done_o(shape_done), .error_o(shape_error)
  );

  wire bad_page   = !nop && (!shaped || runs) &&
                    (page >= PAGE_COUNT ||
                     (runs && (pages == 32'd0 || pages > PAGE_COUNT - page)));
  wire bad_table  = ((tables || writes) && (rows == 32'd0 || rows > PAGE_ROWS ||
                                            columns == 32'd0 || columns > PAGE_COLS)) ||
                    (writes && (first_row > PAGE_ROWS - rows ||
                                first_column > PAGE_COLS - columns));
  wire bad_length = layer && (vectors == 32'd0 || inwords == 32'd0 || outputs == 32'd0 ||
                              outputs > MAX_OUTPUTS || bits == 32'd0 ||
                              bits > `CROSSLOOP_MAX_INPUT_BITS);
  wire bad_flags  = (layer && flags[31:`CROSSLOOP_FLAG_SKIP_ZERO+1] != 31'd0) ||
                    (inl && enable[31:1] != 31'd0) || (shaped && shape_reserved);

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      step_q          <= IDLE;
      done_q          <= 1'b0;
      error_q         <= `CROSSLOOP_ERROR_NONE;
      first_base_q    <= 32'd0;
      second_base_q   <= 32'd0;
      first_length_q  <= 38'd0;
      second_length_q <= 38'd0;
    end else if (clear_i) begin
      step_q <= IDLE;
      done_q <= 1'b0;
    end else begin
      done_q <= 1'b0;
      case (step_q)
        IDLE: if (start_i) step_q <= VALUES;
        VALUES: begin
          step_q <= RANGES;
          if (opcode > `CROSSLOOP_RESET_OPCODES) error_q <= `CROSSLOOP_ERROR_BAD_OPCODE;
          else if ((nonzero_i & unused_words(opcode, off)) != 16'd0 || bad_flags)
            error_q <= `CROSSLOOP_ERROR_NONZERO_RESERVED;
          else if (bad_page) error_q <= `CROSSLOOP_ERROR_BAD_PAGE;
          else if (bad_table) error_q <= `CROSSLOOP_ERROR_BAD_TABLE;
          else if (bad_length) error_q <= `CROSSLOOP_ERROR_BAD_LENGTH;
          else error_q <= `CROSSLOOP_ERROR_NONE;
          first_base_q <= layer ? inp : source;
          if (layer || writes)
            first_length_q <= bounded(layer ? vectors : rows) *
                              bounded(layer ? inwords : columns * `CROSSLOOP_CELL_WORDS);
          else first_length_q <= (nop || commit || off || shaped) ? 38'd0
                                 : {6'd0, tables ? TABLE_WORDS
                                          : inl ? `CROSSLOOP_INL_WORDS : IMAGE_WORDS};
          second_base_q   <= layer ? outp : settings;
          second_length_q <= layer ? bounded(vectors) * bounded(outputs)
                             : writes ? {6'd0, `CROSSLOOP_PULSE_WORDS} : 38'd0;
        end
        RANGES: if (!shaped || shape_done) begin
          step_q <= STATE;
          if (error_q == `CROSSLOOP_ERROR_NONE && shaped) error_q <= shape_error;
          else if (error_q == `CROSSLOOP_ERROR_NONE &&
              ((first_length_q != 38'd0 && outside(first_base_q, first_length_q)) ||
               (second_length_q != 38'd0 && outside(second_base_q, second_length_q)) ||
               (writes && outside(statistics, WRITTEN_LENGTH))))
            error_q <= `CROSSLOOP_ERROR_BAD_WINDOW;
        end
        default: begin
          step_q <= IDLE;
          done_q <= 1'b1;
          if (error_q == `CROSSLOOP_ERROR_NONE) begin
            if (((layer || writes) &&
                 overlaps(first_base_q, first_length_q, second_base_q, second_length_q)) ||
                (writes && (overlaps(first_base_q, first_length_q, statistics, WRITTEN_LENGTH) ||
                            overlaps(second_base_q, second_length_q, statistics, WRITTEN_LENGTH))))
              error_q <= `CROSSLOOP_ERROR_OVERLAP;
            else if ((runs && !pages_runnable_i) || (commit && !page_programmed_i) ||
                     ((store || writes) && page_empty_i))
              error_q <= `CROSSLOOP_ERROR_NOT_READY;
          end
        end
      endcase
    end
  end

  assign done_o  = done_q;
  assign error_o = error_q;

  wire unused_bits = &{1'b0, words_i, flags};  // seed, vector number, crossbar: any value will do

endmodule

`default_nettype wire
