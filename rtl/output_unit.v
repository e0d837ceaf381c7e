// output_unit: requantises elements, looks them up and packs them into the output tensors.
//
//   q = requantise(a, b) with the scales of the element's channel      (requantise)
//   value = table ? codes[q] : q
//
// The output block lies in the window at block_i: zero, low, high; with table_i 64 words of codes;
// then scales of two words, bias and {shift, multiplier}: one for each output (per_output_i, from
// the first one again after vector_end_i), or one for a and one for b. Values leave as bytes, four
// in a word, each image beginning with a word and the last one filled up with zeros, or with
// words_i as words (no table then).
//
// From start_i it takes 5 or 9 cycles to the first element (block head), then one element every
// four cycles in four slots of the window port:
//
//   0  take_o: an element is taken   read its bias
//   1  a_i, b_i are sampled          read its multiplier and shift
//   2  into requantise               read the code of the element before
//   3                                write the word that the element before completes
//
// busy_o is high from the cycle after start_i until the element taken with last_i is written.
`default_nettype none
`include "generated/crossloop_regs.vh"

module output_unit #(
  parameter integer WINDOW_WIDTH = 16   // of a window address
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,         // asynchronous, active low
  input  wire                    clear_i,        // end at once

  input  wire                    start_i,        // samples the settings
  input  wire [WINDOW_WIDTH-1:0] block_i,
  input  wire [WINDOW_WIDTH-1:0] target_i,       // first word to write
  input  wire                    per_output_i,
  input  wire                    table_i,
  input  wire                    words_i,
  output wire                    busy_o,

  // Elements: flags are sampled with take_o, operands in the next cycle
  input  wire                    valid_i,
  output wire                    take_o,
  input  wire                    vector_end_i,   // the last output of its vector
  input  wire                    image_end_i,    // and of its image
  input  wire                    last_i,         // and of all
  input  wire signed [31:0]      a_i,
  input  wire [7:0]              b_i,

  // Window, answers in the next cycle
  output wire                    window_en_o,
  output wire                    window_we_o,
  output wire [WINDOW_WIDTH-1:0] window_addr_o,
  output wire [31:0]             window_wdata_o,
  input  wire [31:0]             window_rdata_i
);

  localparam [1:0] IDLE = 2'd0, LOAD = 2'd1, RUN = 2'd2;
  localparam integer RANGE_WORDS = `CROSSLOOP_RANGE_WORDS;
  localparam integer TABLE_WORDS = `CROSSLOOP_CODE_TABLE_WORDS;
  localparam integer SCALE_WORDS = `CROSSLOOP_SCALE_WORDS;
  localparam [2:0]   HEAD        = RANGE_WORDS[2:0];
  localparam [2:0]   HEAD_FIXED  = RANGE_WORDS[2:0] + 3'd2 * SCALE_WORDS[2:0];
  localparam [WINDOW_WIDTH-1:0] ONE          = {{(WINDOW_WIDTH-1){1'b0}}, 1'b1};
  localparam [WINDOW_WIDTH-1:0] TABLE_OFFSET = RANGE_WORDS[WINDOW_WIDTH-1:0];
  localparam [WINDOW_WIDTH-1:0] SKIPPED      = TABLE_WORDS[WINDOW_WIDTH-1:0];

  reg [1:0]              state_q;
  reg                    per_output_q;
  reg                    table_q;
  reg                    words_q;
  reg [WINDOW_WIDTH-1:0] codes_q;        // first word of the output table
  reg [WINDOW_WIDTH-1:0] scales_q;       // first word of the scales
  reg [WINDOW_WIDTH-1:0] read_q;         // next word of the block head, or of the scales
  reg [WINDOW_WIDTH-1:0] target_q;

  // --- Block head: a shift register, the newest word on top --------------------------------------

  reg [2:0]   left_q;         // words still to read
  reg         received_q;     // one was read in the cycle before
  reg [223:0] head_q;

  wire         loading = state_q == LOAD && left_q != 3'd0;
  wire [95:0]  range   = per_output_q ? head_q[223:128] : head_q[95:0];
  wire [2:0]   words   = per_output_i ? HEAD : HEAD_FIXED;
  wire         at_scales = left_q == HEAD_FIXED - HEAD + 3'd1 && !per_output_q;  // next word read

  // --- Slots -------------------------------------------------------------------------------------

  reg [1:0]         slot_q;
  reg               taken_q;       // this round has an element
  reg [1:0]         taken_ends_q;  // last, image end
  reg               rewind_q;      // it is the last of its vector
  reg               inside_q;      // an element is in requantise
  reg [1:0]         inside_ends_q;
  reg               leaving_q;     // its value leaves in slot 3
  reg [1:0]         leaving_ends_q;
  reg               finished_q;    // the last element was taken
  reg signed [31:0] a_q;
  reg        [7:0]  b_q;
  reg signed [31:0] bias_q;
  reg        [31:0] packed_q;      // bytes of the word begun, zeros above them
  reg        [1:0]  lane_q;

  wire run        = state_q == RUN;
  wire take       = run && slot_q == 2'd0 && valid_i && !finished_q;
  wire read_bias  = take && per_output_q;
  wire read_scale = run && slot_q == 2'd1 && taken_q && per_output_q;
  wire read_code  = run && slot_q == 2'd2 && inside_q && table_q;
  wire leave      = run && slot_q == 2'd3 && leaving_q;
  wire written    = leave && (words_q || lane_q == 2'd3 || leaving_ends_q[0]);

  wire signed [31:0] value;
  wire        [7:0]  code = table_q ? window_rdata_i[{value[1:0], 3'd0} +: 8] : value[7:0];
  wire        [31:0] word = packed_q | ({24'd0, code} << {lane_q, 3'd0});
  wire               value_valid;

  // Fixed scales lie above the range: a's bias, a's scale, b's bias, b's scale.
  wire signed [31:0] bias_a  = per_output_q ? bias_q : head_q[127:96];
  // Not every bit of a scale means something.
  // verilator lint_off UNUSEDSIGNAL
  wire        [31:0] scale_a = per_output_q ? window_rdata_i : head_q[159:128];
  wire        [63:0] other   = per_output_q ? 64'd0 : head_q[223:160];
  // verilator lint_on UNUSEDSIGNAL

  requantise u_requantise (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(run && slot_q == 2'd2 && taken_q),
    .a_i(a_q), .bias_a_i(bias_a), .multiplier_a_i(scale_a[15:0]),
    .b_i(per_output_q ? 8'd0 : b_q), .bias_b_i(other[8:0]), .multiplier_b_i(other[47:32]),
    .shift_i(scale_a[21:16]),
    .zero_i(range[31:0]), .low_i(range[63:32]), .high_i(range[95:64]),
    .valid_o(value_valid), .value_o(value)
  );

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q      <= IDLE;
      per_output_q <= 1'b0;
      table_q      <= 1'b0;
      words_q      <= 1'b0;
      codes_q      <= {WINDOW_WIDTH{1'b0}};
      scales_q     <= {WINDOW_WIDTH{1'b0}};
      read_q       <= {WINDOW_WIDTH{1'b0}};
      left_q       <= 3'd0;
      received_q   <= 1'b0;
      head_q       <= 224'd0;
    end else if (clear_i) begin
      state_q    <= IDLE;
      received_q <= 1'b0;
    end else begin
      received_q <= loading;
      if (received_q) head_q <= {window_rdata_i, head_q[223:32]};
      case (state_q)
        IDLE: if (start_i) begin
          state_q      <= LOAD;
          per_output_q <= per_output_i;
          table_q      <= table_i && !words_i;
          words_q      <= words_i;
          codes_q      <= block_i + TABLE_OFFSET;
          scales_q     <= block_i + TABLE_OFFSET + (table_i ? SKIPPED : {WINDOW_WIDTH{1'b0}});
          read_q       <= block_i;
          left_q       <= words;
        end
        LOAD: begin
          if (loading) begin
            read_q <= at_scales ? scales_q : read_q + ONE;
            left_q <= left_q - 3'd1;
          end else if (!received_q) begin
            state_q <= RUN;
            read_q  <= scales_q;
          end
        end
        default: begin
          if (read_bias || read_scale) read_q <= read_q + ONE;
          if (read_scale && rewind_q) read_q <= scales_q;
          if (leave && leaving_ends_q[1]) state_q <= IDLE;
        end
      endcase
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      slot_q         <= 2'd0;
      taken_q        <= 1'b0;
      taken_ends_q   <= 2'd0;
      rewind_q       <= 1'b0;
      inside_q       <= 1'b0;
      inside_ends_q  <= 2'd0;
      leaving_q      <= 1'b0;
      leaving_ends_q <= 2'd0;
      finished_q     <= 1'b0;
    end else if (!run) begin
      slot_q     <= 2'd0;
      taken_q    <= 1'b0;
      inside_q   <= 1'b0;
      leaving_q  <= 1'b0;
      finished_q <= 1'b0;
    end else begin
      if (slot_q != 2'd0 || take || inside_q) slot_q <= slot_q + 2'd1;
      if (slot_q == 2'd0) begin
        taken_q      <= take;
        taken_ends_q <= {last_i, image_end_i};
        rewind_q     <= vector_end_i;
        if (take && last_i) finished_q <= 1'b1;
      end
      if (slot_q == 2'd2) begin
        inside_q       <= taken_q;
        inside_ends_q  <= taken_ends_q;
        leaving_q      <= inside_q;
        leaving_ends_q <= inside_ends_q;
      end
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      a_q      <= 32'd0;
      b_q      <= 8'd0;
      bias_q   <= 32'd0;
      packed_q <= 32'd0;
      lane_q   <= 2'd0;
      target_q <= {WINDOW_WIDTH{1'b0}};
    end else if (state_q == IDLE) begin
      packed_q <= 32'd0;
      lane_q   <= 2'd0;
      target_q <= target_i;
    end else begin
      if (slot_q == 2'd1) begin
        a_q    <= a_i;
        b_q    <= b_i;
        bias_q <= window_rdata_i;
      end
      if (leave) begin
        packed_q <= written ? 32'd0 : word;
        lane_q   <= written ? 2'd0 : lane_q + 2'd1;
      end
      if (written) target_q <= target_q + ONE;
    end
  end

  assign busy_o         = state_q != IDLE;
  assign take_o         = take;
  assign window_en_o    = loading || read_bias || read_scale || read_code || written;
  assign window_we_o    = written;
  assign window_addr_o  = written ? target_q
                        : read_code ? codes_q + {{(WINDOW_WIDTH-6){1'b0}}, value[7:2]} : read_q;
  assign window_wdata_o = words_q ? value : word;

  wire unused_bits = &{1'b0, value_valid};

endmodule

`default_nettype wire
