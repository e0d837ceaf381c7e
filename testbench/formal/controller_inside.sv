
  // Any descriptor, checked within LIMIT cycles, before a mover, a layer unit and a write unit that
  // are busy for at most LIMIT cycles. It ends within FETCHED + 2 * LIMIT cycles of its submission, or of the end
  // of the one before.

  localparam [6:0] LIMIT   = 7'd5;
  localparam [6:0] FETCHED = 7'd20;

  reg started = 1'b0;
  always @(posedge clk_i) started <= 1'b1;

  wire over = done_o || fail_o || clear_i;

  reg       was_waiting;
  reg [2:0] was_entry;
  reg       checking, moving, running, pulsing;
  reg [6:0] check_age, move_age, layer_age, write_age, age;
  reg       good, begun, settled;
  reg [4:0] reads;
  reg       was_read;
  reg [3:0] was_index;
  reg [31:0] seen;
  (* anyconst *) reg [3:0] chosen;   // a word of the descriptor

  always @* begin
    assume (rst_ni == started);
    assume (!(clear_i && waiting_i));
    assume (!was_waiting || waiting_i || clear_i);
    assume (!was_waiting || !waiting_i || entry_i == was_entry);
    assume (!check_done_i || checking);
    assume (!checking || check_done_i || check_age != LIMIT);
    assume (!move_busy_i || (moving && move_age != LIMIT));
    assume (!layer_busy_i || (running && layer_age != LIMIT));
    assume (!write_busy_i || (pulsing && write_age != LIMIT));
  end

  always @(posedge clk_i) begin
    was_waiting <= rst_ni && waiting_i && !over;
    was_entry   <= entry_i;
    checking    <= rst_ni && !clear_i && (check_start_o || (checking && !check_done_i));
    check_age   <= check_start_o ? 7'd1 : check_age + 7'd1;
    moving      <= rst_ni && !clear_i && (move_start_o || (moving && move_busy_i));
    move_age    <= move_start_o ? 7'd0 : move_age + 7'd1;
    running     <= rst_ni && !clear_i && (layer_start_o || (running && layer_busy_i));
    layer_age   <= layer_start_o ? 7'd0 : layer_age + 7'd1;
    pulsing     <= rst_ni && !clear_i && (write_start_o || (pulsing && write_busy_i));
    write_age   <= write_start_o ? 7'd0 : write_age + 7'd1;
    age         <= (!rst_ni || over || !waiting_i) ? 7'd0 : age + 7'd1;
    good        <= rst_ni && !over && (good || (check_done_i && !check_bad_i));
    begun       <= rst_ni && !over && (begun || move_start_o || layer_start_o || write_start_o);
    settled     <= rst_ni && !over && (settled || check_start_o);
    reads       <= (!rst_ni || over) ? 5'd0 : reads + {4'd0, window_en_o};
    was_read    <= rst_ni && window_en_o;
    was_index   <= window_addr_o[3:0];
    if (was_read && was_index == chosen) seen <= window_rdata_i;
  end

  wire [511:0] shifted = words_o >> {chosen, 5'd0};
  wire         copies  = opcode == `CROSSLOOP_OPCODE_LOAD_PAGE ||
                         opcode == `CROSSLOOP_OPCODE_PROGRAM;
  wire         runs    = opcode == `CROSSLOOP_OPCODE_LAYER ||
                         opcode == `CROSSLOOP_OPCODE_CONVOLVE ||
                         opcode == `CROSSLOOP_OPCODE_MAX_POOL ||
                         opcode == `CROSSLOOP_OPCODE_AVERAGE_POOL ||
                         opcode == `CROSSLOOP_OPCODE_ADD;
  wire         moves   = copies || store || tables ||
                         (opcode == `CROSSLOOP_OPCODE_LOAD_INL && words_o[96]);

  // What ties the states to what was seen.
  wire        fetching = state_q == FETCH;
  wire        fetched  = state_q != IDLE && !fetching;
  wire        used     = state_q == WAIT || state_q == FINISH;
  wire [4:0]  received_words = fetched ? 5'd16 : (index_q == 5'd0) ? 5'd0 : index_q - 5'd1;
  wire [4:0]  place    = 5'd16 - received_words + {1'b0, chosen};
  wire [511:0] placed  = words_q >> {place, 5'd0};
  wire        has      = state_q != IDLE && {1'b0, chosen} < received_words;
  wire [6:0]  worked   = moving ? move_age : running ? layer_age
                         : pulsing ? write_age : 7'd0;

  always @* if (rst_ni) begin
    lemma_state:   assert (state_q <= FINISH && (state_q == IDLE || was_waiting));
    lemma_entry:   assert (state_q == IDLE || entry_q == was_entry);
    lemma_index:   assert (!fetching || index_q <= WORDS);
    lemma_reads:   assert (reads == (state_q == IDLE ? 5'd0 : fetching ? index_q : 5'd16));
    lemma_read:    assert (state_q == IDLE || was_read == (fetching && index_q != 5'd0));
    lemma_last:    assert (!was_read || state_q == IDLE || {1'b0, was_index} == index_q - 5'd1);
    lemma_words:   assert (!has || placed[31:0] == seen);
    lemma_zeros:   assert (!has || nonzero_q[place[3:0]] == (seen != 32'd0));
    lemma_flags:   assert (checking == (state_q == CHECK) && settled == fetched &&
                           good == (used || state_q == EXECUTE) &&
                           begun == (used && (moves || runs || writes)));
    lemma_busy:    assert ((!moving || (state_q == WAIT && moves && move_age <= LIMIT)) &&
                           (!running || (state_q == WAIT && runs && layer_age <= LIMIT)) &&
                           (!pulsing || (state_q == WAIT && writes && write_age <= LIMIT)));
    lemma_check:   assert (!checking || (check_age >= 7'd1 && check_age <= LIMIT));
    lemma_age:     assert (age <= (state_q == IDLE ? 7'd0 : fetching ? {2'd0, index_q} + 7'd1
                                   : checking ? 7'd17 + check_age
                                   : state_q == EXECUTE ? 7'd18 + LIMIT
                                   : state_q == WAIT ? 7'd19 + LIMIT + worked
                                   : 7'd20 + 7'd2 * LIMIT));
  end

  always @* if (rst_ni) begin
    ends:    assert (age <= FETCHED + 7'd2 * LIMIT);
    once:    assert (!(done_o || fail_o) || waiting_i || clear_i);
    one:     assert (!(done_o && fail_o));
    ring:    assert (!window_en_o || window_addr_o < `CROSSLOOP_RING_WORDS);
    order:   assert (!window_en_o || clear_i || window_addr_o[6:0] == {entry_i, reads[3:0]});
    words:   assert (!settled || shifted[31:0] == seen);
    zeros:   assert (!settled || nonzero_o[chosen] == (seen != 32'd0));
    checked: assert (good || !(move_start_o || layer_start_o || write_start_o || set_empty_o || set_programmed_o ||
                               set_ready_o || drop_tables_o || set_tables_o || drop_inl_o ||
                               set_inl_o));
    either:  assert (!(move_start_o && layer_start_o) && !(move_start_o && write_start_o) &&
                     !(layer_start_o && write_start_o));
    mover:   assert (!move_start_o || (moves && move_mode_o == (copies ? 2'd0 : store ? 2'd1
                                                                : tables ? 2'd2 : 2'd3)));
    layers:  assert (!layer_start_o || runs);
    pulses:  assert (!write_start_o || writes);
    carried: assert (!done_o || begun == (moves || runs || writes));
    quiet:   assert (!done_o || (!move_busy_i && !layer_busy_i && !write_busy_i));
    marks:   assert (done_o || !(set_programmed_o || set_ready_o || set_tables_o || set_inl_o));
  end
