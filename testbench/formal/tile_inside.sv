
  // Runs over any page, columns and bits, phases skipped at will: a run reads columns of its page only,
  // is over in time and leaves nothing behind.

  reg started = 1'b0;
  always @(posedge clk_i) started <= 1'b1;

  always @* begin
    assume (rst_ni == started);
    assume (page_i < PAGES && columns_i >= 16'd1 && columns_i <= COLS);
    assume (input_bits_i >= 4'd1 && input_bits_i <= 4'd8);
  end

  wire [15:0] place     = {{(16-COLUMN_WIDTH){1'b0}}, group};
  wire [15:0] first_one = page_q * GROUPS;

  // Cycles left of a run, at most.
  wire [3:0] draining = valid_q[1] ? 4'd7 : valid_q[2] ? 4'd6 : valid_q[3] ? 4'd5
                      : valid_q[4] ? 4'd4 : valid_q[5] ? 4'd3 : valid_q[6] ? 4'd2 : 4'd1;
  wire [7:0] later    = {5'd0, last_phase_q} - {5'd0, phase_q};
  wire [7:0] turns    = {{(8-INDEX_WIDTH){1'b0}}, last_index_q} + 8'd1;
  wire [7:0] issued_q = {{(8-INDEX_WIDTH){1'b0}}, index_q};
  wire [7:0] left     = state_q == IDLE   ? 8'd0
                      : state_q == DRAIN  ? {4'd0, draining}
                      : state_q == COLUMN ? later * (turns + 8'd1) + (turns - issued_q) + 8'd8
                                          : later * (turns + 8'd1) + turns + 8'd9;

  reg       was_busy_q, was_cleared_q;
  reg [7:0] was_left_q;

  always @(posedge clk_i) begin
    was_busy_q    <= rst_ni && busy_o;
    was_cleared_q <= clear_i || !rst_ni;
    was_left_q    <= left;
  end

  always @* if (rst_ni) begin
    within:   assert (!issue || (page_q < PAGES && place >= first_one &&
                                 place - first_one < GROUPS));
    bound:    assert (left <= 8 * (GROUPS + 1) + 8);
    ends:     assert (!was_busy_q || was_cleared_q || left < was_left_q);
    silent:   assert (busy_o || was_busy_q || add_valid_o == 0);
  end
