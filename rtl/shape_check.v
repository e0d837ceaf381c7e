// shape_check: what is wrong with the sizes and ranges of a descriptor over tensors.
//
// From start_i one multiplier makes the products one after another, saturated beyond any window:
//
//   read     images * ceil(height * width * inputs / 4)             words of input, ADD: of other
//   made     images * ceil(out_height * out_width * outputs / 4)    of output; LOGITS: no quarter
//   sums     images * out_height * out_width * outputs
//   vector   kernel_h * kernel_w * inputs                           bytes, CONVOLVE
//   others   ceil(inputs / 4) for a padding pixel, and the output block
//
// Then each range that is read is held against the window and against the one range that is
// written: sums with STORE_SUMS, else the output. 16 cycles; done_o is one cycle long, error_o
// (BAD_LENGTH before BAD_WINDOW before OVERLAP) holds until the next start. reserved_o tells at
// once whether a word or flag is set that the opcode has no use for.
`default_nettype none
`include "generated/crossloop_regs.vh"

module shape_check #(
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
  output wire         reserved_o,
  output wire         done_o,
  output wire [3:0]   error_o
);

  wire        convolve, add, max, average, code_table, logits, add_sums, store_sums;
  wire [15:0] images, height, width, inputs, outputs, out_height, out_width, first_row;
  wire [7:0]  kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left;

  shape_decode u_shape (
    .words_i(words_i), .convolve_o(convolve), .add_o(add), .max_o(max), .average_o(average),
    .images_o(images), .height_o(height), .width_o(width), .inputs_o(inputs), .outputs_o(outputs),
    .out_height_o(out_height), .out_width_o(out_width),
    .kernel_h_o(kernel_h), .kernel_w_o(kernel_w), .stride_h_o(stride_h), .stride_w_o(stride_w),
    .pad_top_o(pad_top), .pad_left_o(pad_left), .first_row_o(first_row),
    .table_o(code_table), .logits_o(logits), .add_sums_o(add_sums), .store_sums_o(store_sums)
  );

  // --- Words and flags that must be 0 ------------------------------------------------------------

  wire [31:0] mode  = words_i[32*`CROSSLOOP_WORD_CONVOLVE_MODE +: 32];
  wire [31:0] other = words_i[32*`CROSSLOOP_WORD_CONVOLVE_OTHER +: 32];
  wire [31:0] depth = words_i[32*`CROSSLOOP_WORD_CONVOLVE_DEPTH +: 32];
  wire [3:0]  bits  = mode[`CROSSLOOP_PART_CONVOLVE_MODE_INPUT_BITS];

  wire [15:0] unused_words = add ? 16'hF886
                           : max ? 16'hC096
                           : average ? 16'hC086
                           : {8'd0, !(add_sums || store_sums), store_sums, store_sums, 5'd0};
  wire        bad_mode     = mode[7:4] != 4'd0 || mode[15:13] != 3'd0 ||
                             (code_table && logits) || (store_sums && (code_table || logits)) ||
                             (!convolve && (bits != 4'd0 || mode[8] || add_sums || store_sums));

  assign reserved_o = (nonzero_i & unused_words) != 16'd0 || bad_mode ||
                      (!convolve && depth[31:16] != 16'd0) ||
                      (average && other[31:8] != 24'd0);

  // --- Products ----------------------------------------------------------------------------------

  localparam [20:0] BEYOND = 21'h100001;  // more than bytes or words of any window

  function [20:0] saturated;
    input [36:0] value;
    saturated = (value > {16'd0, BEYOND}) ? BEYOND : value[20:0];
  endfunction

  function [20:0] quarter;  // bytes to words
    input [20:0] value;
    quarter = (value + 21'd3) >> 2;
  endfunction

  localparam [3:0] IDLE = 4'd0, PIXELS = 4'd1, BYTES = 4'd2, READ = 4'd3, PLACES = 4'd4,
                   ELEMENTS = 4'd5, MADE = 4'd6, SUMS = 4'd7, KERNEL = 4'd8, VECTOR = 4'd9,
                   TARGET = 4'd10, INPUT = 4'd11, OTHER = 4'd12, BLOCK = 4'd13, RUNNING = 4'd14,
                   VERDICT = 4'd15;

  reg [3:0]  step_q;
  reg        done_q;
  reg [3:0]  error_q;
  reg [20:0] product_q;
  reg [20:0] elements_q;
  reg [20:0] read_q;
  reg [20:0] made_q;
  reg [20:0] sums_q;
  reg        outside_q;
  reg        overlap_q;
  reg [20:0] left;
  reg [15:0] right;

  wire [36:0] product = {16'd0, left} * {21'd0, right};

  always @* begin
    left  = product_q;
    right = images;
    case (step_q)
      PIXELS: begin
        left  = {5'd0, height};
        right = width;
      end
      BYTES:    right = inputs;
      READ:     left  = quarter(product_q);
      PLACES: begin
        left  = {5'd0, out_height};
        right = out_width;
      end
      ELEMENTS: right = outputs;
      MADE:     left  = logits ? elements_q : quarter(elements_q);
      SUMS:     left  = elements_q;
      KERNEL: begin
        left  = {13'd0, kernel_h};
        right = {8'd0, kernel_w};
      end
      VECTOR:   right = inputs;
      default: ;
    endcase
  end

  // --- Ranges ------------------------------------------------------------------------------------

  wire [31:0] target_base  = store_sums ? words_i[32*`CROSSLOOP_WORD_CONVOLVE_SUMS +: 32]
                                        : words_i[32*`CROSSLOOP_WORD_CONVOLVE_OUTPUT +: 32];
  wire [20:0] target_words = store_sums ? sums_q : made_q;
  wire [31:0] block_words  = `CROSSLOOP_RANGE_WORDS +
                             (code_table ? `CROSSLOOP_CODE_TABLE_WORDS : 32'd0) +
                             `CROSSLOOP_SCALE_WORDS * (convolve ? {16'd0, outputs} : 32'd2);

  reg [31:0] base;
  reg [20:0] length;
  reg        used;

  always @* begin
    base   = words_i[32*`CROSSLOOP_WORD_CONVOLVE_INPUT +: 32];
    length = read_q;
    used   = 1'b1;
    case (step_q)
      TARGET: begin
        base   = target_base;
        length = target_words;
      end
      OTHER: begin
        base   = other;
        length = add ? read_q : quarter({5'd0, inputs});
        used   = add || convolve;
      end
      BLOCK: begin
        base   = words_i[32*`CROSSLOOP_WORD_CONVOLVE_SCALES +: 32];
        length = block_words[20:0];
        used   = !store_sums;
      end
      RUNNING: begin
        base   = words_i[32*`CROSSLOOP_WORD_CONVOLVE_SUMS +: 32];
        length = sums_q;
        used   = add_sums && !store_sums;
      end
      default: ;
    endcase
  end

  localparam [31:0] WINDOW = WINDOW_WORDS;
  wire [32:0] range_end  = {1'b0, base} + {12'd0, length};
  wire [32:0] target_end = {1'b0, target_base} + {12'd0, target_words};
  wire        outside    = base < `CROSSLOOP_RING_WORDS || range_end > {1'b0, WINDOW};
  wire        overlap    = {1'b0, base} < target_end && {1'b0, target_base} < range_end;

  wire bad_shape = images == 16'd0 || height == 16'd0 || width == 16'd0 || inputs == 16'd0 ||
                   outputs == 16'd0 || out_height == 16'd0 || out_width == 16'd0 ||
                   kernel_h == 8'd0 || kernel_w == 8'd0 || stride_h == 8'd0 || stride_w == 8'd0;
  wire bad_layer = convolve && ({16'd0, outputs} > MAX_OUTPUTS || bits == 4'd0 ||
                                {28'd0, bits} > `CROSSLOOP_MAX_INPUT_BITS);
  wire ranges    = step_q == TARGET || step_q == INPUT || step_q == OTHER || step_q == BLOCK ||
                   step_q == RUNNING;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      step_q     <= IDLE;
      done_q     <= 1'b0;
      error_q    <= `CROSSLOOP_ERROR_NONE;
      product_q  <= 21'd0;
      elements_q <= 21'd0;
      read_q     <= 21'd0;
      made_q     <= 21'd0;
      sums_q     <= 21'd0;
      outside_q  <= 1'b0;
      overlap_q  <= 1'b0;
    end else if (clear_i) begin
      step_q <= IDLE;
      done_q <= 1'b0;
    end else begin
      done_q <= step_q == VERDICT;
      if (step_q != IDLE || start_i) step_q <= step_q + 4'd1;  // from the last to IDLE
      if (step_q == IDLE) begin
        outside_q <= 1'b0;
        overlap_q <= 1'b0;
      end else if (ranges && used) begin
        outside_q <= outside_q || outside;
        overlap_q <= overlap_q || (overlap && step_q != TARGET);
      end
      if (step_q != IDLE && !ranges) product_q <= saturated(product);
      case (step_q)
        READ:     read_q     <= saturated(product);
        ELEMENTS: elements_q <= saturated(product);
        MADE:     made_q     <= saturated(product);
        SUMS:     sums_q     <= saturated(product);
        VERDICT:
          if (bad_shape || bad_layer || (convolve && {11'd0, product_q} > MAX_INPUTS))
            error_q <= `CROSSLOOP_ERROR_BAD_LENGTH;
          else if (outside_q) error_q <= `CROSSLOOP_ERROR_BAD_WINDOW;
          else error_q <= overlap_q ? `CROSSLOOP_ERROR_OVERLAP : `CROSSLOOP_ERROR_NONE;
        default: ;
      endcase
    end
  end

  assign done_o  = done_q;
  assign error_o = error_q;

  // Any value will do.
  wire unused_bits = &{1'b0, words_i, depth, mode, block_words, pad_top, pad_left, first_row};

endmodule

`default_nettype wire
