// readout_lane: one ADC of a tile with the columns it reads, from their codes to what a conversion
// adds. A tile has ADCS of them that work in step (see tile); column j of a page belongs to lane
// j mod ADCS and is entry j div ADCS of its page there.
//
//   stage 2  codes and settings are read                      (page_array, column_table)
//   stage 3  the bit line and its noise                       (column_sum, read_noise)
//   stage 4  the conversion                                   (adc)
//   stage 5  its nonlinearity                                 (adc_inl)
//   stage 6  the recombination: (-1)^negative * (y << (left_shift + phase)), modulo 2^32
//
// valid_i[n] says that stage n holds a column. Whether the lane has a column in the group at hand
// is for the tile to know: its results are ignored where it has none.
`default_nettype none

module readout_lane #(
  parameter integer ROWS         = 64,
  parameter integer CODE_WIDTH   = 8,
  parameter integer PAGES        = 16,
  parameter integer COLUMNS      = 1024,  // of all pages, in this lane
  parameter integer COLUMN_WIDTH = 10     // $clog2(COLUMNS)
) (
  input  wire                                    clk_i,
  input  wire                                    rst_ni,          // asynchronous, active low

  // Contents
  input  wire                                    array_we_i /* verilator public_flat_rd */,
  input  wire [COLUMN_WIDTH-1:0]                 array_column_i,
  input  wire [CODE_WIDTH*((ROWS+31)/32)*32-1:0] array_wdata_i,
  input  wire                                    table_we_i /* verilator public_flat_rd */,
  input  wire [COLUMN_WIDTH-1:0]                 table_column_i,
  input  wire [159:0]                            table_wdata_i,
  input  wire                                    inl_we_i,
  input  wire [$clog2(PAGES*64)-1:0]             inl_addr_i,
  input  wire [31:0]                             inl_wdata_i,

  // Reading codes back: a read of the column at hand as well, and word word_i of what was read
  input  wire                                    array_re_i,
  input  wire [15:0]                             word_i,
  output wire [31:0]                             word_o,

  // Run
  input  wire [6:2]                              valid_i,
  input  wire [COLUMN_WIDTH-1:0]                 column_i,        // of stage 2, or to read back
  input  wire [((ROWS+31)/32)*32-1:0]            x_i,             // of stage 3
  input  wire [$clog2(ROWS+1)-1:0]               driven_i,
  input  wire [31:0]                             noise_word_i /* verilator public_flat_rd */,
  input  wire [2:0]                              phase_i,         // of stage 6
  input  wire                                    inl_i,           // of stage 5
  input  wire [((PAGES > 1) ? $clog2(PAGES) : 1)-1:0]
                                                 page_i,

  // Results of stage 6, in the cycle after it
  output wire [15:0]                             add_output_o,
  output wire signed [31:0]                      add_value_o,
  output wire                                    clip_low_o,      // the conversion met the lower rail
  output wire                                    clip_high_o
);
  // One function for all instances simulates faster than a copy for each. Inputs that differ between
  // them are public, or Verilator would put each one's driver into a copy of its own.
  /* verilator no_inline_module */

  localparam integer PLANES_WIDTH = CODE_WIDTH * ((ROWS + 31) / 32) * 32;
  localparam integer WORD_WIDTH   = (PLANES_WIDTH > 32) ? $clog2(PLANES_WIDTH / 32) : 1;
  localparam integer SUM_WIDTH    = $clog2(ROWS + 1) + 17;  // 16-bit reference * P_t, and a sign
  localparam integer NOISY_WIDTH  = SUM_WIDTH + 1;
  localparam integer ADC_BITS     = 12;

  wire [PLANES_WIDTH-1:0] codes;

  page_array #(
    .COLUMNS      (COLUMNS),
    .COLUMN_WIDTH (COLUMN_WIDTH),
    .WIDTH        (PLANES_WIDTH)
  ) u_page_array (
    .clk_i          (clk_i),
    .we_i           (array_we_i),
    .write_column_i (array_column_i),
    .wdata_i        (array_wdata_i),
    .re_i           (valid_i[2] || array_re_i),
    .column_i       (column_i),
    .planes_o       (codes)
  );

  wire        [15:0] column_reference;
  wire        [15:0] column_sigma;
  wire        [15:0] column_gain;
  wire signed [31:0] column_offset;
  wire        [4:0]  column_shift;
  wire        [3:0]  resolution;
  wire        [3:0]  code_bits;
  wire        [4:0]  left_shift;
  wire               negative;
  wire        [11:0] zero_code;
  wire        [15:0] output_index;

  column_table #(
    .COLUMNS      (COLUMNS),
    .COLUMN_WIDTH (COLUMN_WIDTH)
  ) u_column_table (
    .clk_i          (clk_i),
    .we_i           (table_we_i),
    .write_column_i (table_column_i),
    .wdata_i        (table_wdata_i),
    .re_i           (valid_i[2]),
    .column_i       (column_i),
    .reference_o    (column_reference),
    .sigma_o        (column_sigma),
    .adc_move_i     (valid_i[3]),
    .gain_o         (column_gain),
    .offset_o       (column_offset),
    .shift_o        (column_shift),
    .bits_o         (resolution),
    .code_move_i    (valid_i[4]),
    .code_bits_o    (code_bits),
    .output_move_i  (valid_i[5]),
    .output_o       (output_index),
    .left_shift_o   (left_shift),
    .negative_o     (negative),
    .zero_code_o    (zero_code)
  );

  // Stage 3: the bit line and its noise
  wire signed [SUM_WIDTH-1:0] bitline;
  wire signed [15:0]          noise;

  column_sum #(
    .ROWS       (ROWS),
    .CODE_WIDTH (CODE_WIDTH),
    .SUM_WIDTH  (SUM_WIDTH)
  ) u_column_sum (
    .clk_i       (clk_i),
    .enable_i    (valid_i[3]),
    .planes_i    (codes),
    .x_i         (x_i),
    .driven_i    (driven_i),
    .reference_i (column_reference),
    .sum_o       (bitline)
  );

  read_noise u_read_noise (
    .clk_i    (clk_i),
    .enable_i (valid_i[3]),
    .word_i   (noise_word_i),
    .sigma_i  (column_sigma),
    .noise_o  (noise)
  );

  // Stage 4: the conversion
  wire                adc_ready;
  wire                code_valid;
  wire [ADC_BITS-1:0] code;
  wire                code_low;
  wire                code_high;

  adc #(
    .SUM_WIDTH    (NOISY_WIDTH),
    .OFFSET_WIDTH (32),
    .MAX_BITS     (ADC_BITS)
  ) u_adc (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .valid_i        (valid_i[4]),
    .ready_o        (adc_ready),
    .sum_i          ({bitline[SUM_WIDTH-1], bitline} + {{(NOISY_WIDTH-16){noise[15]}}, noise}),
    .gain_i         (column_gain),
    .offset_i       (column_offset),
    .shift_i        (column_shift),
    .bits_i         (resolution),
    .valid_o        (code_valid),
    .ready_i        (1'b1),
    .code_o         (code),
    .clipped_low_o  (code_low),
    .clipped_high_o (code_high)
  );

  // Stage 5: the nonlinearity of the conversion
  wire [ADC_BITS-1:0] bent;
  reg                 low6_q;
  reg                 high6_q;

  adc_inl #(
    .MAX_BITS (ADC_BITS),
    .PAGES    (PAGES)
  ) u_adc_inl (
    .clk_i   (clk_i),
    .we_i    (inl_we_i),
    .addr_i  (inl_addr_i),
    .wdata_i (inl_wdata_i),
    .valid_i (valid_i[5]),
    .inl_i   (inl_i),
    .page_i  (page_i),
    .bits_i  (code_bits),
    .code_i  (code),
    .code_o  (bent)
  );

  // Stage 6: the recombination
  function [31:0] recombine;
    input [ADC_BITS-1:0] adc_code;
    input [11:0]         zero;
    input [5:0]          places;
    input                minus;
    reg [31:0] magnitude;
    begin
      magnitude = ({20'd0, adc_code} - {20'd0, zero}) << places;
      recombine = minus ? -magnitude : magnitude;
    end
  endfunction

  reg [31:0] add_value_q;
  reg [15:0] add_output_q;
  reg        clip_low_q;
  reg        clip_high_q;

  always @(posedge clk_i) begin
    if (valid_i[5]) begin
      low6_q  <= code_low;
      high6_q <= code_high;
    end
    if (valid_i[6]) begin
      add_value_q  <= recombine(bent, zero_code, {1'b0, left_shift} + {3'd0, phase_i}, negative);
      add_output_q <= output_index;
      clip_low_q   <= low6_q;
      clip_high_q  <= high6_q;
    end
  end

  assign word_o       = codes[{word_i[WORD_WIDTH-1:0], 5'd0} +: 32];
  assign add_output_o = add_output_q;
  assign add_value_o  = add_value_q;
  assign clip_low_o   = clip_low_q;
  assign clip_high_o  = clip_high_q;

  wire unused_bits = &{1'b0, adc_ready, code_valid, word_i};

endmodule

`default_nettype wire
