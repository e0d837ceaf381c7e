// layer_unit: carries out LAYER, CONVOLVE, MAX_POOL, AVERAGE_POOL and ADD: everything between the
// window and the tile.
//
//   window -> im2col -> vector_buffer -> gather -> tile -> accumulator -> output_unit -> window
//                    \-> digital_sequencer ----------------------------/
//
// LAYER gathers its vectors from the window and writes accumulators; see layer_sequencer. start_i
// samples nothing: the words of the descriptor are stable while busy_o, which is high from the
// cycle after start_i. Of the users of the window port the output unit comes first.
`default_nettype none
`include "generated/crossloop_regs.vh"

module layer_unit #(
  parameter integer ROWS         = 64,
  parameter integer PAGES        = 16,
  parameter integer MAX_OUTPUTS  = 1024,
  parameter integer MAX_INPUTS   = 16384,
  parameter integer WINDOW_WIDTH = 16,   // of a window address
  parameter integer LANES        = 1     // additions per cycle
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,         // asynchronous, active low
  input  wire                    clear_i,        // end at once

  input  wire                    start_i,
  input  wire [511:0]            words_i,        // of a descriptor already checked
  output wire                    busy_o,

  // Window, answers in the next cycle
  output wire                    window_en_o,
  output wire                    window_we_o,
  output wire [WINDOW_WIDTH-1:0] window_addr_o,
  output wire [31:0]             window_wdata_o,
  input  wire [31:0]             window_rdata_i,

  // Row tables, see gather
  input  wire                    row_we_i,
  input  wire [$clog2(PAGES*((ROWS+1)/2))-1:0]
                                 row_addr_i,
  input  wire [31:0]             row_wdata_i,

  // The page at hand, and where the memory of row tables has it
  output wire [15:0]             page_o,
  input  wire [15:0]             row_page_i,
  input  wire [15:0]             rows_i,

  // Tile
  output wire                    x_clear_o,
  output wire [1:0]              x_we_o,         // a pair of rows
  output wire [15:0]             x_row_o,
  output wire [15:0]             x_value_o,
  output wire                    tile_start_o,
  input  wire                    tile_busy_i,    // that of page_o
  input  wire                    tiles_active_i, // any
  output wire [3:0]              input_bits_o,
  output wire                    skip_zero_o,
  output wire [31:0]             seed_o,
  output wire [31:0]             vector_o,
  input  wire [LANES-1:0]        add_valid_i,
  input  wire [LANES*16-1:0]     add_output_i,
  input  wire [LANES*32-1:0]     add_value_i
);

  // --- The descriptor ----------------------------------------------------------------------------

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

  wire                    digital = add || max || average;
  wire [WINDOW_WIDTH-1:0] source  = words_i[32*`CROSSLOOP_WORD_CONVOLVE_INPUT +: WINDOW_WIDTH];
  wire [WINDOW_WIDTH-1:0] other   = words_i[32*`CROSSLOOP_WORD_CONVOLVE_OTHER +: WINDOW_WIDTH];
  wire [WINDOW_WIDTH-1:0] sums    = words_i[32*`CROSSLOOP_WORD_CONVOLVE_SUMS +: WINDOW_WIDTH];
  wire [31:0]             mode    = words_i[32*`CROSSLOOP_WORD_CONVOLVE_MODE +: 32];

  assign input_bits_o = convolve ? mode[`CROSSLOOP_PART_CONVOLVE_MODE_INPUT_BITS]
                                 : words_i[32*`CROSSLOOP_WORD_LAYER_INPUT_BITS +: 4];
  assign skip_zero_o  = convolve ? mode[`CROSSLOOP_PART_CONVOLVE_MODE_SKIP_ZERO]
                                 : words_i[32*`CROSSLOOP_WORD_LAYER_FLAGS +
                                           `CROSSLOOP_FLAG_SKIP_ZERO];
  assign seed_o       = convolve ? words_i[32*`CROSSLOOP_WORD_CONVOLVE_SEED +: 32]
                                 : words_i[32*`CROSSLOOP_WORD_LAYER_SEED +: 32];

  // --- Elements of windows -----------------------------------------------------------------------

  wire                    walk_valid, walk_inside, channel_end, window_end, image_end, walk_last;
  wire                    fill_next, digital_next;
  wire [WINDOW_WIDTH+1:0] walk_addr;

  im2col #(.ADDR_WIDTH(WINDOW_WIDTH + 2)) u_im2col (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i),
    .start_i(start_i && (convolve || digital)),
    .base_i({source, 2'd0}), .pad_i({other, 2'd0}),
    .images_i(images), .height_i(height), .width_i(width), .channels_i(inputs),
    .out_height_i(out_height), .out_width_i(out_width),
    .kernel_h_i(kernel_h), .kernel_w_i(kernel_w), .stride_h_i(stride_h), .stride_w_i(stride_w),
    .pad_top_i(pad_top), .pad_left_i(pad_left), .first_row_i(first_row),
    .valid_o(walk_valid), .next_i(fill_next || digital_next), .addr_o(walk_addr),
    .inside_o(walk_inside), .channel_end_o(channel_end), .window_end_o(window_end),
    .image_end_o(image_end), .last_o(walk_last)
  );

  // --- Crossbar layers ---------------------------------------------------------------------------

  wire                    sequencer_busy, vector_clear, vector_byte, vector_last;
  wire                    gather_start, gather_busy;
  wire                    acc_clear, acc_busy, acc_read, sum_add;
  wire [16:0]             acc_outputs;
  wire [15:0]             acc_index, sum_index;
  wire                    layer_element, vector_end, layer_image_end, layer_last, take;
  wire                    sums_en, sums_we, output_en, output_we;
  wire [WINDOW_WIDTH-1:0] base, sums_addr, output_addr;
  wire [31:0]             layer_words;

  layer_sequencer #(.WINDOW_WIDTH(WINDOW_WIDTH)) u_sequencer (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i),
    .start_i(start_i && !digital), .busy_o(sequencer_busy),
    .convolve_i(convolve), .add_sums_i(add_sums), .store_sums_i(store_sums),
    .first_page_i(words_i[32*`CROSSLOOP_WORD_LAYER_FIRST_PAGE +: 16]),
    .pages_i(words_i[32*`CROSSLOOP_WORD_LAYER_PAGES +: 16]),
    .input_i(source), .input_words_i(words_i[32*`CROSSLOOP_WORD_LAYER_INPUT_WORDS +: 19]),
    .output_i(convolve ? sums : words_i[32*`CROSSLOOP_WORD_LAYER_OUTPUT +: WINDOW_WIDTH]),
    .outputs_i(convolve ? {1'b0, outputs} : words_i[32*`CROSSLOOP_WORD_LAYER_OUTPUTS +: 17]),
    .vectors_i(words_i[32*`CROSSLOOP_WORD_LAYER_VECTORS +: 19]),
    .first_vector_i(convolve ? words_i[32*`CROSSLOOP_WORD_CONVOLVE_FIRST_VECTOR +: 32]
                             : words_i[32*`CROSSLOOP_WORD_LAYER_FIRST_VECTOR +: 32]),
    .page_o(page_o), .base_o(base), .words_o(layer_words), .vector_o(vector_o),
    .walk_valid_i(walk_valid), .walk_next_o(fill_next), .walk_window_end_i(window_end),
    .walk_image_end_i(image_end), .walk_last_i(walk_last),
    .vector_clear_o(vector_clear), .vector_byte_o(vector_byte), .vector_last_o(vector_last),
    .gather_start_o(gather_start), .gather_busy_i(gather_busy),
    .tile_start_o(tile_start_o), .tile_busy_i(tile_busy_i), .tiles_active_i(tiles_active_i),
    .acc_clear_o(acc_clear), .outputs_o(acc_outputs), .acc_busy_i(acc_busy),
    .acc_read_o(acc_read), .acc_index_o(acc_index),
    .acc_add_o(sum_add), .acc_add_index_o(sum_index),
    .element_valid_o(layer_element), .element_take_i(take && !digital),
    .vector_end_o(vector_end), .image_end_o(layer_image_end), .last_o(layer_last),
    .window_taken_i(output_en), .window_en_o(sums_en), .window_we_o(sums_we),
    .window_addr_o(sums_addr)
  );

  reg  [1:0]  lane_q;  // of the element read in the cycle before
  wire [15:0] vector_words;
  wire        vector_en;
  wire [31:0] vector_rdata;
  wire [WINDOW_WIDTH-1:0] vector_addr;
  wire [31:0] entry_word = {{(32-WINDOW_WIDTH){1'b0}}, vector_addr};

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) lane_q <= 2'd0;
    else if (fill_next) lane_q <= walk_addr[1:0];
  end

  vector_buffer #(.MAX_BYTES(MAX_INPUTS)) u_vector (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .clear_i(vector_clear), .byte_valid_i(vector_byte),
    .byte_i(window_rdata_i[{lane_q, 3'd0} +: 8]), .last_i(vector_last), .words_o(vector_words),
    .read_en_i(vector_en && convolve), .read_addr_i(entry_word[15:0]),
    .read_data_o(vector_rdata)
  );

  gather #(.ROWS(ROWS), .PAGES(PAGES), .WINDOW_WIDTH(WINDOW_WIDTH)) u_gather (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i),
    .row_we_i(row_we_i), .row_addr_i(row_addr_i), .row_wdata_i(row_wdata_i),
    .start_i(gather_start), .page_i(row_page_i), .rows_i(rows_i),
    .base_i(convolve ? {WINDOW_WIDTH{1'b0}} : base),
    .words_i(convolve ? {16'd0, vector_words} : layer_words), .busy_o(gather_busy),
    .vector_en_o(vector_en), .vector_addr_o(vector_addr),
    .vector_rdata_i(convolve ? vector_rdata : window_rdata_i),
    .x_we_o(x_we_o), .x_row_o(x_row_o), .x_value_o(x_value_o)
  );

  // An accumulator is a share in the bank of each lane, running sums in that of lane 0.
  wire [LANES-1:0]    banks_busy;
  wire [LANES*32-1:0] shares;

  genvar l;
  generate
    for (l = 0; l < LANES; l = l + 1) begin : g_bank
      wire sum_here = (l == 0) && sum_add;
      accumulator #(.MAX_OUTPUTS(MAX_OUTPUTS)) u_accumulator (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .clear_i(acc_clear), .clear_count_i(acc_outputs), .busy_o(banks_busy[l]),
        // An output the layer does not have is added up as well, but never written out.
        .add_valid_i(add_valid_i[l] || sum_here),
        .add_output_i(sum_here ? sum_index : add_output_i[l*16 +: 16]),
        .add_value_i(sum_here ? window_rdata_i : add_value_i[l*32 +: 32]),
        .read_i(acc_read), .read_output_i(acc_index), .read_clear_i(1'b1),
        .read_data_o(shares[l*32 +: 32])
      );
    end
  endgenerate

  function [31:0] total;
    input [LANES*32-1:0] words;
    integer k;
    begin
      total = 32'd0;
      for (k = 0; k < LANES; k = k + 1) total = total + words[k*32 +: 32];
    end
  endfunction

  wire [31:0] accumulator_data = total(shares);

  assign acc_busy = banks_busy != {LANES{1'b0}};

  // --- Pools and additions -----------------------------------------------------------------------

  wire                    digital_busy, digital_en, digital_valid, digital_image_end, digital_last;
  wire [WINDOW_WIDTH-1:0] digital_addr;
  wire signed [31:0]      operand_a;
  wire [7:0]              operand_b;

  digital_sequencer #(.WINDOW_WIDTH(WINDOW_WIDTH)) u_digital (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i),
    .start_i(start_i && digital), .add_i(add), .max_i(max), .zero_i(other[7:0]),
    .delta_i(other - source), .busy_o(digital_busy),
    .valid_i(walk_valid), .next_o(digital_next), .addr_i(walk_addr), .inside_i(walk_inside),
    .channel_end_i(channel_end), .image_end_i(window_end && image_end),
    .last_i(window_end && walk_last),
    .window_taken_i(output_en), .window_en_o(digital_en), .window_addr_o(digital_addr),
    .window_rdata_i(window_rdata_i),
    .valid_o(digital_valid), .take_i(take && digital),
    .image_end_o(digital_image_end), .last_o(digital_last), .a_o(operand_a), .b_o(operand_b)
  );

  // --- Output ------------------------------------------------------------------------------------

  wire        output_busy;
  wire [31:0] output_data;

  output_unit #(.WINDOW_WIDTH(WINDOW_WIDTH)) u_output (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i),
    .start_i(start_i && (digital || (convolve && !store_sums))),
    .block_i(words_i[32*`CROSSLOOP_WORD_CONVOLVE_SCALES +: WINDOW_WIDTH]),
    .target_i(words_i[32*`CROSSLOOP_WORD_CONVOLVE_OUTPUT +: WINDOW_WIDTH]),
    .per_output_i(convolve), .table_i(code_table), .words_i(logits), .busy_o(output_busy),
    .valid_i(digital ? digital_valid : layer_element), .take_o(take),
    .vector_end_i(vector_end), .image_end_i(digital ? digital_image_end : layer_image_end),
    .last_i(digital ? digital_last : layer_last),
    .a_i(digital ? operand_a : accumulator_data), .b_i(operand_b),
    .window_en_o(output_en), .window_we_o(output_we), .window_addr_o(output_addr),
    .window_wdata_o(output_data), .window_rdata_i(window_rdata_i)
  );

  // --- Window ------------------------------------------------------------------------------------

  wire gather_en = vector_en && !convolve;

  assign window_en_o    = output_en || sums_en || fill_next || digital_en || gather_en;
  assign window_we_o    = output_en ? output_we : sums_en && sums_we;
  assign window_addr_o  = output_en ? output_addr : sums_en ? sums_addr
                        : digital_en ? digital_addr : gather_en ? vector_addr
                                                                : walk_addr[WINDOW_WIDTH+1:2];
  assign window_wdata_o = output_en ? output_data : accumulator_data;
  assign busy_o         = sequencer_busy || digital_busy || output_busy;
  assign x_clear_o      = gather_start;

  wire unused_bits = &{1'b0, words_i, mode, entry_word};  // what the other opcodes read

endmodule

`default_nettype wire
