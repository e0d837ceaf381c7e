// write_unit: carries out WRITE_VERIFY: takes cell after cell from its record in the window, has
// write_verify bring it to its target, writes the record back; statistics at the end.
//
//   SETTINGS 5 words -> { FLAGS word 1 -> SELECT -> FETCH words 0, 2 -> START -> WAIT -> STORE }
//                       for every cell, column by column -> STATISTICS 8 words
//
// A cell that is not selected takes two cycles and its record stays as it is; one that is takes 12
// and 5 for each pulse. The window is never held for more than 11 cycles in a row. busy_o is high
// from the cycle after start_i to the last write; words_i, the descriptor, is held meanwhile.
`default_nettype none
`include "generated/crossloop_regs.vh"

module write_unit #(
  parameter integer WINDOW_WIDTH = 16  // of a window address
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,         // asynchronous, active low
  input  wire                    clear_i,        // end at once

  input  wire                    start_i,
  input  wire [511:0]            words_i,
  output wire                    busy_o,

  // Window, answers in the next cycle
  output wire                    window_en_o,
  output wire                    window_we_o,
  output wire [WINDOW_WIDTH-1:0] window_addr_o,
  output wire [31:0]             window_wdata_o,
  input  wire [31:0]             window_rdata_i
);

  localparam [3:0] IDLE       = 4'd0;
  localparam [3:0] SETTINGS   = 4'd1;
  localparam [3:0] FLAGS      = 4'd2;
  localparam [3:0] SELECT     = 4'd3;
  localparam [3:0] FETCH      = 4'd4;
  localparam [3:0] START      = 4'd5;
  localparam [3:0] WAIT       = 4'd6;
  localparam [3:0] STORE      = 4'd7;
  localparam [3:0] STATISTICS = 4'd8;

  localparam integer CELL_WORDS    = `CROSSLOOP_CELL_WORDS;
  localparam integer SETTING_WORDS = `CROSSLOOP_PULSE_WORDS;
  localparam integer WRITTEN_WORDS = `CROSSLOOP_WRITTEN_WORDS;

  wire [WINDOW_WIDTH-1:0] cells =
    words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_CELLS +: WINDOW_WIDTH];
  wire [WINDOW_WIDTH-1:0] settings =
    words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_SETTINGS +: WINDOW_WIDTH];
  wire [WINDOW_WIDTH-1:0] statistics =
    words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_STATISTICS +: WINDOW_WIDTH];
  wire [15:0] rows         = words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_ROWS +: 16];
  wire [15:0] columns      = words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_COLUMNS +: 16];
  wire [15:0] first_row    = words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_FIRST_ROW +: 16];
  wire [15:0] first_column = words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_FIRST_COLUMN +: 16];

  reg [3:0]                  state_q;
  reg [3:0]                  index_q;      // word of the block read or written
  reg [WINDOW_WIDTH-1:0]     cell_q;       // record of the cell
  reg [15:0]                 row_q;
  reg [15:0]                 column_q;
  reg [32*SETTING_WORDS-1:0] settings_q;
  reg [31:0]                 levels_q;     // word 0 of the record: state and target
  reg [31:0]                 flags_q;      // word 1
  reg [63:0]                 set_pulses_q;
  reg [63:0]                 reset_pulses_q;
  reg [63:0]                 reads_q;
  reg [31:0]                 failed_q;
  reg [31:0]                 selected_q;

  wire [31:0] bounds    = settings_q[32*`CROSSLOOP_PULSE_BOTTOM_WORD +: 32];
  wire [31:0] rates     = settings_q[32*`CROSSLOOP_PULSE_SET_RATE_WORD +: 32];
  wire [31:0] tolerance = settings_q[32*`CROSSLOOP_PULSE_TOLERANCE_WORD +: 32];
  wire [31:0] sigmas    = settings_q[32*`CROSSLOOP_PULSE_VERIFY_SIGMA_WORD +: 32];

  wire        writing, verified, count_set, count_reset, count_read;
  wire [15:0] state;
  wire [31:0] reads;

  write_verify u_write_verify (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i),
    .bottom_i(bounds[`CROSSLOOP_PULSE_BOTTOM]), .top_i(bounds[`CROSSLOOP_PULSE_TOP]),
    .set_rate_i(rates[`CROSSLOOP_PULSE_SET_RATE]),
    .reset_rate_i(rates[`CROSSLOOP_PULSE_RESET_RATE]),
    .step_sigma_i(sigmas[`CROSSLOOP_PULSE_STEP_SIGMA]),
    .verify_sigma_i(sigmas[`CROSSLOOP_PULSE_VERIFY_SIGMA]),
    .tolerance_i(tolerance[`CROSSLOOP_PULSE_TOLERANCE]),
    .budget_i(settings_q[32*`CROSSLOOP_PULSE_BUDGET_WORD +: 32]),
    .seed_i(words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_SEED +: 32]),
    .crossbar_i(words_i[32*`CROSSLOOP_WORD_WRITE_VERIFY_CROSSBAR +: 32]),
    .start_i(state_q == START), .row_i(row_q), .column_i(column_q),
    .state_i(levels_q[`CROSSLOOP_CELL_STATE]), .reads_i(window_rdata_i),
    .target_i(levels_q[`CROSSLOOP_CELL_TARGET]), .factor_i(flags_q[`CROSSLOOP_CELL_FACTOR]),
    .stuck_i(flags_q[`CROSSLOOP_CELL_STUCK]),
    .busy_o(writing), .state_o(state), .reads_o(reads), .verified_o(verified),
    .count_set_o(count_set), .count_reset_o(count_reset), .count_read_o(count_read)
  );

  wire selected  = window_rdata_i[`CROSSLOOP_CELL_SELECTED];
  wire stored    = state_q == STORE && index_q == CELL_WORDS[3:0] - 4'd1;
  wire leave     = stored || (state_q == SELECT && !selected);  // on to the next cell
  wire last_row  = row_q == first_row + rows - 16'd1;
  wire last_cell = last_row && column_q == first_column + columns - 16'd1;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q    <= IDLE;
      index_q    <= 4'd0;
      cell_q     <= {WINDOW_WIDTH{1'b0}};
      row_q      <= 16'd0;
      column_q   <= 16'd0;
      settings_q <= {32*SETTING_WORDS{1'b0}};
      levels_q   <= 32'd0;
      flags_q    <= 32'd0;
    end else if (clear_i) begin
      state_q <= IDLE;
    end else begin
      index_q <= 4'd0;
      case (state_q)
        IDLE: if (start_i) begin
          state_q  <= SETTINGS;
          cell_q   <= cells;
          row_q    <= first_row;
          column_q <= first_column;
        end
        SETTINGS: begin
          index_q <= index_q + 4'd1;
          if (index_q != 4'd0) settings_q <= {window_rdata_i, settings_q[32*SETTING_WORDS-1:32]};
          if (index_q == SETTING_WORDS[3:0]) begin
            state_q <= FLAGS;
            index_q <= 4'd0;
          end
        end
        FLAGS: state_q <= SELECT;
        SELECT: begin
          flags_q <= window_rdata_i;
          if (selected) state_q <= FETCH;
        end
        FETCH: begin
          levels_q <= window_rdata_i;
          state_q  <= START;
        end
        START: state_q <= WAIT;
        WAIT: if (!writing) state_q <= STORE;
        STORE: index_q <= index_q + 4'd1;
        STATISTICS: begin
          index_q <= index_q + 4'd1;
          if (index_q == WRITTEN_WORDS[3:0] - 4'd1) state_q <= IDLE;
        end
        default: state_q <= IDLE;
      endcase
      if (leave) begin
        state_q <= last_cell ? STATISTICS : FLAGS;
        index_q <= 4'd0;
        cell_q  <= cell_q + CELL_WORDS[WINDOW_WIDTH-1:0];
        row_q   <= last_row ? first_row : row_q + 16'd1;
        if (last_row) column_q <= column_q + 16'd1;
      end
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      set_pulses_q   <= 64'd0;
      reset_pulses_q <= 64'd0;
      reads_q        <= 64'd0;
      failed_q       <= 32'd0;
      selected_q     <= 32'd0;
    end else if (start_i) begin
      set_pulses_q   <= 64'd0;
      reset_pulses_q <= 64'd0;
      reads_q        <= 64'd0;
      failed_q       <= 32'd0;
      selected_q     <= 32'd0;
    end else begin
      if (count_set) set_pulses_q <= set_pulses_q + 64'd1;
      if (count_reset) reset_pulses_q <= reset_pulses_q + 64'd1;
      if (count_read) reads_q <= reads_q + 64'd1;
      if (stored && !verified) failed_q <= failed_q + 32'd1;
      if (stored) selected_q <= selected_q + 32'd1;
    end
  end

  // --- Window --

  reg [WINDOW_WIDTH-1:0] base;
  reg [3:0]              offset;
  reg [31:0]             record;   // word index_q of the record written back
  reg [31:0]             written;  // word index_q of the statistics

  always @* begin
    base   = cell_q;
    offset = index_q;
    case (state_q)
      SETTINGS:   base = settings;
      STATISTICS: base = statistics;
      FLAGS:      offset = 4'd1;
      SELECT:     offset = 4'd0;
      FETCH:      offset = 4'd2;
      default:    offset = index_q;
    endcase
  end

  always @* begin
    record = flags_q;
    record[`CROSSLOOP_CELL_VERIFIED] = verified;
    if (index_q == {1'b0, `CROSSLOOP_CELL_STATE_WORD})
      record = {levels_q[`CROSSLOOP_CELL_TARGET], state};
    else if (index_q == {1'b0, `CROSSLOOP_CELL_READS_WORD}) record = reads;
  end

  always @* begin
    case (index_q[2:0])
      `CROSSLOOP_WRITTEN_SET_PULSES_LO_WORD:   written = set_pulses_q[31:0];
      `CROSSLOOP_WRITTEN_SET_PULSES_HI_WORD:   written = set_pulses_q[63:32];
      `CROSSLOOP_WRITTEN_RESET_PULSES_LO_WORD: written = reset_pulses_q[31:0];
      `CROSSLOOP_WRITTEN_RESET_PULSES_HI_WORD: written = reset_pulses_q[63:32];
      `CROSSLOOP_WRITTEN_READS_LO_WORD:        written = reads_q[31:0];
      `CROSSLOOP_WRITTEN_READS_HI_WORD:        written = reads_q[63:32];
      `CROSSLOOP_WRITTEN_FAILED_WORD:          written = failed_q;
      default:                                 written = selected_q;
    endcase
  end

  assign busy_o         = state_q != IDLE;
  assign window_we_o    = state_q == STORE || state_q == STATISTICS;
  assign window_en_o    = window_we_o || state_q == FLAGS || state_q == FETCH ||
                          (state_q == SETTINGS && index_q != SETTING_WORDS[3:0]) ||
                          (state_q == SELECT && selected);
  assign window_addr_o  = base + {{(WINDOW_WIDTH-4){1'b0}}, offset};
  assign window_wdata_o = state_q == STORE ? record : written;

  wire unused_bits = &{1'b0, words_i, sigmas, tolerance};

endmodule

`default_nettype wire
