
  // Cells of any state, target, noise and budget: each pulse is within the budget, each read within
  // one more, and the cell is done after 4 cycles and 5 for each pulse: verified, or with the budget
  // spent. Full width; random words, noise and pulses are those of the core.

  reg started = 1'b0;
  always @(posedge clk_i) started <= 1'b1;

  // The cell at hand: pulses and reads seen at the ports, cycles, random words on their way.
  reg [31:0] pulsed_q, budget_q;
  reg [32:0] seen_q;
  reg [34:0] age_q;
  reg [2:0]  flying_q;   // to be valid in 3, 2, 1 cycles: bits 0, 1, 2
  reg [1:0]  cleared_q;  // cycles to wait after clear_i
  reg        was_busy, was_whole;

  wire count = count_set_o || count_reset_o;

  always @* begin
    assume (rst_ni == started);
    assume (!(start_i && (busy_o || cleared_q != 2'd0)));
    assume (!(was_busy && busy_o) || budget_i == budget_q);
  end

  always @(posedge clk_i) begin
    was_busy  <= rst_ni && busy_o;
    was_whole <= rst_ni && busy_o && !clear_i;
    budget_q  <= budget_i;
    flying_q  <= rst_ni ? {flying_q[1:0], start_i || pulse} : 3'd0;
    if (!rst_ni) cleared_q <= 2'd0;
    else if (clear_i) cleared_q <= 2'd2;
    else if (cleared_q != 2'd0) cleared_q <= cleared_q - 2'd1;
    if (start_i) begin
      pulsed_q <= 32'd0;
      seen_q   <= 33'd0;
      age_q    <= 35'd1;
    end else begin
      if (count) pulsed_q <= pulsed_q + 32'd1;
      if (count_read_o) seen_q <= seen_q + 33'd1;
      age_q <= age_q + 35'd1;
    end
  end

  wire single = flying_q == 3'b001 || flying_q == 3'b010 || flying_q == 3'b100;
  wire first  = phase_q == READ && !words_q;   // the read before all pulses
  wire [2:0] flown = flying_q[0] ? 3'd1 : flying_q[1] ? 3'd2 : 3'd3;
  wire [2:0] turn  = first ? flown : phase_q == READ ? 3'd3 : phase_q == COMPARE ? 3'd4
                                                            : flown - 3'd1;
  wire [34:0] five = {3'd0, pulses_q} + {1'b0, pulses_q, 2'd0};
  wire [34:0] most = {3'd0, budget_i} + {1'b0, budget_i, 2'd0};

  // What is left: pulses, and cycles to the next one or the end.
  wire [31:0] left = budget_i - pulses_q;
  wire [2:0]  rest = phase_q == COMPARE ? 3'd1 : first ? 3'd5 - flown
                                               : phase_q == READ ? 3'd2 : 3'd6 - flown;
  reg  [31:0] was_left;
  reg  [2:0]  was_rest;

  always @(posedge clk_i) begin
    was_left <= left;
    was_rest <= rest;
  end

  always @* if (rst_ni) begin
    lemma_words:  assert (words_valid == flying_q[2]);
    lemma_pulse:  assert (phase_q != PULSE || pulse_done == flying_q[2]);
    lemma_flying: assert (phase_q == IDLE ? (cleared_q == 2'd2 || !flying_q[0]) &&
                                            (cleared_q != 2'd0 || flying_q[1:0] == 2'd0)
                          : phase_q == COMPARE || (phase_q == READ && words_q) ? flying_q == 3'd0
                          : single);
    lemma_taken:  assert (words_q == (phase_q == READ && pulses_q != 32'd0) || phase_q == IDLE);
    lemma_counts: assert (!busy_o || (pulsed_q == pulses_q && seen_q == {1'b0, pulses_q} +
                                                                 {32'd0, phase_q == COMPARE}));
    lemma_age:    assert (!busy_o || age_q == five + {32'd0, turn});
    lemma_spent:  assert (!busy_o || (pulses_q <= budget_i && (phase_q != PULSE || pulses_q != 32'd0)));

    budget:   assert (!count || pulsed_q < budget_i);
    reads:    assert (!count_read_o || seen_q <= {1'b0, budget_i});
    one:      assert (!(count_set_o && count_reset_o) && count == pulse);
    bound:    assert (!busy_o || age_q <= most + 35'd4);
    ends:     assert (!(was_whole && busy_o) || left < was_left ||
                      (left == was_left && rest < was_rest));
    reason:   assert (!was_whole || busy_o || verified_o || pulsed_q == budget_q);
  end
