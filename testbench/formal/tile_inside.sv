
  // Runs over any page, columns and bits, phases skipped at will, each started while those before drain:
  // a run reads columns and the INL table of its page only, keeps the keys of its noise, makes room for
  // the next in time and leaves nothing behind.

  reg started = 1'b0;
  always @(posedge clk_i) started <= 1'b1;

  always @* begin
    assume (rst_ni == started);
    assume (page_i < PAGES && columns_i >= 16'd1 && columns_i <= COLS);
    assume (input_bits_i >= 4'd1 && input_bits_i <= 4'd8);
  end

  wire [15:0] place     = {{(16-COLUMN_WIDTH){1'b0}}, group};
  wire [15:0] first_one = page_q * GROUPS;

  // Cycles left of a run, at most: until the next may start, and until all is out.
  wire [7:0] later    = {5'd0, last_phase_q} - {5'd0, phase_q};
  wire [7:0] turns    = {{(8-INDEX_WIDTH){1'b0}}, last_index_q} + 8'd1;
  wire [7:0] issued_q = {{(8-INDEX_WIDTH){1'b0}}, index_q};
  wire [7:0] to_issue = state_q == COLUMN ? later * (turns + 8'd1) + (turns - issued_q)
                      : state_q == PHASE  ? later * (turns + 8'd1) + turns + 8'd1 : 8'd0;
  wire [7:0] busy_for = state_q == IDLE ? {7'd0, valid_q[1]} : to_issue + 8'd1;
  wire [3:0] draining = valid_q[1] ? 4'd7 : valid_q[2] ? 4'd6 : valid_q[3] ? 4'd5 : valid_q[4] ? 4'd4
                      : valid_q[5] ? 4'd3 : valid_q[6] ? 4'd2 : add_valid_q ? 4'd1 : 4'd0;
  wire [7:0] active_for = state_q == IDLE ? {4'd0, draining} : to_issue + 8'd7;

  // The groups in stages 1 .. 5.
  reg [COLUMN_WIDTH-1:0] place1_q, place2_q, place3_q, place4_q, place5_q;

  always @(posedge clk_i) if (active_o) begin
    place1_q <= group;
    place2_q <= place1_q;
    place3_q <= place2_q;
    place4_q <= place3_q;
    place5_q <= place4_q;
  end

  function in_page;
    input [COLUMN_WIDTH-1:0] at;
    input [PAGE_WIDTH:0]     page;
    reg [15:0] first_group;
    begin
      first_group = page[PAGE_WIDTH-1:0] * GROUPS;
      in_page     = at >= first_group && at - first_group < GROUPS;
    end
  endfunction

  reg        was_busy_q, was_active_q, was_cleared_q, was_start_q;
  reg [7:0]  was_busy_for_q, was_active_for_q;
  reg [63:0] was_keys_q;

  always @(posedge clk_i) begin
    was_busy_q       <= rst_ni && busy_o;
    was_active_q     <= rst_ni && active_o;
    was_cleared_q    <= clear_i || !rst_ni;
    was_start_q      <= start;
    was_busy_for_q   <= busy_for;
    was_active_for_q <= active_for;
    was_keys_q       <= {seed_q, crossbar_q};
  end

  always @* if (rst_ni) begin
    within:   assert (!issue || (page_q < PAGES && place >= first_one &&
                                 place - first_one < GROUPS));
    own:      assert (!valid_q[5] || in_page(place5_q, page5_q));
    keys:     assert (!(valid_q[1] || valid_q[2]) || {seed_q, crossbar_q} == was_keys_q);
    bound:    assert (active_for <= 8 * (GROUPS + 1) + 8);
    ends:     assert (!was_busy_q || was_cleared_q || busy_for < was_busy_for_q);
    drains:   assert (!was_active_q || was_cleared_q || was_start_q ||
                      active_for < was_active_for_q);
    silent:   assert (active_o || add_valid_o == 0);
  end
