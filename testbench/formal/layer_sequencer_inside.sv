
  // LAYER and CONVOLVE with sizes as descriptor_check lets them through, before a walk, a gather, a
  // tile and accumulators that are busy for at most LIMIT cycles, and a window port and an output
  // unit that stop it for at most STALL cycles. Reduced: 256 words, 2 pages, 8 accumulators, windows
  // of 4 elements.
  `include "generated/crossloop_regs.vh"

  localparam [31:0] WINDOW      = 32'd1 << WINDOW_WIDTH;
  localparam [15:0] PAGES       = 16'd2;
  localparam [16:0] MAX_OUTPUTS = 17'd8;
  localparam [11:0] LIMIT       = 12'd6;
  localparam [11:0] STALL       = 12'd3;
  localparam [2:0]  ELEMENTS    = 3'd4;

  reg started = 1'b0;
  always @(posedge clk_i) started <= 1'b1;

  (* anyseq *) reg [7:0] windows;    // of the walk that begins
  (* anyseq *) reg [2:0] elements;   // of each of them

  wire [7:0]  count     = convolve_i ? windows : vectors_i[7:0];
  wire [31:0] read_size = vectors_i[7:0] * input_words_i[7:0];
  wire [31:0] made_size = count * outputs_i[3:0];
  wire [31:0] input_at  = input_i;
  wire [31:0] output_at = output_i;

  // Settings of the run at hand, and what is left of it.
  reg [8:0]  in_q, in_size_q, out_q, out_size_q;
  reg [7:0]  left_q, walk_q;
  reg [2:0]  elements_q, in_window_q;
  reg [15:0] first_q, count_q;
  reg [11:0] busy_left_q, stall_left_q;

  wire held    = (state_q == CLEAR && acc_busy_i) || (state_q == GATHER && (gather_busy_i || tile_busy_i)) ||
                 (state_q == RUN && (gather_busy_i || tiles_active_i));
  wire stalled = (state_q == FILL && !fill) || (state_q == SUMS && !sum) ||
                 (state_q == EMIT && !emit);

  always @* begin
    assume (rst_ni == started);
    assume (!(start_i && busy_o));
    assume (pages_i >= 16'd1 && pages_i <= PAGES && first_page_i <= PAGES - pages_i);
    assume (outputs_i >= 17'd1 && outputs_i <= MAX_OUTPUTS);
    assume (convolve_i || (vectors_i >= 19'd1 && vectors_i <= WINDOW && input_words_i >= 19'd1 &&
                           input_words_i <= WINDOW && input_at >= `CROSSLOOP_RING_WORDS &&
                           vectors_i[8] == 1'b0 && input_words_i[8] == 1'b0 &&
                           read_size <= WINDOW - input_at));
    assume (windows >= 8'd1 && elements >= 3'd1 && elements <= ELEMENTS);
    assume ((convolve_i && !add_sums_i && !store_sums_i) ||
            (output_at >= `CROSSLOOP_RING_WORDS && made_size <= WINDOW - output_at));
    assume (!walk_valid_i || walk_q != 8'd0);
    assume (walk_last_i == (walk_q == 8'd1));
    assume (walk_window_end_i == (in_window_q == 3'd1));
    assume (!held || busy_left_q != 12'd0);
    assume (!stalled || stall_left_q != 12'd0);
  end

  always @(posedge clk_i) begin
    busy_left_q  <= held ? busy_left_q - 12'd1 : LIMIT;
    stall_left_q <= stalled ? stall_left_q - 12'd1 : STALL;
    if (start_i) begin
      in_q        <= {1'b0, input_i};
      in_size_q   <= read_size[8:0];
      out_q       <= {1'b0, output_i};
      out_size_q  <= made_size[8:0];
      left_q      <= count;
      walk_q      <= windows;
      elements_q  <= elements;
      in_window_q <= elements;
      first_q     <= first_page_i;
      count_q     <= pages_i;
    end else begin
      if (vector_done) left_q <= left_q - 8'd1;
      if (fill) in_window_q <= walk_window_end_i ? elements_q : in_window_q - 3'd1;
      if (fill && walk_window_end_i) walk_q <= walk_q - 8'd1;
    end
  end

  // --- Ranges ------------------------------------------------------------------------------------

  wire        run     = state_q != IDLE;
  wire        before  = state_q == CLEAR || state_q == BEGIN || state_q == FILL || state_q == SUMS;
  wire        sums    = add_sums_q || store_sums_q || !convolve_q;
  // The base and the number of the vector move on with the start of the tile on its last page.
  wire        passed  = state_q == RUN || state_q == WRITE || state_q == EMIT ||
                        (state_q == PAGE && ahead_q);
  wire [7:0]  ungathered = left_q - {7'd0, passed};
  wire [15:0] in_left = ungathered * words_q[7:0];
  wire [11:0] made    = left_q * outputs_q[3:0];
  wire [11:0] to_sum  = (before ? left_q : left_q - 8'd1) * outputs_q[3:0];
  wire [7:0]  summed  = (state_q == SUMS) ? index_q[7:0] : 8'd0;
  wire [7:0]  written = (state_q == WRITE) ? index_q[7:0] : 8'd0;
  wire [7:0]  in_end  = in_q[7:0] + in_size_q[7:0];
  wire [7:0]  out_end = out_q[7:0] + out_size_q[7:0];
  wire [8:0]  address = {1'b0, window_addr_o};

  always @* if (rst_ni) begin
    lemma_state:  assert (state_q <= EMIT && (state_q != SUMS || add_sums_q) &&
                          (state_q != FILL || convolve_q) && (state_q != EMIT || emits) &&
                          (state_q != WRITE || !emits) && (!add_sums_q || convolve_q));
    lemma_left:   assert (run == (left_q != 8'd0) || !run);
    lemma_layer:  assert (!run || convolve_q || vectors_left_q == {11'd0, left_q});
    lemma_sizes:  assert (!(run || read_q) || (outputs_q >= 17'd1 && outputs_q <= MAX_OUTPUTS));
    lemma_words:  assert (!run || convolve_q || (words_q >= 19'd1 && words_q < 19'd256));
    lemma_index:  assert (!run || (index_q < outputs_q && (index_q == 17'd0 || state_q == SUMS ||
                                                           state_q == WRITE || state_q == EMIT)));
    lemma_over:   assert (!read_q || state_q == WRITE ||
                          ((state_q == IDLE || state_q == BEGIN ||
                            (state_q == GATHER && ahead_q)) && !emits));
    lemma_done:   assert (!(state_q == IDLE && read_q) || left_q == 8'd0);
    lemma_in:     assert (!run || convolve_q || (base_q + in_left[7:0] == in_end &&
                          in_left <= {7'd0, in_size_q} && {1'b0, in_q} + in_size_q <= 10'd256 &&
                          in_q >= 9'd128));
    lemma_out:    assert (!(run || read_q) || !sums || (made <= {3'd0, out_size_q} &&
                          out_q >= 9'd128 && {1'b0, out_q} + out_size_q <= 10'd256));
    lemma_target: assert (!(run || read_q) || !sums || emits ||
                          target_q + {7'd0, read_q} + made[7:0] - written == out_end);
    lemma_source: assert (!run || !add_sums_q || source_q + to_sum[7:0] - summed == out_end);
    lemma_walk:   assert (!run || !convolve_q || (before && state_q != SUMS
                          ? walk_q == left_q : walk_q == left_q - 8'd1 && last_q == (left_q == 8'd1)));
    lemma_window: assert (!run || (in_window_q >= 3'd1 && in_window_q <= elements_q &&
                                   elements_q <= ELEMENTS));
    lemma_whole:  assert (!run || state_q == FILL || in_window_q == elements_q);
    lemma_pages:  assert (!run || (first_page_q == first_q && last_page_q == first_q + count_q - 16'd1 &&
                          count_q >= 16'd1 && count_q <= PAGES && first_q <= PAGES - count_q &&
                          page_q >= first_page_q && page_q <= last_page_q));
    lemma_first:  assert (!before || page_q == first_page_q);
    lemma_last:   assert (!passed || page_q == first_page_q);
    lemma_ahead:  assert (!run || !ahead_q || (!convolve_q && page_q == first_page_q &&
                          (state_q == GATHER || (passed && left_q >= 8'd2))));
    lemma_sum:    assert (!sum_q || {1'b0, sum_index_q} < outputs_q || !run);
    lemma_counts: assert (busy_left_q <= LIMIT && stall_left_q <= STALL);

    reads:   assert (!window_en_o || window_we_o ||
                     (add_sums_q && address >= out_q && address - out_q < out_size_q));
    writes:  assert (!window_en_o || !window_we_o ||
                     (!emits && address >= out_q && address - out_q < out_size_q));
    vectors: assert (!(state_q == PAGE || state_q == GATHER || (state_q == RUN && ahead_q)) ||
                     convolve_q ||
                     ({1'b0, base_o} >= in_q && words_o <= 32'd256 &&
                      {1'b0, base_o} - in_q + words_o[8:0] <= in_size_q));
    pages:   assert (!(gather_start_o || tile_start_o) || (page_o >= first_q &&
                     page_o - first_q < count_q));
    entries: assert (!acc_read_o || {1'b0, acc_index_o} < outputs_q);
  end

  // --- Completion: (vectors left, cycles left of this one) goes down in each cycle -----------------

  localparam [11:0] STEP = STALL + 12'd1;
  localparam [11:0] TURN = LIMIT + 12'd3;   // gathering, with the tile still busy, and two starts

  wire [11:0] to_go   = outputs_q[11:0] - index_q[11:0] - 12'd1;
  wire [11:0] leaving = outputs_q[3:0] * STEP;
  wire [11:0] tail    = (last_page_q[0] != page_q[0] ? TURN : 12'd0) + LIMIT + 12'd2 + leaving;
  wire [11:0] through = tail + TURN;   // all pages
  wire [11:0] summing = add_sums_q ? outputs_q[3:0] * STEP : 12'd0;
  wire [11:0] filling = through + summing + elements_q * STEP;
  reg  [11:0] rest;

  always @* begin
    case (state_q)
      IDLE:    rest = 12'd0;
      CLEAR:   rest = filling + 12'd1 + busy_left_q + 12'd1;
      BEGIN:   rest = filling + 12'd1;
      FILL:    rest = through + summing + (in_window_q - 3'd1) * STEP + stall_left_q + 12'd1;
      SUMS:    rest = through + to_go * STEP + stall_left_q + 12'd1;
      PAGE:    rest = ahead_q ? leaving + LIMIT + 12'd2 : through;
      GATHER:  rest = tail + busy_left_q + 12'd2;
      START:   rest = tail + 12'd1;
      RUN:     rest = leaving + busy_left_q + 12'd1;
      WRITE:   rest = to_go * STEP + STEP;
      default: rest = to_go * STEP + stall_left_q + 12'd1;
    endcase
  end

  reg        was_busy;
  reg [7:0]  was_left;
  reg [11:0] was_rest;

  always @(posedge clk_i) begin
    was_busy <= rst_ni && run && !clear_i;
    was_left <= left_q;
    was_rest <= rest;
  end

  always @* if (rst_ni) begin
    ends:  assert (!was_busy || !run || left_q < was_left ||
                   (left_q == was_left && rest < was_rest));
    bound: assert (rest <= 12'd2 * LIMIT + 12'd4 + elements_q * STEP +
                           12'd2 * outputs_q[3:0] * STEP + count_q[1:0] * TURN || !run);
  end
