// tile: one crossbar engine with PAGES resident pages, bit-serial over the inputs, one column a
// cycle. For input bits t = 0 .. input_bits - 1 (least significant first) and columns
// j = 0 .. columns - 1 of a page, with x_t the rows driven and P_t their number:
//
//   S = sum_r x_t[r] * q[r][j] - reference_j * P_t             (column_sum)
//   S' = S + n, n from Threefry at (seed, crossbar, vector, t, j)  (threefry, read_noise)
//   y = inl(adc(S')) - zero_code_j                              (adc, adc_inl)
//   add (-1)^negative_j * (y << (left_shift_j + t)) to output_j, modulo 2^32
//
// With skip_zero_i a phase with P_t = 0 contributes nothing and takes one cycle: skipped_o instead
// of its columns. start_i is taken while busy_o = 0 and samples page_i .. inl_i; busy_o is high
// from the next cycle until the last addition is out: (phases not skipped) * columns + phases + 7
// cycles, or fewer after a skipped last phase. There is no back-pressure. clear_i ends a run at
// once; memories and inputs keep their contents. The array, table and input ports may be used while
// busy_o = 0 only; their rules are those of page_array, column_table and input_driver, with columns
// numbered page * COLS + column.
// Twin: engine::accumulate_page in host/engine/reference.hpp.
`default_nettype none

module tile #(
  parameter integer ROWS       = 64,
  parameter integer COLS       = 64,   // even is best: a noise evaluation serves two columns
  parameter integer CODE_WIDTH = 8,    // 1 .. 12
  parameter integer PAGES      = 16
) (
  input  wire               clk_i,
  input  wire               rst_ni,         // asynchronous, active low
  input  wire               clear_i,

  // Conductance codes, 32-bit words; array_rdata_o is valid in the cycle after array_re_i
  input  wire               array_we_i,
  input  wire               array_re_i,
  input  wire        [31:0] array_addr_i,
  input  wire        [31:0] array_wdata_i,
  output wire        [31:0] array_rdata_o,

  // Column table and INL tables
  input  wire               table_we_i,
  input  wire               inl_we_i,
  input  wire        [31:0] table_addr_i,
  input  wire        [31:0] table_wdata_i,

  // Inputs, see input_driver
  input  wire               x_clear_i,      // all rows 0
  input  wire               x_we_i,
  input  wire        [15:0] x_row_i,
  input  wire        [7:0]  x_value_i,

  // Run
  input  wire               start_i,
  output wire               busy_o,
  input  wire        [15:0] page_i,         // 0 .. PAGES - 1
  input  wire        [15:0] columns_i,      // 1 .. COLS
  input  wire        [3:0]  input_bits_i,   // 1 .. 8
  input  wire               skip_zero_i,
  input  wire        [31:0] seed_i,
  input  wire        [31:0] crossbar_i,
  input  wire        [31:0] vector_i,
  input  wire               inl_i,          // the INL table of the page applies

  // Results, one per column read
  output wire               add_valid_o,
  output wire        [15:0] add_output_o,
  output wire signed [31:0] add_value_o,

  // Statistics pulses
  output wire               count_read_o,     // a column was read
  output wire               count_convert_o,  // a conversion, aligned with add_valid_o
  output wire               clip_low_o,       // it met the lower rail
  output wire               clip_high_o,      // it met the upper rail
  output wire               skipped_o         // one phase was skipped
);

  localparam integer COLUMNS      = PAGES * COLS;  // of all pages
  localparam integer COLUMN_WIDTH = $clog2(COLUMNS);
  localparam integer INDEX_WIDTH  = $clog2(COLS);  // of a column in its page
  localparam integer PLANE_WIDTH  = ((ROWS + 31) / 32) * 32;
  localparam integer DRIVEN_WIDTH = $clog2(ROWS + 1);
  localparam integer SUM_WIDTH    = DRIVEN_WIDTH + 17;  // 16-bit reference * P_t, and a sign
  localparam integer NOISY_WIDTH  = SUM_WIDTH + 1;
  localparam integer ADC_BITS     = 12;
  localparam integer STAGES       = 6;  // from a column's issue to its recombination

  // --- Sequencer: issues columns phase after phase -----------------------------------------------

  localparam [1:0] IDLE = 2'd0, PHASE = 2'd1, COLUMN = 2'd2, DRAIN = 2'd3;

  reg [1:0]              state_q;
  reg [2:0]              phase_q;
  reg [2:0]              last_phase_q;
  reg [INDEX_WIDTH-1:0]  index_q;       // of the column to issue
  reg [INDEX_WIDTH-1:0]  last_index_q;
  reg [COLUMN_WIDTH-1:0] base_q;        // first column of the page
  reg                    skip_zero_q;
  reg [31:0]             seed_q;
  reg [31:0]             crossbar_q;
  reg [31:0]             vector_q;
  reg [15:0]             page_q;
  reg                    inl_q;
  reg [STAGES:1]         valid_q;       // stages that hold a column
  reg                    add_valid_q;

  wire       start      = start_i && state_q == IDLE && !clear_i;
  wire       issue      = state_q == COLUMN && !clear_i;
  wire [7:0] used;
  wire       skip       = state_q == PHASE && skip_zero_q && !used[phase_q];
  wire       last_phase = phase_q == last_phase_q;
  wire       phase_done = skip || (state_q == COLUMN && index_q == last_index_q);
  wire       drained    = valid_q == {STAGES{1'b0}};

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= IDLE;
      valid_q <= {STAGES{1'b0}};
      add_valid_q <= 1'b0;
    end else if (clear_i) begin
      state_q <= IDLE;
      valid_q <= {STAGES{1'b0}};
      add_valid_q <= 1'b0;
    end else begin
      valid_q     <= {valid_q[STAGES-1:1], issue};
      add_valid_q <= valid_q[STAGES];
      case (state_q)
        IDLE:    if (start_i) state_q <= PHASE;
        PHASE:   if (!skip) state_q <= COLUMN;
                 else if (last_phase) state_q <= DRAIN;
        COLUMN:  if (phase_done) state_q <= last_phase ? DRAIN : PHASE;
        default: if (drained) state_q <= IDLE;
      endcase
    end
  end

  always @(posedge clk_i) begin
    if (start) begin
      phase_q      <= 3'd0;
      index_q      <= {INDEX_WIDTH{1'b0}};
      last_phase_q <= input_bits_i[2:0] - 3'd1;
      last_index_q <= columns_i[INDEX_WIDTH-1:0] - {{(INDEX_WIDTH-1){1'b0}}, 1'b1};
      base_q       <= page_i[COLUMN_WIDTH-1:0] * COLS[COLUMN_WIDTH-1:0];
      skip_zero_q  <= skip_zero_i;
      seed_q       <= seed_i;
      crossbar_q   <= crossbar_i;
      vector_q     <= vector_i;
      page_q       <= page_i;
      inl_q        <= inl_i;
    end else if (phase_done) begin
      phase_q <= phase_q + 3'd1;
      index_q <= {INDEX_WIDTH{1'b0}};
    end else if (issue) begin
      index_q <= index_q + {{(INDEX_WIDTH-1){1'b0}}, 1'b1};
    end
  end

  // --- Pipeline: *N_q belongs to the column in stage N -------------------------------------------

  localparam integer ODD = COLUMN_WIDTH, FIRST = COLUMN_WIDTH + 1, TAG_PHASE = COLUMN_WIDTH + 2;

  reg [COLUMN_WIDTH+4:0] tag1_q, tag2_q;  // phase, first of phase, odd, column
  reg                    odd3_q;
  reg [2:0]              phase3_q, phase4_q, phase5_q, phase6_q;

  wire [COLUMN_WIDTH-1:0] column = base_q + {{(COLUMN_WIDTH-INDEX_WIDTH){1'b0}}, index_q};
  wire                    first  = index_q == {INDEX_WIDTH{1'b0}};

  always @(posedge clk_i) begin
    if (state_q != IDLE) begin
      tag1_q   <= {phase_q, first, index_q[0], column};
      tag2_q   <= tag1_q;
      odd3_q   <= tag2_q[ODD];
      phase3_q <= tag2_q[TAG_PHASE +: 3];
      phase4_q <= phase3_q;
      phase5_q <= phase4_q;
      phase6_q <= phase5_q;
    end
  end

  // Issue to stage 3: the random words of a pair of columns
  wire        words_valid;
  wire [31:0] even_word;
  wire [31:0] odd_word;

  threefry u_threefry (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .key0_i     (seed_q),
    .key1_i     (crossbar_q),
    .valid_i    (issue && !index_q[0]),
    .counter0_i (vector_q),
    .counter1_i ({13'd0, phase_q, {(17-INDEX_WIDTH){1'b0}}, index_q[INDEX_WIDTH-1:1]}),
    .valid_o    (words_valid),
    .word0_o    (even_word),
    .word1_o    (odd_word)
  );

  // Stage 2: codes, inputs and the analog settings are read
  wire [CODE_WIDTH*PLANE_WIDTH-1:0] planes;
  wire [PLANE_WIDTH-1:0]            x;
  wire [DRIVEN_WIDTH-1:0]           driven;

  page_array #(
    .ROWS       (ROWS),
    .COLS       (COLS),
    .CODE_WIDTH (CODE_WIDTH),
    .PAGES      (PAGES)
  ) u_page_array (
    .clk_i       (clk_i),
    .we_i        (array_we_i),
    .re_i        (array_re_i),
    .addr_i      (array_addr_i),
    .wdata_i     (array_wdata_i),
    .rdata_o     (array_rdata_o),
    .column_re_i (valid_q[2]),
    .column_i    (tag2_q[COLUMN_WIDTH-1:0]),
    .planes_o    (planes)
  );

  input_driver #(
    .ROWS (ROWS)
  ) u_input_driver (
    .clk_i    (clk_i),
    .clear_i  (x_clear_i),
    .we_i     (x_we_i),
    .row_i    (x_row_i),
    .value_i  (x_value_i),
    .used_o   (used),
    .select_i (valid_q[1] && tag1_q[FIRST]),
    .phase_i  (tag1_q[TAG_PHASE +: 3]),
    .x_o      (x),
    .driven_o (driven)
  );

  wire        [15:0] reference;
  wire        [15:0] sigma;
  wire        [15:0] gain;
  wire signed [31:0] offset;
  wire        [4:0]  shift;
  wire        [3:0]  bits;
  wire        [3:0]  code_bits;
  wire        [4:0]  left_shift;
  wire               negative;
  wire        [11:0] zero_code;
  wire        [15:0] output_index;

  column_table #(
    .COLUMNS      (COLUMNS),
    .COLUMN_WIDTH (COLUMN_WIDTH)
  ) u_column_table (
    .clk_i         (clk_i),
    .we_i          (table_we_i),
    .addr_i        (table_addr_i),
    .wdata_i       (table_wdata_i),
    .re_i          (valid_q[2]),
    .column_i      (tag2_q[COLUMN_WIDTH-1:0]),
    .reference_o   (reference),
    .sigma_o       (sigma),
    .adc_move_i    (valid_q[3]),
    .gain_o        (gain),
    .offset_o      (offset),
    .shift_o       (shift),
    .bits_o        (bits),
    .code_move_i   (valid_q[4]),
    .code_bits_o   (code_bits),
    .output_move_i (valid_q[5]),
    .output_o      (output_index),
    .left_shift_o  (left_shift),
    .negative_o    (negative),
    .zero_code_o   (zero_code)
  );

  // Stage 3: the bit line and its noise
  wire signed [SUM_WIDTH-1:0] sum;
  wire signed [15:0]          noise;

  column_sum #(
    .ROWS       (ROWS),
    .CODE_WIDTH (CODE_WIDTH),
    .SUM_WIDTH  (SUM_WIDTH)
  ) u_column_sum (
    .clk_i       (clk_i),
    .enable_i    (valid_q[3]),
    .planes_i    (planes),
    .x_i         (x),
    .driven_i    (driven),
    .reference_i (reference),
    .sum_o       (sum)
  );

  read_noise u_read_noise (
    .clk_i    (clk_i),
    .enable_i (valid_q[3]),
    .word_i   (odd3_q ? odd_word : even_word),
    .sigma_i  (sigma),
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
    .valid_i        (valid_q[4]),
    .ready_o        (adc_ready),
    .sum_i          ({sum[SUM_WIDTH-1], sum} + {{(NOISY_WIDTH-16){noise[15]}}, noise}),
    .gain_i         (gain),
    .offset_i       (offset),
    .shift_i        (shift),
    .bits_i         (bits),
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
    .addr_i  (table_addr_i),
    .wdata_i (table_wdata_i),
    .valid_i (valid_q[5]),
    .inl_i   (inl_q),
    .page_i  (page_q),
    .bits_i  (code_bits),
    .code_i  (code),
    .code_o  (bent)
  );

  always @(posedge clk_i) begin
    if (valid_q[5]) begin
      low6_q  <= code_low;
      high6_q <= code_high;
    end
  end

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
    if (valid_q[6]) begin
      add_value_q  <= recombine(bent, zero_code, {1'b0, left_shift} + {3'd0, phase6_q}, negative);
      add_output_q <= output_index;
      clip_low_q   <= low6_q;
      clip_high_q  <= high6_q;
    end
  end

  assign busy_o          = state_q != IDLE;
  assign add_valid_o     = add_valid_q;
  assign add_output_o    = add_output_q;
  assign add_value_o     = add_value_q;
  assign count_read_o    = add_valid_q;
  assign count_convert_o = add_valid_q;
  assign clip_low_o      = add_valid_q && clip_low_q;
  assign clip_high_o     = add_valid_q && clip_high_q;
  assign skipped_o       = skip;

  wire unused_bits = &{1'b0, words_valid, adc_ready, code_valid, page_i, columns_i, input_bits_i};

endmodule

`default_nettype wire
