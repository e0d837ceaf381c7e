// write_verify: brings one cell to its target by pulses: reads, compares, pulses, and again.
//
//   (word0, word1) = Threefry-2x32-13(key = (seed_i, crossbar_i),
//                                     counter = (row_i << 16 | column_i, n))
//   read-back      = state + ((m(word1) * verify_sigma_i + 128) >>> 8)          (read_noise.v)
//   |read-back - target_i| <= tolerance_i: the end, verified
//   as many pulses as budget_i: the end, not verified
//   else a SET pulse where the read-back is below the target, else a RESET pulse, with word0
//   (pulse_law.v)
//
// with n the reads of the cell's life before this one. Whatever the cell does, pulses_q <= budget_i
// in every cycle: never more than budget_i pulses, nor more than budget_i + 1 reads.
//
// state_i and reads_i are sampled with start_i, all other inputs are held while busy_o is high,
// which is from the cycle after start_i for 4 cycles and 5 more for each pulse; then state_o,
// reads_o and verified_o stay until the next start_i. After clear_i that is three cycles off at
// least: random words on their way would be taken for its own. Twin: host/analog/write_verify.cpp.
`default_nettype none

module write_verify (
  input  wire        clk_i,
  input  wire        rst_ni,          // asynchronous, active low
  input  wire        clear_i,         // end at once

  // Settings of the write circuit, see pulse_law.v
  input  wire [15:0] bottom_i,
  input  wire [15:0] top_i,
  input  wire [15:0] set_rate_i,
  input  wire [15:0] reset_rate_i,
  input  wire [7:0]  step_sigma_i,
  input  wire [15:0] verify_sigma_i,
  input  wire [15:0] tolerance_i,
  input  wire [31:0] budget_i,

  // Key of the random words
  input  wire [31:0] seed_i,
  input  wire [31:0] crossbar_i,

  // The cell
  input  wire        start_i,
  input  wire [15:0] row_i,
  input  wire [15:0] column_i,
  input  wire [15:0] state_i,
  input  wire [31:0] reads_i,         // of its life so far
  input  wire [15:0] target_i,
  input  wire [7:0]  factor_i,
  input  wire        stuck_i,
  output wire        busy_o,
  output wire [15:0] state_o,
  output wire [31:0] reads_o,
  output wire        verified_o,

  // Counts, one cycle each
  output wire        count_set_o,
  output wire        count_reset_o,
  output wire        count_read_o
);

  localparam [1:0] IDLE    = 2'd0;
  localparam [1:0] READ    = 2'd1;  // waits for random words, then takes the noise of a read
  localparam [1:0] COMPARE = 2'd2;
  localparam [1:0] PULSE   = 2'd3;

  reg [1:0]  phase_q;
  reg        words_q;     // random words wait to be taken
  reg [15:0] state_q;
  reg [31:0] reads_q;
  reg [31:0] pulses_q;    // <= budget_i
  reg        verified_q;

  wire               words_valid, pulse_done;
  wire        [31:0] word0, word1;
  wire        [15:0] pulsed;
  wire signed [15:0] noise;

  // -80895 .. 80895
  wire signed [17:0] error     = $signed({2'd0, state_q}) + {{2{noise[15]}}, noise}
                                 - $signed({2'd0, target_i});
  wire signed [17:0] magnitude = error[17] ? -error : error;

  wire compare = phase_q == COMPARE;
  wire near    = magnitude <= $signed({2'd0, tolerance_i});
  wire spent   = pulses_q == budget_i;
  wire pulse   = compare && !near && !spent;
  wire set     = error[17];
  wire take    = phase_q == READ && (words_q || words_valid);

  threefry u_threefry (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .key0_i(seed_i), .key1_i(crossbar_i),
    .valid_i(start_i || pulse), .counter0_i({row_i, column_i}),
    .counter1_i(start_i ? reads_i : reads_q),
    .valid_o(words_valid), .word0_o(word0), .word1_o(word1)
  );

  read_noise u_read_noise (
    .clk_i(clk_i), .enable_i(take), .word_i(word1), .sigma_i(verify_sigma_i), .noise_o(noise)
  );

  pulse_law u_pulse_law (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .start_i(pulse), .state_i(state_q), .factor_i(factor_i), .stuck_i(stuck_i), .set_i(set),
    .word_i(word0),
    .bottom_i(bottom_i), .top_i(top_i), .set_rate_i(set_rate_i), .reset_rate_i(reset_rate_i),
    .step_sigma_i(step_sigma_i),
    .done_o(pulse_done), .state_o(pulsed)
  );

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      phase_q    <= IDLE;
      words_q    <= 1'b0;
      state_q    <= 16'd0;
      reads_q    <= 32'd0;
      pulses_q   <= 32'd0;
      verified_q <= 1'b0;
    end else if (clear_i) begin
      phase_q <= IDLE;
    end else if (start_i) begin
      phase_q    <= READ;
      words_q    <= 1'b0;
      state_q    <= state_i;
      reads_q    <= reads_i;
      pulses_q   <= 32'd0;
      verified_q <= 1'b0;
    end else begin
      if (words_valid || take) words_q <= !take;
      case (phase_q)
        READ: if (take) begin
          phase_q <= COMPARE;
          reads_q <= reads_q + 32'd1;
        end
        COMPARE: begin
          phase_q    <= pulse ? PULSE : IDLE;
          verified_q <= near;
          if (pulse) pulses_q <= pulses_q + 32'd1;
        end
        PULSE: if (pulse_done) begin
          phase_q <= READ;
          state_q <= pulsed;
        end
        default: phase_q <= IDLE;
      endcase
    end
  end

  assign busy_o        = phase_q != IDLE;
  assign state_o       = state_q;
  assign reads_o       = reads_q;
  assign verified_o    = verified_q;
  assign count_set_o   = pulse && set;
  assign count_reset_o = pulse && !set;
  assign count_read_o  = take;

endmodule

`default_nettype wire
