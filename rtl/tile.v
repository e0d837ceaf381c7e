// tile: one crossbar engine with PAGES resident pages, bit-serial over the inputs, ADCS columns a
// cycle. For input bits t = 0 .. input_bits - 1 (least significant first) and columns
// j = 0 .. columns - 1 of a page, with x_t the rows driven and P_t their number:
//
//   S = sum_r x_t[r] * q[r][j] - reference_j * P_t             (column_sum)
//   S' = S + n, n from Threefry at (seed, crossbar, vector, t, j)  (threefry, read_noise)
//   y = inl(adc(S')) - zero_code_j                              (adc, adc_inl)
//   add (-1)^negative_j * (y << (left_shift_j + t)) to output_j, modulo 2^32
//
// With skip_zero_i a phase with P_t = 0 contributes nothing and takes one cycle: skipped_o instead
// of its columns. start_i is taken while busy_o = 0 and samples page_i .. inl_i and the inputs
// written since x_clear_i; busy_o is high from the next cycle: one cycle if the first phase is not
// skipped, ceil(columns / ADCS) for each that is not and one for each that is, and if the last is
// not skipped one more. Then the next run may start while additions of this one are still on their
// way: active_o is high until the last is out, 7 cycles behind the last column. There is no
// back-pressure. clear_i ends all runs at once; memories and inputs keep their contents. The array
// and table ports may be used while active_o = 0 only; their columns are numbered
// page * COLS + column, and the words of one are written in order (see page_mover, word_stage). The
// input port, whose rules are those of input_driver, may be used at any time but with start_i.
// Twin: engine::accumulate_page in host/engine/reference.hpp.
`default_nettype none

module tile #(
  parameter integer ROWS       = 64,
  parameter integer COLS       = 64,   // a multiple of ADCS
  parameter integer CODE_WIDTH = 8,    // 1 .. 12
  parameter integer PAGES      = 16,
  parameter integer ADCS       = 1     // columns read per cycle, a power of two below 64; 2 is best
                                       // for noise: an evaluation serves two columns
) (
  input  wire                      clk_i,
  input  wire                      rst_ni,           // asynchronous, active low
  input  wire                      clear_i,

  // Conductance codes, column table and INL tables; array_rdata_o is valid in the cycle after
  // array_re_i
  input  wire                      array_we_i,
  input  wire                      array_re_i,
  input  wire                      table_we_i,
  input  wire                      inl_we_i,
  input  wire [$clog2(PAGES*((COLS>64)?COLS:64))-1:0]
                                   unit_i,           // column, or word of the INL tables
  input  wire        [15:0]        word_i,           // of the column
  input  wire                      last_i,           // its last
  input  wire        [31:0]        wdata_i,
  output wire        [31:0]        array_rdata_o,

  // Inputs, see input_driver
  input  wire                      x_clear_i,        // all rows 0
  input  wire        [1:0]         x_we_i,           // an even row, the odd one behind it
  input  wire        [15:0]        x_row_i,
  input  wire        [15:0]        x_value_i,

  // Run
  input  wire                      start_i,
  output wire                      busy_o,           // no start is taken
  output wire                      active_o,         // there is an addition to come, or busy_o
  input  wire        [15:0]        page_i,           // 0 .. PAGES - 1
  input  wire        [15:0]        columns_i,        // 1 .. COLS
  input  wire        [3:0]         input_bits_i,     // 1 .. 8
  input  wire                      skip_zero_i,
  input  wire        [31:0]        seed_i,
  input  wire        [31:0]        crossbar_i,
  input  wire        [31:0]        vector_i,
  input  wire                      inl_i,            // the INL table of the page applies

  // Results, one per column read; lane l in bit, half-word and word l
  output wire        [ADCS-1:0]    add_valid_o,
  output wire        [ADCS*16-1:0] add_output_o,
  output wire        [ADCS*32-1:0] add_value_o,

  // Statistics of this cycle, aligned with add_valid_o
  output wire [$clog2(ADCS+1)-1:0] converted_o,      // columns read and converted
  output wire [$clog2(ADCS+1)-1:0] clipped_low_o,    // conversions that met the lower rail
  output wire [$clog2(ADCS+1)-1:0] clipped_high_o,
  output wire                      skipped_o,        // one phase was skipped
  output wire        [15:0]        columns_o         // of the run that was started last
);

  localparam integer LANE_WIDTH   = $clog2(ADCS);
  localparam integer LANE_BITS    = (ADCS > 1) ? LANE_WIDTH : 1;  // of a lane's number
  localparam integer LAST_LANE    = ADCS - 1;
  localparam integer UNIT_WIDTH   = $clog2(PAGES * ((COLS > 64) ? COLS : 64));
  localparam integer COLUMNS      = PAGES * COLS / ADCS;  // of all pages, in one lane
  localparam integer COLUMN_WIDTH = (COLUMNS > 1) ? $clog2(COLUMNS) : 1;
  localparam integer GROUPS       = COLS / ADCS;          // of columns, in a page
  localparam integer INDEX_WIDTH  = (GROUPS > 1) ? $clog2(GROUPS) : 1;
  localparam integer PLANE_WIDTH  = ((ROWS + 31) / 32) * 32;
  localparam integer PLANES_WIDTH = CODE_WIDTH * PLANE_WIDTH;
  localparam integer DRIVEN_WIDTH = $clog2(ROWS + 1);
  localparam integer PAGE_WIDTH   = (PAGES > 1) ? $clog2(PAGES) : 1;
  localparam integer STAGES       = 6;  // from a group's issue to its recombination

  // --- Sequencer: issues groups of ADCS columns phase after phase --------------------------------

  localparam [1:0] IDLE = 2'd0, PHASE = 2'd1, COLUMN = 2'd2;
  localparam [INDEX_WIDTH-1:0] NEXT = 1;

  reg [1:0]              state_q;
  reg [2:0]              phase_q;
  reg [2:0]              last_phase_q;
  reg [INDEX_WIDTH-1:0]  index_q;       // of the group to issue
  reg [INDEX_WIDTH-1:0]  last_index_q;
  reg [ADCS-1:0]         last_lanes_q;  // those with a column in the last group
  reg [COLUMN_WIDTH-1:0] base_q;        // first group of the page
  reg                    skip_zero_q;
  reg [31:0]             seed_q;
  reg [31:0]             crossbar_q;
  reg [31:0]             vector_q;
  reg [PAGE_WIDTH-1:0]   page_q;
  reg [15:0]             columns_q;
  reg                    inl_q;
  reg [STAGES:1]         valid_q;       // stages that hold a group
  reg                    add_valid_q;

  wire        start      = start_i && !busy_o && !clear_i;
  wire        issue      = state_q == COLUMN && !clear_i;
  wire [7:0]  used;
  wire [2:0]  next_phase = phase_q + 3'd1;
  wire        skip       = state_q == PHASE && skip_zero_q && !used[phase_q];
  wire        skip_next  = skip_zero_q && !used[next_phase];
  wire        last_phase = phase_q == last_phase_q;
  wire        last_index = index_q == last_index_q;
  wire        phase_done = skip || (state_q == COLUMN && last_index);
  wire [15:0] last_column = columns_i - 16'd1;
  wire [15:0] last_group  = last_column >> LANE_WIDTH;
  wire [31:0] page_base   = {16'd0, page_i} * GROUPS;

  // The lanes 0 .. last: ADCS ones, the upper ones shifted out.
  wire [LANE_BITS-1:0] last_lane = lane_of(last_column[LANE_BITS-1:0]);
  wire [ADCS-1:0] last_lanes = ~({ADCS{1'b1}} << 1 << last_lane);

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
        IDLE:    if (start) state_q <= PHASE;
        PHASE:   if (!skip) state_q <= COLUMN;
                 else if (last_phase) state_q <= IDLE;
                 else if (!skip_next) state_q <= COLUMN;
        default: if (phase_done) state_q <= last_phase ? IDLE : skip_next ? PHASE : COLUMN;
      endcase
    end
  end

  always @(posedge clk_i) begin
    if (start) begin
      phase_q      <= 3'd0;
      index_q      <= {INDEX_WIDTH{1'b0}};
      last_phase_q <= input_bits_i[2:0] - 3'd1;
      last_index_q <= last_group[INDEX_WIDTH-1:0];
      last_lanes_q <= last_lanes;
      base_q       <= page_base[COLUMN_WIDTH-1:0];
      skip_zero_q  <= skip_zero_i;
      seed_q       <= seed_i;
      crossbar_q   <= crossbar_i;
      vector_q     <= vector_i;
      page_q       <= page_i[PAGE_WIDTH-1:0];
      columns_q    <= columns_i;
      inl_q        <= inl_i;
    end else if (phase_done) begin
      phase_q <= next_phase;
      index_q <= {INDEX_WIDTH{1'b0}};
    end else if (issue) begin
      index_q <= index_q + NEXT;
    end
  end

  // --- Pipeline: *N_q belongs to the group in stage N --------------------------------------------

  localparam integer ODD = COLUMN_WIDTH, FIRST = COLUMN_WIDTH + 1, TAG_PHASE = COLUMN_WIDTH + 2;

  reg [COLUMN_WIDTH+4:0] tag1_q, tag2_q;  // phase, first of phase, odd, group
  reg                    odd3_q;
  reg [2:0]              phase3_q, phase4_q, phase5_q, phase6_q;
  reg [PAGE_WIDTH:0]     page1_q, page2_q, page3_q, page4_q, page5_q;  // with inl_q on top
  reg [ADCS-1:0]         lanes1_q, lanes2_q, lanes3_q, lanes4_q, lanes5_q, lanes6_q, lanes7_q;

  wire [COLUMN_WIDTH+INDEX_WIDTH-1:0] index_wide = {{COLUMN_WIDTH{1'b0}}, index_q};
  wire [COLUMN_WIDTH-1:0] group = base_q + index_wide[COLUMN_WIDTH-1:0];
  wire                    first = index_q == {INDEX_WIDTH{1'b0}};

  always @(posedge clk_i) begin
    if (active_o) begin
      tag1_q   <= {phase_q, first, index_q[0], group};
      tag2_q   <= tag1_q;
      odd3_q   <= tag2_q[ODD];
      phase3_q <= tag2_q[TAG_PHASE +: 3];
      phase4_q <= phase3_q;
      phase5_q <= phase4_q;
      phase6_q <= phase5_q;
      page1_q  <= {inl_q, page_q};
      page2_q  <= page1_q;
      page3_q  <= page2_q;
      page4_q  <= page3_q;
      page5_q  <= page4_q;
      lanes1_q <= last_index ? last_lanes_q : {ADCS{1'b1}};
      lanes2_q <= lanes1_q;
      lanes3_q <= lanes2_q;
      lanes4_q <= lanes3_q;
      lanes5_q <= lanes4_q;
      lanes6_q <= lanes5_q;
      lanes7_q <= lanes6_q;
    end
  end

  // Stage 2: the inputs
  wire [PLANE_WIDTH-1:0]  word_lines;
  wire [DRIVEN_WIDTH-1:0] driven;

  input_driver #(
    .ROWS (ROWS)
  ) u_input_driver (
    .clk_i    (clk_i),
    .clear_i  (x_clear_i),
    .we_i     (x_we_i),
    .row_i    (x_row_i),
    .value_i  (x_value_i),
    .load_i   (start),
    .used_o   (used),
    .select_i (valid_q[1] && tag1_q[FIRST]),
    .phase_i  (tag1_q[TAG_PHASE +: 3]),
    .x_o      (word_lines),
    .driven_o (driven)
  );

  // Issue to stage 3: the random words of pairs of columns, one pair a cycle for two lanes, or
  // every second cycle for one
  localparam integer GENERATORS = (ADCS > 1) ? ADCS / 2 : 1;

  wire [GENERATORS-1:0]    words_valid;
  wire [GENERATORS*32-1:0] even_words;
  wire [GENERATORS*32-1:0] odd_words;
  wire [15:0]              issued = {{(16-INDEX_WIDTH){1'b0}}, index_q} << LANE_WIDTH;  // a column

  genvar g;
  generate
    for (g = 0; g < GENERATORS; g = g + 1) begin : g_generator
      localparam [15:0] PAIR = g;
      threefry u_threefry (
        .clk_i      (clk_i),
        .rst_ni     (rst_ni),
        .key0_i     (seed_q),
        .key1_i     (crossbar_q),
        .valid_i    (issue && (ADCS > 1 || !index_q[0])),
        .counter0_i (vector_q),
        .counter1_i ({13'd0, phase_q, {1'b0, issued[15:1]} | PAIR}),
        .valid_o    (words_valid[g]),
        .word0_o    (even_words[g*32 +: 32]),
        .word1_o    (odd_words[g*32 +: 32])
      );
    end
  endgenerate

  // Contents: whole columns for the lane that has them
  wire                    array_write, table_write;
  wire [UNIT_WIDTH-1:0]   array_unit, table_unit;
  wire [PLANES_WIDTH-1:0] array_data;
  wire [159:0]            table_data;

  word_stage #(.WORDS(PLANES_WIDTH / 32), .UNIT_WIDTH(UNIT_WIDTH)) u_array_stage (
    .clk_i(clk_i), .we_i(array_we_i), .last_i(last_i), .unit_i(unit_i), .wdata_i(wdata_i),
    .write_o(array_write), .unit_o(array_unit), .data_o(array_data)
  );

  word_stage #(.WORDS(5), .UNIT_WIDTH(UNIT_WIDTH)) u_table_stage (
    .clk_i(clk_i), .we_i(table_we_i), .last_i(last_i), .unit_i(unit_i), .wdata_i(wdata_i),
    .write_o(table_write), .unit_o(table_unit), .data_o(table_data)
  );

  function [LANE_BITS-1:0] lane_of;  // of a column, by the lower bits of its number
    input [LANE_BITS-1:0] column;
    lane_of = column & LAST_LANE[LANE_BITS-1:0];
  endfunction

  reg [LANE_BITS-1:0] read_lane_q;   // read back in the cycle before
  reg [15:0]          read_word_q;

  always @(posedge clk_i) begin
    if (array_re_i) begin
      read_lane_q <= lane_of(unit_i[LANE_BITS-1:0]);
      read_word_q <= word_i;
    end
  end

  localparam [ADCS-1:0] LANE_0 = 1;

  wire [ADCS-1:0] array_lane = LANE_0 << lane_of(array_unit[LANE_BITS-1:0]) & {ADCS{array_write}};
  wire [ADCS-1:0] table_lane = LANE_0 << lane_of(table_unit[LANE_BITS-1:0]) & {ADCS{table_write}};
  wire [COLUMN_WIDTH-1:0] array_entry = array_unit[LANE_WIDTH +: COLUMN_WIDTH];
  wire [COLUMN_WIDTH-1:0] table_entry = table_unit[LANE_WIDTH +: COLUMN_WIDTH];
  wire [COLUMN_WIDTH-1:0] host_entry  = unit_i[LANE_WIDTH +: COLUMN_WIDTH];

  // Stages 2 to 6
  wire [ADCS-1:0]    lane_low;
  wire [ADCS-1:0]    lane_high;
  wire [ADCS*32-1:0] lane_words;

  genvar l;
  generate
    for (l = 0; l < ADCS; l = l + 1) begin : g_lane
      localparam [31:0] LANE = l;
      readout_lane #(
        .ROWS         (ROWS),
        .CODE_WIDTH   (CODE_WIDTH),
        .PAGES        (PAGES),
        .COLUMNS      (COLUMNS),
        .COLUMN_WIDTH (COLUMN_WIDTH)
      ) u_lane (
        .clk_i          (clk_i),
        .rst_ni         (rst_ni),
        .array_we_i     (array_lane[l]),
        .array_column_i (array_entry),
        .array_wdata_i  (array_data),
        .table_we_i     (table_lane[l]),
        .table_column_i (table_entry),
        .table_wdata_i  (table_data),
        .inl_we_i       (inl_we_i),
        .inl_addr_i     (unit_i[$clog2(PAGES*64)-1:0]),
        .inl_wdata_i    (wdata_i),
        .array_re_i     (array_re_i),
        .word_i         (read_word_q),
        .word_o         (lane_words[l*32 +: 32]),
        .valid_i        (valid_q[6:2]),
        .column_i       (valid_q[2] ? tag2_q[COLUMN_WIDTH-1:0] : host_entry),
        .x_i            (word_lines),
        .driven_i       (driven),
        .noise_word_i   (((ADCS > 1) ? LANE[0] : odd3_q) ? odd_words[(l/2)*32 +: 32]
                                                         : even_words[(l/2)*32 +: 32]),
        .phase_i        (phase6_q),
        .inl_i          (page5_q[PAGE_WIDTH]),
        .page_i         (page5_q[PAGE_WIDTH-1:0]),
        .add_output_o   (add_output_o[l*16 +: 16]),
        .add_value_o    (add_value_o[l*32 +: 32]),
        .clip_low_o     (lane_low[l]),
        .clip_high_o    (lane_high[l])
      );
    end
  endgenerate

  count_ones #(.WIDTH(ADCS)) u_converted (
    .bits_i(add_valid_o), .count_o(converted_o)
  );
  count_ones #(.WIDTH(ADCS)) u_clipped_low (
    .bits_i(add_valid_o & lane_low), .count_o(clipped_low_o)
  );
  count_ones #(.WIDTH(ADCS)) u_clipped_high (
    .bits_i(add_valid_o & lane_high), .count_o(clipped_high_o)
  );

  assign busy_o         = state_q != IDLE || valid_q[1];
  assign active_o       = state_q != IDLE || valid_q != {STAGES{1'b0}} || add_valid_q;
  assign array_rdata_o  = lane_words[read_lane_q*32 +: 32];
  assign add_valid_o    = add_valid_q ? lanes7_q : {ADCS{1'b0}};
  assign skipped_o      = skip;
  assign columns_o      = columns_q;

  wire unused_bits = &{1'b0, words_valid, input_bits_i, page_i, last_group, page_base, issued,
                       index_wide, array_unit, table_unit};

endmodule

`default_nettype wire
