// shape_decode: the sizes in a descriptor over tensors (CONVOLVE, MAX_POOL, AVERAGE_POOL, ADD).
//
// The opcodes share the places of what they share; what an opcode lacks follows from what it has:
// pools and ADD keep the channels, and ADD is a window of one element over tensors of one size.
`default_nettype none
`include "generated/crossloop_regs.vh"

module shape_decode (
  input  wire [511:0] words_i,        // of the descriptor

  output wire         convolve_o,
  output wire         add_o,
  output wire         max_o,
  output wire         average_o,
  output wire [15:0]  images_o,
  output wire [15:0]  height_o,
  output wire [15:0]  width_o,
  output wire [15:0]  inputs_o,       // channels
  output wire [15:0]  outputs_o,
  output wire [15:0]  out_height_o,
  output wire [15:0]  out_width_o,
  output wire [7:0]   kernel_h_o,
  output wire [7:0]   kernel_w_o,
  output wire [7:0]   stride_h_o,
  output wire [7:0]   stride_w_o,
  output wire [7:0]   pad_top_o,
  output wire [7:0]   pad_left_o,
  output wire [15:0]  first_row_o,
  output wire         table_o,
  output wire         logits_o,
  output wire         add_sums_o,
  output wire         store_sums_o
);

  wire [31:0] opcode   = words_i[31:0];
  wire [31:0] mode     = words_i[32*`CROSSLOOP_WORD_CONVOLVE_MODE +: 32];
  wire [31:0] in_size  = words_i[32*`CROSSLOOP_WORD_CONVOLVE_IN_SIZE +: 32];
  wire [31:0] depth    = words_i[32*`CROSSLOOP_WORD_CONVOLVE_DEPTH +: 32];
  wire [31:0] own_size = words_i[32*`CROSSLOOP_WORD_CONVOLVE_OUT_SIZE +: 32];
  wire [31:0] kernel   = words_i[32*`CROSSLOOP_WORD_CONVOLVE_KERNEL +: 32];
  wire [31:0] place    = words_i[32*`CROSSLOOP_WORD_CONVOLVE_PLACE +: 32];
  wire [31:0] out_size = add_o ? in_size : own_size;

  assign convolve_o   = opcode == `CROSSLOOP_OPCODE_CONVOLVE;
  assign add_o        = opcode == `CROSSLOOP_OPCODE_ADD;
  assign max_o        = opcode == `CROSSLOOP_OPCODE_MAX_POOL;
  assign average_o    = opcode == `CROSSLOOP_OPCODE_AVERAGE_POOL;
  assign images_o     = mode[`CROSSLOOP_PART_CONVOLVE_MODE_IMAGES];
  assign height_o     = in_size[`CROSSLOOP_PART_CONVOLVE_IN_SIZE_HEIGHT];
  assign width_o      = in_size[`CROSSLOOP_PART_CONVOLVE_IN_SIZE_WIDTH];
  assign inputs_o     = depth[`CROSSLOOP_PART_CONVOLVE_DEPTH_INPUTS];
  assign outputs_o    = convolve_o ? depth[`CROSSLOOP_PART_CONVOLVE_DEPTH_OUTPUTS] : inputs_o;
  assign out_height_o = out_size[`CROSSLOOP_PART_CONVOLVE_OUT_SIZE_HEIGHT];
  assign out_width_o  = out_size[`CROSSLOOP_PART_CONVOLVE_OUT_SIZE_WIDTH];
  assign kernel_h_o   = add_o ? 8'd1 : kernel[`CROSSLOOP_PART_CONVOLVE_KERNEL_HEIGHT];
  assign kernel_w_o   = add_o ? 8'd1 : kernel[`CROSSLOOP_PART_CONVOLVE_KERNEL_WIDTH];
  assign stride_h_o   = add_o ? 8'd1 : kernel[`CROSSLOOP_PART_CONVOLVE_KERNEL_STRIDE_H];
  assign stride_w_o   = add_o ? 8'd1 : kernel[`CROSSLOOP_PART_CONVOLVE_KERNEL_STRIDE_W];
  assign pad_top_o    = place[`CROSSLOOP_PART_CONVOLVE_PLACE_PAD_TOP];
  assign pad_left_o   = place[`CROSSLOOP_PART_CONVOLVE_PLACE_PAD_LEFT];
  assign first_row_o  = place[`CROSSLOOP_PART_CONVOLVE_PLACE_FIRST_ROW];
  assign table_o      = mode[`CROSSLOOP_PART_CONVOLVE_MODE_TABLE];
  assign logits_o     = mode[`CROSSLOOP_PART_CONVOLVE_MODE_LOGITS];
  assign add_sums_o   = mode[`CROSSLOOP_PART_CONVOLVE_MODE_ADD_SUMS];
  assign store_sums_o = mode[`CROSSLOOP_PART_CONVOLVE_MODE_STORE_SUMS];

  wire unused_bits = &{1'b0, words_i, mode};  // what has no size

endmodule

`default_nettype wire
